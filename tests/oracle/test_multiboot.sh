#!/bin/sh
# The same multiboot kernels, modules and command line here and in QEMU: what both must share.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"
# shellcheck source=tests/guest/multiboot.sh
. "$TOP/tests/guest/multiboot.sh"

command -v qemu-system-x86_64 >"$work/which" || {
    echo "no qemu-system-x86_64 (package qemu-system-x86)"
    exit 77
}

for kernel in mb_info.elf mb_flat.bin; do
    mb_run_vlab "$BUILD/tests/guest/$kernel" "$work/vlab"
    (cd "$work" && timeout 60 qemu-system-x86_64 -accel tcg -cpu max -m 32 -display none -no-reboot \
        -debugcon file:qemu -device isa-debug-exit,iobase=0xf4,iosize=0x4 \
        -kernel "$BUILD/tests/guest/$kernel" -append 'root=/dev/null  quiet' \
        -initrd 'a first = 1,b,c x' >qemu.out 2>&1 </dev/null
    echo "status $?" >>qemu)
    compare "$kernel" "$work/qemu" "$work/vlab"
done
exit "$failed"
