#!/bin/sh
# vlab map and vlab walk against QEMU's monitor: guests of each kind of paging run to their end here
# and there, and what the two read out of the guest's tables is the same: `info tlb` page by page,
# `info mem` with the rights of all levels, `gva2gpa` address by address.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"
# shellcheck source=tests/oracle/paging.sh
. "$TOP/tests/oracle/paging.sh"

command -v qemu-system-x86_64 >"$work/which" || {
    echo "no qemu-system-x86_64 (package qemu-system-x86)"
    exit 77
}

# ask_qemu NAME COMMANDS OUTPUT: without a debug exit the guest stays in its HLT behind the leave;
# it is there, its tables at rest, when the mark behind its text has come.
ask_qemu() {
    size=$(sed '$d' "$TOP/tests/guest/$1.expected" | wc -c)
    rm -f "$work/con" "$work/mon"
    mkfifo "$work/con" "$work/mon"
    timeout -k 5 60 qemu-system-x86_64 -accel tcg -icount shift=0,sleep=off -rtc clock=vm -cpu max -m 32 \
        -display none -no-reboot -debugcon "file:$work/con" -monitor stdio \
        -kernel "$BUILD/tests/guest/$1.elf" <"$work/mon" >"$work/raw" 2>"$work/qemu.err" &
    exec 3>"$work/mon" 4<>"$work/con"
    timeout 60 head -c $((size + 1)) <&4 >"$work/text"
    cat "$2" >&3
    wait
    exec 3>&- 4>&-
    tail -c 1 "$work/text" | grep -q "$(printf '\003')" || fail "$1: QEMU's guest did not come to its end"
    # without line ends of a terminal, and the echo of what was typed
    tr -d '\r' <"$work/raw" | sed '/^(qemu)/d' >"$3"
}

bytes() {
    case $2 in
    KiB) echo $(($1 << 10)) ;;
    MiB) echo $(($1 << 20)) ;;
    GiB) echo $(($1 << 30)) ;;
    esac
}

# As `info tlb`: each page, and P for a large one. No other flag: there they are the last entry's.
as_tlb() {
    ranges "$1" | while read -r first last gpa number unit _ _; do
        page=$(bytes "$number" "$unit")
        at=$(hex "$first") gpa=$(hex "$gpa") large=P
        [ "$page" -gt 4096 ] || large=-
        for _ in $(seq $((($(hex "$last") - at + 1) / page))); do
            printf '%016x: %016x %s\n' "$at" "$gpa" "$large"
            at=$((at + page)) gpa=$((gpa + page))
        done
    done
}

# As `info mem`: neighbours with the same U/S and R/W are one.
as_mem() {
    ranges "$1" | while read -r first last _ _ _ rights who; do
        prot=r
        [ "$who" = user ] && prot=u$prot || prot=-$prot
        case $rights in *w*) prot=${prot}w ;; *) prot=$prot- ;; esac
        echo "$(hex "$first") $(($(hex "$last") + 1)) $prot"
    done | {
        from='' to='' held=''
        while read -r first end prot || [ -n "$held" ]; do
            if [ "$first" = "$to" ] && [ "$prot" = "$held" ]; then
                to=$end
                continue
            fi
            [ -z "$held" ] || printf '%016x-%016x %016x %s\n' "$from" "$to" $((to - from)) "$held"
            from=$first to=$end held=$prot
        done
    }
}

# The first byte of each range, one within, and the byte behind it.
addresses() {
    ranges "$1" | while read -r first last _; do
        at=$(hex "$first") end=$(hex "$last")
        printf '%x\n%x\n%x\n' "$at" $((at + (end - at) / 3)) $((end + 1))
    done | sort -u | head -n 60
}

# As `gva2gpa`, from vlab walk.
as_gpa() {
    sed -n 's/.*"gpa":\("\(0x[0-9a-f]*\)"\|\(null\)\),.*/gpa: \2\3/p' "$1" | sed -e 's/gpa: null/Unmapped/' -e 's/ 0x0$/ 0/'
}

# check NAME: `info mem` with 5 levels keeps QEMU 7.2 busy for ever.
check() {
    name=$1
    map_end "$name" "$2"
    addresses "$work/map" >"$work/addresses"
    {
        echo "info tlb"
        [ "$2" = "5-level paging" ] || echo "info mem"
        sed 's/^/gva2gpa 0x/' "$work/addresses"
        echo quit
    } >"$work/commands"
    ask_qemu "$name" "$work/commands" "$work/qemu"

    sed -n 's/^\([0-9a-f]*: [0-9a-f]*\) ..\(.\).*/\1 \2/p' "$work/qemu" >"$work/tlb.qemu"
    as_tlb "$work/map" >"$work/tlb.vlab"
    [ -s "$work/tlb.qemu" ] || fail "$name: QEMU has no pages"
    compare "$name: $(wc -l <"$work/tlb.qemu") pages" "$work/tlb.qemu" "$work/tlb.vlab"

    if [ "$2" != "5-level paging" ]; then
        grep '^[0-9a-f]*-[0-9a-f]* [0-9a-f]* [u-]r[w-]$' "$work/qemu" >"$work/mem.qemu"
        as_mem "$work/map" >"$work/mem.vlab"
        compare "$name: $(wc -l <"$work/mem.qemu") ranges" "$work/mem.qemu" "$work/mem.vlab"
    fi

    grep -E '^(gpa: |Unmapped)' "$work/qemu" >"$work/gpa.qemu"
    walks "$name" <"$work/addresses" >"$work/walks"
    as_gpa "$work/walks" >"$work/gpa.vlab"
    compare "$name: $(wc -l <"$work/gpa.qemu") walks" "$work/gpa.qemu" "$work/gpa.vlab"
}

check paging32 "32-bit paging"
check page_pae "PAE paging"
check page_long "4-level paging"
check smep_smap "4-level paging"
check page_pku "4-level paging"
check tables57 "5-level paging"
exit "$failed"
