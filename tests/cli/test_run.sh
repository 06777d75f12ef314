#!/bin/sh
# vlab run and vlab exits: statuses, summary, JSON, traces, an interrupt, a reader that goes away.
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
    "$VLAB" "$@" >out 2>err || got=$?
    [ "$got" -eq "$want" ] || fail "vlab $*: status $got, expected $want"
}

# Guests as flat binaries for 0000:7c00.
printf '\260\110\346\351\260\151\346\351\260\001\346\364' >exit.bin # "Hi" to port e9, 1 to port f4
printf '\372\364' >halt.bin                                         # cli; hlt
printf '\260\377\346\041\373\364' >idle.bin # mov al,0ffh; out 21h,al; sti; hlt: the timer is masked
printf '\260\110\346\351\260\012\346\351\353\376' >loop.bin         # "H", newline; jmp $
printf '\017\001\036\020\174\314' >triple.bin                       # lidt [7c10h]: limit 0; int3

run 0 run ./exit.bin --at 0x7c00
[ "$(cat out)" = Hi ] || fail "text"
[ "$(cat err)" = "vlab: debug-exit, status 3, 3 exits, 6 instructions" ] || fail "summary"

run 0 run exit.bin --at 0x7c00 --json # an existing file needs no slash
[ ! -s err ] || fail "--json: nothing belongs on standard error"
[ "$(head -n 1 out)" = Hi ] || fail "--json: the text comes first"
tail -n 1 out | grep -q '^{"stop":"debug-exit","status":3,"exits":3,"instructions":6,"backend":"emu","state":"[0-9a-f]\{16\}"}$' ||
    fail "--json object"
cp out first
run 0 run exit.bin --at 0x7c00 --json --backend auto
cmp -s out first || fail "two runs differ"

run 0 run ./halt.bin --at 0x7c00
grep -q '^vlab: halt, [0-9]* exits, [0-9]* instructions$' err || fail "halt"
run 0 run ./idle.bin --at 0x7c00
[ "$(cat err)" = "vlab: halt, 2 exits, 4 instructions" ] || fail "nothing can wake it"
run 1 run ./triple.bin --at 0x7c00
grep -q '^vlab: triple-fault, ' err || fail "triple fault"
run 1 run ./triple.bin --at 0x7c00 --json
grep -q '"stop":"triple-fault"' out || fail "triple fault, JSON"
[ "$(wc -l <err)" -eq 1 ] || fail "triple fault, JSON: one line on standard error"

run 0 run ./loop.bin --at 0x7c00 --insns 1000 --json
grep -q '"stop":"budget".*"instructions":1000,' out || fail "--insns"
run 0 run ./loop.bin --at 0x7c00 --exits 1 --json
grep -q '"stop":"budget".*"exits":1,' out || fail "--exits"

# Breakpoints: behind an exit, before an instruction, before an access, at the entry, two.
run 0 run ./exit.bin --at 0x7c00 --break port=e9
[ "$(cat out)" = H ] || fail "--break port: text"
[ "$(cat err)" = "vlab: breakpoint port=e9, 1 exits, 2 instructions" ] || fail "--break port"
run 0 run ./exit.bin --at 0x7c00 --break rip=7c0a --break RIP=0x7c06
[ "$(cat err)" = "vlab: breakpoint rip=7c06, 1 exits, 3 instructions" ] || fail "--break rip"
run 0 run ./exit.bin --at 0x7c00 --break rip=7c00-7c01 --break rip=7c00-7c01
[ "$(cat err)" = "vlab: breakpoint rip=7c00-7c01, 0 exits, 0 instructions" ] || fail "--break at the entry"
run 0 run ./exit.bin --at 0x7c00 --break gpa=7c08:x --json
tail -n 1 out | grep -q '^{"stop":"breakpoint",.*"exits":2,"instructions":4,.*"breakpoint":"gpa=7c08:x"}$' || fail "--break --json"
[ ! -s err ] || fail "--break --json: nothing belongs on standard error"
run 0 run ./exit.bin --at 0x7c00 --break msr=10 --break 'reason=ept violation'
[ "$(cat err)" = "vlab: debug-exit, status 3, 3 exits, 6 instructions" ] || fail "--break: not met"
run 2 run ./exit.bin --at 0x7c00 --break rip=
[ "$(cat err)" = "vlab: run: --break: breakpoint 'rip=': hexadecimal numbers are expected" ] || fail "--break: error"
run 0 run ./exit.bin --at 0x7c00 --break port=e9 --trace break.trace
run 0 exits break.trace --json
grep -q '"stop":"breakpoint"' out || fail "--break: the trace's end"

