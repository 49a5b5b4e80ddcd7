/*
 * json_copy.c -- a strict reader of JSON that copies what it reads.
 *
 * It does not recurse: what it is in is a bit a level.
 */
#include "readers/json_copy.h"

#include <string.h>

#include "common/digits.h"
#include "readers/utf8.h"

#define DEPTH_MAX 64
#define NUMBER_MAX 64

struct copy {
	const unsigned char *p, *end;
	struct buffer *to;
	uint64_t objects; /* bit i: level i is one, else an array */
	unsigned depth;
};

static void
skip_blanks(struct copy *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' ||
				    *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

/* If that is next (behind blanks): copies it, 1. */
static int
take(struct copy *c, char what)
{
	skip_blanks(c);
	if (c->p == c->end || *c->p != (unsigned char)what)
		return 0;
	buffer_byte(c->to, what);
	c->p++;
	return 1;
}

static int
is_digit(const struct copy *c, const unsigned char *p)
{
	return p < c->end && *p >= '0' && *p <= '9';
}

static int
copy_escape(struct copy *c)
{
	size_t n = 2;

	if (c->end - c->p < 2 || c->p[1] == '\0' ||
	    strchr("\"\\/bfnrtu", c->p[1]) == NULL)
		return -1;
	if (c->p[1] == 'u') {
		n = 6;
		if (c->end - c->p < 6)
			return -1;
		for (int i = 2; i < 6; i++)
			if (digits_hex_value((char)c->p[i]) == -1)
				return -1;
	}
	buffer_put(c->to, c->p, n);
	c->p += n;
	return 0;
}

/* What is no printable ASCII. */
static int
copy_odd(struct copy *c)
{
	uint32_t code;
	size_t n = utf8_length(c->p, (size_t)(c->end - c->p), &code);

	if (n == 0 || code < ' ')
		return -1;
	if (code == 0x7f || utf8_is_harmful(code))
		buffer_printf(c->to, "\\u%04x", code);
	else
		buffer_put(c->to, c->p, n);
	c->p += n;
	return 0;
}

static int
copy_string(struct copy *c)
{
	const unsigned char *from;

	if (!take(c, '"'))
		return -1;
	for (;;) {
		from = c->p;
		while (c->p < c->end && *c->p >= ' ' && *c->p < 0x7f &&
		       *c->p != '"' && *c->p != '\\')
			c->p++;
		buffer_put(c->to, from, (size_t)(c->p - from));
		if (c->p == c->end)
			return -1;
		if (*c->p == '"')
			return take(c, '"') - 1;
		if ((*c->p == '\\' ? copy_escape(c) : copy_odd(c)) != 0)
			return -1;
	}
}

static int
copy_number(struct copy *c)
{
	const unsigned char *from = c->p, *p = c->p;

	p += p < c->end && *p == '-';
	if (!is_digit(c, p))
		return -1;
	if (*p == '0')
		p++;
	else
		while (is_digit(c, p))
			p++;
	if (p < c->end && *p == '.') {
		if (!is_digit(c, ++p))
			return -1;
		while (is_digit(c, p))
			p++;
	}
	if (p < c->end && (*p | 0x20) == 'e') {
		p++;
		p += p < c->end && (*p == '-' || *p == '+');
		if (!is_digit(c, p))
			return -1;
		while (is_digit(c, p))
			p++;
	}
	if (p - from > NUMBER_MAX)
		return -1;
	buffer_put(c->to, from, (size_t)(p - from));
	c->p = p;
	return 0;
}

static int
copy_word(struct copy *c)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t n;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i]);
		if ((size_t)(c->end - c->p) < n ||
		    memcmp(c->p, words[i], n) != 0)
			continue;
		buffer_put(c->to, words[i], n);
		c->p += n;
		return 0;
	}
	return copy_number(c);
}

static int
is_in_object(const struct copy *c)
{
	return (c->objects >> (c->depth - 1) & 1) != 0;
}

static int
copy_key(struct copy *c)
{
	return copy_string(c) == 0 && take(c, ':') ? 0 : -1;
}

/* Up to the first value in an object or array that begins here; 1: it is empty.
 */
static int
copy_opening(struct copy *c, int object)
{
	if (c->depth == DEPTH_MAX)
		return -1;
	if (take(c, object ? '}' : ']'))
		return 1;
	c->objects &= ~(UINT64_C(1) << c->depth);
	c->objects |= (uint64_t)object << c->depth;
	c->depth++;
	return object ? copy_key(c) : 0;
}

/* A scalar, or an empty object or array: 1.  0: one has begun, a value is next.
 */
static int
copy_value(struct copy *c)
{
	if (take(c, '{'))
		return copy_opening(c, 1);
	if (take(c, '['))
		return copy_opening(c, 0);
	if (c->p == c->end)
		return -1;
	if (*c->p == '"')
		return copy_string(c) == 0 ? 1 : -1;
	return copy_word(c) == 0 ? 1 : -1;
}

/* Behind a value, up to the next one: 0; 1: there is none. */
static int
copy_between(struct copy *c)
{
	while (c->depth != 0) {
		if (take(c, ','))
			return is_in_object(c) ? copy_key(c) : 0;
		if (!take(c, is_in_object(c) ? '}' : ']'))
			return -1;
		c->depth--;
	}
	return 1;
}

int
json_copy(struct buffer *b, const char *text, size_t n)
{
	struct copy c = { .p = (const unsigned char *)text,
		.end = (const unsigned char *)text + n,
		.to = b };
	int got = 0;

	skip_blanks(&c);
	if (c.p == c.end || *c.p != '{')
		return -1;
	while (got == 0) {
		got = copy_value(&c);
		if (got == 1)
			got = copy_between(&c);
	}
	skip_blanks(&c);
	return got == 1 && c.p == c.end ? 0 : -1;
}
