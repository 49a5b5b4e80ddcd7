/*
 * nasty.c -- a worker that writes what spoils terminals, JSON and logs.
 *
 *	tool-nasty ident count [seed]
 *
 * Writes `count' records to the stream nasty.ident of the default instance: by
 * turns text that is anything, text that may be JSON or logfmt, and arguments
 * of formats; all made of bytes of the sorts that hurt.  Of one seed they are
 * the same.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shmlog.h"

#define SIZE 300

static uint64_t state;

static uint64_t
below(uint64_t n)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * UINT64_C(2685821657736338717) >> 32) % n;
}

/* Without zeros, for printf(3), if `text' is set. */
static size_t
make(char *to, size_t size, int text)
{
	static const char *const pieces[] = { "plain text of some length", "\"",
		"\\", "\x1b[2J", "\x1b]0;x\a", "\n", "\r", "\t", " ",
		"\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\xa8", "\xf0\x9f\x98\x80",
		"\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
		"\x7f", "\xff", "\xc3\xa4", "\x80", "\\u0000", "\\ud800",
		"1e999", "\"a\":", "a=", "=\"", "{", "}", "[", "]", ",", "null",
		"-0", "1.5" };
	size_t n = 0, length, count = sizeof(pieces) / sizeof(pieces[0]);
	const char *piece;

	while (n < size && below(16) != 0) {
		piece = pieces[below(count)];
		length = strlen(piece);
		if (below(4) == 0)
			to[n++] = (char)(text ? 1 + below(255) : below(256));
		else if (length <= size - n) {
			memcpy(to + n, piece, length);
			n += length;
		}
	}
	to[n] = '\0';
	return n;
}

/* An object whose members may be one. */
static size_t
make_object(char *to, size_t size)
{
	static const char *const values[] = { "1", "-2.5e3", "true", "null",
		"[]", "[1,{\"b\":[\"c\"]}]", "{\"x\":{}}", "\"\\u00e4\\n\"",
		"123456789012345678901234567890", "1e400", "\"\xc2\x9b\"" };
	size_t n = 0, count = sizeof(values) / sizeof(values[0]);
	char nasty[SIZE / 4 + 1];

	to[n++] = '{';
	for (uint64_t i = below(5); i > 0; i--) {
		(void)make(nasty, sizeof(nasty) - 1, 1);
		n += (size_t)snprintf(to + n, size - n, "\"k%d\" : %s%s",
		    (int)below(3), below(9) == 0 ? nasty : values[below(count)],
		    i > 1 ? ",\n" : "");
		if (n > size - SIZE / 2)
			break;
	}
	to[n++] = '}';
	return n;
}

static int
write_one(struct shmlog_stream *s, int tag, uint64_t i)
{
	char text[SIZE + 1], other[SIZE + 1];
	size_t n;

	switch (i % 3) {
	case 0:
		n = make(text, SIZE, 0);
		return shmlog_put(s, tag, (int)(i % 8), i, text, n);
	case 1:
		n = make_object(text, SIZE);
		return shmlog_put(s, tag, (int)(i % 8), i, text, n);
	default:
		(void)make(text, SIZE, 1);
		(void)make(other, SIZE, 1);
		return shmlog_printf(s, tag, (int)(i % 8), i,
		    "%s a=%s b=\"%s\" c=%d d=%g e=%c f=%p", text, other, text,
		    (int)below(1000) - 500, (double)below(1000) / 7,
		    (int)below(256), (void *)text);
	}
}

int
main(int argc, char *argv[])
{
	const struct shmlog_stream_options one = { .lanes = 1,
		.lane_size = (size_t)8 << 20 };
	struct shmlog_stream *stream;
	struct shmlog *log;
	uint64_t count;
	int tag;

	if (argc < 3)
		errx(2, "tool-nasty ident count [seed]");
	count = strtoull(argv[2], NULL, 10);
	state = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	if (state == 0)
		errx(2, "a seed is a number from 1");
	log = shmlog_open(NULL);
	stream = shmlog_stream(log, "nasty", argv[1], &one);
	if (shmlog_wait(log, 5000) != 0)
		err(1, "wait");
	tag = shmlog_tag(stream, "Nasty");
	for (uint64_t i = 0; i < count; i++)
		if (write_one(stream, tag, i) != 1)
			errx(1, "record %ju was not written", (uintmax_t)i);
	shmlog_close(log);
	return 0;
}
