/*
 * buffer.c -- big writes, and text from strangers made harmless.
 */
#include "readers/buffer.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/layout.h"
#include "readers/attach.h"
#include "readers/option.h"

#define BUFFER_SIZE ((size_t)256 << 10)

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
	int asked = stop_asked();

	if (poll(&p, 1, 1000) == 0 && asked)
		return -1;
	return 0;
}

int
buffer_flush(struct buffer *b)
{
	size_t done = 0;
	ssize_t n;

	if (b->fd == -1)
		return 0;
	while (done < b->n && b->error == 0) {
		/* a blocking write would not come back for a second signal */
		if (stop_asked() && wait_for_room(b->fd) != 0)
			break;
		n = write(b->fd, b->data + done, b->n - done);
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

int
buffer_exit(struct buffer *b)
{
	if (buffer_flush(b) == 0 || b->error == EPIPE)
		return 0;
	warnx("cannot write: %s", strerror(b->error));
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

/* Two digits at a time: half the divisions, which are what it costs. */
static const char pairs[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

void
buffer_number(struct buffer *b, uint64_t v)
{
	char digits[20];
	size_t i = sizeof(digits);

	for (; v >= 100; v /= 100)
		memcpy(digits + (i -= 2), pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(digits + (i -= 2), pairs + v * 2, 2);
	else
		digits[--i] = (char)('0' + v);
	buffer_put(b, digits + i, sizeof(digits) - i);
}

void
digits_put(char *to, uint32_t v)
{
	/* no division waits for another one but the first */
	const uint32_t high = v / 10000 % 100, low = v % 10000;

	memcpy(to, pairs + high * 2, 2);
	memcpy(to + 2, pairs + low / 100 * 2, 2);
	memcpy(to + 4, pairs + low % 100 * 2, 2);
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

/* Whether a byte stands for itself: in JSON, or on a terminal. */
static inline int
is_plain(char c, int json)
{
	return c >= ' ' && c <= '~' && !(json && (c == '"' || c == '\\'));
}

/* The same for eight: 0, or bits of those that do not. */
static inline uint64_t
odd_ones(uint64_t w, int json)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t odd = (w - ones * 0x20) | w | (w + ones);

	if (json)
		odd |= ((w ^ ones * '"') - ones) | ((w ^ ones * '\\') - ones);
	return odd & high;
}

/*
 * Copies bytes as long as they are plain, and returns how many that were: eight
 * at a time, and the last ones of many once more, for this is most of what a
 * reader does.  There is room for n.
 */
static inline size_t
copy_plain(char *to, const char *p, size_t n, int json)
{
	size_t i = 0;
	uint64_t w;

	for (; n - i >= 8; i += 8) {
		memcpy(&w, p + i, sizeof(w));
		if (odd_ones(w, json) != 0)
			break;
		memcpy(to + i, &w, sizeof(w));
	}
	if (i >= 8 && n - i < 8) {
		memcpy(&w, p + n - 8, sizeof(w));
		if (odd_ones(w, json) == 0) {
			memcpy(to + n - 8, &w, sizeof(w));
			return n;
		}
	}
	for (; i < n && is_plain(p[i], json); i++)
		to[i] = p[i];
	return i;
}

/*
 * The length of the UTF-8 sequence at p (RFC 3629: no surrogates, none longer
 * than need be) and its code point; 0: it is none.
 */
static size_t
utf8(const unsigned char *p, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < length)
		return 0;
	*code = p[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	if (*code < least[length] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

/* What is not plain: a sequence of UTF-8, or (code 0, n 1) a byte of none. */
typedef void put_odd(
    struct buffer *, const unsigned char *p, size_t n, uint32_t code);

static inline void
put_text(struct buffer *b, const char *text, size_t n, int json, put_odd *put)
{
	const unsigned char *p;
	size_t run;
	uint32_t code;

	for (;;) {
		run = copy_plain(buffer_room(b, n), text, n, json);
		b->n += run;
		text += run;
		n -= run;
		if (n == 0)
			return;
		p = (const unsigned char *)text;
		run = utf8(p, n, &code);
		if (run == 0) {
			run = 1;
			code = 0;
		}
		put(b, p, run, code);
		text += run;
		n -= run;
	}
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

static void
put_json(struct buffer *b, const unsigned char *p, size_t n, uint32_t code)
{
	char c = *p == '"' || *p == '\\' ? (char)*p : escape_of(*p);

	(void)code;
	if (n > 1) {
		buffer_put(b, p, n);
	} else if (c != '\0') {
		buffer_byte(b, '\\');
		buffer_byte(b, c);
	} else {
		buffer_put(b, "\\u00", 4);
		put_hex(b, *p);
	}
}

void
buffer_json(struct buffer *b, const char *text, size_t n)
{
	(void)buffer_room(b, n + 2);
	buffer_byte(b, '"');
	put_text(b, text, n, 1, put_json);
	buffer_byte(b, '"');
}

/* C1, the line separators, and what turns the direction of writing around. */
static int
is_harmful(uint32_t code)
{
	return code < 0xa0 || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static void
put_safe(struct buffer *b, const unsigned char *p, size_t n, uint32_t code)
{
	if (n > 1 && !is_harmful(code)) {
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
	put_text(b, text, n, 0, put_safe);
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

void
buffer_time(struct buffer *b, uint64_t ns)
{
	/* made anew when the second changes; 64 bits of ns end in 2554 */
	static uint64_t cached = UINT64_MAX;
	static char text[64];
	static size_t length;
	uint64_t second = ns / NSEC, part = ns % NSEC;
	time_t t = (time_t)second;
	struct tm tm;
	char *p;

	if (second != cached) {
		must(gmtime_r(&t, &tm) != NULL);
		length =
		    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &tm);
		cached = second;
	}
	buffer_put(b, text, length);
	p = buffer_room(b, 10);
	digits_put(p, (uint32_t)(part / 1000));
	digits_put(p + 3, (uint32_t)(part % 1000000));
	p[9] = 'Z';
	b->n += 10;
}
