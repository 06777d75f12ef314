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
left=$(ps -eo args | grep -c '[v]lab-.*/program') || true
[ "$left" = 0 ] || fail "$left processes are left"
exit "$failed"
