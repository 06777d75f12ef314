#!/bin/sh
# vlab reset: the starter is back, byte for byte, and judged as such; what the student had is kept, as
# files and as a snapshot; a dry run changes no byte; a class of labs at once.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
VLAB_HOME=$work/state
export VLAB_HOME
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

is() {
    wanted=$1
    shift
    status=0
    "$VLAB" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = "$wanted" ] || fail "$*: status $status, not $wanted: $(cat "$work/err")"
}

says() {
    grep -qF -- "$2" "$work/$1" || fail "$1 has no '$2': $(cat "$work/$1")"
}

tree() {
    (cd "$VLAB_HOME" && find . -type f -exec cksum {} + | sort)
}

# nothing to do
is 0 reset 01
says out "01_anatomy: nothing to reset"
is 0 start 01
is 0 reset 01
says out "01_anatomy: nothing to reset"

# a changed working copy, and another file beside it
mine=$VLAB_HOME/work/01_anatomy/boot.asm
starter=$TOP/exercises/01_anatomy/boot.asm
echo "; mine" >>"$mine"
echo "notes" >"$VLAB_HOME/work/01_anatomy/notes.txt"
is 1 check 01 --seed 1
"$VLAB" check 01 --seed 1 --file "$starter" 2>"$work/err" | grep -v '^file' >"$work/wanted"

tree >"$work/before"
is 0 reset 01 --dry-run
says out "the working copy would go to $VLAB_HOME/kept/01_anatomy/"
says out "would be kept as snapshot @before-reset-"
tree >"$work/after"
cmp -s "$work/before" "$work/after" || fail "a dry run changes something"

is 0 reset 01
says out "your working copy went to $VLAB_HOME/kept/01_anatomy/"
cmp -s "$mine" "$starter" || fail "the starter is not back"
[ ! -e "$VLAB_HOME/work/01_anatomy/notes.txt" ] || fail "another file stays in the working copy"
kept=$(find "$VLAB_HOME/kept/01_anatomy" -name boot.asm)
tail -n 1 "$kept" | grep -qx "; mine" || fail "the work is not kept"
grep -qx notes "${kept%/*}/notes.txt" || fail "another file is not kept"
is 0 snap list 01
says out "before-reset-"
says out "the working copy is in $VLAB_HOME/kept/01_anatomy/"
"$VLAB" check 01 --seed 1 2>"$work/err" | grep -v '^file' >"$work/got"
cmp -s "$work/wanted" "$work/got" || fail "check does not give the starter's verdict: $(diff "$work/wanted" "$work/got")"
is 0 reset 01
says out "nothing to reset"

# where the screen opens
is 0 snap take 05 --at 30 --name there
is 0 snap restore @there
is 0 reset 05 --json
python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); assert r[0]["lab"] == "05_paging" and r[0]["changed"], r' \
    "$work/out" || fail "reset --json"
is 0 reset 05
says out "nothing to reset"
is 0 snap show @there

# a class of labs; one that is none does not stop the others
is 0 start 05
is 0 start 07
echo "/* mine */" >>"$VLAB_HOME/work/05_paging/walk.c"
echo "/* mine */" >>"$VLAB_HOME/work/07_ept/ept.c"
is 1 reset 05 nothing 07
says err "vlab: nothing: no such lab"
cmp -s "$VLAB_HOME/work/07_ept/ept.c" "$TOP/exercises/07_ept/ept.c" || fail "07 is not reset"
echo "/* mine */" >>"$VLAB_HOME/work/05_paging/walk.c"
is 0 reset --all
says out "05_paging: your working copy went to"
says out "01_anatomy: nothing to reset"
[ "$(find "$VLAB_HOME/kept/05_paging" -name walk.c | wc -l)" = 2 ] || fail "two copies of 05"

