/*
 * buffer.c -- big writes, and text from strangers made harmless on terminals.
 */
#include "readers/buffer.h"

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/layout.h"
#include "readers/attach.h"
#include "common/digits.h"
#include "readers/option.h"
#include "readers/utf8.h"

#define BUFFER_SIZE ((size_t)256 << 10)
#define TIME_SECOND 20 /* of TIME_LENGTH */

void
buffer_init(struct buffer *b, int fd)
{
	memset(b, 0, sizeof(*b));
	b->fd = fd;
	b->size = fd == -1 ? 4096 : BUFFER_SIZE;
	b->data = malloc(b->size);
	if (b->data == NULL)
		err(1, "memory");
}

void
buffer_free(struct buffer *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
	b->fd = -1;
}

void
buffer_fit(struct buffer *b)
{
	char *data = realloc(b->data, b->n + TEXT_SLACK);

	if (data == NULL)
		return;
	b->data = data;
	b->size = b->n + TEXT_SLACK;
}

/* Waits for room in a pipe; 0, or -1 if we are to end and there is none. */
static int
wait_for_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	const struct timespec second = { .tv_sec = 1 };
	int asked = stop_asked();
	sigset_t all;

	/* no more signals: a second is one */
	(void)sigfillset(&all);
	return ppoll(&p, 1, &second, asked ? &all : NULL) == 0 && asked ? -1
									: 0;
}

/* Once we are to end, no more at a time than what there is room for: a blocking
 * write would not come back for a second signal. */
static ssize_t
write_some(int fd, const char *p, size_t n)
{
	if (stop_asked()) {
		if (wait_for_room(fd) != 0) {
			errno = ECANCELED;
			return -1;
		}
		if (n > PIPE_BUF)
			n = PIPE_BUF;
	}
	return write(fd, p, n);
}

