#!/bin/sh
# The guests of tests/guest/guests.txt that Bochs decides, the same file, here and in Bochs: the same
# text, the same status. Two at a time: one of Bochs's starts is mostly waiting.
set -u
# shellcheck source=tests/guest/run_guest.sh
. "$TOP/tests/guest/run_guest.sh"

command -v bochs >"$work/which" || {
    echo "no bochs (packages bochs and bochs-term)"
    exit 77
}

# Bochs's curses display neither listens on a port nor needs a terminal; TERM=dumb keeps it quiet.
# Debian's Bochs has its debugger built in: it has to be told to go on, and to end after a panic.
# The VGA ROM is never run, but has to be there.
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

# text_of OUTPUT: what the guest wrote, between the marks of rom.asm (2) and report.inc (3). Without
# the second, what the debugger says when it gets the word begins with a "(0).[".
text_of() {
    LC_ALL=C tr -d '\000' <"$1" | LC_ALL=C awk '
        !begun { at = index($0, "\002"); if (!at) next; begun = 1; $0 = substr($0, at + 1) }
        { at = index($0, "\003"); if (at) { printf "%s", substr($0, 1, at - 1); exit } }
        /^\(0\)\.\[/ { exit }
        { print }'
}

# status_of FOLDER: "status N" from the value behind the mark, or why there is none
status_of() {
    value=$(LC_ALL=C tr -d '\000' <"$1/out" | LC_ALL=C awk '
        { at = index($0, "\003"); if (at) { print substr($0, at + 1, 2); exit } }')
    if [ -n "$value" ]; then
        echo "status $((0x$value << 1 | 1))"
    elif grep -q '3rd (.*exception with no resolution' "$1/bochs.log"; then
        echo "status triple-fault"
    else
        echo "status none: $(tail -n 1 "$1/bochs.log")"
    fi
}

# run_bochs NAME KIND OUTPUT
run_bochs() {
    folder=$work/$1.bochs.d
    mkdir "$folder"
    nasm -f bin -D "GUEST='$BUILD/tests/guest/$1.$2'" -o "$folder/rom.bin" "$TOP/tests/oracle/bochs/rom.asm" ||
        return
    head -c 512 /dev/zero >"$folder/vga.bin"
    settings >"$folder/bochsrc"
    printf 'c\nq\n' >"$folder/commands"
    (
        cd "$folder" || exit
        # It has been seen to go on after SIGTERM. The size limit is for a guest that prints for ever.
        ulimit -f 20000
        TERM=dumb HOME=$folder timeout -s KILL 60 bochs -q -f bochsrc -rc commands >out 2>err </dev/null
    )
    text_of "$folder/out" >"$3"
    status_of "$folder" >>"$3"
}

# check NAME KIND
check() {
    run_bochs "$1" "$2" "$work/$1.bochs"
    run_vlab "$BUILD/tests/guest/$1.$2" "$work/$1.vlab"
    compare "$1" "$work/$1.bochs" "$work/$1.vlab"
}

guests bochs >"$work/list"
count=0
while read -r name kind; do
    check "$name" "$kind" >"$work/$name.verdict" 2>&1 &
    count=$((count + 1))
    [ $((count % 2)) -ne 0 ] || wait
done <"$work/list"
wait
while read -r name kind; do
    cat "$work/$name.verdict"
    grep -q "^ok $name\$" "$work/$name.verdict" || failed=1
done <"$work/list"
[ "$count" -gt 0 ] || fail "no guests"
exit "$failed"
