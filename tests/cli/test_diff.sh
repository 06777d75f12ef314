#!/bin/sh
# vlab diff: two traces side by side, the first difference, what is said of both ends; nodes; errors.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export VLAB_HOME="$work/state"
cd "$work" || exit 1
failed=0

fail() {
    echo "FAILED: $*"
    cat out err
    failed=1
}

# diff STATUS ARGUMENTS...: ends with that status.
diff_is() {
    status=$1
    shift
    "$VLAB" diff "$@" >out 2>err </dev/null
    came=$?
    [ "$came" -eq "$status" ] || fail "diff $*: status $came, not $status"
}
says() {
    grep -qF -e "$1" out err || fail "not said: $1"
}

# Two guests that part at their second OUT, and one that ends earlier.
cat >guest.asm <<'END'
bits 16
    mov     al, 1
    out     0x80, al
    mov     al, VALUE
    out     0x80, al
    mov     al, 1
    cpuid
    mov     al, 3
    out     0x80, al
    mov     al, 4
    out     0xf4, al
END
for value in 2 9; do
    nasm -f bin -DVALUE=$value -o "$value.bin" guest.asm
    "$VLAB" run "$value.bin" --at 0x1000 --trace "$value.trace" >/dev/null 2>&1 </dev/null
done
"$VLAB" run 2.bin --at 0x1000 --exits 3 --trace short.trace >/dev/null 2>&1 </dev/null

diff_is 0 2.trace 2.trace
says "5 exits are the same, 0 differ"
diff_is 1 2.trace 9.trace
says "4 exits are the same, 1 differ"
says "value                0x9, not 0x2"
says "the first difference: A exit 1, B exit 1"
grep -q '^     1   1006 out 0x80, 1 byte, 0x2 *#      1   1006 out 0x80, 1 byte, 0x9$' out || fail "the row"
[ "$(grep -c '^ *[0-9]* *10' out)" -eq 5 ] || fail "rows around it"
diff_is 1 2.trace 9.trace --context 0
[ "$(grep -c '^ *[0-9]* *10' out)" -eq 1 ] || fail "no rows around it"
diff_is 0 2.trace 2.trace --all
[ "$(grep -c '^ *[0-9]* *10' out)" -eq 5 ] || fail "every row"
diff_is 1 2.trace short.trace
says "2 are in one trace alone"
says "A exit 3, B has none there"
diff_is 1 2.trace 9.trace --json
for word in '"kind":"different"' '"name":"value","a":"0x2","b":"0x9"' '"equal":false,"same":4,"different":1'; do
    says "$word"
done

# Two nodes: as vlab snap diff.
for value in 2 9; do
    "$VLAB" snap take "$value.bin" --flat 0x1000 --at 3 --name "n$value" >/dev/null 2>err </dev/null || fail "take"
done
diff_is 1 @n2 @n9
cp out one
"$VLAB" snap diff @n2 @n9 >out 2>err </dev/null && fail "snap diff: nothing differs"
cmp -s one out || fail "nodes: another answer than snap diff"

diff_is 2 2.trace
says "two traces, or two snapshots, are compared"
diff_is 2 2.trace 9.trace --context many
diff_is 1 2.trace nothing.trace
says "nothing.trace"
head -c 300 2.trace >cut.trace
diff_is 1 2.trace cut.trace
says "cut.trace"

# Both CPUs, where there are two: what the kernel keeps is marked.
if "$VLAB" run 2.bin --at 0x1000 --backend kvm --trace kvm.trace >/dev/null 2>&1 </dev/null; then
    diff_is 0 2.trace kvm.trace --all
    says "1 the kernel keeps (.)"
    grep -q '^     2   100a .* \. *$' out || fail "CPUID is not marked"
fi
exit "$failed"
