/*
 * field_json.c -- the members of a JSON object.
 *
 * Only as strict as it must be to tell where a value ends: what is in nested
 * objects and arrays is passed over by counting brackets.  A member is one when
 * a `,' or `}' follows: half a number is none.
 */
#include "readers/field_text.h"

#include <string.h>

#include "common/digits.h"

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (is_blank(*p) || *p == '\r'))
		p++;
	return p;
}

/* The quote that closes the one at p, or NULL. */
static const char *
string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p : NULL;
}

/* Behind an object or array, or NULL. */
static const char *
skip_nested(const char *p, const char *end)
{
	size_t depth = 0;

	for (; p < end; p++) {
		switch (*p) {
		case '"':
			p = string_end(p, end);
			if (p == NULL)
				return NULL;
			break;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			if (--depth == 0)
				return p + 1;
			break;
		default:
			break;
		}
	}
	return NULL;
}

int
json_begin(struct pairs *s, struct bytes text)
{
	const char *p = text.text;

	s->end = p + text.n;
	p = skip_space(p, s->end);
	if (p == s->end || *p != '{')
		return 0;
	s->at = skip_space(p + 1, s->end);
	return s->at < s->end && (*s->at == '"' || *s->at == '}');
}

/* Takes a string at p; its end, or NULL. */
static const char *
take_string(const char *p, const char *end, struct bytes *to, int *escapes)
{
	const char *quote;

	if (p >= end || *p != '"')
		return NULL;
	quote = string_end(p, end);
	if (quote == NULL)
		return NULL;
	*to = (struct bytes){ p + 1, (size_t)(quote - p - 1) };
	*escapes = memchr(to->text, '\\', to->n) != NULL;
	return quote + 1;
}

/* true, false, null, a number: its end, or NULL. */
static const char *
take_word(const char *p, const char *end, struct member *m)
{
	const char *from = p;
	struct value number;
	size_t n;

	while (p < end && *p != ',' && *p != '}' && *p != '\r' && !is_blank(*p))
		p++;
	m->value = (struct bytes){ from, (size_t)(p - from) };
	if (bytes_are(m->value, "null"))
		m->kind = VALUE_NULL;
	else if (bytes_are(m->value, "true") || bytes_are(m->value, "false"))
		m->kind = VALUE_BOOL;
	else if (number_scan(m->value, &number, &n) == 0 && n == m->value.n)
		m->kind = VALUE_SIGNED;
	else
		return NULL;
	return p;
}

static const char *
take_value(const char *p, const char *end, struct member *m)
{
	const char *from = p;

	m->escapes = 0;
	if (p == end)
		return NULL;
	m->kind = VALUE_TEXT;
	if (*p == '"')
		return take_string(p, end, &m->value, &m->escapes);
	if (*p != '{' && *p != '[')
		return take_word(p, end, m);
	p = skip_nested(p, end);
	if (p != NULL)
		m->value = (struct bytes){ from, (size_t)(p - from) };
	return p;
}

int
json_next(struct pairs *s, struct member *m)
{
	const char *p = s->at, *end = s->end;

	s->at = end; /* unless all is well */
	p = take_string(p, end, &m->name, &m->name_escapes);
	if (p == NULL)
		return 0;
	p = skip_space(p, end);
	if (p == end || *p != ':')
		return 0;
	p = take_value(skip_space(p + 1, end), end, m);
	if (p == NULL)
		return 0;
	p = skip_space(p, end);
	if (p == end || (*p != ',' && *p != '}'))
		return 0;
	if (*p == ',')
		s->at = skip_space(p + 1, end);
	return 1;
}

/* Four hexadecimal digits; 0 and *to, or -1. */
static int
take_unit(const char *p, const char *end, uint32_t *to)
{
	uint32_t v = 0;
	int digit;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		digit = digits_hex_value(p[i]);
		if (digit == -1)
			return -1;
		v = v << 4 | (uint32_t)digit;
	}
	*to = v;
	return 0;
}

static void
put_utf8(struct buffer *b, uint32_t c)
{
	if (c < 0x80) {
		buffer_byte(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buffer_byte(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buffer_byte(b, (char)(0xe0 | c >> 12));
		} else {
			buffer_byte(b, (char)(0xf0 | c >> 18));
			buffer_byte(b, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buffer_byte(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buffer_byte(b, (char)(0x80 | (c & 0x3f)));
}

/* What \u, which p is behind, stands for; returns where that ends. */
static const char *
put_unit(struct buffer *b, const char *p, const char *end)
{
	uint32_t c, low;

	if (take_unit(p, end, &c) == -1) {
		buffer_put(b, "\\u", 2);
		return p;
	}
	p += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u' && take_unit(p + 2, end, &low) == 0 && low >= 0xdc00 &&
	    low < 0xe000) {
		p += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	put_utf8(b, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return p;
}

struct bytes
json_plain(struct bytes s, struct buffer *b)
{
	static const char escapes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *p = s.text, *end = p + s.n, *found;
	size_t from = b->n;

	while (p < end) {
		if (*p != '\\' || p + 1 == end) {
			buffer_byte(b, *p++);
			continue;
		}
		p += 2;
		if (p[-1] == 'u') {
			p = put_unit(b, p, end);
			continue;
		}
		found = p[-1] == '\0' ? NULL : strchr(escapes, p[-1]);
		if (found == NULL)
			buffer_byte(b, '\\');
		buffer_byte(b, found == NULL ? p[-1] : means[found - escapes]);
	}
	return (struct bytes){ b->data + from, b->n - from };
}
