#!/bin/sh
# vlab run --devices: the table behind the guest's text, and the object in the JSON.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $1"
    sed 's/^/  out: /' out
    exit 1
}

# "A" to COM1; LCR = 3; IMR = ee; ee to port f4
printf '\272\370\003\260\101\356\272\373\003\260\003\356\260\356\346\041\346\364' >guest.bin

"$VLAB" run ./guest.bin --at 0x7c00 --devices >out 2>err
[ "$(cat err)" = "vlab: debug-exit, status 221, 4 exits, 9 instructions" ] || fail "summary"
[ "$(head -n 1 out)" = A ] || fail "the guest's text comes first, on a line of its own"
grep -q '^pic: ports 0x20-0x21, 0xa0-0xa1, 0x4d0-0x4d1$' out || fail "head of the PIC"
grep -q '^pit: ports 0x40-0x43, 0x61; IRQ 0 high$' out || fail "head of the PIT"
grep -q '^uart: ports 0x3f8-0x3ff; IRQ 4 low$' out || fail "head of the UART"
grep -q '^  master IMR  *0xee  IRQ 1, 2, 3, 5, 6, 7 masked$' out || fail "IMR"
grep -q '^  LCR  *0x03  *8N1, DLAB 0$' out || fail "LCR"
grep -q '^ \*FCR  *0x00  *FIFO off$' out || fail "FCR is not readable"
grep -q '^ \*last value  *0xee  status 221$' out || fail "debug-exit"
grep -q '^debug-text-402: ports 0x402$' out || fail "devices of one kind have names of their own"

# Aligned: the text of a device's fields begins in one column, except where there is none.
awk '/^[^ ]/ { column = 0; next }
     match($0, /  0x[0-9a-f]+ */) {
         at = RSTART + RLENGTH
         if (at <= length($0)) { if (column && at != column) exit 1; column = at }
     }' <<EOF || fail "not aligned"
$(sed 1d out)
EOF

# As if nobody had looked: the state and the run are the same.
"$VLAB" run ./guest.bin --at 0x7c00 --json | tail -n 1 >plain
"$VLAB" run ./guest.bin --at 0x7c00 --json --devices >out
[ "$(wc -l <out)" -eq 2 ] || fail "--json: text and one line, no table"
tail -n 1 out >object
[ "$(sed 's/,"devices":.*/}/' object)" = "$(cat plain)" ] || fail "--json: the rest of the object"
grep -q '"uart":{.*"LCR":{"value":3,"bits":8,"text":"8N1, DLAB 0"}' object || fail "--json: LCR"
grep -q '"FCR":{"value":0,"bits":8,"text":"FIFO off","internal":true}' object || fail "--json: FCR"
grep -q '"FIFO 0-7":{"value":"0x0000000000000000","bits":64,' object || fail "--json: 64 bits"
if command -v python3 >/dev/null; then
    python3 - <<'EOF' || fail "--json: contents"
import json
devices = json.load(open("object"))["devices"]
assert devices["pic"]["master IMR"] == {
    "value": 0xee, "bits": 8, "text": "IRQ 1, 2, 3, 5, 6, 7 masked"}
assert devices["uart"]["LCR"]["value"] == 3
assert sorted(devices) == ["debug-exit", "debug-text-402", "debug-text-e9", "firmware-disk", "i8042",
                           "pic", "pit", "reset", "rtc", "uart"], sorted(devices)
EOF
fi

"$VLAB" run --help | grep -q '^  --devices ' || fail "help"
