#!/bin/sh
# Debian's kernel for cloud machines, unpacked and not installed:
#
#     tests/hw/kernel.sh FOLDER
#
# leaves FOLDER/vmlinuz and FOLDER/modules/{irqbypass,kvm,kvm-amd,kvm-intel}.ko. Where they are, this does
# nothing and needs no network. Exit status 77: they cannot be had here, the last line says why.
set -eu

folder=$1
package=linux-image-cloud-amd64

[ ! -f "$folder/complete" ] || exit 0
skip() {
    echo "$1"
    exit 77
}
command -v apt-get >/dev/null || skip "no apt-get to bring Debian's kernel"
command -v dpkg-deb >/dev/null || skip "no dpkg-deb to unpack Debian's kernel"

rm -rf "$folder"
mkdir -p "$folder/modules" "$folder/unpacked"
name=$(apt-cache depends "$package" 2>/dev/null | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
[ -n "$name" ] || skip "apt knows no $package; apt-get update may help"
(cd "$folder" && apt-get -q download "$name" >download.log 2>&1) ||
    skip "$name could not be downloaded: $(tail -n 1 "$folder/download.log")"
dpkg-deb -x "$folder/$name"_*.deb "$folder/unpacked"
cp "$folder"/unpacked/boot/vmlinuz-* "$folder/vmlinuz"
for module in irqbypass kvm kvm-amd kvm-intel; do
    find "$folder/unpacked/lib/modules" -name "$module.ko" -exec cp {} "$folder/modules/" \;
    [ -f "$folder/modules/$module.ko" ] || skip "$name has no $module.ko"
done
rm -rf "$folder/unpacked" "$folder"/*.deb
: >"$folder/complete"
