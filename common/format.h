/*
 * format.h -- printf(3) in two parts: arguments stored now, formatted later.
 *
 * A WRITER parses a format once (format_parse()) and then, for each record,
 * puts the arguments into an array of words, one for each argument that the
 * conversions take, in their order (a `*' takes an int of its own): integers
 * extended to 64 bits, pointers as uintptr_t, a double's bits, the address of a
 * long double.  format_measure() tells how many bytes the payload has and
 * format_encode() stores them; layout.h says what they are (RECORD_ARGS).
 *
 * A READER compiles the format (format_compile()) and renders payloads: byte
 * for byte what printf would have written in the C locale, whatever the
 * reader's own locale is.  Text and payload are a stranger's: nothing in them
 * makes it read outside of them, or write or compute more than about
 * FORMAT_RENDER_MAX bytes.
 *
 * Not every format can be deferred; the others are for vsnprintf(3):
 *
 *	%n; %1$d; wide characters (%ls %lc %S %C); what C does not define, and
 *	a compiler warns of (%hs, %5%, %y); more than FORMAT_ARGS_MAX
 *	arguments; a text longer than FORMAT_TEXT_MAX or with a zero in it
 *
 * Threads: all functions here may be called from any; they keep no state.
 */
#ifndef SHMLOG_COMMON_FORMAT_H
#define SHMLOG_COMMON_FORMAT_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/layout.h"
#include "common/shared.h"

#define FORMAT_ARGS_MAX 16
#define FORMAT_TEXT_MAX 4096
#define FORMAT_STRING_MAX 4096 /* bytes stored of a string */
#define FORMAT_RENDER_MAX (1 << 20)
#define FORMAT_SPARE 4608 /* see format_render_spans() */

/* What a writer has to fetch, e.g. by va_arg(3). */
enum format_type {
	FORMAT_INT = 1, /* int or unsigned int, and what promotes to it */
	FORMAT_LONG,    /* long, long long, size_t, intmax_t ... */
	FORMAT_DOUBLE,
	FORMAT_LONG_DOUBLE, /* its word: the address of one */
	FORMAT_POINTER,     /* void * */
	FORMAT_STRING,      /* char *, NULL allowed */
};

#define FORMAT_NO_PRECISION UINT32_MAX
#define FORMAT_ARG_PRECISION (UINT32_MAX - 1) /* the argument before has it */

/* What a writer knows of a format; filled by format_parse(). */
struct format_args {
	uint32_t fixed;   /* bytes of the payload without the strings' own */
	uint16_t strings; /* bit i: argument i is a string */
	uint8_t count;
	uint8_t uses_errno;                  /* it has %m */
	uint8_t types[FORMAT_ARGS_MAX];      /* enum format_type */
	uint32_t precision[FORMAT_ARGS_MAX]; /* a string's: bytes read at most,
						or FORMAT_x_PRECISION */
};

int format_parse(const char *text, size_t length, struct format_args *);
/*
 * Says which arguments a format takes.  Returns how many, 0 to FORMAT_ARGS_MAX,
 * or -1 if it cannot be deferred.  Safe in a signal handler.
 */

/* Two numbers as they stand in a struct, as one word. */
static inline uint64_t
format_pair(uint32_t first, uint32_t second)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		   ? first | (uint64_t)second << 32
		   : second | (uint64_t)first << 32;
}

/* And each of them. */
static inline uint32_t
format_first(uint64_t pair)
{
	return (uint32_t)(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			      ? pair
			      : pair >> 32);
}

static inline uint32_t
format_second(uint64_t pair)
{
	return format_first(pair >> 32 | pair << 32);
}

/* How much of a string is stored; ARGS_ flags in the upper half. */
static inline uint64_t
format_string(const struct format_args *a, const uint64_t *words, unsigned i,
    uint32_t room)
{
	const char *s = (const char *)(uintptr_t)words[i];
	uint32_t max = room < FORMAT_STRING_MAX ? room : FORMAT_STRING_MAX;
	uint32_t precision = a->precision[i];
	size_t n;

	if (s == NULL)
		return (uint64_t)ARGS_NULL << 32;
	if (precision == FORMAT_ARG_PRECISION)
		precision = (uint32_t)words[i - 1]; /* < 0: more than max */
	if (precision <= max)
		return strnlen(s, precision);
	n = strnlen(s, max + 1);
	return n <= max ? n : max | (uint64_t)ARGS_CUT << 32;
}

