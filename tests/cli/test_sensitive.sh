#!/bin/sh
# vlab sensitive: the table, the same as JSON, errors.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

"$VLAB" sensitive >"$work/out" 2>"$work/err" || fail "status $?: $(cat "$work/err")"
for row in 'popfd *IF 0 *LEAKS *nothing *nothing *IF, IOPL' 'mov eax, cs *eax 00000008 *LEAKS *eax 00000019 *eax 0000002b' \
    'cli *IF 0 *traps *#GP *#GP' 'add eax, ecx *eax 00000003 *same' '21 trap outside of ring 0' '17 do not'; do
    grep -q "^$row" "$work/out" || fail "no '$row' in $(cat "$work/out")"
done
[ ! -s "$work/err" ] || fail "errors: $(cat "$work/err")"

"$VLAB" sensitive --json >"$work/json" || fail "--json: status $?"
for class in privileged sensitive innocuous; do
    case $class in
    privileged) word=traps ;;
    sensitive) word=LEAKS ;;
    innocuous) word=same ;;
    esac
    rows=$(grep -c "\"class_ring3\": \"$class\"" "$work/json")
    [ "$rows" -eq "$(grep -c " $word " "$work/out")" ] || fail "$rows are $class in JSON"
done

"$VLAB" sensitive popf 2>"$work/err" && fail "an operand: status 0"
grep -q "^vlab: sensitive: 'popf' is one word too many" "$work/err" || fail "an operand: $(cat "$work/err")"
exit "$failed"
