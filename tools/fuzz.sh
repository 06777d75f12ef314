#!/bin/sh
# Runs what looks for faults by chance, one part after the other, and sums up:
#
#     tools/fuzz.sh LOCKSTEP HOSTILE FUZZER...
#
# LOCKSTEP, HOSTILE: test programs. FUZZER: a libFuzzer program NAME that reads the corpus
# tests/fuzz/corpus/NAME without "fuzz_". FUZZ_SEQUENCES, FUZZ_GUESTS and FUZZ_SECONDS (for each
# fuzzer) bound them; TOP and BUILD are set by `make fuzz`. What a fuzzer finds is kept in
# BUILD/fuzz/finds and named; put it into the corpus, which `make test` replays.
set -u

lockstep=$1 hostile=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# part NAME COMMAND...
part() {
    name=$1
    shift
    printf '%-40s ' "$name"
    start=$(date +%s)
    TMPDIR=$work "$@" >"$work/out" 2>&1 </dev/null
    status=$?
    seconds=$(($(date +%s) - start))
    case $status in
    0) echo "ok, $seconds s" ;;
    77) echo "skipped: $(tail -n 1 "$work/out")" ;;
    *)
        echo "FAILED (exit status $status), $seconds s"
        failed=$((failed + 1))
        tail -n 60 "$work/out"
        ;;
    esac
}

part "lock-step, $FUZZ_SEQUENCES sequences" env LOCKSTEP_SEQUENCES="$FUZZ_SEQUENCES" "$lockstep"
part "hostile guests, $FUZZ_GUESTS" env HOSTILE_GUESTS="$FUZZ_GUESTS" "$hostile"

finds=$BUILD/fuzz/finds
mkdir -p "$finds"
for fuzzer; do
    name=$(basename "$fuzzer")
    grown=$BUILD/fuzz/corpus/${name#fuzz_}
    mkdir -p "$grown"
    part "$name, $FUZZ_SECONDS s" "$fuzzer" -max_total_time="$FUZZ_SECONDS" -timeout=20 -close_fd_mask=1 \
        -artifact_prefix="$finds/$name-" "$grown" "$TOP/tests/fuzz/corpus/${name#fuzz_}"
done

for find in "$finds"/*; do
    [ -e "$find" ] && echo "found: $find"
done
echo "$failed failed"
[ "$failed" -eq 0 ]
