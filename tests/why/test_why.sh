#!/bin/sh
# What `vlab exits --explain` says of the exits of the guests here, against NAME.golden; and every exit
# reason has a golden text or a line in never.txt. UPDATE_GOLDEN=1 writes the texts anew.
set -u

here=$TOP/tests/why
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# explain NAME GUEST OPTION...: the exits of the run in words, into $work/NAME.
explain() {
    name=$1 guest=$2
    shift 2
    rm -f "$work/trace"
    # Some guests end in what they are about: an error of the guest's is no failure here.
    "$VLAB" run "$BUILD/tests/why/$guest" --insns 1000000 --trace "$work/trace" "$@" >"$work/out" 2>&1
    [ $? -le 1 ] || fail "$name: $(cat "$work/out")"
    "$VLAB" exits "$work/trace" --explain >"$work/$name" 2>&1 || fail "$name: $(cat "$work/out")"
}

grep -v -e '^#' -e '^$' "$here/guests.txt" >"$work/list"
while read -r name guest options; do
    # shellcheck disable=SC2086 # words
    explain "$name" "$guest" $options
    [ -z "${UPDATE_GOLDEN:-}" ] || cp "$work/$name" "$here/$name.golden"
    if cmp -s "$here/$name.golden" "$work/$name"; then
        echo "ok $name"
    else
        fail "$name"
        diff "$here/$name.golden" "$work/$name" | head -n 20
    fi
done <"$work/list"

for golden in "$here"/*.golden; do
    name=$(basename "$golden" .golden)
    grep -q "^$name " "$work/list" || fail "$name.golden is no run's of guests.txt"
done

# EXIT_REASON(number, symbol, "name", ...)
sed -n 's/^EXIT_REASON([0-9]*, [A-Z_0-9]*, "\([^"]*\)".*/\1/p' "$TOP/emu/core/exit.def" >"$work/reasons"
[ "$(wc -l <"$work/reasons")" -gt 50 ] || fail "exit.def: its reasons were not found"
sed -n 's/^[0-9]*  \([^,]*\), after .*/\1/p' "$here"/*.golden | sort -u >"$work/made"
while read -r reason; do
    if grep -q "^$reason: " "$here/never.txt"; then
        ! grep -qx "$reason" "$work/made" || fail "$reason: in never.txt, but there is a text"
    else
        grep -qx "$reason" "$work/made" || fail "$reason: neither a golden text nor in never.txt"
    fi
done <"$work/reasons"
exit "$failed"
