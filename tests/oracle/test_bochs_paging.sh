#!/bin/sh
# vlab map and vlab walk against Bochs's debugger: guests of each kind of paging run to their end here
# and there, and what the two read out of the guest's tables is the same: `info tab` range by range,
# `page` address by address and entry by entry, with all bits, A and D among them.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"
# shellcheck source=tests/oracle/paging.sh
. "$TOP/tests/oracle/paging.sh"

command -v bochs >"$work/which" || {
    echo "no bochs (packages bochs and bochs-term)"
    exit 77
}
bochs --help >"$work/help" 2>&1 </dev/null
grep -q -e '^ *-rc ' "$work/help" || {
    echo "bochs has no debugger (built without --enable-debugger)"
    exit 77
}

# What they are for is said in test_bochs.sh.
settings() {
    cat <<'END'
megs: 32
cpu: model=corei7_skylake_x, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=0
romimage: file=rom.bin
vgaromimage: file=vga.bin
display_library: term
port_e9_hack: enabled=1
speaker: enabled=0
sound: waveoutdrv=dummy
clock: sync=none
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
END
}

# ask_bochs NAME COMMANDS OUTPUT: the guest stops at a breakpoint where it stands at its end in vlab:
# behind the OUT to the debug exit, which Bochs does not have. CS's base is 0.
ask_bochs() {
    folder=$work/$1.bochs.d
    mkdir "$folder"
    nasm -f bin -D "GUEST='$BUILD/tests/guest/$1.elf'" -o "$folder/rom.bin" "$TOP/tests/oracle/bochs/rom.asm"
    head -c 512 /dev/zero >"$folder/vga.bin"
    settings >"$folder/bochsrc"
    {
        sed -n '1s/^at [0-9a-f]*:\([0-9a-f]*\),.*/lb 0x\1/p' "$work/map"
        echo c
        cat "$2"
        echo q
    } >"$folder/commands"
    (
        cd "$folder" || exit
        ulimit -f 20000
        TERM=dumb HOME=$folder timeout -s KILL 60 bochs -q -f bochsrc -rc commands >out 2>err </dev/null
    )
    LC_ALL=C tr -d '\000' <"$folder/out" | LC_ALL=C sed '1,/(0) Breakpoint 1, /d' >"$3"
    [ -s "$3" ] || fail "$1: Bochs's guest did not come to its end: $(tail -n 1 "$folder/bochs.log")"
}

# The first byte of each range and each hole, one within, and the last. Not where the address is not
# canonical: no access walks there (SDM vol. 1, 3.3.7.1), but Bochs's debugger does.
addresses() {
    sed -n '/not canonical/d; s/^\([0-9a-f]*\)-\([0-9a-f]*\)  .*/\1 \2/p' "$1" | while read -r first last; do
        at=$(hex "$first") end=$(hex "$last")
        printf '%x\n%x\n%x\n' "$at" $((at + (end - at) / 3)) "$end"
    done | sort -u
}

# commands PAGING: `page` leaves out the PDPTEs of PAE paging, which are in registers: SDM vol. 3, 4.4.1
commands() {
    echo "info tab"
    while read -r at; do
        [ "$1" != "PAE paging" ] || echo "show \"CPU0.PDPTR_CACHE.entry$(($(hex "$at") >> 30))\""
        echo "page 0x$at"
    done
}

# As `info tab`: neighbours in both address spaces are one, whatever their pages and rights.
as_tab() {
    ranges "$1" | while read -r first last gpa _; do
        echo "$(hex "$first") $(hex "$last") $(hex "$gpa")"
    done | {
        from='' to='' base=''
        while read -r first last gpa || [ -n "$from" ]; do
            if [ -n "$from" ] && [ "$first" = $((to + 1)) ] && [ "$gpa" = $((base + first - from)) ]; then
                to=$last
                continue
            fi
            [ -z "$from" ] || printf '%016x-%016x %012x-%012x\n' "$from" "$to" "$base" $((base + to - from))
            from=$first to=$last base=$gpa
        done
    }
}

# walks_of_bochs ANSWERS: each entry of each walk, then where it leads
walks_of_bochs() {
    awk 'function entry(name, value) {
            value = "0000000000000000" substr(value, 3)
            print name, substr(value, length(value) - 15)
        }
        /^entry[0-3] = 0x/ { entry("PDPTE", $3) }
        $1 == "PML4:" { entry("PML4E", $2) }
        $1 == "PDPE:" { entry("PDPTE", $2) }
        $1 == "PDE:" { entry("PDE", $2) }
        $1 == "PTE:" { entry("PTE", $2) }
        /^linear page 0x.* maps to physical page 0x/ { print substr($3, 3), "is", substr($8, 3) }
        /^physical address not available for linear 0x/ { print substr($NF, 3), "is nothing" }' "$1"
}

# walks_of_vlab JSON: the same
walks_of_vlab() {
    awk -F '"' 'BEGIN { RS = "," }
        function pad(value, digits) {
            value = "0000000000000000" substr(value, 3)
            return substr(value, length(value) - digits + 1)
        }
        function page(address, digits) { return substr(pad(address, digits), 1, digits - 3) "000" }
        $2 == "gva" { gva = $4 }
        NF > 4 && $(NF - 3) == "entry" { entry = $(NF - 1) }
        $2 == "value" && entry != "" { print entry, pad($4, 16); entry = "" }
        $2 == "gpa" { print page(gva, 16), "is", $4 == "" ? "nothing" : page($4, 12) }' "$1"
}

# check NAME PAGING
check() {
    name=$1
    map_end "$name" "$2"
    addresses "$work/map" >"$work/addresses"
    commands "$2" <"$work/addresses" >"$work/commands"
    ask_bochs "$name" "$work/commands" "$work/bochs"

    sed -n 's/^0x\([0-9a-f]*-\)0x\([0-9a-f]*\) -> 0x\([0-9a-f]*-\)0x\([0-9a-f]*\)$/\1\2 \3\4/p' "$work/bochs" \
        >"$work/tab.bochs"
    as_tab "$work/map" >"$work/tab.vlab"
    [ -s "$work/tab.bochs" ] || fail "$name: Bochs has no pages"
    compare "$name: $(wc -l <"$work/tab.bochs") ranges" "$work/tab.bochs" "$work/tab.vlab"

    walks_of_bochs "$work/bochs" >"$work/walks.bochs"
    walks "$name" <"$work/addresses" >"$work/walks.json"
    walks_of_vlab "$work/walks.json" >"$work/walks.vlab"
    number=$(grep -c ' is ' "$work/walks.bochs")
    compare "$name: $number walks, $(($(wc -l <"$work/walks.bochs") - number)) entries" \
        "$work/walks.bochs" "$work/walks.vlab"
}

# without CR4.PSE, then with it
check page_wp "32-bit paging"
check page_errors32 "32-bit paging"
check page_cr2 "32-bit paging"
check paging32 "32-bit paging"
check page_global "32-bit paging"
check page_top "32-bit paging"
check pae "PAE paging"
check page_pae "PAE paging"
check page_errorspae "PAE paging"
check page_pdpte "PAE paging"
check long64 "4-level paging"
check page_long "4-level paging"
check page_ad "4-level paging"
check page_errors64 "4-level paging"
check page_double "4-level paging"
exit "$failed"
