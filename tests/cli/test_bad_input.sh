#!/bin/sh
# Bad input to vlab run, exits and doctor: one clear line on standard error, the documented status,
# nothing half done.
set -eu

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
export VLAB_HOME="$work/state"

fail() {
    echo "FAILED: $1"
    sed 's/^/  err: /' err
    exit 1
}

# bad STATUS LINE ARGUMENT...: exactly LINE on standard error, nothing on standard output. Where the
# command line itself is wrong a "usage:" line may follow.
bad() {
    want=$1 line=$2
    shift 2
    got=0
    "$VLAB" "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$want" ] || fail "vlab $*: status $got, expected $want"
    [ "$(head -n 1 err)" = "$line" ] || fail "vlab $*: expected '$line'"
    if [ "$want" -eq 2 ]; then
        [ "$(sed 1d err | grep -vc '^usage: vlab ')" -eq 0 ] || fail "vlab $*: more than a line"
    else
        [ "$(wc -l <err)" -eq 1 ] || fail "vlab $*: not one line"
    fi
    [ ! -s out ] || fail "vlab $*: something on standard output"
}

# The verb.
bad 2 "vlab: rum: no such verb; did you mean 'run'?" rum
bad 2 "vlab: frobnicate: no such verb; 'vlab --help' lists them" frobnicate
bad 2 "vlab: --frob: no such option; 'vlab --help' lists the verbs" --frob

# Options of run.
printf '\364' >ok.bin
bad 2 "vlab: run: no LAB or IMAGE given" run
bad 2 "vlab: run: 'b': one LAB or IMAGE at a time" run a b
bad 2 "vlab: run: unknown option '--frob'" run --frob
bad 2 "vlab: run: unknown option '-x'" run -x
bad 2 "vlab: run: option '--ram' needs a value" run ./ok.bin --ram
bad 2 "vlab: run: --bios: the ROM runs alone, without LAB or IMAGE" run ./ok.bin --bios ok.bin
bad 2 "vlab: run: --append: only a multiboot kernel takes it" run --bios ok.bin --append x
bad 2 "vlab: run: --module: only a multiboot kernel takes it" run --bios ok.bin --module ok.bin
bad 2 "vlab: run: --module: '' names no file" run ./ok.bin --module ''
bad 2 "vlab: run: --module: ',x' names no file" run ./ok.bin --module ,x
bad 1 "vlab: ./ok.bin: only a multiboot kernel takes a command line or modules" run ./ok.bin --at 0x7c00 --append x
bad 1 "vlab: none: No such file or directory" run ./ok.bin --at 0x7c00 --module none,x
bad 2 "vlab: run: --ram: 0 is not between 1M and 4G" run ./ok.bin --ram 0
bad 2 "vlab: run: --ram: 1T is not between 1M and 4G" run ./ok.bin --ram 1T
bad 2 "vlab: run: --ram: 1023K is not between 1M and 4G" run ./ok.bin --ram 1023K
bad 2 "vlab: run: --ram: 4097M is not between 1M and 4G" run ./ok.bin --ram 4097M
bad 2 "vlab: run: --ram: 1048577 is not a multiple of 4K" run ./ok.bin --ram 1048577
for ram in -1 '' M x 16X 16MM ' 16M' 0x 1e6 99999999999999999999 17179869184T; do
    bad 2 "vlab: run: --ram: '$ram' is not a size such as 16M" run ./ok.bin --ram "$ram"
done
for n in 0 -5 '' x 12x 18446744073709551616; do
    bad 2 "vlab: run: --insns: '$n' is not a number from 1" run ./ok.bin --insns "$n"
    bad 2 "vlab: run: --exits: '$n' is not a number from 1" run ./ok.bin --exits "$n"
