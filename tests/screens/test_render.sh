#!/bin/sh
# vlab render and what vlab tui says without a terminal: options, formats, errors, the same bytes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export VLAB_HOME="$work/state"

fail() {
    echo "FAILED: $1"
    exit 1
}

# refused STATUS TEXT ARGUMENT...: one line on stderr that begins with "vlab: TEXT".
refused() {
    want=$1 text=$2 status=0
    shift 2
    "$VLAB" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ "$status" -eq "$want" ] || fail "$*: status $status, not $want"
    [ ! -s "$work/out" ] || fail "$*: output in spite of the error"
    case $(cat "$work/err") in
    "vlab: $text"*) ;;
    *) fail "$*: $(cat "$work/err")" ;;
    esac
}

for size in 40x12 80x24 120x30 160x48 1x1; do
    "$VLAB" render step --lab 01 --keys ']]]x' --size $size --ascii >"$work/a"
    [ "$(wc -l <"$work/a")" -eq "${size#*x}" ] || fail "$size: rows"
    awk -v want="${size%x*}" 'length($0) != want { exit 1 }' "$work/a" || fail "$size: columns"
done

for format in text ansi svg json; do
    "$VLAB" render step --lab anatomy --keys 'c' --format $format >"$work/a"
    "$VLAB" render step --lab 1 --keys 'c' --format $format >"$work/b"
    cmp "$work/a" "$work/b" || fail "$format: two runs differ"
    [ -s "$work/a" ] || fail "$format: nothing"
done

# The position: by exits, by keys, by instructions.
# (What was decoded before RIP may differ: stepping there shows more of it.)
"$VLAB" render step --at 7 --keys 2z >"$work/a"
"$VLAB" render step --keys ']]]]]]]2z' >"$work/b"
cmp "$work/a" "$work/b" || fail "--at 7 is not seven exits"
grep -q 'exits 7 ' "$work/a" || fail "--at 7: the header"
"$VLAB" render step --insns 20 >"$work/a"
grep -q 'instructions 20 ' "$work/a" || fail "--insns 20"

"$VLAB" render labs >"$work/a"
grep -q 'anatomy' "$work/a" || fail "labs"
"$VLAB" render labs --lab 01 --keys '<Enter>]' >"$work/a"
grep -q 'exits 1 ' "$work/a" || fail "labs, then the lab"
"$VLAB" render help >"$work/a"
grep -q 'run to the next VM exit' "$work/a" || fail "help"

refused 2 "render: no VIEW" render
refused 2 "render: 'page'" render page
refused 2 "render: '" render step labs
refused 2 "render: --size" render step --size 80
refused 2 "render: --size" render step --size 0x24
refused 2 "render: --size" render step --size 80x1001
refused 2 "render: --size" render step --size 80x24x3
refused 2 "render: --format" render step --format png
refused 2 "render: --at" render step --at -1
refused 2 "render:" render step --at 1 --insns 1
refused 2 "render:" render step --wrong
refused 2 "render:" render step --at
refused 1 "render: --keys" render step --keys 's<Nothing>'
refused 1 "render: the run ends at exit" render step --lab 01 --at 100000
refused 1 "" render step --lab 99
refused 1 "tui: standard" tui
refused 1 "tui: standard" tui 01
refused 1 "" tui 99
refused 2 "tui:" tui 01 02
refused 2 "tui:" tui --wrong

# A state folder that cannot be used hides the progress, not the labs.
: >"$work/file"
VLAB_HOME="$work/file/x" "$VLAB" render labs --size 120x30 >"$work/a" || fail "no state folder"
grep -q '!.*file' "$work/a" || fail "no state folder: the reason is not shown"

# A disk that is full is an error, not a short file.
if [ -w /dev/full ]; then
    status=0
    "$VLAB" render step --lab 01 >/dev/full 2>"$work/err" || status=$?
    [ "$status" -eq 1 ] || fail "/dev/full: status $status"
    grep -q '^vlab: ' "$work/err" || fail "/dev/full: no line"
fi
