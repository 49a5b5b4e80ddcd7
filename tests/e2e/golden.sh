#!/bin/bash
# golden.sh -- this build writes, byte for byte, what the version of the layout,
# and that of captures, wrote when it was released, and reads all captures that
# ever were.
. "$(dirname "$0")/lib.sh"

major=$(sed -nE 's/^#define LAYOUT_MAJOR ([0-9]+).*/\1/p' common/layout.h)
minor=$(sed -nE 's/^#define LAYOUT_MINOR ([0-9]+).*/\1/p' common/layout.h)
kept=tests/golden/segment-$major.$minor

for capture in tests/golden/capture-*.[0-9]; do
	shmtail -r "$capture" -o json >"$dir/json" 2>"$dir/err"
	check "$(basename "$capture") shows what it did" \
	    cmp "$dir/json" "$capture.json"
	check "$(basename "$capture") is whole" test "$(sort -u "$dir/err")" = \
	    "shmtail: stream golden.front[4711] holds arguments that its formats do not fit"
done
version=$(sed -nE 's/^#define CAPTURE_M(AJOR|INOR) ([0-9]+).*/\2/p' \
    readers/capture_format.h | paste -sd .)
tool-capture "$dir/capture"
check "a capture of now is the same" \
    cmp "$dir/capture" "tests/golden/capture-$version"

check "there is a golden segment of this version" [ -s "$kept" ]
tool-golden "$dir/segment"
if [ "${SAN:-}" = thread ]; then
	skip "what is written now is the same" "words are stored whole"
	exit 0
fi
check "what is written now is the same" cmp "$dir/segment" "$kept"
