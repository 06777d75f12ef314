#!/bin/sh
# The tests of /dev/kvm on VT-x, as Bochs emulates it: Debian's kernel with kvm-intel, from a disc, headless;
# see init for what runs inside. `make test-vtx`. Takes minutes: Bochs interprets all of it.
set -u
# shellcheck source=tests/hw/computer.sh
. "$TOP/tests/hw/computer.sh"

isolinux=/usr/lib/ISOLINUX/isolinux.bin
ldlinux=/usr/lib/syslinux/modules/bios/ldlinux.c32
bios=/usr/share/bochs/BIOS-bochs-latest
vga=/usr/share/bochs/VGABIOS-lgpl-latest
for file in "$isolinux" "$ldlinux" "$bios" "$vga" "$(command -v bochs)" "$(command -v xorriso)"; do
    [ -f "$file" ] || {
        echo "not installed: one of bochs, bochs-term, bochsbios, vgabios, isolinux, syslinux-common, xorriso"
        exit 77
    }
done
sh "$TOP/tests/hw/kernel.sh" "$BUILD/hw" || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

computer_make "$work"
mkdir "$work/disc"
cp "$isolinux" "$ldlinux" "$BUILD/hw/vmlinuz" "$work/initrd.gz" "$work/disc/"
cat >"$work/disc/isolinux.cfg" <<'END'
default vlab
prompt 0
label vlab
    kernel vmlinuz
    append initrd=initrd.gz console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable vlab.where=bochs
END
xorriso -as mkisofs -quiet -o "$work/boot.iso" -b isolinux.bin -c boot.cat -no-emul-boot \
    -boot-load-size 4 -boot-info-table "$work/disc"
rm -r "$work/disc"

cat >"$work/bochsrc" <<END
megs: 512
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault=0
romimage: file=$bios
vgaromimage: file=$vga
display_library: term
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="boot.iso", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=console
clock: sync=none
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
speaker: enabled=0
sound: waveoutdrv=dummy
END

# Switching off ends Bochs; the console has the result. What Bochs draws is nobody's.
(cd "$work" && printf 'c\nquit\n' | TERM=dumb timeout "${VTX_SECONDS:-3000}" bochs -q -f bochsrc >/dev/null 2>&1)
[ -f "$work/console" ] || { echo "FAILED: Bochs did not start: $(tail -n 1 "$work/bochs.log")"; exit 1; }
computer_said "$work/console"
