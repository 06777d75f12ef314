#!/bin/sh
# Debian's SeaBIOS ROM runs from the reset vector to its version banner on the debug port. Where there
# is a QEMU, its banner is the same line.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

rom=${SEABIOS:-/usr/share/seabios/bios-256k.bin}
[ -r "$rom" ] || {
    echo "no SeaBIOS: $rom is not there"
    exit 77
}

"$VLAB" run --bios "$rom" --insns 20000000 --exits 200000 --json >"$work/here" 2>"$work/err" || cat "$work/err"
grep -m 1 '^SeaBIOS (version ' "$work/here" >"$work/banner" ||
    fail "no banner; the output begins: $(head -c 300 "$work/here")"
cat "$work/banner"

if command -v qemu-system-x86_64 >"$work/which"; then
    timeout 60 qemu-system-x86_64 -display none -no-reboot -bios "$rom" -boot reboot-timeout=0 \
        -chardev "file,id=text,path=$work/qemu" -device isa-debugcon,iobase=0x402,chardev=text \
        -drive "file=$BUILD/tests/guest/boot_real.bin,format=raw,if=ide" \
        -device isa-debug-exit,iobase=0xf4,iosize=0x4 >"$work/qemu.out" 2>&1 </dev/null
    grep -m 1 '^SeaBIOS (version ' "$work/qemu" >"$work/qemu.banner" || fail "no banner in QEMU"
    compare banner "$work/qemu.banner" "$work/banner"
fi
exit "$failed"
