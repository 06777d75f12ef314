#!/bin/sh
# Every global name is one file's. The libraries are archives: of two files that define a name the linker
# takes the first it needs, and calls that one without a word, whatever it is.
set -u
command -v nm >/dev/null || { echo "no nm"; exit 77; }

twice=$(nm -g --defined-only "$BUILD/libapp.a" "$BUILD/libvlab.a" 2>/dev/null |
    awk 'NF == 3 && $2 ~ /^[TDRBC]$/ { print $3 }' | sort | uniq -d)
all=$(nm -g --defined-only "$BUILD/libapp.a" | wc -l)

[ "$all" -gt 100 ] || { echo "FAILED: nm finds no names"; exit 1; }
[ -z "$twice" ] || { echo "FAILED: defined by two files:" "$twice"; exit 1; }
