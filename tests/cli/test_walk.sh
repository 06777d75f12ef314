#!/bin/sh
# vlab walk and vlab map: where the guest stands, paging off and on, which stage refuses and with what
# code, JSON, errors and statuses. What the tables say is compared in tests/oracle/test_paging.sh.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $1"
    [ ! -f err ] || sed 's/^/  err: /' err
    [ ! -f out ] || sed 's/^/  out: /' out
    exit 1
}

# run STATUS ARGUMENT...: what vlab does goes to out and err
run() {
    want=$1
    shift
    got=0
    timeout 60 "$VLAB" "$@" >out 2>err || got=$?
    [ "$got" -eq "$want" ] || fail "vlab $*: status $got, expected $want"
    [ "$got" -ne 0 ] || [ ! -s err ] || fail "vlab $*: nothing belongs on standard error"
}

# has LINE: as it is, blanks squeezed
has() {
    tr -s ' ' <out | grep -qxF -- "$1" || fail "no line '$1'"
}

# bad STATUS LINE ARGUMENT...: the first line of the error
bad() {
    status=$1 line=$2
    shift 2
    run "$status" "$@"
    [ "$(head -n 1 err)" = "$line" ] || fail "vlab $*: expected '$line'"
    [ ! -s out ] || fail "vlab $*: output"
}

long=$BUILD/tests/guest/page_long.elf
pae=$BUILD/tests/guest/page_pae.elf
pku=$BUILD/tests/guest/page_pku.elf
five=$BUILD/tests/guest/tables57.elf

# At first, paging is off.
run 0 walk 01 7c00
has "at 0000:1000, real, CPL 0, after 0 exits, 0 instructions"
has "paging is off (CR0.PG = 0): linear addresses are guest-physical (SDM vol. 3, 4.1.1)"
has "page guest-physical 7c00; stage 2: rwx"
has "reads 0 of the guest's entries; 4 with the second stage's (SDM vol. 3, 29.3.2)"
has "allowed: paging is off (SDM vol. 3, 4.1.1)"
cp out first
run 0 walk 01 0x7c00
cmp -s first out || fail "0x in front"
run 0 map 01
[ "$(wc -l <out)" -eq 2 ] || fail "map: paging off"
grep -q '^paging is off' out || fail "map: paging off"
run 0 map 01 --json
grep -q '"levels":0.*"ended":null.*"ranges":\[\],"holes":\[\],"walks":0,"cut":null}$' out || fail "map --json: paging off"

# A place: by exits, by instructions, of a flat binary; a register.
printf '\274\000\160\346\200\364' >flat.bin # mov sp, 7000h; out 80h, al; hlt
run 0 walk ./flat.bin sp+10 --flat 0x7c00 --insns 1
has "at 0000:7c03, real, CPL 0, after 0 exits, 1 instructions"
has "supervisor read at 7010 = SP+10"
run 0 walk ./flat.bin sp --flat 0x7c00 --at 1
has "at 0000:7c05, real, CPL 0, after 1 exits, 2 instructions"
run 0 walk ./flat.bin sp --flat 0x7c00 --at 9
has "at 0000:7c06, real, CPL 0, after 2 exits, 3 instructions; the guest ended there: halt"
run 0 walk ./flat.bin sp --flat 0x7c00 --at 9 --exiting none
has "at 0000:7c06, real, CPL 0, after 0 exits, 3 instructions; the guest ended there: halt"

# 4 levels: allowed, and each way to be refused.
end=--at=1000000
run 0 walk "$long" 8000000010 "$end"
has "supervisor read at 8000000010"
has "PML4E 10b000 1 10b008 rwx 000000000010e027 1 1 0 P R/W U/S A"
has "PTE 110000 0 110000 rwx 0000000000111067 1 1 0 P R/W U/S A D"
has "page guest-physical 111010, in a page of 4 KiB at 111000; stage 2: rwx"
has "reads 4 of the guest's entries; 19 with the second stage's (SDM vol. 3, 29.3.2)"
has "allowed: all levels allow it (SDM vol. 3, 4.6.1)"
run 0 walk "$long" 8040000123 "$end" --json
grep -q '"gpa":"0x123","page_size":1073741824,"stage2":"rwx",' out || fail "walk --json"
grep -q '"reads":2,"nested_reads":11,"allowed":true,' out || fail "walk --json: reads"
grep -q '"of":"PDPTE","guest_physical":"0x10e008","host_physical":"0x4010e008","page_size":2097152,"rights":"rwx","type":"WB",' out ||
    fail "walk --json: the second stage"
