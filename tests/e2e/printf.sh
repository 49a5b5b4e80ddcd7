#!/bin/bash
# printf.sh -- programs in C and C++ log by shmlog_printf(): shmtail shows, byte
# for byte, what printf(3) writes, and json has typed fields.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

sanitize=${SAN:+-fsanitize=$SAN}
all='-Wall -Wextra -Wpedantic -Wconversion -Wformat=2 -Werror'

# Each line is logged and printed: by itself, and in a batch.
cat >"$dir/use.c" <<'C'
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <shmlog.h>

#define BOTH(...)                                                              \
	do {                                                                   \
		errno = ENOENT;                                                \
		if (shmlog_printf(s, 0, SHMLOG_INFO, 7, __VA_ARGS__) != 1)     \
			bad++;                                                 \
		if (errno != ENOENT)                                           \
			bad++;                                                 \
		printf(__VA_ARGS__);                                           \
		printf("\n");                                                  \
		errno = ENOENT;                                                \
		if (shmlog_batch_printf(b, 0, SHMLOG_INFO, 7,                  \
			__VA_ARGS__) != 1 ||                                   \
		    shmlog_batch_commit(b) != 0)                               \
			bad++;                                                 \
		errno = ENOENT;                                                \
		printf(__VA_ARGS__);                                           \
		printf("\n");                                                  \
	} while (0)

enum color { RED, GREEN };

struct bits {
	unsigned three : 3;
	int five : 5;
};

static int evaluated;

static int
once(void)
{
	return ++evaluated;
}

int
main(void)
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s = shmlog_stream(log, "use", "printf", NULL);
	struct shmlog_batch *b = shmlog_batch(s);
	char array[] = "array", not_ended[3] = { 'a', 'b', 'c' };
	const char *text = "text";
	void *pointer = array;
	signed char sc = -1;
	unsigned char uc = 200;
	short sh = -5;
	unsigned short us = 65535;
	float f = 1.5f;
	long double ld = 2.25L;
	struct bits bits = { 7, -16 };
	enum color green = GREEN;
	int bad = shmlog_wait(log, 5000), i;

	for (i = 0; i < 2; i++) {
		BOTH("nothing");
		BOTH("100%%");
		BOTH("%d %i %u %x %X %o", -1, 2, 3u, 0xabcu, 0xabcu, 8u);
		BOTH("%ld %lu %lld %llu", -4L, 5UL, -6LL, 7ULL);
		BOTH("%hhd %hhu %hd %hu %c", sc, uc, sh, us, 'c');
		BOTH("%zu %jd %td %" PRIu64, sizeof(i), (intmax_t)-1,
		    array - array, UINT64_MAX);
		BOTH("%f %e %g %a %.3f %10.2f", 1.5, 1e100, 0.1, 1.0, 3.14159,
		    -2.5);
		BOTH("%f %Lf %.0Lf", (double)f, ld, ld);
		BOTH("%s|%10s|%-10s|%.2s|%s", text, array, text, text, "");
		BOTH("%.3s|%.*s|%*d|%-*d|", not_ended, 2, not_ended, 5, 42, 6,
		    43);
		BOTH("%p", pointer);
		BOTH("%d %u %d", (int)green, bits.three, bits.five);
		BOTH("%+d % d %05d %#x", 1, 2, 3, 4u);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat" /* not ISO C's */
		BOTH("%m %'d", 5);
#pragma GCC diagnostic pop
		BOTH("%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7,
		    8, 9, 10, 11, 12, 13, 14, 15, 16);
		BOTH("%ls", L"wide");
	}
	if (shmlog_printf(s, 0, SHMLOG_INFO, 0, "evaluated=%d", once()) != 1 ||
	    evaluated != 1)
		bad++;
	printf("evaluated=1\n");
	shmlog_batch_free(b);
	shmlog_close(log);
	return bad != 0;
}
C
cp "$dir/use.c" "$dir/use.cc"

# build COMPILER STANDARD OPTIMIZE SOURCE
build()
{
	# shellcheck disable=SC2086 # several options
	"$1" "-std=$2" "$3" $all $sanitize -Iworker -o "$dir/use" "$4" \
	    "$BUILD/libshmlog.a" -pthread >"$dir/log" 2>&1 || {
		head -n 20 "$dir/log"
		return 1
	}
}

