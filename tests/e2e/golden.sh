#!/bin/bash
# golden.sh -- this build writes, byte for byte, what the layout's version wrote
# when it was released.
. "$(dirname "$0")/lib.sh"

major=$(sed -nE 's/^#define LAYOUT_MAJOR ([0-9]+).*/\1/p' common/layout.h)
minor=$(sed -nE 's/^#define LAYOUT_MINOR ([0-9]+).*/\1/p' common/layout.h)
kept=tests/golden/segment-$major.$minor

check "there is a golden segment of this version" [ -s "$kept" ]
tool-golden "$dir/segment"
if [ "${SAN:-}" = thread ]; then
	skip "what is written now is the same" "words are stored whole"
	exit 0
fi
check "what is written now is the same" cmp "$dir/segment" "$kept"
