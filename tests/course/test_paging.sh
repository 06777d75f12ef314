#!/bin/sh
# Exercise 05 proves itself: see prove.sh.
set -u
# shellcheck source=tests/course/prove.sh
. "$TOP/tests/course/prove.sh"

command -v cc >"$work/which" || {
    echo "no cc"
    exit 77
}
prove 05_paging walk.c 12 4

echo "-- nothing is left running"
# Its own: other tests judge at the same time, each in a temporary folder of its own.
left=$(ps -eo args | awk -v at="${TMPDIR:-/tmp}/vlab-" 'index($0, at) == 1 && /\/program/' | wc -l)
[ "$left" = 0 ] || fail "$left processes are left"
exit "$failed"