done
bad 2 "vlab: run: --exiting: 'rdtcs' is no execution control; '--exiting help' lists them" run ./ok.bin --exiting hlt,rdtcs,pause
for list in '' hlt, ,hlt 'hlt pause'; do
    got=0
    "$VLAB" run ./ok.bin --exiting "$list" >out 2>err || got=$?
    [ "$got" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && [ ! -s out ] || fail "--exiting '$list'"
done
bad 2 "vlab: run: option '--exiting' needs a value" run ./ok.bin --exiting
for ept in '' 0x1000 0x1000=rw 0x1000=xwr 0x1000=rwxx =rwx 0x2000-0x1000=--- x=--- 0x10000000000000=---; do
    bad 2 "vlab: run: --ept: '$ept' is not GPA[-GPA]=RIGHTS, such as 0x30000=r-x" run ./ok.bin --ept "$ept"
done
bad 2 "vlab: run: --mmu: 'npt' is none of ept, ept-ad, shadow" run ./ok.bin --mmu npt
bad 1 "vlab: --ept: 0xffff000-0x10000fff: there is not memory everywhere" run ./ok.bin --at 0x7c00 --ept 0xffff000-0x10000000=---
bad 2 "vlab: run: --nmi: 'soon' is not a time in ns" run ./ok.bin --nmi soon
bad 2 "vlab: run: --nmi: '5' is before the one in front of it" run ./ok.bin --nmi 6 --nmi 5
bad 2 "vlab: run: --at: 'here' is not an address such as 0x7c00" run ./ok.bin --at here
bad 2 "vlab: run: --backend: 'tcg' is none of emu, kvm, auto" run ./ok.bin --backend tcg
bad 2 "vlab: run: --needs: 'fast': not words of the list in 'vlab run --help'" run ./ok.bin --needs fast

# Images. Each with --trace: no trace may be left.
bad_image() {
    line=$1
    shift
    bad 1 "$line" run "$@" --trace bad.trace
    for left in bad.trace*; do
        [ ! -e "$left" ] || fail "vlab run $*: $left was left behind"
    done
}
bad_image "vlab: ./none.bin: No such file or directory" ./none.bin
bad_image "vlab: ./: Is a directory" ./
bad_image "vlab: none.rom: No such file or directory" --bios none.rom
: >empty.bin
bad_image "vlab: ./empty.bin: the file is empty" ./empty.bin
bad_image "vlab: ./empty.bin: the file is empty" ./empty.bin --at 0x7c00
bad_image "vlab: ./ok.bin: neither ELF nor multiboot nor a boot sector, and no load address given" ./ok.bin
bad_image "vlab: ./ok.bin: load address 0x100000 is not below 1 MiB, where real mode can begin" ./ok.bin --at 0x100000
bad_image "vlab: ok.bin: a BIOS ROM has 64 KiB to 16 MiB in whole 64 KiB, this file has 1 bytes" --bios ok.bin
truncate -s 20M big.bin
bad_image "vlab: ./big.bin: neither ELF nor multiboot nor a boot sector, and no load address given" ./big.bin --ram 1M
bad_image "vlab: ./big.bin: image of 20971520 bytes does not fit into 1048576 bytes of RAM" ./big.bin --ram 1M --at 0
truncate -s 1000K late.bin
bad_image "vlab: ./late.bin: 1024000 bytes at 0x7c00 do not lie inside 1048576 bytes of RAM" ./late.bin --ram 1M --at 0x7c00

# An ELF file cut at every byte of its headers.
{
    printf '\177ELF\001\001\001\000\000\000\000\000\000\000\000\000' # 32-bit, little-endian
    printf '\002\000\003\000\001\000\000\000\000\000\001\000\064\000\000\000\000\000\000\000\000\000\000\000'
    printf '\064\000\040\000\001\000\000\000\000\000\000\000'
    printf '\001\000\000\000\124\000\000\000\000\000\001\000\000\000\001\000'
    printf '\001\000\000\000\001\000\000\000\005\000\000\000\000\020\000\000\364'
} >good.elf
"$VLAB" run ./good.elf 2>err || fail "the good ELF file"
for size in 4 15 16 40 51 52 60 83 84; do
    head -c "$size" good.elf >cut.elf
    got=0
    "$VLAB" run ./cut.elf --trace bad.trace >out 2>err || got=$?
    [ "$got" -eq 1 ] || fail "ELF of $size bytes: status $got"
    grep -q '^vlab: ./cut.elf: ELF file is cut off: ' err || fail "ELF of $size bytes"
    [ "$(wc -l <err)" -eq 1 ] || fail "ELF of $size bytes: not one line"
    [ ! -e bad.trace ] || fail "ELF of $size bytes: trace left behind"
done

# Labs.
got=0
"$VLAB" run no-such-lab >out 2>err || got=$?
[ "$got" -eq 1 ] || fail "unknown lab: status $got"
[ "$(wc -l <err)" -eq 1 ] || fail "unknown lab: not one line"
grep -q '^vlab: .*no-such-lab' err || fail "unknown lab: not named"

# Where a trace cannot go. Nothing runs then: no text of the guest.
printf '\260\110\346\351\364' >text.bin # "H"; hlt
bad 1 "vlab: none/t.trace: No such file or directory" run ./text.bin --at 0x7c00 --trace none/t.trace
bad 1 "vlab: .: Is a directory" run ./text.bin --at 0x7c00 --trace .
bad 1 "vlab: /dev/full: No space left on device" run ./text.bin --at 0x7c00 --trace /dev/full
[ -c /dev/full ] || fail "/dev/full was replaced"

# A full standard output is a failure, not a success that nobody saw.
got=0
"$VLAB" doctor >/dev/full 2>err || got=$?
[ "$got" -eq 1 ] || fail "full standard output: status $got"
[ "$(wc -l <err)" -eq 1 ] || fail "full standard output: not one line"
grep -q '^vlab: standard output: ' err || fail "full standard output"

# exits.
bad 2 "vlab: exits: no TRACE given" exits
bad 2 "vlab: exits: 'b': one TRACE at a time" exits a b
bad 2 "vlab: exits: --reason: 'CPUIT' is no exit reason; did you mean 'CPUID'?" exits x --reason CPUIT
bad 2 "vlab: exits: --reason: '99' is no exit reason" exits x --reason 99
bad 2 "vlab: exits: --at: 'x' is no number of an exit" exits x --at x
bad 1 "vlab: none.trace: No such file or directory" exits none.trace
bad 1 "vlab: .: byte 0: Is a directory" exits .
bad 1 "vlab: empty.bin: byte 0: not a trace file" exits empty.bin
bad 1 "vlab: good.elf: byte 0: not a trace file" exits good.elf

# doctor.
bad 2 "vlab: doctor: 'x': no arguments are taken" doctor x
bad 2 "vlab: doctor: unknown option '--frob'" doctor --frob
: >file
got=0
VLAB_HOME=$work/file/state "$VLAB" doctor >out 2>err || got=$?
[ "$got" -eq 1 ] || fail "unusable state folder: status $got"
grep -q '^missing  state folder .*/file/state: Not a directory$' out || fail "unusable state folder"
[ "$(wc -l <err)" -eq 1 ] || fail "unusable state folder: not one line"
VLAB_HOME=$work/file/state "$VLAB" doctor --json >out 2>err && fail "unusable state folder, JSON"
grep -q '^{"ready":false,' out || fail "unusable state folder, JSON"

# A CPU engine that does not pass its self-test, here for want of memory: said before anything runs.
(
    ulimit -v 60000
    bad 1 "vlab: CPU engine: Unicorn: no room for 64 MiB of generated code: Cannot allocate memory" \
        run ./ok.bin --at 0x1000
)