int
buffer_flush(struct buffer *b)
{
	size_t done = 0;
	ssize_t n;

	if (b->fd == -1)
		return 0;
	while (done < b->n && b->error == 0) {
		n = write_some(b->fd, b->data + done, b->n - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			(void)wait_for_room(b->fd);
		else if (errno != EINTR)
			b->error = errno;
	}
	b->n = 0;
	return b->error == 0 ? 0 : -1;
}

const char *
buffer_why(int error)
{
	return error == ECANCELED ? "nobody reads it" : strerror(error);
}

int
buffer_exit(struct buffer *b)
{
	if (buffer_flush(b) == 0 || b->error == EPIPE)
		return 0;
	warnx("cannot write: %s", buffer_why(b->error));
	return 1;
}

char *
buffer_make_room(struct buffer *b, size_t n)
{
	size_t size = b->size;

	(void)buffer_flush(b);
	while (size - b->n < n)
		size *= 2;
	if (size != b->size) {
		b->data = realloc(b->data, size);
		if (b->data == NULL)
			err(1, "memory");
		b->size = size;
	}
	return b->data + b->n;
}

void
buffer_number(struct buffer *b, uint64_t v)
{
	char *end = digits_number(buffer_room(b, DIGITS_MAX), v);

	b->n = (size_t)(end - b->data);
}

void
buffer_signed(struct buffer *b, int64_t v)
{
	if (v < 0)
		buffer_byte(b, '-');
	buffer_number(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void
buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	must(n >= 0);
	(void)vsnprintf(
	    buffer_room(b, (size_t)n + 1), (size_t)n + 1, format, again);
	b->n += (size_t)n;
	va_end(again);
	va_end(args);
}

/* 0 where all eight stand for themselves on a terminal, or bits of those that
 * do not. */
static inline uint64_t
odd_ones(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;

	return ((w - ones * 0x20) | w | (w + ones)) & high;
}

/*
 * Copies bytes as long as they are plain, and returns how many that were: eight
 * at a time, and the last ones of many once more, for this is most of what a
 * reader does.  There is room for n.
 */
static inline size_t
copy_plain(char *to, const char *p, size_t n)
{
	size_t i = 0;
	uint64_t w;

	for (; n - i >= 8; i += 8) {
		memcpy(&w, p + i, sizeof(w));
		if (odd_ones(w) != 0)
			break;
		memcpy(to + i, &w, sizeof(w));
	}
	if (i >= 8 && n - i < 8) {
		memcpy(&w, p + n - 8, sizeof(w));
		if (odd_ones(w) == 0) {
			memcpy(to + n - 8, &w, sizeof(w));
			return n;
		}
	}
	for (; i < n && p[i] >= ' ' && p[i] <= '~'; i++)
		to[i] = p[i];
	return i;
}

/* What stands behind a backslash for a byte: `n' for a newline; 0: nothing. */
static char
escape_of(unsigned char c)
{
	return c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : '\0';
}

static void
put_hex(struct buffer *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	buffer_byte(b, hex[c >> 4]);
	buffer_byte(b, hex[c & 15]);
}

/* What is not plain: a sequence of UTF-8, or (code 0, n 1) a byte of none. */
static void
put_odd(struct buffer *b, const unsigned char *p, size_t n, uint32_t code)
{
	if (n > 1 && !utf8_is_harmful(code)) {
		buffer_put(b, p, n);
		return;
	}
	for (; n > 0; n--, p++) {
		char c = escape_of(*p);

		buffer_byte(b, '\\');
		buffer_byte(b, c != '\0' ? c : 'x');
		if (c == '\0')
			put_hex(b, *p);
	}
}

void
buffer_safe(struct buffer *b, const char *text, size_t n)
{
	const unsigned char *p;
	size_t run;
	uint32_t code;

	for (;;) {
		run = copy_plain(buffer_room(b, n), text, n);
		b->n += run;
		text += run;
		n -= run;
		if (n == 0)
			return;
		p = (const unsigned char *)text;
		run = utf8_length(p, n, &code);
		if (run == 0) {
			run = 1;
			code = 0;
		}
		put_odd(b, p, run, code);
		text += run;
		n -= run;
	}
}

void
buffer_name(struct buffer *b, const struct descriptor *d)
{
	buffer_put(b, d->type, strnlen(d->type, TYPE_MAX));
	buffer_byte(b, '.');
	buffer_put(b, d->ident, strnlen(d->ident, IDENT_MAX));
}

void
buffer_stream(struct buffer *b, const struct descriptor *d)
{
	buffer_safe(b, d->type, strnlen(d->type, TYPE_MAX));
	buffer_byte(b, '.');
	buffer_safe(b, d->ident, strnlen(d->ident, IDENT_MAX));
	buffer_byte(b, '[');
	buffer_number(b, d->owner_pid);
	buffer_byte(b, ']');
}

/* Up to the seconds and their point, made anew when these change. */
static const char *
second_text(uint64_t second)
{
	/* 64 bits of ns end in 2554 */
	static uint64_t cached = UINT64_MAX;
	static char text[64];
	time_t t = (time_t)second;
	struct tm tm;

	if (second != cached) {
		must(gmtime_r(&t, &tm) != NULL);
		must(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &tm) ==
		     TIME_SECOND);
		cached = second;
	}
	return text;
}

char *
time_put(char *to, uint64_t ns)
{
	memcpy(to, second_text(ns / NSEC), TIME_SECOND);
	digits_nine(to + TIME_SECOND, (uint32_t)(ns % NSEC));
	to[TIME_LENGTH - 1] = 'Z';
	return to + TIME_LENGTH;
}

void
buffer_time(struct buffer *b, uint64_t ns)
{
	(void)time_put(buffer_room(b, TIME_LENGTH), ns);
	b->n += TIME_LENGTH;
}

void
buffer_clock(struct buffer *b, uint64_t ns)
{
	time_t second = (time_t)(ns / NSEC);
	char text[sizeof("12:03:04")];
	struct tm tm;

	if (localtime_r(&second, &tm) == NULL ||
	    strftime(text, sizeof(text), "%H:%M:%S", &tm) == 0)
		return;
	buffer_text(b, text);
}
