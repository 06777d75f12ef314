#!/bin/sh
# Runs test programs in parallel and sums up:
#
#     tools/run-tests.sh PROGRAM...
#
# A program is a C test (Check counts its own tests) or a shell test (one test). It passes with exit
# status 0 and skips with 77, its last line of output being the reason. Each gets VLAB, BUILD and
# TOP, which the caller sets, and a folder of its own for temporary files and vlab's state.
set -eu

limit=${TEST_SECONDS:-900} # a backstop for a test that hangs; the longest takes minutes
results=$BUILD/test-results

# run_one PROGRAM: leaves NAME.out and NAME.count ("passed failed skipped"), prints one line.
run_one() {
    name=${1#"$BUILD"/}
    file=$results/$(echo "${name%.sh}" | tr / -)
    work=$(mktemp -d)
    case $1 in
    *.sh) set -- sh "$1" ;;
    esac
    status=0
    TMPDIR=$work VLAB_HOME=$work/state timeout -k 10 "$limit" "$@" >"$file.out" 2>&1 </dev/null || status=$?
    rm -rf "$work"

    # Check sums up as "100%: Checks: 5, Failures: 0, Errors: 0".
    # shellcheck disable=SC2046 # three numbers
    set -- $(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$file.out" |
        awk '{ n += $1; bad += $2 + $3 } END { if (NR) print n - bad, bad }')
    passed=${1:-1} failed=${2:-0} skipped=0
    case $status in
    0)
        verdict=ok
        # Neither a forgotten exit status nor an empty suite may look like a pass.
        [ "$failed" -eq 0 ] || verdict=FAILED
        [ "$passed" -gt 0 ] || { verdict="FAILED (no test ran)" failed=1; }
        ;;
    77) verdict="skipped: $(tail -n 1 "$file.out")" passed=0 failed=0 skipped=1 ;;
    124 | 137) verdict="FAILED (no end after $limit s)" passed=0 failed=1 ;;
    *)
        verdict="FAILED (exit status $status)"
        # A program that dies early has no sum: whatever it would have counted, it failed.
        [ "$failed" -gt 0 ] || passed=0 failed=1
        ;;
    esac
    echo "$passed $failed $skipped" >"$file.count"
    printf '%-40s %s\n' "$name" "$verdict"
}

if [ "$1" = --one ]; then
    run_one "$2"
    exit
fi

rm -rf "$results"
mkdir -p "$results"
# shellcheck disable=SC2016
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" "$0" --one

# Failures in full.
for count in "$results"/*.count; do
    read -r _ failed _ <"$count"
    [ "$failed" -eq 0 ] || { printf '\n---- %s\n' "${count%.count}.out"; cat "${count%.count}.out"; }
done

cat "$results"/*.count | awk '
    { passed += $1; failed += $2; skipped += $3 }
    END {
        print ""
        if (skipped) printf "%d skipped\n", skipped
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0
    }'
