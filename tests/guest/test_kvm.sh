#!/bin/sh
# Every guest of guests.txt prints on /dev/kvm what its .expected file says and leaves with that status, and
# the exits that both CPUs can see are the same. Skips what this host's /dev/kvm lacks. KVM_WHERE names a
# host whose own flaws kvm.txt lists.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

words_of() {
    awk -v name="$1" '$1 == "needs" && $2 == name { $1 = $2 = ""; print; found = 1 }
        END { if (!found) print "all" }' "$TOP/tests/guest/kvm.txt"
}

# excluded NAME: does not run, or not as it should, at KVM_WHERE.
excluded() {
    oracle=$(awk -v name="$1" '$1 == name { print $3 }' "$TOP/tests/guest/guests.txt")
    case ${KVM_WHERE:-here} in
    tcg) [ "$oracle" = bochs ] || grep -Eq "^not (any|tcg|amd) $1\$" "$TOP/tests/guest/kvm.txt" ;;
    bochs) [ "$oracle" = qemu ] || grep -Eq "^not (any|bochs) $1\$" "$TOP/tests/guest/kvm.txt" ;;
    amd) grep -Eq "^not (any|amd) $1\$" "$TOP/tests/guest/kvm.txt" ;;
    *) grep -q "^not any $1\$" "$TOP/tests/guest/kvm.txt" ;;
    esac
}

"$VLAB" run "$BUILD/tests/guest/boot_real.bin" --backend kvm >/dev/null 2>"$work/why" </dev/null || {
    sed 's/^vlab: //' "$work/why"
    exit 77
}

guests all >"$work/list"
ran=0 lacking=0 left_out=0
: >"$work/lacks"
while read -r name kind; do
    if excluded "$name"; then
        left_out=$((left_out + 1))
        continue
    fi
    words=$(words_of "$name")
    if grep -qxF -e "$words" "$work/lacks"; then
        lacking=$((lacking + 1))
        continue
    fi
    RUN_OPTIONS="--backend kvm --trace $work/kvm.trace" RUN_BUDGET=60000000000 RUN_NEEDS=$words
    run_vlab "$BUILD/tests/guest/$name.$kind" "$work/$name"
    if grep -q "needs what it lacks" "$work/$name.err"; then
        lacking=$((lacking + 1))
        echo "$words" >>"$work/lacks"
        continue
    fi
    ran=$((ran + 1))
    compare "$name" "$TOP/tests/guest/$name.expected" "$work/$name"
done <"$work/list"

# Exits that both CPUs can see are the same. Where emulating on an emulated CPU would take too long,
# KVM_TRACES has the traces already (compared_traces in run_guest.sh).
traces=${KVM_TRACES:-}
[ -n "$traces" ] || { traces=$work/traces; mkdir "$traces"; compared_traces "$traces"; }
for name in $compared; do
    excluded "$name" && continue
    grep -qxF -e "$(words_of "$name")" "$work/lacks" && continue
    "$VLAB" run "$(image_of "$name")" --ram 32M --backend kvm --trace "$work/kvm.trace" >/dev/null 2>&1 </dev/null
    if "$VLAB" diff "$traces/$name.trace" "$work/kvm.trace" >"$work/diff" 2>&1; then
        echo "ok exits of $name"
    else
        fail "exits of $name"
        head -n 20 "$work/diff"
    fi
done

# The same with the kernel's interrupt controllers.
for name in pic irq_hlt uart_irq rtc_irq reset; do
    RUN_OPTIONS="--backend kvm --irqchip kernel" RUN_BUDGET=60000000000 RUN_NEEDS="all"
    grep -qxF -e all "$work/lacks" && break
    # With Bochs's VT-x a #GP comes behind an INT from ring 3; with vlab's controllers it does not.
    [ "${KVM_WHERE:-here} $name" != "bochs irq_hlt" ] || continue
    run_vlab "$BUILD/tests/guest/$name.elf" "$work/$name"
    compare "$name, the kernel's interrupt controllers" "$TOP/tests/guest/$name.expected" "$work/$name"
done
echo "$ran guests ran, $lacking need what this /dev/kvm lacks, $left_out are left out (kvm.txt, ${KVM_WHERE:-here})"
[ "$ran" -ge 10 ] || fail "only $ran guests ran"
exit "$failed"
