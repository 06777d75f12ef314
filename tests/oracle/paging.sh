# shellcheck shell=sh
# For the tests that compare what a guest's tables say: behind `. tests/guest/run_guest.sh`,
# `. tests/oracle/paging.sh`.

place="--at 1000000 --ram 32M"

# map_end NAME PAGING: what the guest's tables map at its end, into $work/map
map_end() {
    image=$BUILD/tests/guest/$1.elf
    # shellcheck disable=SC2086,SC2154 # words; run_guest.sh
    "$VLAB" map "$image" $place >"$work/map" || fail "$1: vlab map"
    grep -q "the guest ended there: debug-exit" "$work/map" || fail "$1: the guest did not come to its end"
    grep -q "^$2 " "$work/map" || fail "$1: $2 expected"
}

# walks NAME: vlab walk for each address that comes, a line of JSON each; after map_end
walks() {
    while read -r at; do
        # shellcheck disable=SC2086 # words
        "$VLAB" walk "$image" "$at" $place --json || fail "$1: vlab walk $at" >&2
    done
}

# A number in hexadecimal, of up to 64 bits: dash takes 63.
hex() {
    padded=0000000000000000${1#0x}
    low=${padded#"${padded%????????}"}
    high=${padded%????????}
    high=${high#"${high%????????}"}
    echo $(((0x$high << 32) + 0x$low))
}

# ranges MAP: first, last, GPA, page size, rights, who: of what is mapped.
ranges() {
    sed -n 's/^\([0-9a-f]*\)-\([0-9a-f]*\)  \([0-9a-f]*\)-[0-9a-f]* .*iB *\([0-9]*\) \([KMG]iB\)  \(r..\) \(user\|supervisor\).*/\1 \2 \3 \4 \5 \6 \7/p' "$1"
}