run 0 walk "$long" 8000000010 "$end"
grep -q "^PTE  *110000  *40110000  2 MiB   rwx     WB " out || fail "walk: the second stage of a table"
grep -q "^page  *111010  *40111010  2 MiB   rwx     WB " out || fail "walk: the second stage of the page"
run 0 walk "$long" 8080000000 "$end"
has "PDPTE 10e000 2 10e010 rwx 0000000000000000 - - - not present"
has "refused by the guest's tables: P = 0: not present (SDM vol. 3, 4.7)"
has " #PF, error code 0, CR2 8080000000"
run 0 walk "$long" 1000 "$end" --user --access w
has "user write at 1000"
has "refused by the guest's tables: U/S = 0: a supervisor page (SDM vol. 3, 4.6.1)"
has " #PF, error code 7, CR2 1000"
has " error bit 2 U/S: 1 (user)"
run 0 walk "$long" 1000 "$end" --user --access w --json
grep -q '"allowed":false,.*"refused":{"reason":"exception","vector":14,"error_code":7,"qualification":"0x1000",' out ||
    fail "walk --json: refused"
run 0 walk "$long" 800000000000 "$end"
has "refused before any table: the address is not canonical (SDM vol. 1, 3.3.7.1)"
has " #GP(0); #SS(0) where the stack is accessed"

# The second stage.
run 0 walk "$long" 8000000010 --at 8 --ept 0x900000=r-x --access w
has "page guest-physical 111010, in a page of 4 KiB at 111000; stage 2: rwx"
run 0 walk "$long" 900000 --at 8 --ept 0x900000=r-x --access w
has "refused by the second stage: a right is missing (SDM vol. 3, 29.3.3.2 and 28.2.1, Table 28-7)"
has " EPT violation, qualification 5aa, guest-physical 900000"
has " bit 4 EPT: writes: 0 (not allowed)"
run 0 walk "$long" 900000 --at 8 --ept 0x900000=-w-
has " EPT misconfiguration, guest-physical 900000"
run 0 walk "$long" 30000000 --at 8 --access x
has "refused by the second stage: nothing is mapped there (SDM vol. 3, 29.3.3.2 and 28.2.1, Table 28-7)"
has " EPT violation, qualification 584, guest-physical 30000000"

# Shadow paging: what the guest has used leads to host memory at once, the rest faults first.
run 0 walk "$long" 100000 "$end" --mmu shadow
grep -q '^shadow: 4-level paging, CR3 [0-9a-f]*, host-physical$' out || fail "walk: shadow"
grep -q '^map of guest memory, which the CPU does not walk: EPTP ' out || fail "walk: the map"
grep -q '^PTE .*  0000000040100[0-9a-f]*  P' out || fail "walk: shadow entry"
grep -q '^leads to 40100000, without an exit$' out || fail "walk: shadow translation"
run 0 walk "$long" 3f000000 "$end" --mmu shadow
has "P = 0: not present: #PF with error code 0 first, for the hypervisor"
run 0 walk "$long" 100000 "$end" --mmu shadow --json
grep -q '"shadow":{"cr3":"0x[0-9a-f]*","host_physical":"0x40100000",' out || fail "walk --json: shadow"

# PAE: the PDPTE is the CPU's. 5 levels: five of them.
run 0 walk "$pae" 40000123 "$end"
has "PDPTE 10c000 1 10c008 CPU 0000000000109001 1 1 0 P"
has "reads 2 of the guest's entries; 11 with the second stage's (SDM vol. 3, 29.3.2)"
bad 1 "vlab: walk: 100000000: addresses have 32 bits after 1637 exits" walk "$pae" 100000000 "$end"
run 0 walk "$five" ff00000000001010 "$end" --access w
[ "$(grep -c '^P[MDT].* rwx  *0000000000' out)" -eq 5 ] || fail "5 levels"
has "PML5E 10d000 100 10d800 rwx 000000000010e023 1 0 0 P R/W A"
run 0 walk "$five" 2000000001010 "$end" --access x
has "refused by the guest's tables: XD = 1: no execution (SDM vol. 3, 4.6.1)"
has " #PF, error code 11, CR2 2000000001010"

# The map.
run 0 map "$long" "$end"
has "0000000000000000-000000003fffffff 0000000000-003fffffff 1 GiB 2 MiB rwx supervisor W+X"
has "0000000040000000-0000007fffffffff 511 GiB hole: P = 0: not present"
has "0000800000000000-ffff7fffffffffff 15.9 EiB hole: the address is not canonical"
has "2 GiB mapped; ranges: 4, of them W+X: 4"
run 0 map "$five" "$end"
has "0002000000001000-0002000000002fff 0000112000-0000113fff 8 KiB 4 KiB r-- user"
has "fffeff7fbfdfe000-fffeff7fbfdfefff 000010d000-000010dfff 4 KiB 4 KiB rw- supervisor"
run 0 map "$long" "$end" --json
grep -q '"levels":4,.*{"first":"0x8000000000","last":"0x8000000fff","gpa":"0x111000","page_size":4096,"rights":"rwx","user":true,"global":false,"wx":true}' out ||
    fail "map --json"
if command -v python3 >/dev/null; then
    python3 -c 'import json, sys; json.load(sys.stdin)' <out || fail "map --json: no JSON"
fi

# Tables that lead to themselves in all entries but the last, which leads to a page that nobody has
# written: 32-bit code fills a PML4 with its own address.
cat >evil.asm <<'END'
    org 0x7c00
    bits 16
    cli
    lgdt [gdtr]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp 8:low
    bits 32
