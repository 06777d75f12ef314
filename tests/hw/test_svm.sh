#!/bin/sh
# The tests of /dev/kvm on AMD-V, as QEMU emulates it: Debian's kernel with kvm-amd in QEMU, headless; see
# init for what runs inside. On any host, without hardware for it.
set -u
# shellcheck source=tests/hw/computer.sh
. "$TOP/tests/hw/computer.sh"

for tool in qemu-system-x86_64 busybox cpio; do
    command -v "$tool" >/dev/null || {
        echo "$tool is not installed"
        exit 77
    }
done
sh "$TOP/tests/hw/kernel.sh" "$BUILD/hw" || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
computer_make "$work"
qemu-system-x86_64 -accel tcg -cpu EPYC,+svm -smp 1 -m 512 -nodefaults -no-reboot -display none \
    -serial "file:$work/console" -kernel "$BUILD/hw/vmlinuz" -initrd "$work/initrd.gz" \
    -append "console=ttyS0 quiet panic=-1 vlab.where=tcg" </dev/null 2>"$work/qemu" ||
    { echo "FAILED: QEMU ended with status $?:"; grep -v warning "$work/qemu"; }
computer_said "$work/console"
