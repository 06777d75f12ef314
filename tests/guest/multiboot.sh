# shellcheck shell=sh disable=SC2154
# For the tests of multiboot, behind run_guest.sh: the files that a kernel gets, and what to say.

printf 'contents of a' >"$work/a"
printf 'one page%4088s' . >"$work/b" # one page
printf 'c' >"$work/c"

# mb_run_vlab KERNEL OUTPUT
mb_run_vlab() {
    (
        cd "$work" || exit 1
        "$VLAB" run "$1" --ram 32M --insns 50000000 --json \
            --append 'root=/dev/null  quiet' --module a,'first = 1' --module b --module c,x \
            >vlab.out 2>vlab.err </dev/null || cat vlab.err
    )
    sed '$d' "$work/vlab.out" >"$2"
    tail -n 1 "$work/vlab.out" | sed 's/.*"status": *\([0-9]*\).*/status \1/' >>"$2"
}