# A guest that resets has ended its run.
printf '\260\376\346\144\364' >reset.bin # fe to port 64; hlt
run 0 run ./reset.bin --at 0x7c00
[ "$(cat err)" = "vlab: reset, 1 exits, 2 instructions" ] || fail "reset"

# Input comes in over COM1; this guest echoes to port e9 until a 'q'.
printf '\272\375\003\354\250\001\164\373\262\370\354\346\351\074\161\165\357\346\364' >echo.bin
printf 'hello q, more' >input
run 0 run ./echo.bin --at 0x7c00 --input input --insns 10000000
[ "$(cat out)" = "hello q" ] || fail "--input"
grep -q '^vlab: debug-exit, ' err || fail "--input: end"
printf '' >empty
run 0 run ./echo.bin --at 0x7c00 --input empty --insns 100000
[ ! -s out ] && grep -q '^vlab: budget, ' err || fail "--input: empty file"
run 1 run ./echo.bin --at 0x7c00 --input none
[ "$(cat err)" = "vlab: none: No such file or directory" ] || fail "--input: no file"

# SIGINT: the run ends in order and the trace is whole.
mkfifo pipe
"$VLAB" run ./loop.bin --at 0x7c00 --trace loop.trace >pipe 2>err &
pid=$!
exec 3<pipe
read -r line <&3
[ "$line" = H ] || fail "text as it comes"
kill -INT "$pid"
got=0
wait "$pid" || got=$?
exec 3<&-
[ "$got" -eq 1 ] || fail "SIGINT: status $got"
grep -q '^vlab: request, 2 exits, ' err || fail "SIGINT: summary"
run 0 exits loop.trace

# Traces.
run 0 run ./exit.bin --at 0x7c00 --trace t.trace
run 0 exits t.trace
[ "$(wc -l <out)" -eq 4 ] || fail "exits: a head and three lines"
grep -q "I/O .* 0xe90040 .* 0000:7c02 .*out 0xe9, al .*out 0xe9, 1 byte, 'H'\$" out || fail "exits: line"
run 0 exits t.trace --reason i/o
[ "$(wc -l <out)" -eq 4 ] || fail "exits --reason i/o"
run 0 exits t.trace --at 1
grep -q '^1  ' out || fail "exits --at: $(cat out)"
run 0 exits t.trace --reason CPUID
[ "$(wc -l <out)" -eq 1 ] || fail "exits --reason CPUID"
run 0 exits t.trace --profile
grep -q '^I/O  *3 *100.0% ' out || fail "exits --profile"
run 0 exits t.trace --explain --reason 30
grep -q "^0  I/O, after 1 instructions, at 0000:7c02: out 0xe9, al\$" out || fail "exits --explain: head"
grep -q "^  The guest executed OUT: 1 byte to port 0xe9 (debug text), value 0x48\. Bit 0xe9 of I/O bitmap A is set: " out ||
    fail "exits --explain: why"
grep -q "^    bits 31:16  port: 0xe9 (debug text)\$" out || fail "exits --explain: a field"
grep -q "^  SDM vol\. 3, .*Table 28-5\$" out || fail "exits --explain: manual"
for options in "" --profile "--reason 30" --explain; do
    # shellcheck disable=SC2086 # words
    run 0 exits t.trace --json $options
    tail -n 1 out | grep -q '"complete":true,"end":{"exits":3,"instructions":6,"stop":"debug-exit","status":3}}$' ||
        fail "exits --json $options"
    if command -v python3 >/dev/null; then
        python3 -c 'import json, sys; json.load(sys.stdin)' <out || fail "exits --json $options: no JSON"
    fi
done

# What the CPU recorded about the operands of OUTSB: 16-bit addresses, DS.
printf '\272\351\000\276\000\174\156\364' >outs.bin # mov dx, 0xe9; mov si, 0x7c00; outsb; hlt
run 0 run ./outs.bin --at 0x7c00 --trace outs.trace
run 0 exits outs.trace --json --explain
grep -q '"guest_linear":"0x7c00".*"instruction_info":"0x18000"' out || fail "exits --json: instruction information"
grep -q '"fields":\["bits 2:0  size: 0 (1 byte)",.*"operands bits 17:15  segment register: 3 (DS)"\]' out ||
    fail "exits --json --explain: fields"