# killed in the middle: the copy is there, and running again finishes
echo "/* mine */" >>"$VLAB_HOME/work/07_ept/ept.c"
mkdir -p "$VLAB_HOME/kept/07_ept"
mv "$VLAB_HOME/work/07_ept" "$VLAB_HOME/kept/07_ept/killed"
is 0 reset 07
is 0 start 07
cmp -s "$VLAB_HOME/work/07_ept/ept.c" "$TOP/exercises/07_ept/ept.c" || fail "07 has no starter"

# points stay without --progress; with it they go, and the last result is kept with the copy
points() {
    "$VLAB" status --json | python3 -c 'import json, sys
def walk(x):
    if isinstance(x, dict):
        if x.get("exercise") == "01_anatomy":
            print(x["attempts"], x["best"])
        for y in x.values():
            walk(y)
    elif isinstance(x, list):
        for y in x:
            walk(y)
walk(json.load(sys.stdin))'
}
result=$VLAB_HOME/results/01_anatomy.json
before=$(points)
cp "$result" "$work/result"
echo "; mine again" >>"$mine"
is 0 reset 01
[ "$(points)" = "$before" ] || fail "a reset takes points: $(points), not $before"
tree >"$work/before"
is 0 reset 01 --progress --dry-run
says out "01_anatomy: its points would be cleared, and the last result go to $VLAB_HOME/kept/01_anatomy/"
tree >"$work/after"
cmp -s "$work/before" "$work/after" || fail "a dry run with --progress changes something"
nodes=$("$VLAB" snap list 01 | wc -l)
is 0 reset 01 --progress
says out "01_anatomy: its points are cleared"
[ "$(points)" = "0 0" ] || fail "points stay: $(points)"
[ ! -e "$result" ] || fail "the result is still there"
kept=$(sed -n 's/.* last result went to //p' "$work/out")
cmp -s "$kept" "$work/result" || fail "the result is not kept in '$kept'"
[ "$("$VLAB" snap list 01 | wc -l)" = "$nodes" ] || fail "points alone are no reason for a snapshot"
is 0 reset 01 --progress
says out "01_anatomy: nothing to reset"

# both at once are kept by one date
is 1 check 01 --seed 1
echo "; mine" >>"$mine"
is 0 reset 01 --progress --json
python3 - "$work/out" <<'PY' || fail "reset --progress --json"
import json, os, sys
lab, = json.load(open(sys.argv[1]))
assert lab["lab"] == "01_anatomy" and lab["snapshot"], lab
assert os.path.isdir(lab["files"][0]["kept"]), lab
assert lab["results"] == [{"exercise": "01_anatomy", "kept": lab["files"][0]["kept"] + ".json"}], lab
assert os.path.isfile(lab["results"][0]["kept"]), lab
PY

# an exercise that has another name than its lab: its working copy, and no snapshot
data=$work/data
mkdir "$data"
cp -r "$TOP/labs" "$TOP/exercises" "$data"
mv "$data/exercises/01_anatomy" "$data/exercises/21_sector"
sed -i 's/^exercise = .*/exercise = 21_sector/' "$data/labs/01_anatomy/lab.conf"
sed -i 's/^needs = 01_anatomy$/needs = 21_sector/' "$data"/exercises/*/exercise.conf
export VLAB_DATA="$data"
is 0 start 01
echo "; mine" >>"$VLAB_HOME/work/21_sector/boot.asm"
nodes=$("$VLAB" snap list | wc -l)
is 0 reset sector
says out "21_sector: your working copy went to $VLAB_HOME/kept/21_sector/"
cmp -s "$VLAB_HOME/work/21_sector/boot.asm" "$starter" || fail "the exercise is not reset"
[ "$("$VLAB" snap list | wc -l)" = "$nodes" ] || fail "an exercise has a machine"
is 0 reset 21 --json
python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); assert r == [{"exercise": "21_sector", "changed": False}], r' \
    "$work/out" || fail "reset EXERCISE --json"
is 1 reset sectors
says err "sectors: no such lab"
unset VLAB_DATA

is 2 reset
is 2 reset 01 --all
is 2 reset --frob
is 0 reset --help
exit "$failed"
