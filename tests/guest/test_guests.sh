#!/bin/sh
# Every guest of guests.txt prints what its .expected file says and leaves with that status.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

guests all >"$work/list"
while read -r name kind; do
    run_vlab "$BUILD/tests/guest/$name.$kind" "$work/$name"
    compare "$name" "$TOP/tests/guest/$name.expected" "$work/$name"
done <"$work/list"
exit "$failed"
