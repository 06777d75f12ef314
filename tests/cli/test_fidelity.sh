#!/bin/sh
# docs/FIDELITY.md is what the program says of itself, and so is the JSON.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

"$TOP/tools/fidelity.sh" >"$work/page"
diff "$TOP/docs/FIDELITY.md" "$work/page" || fail "docs/FIDELITY.md is not what 'make fidelity' writes"

rows=$(grep -c '^| `' "$work/page")
[ "$rows" -ge 20 ] || fail "$rows rows"
"$VLAB" doctor --fidelity --json >"$work/json"
ids=$(grep -o '"id":"[a-z0-9-]*"' "$work/json" | wc -l)
[ "$ids" -eq "$rows" ] || fail "$ids differences in JSON, $rows in the page"
grep -o '"id":"[a-z0-9-]*"' "$work/json" | sed 's/"id":"\(.*\)"/\1/' | while read -r id; do
    grep -q "^| \`$id\` | [A-Zx#].*\. | vol\. " "$work/page" || fail "$id is not in the page, or not whole"
done
grep -q 'docs/FIDELITY.md' "$TOP/README.md" || fail "README.md does not lead there"