# try COMPILER STANDARD OPTIMIZE SOURCE: all that it logs is what it prints
try()
{
	local name="$1 -std=$2 $3"
	if ! command -v "$1" >/dev/null; then
		skip "$name" "there is no $1"
		return
	fi
	if ! build "$@"; then
		not_ok "$name" "does not compile without a warning"
		return
	fi
	spawn shmtail -o cat >"$dir/shown" 2>"$dir/err"
	tail=$pid
	wait_for 5 follows
	: >"$dir/printed"
	check "$name: all is put" "$dir/use" >"$dir/printed"
	grep -v '^ok\|^not ok' "$dir/printed" >"$dir/wanted"
	grep '^ok\|^not ok' "$dir/printed" || :
	wait_for 10 grep -q evaluated "$dir/shown" || :
	kill "$tail"
	wait "$tail" 2>/dev/null || :
	grep -v '^hello, ' "$dir/shown" >"$dir/got" || :
	same "$name: it is shown as printf writes it" \
	    "$(diff "$dir/wanted" "$dir/got" | head -n 4)" ''
}

follows()
{
	hello marker >/dev/null
	grep -q marker "$dir/shown"
}

start_daemon -s 64m
try "${CC:-cc}" c11 -O2 "$dir/use.c"
try "${CC:-cc}" c11 -O0 "$dir/use.c"
try clang c11 -O2 "$dir/use.c"
try g++ c++17 -O2 "$dir/use.cc"
try clang++ c++17 -O0 "$dir/use.cc"

# What is wrong with the arguments is an error, as it is with printf(3).
compiled()
{
	printf '#include <shmlog.h>\nvoid f(struct shmlog_stream *, const char *);
void f(struct shmlog_stream *s, const char *t)
{ (void)s; (void)t; (void)shmlog_printf(s, 0, 6, 0, %s); }\n' \
	    "$1" >"$dir/wrong.$2"
	"${3:-${CC:-cc}}" -Wformat -Werror -Iworker -c -o /dev/null \
	    "$dir/wrong.$2" >"$dir/log" 2>&1
}

refused()
{
	! compiled "$@" && grep -q 'Wformat\|=format' "$dir/log"
}
check "what is right is no error" compiled '"%d %s", 1, t' c
check "a string for %d is an error" refused '"%d", t' c
check "an int for %s is an error" refused '"%s", 1' c
check "a long for %d is an error" refused '"%d", 1L' c
check "an argument too few is an error" refused '"%d %d", 1' c
check "an argument too many is an error" refused '"%d", 1, 2' c
d16='%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d'
n16='1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16'
check "16 arguments are no error" compiled "\"$d16\", $n16" c
too_many()
{
	! compiled "\"$d16%d\", $n16, 17" "$@" &&
		grep -q 'shmlog_takes_16_arguments_at_most' "$dir/log"
}
check "17 arguments are an error that says so" too_many c
if command -v g++ >/dev/null; then
	check "17 arguments are one in C++, too" too_many cc g++
	check "a string for %d is an error in C++" refused '"%d", t' cc g++
fi
# What json has: types.
cat >"$dir/fields.c" <<'C'
#include <shmlog.h>

int
main(void)
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s = shmlog_stream(log, "use", "json", NULL);

	shmlog_wait(log, 5000);
	shmlog_printf(s, shmlog_tag(s, "Request"), SHMLOG_INFO, 0,
	    "method=%s path=\"%s\" status=%d bytes=%zu part=%g nothing=%s",
	    "GET", "/a b\"c", 200, sizeof(int), 0.25, (char *)0);
	shmlog_close(log);
	return 0;
}
C
# shellcheck disable=SC2086 # nothing, if there is none
"${CC:-cc}" $sanitize -w -Iworker -o "$dir/fields" "$dir/fields.c" \
    "$BUILD/libshmlog.a" -pthread
"$dir/fields"
shmtail -d -i Request -o json >"$dir/json" 2>/dev/null
if command -v jq >/dev/null; then
	same "fields have the types of their conversions" \
	    "$(jq -c '[.fields | to_entries[] | [.key, .value]]' "$dir/json")" \
	    '[["method","GET"],["path","/a b\"c"],["status",200],["bytes",4],["part",0.25],["nothing",null]]'
else
	skip "fields have the types of their conversions" "there is no jq"
fi
