#!/bin/sh
# --backend: what is said where /dev/kvm is not there, may not be opened, lacks what a guest needs, or
# cannot do what is asked; nodes of one CPU on the other. Skips, but for the first two, without /dev/kvm.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export VLAB_HOME="$work/state"
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# says STATUS TEXT COMMAND...: ends with that status, and its standard error has the text.
says() {
    status=$1 text=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err" </dev/null
    came=$?
    [ "$came" -eq "$status" ] || fail "$*: status $came, not $status"
    grep -qF -e "$text" "$work/err" || { fail "$*: not said: $text"; cat "$work/err"; }
}

guest=$BUILD/tests/guest/boot_real.bin
says 2 "'fast' is none of emu, kvm, auto" "$VLAB" run "$guest" --backend fast
says 0 "debug-exit, status 43" "$VLAB" run "$guest" --backend auto

# In a namespace of its own /dev/kvm can be taken away, whoever runs this.
hidden() {
    unshare -rm sh -c 'mount -t tmpfs none /dev && exec "$@"' hidden "$@"
}
if hidden true 2>/dev/null; then
    says 1 "--backend kvm: /dev/kvm: not there" hidden "$VLAB" run "$guest" --backend kvm
    hidden "$VLAB" doctor 2>/dev/null | grep -q '^note  */dev/kvm  *absent: not there' || fail "doctor: absent"
fi
# A device that its owner may not open, and we are that owner without a superuser's rights.
closed() {
    # shellcheck disable=SC2016 # for the shell inside
    unshare -rm sh -c 'mount -t tmpfs none /dev && : >/dev/kvm && chmod "$1" /dev/kvm && shift &&
        exec setpriv --bounding-set=-all --inh-caps=-all "$@"' closed "$@"
}
if closed 000 true 2>/dev/null; then
    says 1 "/dev/kvm: no permission: its owner" closed 000 "$VLAB" run "$guest" --backend kvm
    says 1 "join the group '" closed 060 "$VLAB" run "$guest" --backend kvm
fi

"$VLAB" run "$guest" --backend kvm >/dev/null 2>"$work/err" </dev/null || {
    [ "$failed" -eq 0 ] || exit 1
    sed 's/^vlab: //' "$work/err"
    exit 77
}
says 1 "shadow paging" "$VLAB" run "$guest" --backend kvm --mmu shadow
says 1 "the second stage is the kernel's own" "$VLAB" run "$guest" --backend kvm --ept 0x30000=r--
says 1 "a breakpoint on memory" "$VLAB" run "$guest" --backend kvm --break gpa=5000:w
says 1 "protection keys; --backend emu has it" "$VLAB" run "$guest" --backend kvm --needs pku

# What was left open is not counted: null, not 0.
"$VLAB" run "$guest" --backend kvm --json 2>/dev/null </dev/null | tail -n 1 >"$work/json"
grep -q '"instructions":null,"backend":"kvm"' "$work/json" || { fail "--json"; cat "$work/json"; }

# What the kernel counts, where it does: never fewer than what it passed on.
"$VLAB" run "$guest" --backend kvm --kept --json 2>/dev/null </dev/null | tail -n 1 >"$work/json"
seen=$(sed 's/.*"exits":\([0-9]*\),"instructions".*/\1/' "$work/json")
all=$(sed -n 's/.*"kept":{"exits":\([0-9]*\).*/\1/p' "$work/json")
[ -z "$all" ] || [ "$all" -ge "$seen" ] || fail "--kept: $all exits, of which $seen were seen"
"$VLAB" run "$guest" --kept 2>/dev/null </dev/null | grep -q '^the emulated CPU keeps no exits' || fail "--kept, emulated"

# A node of each CPU goes on on both, to the same end.
for from in emu kvm; do
    "$VLAB" snap take "$guest" --backend "$from" --at 9 --name "of-$from" >/dev/null 2>"$work/err" </dev/null ||
        { fail "snap take --backend $from"; cat "$work/err"; }
    for on in emu kvm; do
        says 0 "debug-exit, status 43" "$VLAB" run "@of-$from" --backend "$on"
        cp "$work/out" "$work/$from-$on"
    done
    cmp "$work/$from-emu" "$work/$from-kvm" || fail "the text of @of-$from"
done
exit "$failed"
