#!/bin/sh
# Every guest of tests/guest/guests.txt, the same file, here and in QEMU's TCG: the same text, the
# same status.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

command -v qemu-system-x86_64 >"$work/which" || {
    echo "no qemu-system-x86_64 (package qemu-system-x86)"
    exit 77
}

# QEMU's time is made to run by its instructions, as the time here does: with the host's, a slow host lets
# a timer end before the guest has come to its HLT.
#
# run_qemu NAME KIND OUTPUT
run_qemu() {
    image=$BUILD/tests/guest/$1.$2
    case $2 in
    bin) set -- "$3" -drive "file=$image,format=raw,if=ide,snapshot=on" ;;
    *) set -- "$3" -kernel "$image" ;;
    esac
    output=$1
    shift
    timeout -k 5 60 qemu-system-x86_64 -accel tcg -icount shift=0,sleep=off -rtc clock=vm -cpu max -m 32 \
        -display none -no-reboot -debugcon "file:$output" -device isa-debug-exit,iobase=0xf4,iosize=0x4 "$@" \
        >"$work/qemu.out" 2>&1 </dev/null
    status=$?
    # The debug exit's status is odd; -no-reboot makes a plain end of a reset, and of a triple fault.
    if [ "$status" -eq 0 ]; then
        status=$(sed -n 's/^status \(reset\|triple-fault\)$/\1/p' "$TOP/tests/guest/$name.expected")
    fi
    echo "status $status" >>"$output"
}

guests qemu >"$work/list"
while read -r name kind; do
    run_qemu "$name" "$kind" "$work/$name.qemu"
    run_vlab "$BUILD/tests/guest/$name.$kind" "$work/$name.vlab"
    compare "$name" "$work/$name.qemu" "$work/$name.vlab"
done <"$work/list"
exit "$failed"
