#!/bin/bash
# tsan.sh -- the torture of the lane and of the directory once more, under
# ThreadSanitizer, every shared word stored with release and loaded with acquire.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# Elsewhere these are built by `make SAN=thread'.
[ -z "${SAN:-}" ] || {
	skip tsan "not with SAN=$SAN"
	exit 0
}
CFLAGS="-std=c11 -D_GNU_SOURCE -I. -O2 -g -fno-strict-aliasing -pthread"
COMMON="common/segment.c common/process.c"

# build_and_run NAME VARIANT ARGUMENT...: says each line with the variant.
build_and_run()
{
	local name=$1 variant=$2 status=0
	shift 2
	# shellcheck disable=SC2086 # CFLAGS are several
	${CC:-cc} $CFLAGS "$@" -o "$dir/$name-$variant" \
	    "tests/torture/$name.c" || {
		not_ok "$name ($variant)" "is not built"
		return 0
	}
	"$dir/$name-$variant" >"$dir/out" 2>"$dir/err" || status=$?
	sed -nE "s/^((not )?ok) /\\1 $variant: /p" "$dir/out"
	if [ "$status" != 0 ] && ! grep -q '^not ok' "$dir/out"; then
		not_ok "$name ($variant)" "exit status $status"
	fi
	cat "$dir/err"
}

tsan="-fsanitize=thread -Wno-tsan -DSHMLOG_TSAN"
! ${CC:-cc} --version | grep -qi clang ||
	tsan="-fsanitize=thread -DSHMLOG_TSAN"

# shellcheck disable=SC2086 # several words each
{
	build_and_run lane tsan $tsan common/ring.c
	build_and_run directory tsan $tsan common/directory.c $COMMON
}
