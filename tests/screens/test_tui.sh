#!/bin/sh
# The screen from end to end, in tmux: keys, resize, stop and go on, signals, stray output; after
# each, the terminal as it was before. Nothing sleeps for a result: every wait polls a condition.
set -eu

# shellcheck source=tests/screens/tmux.sh
. "$TOP/tests/screens/tmux.sh"

flags() { [ "$(t display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" = "$1" ]; }
exits() { screen | sed -n '1s/.*exits \([0-9,]*\).*/\1/p' | tr -d ,; }
insns() { screen | sed -n '1s/.*instructions \([0-9,]*\).*/\1/p' | tr -d ,; }
insns_are() { [ "$(insns)" = "$1" ]; }
exits_are() { [ "$(exits)" = "$1" ]; }

child_ended() { ! kill -0 "$1"; }
ended() { ! kill -0 "$(cat "$work/pid")"; }

# What a command leaves behind must be what was there: screen, cursor and modes.
sane() {
    until_true "$1: the alternate screen or the cursor is wrong" flags "0 1 0"
    keys "stty -a >$work/after; echo done-$2" Enter
    until_true "$1: no shell" shows "^done-$2"
    cmp -s "$work/before" "$work/after" || {
        diff "$work/before" "$work/after" || true
        fail "$1: stty differs"
    }
    t send-keys -R
    t clear-history
    keys "clear" Enter
    until_true "$1: clear" shows_not "done-$2"
}

# The shell runs vlab and says how it ended; the pid is in a file.
start() {
    rm -f "$work/pid"
    keys "sh -c 'echo \$\$ >$work/pid; exec $VLAB tui $1'; echo status=\$?" Enter
    until_true "vlab does not start" test -s "$work/pid"
    see "$2"
    until_true "no alternate screen" flags "1 ${3:-0} ${4:-0}"
}

t -f /dev/null new-session -d -x 80 -y 24 'PS1="$ " exec sh -i'
t set-option -g default-terminal screen-256color
t set-option -g remain-on-exit on
see '^\$'
keys "stty -a >$work/before; echo ready-1" Enter
see '^ready-1'

echo "keys"
start 01 "lab 01 is at its start"
exits_are 0 || fail "exits at the start"
keys s s
until_true "two steps" insns_are 2
keys "]"
until_true "next exit" exits_are 1
see ">   0 "
keys "]" "]" "]"
until_true "three more" exits_are 4
keys k
see ">   2 "
see "now, not at the exit"
keys x
see "field by field"
keys '?'
see "Keys"
keys Escape
see "Why this exit"
keys l
see "Read first"
keys Enter
see "Why this exit"
exits_are 4 || fail "the lab was opened anew"
keys c
see "debug-exit port"
keys r
until_true "restart" exits_are 0

echo "resize"
for size in 40x12 30x8 100x40 160x48 79x24 80x24; do
    t resize-window -x "${size%x*}" -y "${size#*x}"
    case $size in
    30x8) see "too small" ;;
    40x12 | 79x24) until_true "$size: one pane" shows_not "Registers" ;;
    160x48) see "Exit profile" ;;
    *) see "Registers" ;;
    esac
done
see " s step "

# A storm of sizes: what counts is the last one.
for round in 1 2 3 4 5 6 7 8 9 10; do
    for size in 41x13 200x60 1x1 80x24 33x9 132x43; do
        t resize-window -x "${size%x*}" -y "${size#*x}"
    done
done
t resize-window -x 80 -y 24
see "Registers"
see " s step "
keys '?'
see "Keys"
keys q
see "Why this exit"

echo "stop and go on"
keys C-z
see "[Ss]topped"
until_true "stopped: the screen is left" flags "0 1 0"
keys 'fg; echo status=$?' Enter
see "Why this exit"
keys s
until_true "a step" insns_are 1

echo "stray output"
# The screen runs in a child of the process that the shell started.
echo "from somebody else" >"/proc/$(pgrep -P "$(cat "$work/pid")")/fd/2"
see "^!from somebody else"
keys C-l
see "Why this exit"
keys q
see "status=0"
see "from somebody else"
sane "q" quit

