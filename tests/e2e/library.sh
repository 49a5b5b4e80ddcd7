#!/bin/bash
# library.sh -- what libshmlog exports and needs, and who can include shmlog.h.
. "$(dirname "$0")/lib.sh"

so=$BUILD/libshmlog.so.0

# the functions that the header declares and does not define
declared()
{
	"${CC:-cc}" -E -P worker/shmlog.h | tr '\n' ' ' |
		sed -E ':a; s/\{[^{}]*\}/;/; ta' | tr ';' '\n' |
		grep -vE 'static|typedef|enum' |
		grep -oE '\<shmlog_[a-z_]+ *\(' | tr -d '( ' | sort -u
}

check "the header declares functions" [ "$(declared | wc -l)" -gt 20 ]
same "libshmlog.so exports what the header declares" \
    "$(nm -D --defined-only "$so" | sed -nE 's/^[0-9a-f]+ [A-Z] ([a-z_]+)(@.*)?$/\1/p' | sort)" \
    "$(declared)"
same "libshmlog.a exports the same" \
    "$(nm -g --defined-only "$BUILD/libshmlog.a" | sed -nE 's/^[0-9a-f]+ [A-Z] (.*)/\1/p' | sort)" \
    "$(declared)"
same "its soname" \
    "$(readelf -d "$so" | sed -nE 's/.*\(SONAME\).*\[(.*)\]/\1/p')" \
    libshmlog.so.0
if [ -n "${SAN:-}" ]; then
	skip "libshmlog.so needs libc alone" "a sanitizer is linked to it"
else
	# and the dynamic linker, which is libc's
	same "libshmlog.so needs libc alone" \
	    "$(readelf -d "$so" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' |
		grep -v '^ld-linux')" libc.so.6
fi

cat >"$dir/use.c" <<'C'
#include <shmlog.h>
#include <shmlog.h>
#include <stdio.h>

int
main(void)
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s = shmlog_stream(log, "use", "c", NULL);
	struct shmlog_def defs[2] = { { "x", SHMLOG_COUNTER, SHMLOG_STAT_INFO,
					  NULL, NULL },
		{ "h", SHMLOG_HISTOGRAM, SHMLOG_STAT_INFO, "us", NULL } };
	struct shmlog_set_options o = { NULL, SHMLOG_PER_CPU };
	struct shmlog_set *set = shmlog_set(log, "use", "c", defs, 2, &o);
	struct shmlog_sharded x = shmlog_shards(set, 0);
	struct shmlog_sharded h = shmlog_shards(set, 1);

	shmlog_puts(s, shmlog_tag(s, "Tag"), SHMLOG_INFO, 0, "hello");
	shmlog_add(shmlog_counter(set, 0), 2);
	shmlog_sub(shmlog_counter(set, 0), 1);
	shmlog_add_single(shmlog_counter(set, 0), 5);
	shmlog_sub(shmlog_counter(set, 0), 5);
	shmlog_add_sharded(&x, 4);
	shmlog_sub_sharded(&x, 4);
	shmlog_observe(shmlog_counter(set, 1), 3);
	shmlog_observe_sharded(&h, 1000000);
	printf("%s %d %d\n", shmlog_version(), (int)shmlog_value(set, 0),
	    (int)shmlog_value(set, 1));
	shmlog_close(log);
	return 0;
}
C
cp "$dir/use.c" "$dir/use.cc"
sanitize=${SAN:+-fsanitize=$SAN}
version=$(sed -nE 's/^VERSION = //p' Makefile)

# build COMPILER STANDARD FILE: with all warnings, and runs it
build()
{
	# shellcheck disable=SC2086 # nothing, if there is none
	"$1" "-std=$2" -Wall -Wextra -Wpedantic -Wconversion -Werror $sanitize \
	    -Iworker -o "$dir/use" "$3" "$4" -pthread \
	    "-Wl,-rpath,$BUILD" >"$dir/log" 2>&1 || { cat "$dir/log"; return 1; }
	[ "$("$dir/use")" = "$version 1 2" ]
}

check "shmlog.h compiles as C11, with the archive" \
    build "${CC:-cc}" c11 "$dir/use.c" "$BUILD/libshmlog.a"
check "and with the shared library" \
    build "${CC:-cc}" c11 "$dir/use.c" "$so"
if command -v g++ >/dev/null; then
	check "shmlog.h compiles as C++17" \
	    build g++ c++17 "$dir/use.cc" "$BUILD/libshmlog.a"
	sed '1s/.*/extern "C" {/; 2s/$/\n}/' "$dir/use.c" >"$dir/use.cc"
	check "also within extern \"C\"" \
	    build g++ c++17 "$dir/use.cc" "$BUILD/libshmlog.a"
else
	skip "shmlog.h compiles as C++17" "there is no g++"
fi
