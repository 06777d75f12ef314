#!/bin/sh
# vlab hint: one more with each call, remembered for each exercise; forgotten by reset --progress.
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
    "$VLAB" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ "$status" = "$wanted" ] || fail "$*: status $status, not $wanted: $(cat "$work/err")"
}

says() {
    grep -qF -- "$1" "$work/out" || fail "no '$1' in $(cat "$work/out")"
}

lines() {
    [ "$(grep -c '^hint ' "$work/out")" = "$1" ] || fail "not $1 hints: $(cat "$work/out")"
}

is 0 hint 01
says "hint 1 of 3, the concept: "
lines 1
is 0 hint 03 # another exercise has its own
lines 1
is 0 hint 01
says "hint 2 of 3, the place: "
lines 2
is 0 reset 01 # without --progress they stay
is 0 hint 01 --json
python3 - "$work/out" <<'PY' || fail "--json"
import json, sys
told = json.load(open(sys.argv[1]))
assert told["exercise"] == "01_anatomy" and told["given"] == told["of"] == 3
assert len(told["hints"]) == 3 and all(told["hints"])
PY
is 0 hint 01
says "hint 3 of 3, nearly the code: "
says "There are no more. The solution with its reasons: solutions/01_anatomy"
lines 3
is 0 reset 01 --progress --dry-run
says "its hints would begin with the first again"
is 0 hint 01
lines 3
is 0 reset 01 --progress
says "its hints begin with the first again"
is 0 hint 01
lines 1

# the hints are those of exercise.conf, word by word
text=$(sed -n 's/^hint *= *//p' "$TOP/exercises/01_anatomy/exercise.conf" | head -n 1)
says "$text"

# what is damaged is none; what cannot be written is an error, and nothing is given
printf x >"$VLAB_HOME/hints/01_anatomy"
is 0 hint 01
lines 1
is 1 hint nothing
grep -q "^vlab: nothing: " "$work/err" || fail "an unknown exercise: $(cat "$work/err")"
is 2 hint
rm -r "$VLAB_HOME/hints"
: >"$VLAB_HOME/hints"
is 1 hint 01
[ ! -s "$work/out" ] || fail "a hint is given that is not remembered: $(cat "$work/out")"
exit "$failed"
