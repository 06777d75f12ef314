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

echo "-- a failure says what had to come, and where"
grade "$TOP/tests/course/variants/02_trap-and-emulate/one-vector.c" 1
grep -q 'wanted: VCPU_INJECT 0x80000031$' "$work/out" || fail "no vector in $(cat "$work/out")"
grade "$TOP/tests/course/variants/02_trap-and-emulate/no-shadow.c" 1
wanted=$(sed -n 's/.*wanted: event [0-9]* of the guest, EIP: \(0x[0-9a-f]*\)$/\1/p' "$work/out")
[ "$wanted" ] && grep -q "place: .* at $wanted\$" "$work/out" ||
    fail "the place is not where the event had to come: $(cat "$work/out")"

echo "-- the sheet's breakpoint is at the code that both rings run"
at=$(sed -n 's/.*`rip=\([0-9a-f]*\)`.*/\1/p' "$TOP/labs/02_trap-and-emulate/README.md")
printf 'break rip=%s\ncontinue\ncontinue\nnext-exit\n' "$at" | "$VLAB" tui 02 --plain >"$work/plain" 2>&1
for text in 'CPL 0.*Next: [0-9a-f]*, cli' 'Next: .*sgdt' 'outside of ring 0' '#GP'; do
    grep -q "$text" "$work/plain" || fail "the sheet's steps: no '$text' in $(cat "$work/plain")"
done
exit "$failed"
