/*
 * print.h -- a call site of shmlog_printf(), and records that become text.
 */
#ifndef SHMLOG_WORKER_PRINT_H
#define SHMLOG_WORKER_PRINT_H

#include <stdarg.h>
#include <stdint.h>

#include "common/format.h"
#include "common/trylock.h"

/* The states of a site; shmlog.h knows SITE_READY, and that all begins at 0. */
#define SITE_NEW 0
#define SITE_READY 1
#define SITE_PARSED 2 /* right now, by somebody */
#define SITE_TEXT 3   /* its format cannot be deferred */

/*
 * What struct shmlog_site is to us.  All but `state' is constant once that is
 * SITE_READY.
 */
struct site {
	const char *format; /* a literal; NULL: there is none */
	struct shared_number state;
	uint32_t number; /* of this process: 1 to FORMATS_MAX - 1 */
	uint32_t length; /* of the format */
	uint32_t most;   /* what a record takes if its strings are short; 0:
			    there is more to it than words and strings */
	struct format_args args;
};

/* Where text goes: a stream, or a batch of one. */
struct sink {
	int (*put)(const struct sink *, const char *text, size_t length,
	    uint8_t flags);
	void *to;
	int tag;
	int level;
	uint64_t id;
};

/* What vsnprintf(3) makes; whatever put() returned. */
int sink_print(const struct sink *, const char *format, va_list)
    __attribute__((format(printf, 2, 0)));

/* What a reader would have made of the arguments. */
int sink_render(
    const struct sink *, const struct site *, const uint64_t *words, int err);

#define PRINT_SHORT SHARED_TEXT_MAX /* longer strings go the long way */

/* RECORD_CUT if some string was cut, else 0. */
static inline uint8_t
print_cut(const struct format_args *a, const uint64_t *heads)
{
	for (uint32_t left = a->strings; left != 0; left &= left - 1)
		if (heads[__builtin_ctz(left)] >> 32 & ARGS_CUT)
			return RECORD_CUT;
	return 0;
}

/* where the arguments begin in a record */
#define PRINT_ARGS (sizeof(struct record) + sizeof(struct args_head))

/*
 * Stores arguments that are words or short strings, whose lengths are found out
 * on the way.  Returns where they end; NULL: some string is not short, and what
 * was stored is worthless.
 */
static inline uint8_t *
encode_short(uint8_t *p, const struct format_args *a, const uint64_t *words)
{
	uint32_t strings = a->strings, n;
	uint64_t head;

	for (uint32_t i = 0; i < a->count; i++, strings >>= 1, p += 8) {
		if ((strings & 1) == 0) {
			shared_store(p, words[i]);
			continue;
		}
		head = format_string(a, words, i, PRINT_SHORT);
		if (head >> 32 & ARGS_CUT)
			return NULL;
		n = (uint32_t)head;
		/* the last word's zeros, then what may be in their place */
		shared_store(p + ((n + 7) & ~7u), 0);
		shared_store(p, format_pair(n, (uint32_t)(head >> 32)));
		shared_text(p + 8, (const char *)(uintptr_t)words[i], n);
		p += (n + 7) & ~7u;
	}
	return p;
}

#endif
