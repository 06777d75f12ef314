#!/bin/sh
# GRUB, a real boot loader, from a disk image on our own firmware: it reads its own 140 KiB, tells the
# memory map, reads a sector, and starts a multiboot kernel with a module. GRUB_MKIMAGE and GRUB_DIR
# name one that is not installed.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

mkimage=${GRUB_MKIMAGE:-grub-mkimage}
modules=${GRUB_DIR:-/usr/lib/grub/i386-pc}
if ! command -v "$mkimage" >"$work/which" || [ ! -r "$modules/boot.img" ]; then
    echo "no GRUB for BIOS (packages grub-common, grub-pc-bin)"
    exit 77
fi

cd "$work" || exit 1
cp "$BUILD/tests/guest/mb_info.elf" kernel
printf 'module text' >module
tar cf memory.tar kernel module
cat >early.cfg <<'E2'
lsmmap
hexdump -s 510 -n 2 (hd0)+1
multiboot (memdisk)/kernel name some arguments
module (memdisk)/module a module
boot
E2
"$mkimage" -d "$modules" -O i386-pc -c early.cfg -m memory.tar -o core.img \
    memdisk tar biosdisk lsmmap hexdump multiboot minicmd boot || fail "grub-mkimage"
cat "$modules/boot.img" core.img >disk.img
truncate -s 1M disk.img

"$VLAB" run ./disk.img --ram 32M --insns 1000000000 2>err | tr -d '\r' >out
cat >wanted <<'E2'
base_addr = 0x0, length = 0x9fc00, available RAM
base_addr = 0x9fc00, length = 0x400, reserved RAM
base_addr = 0xf0000, length = 0x10000, reserved RAM
base_addr = 0x100000, length = 0x1f00000, available RAM
base_addr = 0xfffc0000, length = 0x40000, reserved RAM
000001fe  55 aa                                             |U.|
magic 2badb002
flags 0000024d
command line 'some arguments'
modules 01
module 'a module': 'module text'
on a page: yes
above the one before: yes
in memory: yes
E2
# GRUB looks for a VESA display and complains that there is none.
sed -n "/^error: Can't get controller info/d; /^base_addr = 0x0,/,/^in memory/p" out >came
compare grub wanted came
grep -q '^vlab: debug-exit, status 67, ' err || fail "$(cat err)"
exit "$failed"