# A trace that was cut: what there is, then one line, status 1.
size=$(wc -c <t.trace)
head -c $((size - 1)) t.trace >cut.trace
run 1 exits cut.trace
[ "$(wc -l <out)" -eq 4 ] || fail "cut trace: its three exits"
[ "$(cat err)" = "vlab: cut.trace: byte $((size - 1)): the file ends inside a block" ] || fail "cut trace: error"
run 1 exits cut.trace --json
grep -q '"complete":false,"end":{"error":"cut.trace: byte ' out || fail "cut trace: JSON"

# Many exits into a pipe that closes: no complaint.
printf '\271\020\047\017\242\342\374\364' >cpuid.bin # mov cx, 10000; l: cpuid (CX is lost); loop l
run 0 run ./cpuid.bin --at 0x7c00 --trace many.trace --exits 20000
"$VLAB" exits many.trace 2>err | head -n 2 >out
[ "$(wc -l <out)" -eq 2 ] || fail "exits into head"
[ ! -s err ] || fail "exits into head: complaint"

# Execution controls: what leaves the guest, by name; a list changes what is set at first.
printf '\363\220\017\061\346\200\364' >leave.bin # pause; rdtsc; out 80h, al; hlt
reasons() {
    run 0 run ./leave.bin --at 0x7c00 --trace r.trace "$@"
    "$VLAB" exits r.trace --profile >out
    sed -n 's/^\([A-Za-z/]*\) .*/\1/p' out | grep -v -e '^reason$' -e '^all$' | sort | tr '\n' ' '
}
[ "$(reasons)" = "HLT I/O RDTSC " ] || fail "controls: defaults"
[ "$(reasons --exiting pause,-rdtsc)" = "HLT I/O PAUSE " ] || fail "--exiting pause,-rdtsc"
[ "$(reasons --exiting none,rdtsc)" = "RDTSC " ] || fail "--exiting none,rdtsc"
[ "$(reasons --exiting all)" = "HLT I/O PAUSE RDTSC " ] || fail "--exiting all"
[ "$(reasons --exiting -io=0x80)" = "HLT RDTSC " ] || fail "--exiting -io=0x80"
[ "$(reasons --exiting -hlt --exiting -io)" = "HLT RDTSC " ] || fail "--exiting: the last one counts"
run 0 run --exiting help
[ "$(grep -c 'SDM vol. 3' out)" -eq 35 ] || fail "--exiting help: not every control"
grep -q '^ \* hlt  *HLT exiting  *primary  *7  SDM vol. 3, Table 25-6$' out || fail "--exiting help: hlt"
grep -q '^   pause  *PAUSE exiting  *primary  *30  ' out || fail "--exiting help: pause"

# Rights of the second stage.
printf '\241\000\220\364' >read.bin # mov ax, [9000h]; hlt
run 1 run ./read.bin --at 0x7c00 --ept 0x9000=--x --trace r.trace
grep -q '^vlab: guest-error, 1 exits, ' err || fail "--ept"
"$VLAB" exits r.trace | grep -q 'EPT violation .*read 0x9000, not allowed$' || fail "--ept: exit"
run 1 run ./read.bin --at 0x7c00 --ept 0x8000-0x9000=-w- --trace r.trace
"$VLAB" exits r.trace | grep -q 'EPT misconfig .*GPA 0x9000$' || fail "--ept: misconfiguration"
run 0 run ./read.bin --at 0x7c00 --ept 0x9000=---  --ept 0x9000=r--

# What translates: with shadow paging no second stage exits, but page faults the guest never sees.
printf '\241\000\220\364' >read.bin
run 0 run ./read.bin --at 0x7c00 --mmu shadow --trace r.trace
"$VLAB" exits r.trace --reason exception | grep -q '#PF 0x9000, read$' || fail "--mmu shadow: the fill"
run 1 run ./read.bin --at 0x7c00 --mmu shadow --ept 0x9000=---
run 0 run ./read.bin --at 0x7c00 --mmu ept --trace r.trace
"$VLAB" exits r.trace --reason exception | grep -q '#PF' && fail "--mmu ept"
run 0 walk ./read.bin 9000 --flat 0x7c00 --mmu ept-ad
grep -q ', A and D on$' out || fail "--mmu ept-ad"

# NMIs from the button, at their times.
printf '\372\353\376' >spin.bin # cli; jmp $
run 0 run ./spin.bin --at 0x7c00 --insns 300 --nmi 100 --nmi 0xc8 --trace r.trace
"$VLAB" exits r.trace --reason exception | grep -v '^ *seq' >out
[ "$(sed 's/^ *[0-9]* *\([0-9]*\) .*  *NMI, non-maskable interrupt$/\1/' out | tr '\n' ' ')" = "100 200 " ] ||
    fail "--nmi"
