#!/bin/sh
# The plain mode from end to end, through pipes: no terminal, no TERM; what the commands say agrees
# with each other and with the screen.
set -eu

work=$(mktemp -d)
export VLAB_HOME="$work/state"
unset TERM || true
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $1"
    echo "---- the answers:"
    cat "$work/out"
    exit 1
}

# plain ARGUMENTS COMMAND...: the answers to commands, in $work/out.
plain() {
    arguments=$1 status=0
    shift
    # shellcheck disable=SC2086 # several arguments
    printf '%s\n' "$@" | "$VLAB" tui $arguments --plain >"$work/out" 2>"$work/err" || status=$?
    [ $status -eq 0 ] || fail "status $status: $(cat "$work/err")"
    [ ! -s "$work/err" ] || fail "standard error: $(cat "$work/err")"
    ! LC_ALL=C grep -q '[^ -~]' "$work/out" || fail "not only printable ASCII"
}

says() { grep -qe "$1" "$work/out" || fail "'$1' is not said"; }
says_not() { ! grep -qe "$1" "$work/out" || fail "'$1' is said"; }
said() { [ "$(grep -ce "$2" "$work/out")" -eq "$1" ] || fail "'$2' is not said $1 times"; }

plain 01 where
said 2 '^Lab 01, anatomy: paused, real mode, CPL 0\. 0 exits, 0 instructions\. Next: 0000:[0-9a-f]*, '

# An empty line repeats what ran the guest; what is only read in between does not count.
plain 01 step where '' ''
said 3 '^1 instruction\. Next: '
says '0 exits, 1 instruction\. '

plain 01 s ']' next-exit next-e wh
says '^Exit 0, CPUID, at 0000:[0-9a-f]*: leaf '
says '^Exit 2, I/O, at 0000:'
says 'can be where, why\.'

# The same words as those of the screen, of the same exit.
"$VLAB" render step --lab 01 --keys ']]' --size 160x48 >"$work/screen"
plain 01 ] ] why explain
says '^bits 2:0  size: '
sed -n 's/^\(The guest [^ ]* [^ ]* [^ ]*\).*/\1/p' "$work/out" | head -n 1 >"$work/words"
[ -s "$work/words" ] || fail "why says nothing"
grep -qF "$(cat "$work/words")" "$work/screen" || fail "why differs from the screen"

# What the guest printed comes once with the run, and once more when it is asked for.
plain 01 output continue output output 'exits 3' profile where restart output step
says '^The guest has printed nothing\.'
says 'the guest wrote [0-9a-f]* to the debug-exit port'
said 2 '^Guest: long mode'
says '^The guest has printed nothing since'
said 3 '^Exit [0-9]*, '
says '^I/O: [0-9]*, [0-9]* percent\.'
says '^Lab 01 is at its start'
"$VLAB" run 01 >"$work/run" 2>/dev/null || true
while read -r line; do
    grep -qxF "Guest: $line" "$work/out" || fail "not printed: $line"
done <"$work/run"

plain 01 'break port=e9' continue breaks continue 'view memory'
says '^Breakpoint 1: port=e9\.'
says 'out 0xe9, 1 byte.* Breakpoint 1: port=e9\. Next: '
says '^> *1 on  *1  port=e9'
says '^Pane 1, Bytes, '
says_not 'not read yet'

# Views that are read when they are shown are said when they have been.
plain 01 'view pages' 'try w user' 'view ept' 'address phys f0000' 'view heat'
says '^Pane 1, Guest walk, CR3 0'
says '^ write \*CPL 3 '
says '^ page at HPA [0-9a-f]*, 4K rwx WB'
says '^ memory  RAM'
says '^ page at HPA [0-9a-f]*, 4K r-x WB'
says '^ memory  ROM'
says '^Pane 1, Pages written, 0 in the last run, 0 since the start, of 1,024'
says_not 'not read yet'

plain 01 changes step changes registers
says '^Nothing has run yet'
says '^EIP was [0-9a-f]*, now [0-9a-f]*\.'
says '^\*EIP '

plain "01 --at 12" where
says '12 exits, '

# Selecting, finding, filtering: the selection is what `why` is about.
plain 01 ] ] ] 'find cpuid' why up 'filter cpuid' exits filter 'filter nonsense'
says '^>   0  '
says '^Exit 0, CPUID'
says '^Only exits with CPUID are listed'
says '^Error: .*nonsense'

plain 01 foobar stpe 'break foo=1' interrupt mouse 'exits x' 'view x' 'open 99' z
says "^'foobar' is no command; help lists them\."
says "^'stpe' is no command; did you mean 'step'?"
says "^Error: breakpoint 'foo=1'"
says '^Error: the guest is not running'
says "^'mouse' is no command"
says "^Error: exits: 'x' is not a number"
says "^Error: there is no view 'x'. There are step, "
says "^Error: there is no lab '99'"
says "^'zoom' is about the screen"

# Every view can be read, whichever there are, each with all its panes.
for view in $(sed -n "s/^Error: there is no view 'x'. There are \(.*\)\./\1/p" "$work/out" | tr -d ,); do
    plain 01 ] "view $view" step
    says "^View $view\."
    says '^Pane 1, '
    says '^1 instruction\.'
done

# Without a lab it begins with the list; an action goes to a view that has it.
plain '' step 'open anatomy' step labs step back quit step
says '^View labs\.'
says '^Error: no lab is open'
says '^Lab 01 is at its start'
said 2 '^1 instruction\.'

plain 01 help
for word in 'where: ' 'exits \[N\]: ' 'step (s): ' 'find \.\.\. (/): ' 'quit: '; do
    says "^$word"
done
says_not '^mouse'

# The end of the input ends it, also in the middle of a line; so does a reader that went away.
printf 'step' | "$VLAB" tui 01 --plain >"$work/out"
says '^1 instruction\.'
"$VLAB" tui 01 --plain </dev/null >"$work/out"
says '^Lab 01'
head -c 5000 /dev/zero | tr '\0' x | "$VLAB" tui 01 --plain >"$work/out"
said 1 'is no command'

# refused TEXT ARGUMENT...
refused() {
    text=$1 status=0
    shift
    "$VLAB" tui "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ $status -ne 0 ] || fail "$*: status 0"
    grep -q "^vlab: $text" "$work/err" || fail "$*: $(cat "$work/err")"
}
refused "tui: --plain has no screen to --record" 01 --plain --record "$work/x.cast"
[ ! -e "$work/x.cast" ] || fail "a recording was made"
