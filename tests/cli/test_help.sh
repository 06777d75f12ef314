#!/bin/sh
# Help and version: on standard output, status 0; every verb that --help lists has its own help.
set -eu

[ "$("$VLAB" --version | cut -d ' ' -f 1)" = vlab ]
verbs=$("$VLAB" --help | sed -n 's/^  \([a-z]*\)  *[a-zA-Z].*/\1/p')
for verb in tui render list start status run exits walk map check doctor; do
    echo "$verbs" | grep -qx "$verb" || { echo "FAILED: --help does not list $verb"; exit 1; }
done
for verb in $verbs; do
    help=$("$VLAB" "$verb" --help 2>&1) || { echo "FAILED: vlab $verb --help"; exit 1; }
    echo "$help" | head -n 1 | grep -q "^usage: vlab $verb" || { echo "FAILED: usage of $verb"; exit 1; }
done
