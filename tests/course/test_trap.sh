#!/bin/sh
# Exercise 02 proves itself: see prove.sh.
set -u
# shellcheck source=tests/course/prove.sh
. "$TOP/tests/course/prove.sh"

command -v cc >"$work/which" || {
    echo "no cc"
    exit 77
}
prove 02_trap-and-emulate trap.c 9 3

echo "-- the sheet's breakpoint is at the code that both rings run"
at=$(sed -n 's/.*`rip=\([0-9a-f]*\)`.*/\1/p' "$TOP/labs/02_trap-and-emulate/README.md")
printf 'break rip=%s\ncontinue\ncontinue\nnext-exit\n' "$at" | "$VLAB" tui 02 --plain >"$work/plain" 2>&1
for text in 'CPL 0.*Next: [0-9a-f]*, cli' 'Next: .*sgdt' 'outside of ring 0' '#GP'; do
    grep -q "$text" "$work/plain" || fail "the sheet's steps: no '$text' in $(cat "$work/plain")"
done
exit "$failed"
