#!/bin/sh
# Serial input wakes a guest by its interrupt. Not compared with QEMU: there the first characters come
# while the firmware still runs, and how many is a matter of luck.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

# Longer than any FIFO, and not a multiple of the trigger level.
printf 'the quick brown fox jumps over the lazy dog, 0123456789 and again' >"$work/line"

# run_input INPUT OUTPUT: text, then how the run ended
run_input() {
    "$VLAB" run "$BUILD/tests/guest/serial_irq.bin" --input "$1" --json --insns 50000000 \
        >"$work/out" 2>"$work/err" || cat "$work/err"
    sed 's/^{"stop":"\([a-z-]*\)","status":\([0-9]*\),.*/\1 \2/' "$work/out" >"$2"
}

{ cat "$work/line" && printf '.behind the end'; } >"$work/input"
{ tr a-z A-Z <"$work/line" && printf '.\ndebug-exit 85\n'; } >"$work/wanted"
run_input "$work/input" "$work/came"
compare "input" "$work/wanted" "$work/came"

# Without its end the guest sleeps, and when all has come nothing can wake it.
{ tr a-z A-Z <"$work/line" && printf '\nhalt 0\n'; } >"$work/wanted"
run_input "$work/line" "$work/came"
compare "input that ends" "$work/wanted" "$work/came"
exit "$failed"
