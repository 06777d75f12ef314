#!/bin/sh
# Exercise 01 proves itself: the untouched starter fails by the checks that exercise.conf names, two
# solutions get full marks, every wrong variant is rejected by the check that is meant to, no verdict
# changes over 20 seeds, and who tries to fool the grader earns nothing.
set -u

exercise=01_anatomy
here=$TOP/tests/course
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
VLAB_DATA=$TOP
VLAB_HOME=$work/state
export VLAB_DATA VLAB_HOME
failed=0

command -v nasm >"$work/which" || {
    echo "no nasm"
    exit 77
}

fail() {
    echo "FAILED: $*"
    failed=1
}

# grade FILE SEED: "verdict check" a line into $work/verdicts, points into $points, the exit status
# into $status. Checks on the way that the exit status fits.
grade() {
    status=0
    "$VLAB" check "$exercise" --file "$1" --seed "$2" >"$work/out" 2>"$work/err" || status=$?
    sed -n 's/^\(pass\|fail\|timeout\|crash\|skip\|infra\) *\([a-z-]*\) .*/\1 \2/p' "$work/out" >"$work/verdicts"
    points=$(sed -n 's/^\([0-9]*\) of 100 points$/\1/p' "$work/out")
    [ "$(wc -l <"$work/verdicts")" -eq 10 ] || fail "$1: not 10 verdicts: $(cat "$work/err")"
    wanted=1
    [ "$points" = 100 ] && wanted=0
    [ "$status" = "$wanted" ] || fail "$1 seed $2: exit status $status with $points points"
}

# The checks that did not pass and were not skipped, on one line.
rejections() {
    awk '$1 != "pass" && $1 != "skip" { printf "%s%s", sep, $2; sep = " " }' "$work/verdicts"
}

# steady FILE: the same verdicts for seeds 1 to 20; leaves the last ones.
steady() {
    first=
    for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        grade "$1" "$seed"
        [ -n "$first" ] || first=$(cat "$work/verdicts")
        [ "$first" = "$(cat "$work/verdicts")" ] || fail "$1: seed $seed changes a verdict"
    done
}

echo "-- starter"
named=$(sed -n 's/^starter-fails = //p' "$TOP/exercises/$exercise/exercise.conf" | tr '\n' ' ')
steady "$TOP/exercises/$exercise/boot.asm"
grep -q '^pass builds' "$work/verdicts" || fail "the starter does not build"
[ "$(rejections) " = "$named" ] || fail "the starter fails $(rejections), not $named"
echo "fails $(rejections), $points points"

echo "-- solutions"
for file in "$TOP/solutions/$exercise/boot.asm" "$TOP/solutions/$exercise/second/boot.asm"; do
    steady "$file"
    [ "$points" = 100 ] || fail "$file: $points points"
    echo "${file#"$TOP"/} $points points"
done

echo "-- wrong variants: rejected by, points (the check that is meant to comes first)"
count=0
for file in "$here/variants/$exercise"/*.asm; do
    meant=$(sed -n '1s/^; rejected-by: //p' "$file")
    steady "$file"
    case " $(rejections) " in
    *" $meant "*) ;;
    *) fail "${file##*/}: rejected by $(rejections), not by $meant" ;;
    esac
    printf '%-22s %-10s %3s  %s\n' "$(basename "$file" .asm)" "$meant" "$points" "$(rejections)"
    count=$((count + 1))
done
[ "$count" -ge 6 ] || fail "only $count variants"

echo "-- every check rejects some variant"
# builds is left out: the attackers do not build.
awk '$1 == "check" && $3 != "builds" { print $3 }' "$TOP/exercises/$exercise/exercise.conf" >"$work/checks"
[ -s "$work/checks" ] || fail "no checks in exercise.conf"
while read -r check; do
    grep -lqx "; rejected-by: $check" "$here/variants/$exercise"/*.asm || fail "no variant for $check"
done <"$work/checks"

echo "-- attackers"
attackers=$work/attackers
cp -r "$here/attackers" "$attackers"
solution=$TOP/solutions/$exercise/boot.asm
printf '%%include "%s"\n' "$solution" >"$attackers/include.asm"
printf ' %%  include "%s"\n' "$solution" >"$attackers/include-blanks.asm"
printf '%%macro get 0\n%%include "%s"\n%%endmacro\nget\n' "$solution" >"$attackers/include-macro.asm"
printf '%%define x inc %%+ lude\n%%[x] "%s"\n' "$solution" >"$attackers/include-pasted.asm"
nasm -f bin -o "$work/solution.bin" "$solution"
printf 'incbin "%s"\n' "$work/solution.bin" >"$attackers/incbin.asm"
printf '%%define x inc %%+ bin\nx "%s"\n' "$work/solution.bin" >"$attackers/incbin-pasted.asm"
printf '%%pathsearch p "%s"\n' "$solution" >"$attackers/pathsearch.asm"
printf '%%defstr p %%!PATH\ndb p\ntimes 510-($-$$) db 0\ndw 0xaa55\n' >"$attackers/environment.asm"
{
    sed '/^    times/,$d' "$solution"
    printf '[map all %s]\n    times 510 - ($ - $$) db 0\n    dw 0xaa55\n' "$work/written-by-map"
} >"$attackers/map.asm"
{
    sed '/^    times/,$d' "$solution"
    printf '%%define a [map all %s]\na\n    times 510 - ($ - $$) db 0\n    dw 0xaa55\n' "$work/written-by-map"
} >"$attackers/map-macro.asm"
for file in "$attackers"/*.asm; do
    grade "$file" 1
    [ "$points" = 0 ] || fail "${file##*/} earns $points points"
    LC_ALL=C grep -q '[^[:print:]]' "$work/out" && fail "${file##*/}: unprintable output"
    printf '%-22s %s: %s\n' "$(basename "$file" .asm)" "$(rejections)" \
        "$(sed -n 's/^ *came: //p' "$work/out" | head -n 1)"
done
[ ! -e "$work/written-by-map" ] || fail "an attacker wrote a file"

echo "-- an answer to one seed is worth nothing with another"
grade "$here/variants/$exercise/hard-coded.asm" 1
[ "$points" = 0 ] || fail "the hard-coded answer earns $points points"

echo "-- nothing is left behind"
left=$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'vlab-??????' -newer "$here/test_anatomy.sh" | head -n 1)
[ -z "${TMPDIR:-}" ] || [ -z "$left" ] || fail "left behind: $left"
exit "$failed"
