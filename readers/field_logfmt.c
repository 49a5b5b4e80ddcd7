/*
 * field_logfmt.c -- `key=value key="a b"', and words.
 *
 * Keys are what they are in a format (common/format.h): letters, digits and
 * `_.-', at the beginning or behind a blank.
 */
#include "readers/field.h"
#include "readers/field_text.h"

#define FIRST 1u /* a key may begin with it */
#define KEY 2u   /* it may be in one */
#define BLANK 4u

/* What a byte may be. */
static const unsigned char sorts[256] = {
	['A' ... 'Z'] = FIRST | KEY,
	['a' ... 'z'] = FIRST | KEY,
	['_'] = FIRST | KEY,
	['0' ... '9'] = KEY,
	['.'] = KEY,
	['-'] = KEY,
	[' '] = BLANK,
	['\t'] = BLANK,
	['\n'] = BLANK,
};

static int
is_sort(char c, unsigned sort)
{
	return (sorts[(unsigned char)c] & sort) != 0;
}

static const char *
skip_word(const char *p, const char *end)
{
	while (p < end && !is_sort(*p, BLANK))
		p++;
	return p;
}

/*
 * The quote that closes the one at p; NULL: none that a blank or the end
 * follows.  In all of a text it takes time in proportion to it: one that opens
 * stands behind a blank or a `=' and so ends the search for an earlier one.
 */
static const char *
closing_quote(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	if (p >= end || (p + 1 < end && !is_blank(p[1])))
		return NULL;
	return p;
}

static void
take_value(struct pairs *s, const char *from, struct pair *p)
{
	const char *quote = NULL;

	p->escapes = 0;
	if (from < s->end && *from == '"')
		quote = closing_quote(from, s->end);
	if (quote == NULL) {
		s->at = skip_word(from, s->end);
		p->value = (struct bytes){ from, (size_t)(s->at - from) };
		return;
	}
	s->at = quote + 1;
	p->value = (struct bytes){ from + 1, (size_t)(quote - from - 1) };
	p->escapes = memchr(p->value.text, '\\', p->value.n) != NULL;
}

int
logfmt_next(struct pairs *s, struct pair *p)
{
	const char *from, *at;

	while (s->at < s->end) {
		from = at = s->at;
		if (is_sort(*at, FIRST))
			while (at < s->end && is_sort(*at, KEY))
				at++;
		if (at == from || at == s->end || *at != '=') {
			s->at = skip_word(at, s->end);
			if (s->at < s->end)
				s->at++;
			continue;
		}
		p->name = (struct bytes){ from, (size_t)(at - from) };
		take_value(s, at + 1, p);
		return 1;
	}
	return 0;
}

struct bytes
logfmt_plain(struct bytes b, struct buffer *to)
{
	size_t from = to->n;

	for (size_t i = 0; i < b.n; i++) {
		if (b.text[i] == '\\' && i + 1 < b.n &&
		    (b.text[i + 1] == '"' || b.text[i + 1] == '\\'))
			i++;
		buffer_byte(to, b.text[i]);
	}
	return (struct bytes){ to->data + from, to->n - from };
}

/* Where the word at p ends. */
static const char *
word_end(const char *p, const char *end)
{
	const char *from = p, *quote;

	for (; p < end && !is_blank(*p); p++) {
		if (*p != '"' || (p != from && p[-1] != '='))
			continue;
		quote = closing_quote(p, end);
		if (quote != NULL)
			return quote + 1;
	}
	return p;
}

void
field_word_of(struct bytes text, unsigned n, struct value *v)
{
	const char *p = text.text, *end = p + text.n, *from;

	v->kind = VALUE_NONE;
	while (p < end) {
		while (p < end && is_blank(*p))
			p++;
		from = p;
		p = word_end(p, end);
		if (p == from)
			return;
		if (--n != 0)
			continue;
		if (*from == '"' && closing_quote(from, end) == p - 1)
			*v = value_of(
			    (struct bytes){ from + 1, (size_t)(p - from - 2) });
		else
			*v = value_of(
			    (struct bytes){ from, (size_t)(p - from) });
		return;
	}
}

void
field_word(struct rec *r, unsigned n, struct value *v)
{
	rec_text(r);
	field_word_of(r->text, n, v);
}
