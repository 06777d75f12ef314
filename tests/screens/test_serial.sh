#!/bin/sh
# The serial console from end to end, in tmux: a lab whose guest sleeps until a character comes in
# over COM1 and echoes it in capitals. Nothing sleeps for a result: every wait polls a condition.
set -eu

# shellcheck source=tests/screens/tmux.sh
. "$TOP/tests/screens/tmux.sh"

export VLAB_DATA="$work/data"
lab="$VLAB_DATA/labs/01_echo"
mkdir -p "$lab" "$VLAB_DATA/exercises" "$VLAB_HOME"
cp "$BUILD/tests/guest/serial_irq.bin" "$lab/echo.img"
echo "An echo." >"$lab/README.md"
cat >"$lab/lab.conf" <<END
title = Echo
goal = What is typed comes back in capitals.
image = echo.img
kind = boot
ram = 4M
END

see_no_more() { until_true "'$1' does not go" shows_not "$1"; }
alive() { kill -0 "$(cat "$work/pid")" || fail "$1: vlab has ended"; }

t -f /dev/null new-session -d -x 80 -y 24 'PS1="$ " exec sh -i'
t set-option -g default-terminal screen-256color
t set-option -g remain-on-exit on
see '^\$'
keys "sh -c 'echo \$\$ >$work/pid; exec $VLAB tui 01'; echo status=\$?" Enter
see "lab 01 is at its start"

echo "typed to a guest that is paused"
keys o
see "Serial console"
see "Enter type"
keys Enter
see "TYPING, .] leaves"
see "keys go to the guest"
keys o n e
see "3 B wait until it runs"
shows "PAUSED" || fail "a key of the guest made it run"
keys C-]
see_no_more TYPING

echo "typed to a guest that runs"
keys c
see "RUNNING"
see " ONE"
keys Enter
see "TYPING, .] leaves"
keys " q"
see " ONE Q"
keys -l ':?/l'
see " ONE Q:?/L"
shows "DEVICES" || fail "a key of the guest left the view"

echo "keys that are signals elsewhere"
keys C-c
keys x
see "Q:?/L.X"
keys 'C-\'
keys C-z
keys y
see "Q:?/L.X..Y"
alive "Ctrl-C"
keys Escape
keys z
see "Y.Z"
keys C-Space
keys n
see "Z.N"
shows "RUNNING" || fail "the guest does not run any more"

echo "the keys taken back"
keys C-]
see_no_more TYPING
keys i
see "stopped on request"
keys c
see "RUNNING"
keys Enter
see "TYPING"
keys .
see "debug-exit port"
keys C-]
see_no_more TYPING
keys q q
see "status=0"
