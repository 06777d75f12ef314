#!/bin/sh
# Exercise 03 proves itself: see prove.sh.
set -u
# shellcheck source=tests/course/prove.sh
. "$TOP/tests/course/prove.sh"

command -v cc >"$work/which" || {
    echo "no cc"
    exit 77
}
prove 03_exits exits.c 9 3

echo "-- a failure says at which instruction"
grade "$TOP/exercises/03_exits/exits.c" 1
for place in 'CPUID, at 0x[0-9a-f]*: cpuid' '[A-Z]*MSR, at 0x[0-9a-f]*: [rw][dr]msr' 'CR access, at 0x[0-9a-f]*: mov '; do
    grep -q "place: exit 1, $place" "$work/out" || fail "no '$place' in $(cat "$work/out")"
done
exit "$failed"
