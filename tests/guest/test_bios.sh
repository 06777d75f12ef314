#!/bin/sh
# Our own firmware: text through INT 10h, a disk image that is never written, boot sectors that are
# entered directly, and the ends that a firmware makes of a bad start.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

run_vlab "$BUILD/tests/guest/bios_text.bin" "$work/text"
compare bios_text "$TOP/tests/guest/bios_text.expected" "$work/text"

# bios_disk writes to its disk; the file stays as it is.
cp "$BUILD/tests/guest/bios_disk.bin" "$work/disk.img"
chmod a-w "$work/disk.img"
run_vlab "$work/disk.img" "$work/disk"
compare "bios_disk, read-only" "$TOP/tests/guest/bios_disk.expected" "$work/disk"
cmp "$BUILD/tests/guest/bios_disk.bin" "$work/disk.img" || fail "the disk image was written"

# image FILE SECTORS CODE: CODE (printf's escapes) at 7c00, signature, SECTORS in all.
image() {
    # shellcheck disable=SC2059 # escapes
    printf "$3" >"$work/$1"
    truncate -s 510 "$work/$1"
    printf '\125\252' >>"$work/$1"
    truncate -s $(($2 * 512)) "$work/$1"
}

# ends FILE TEXT STOP COUNTS: what goes to standard output, then how the run ends.
ends() {
    "$VLAB" run "$work/$1" --insns 1000000 >"$work/out" 2>"$work/err" </dev/null
    printf '%b' "$2" >"$work/wanted"
    compare "$1, text" "$work/wanted" "$work/out"
    grep -q "^vlab: $3, $4" "$work/err" || fail "$1: $(cat "$work/err")"
}

image direct 1 '\264\016\260\101\315\020\364'         # mov ah, 0eh; mov al, 'A'; int 10h; hlt
ends direct A halt '[0-9]* exits, '
image bare 1 '\260\101\346\351\364'                   # mov al, 'A'; out 0e9h, al; hlt: nothing more
ends bare A halt '2 exits, 3 instructions'
image int18 1 '\315\030'
ends int18 'No bootable disk.\r\n' halt '[0-9]* exits, '
image divide 1 '\061\300\366\360'                     # xor ax, ax; div al, at 7c02
ends divide '\r\nException 0000 at 0000:7c02, no handler.\r\n' halt '[0-9]* exits, '
image invalid 2 '\017\013'                            # ud2, on a disk
ends invalid '\r\nException 0006 at 0000:7c00, no handler.\r\n' halt '[0-9]* exits, '
# xor ax, ax; int 16h; out 0e9h, al; cli; hlt: waits until a key comes on the serial line
image key 1 '\061\300\315\026\346\351\372\364'
printf K >"$work/keys"
"$VLAB" run "$work/key" --input "$work/keys" --insns 1000000 >"$work/out" 2>"$work/err" </dev/null
[ "$(cat "$work/out")" = K ] && grep -q '^vlab: halt' "$work/err" || fail "key: $(cat "$work/out" "$work/err")"

# INT 19h from a running system boots the disk again: once more the same text, for ever.
image again 1 '\260\101\346\351\315\031'
"$VLAB" run "$work/again" --insns 1000 >"$work/out" 2>"$work/err" </dev/null
grep -q '^AAA' "$work/out" || fail "int 19h: $(cat "$work/out" "$work/err")"

# After a jump to the reset vector the whole start is the guest's.
image reset 1 '\260\101\346\351\352\000\000\377\377'
"$VLAB" run "$work/reset" --insns 10000 >"$work/out" 2>"$work/err" </dev/null
grep -q '^AAA' "$work/out" || fail "reset: $(cat "$work/out" "$work/err")"
exit "$failed"
