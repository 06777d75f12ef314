#!/bin/sh
# vlab snap: what is refused, with which status and line, and that nothing has changed then: names, NODEs,
# options that a snapshot cannot have, damaged nodes, folders that cannot be written, Ctrl-C.
set -u

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
VLAB_HOME=$work/state
export VLAB_HOME
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# is STATUS COMMAND...: output in $work/out and $work/err
is() {
    wanted=$1
    shift
    status=0
    "$VLAB" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = "$wanted" ] || fail "$*: status $status, not $wanted: $(cat "$work/err")"
    [ "$wanted" = 0 ] || grep -q '^vlab: ' "$work/err" || fail "$*: no line: $(cat "$work/err")"
}

# says FILE TEXT
says() {
    grep -qF -- "$2" "$work/$1" || fail "$1 has no '$2': $(cat "$work/$1")"
}

count() {
    "$VLAB" snap list --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["snapshots"]))'
}

is 0 snap take 05 --at 20 --name one
is 0 snap take 06 --at 20 --name one
is 0 snap take 05@one --insns 50 --name two

# ---- names
is 1 snap take 05 --name one
says err "vlab: one: 05_paging has a snapshot of that name already"
is 1 snap take 05@one --name two
is 1 snap rename @two one
says err "vlab: one: 05_paging has a snapshot of that name already"
is 0 snap rename @two two
for name in "" a@b a/b "$(printf 'a\nb')" "$(printf '%064d' 1)"; do
    is 1 snap take 05 --name "$name"
    is 1 snap rename @two "$name"
done
[ "$(count)" = 3 ] || fail "a refused take has left something"
is 0 snap take 05 --at 20
says out "exit-20-"
is 0 snap take 05 --at 20
says out "-2: 05_paging after 20 exits"
is 0 snap rename 05@two three
is 0 snap show 5@three
is 0 snap note @three "$(printf '%0500d' 1)"
is 1 snap note @three "$(printf '%0512d' 1)"
is 1 snap note @three "$(printf 'bell\a')"

# ---- NODEs
is 1 snap show @one
says err "vlab: @one: several snapshots are called so: @"
is 0 snap show 06@one
is 1 snap show 07@one
says err "no such snapshot"
is 1 snap show @thre
says err "did you mean '@three'?"
for node in @ one @abc 05@ @0000000000000000 @00000000000000000; do
    is 1 snap show "$node"
done
is 1 run @nothing
says err "vlab: @nothing: no such snapshot"
is 1 walk @nothing 0
is 1 map @nothing
is 1 snap diff 05@one 05@nothing
is 1 snap delete @nothing
is 1 snap export @nothing "$work/file"
[ ! -e "$work/file" ] || fail "a refused export has left a file"
cp "$work/out" "$work/a@b" # a file of such a name is an image
(cd "$work" && "$VLAB" run a@b >/dev/null 2>"$work/err"; [ $? = 1 ]) || fail "a@b"
says err "a@b"
grep -q "no such snapshot" "$work/err" && fail "a file is no snapshot"

# ---- a snapshot has its machine
for option in "--ram 32M" "--mmu shadow" "--nmi 5" "--append x" "--module $work/out"; do
    # shellcheck disable=SC2086
    is 2 run 05@one $option
    says err "05@one is a snapshot, and has its machine"
    # shellcheck disable=SC2086
    is 2 snap take 05@one $option
done
is 2 run 05@one --at 0x7c00
is 2 walk 05@one 0 --flat 0x7c00
is 0 run 05@one --exiting cr3-store --insns 10

# ---- a restore, and what has no screen
is 0 snap restore 05@one --json
python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert r["lab"] == "05_paging" and r["name"] == "one" and r["exits"] == 20 and r["boots"] is False, r' \
    "$work/out" || fail "snap restore --json"
is 0 snap restore @three
says out "kept: every snapshot"
says out "before, it opened at @"
image=$BUILD/tests/guest/bios_disk.bin
is 0 snap take "$image" --insns 3000 --name disk
is 1 snap restore @disk
says err "vlab: bios_disk.bin: it is no lab, and has no screen; 'vlab run @"

# ---- without RAM: it boots again from the disk it has written, and says so
is 0 run "$image" --json
grep -o '"state": *"[0-9a-f]*"' "$work/out" >"$work/first"
is 0 snap take "$image" --no-ram --name off
is 0 run @off --json
says err "it has no RAM: the machine boots from its disk"
grep -o '"state": *"[0-9a-f]*"' "$work/out" | cmp -s - "$work/first" || fail "@off comes to another end"
is 0 snap show @off
says out "not kept: it boots from its disk"
is 1 snap take 05 --no-ram
says err "the machine has no disk that its firmware could boot from"
is 0 snap list
says out "no RAM"

# ---- statuses of the rest
is 2 snap take 05 --insns 0
is 2 snap take 05 06
is 2 snap show
is 2 snap show @one @three
is 2 snap list 05 06
is 1 snap list 99
is 2 snap restore
is 2 snap delete
is 2 snap rename @one
is 2 snap note @one
is 2 snap diff @one
is 2 snap export @one
is 2 snap import
is 2 snap verify now
is 2 snap gc now
is 1 snap import "$work/none"
says err "$work/none"
echo "this is no such file" >"$work/junk"
is 1 snap import "$work/junk"
says err "junk"
is 1 snap export 05@one "$work/no/folder"
for part in take list show restore delete rename note diff export import verify gc; do
    is 2 snap "$part" --frob
done

# ---- a node whose file is damaged is named, and can go
before=$(count)
id=$("$VLAB" snap show 06@one --json | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p')
printf 'x' | dd of="$VLAB_HOME/snapshots/nodes/$id.node" bs=1 seek=20 conv=notrunc status=none
is 0 snap list
says out "damaged: "
is 1 snap show "@$id"
says err "it is damaged"
is 1 snap verify
is 1 snap gc
is 0 snap delete "@$id"
says out "is deleted"
is 0 snap verify
is 0 snap gc
[ "$(count)" = $((before - 1)) ] || fail "the damaged one was not the only one to go"

# ---- Ctrl-C in the run on the way there: nothing is kept, and the tree is whole
before=$(count)
printf '\353\376' >"$work/loop.bin" # jmp $
"$VLAB" snap take "$work/loop.bin" --flat 0x1000 --insns 1000000000000 --name never \
    >"$work/out" 2>"$work/err" &
pid=$!
# until it is vlab, no more the shell, and has its handler (bit 1: SIGINT)
until [ "$(sed -n 's/^Name:[[:space:]]*//p; s/^SigCgt:.*[2367abef]$/caught/p' "/proc/$pid/status" | tr '\n' ' ')" = "vlab caught " ]; do
    kill -0 $pid || break
done
kill -INT $pid
status=0
wait $pid || status=$?
[ "$status" = 1 ] || fail "an interrupted take: status $status: $(cat "$work/err")"
says err "vlab: snap take: interrupted; nothing was kept"
[ "$(count)" = "$before" ] || fail "an interrupted take has left something"
is 0 snap verify

# ---- folders that are none, or not to be written
printf 'x' >"$work/plain"
for part in "list" "take 05" "verify" "gc" "import $work/junk"; do
    # shellcheck disable=SC2086
    VLAB_HOME=$work/plain is 1 snap $part
    says err "$work/plain"
done
if [ "$(id -u)" != 0 ]; then
    chmod -R a-w "$VLAB_HOME/snapshots"
    is 1 snap take 05 --name locked
    says err "snapshots"
    chmod -R u+w "$VLAB_HOME/snapshots"
fi
exit "$failed"
