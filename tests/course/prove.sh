# What every exercise proves of itself, for tests/course/test_*.sh: the untouched starter fails by the
# checks that exercise.conf names, two solutions get full marks, every wrong variant is rejected by the
# check that is meant to, no verdict changes from seed to seed, and who tries to fool the grader earns
# nothing.
#
#   prove EXERCISE FILE CHECKS SEEDS
#
# A variant names its check in its first line, "rejected-by: CHECK". $failed is 1 when something failed.

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

# grade FILE SEED: "verdict check" a line into $work/verdicts, points into $points, the exit status
# into $status. Checks on the way that the exit status fits.
grade() {
    status=0
    "$VLAB" check "$exercise" --file "$1" --seed "$2" >"$work/out" 2>"$work/err" || status=$?
    sed -n 's/^\(pass\|fail\|timeout\|crash\|skip\|infra\) *\([a-z0-9-]*\) .*/\1 \2/p' "$work/out" >"$work/verdicts"
    points=$(sed -n 's/^\([0-9]*\) of 100 points$/\1/p' "$work/out")
    [ "$(wc -l <"$work/verdicts")" -eq "$checks" ] || fail "$1: not $checks verdicts: $(cat "$work/err")"
    wanted=1
    [ "$points" = 100 ] && wanted=0
    [ "$status" = "$wanted" ] || fail "$1 seed $2: exit status $status with $points points"
}

# The checks that did not pass and were not skipped, on one line.
rejections() {
    awk '$1 != "pass" && $1 != "skip" { printf "%s%s", sep, $2; sep = " " }' "$work/verdicts"
}

# steady FILE: the same verdicts for all seeds; leaves the last ones.
steady() {
    first=
    for seed in $(seq "$seeds"); do
        grade "$1" "$seed"
        [ -n "$first" ] || first=$(cat "$work/verdicts")
        [ "$first" = "$(cat "$work/verdicts")" ] || fail "$1: seed $seed changes a verdict: $(rejections)"
    done
}

prove_starter() {
    echo "-- starter"
    named=$(sed -n 's/^starter-fails = //p' "$TOP/exercises/$exercise/exercise.conf" | tr '\n' ' ')
    steady "$TOP/exercises/$exercise/$file"
    grep -q '^pass builds' "$work/verdicts" || fail "the starter does not build"
    [ "$(rejections) " = "$named" ] || fail "the starter fails $(rejections), not $named"
    echo "fails $(rejections), $points points"
}

prove_solutions() {
    echo "-- solutions"
    for solution in "$TOP/solutions/$exercise/$file" "$TOP/solutions/$exercise/second/$file"; do
        steady "$solution"
        [ "$points" = 100 ] || fail "$solution: $points points"
        echo "${solution#"$TOP"/} $points points"
    done
}

prove_variants() {
    echo "-- wrong variants: rejected by, points (the check that is meant to comes first)"
    count=0
    for variant in "$TOP/tests/course/variants/$exercise"/*; do
        meant=$(sed -n '1s/.*rejected-by: //p' "$variant")
        steady "$variant"
        case " $(rejections) " in
        *" $meant "*) ;;
        *) fail "${variant##*/}: rejected by $(rejections), not by $meant" ;;
        esac
        printf '%-22s %-10s %3s  %s\n' "$(basename "$variant")" "$meant" "$points" "$(rejections)"
        count=$((count + 1))
    done
    [ "$count" -ge 6 ] || fail "only $count variants"
    echo "-- every check rejects some variant"
    # builds is left out: some attackers do not build.
    awk '$1 == "check" && $3 != "builds" { print $3 }' "$TOP/exercises/$exercise/exercise.conf" >"$work/checks"
    [ -s "$work/checks" ] || fail "no checks in exercise.conf"
    while read -r check; do
        sed -sn '1s/.*rejected-by: //p' "$TOP/tests/course/variants/$exercise"/* | grep -qx "$check" ||
            fail "no variant for $check"
    done <"$work/checks"
}

prove_attackers() {
    echo "-- attackers"
    for attacker in "$TOP/tests/course/attackers/$exercise"/*; do
        grade "$attacker" 1
        [ "$points" = 0 ] || fail "${attacker##*/} earns $points points"
        grep -q '^infra' "$work/verdicts" && fail "${attacker##*/}: infra"
        LC_ALL=C grep -q '[^[:print:]]' "$work/out" && fail "${attacker##*/}: unprintable output"
        printf '%-22s %s: %s\n' "$(basename "$attacker")" "$(rejections)" \
            "$(sed -n 's/^ *came: //p' "$work/out" | head -n 1)"
    done
}

prove() {
    exercise=$1 file=$2 checks=$3 seeds=$4
    prove_starter
    prove_solutions
    prove_variants
    prove_attackers
}