/*
 * Returns the payload's length, a multiple of 8, at most `limit'; 0 if limit is
 * too small for the arguments without their strings.  Strings are cut at
 * FORMAT_STRING_MAX bytes and where `limit' ends, the last ones first.  Of
 * heads[] those of strings are filled, for format_encode().  Never reads a
 * string beyond its precision, its zero or what is stored of it and one byte.
 * Safe in a signal handler, as is format_encode().
 */
static inline uint32_t
format_measure(const struct format_args *a, const uint64_t *words,
    uint32_t limit, uint64_t *heads)
{
	uint32_t room, n;

	if (limit < a->fixed)
		return 0;
	room = (limit - a->fixed) & ~7u;
	limit = a->fixed;
	for (uint32_t left = a->strings; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		heads[i] = format_string(a, words, i, room);
		n = ((uint32_t)heads[i] + 7) & ~7u;
		room -= n;
		limit += n;
	}
	return limit;
}

/* The value only: what pads it is anything. */
static inline void
format_long_double(void *to, const long double *value)
{
	uint64_t w[2] = { 0, 0 };

	memcpy(w, value, sizeof(*value) < 16 ? sizeof(*value) : 16);
	if (LDBL_MANT_DIG == 64)
		w[1] &= 0xffff;
	shared_store(to, w[0]);
	shared_store((char *)to + 8, w[1]);
}

/* A string by the head that format_string() made for it; returns its end. */
static inline uint8_t *
format_bytes(uint8_t *p, uint64_t head, const char *from)
{
	size_t n = (uint32_t)head, end = (n + 7) & ~(size_t)7;

	shared_store(p, format_pair((uint32_t)head, (uint32_t)(head >> 32)));
	if (n != 0) {
		/* the last word's zeros, then all bytes */
		shared_store(p + end, 0);
		if (n <= SHARED_TEXT_MAX)
			shared_text(p + 8, from, n);
		else
			shared_put(p + 8, from, n);
	}
	return p + 8 + end;
}

/*
 * Stores the payload, of the length that format_measure() returned, at `to',
 * which is aligned to 8; it is only written to, never read.  `err' is what %m
 * shows.  A string that changed meanwhile is stored as it is now, with the
 * length that it had.
 */
static inline void
format_encode(void *to, const struct format_args *a, const uint64_t *words,
    const uint64_t *heads, uint32_t id, int err)
{
	uint8_t *p = to;

	shared_store(p, format_pair(id, (uint32_t)err));
	p += 8;
	for (unsigned i = 0; i < a->count; i++) {
		switch (a->types[i]) {
		case FORMAT_STRING:
			p = format_bytes(
			    p, heads[i], (const char *)(uintptr_t)words[i]);
			break;
		case FORMAT_LONG_DOUBLE:
			format_long_double(
			    p, (const long double *)(uintptr_t)words[i]);
			p += 16;
			break;
		default:
			shared_store(p, words[i]);
			p += 8;
		}
	}
}

/* The format's id in a payload; 0 if it is too short to have one. */
static inline uint32_t
format_id(const void *payload, size_t n)
{
	uint32_t id = 0;

	if (n >= 8)
		memcpy(&id, payload, sizeof(id));
	return id;
}

/*
 * Fields.  A format in logfmt has them: `key=value', where a key is of
 * [A-Za-z_][A-Za-z0-9_.-]*, at the beginning or behind a blank, and its value
 * goes up to a blank or from one quote to the next one (quotes not included).
 * If the value is one conversion and nothing else, the field has that one's
 * kind, otherwise it is text.
 */
enum field_kind {
	FIELD_TEXT, /* what is rendered there */
	FIELD_SIGNED,
	FIELD_UNSIGNED,
	FIELD_FLOAT,
	FIELD_CHAR,
	FIELD_STRING,
	FIELD_POINTER,
};

struct format_field {
	const char *name; /* in the compiled format; no zero ends it */
	uint32_t name_length;
	enum field_kind kind;
	char conversion;     /* `d', `x', ...; 0: text */
	int argument;        /* whose value it is, from 0; -1: text */
	uint32_t first, end; /* its pieces, for our own use */
};

