#!/bin/sh
# A disk that is full, a real one of a few pages: a clear line, nothing of the tree lost, and room again is
# all that is needed to go on.
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unshare -rm sh -c 'mount -t tmpfs -o size=1m none "$1"' sh "$work" 2>/dev/null || {
    echo "no file system of one's own can be mounted here"
    exit 77
}

cat >"$work/inside.sh" <<'END'
failed=0
fail() {
    echo "FAILED: $*"
    failed=1
}
mkdir "$work/disk"
mount -t tmpfs -o size=2m none "$work/disk" || exit 1
export VLAB_HOME="$work/disk/state"

"$VLAB" snap take 11 --at 30 --name first >"$work/out" 2>&1 </dev/null || fail "first: $(cat "$work/out")"
"$VLAB" snap list --json >"$work/before"
[ -s "$work/before" ] || fail "nothing is listed"

# Fill it to the last page, then take another one.
dd if=/dev/zero of="$work/disk/filler" bs=4096 2>/dev/null
"$VLAB" snap take 11 --at 90 --name second >"$work/out" 2>"$work/err" </dev/null && fail "taken on a full disk"
grep -q '^vlab: .*: No space left on device$' "$work/err" || fail "not said: $(cat "$work/err")"
"$VLAB" snap list --json | cmp -s - "$work/before" || fail "the tree has changed"
"$VLAB" snap verify >"$work/out" 2>&1 || fail "verify: $(cat "$work/out")"
"$VLAB" run @first >/dev/null 2>"$work/err" </dev/null || fail "the old one does not run: $(cat "$work/err")"
[ -z "$(find "$work/disk/state" -size 0 -name '*.tmp*')" ] || fail "left behind: $(find "$work/disk/state")"

rm "$work/disk/filler"
"$VLAB" snap take 11 --at 90 --name second >"$work/out" 2>&1 </dev/null || fail "with room again: $(cat "$work/out")"
"$VLAB" snap verify >"$work/out" 2>&1 || fail "verify, with room again: $(cat "$work/out")"
exit "$failed"
END

export work
unshare -rm sh "$work/inside.sh"