echo "signals"
n=0
for signal in TERM INT HUP SEGV ABRT BUS; do
    case $signal in
    INT) status= ;; # the shell gives up the whole line then
    HUP) status=129 ;; ABRT) status=134 ;; BUS) status=135 ;;
    SEGV) status=139 ;; TERM) status=143 ;;
    esac
    start 01 "lab 01 is at its start"
    keys "]"
    until_true "next exit" exits_are 1
    kill -"$signal" "$(cat "$work/pid")"
    until_true "$signal does not end it" ended
    [ -z "$status" ] || see "status=$status"
    sane "$signal" "$((n += 1))"
done

# The child is killed so that nothing of it can run: its parent restores the terminal.
start 01 "lab 01 is at its start"
keys "]"
until_true "next exit" exits_are 1
kill -KILL "$(pgrep -P "$(cat "$work/pid")")"
until_true "KILL does not end it" ended
see "status=137"
sane "KILL" "$((n += 1))"

# The parent is killed: the child leaves by itself.
start 01 "lab 01 is at its start"
child=$(pgrep -P "$(cat "$work/pid")")
kill -KILL "$(cat "$work/pid")"
until_true "the child does not end" child_ended "$child"

echo "frames"
VLAB="env VLAB_TEST_FRAMES=1 $VLAB"
start 01 "lab 01 is at its start"
frame=$(screen | sed -n '1s/.*#//p')
keys s
until_true "a step" insns_are 1
# One for the key and the new model, or one for each: a step is not drawn more often than that.
after=$(screen | sed -n '1s/.*#//p')
if [ "$after" -le "$frame" ] || [ "$after" -gt $((frame + 2)) ]; then
    fail "frame $frame, then $after"
fi
keys q
see "status=0"
sane "frames" frames

echo "mouse"
# A click and the release behind it, in each of the two ways that terminals report them: as bytes, counted from
# 1, each 32 further on, and as decimal numbers.
character() { printf '%b' "\\0$(printf '%o' $((32 + $1)))"; }
click_bytes() {
    t send-keys -l "$(printf '\033[M %s%s' "$(character "$1")" "$(character "$2")")"
    t send-keys -l "$(printf '\033[M#%s%s' "$(character "$1")" "$(character "$2")")"
}
click_decimal() {
    t send-keys -l "$(printf '\033[<0;%d;%dM' "$1" "$2")"
    t send-keys -l "$(printf '\033[<0;%d;%dm' "$1" "$2")"
}
# The bytes of a click may come apart on a busy machine: that is no Esc.
VLAB="env ESCDELAY=10000 $VLAB"
start "01 --mouse" "lab 01 is at its start" 0 1
until_true "no mouse" flags "1 0 1"
see PAUSED
click_bytes 3 24
until_true "a click on 's step'" insns_are 1
see PAUSED # on a busy machine the step may be seen before it is over, and what is clicked meanwhile is refused
click_decimal 12 24
until_true "a click on '] exit'" exits_are 1
t send-keys -l ":mouse"
keys Enter
until_true "the mouse is still ours" flags "1 1 0"
t send-keys -l ":mouse"
keys Enter
until_true "the mouse is not ours again" flags "1 1 1"
keys q
see "status=0"
sane "mouse" mouse

echo "palette and prompt"
start 01 "lab 01 is at its start"
keys b
see "break at"
t send-keys -l "port=e9"
keys Enter
see "breakpoint 1: port=e9"
keys c
until_true "to the breakpoint" exits_are 2
keys :
see "Commands"
t send-keys -l "rest"
keys Enter
until_true "restarted" exits_are 0
keys q
see "status=0"
sane "palette" palette

echo "at an exit"
start "01 --at 12" "exit 11: CR access" 1
exits_are 12 || fail "--at 12 shows $(exits) exits"
keys q
see "status=0"
sane "at" at

echo "no lab, ASCII, mono"
start "--ascii --mono" "Anatomy" 1
shows '+- 1 Labs' || fail "no ASCII boxes"
keys q
see "status=0"
sane "ascii" ascii
