#!/bin/sh
# The sheet of lab 11: its commands, in their order, do what its text says of them.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
HOME=$work VLAB_DATA=$TOP
export HOME VLAB_DATA
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

# Every command of the steps, as a line of its own; those of the screen are in no block.
sed -n '/^## Steps/,/^## What to notice/s/^  *\(build\/vlab\|VLAB_HOME=\|export\|base=\|printf\|rm\)/\1/p' \
    "$TOP/labs/11_snapshots/README.md" | sed "s|build/vlab|\"\$VLAB\"|" >"$work/steps"
[ "$(wc -l <"$work/steps")" -ge 30 ] || fail "not all steps: $(cat "$work/steps")"

# Each one's output into a file of its number, its exit status into $work/status.
number=0
while read -r step; do
    number=$((number + 1))
    status=0
    eval "$step" >"$work/$number" 2>&1 || status=$?
    echo "$status $number $step" >>"$work/status"
done <"$work/steps"
cat "$work/status"

# of PATTERN [N]: the file of the Nth command that matches
of() {
    echo "$work/$(grep -e "$1" "$work/status" | sed -n "${2:-1}p" | cut -d ' ' -f 2)"
}

# says FILE TEXT...
says() {
    file=$1
    shift
    for text; do
        grep -q -e "$text" "$file" || fail "no '$text' in $(cat "$file")"
    done
}

says "$(of 'diff 11@base 11@touch')" '^  13000  *1 byte' '^  7000 ' 'in 5 pages'
says "$(of 'diff 11@touch 11@again')" 'in 1 page$'
says "$(of 'diff 11@clear 11@devices')" '^  pit: counter 2' '^  rtc' '^  uart: SCR' 'in 1 page$'
says "$(of 'run 11@touch')" '^again' '^devices'
says "$(of 'snap list 11' 3)" '-branch .* 0 B '
says "$(of 'delete 11@again')" 'its 1 child lives on'
says "$(of 'run 11@copy')" '^clear' 'debug-exit, status 23'
says "$(of 'run 11@off')" '^boot 02' '^devices'
says "$(of 'snap verify')" 'every snapshot is whole'
says "$(of 'snap verify' 2)" ' base$' ' touch$' ' copy$'
grep -q -e ' devices$' "$(of 'snap verify' 2)" && fail "devices has a page that was cleared"
says "$(of 'run 11@devices' 2)" 'debug-exit, status 23'
says "$(of 'snap verify' 3)" ' base$' ' touch$' ' copy$' ' clear$' ' devices$'
says "$(of 'run 11@devices' 3)" 'damaged'
says "$(of 'snap list 11' 5)" '^0 snapshots'
says "$(of 'snap verify' 4)" 'every snapshot is whole'
says "$(of 'run 11@devices' 4)" 'debug-exit, status 23'

# What fails is what was damaged; a diff that finds something ends as diff(1) does.
awk '$1 != 0 && $5 != "diff" { print $4, $5, $6, $7 }' "$work/status" >"$work/refused"
[ "$(wc -l <"$work/refused")" = 4 ] || fail "other commands fail: $(cat "$work/refused")"
exit "$failed"
