#!/bin/sh
# vlab snap: the tree from the command line. What a snapshot goes on to is what the guest came to without
# it; a middle node goes and its children stay; a damaged page names whom it belongs to, and the others
# are whole; what was exported stands alone.
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
}

# says FILE TEXT
says() {
    grep -qF -- "$2" "$work/$1" || fail "$1 has no '$2': $(cat "$work/$1")"
}

state() {
    sed -n 's/.*"state": *"\([0-9a-f]*\)".*/\1/p' "$work/out" | tail -n 1
}

is 0 snap list
says out "0 snapshots"

# the same end
is 0 run 05 --json
end=$(state)
is 0 snap take 05 --at 40 --name base
says out "base: 05_paging after 40 exits"
is 0 snap take @base --insns 3000 --name later --note "behind the loop"
is 0 snap take 05@later --insns 500 --name last
is 0 snap take 5@base --insns 900 --name side
for node in @base @later @last paging@side; do
    is 0 run "$node" --json
    [ "$(state)" = "$end" ] || fail "$node comes to another end"
done

# the tree and its figures
is 0 snap list
says out "-later"
says out " \`-last"
says out "behind the loop"
says out "4 snapshots: "
is 0 snap list 05 --json
python3 - "$work/out" <<'EOF' || fail "snap list --json"
import json, sys
tree = json.load(open(sys.argv[1]))
nodes = {n["name"]: n for n in tree["snapshots"]}
assert set(nodes) == {"base", "later", "last", "side"}, nodes
assert nodes["later"]["parent"] == nodes["base"]["id"]
assert nodes["last"]["parent"] == nodes["later"]["id"]
assert all(0 < n["own"] < n["naive"] / 100 for n in nodes.values()), nodes
assert tree["stored"] < tree["naive"] / 100
EOF
is 0 snap list 01
says out "4 snapshots"

# each restores to its own hash
for node in base later last side; do
    is 0 snap show "@$node" --json
    state >>"$work/hashes"
done
[ "$(sort -u "$work/hashes" | wc -l)" = 4 ] || fail "four snapshots, four states"

# differences
is 1 snap diff @base @later
says out "registers"
says out "RIP"
says out "page tables"
says out "D 0 -> 1"
says out "memory, by page"
is 0 snap diff @base @base
says out "nothing differs"
is 1 snap diff @base @later --json
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert {x["kind"] for x in d} >= {"register", "entry", "memory"}, d' \
    "$work/out" || fail "snap diff --json"

# walk and map look at one
is 0 walk @later 100000 --json
is 0 map @later
says out "32-bit paging"

# a middle node goes, its children stay
is 0 snap delete @later
says out "its 1 child lives on"
is 0 snap show @last --json
is 0 run @last --json
[ "$(state)" = "$end" ] || fail "the child of a deleted node comes to another end"
is 0 snap gc
is 0 snap verify
says out "every snapshot is whole"
is 0 run @last --json
[ "$(state)" = "$end" ] || fail "gc took what was needed"

is 0 snap rename @side branch
is 0 snap note @branch "another way"
is 0 snap show @branch
says out "another way"

# where the screen opens
is 0 snap restore @last
says out "05_paging opens at @"
is 0 snap restore @branch
says out "which stays in the tree"
is 0 snap delete @branch
says out "opens at its start again"

# a copy that stands alone
is 0 snap export @base "$work/tree.snap" --tree
says out "2 snapshots"
VLAB_HOME=$work/other
is 0 snap import "$work/tree.snap"
is 0 run @last --json
[ "$(state)" = "$end" ] || fail "an imported snapshot comes to another end"
head -c 3000 "$work/tree.snap" >"$work/cut.snap"
is 1 snap import "$work/cut.snap"
says err "cut.snap"
VLAB_HOME=$work/state

# without RAM it boots anew
is 0 snap take 01 --at 3 --name on
printf 'x' >"$work/small"
is 1 snap take 05 --no-ram --name off
says err "no disk that its firmware could boot from"

# a damaged page
for pack in "$VLAB_HOME"/snapshots/packs/*.pack; do
    printf '\377\377\377\377' | dd of="$pack" bs=1 seek=200 conv=notrunc status=none
done
is 1 snap verify
says out "belongs to @"
says err "what is not named is whole"

# errors
is 1 snap show @nothing
says err "vlab: @nothing: no such snapshot"
is 1 snap take 05 --name base
says err "has a snapshot of that name already"
is 2 snap
is 2 snap frob
says err "frob: no such part"
is 2 snap diff @base
is 2 snap take
is 2 snap take 05 --at 1 --insns 1
is 2 snap take 05 --frob
for part in take list show restore delete rename note diff export import verify gc; do
    is 0 snap "$part" --help
    says out "usage: vlab snap $part"
done
if [ "$(id -u)" != 0 ]; then
    mkdir "$work/locked"
    chmod 500 "$work/locked"
    VLAB_HOME=$work/locked
    is 1 snap list
    says err "locked"
fi
exit "$failed"
