/*
 * buffer.h -- output that is put together in memory and written in big pieces,
 * and text from strangers made fit for a terminal or for JSON.
 */
#ifndef SHMLOG_READERS_BUFFER_H
#define SHMLOG_READERS_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct descriptor;

/* fd -1: nothing is ever written, it grows instead. */
struct buffer {
	char *data;
	size_t n;    /* bytes in it */
	size_t size; /* room */
	int fd;
	int error; /* errno of the write that failed; then all is dropped */
};

/* Exits if there is no memory, as do the others. */
void buffer_init(struct buffer *, int fd);
void buffer_free(struct buffer *);
/* Gives back what room it does not use, but for TEXT_SLACK: for one of many
 * that stay. */
void buffer_fit(struct buffer *);

/*
 * Copies n bytes, mostly a few, to p where there is room for TEXT_SLACK more,
 * from where as many can be read behind them: no call, no look at n.  Returns
 * where they end.
 */
#define TEXT_SLACK 32
static inline char *
text_append(char *p, const char *text, size_t n)
{
	memcpy(p, text, TEXT_SLACK);
	if (n > TEXT_SLACK)
		memcpy(p + TEXT_SLACK, text + TEXT_SLACK, n - TEXT_SLACK);
	return p + n;
}

/*
 * Writes all that is in it; blocks as long as its reader does, but gives up a
 * second after stop_asked(), or two, with ECANCELED.  0, or -1: error is set,
 * now or before.
 */
int buffer_flush(struct buffer *);

/* What an error of a buffer's means, for people. */
const char *buffer_why(int error);

/*
 * What to exit with after the last flush: 0; 0 for EPIPE (whoever read us has
 * had enough); 1 for anything else, told on stderr.
 */
int buffer_exit(struct buffer *);

/* buffer_room(), when there is none: flushes or grows. */
char *buffer_make_room(struct buffer *, size_t n);

/* Room for n bytes more, in one piece; then b->n is moved by the caller. */
static inline char *
buffer_room(struct buffer *b, size_t n)
{
	if (b->size - b->n >= n)
		return b->data + b->n;
	return buffer_make_room(b, n);
}

static inline void
buffer_put(struct buffer *b, const void *data, size_t n)
{
	memcpy(buffer_room(b, n), data, n);
	b->n += n;
}

static inline void
buffer_byte(struct buffer *b, char c)
{
	*buffer_room(b, 1) = c;
	b->n++;
}

static inline void
buffer_text(struct buffer *b, const char *text)
{
	buffer_put(b, text, strlen(text));
}

void buffer_number(struct buffer *, uint64_t);
void buffer_signed(struct buffer *, int64_t);
void buffer_printf(struct buffer *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * n bytes as a JSON string, quotes included.  Always valid JSON and valid
 * UTF-8: a byte that is not part of valid UTF-8 becomes \u00XX of its value;
 * returns 1 if there was one, else 0.  What buffer_safe() would not let through
 * is written as \uXXXX.
 */
int buffer_json(struct buffer *, const char *text, size_t n);

/*
 * n bytes for a terminal: control characters (C1 and those that turn the
 * direction of writing around included) and bytes that are no UTF-8 become
 * \n, \t, \r or \xXX.
 */
void buffer_safe(struct buffer *, const char *text, size_t n);

/* A stream's type.ident, as they are. */
void buffer_name(struct buffer *, const struct descriptor *);
/* A stream's name for a terminal, as everybody shows it: type.ident[pid]. */
void buffer_stream(struct buffer *, const struct descriptor *);

/* A time in ns since the epoch by RFC 3339, in UTC, without quotes. */
#define TIME_LENGTH 30
void buffer_time(struct buffer *, uint64_t ns);
/* The same, where there is room; returns its end. */
char *time_put(char *to, uint64_t ns);
/* The time of the day, local: 12:03:04. */
void buffer_clock(struct buffer *, uint64_t ns);

#endif
