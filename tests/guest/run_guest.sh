# shellcheck shell=sh disable=SC2034
# For the tests that run guests; `. tests/guest/run_guest.sh`. Needs VLAB, BUILD and TOP.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    failed=1
}

# The guests, "name kind" a line.
guests() {
    sed '/^#/d; /^$/d' "$TOP/tests/guest/guests.txt"
}

# run_vlab IMAGE OUTPUT: the guest's text, then "status N", into OUTPUT. What does not end by the
# debug exit has the reason instead of the number.
run_vlab() {
    "$VLAB" run "$1" --ram 32M --json --insns 50000000 >"$work/vlab.out" 2>"$work/vlab.err" </dev/null ||
        cat "$work/vlab.err"
    sed '$d' "$work/vlab.out" >"$2"
    if tail -n 1 "$work/vlab.out" | grep -q '"stop": *"debug-exit"'; then
        tail -n 1 "$work/vlab.out" | sed 's/.*"status": *\([0-9]*\).*/status \1/' >>"$2"
    else
        echo "status none: $(tail -n 1 "$work/vlab.out" | cut -c 1-300)" >>"$2"
    fi
}

# compare NAME WANTED CAME: equal, or the first differences.
compare() {
    if cmp -s "$2" "$3"; then
        echo "ok $1"
    else
        fail "$1"
        diff "$2" "$3" | head -n 20
    fi
}

failed=0