low:
    mov ax, 16
    mov ds, ax
    mov es, ax
    mov edi, 0x20000
    mov ecx, 512
fill:
    mov dword [edi], 0x20007
    mov dword [edi + 4], 0
    add edi, 8
    loop fill
    mov dword [edi - 8], 0x30007
    mov eax, 0x20
    mov cr4, eax
    mov eax, 0x20000
    mov cr3, eax
    mov ecx, 0xc0000080
    mov eax, 0x100
    xor edx, edx
    wrmsr
    mov eax, 0x80000001
    mov cr0, eax
    hlt
gdt: dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr: dw 23
    dd gdt
END
nasm -f bin -o evil.bin evil.asm
run 0 map ./evil.bin --flat 0x7c00 --at 100
grep -q '^cut at 0000000001000000, after 4097 page walks: too many ranges$' out || fail "map: not cut"
[ "$(wc -l <out)" -lt 4200 ] || fail "map: not bounded"
run 0 walk ./evil.bin ffffff8000000000 --flat 0x7c00 --at 100 --ept 0x30000=---
has "PDPTE 30000 0 30000 --- not read: nothing is mapped there"
has "refused by the second stage, for a table: nothing is mapped there (SDM vol. 3, 29.3.3.2 and 28.2.1, Table 28-7)"
has " EPT violation, qualification 81, guest-physical 30000"

# Protection keys: what PKRU says of the page's. So many instructions on, WD5 is set.
run 0 walk "$pku" 40000123 --insns 30000 --ram 32M --access w
has "key 5: PKRU.AD5 0, PKRU.WD5 1"
has "refused by the guest's tables: PKRU.WD5 = 1 and CR0.WP = 1: no writes to user pages of key 5 (SDM vol. 3, 4.6.2)"
has " #PF, error code 23, CR2 40000123"
has " error bit 5 PK, protection key: 1 (yes)"
run 0 walk "$pku" 40000123 --at 1000000 --ram 32M --user
has "key 5: PKRU.AD5 0, PKRU.WD5 0"
grep -q '; CR4.PKE 1, PKRU 00000000$' out || fail "walk: no PKRU"
has "PTE 110000 0 110000 rwx 2800000000111067 1 1 0 P R/W U/S A D PK=5"
run 0 walk "$pku" 40002123 --at 1000000 --ram 32M --access w
has "key 5, which does not count: a supervisor page (SDM vol. 3, 4.6.2)"
run 0 walk "$pku" 40000123 --at 1000000 --ram 32M --json
grep -q '"pkru":"0x0".*"protection_key":{"key":5,"counts":true,"ad":false,"wd":false}' out || fail "walk --json: no key"
run 0 map "$pku" --at 1000000 --ram 32M
has "0000000040000000-0000000040000fff 0000111000-0000111fff 4 KiB 4 KiB rwx user key 5 W+X"
has "0000000040003000-0000000040003fff 0000111000-0000111fff 4 KiB 4 KiB rwx user key 10 W+X"
run 0 map "$pku" --at 1000000 --ram 32M --json
grep -q '"first":"0x80000000",[^}]*"key":7,' out || fail "map --json: no key"
run 0 walk "$long" 8000000010 "$end" --json
grep -q '"pkru":null.*"protection_key":null' out || fail "walk --json: a key without CR4.PKE"

bad 2 "vlab: walk: no LAB or IMAGE and no GVA given" walk
bad 2 "vlab: walk: no LAB or IMAGE given" walk 01
bad 2 "vlab: walk: no GVA given" walk --bios rom
bad 2 "vlab: walk: '9': one LAB or IMAGE and one GVA at a time" walk 01 7c00 9
bad 2 "vlab: walk: 'phys 10' is guest-physical: there is nothing to walk" walk 01 'phys 10'
bad 2 "vlab: walk: 'zz' is no address: 7c00, rsp+10, es:di, gdtr, cr3, phys 1000 are" walk 01 zz
bad 2 "vlab: walk: --access: 'rw' is none of r, w, x" walk 01 0 --access rw
bad 2 "vlab: walk: --ept: '5' is not GPA[-GPA]=RIGHTS, such as 0x30000=r-x" walk 01 0 --ept 5
bad 2 "vlab: walk: --flat: 'x' is not an address such as 0x7c00" walk ./flat.bin 0 --flat x
bad 2 "vlab: map: no LAB or IMAGE given" map
bad 2 "vlab: map: '02': one LAB or IMAGE at a time" map 01 02
bad 2 "vlab: map: --at and --insns are two positions" map 01 --at 3 --insns 4
bad 2 "vlab: map: --at: '0' is not a number from 1" map 01 --at 0
bad 2 "vlab: map: unknown option '--user'" map 01 --user
bad 1 "vlab: 99: no such lab; there is 01_anatomy, 02_trap-and-emulate, 03_exits, 05_paging, 06_shadow-paging, 07_ept, 11_snapshots" map 99
bad 1 "vlab: ./none: No such file or directory" walk ./none 0
run 0 map --exiting help
grep -q 'HLT exiting' out || fail "--exiting help"
