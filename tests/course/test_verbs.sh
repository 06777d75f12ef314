#!/bin/sh
# vlab list, start, status and check from the outside: output, exit status, one line for each error.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
VLAB_DATA=$TOP
VLAB_HOME=$work/state
export VLAB_DATA VLAB_HOME
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# run WANTED-STATUS ARGUMENTS...: output in $work/out and $work/err
run() {
    wanted=$1
    shift
    status=0
    "$VLAB" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ "$status" = "$wanted" ] || fail "vlab $*: exit status $status, not $wanted: $(cat "$work/err")"
    echo "vlab $*: $status $(head -n 1 "$work/err")"
}

# one_line TEXT: standard error is one line that begins with "vlab: " and has TEXT
one_line() {
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "not one line on stderr: $(cat "$work/err")"
    grep -q '^vlab: ' "$work/err" || fail "no \"vlab: \": $(cat "$work/err")"
    grep -qF -- "$1" "$work/err" || fail "no \"$1\" in: $(cat "$work/err")"
}

says() {
    grep -qF -- "$1" "$work/out" || fail "no \"$1\" in: $(head -n 5 "$work/out")"
}

for verb in list start status check; do
    run 0 "$verb" --help
    says "vlab $verb"
    [ ! -s "$work/err" ] || fail "$verb --help writes to stderr"
    run 2 "$verb" --no-such-option
    grep -q '^usage: ' "$work/err" || fail "$verb: no usage line"
done

run 0 list
says '01  anatomy'
says '02  trap-and-emulate  Trap' # the longest name, and a gap behind it
run 0 list --json
says '"id": "01"'
run 2 list extra
run 0 status
says 'not started'
says '02_trap-and-emulate not started'

run 2 start
run 2 start 01 01
run 1 start anatmoy
one_line 'no such lab; did you mean 01_anatomy?'
run 1 start 17
one_line 'no such lab'
run 1 check 01
one_line 'vlab start 01 makes it'
run 0 start 01
says "$VLAB_HOME/work/01_anatomy/boot.asm"
cmp -s "$VLAB_HOME/work/01_anatomy/boot.asm" "$TOP/exercises/01_anatomy/boot.asm" ||
    fail "the working copy is not the starter"
run 0 status
says 'started'
echo '; mine' >"$VLAB_HOME/work/01_anatomy/boot.asm"
run 0 start anatomy --json
says '"created": false'
[ "$(cat "$VLAB_HOME/work/01_anatomy/boot.asm")" = '; mine' ] || fail "start overwrote the student's file"

run 2 check
run 2 check 01 --format xml
run 2 check 01 --seed many
run 2 check 01 --seed
run 1 check kvm
one_line 'no such exercise'
run 1 check 01 --file "$work/none.asm"
one_line 'none.asm: No such file or directory'
run 1 check 01 --file "$work"
one_line 'not a regular file'
mkfifo "$work/fifo"
run 1 check 01 --file "$work/fifo"
one_line 'not a regular file'
head -c 300000 /dev/zero | tr '\0' ';' >"$work/big.asm"
run 1 check 01 --file "$work/big.asm"
says 'larger than'

if command -v nasm >"$work/which"; then
    run 1 check 01
    says 'came: 0 bytes'
    run 0 check 01 --file "$TOP/solutions/01_anatomy/boot.asm" --seed 5
    says 'seed 0x5'
    run 0 check 01 --file "$TOP/solutions/01_anatomy/boot.asm" --json
    says '"passed": true'
    says '"isolation": "'
    run 1 check 01 --file "$TOP/exercises/01_anatomy/boot.asm" --format tap
    says 'not ok 4 - count'
    says '# SKIP count did not pass'
    run 1 check 01 --file "$TOP/exercises/01_anatomy/boot.asm" --seed 5
    cp "$work/out" "$work/first"
    run 1 check 01 --file "$TOP/exercises/01_anatomy/boot.asm" --seed 5
    cmp -s "$work/out" "$work/first" || fail "the same seed gives another result"
    grep -v seed "$work/out" >"$work/first"
    run 1 check 01 --file "$TOP/exercises/01_anatomy/boot.asm" --seed 6
    grep -v seed "$work/out" | cmp -s - "$work/first" && fail "another seed gives the same data"
    run 0 status
    says '100/100 points'
    says 'fail    count'
    [ -z "$(find "$VLAB_HOME" -name '*.json.*')" ] || fail "a temporary file is left"

    run 1 check 01 --file "$TOP/exercises/01_anatomy/boot.asm"
    says 'vlab tui 01 --at 2'

    # What a failure leaves behind opens as a lab, and stops where the judge's run did.
    VLAB_DATA=$VLAB_HOME/replay/01_anatomy-main run 0 run 01 --json
    says '"exits":2'

    # The host's fault is neither zero nor full, and does not count as an attempt.
    TMPDIR=$work/none run 3 check 01 --file "$TOP/solutions/01_anatomy/boot.asm"
    says 'does not count'
    run 0 status
    says '100/100 points'
fi

mkdir -p "$VLAB_HOME/results"
printf '{' >"$VLAB_HOME/results/01_anatomy.json"
run 1 status
one_line '01_anatomy.json: damaged'

: >"$work/file"
for verb in 'list' 'status' 'start 01' 'check 01'; do
    # shellcheck disable=SC2086 # two words
    VLAB_HOME=$work/file/below run 1 $verb
    one_line 'Not a directory'
done
VLAB_DATA=$work/none run 1 list
one_line 'no labs folder'
exit "$failed"
