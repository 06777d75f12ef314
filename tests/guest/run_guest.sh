# shellcheck shell=sh disable=SC2034
# For the tests that run guests; `. tests/guest/run_guest.sh`. Needs VLAB, BUILD and TOP.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    failed=1
}

# guests all|qemu|bochs: the guests, "name kind" a line: all, or those that this oracle decides.
guests() {
    awk -v oracle="$1" '!/^#/ && NF && (oracle == "all" || NF == 2 || $3 == "both" || $3 == oracle) {
        print $1, $2 }' "$TOP/tests/guest/guests.txt"
}

# run_vlab IMAGE OUTPUT: the guest's text, then "status N", into OUTPUT. What ends by a triple fault
# has "triple-fault" instead of the number, and what ends in another way the reason. RUN_OPTIONS,
# RUN_NEEDS and RUN_BUDGET: more options, what the guest needs of a CPU, and for how long it may run.
run_vlab() {
    # shellcheck disable=SC2086 # options are meant to split
    "$VLAB" run "$1" --ram 32M --json --insns "${RUN_BUDGET:-50000000}" --needs "${RUN_NEEDS:-}" ${RUN_OPTIONS:-} \
        >"$2.out" 2>"$2.err" </dev/null || cat "$2.err"
    sed '$d' "$2.out" >"$2"
    case $(tail -n 1 "$2.out") in
    *'"stop":"debug-exit"'*) tail -n 1 "$2.out" | sed 's/.*"status": *\([0-9]*\).*/status \1/' ;;
    *'"stop":"triple-fault"'*) echo "status triple-fault" ;;
    *'"stop":"reset"'*) echo "status reset" ;;
    *) echo "status none: $(tail -n 1 "$2.out" | cut -c 1-300)" ;;
    esac >>"$2"
}

# compare NAME WANTED CAME: equal, or the first differences.
compare() {
    if cmp -s "$2" "$3"; then
        echo "ok $1"
    else
        fail "$1"
        diff "$2" "$3" | head -n 20
    fi
}

# Guests whose exits do not depend on the time: those are compared between the two CPUs. (Not rep_io: an INS
# whose memory is not there is #PF here, and an I/O exit first on /dev/kvm.)
compared="boot_real bios_disk strings divide cr8 msr_faults ring3 paging32 pae task32 seg_code seg_query call_gate \
int_gate v86 page_pse page_pae page_long page_errors32 page_errors64 page_ad page_wp flags bits loops syscalls"

# image_of NAME: the built file
image_of() {
    awk -v name="$1" -v folder="$BUILD/tests/guest" '$1 == name { print folder "/" name "." $2 }' \
        "$TOP/tests/guest/guests.txt"
}

# compared_traces FOLDER: a trace of each of them on the emulated CPU, FOLDER/NAME.trace
compared_traces() {
    for name in $compared; do
        "$VLAB" run "$(image_of "$name")" --ram 32M --trace "$1/$name.trace" >/dev/null 2>&1 </dev/null
    done
}

failed=0
