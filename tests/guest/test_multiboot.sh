#!/bin/sh
# Multiboot kernels, ELF and not, get their command line, modules and memory map.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"
# shellcheck source=tests/guest/multiboot.sh
. "$TOP/tests/guest/multiboot.sh"

for kernel in mb_info.elf mb_flat.bin; do
    mb_run_vlab "$BUILD/tests/guest/$kernel" "$work/came"
    compare "$kernel" "$TOP/tests/guest/mb_info.expected" "$work/came"
done
exit "$failed"