/* Where a field's value was rendered; may be beyond `size'. */
struct format_span {
	uint32_t begin, end;
};

/* A field's value, by its kind. */
struct format_value {
	enum field_kind kind;
	union {
		int64_t i;  /* FIELD_SIGNED */
		uint64_t u; /* FIELD_UNSIGNED, _CHAR (a byte), _POINTER */
		double d;   /* FIELD_FLOAT */
		struct {
			const char *text; /* in the payload; NULL: it was */
			uint32_t length;  /* no zero ends it */
			int cut;          /* it was longer */
		} s;                      /* FIELD_STRING */
	};
};

struct format;

struct format *format_compile(const char *text, size_t length);
/*
 * For readers.  Keeps nothing of `text'.  NULL if it cannot be a deferred
 * format (errno EINVAL) or there is no memory (ENOMEM).  Freed by
 * format_free().
 */

void format_free(struct format *);
/* NULL is allowed. */

const struct format_field *format_fields(const struct format *, size_t *n);
/* The fields in the order of the text, n of them; they live as the format. */

int format_render(const struct format *, const void *payload, size_t n,
    char *to, size_t size);
/*
 * As snprintf(3): writes at most `size' bytes, the last one a zero, and returns
 * the length that there would have been; a %c may have put zeros into it.
 * Returns -1 if the payload does not fit the format, or what it makes is longer
 * than FORMAT_RENDER_MAX; `to' then holds anything.
 */

int format_render_spans(const struct format *, const void *payload, size_t n,
    char *to, size_t size, struct format_span *spans);
/* The same, and where each field's value stands: spans[] has one for each.
 * Most formats are rendered several times faster where there is room for n and
 * FORMAT_SPARE bytes. */

int format_render_text(const char *text, size_t length, const void *payload,
    size_t n, char *to, size_t size);
/*
 * The same as format_compile() and format_render(), without malloc(3): for a
 * writer that has to do it at once.  As safe in a signal handler as snprintf(3)
 * is, to which floating point and flags go.
 */

int format_value(const struct format *, const void *payload, size_t n,
    const struct format_field *, struct format_value *);
/*
 * Reads one field's value, nothing rendered.  A string is what would be shown
 * of it (its precision is heeded), without padding.  Returns 0, or -1: the
 * field is text, or the payload does not fit up to there.
 */

/*
 * A field's way: where its value lies in payloads of its format, looked up once
 * for many of them.  Reading it then costs a step for each string of the
 * payload.
 */
struct format_way {
	enum field_kind kind;
	uint8_t size;    /* of a number, in bytes */
	uint8_t strings; /* of the payload */
	uint8_t before;  /* how many of them come before the value */
	uint8_t offset;  /* of the value, behind the last of these */
	uint8_t gaps[FORMAT_ARGS_MAX + 1]; /* bytes before each string, and
					      behind the last one */
	int32_t precision;                 /* of a string; -1: none */
};

int format_way(
    const struct format *, const struct format_field *, struct format_way *);
/*
 * Returns 0, or -1: the field is text, or the format is not that simple (`*',
 * %Lf, very wide ones), and format_value() has to do it.
 */

int format_way_text(const struct format *, struct format_way *);
/*
 * The same of all the text: 0 if that is a number in decimal or a string, just
 * as it is (`%zu', `%s'), else -1.
 */

int format_way_value(const struct format_way *, const void *payload, size_t n,
    struct format_value *);
/*
 * What format_value() returns, but -1 for every payload that format_render()
 * would not take, wherever the fault is.
 */

/* The value's place in the payload; NULL: as above. */
static inline const uint8_t *
format_way_find(const struct format_way *w, const void *payload, size_t n)
{
	const uint8_t *p = payload;
	uint64_t at = w->gaps[0], value = w->offset, head;

	/* beyond n it may go, but not around; it is looked at again */
	for (unsigned i = 1; i <= w->strings; i++) {
		if (at + 8 > n)
			return NULL;
		memcpy(&head, p + at, 8);
		if ((format_second(head) & ARGS_NULL) != 0 &&
		    format_first(head) != 0)
			return NULL;
		at += 8 + (((uint64_t)format_first(head) + 7) & ~UINT64_C(7));
		if (i == w->before)
			value = at + w->offset;
		at += w->gaps[i];
	}
	return at == n ? p + value : NULL;
}

#endif
