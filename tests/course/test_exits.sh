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
exit "$failed"
