/*
 * query_literal.c -- strings and numbers of a query, and the units of numbers.
 */
#include <math.h>
#include <string.h>

#include "common/digits.h"
#include "readers/field_text.h"
#include "readers/query_private.h"

int
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_-.*?/@%$+", c)) ||
	       (unsigned char)c >= 0x80;
}

size_t
token_end(struct bytes t, size_t at)
{
	size_t from = at;
	char quote;

	if (at == t.n)
		return at;
	quote = t.text[at];
	if (quote == '"' || quote == '\'') {
		for (at++; at < t.n && t.text[at] != quote; at++)
			if (t.text[at] == '\\')
				at++;
		return at < t.n ? at + 1 : t.n;
	}
	while (at < t.n && is_name_byte(t.text[at]))
		at++;
	if (at == from)
		while (at < t.n && strchr("=!<>~&|", t.text[at]) != NULL &&
		       t.text[at] != '\0')
			at++;
	return at == from ? at + 1 : at;
}

/* What follows a backslash at `at'; how many bytes that is, 0: no escape. */
static size_t
escape(struct bytes t, size_t at, char *to)
{
	static const char escapes[] = "\\\"'ntr", means[] = "\\\"'\n\t\r";
	const char *p = t.text[at] == '\0' ? NULL : strchr(escapes, t.text[at]);
	int high, low;

	if (p != NULL) {
		*to = means[p - escapes];
		return 1;
	}
	if (t.text[at] != 'x' || t.n - at < 3)
		return 0;
	high = digits_hex_value(t.text[at + 1]);
	low = digits_hex_value(t.text[at + 2]);
	if (high == -1 || low == -1)
		return 0;
	*to = (char)(high << 4 | low);
	return 3;
}

const char *
literal_string(struct bytes t, size_t from, char *copy, int is_pattern,
    struct bytes *to, size_t *end)
{
	char quote = t.text[from], *out = copy + from, c;
	size_t at = from + 1, n;

	*to = (struct bytes){ out, 0 };
	while (at < t.n && t.text[at] != quote && t.text[at] != '\n') {
		c = t.text[at++];
		if (c == '\\' && at < t.n && is_pattern) {
			if (t.text[at] != quote)
				*out++ = c;
			c = t.text[at++];
		} else if (c == '\\' && at < t.n) {
			n = escape(t, at, &c);
			*end = at - 1;
			if (n == 0)
				return "there is no such escape: there are "
				       "\\\\ \\\" \\' \\n \\t \\r \\xHH";
			at += n;
		}
		*out++ = c;
	}
	*end = from;
	if (at >= t.n || t.text[at] != quote)
		return "this quote is not closed";
	to->n = (size_t)(out - to->text);
	*end = at + 1;
	return NULL;
}

struct unit {
	const char *name;
	enum unit_sort sort;
	uint64_t factor; /* of times: ns */
};

#define KIBI UINT64_C(1024)

static const struct unit units[] = {
	{ "k", UNIT_SCALE, 1000 },
	{ "K", UNIT_SCALE, 1000 },
	{ "M", UNIT_SCALE, 1000000 },
	{ "G", UNIT_SCALE, 1000000000 },
	{ "T", UNIT_SCALE, UINT64_C(1000000000000) },
	{ "Ki", UNIT_SCALE, KIBI },
	{ "Mi", UNIT_SCALE, KIBI *KIBI },
	{ "Gi", UNIT_SCALE, KIBI *KIBI *KIBI },
	{ "Ti", UNIT_SCALE, KIBI *KIBI *KIBI *KIBI },
	{ "B", UNIT_SCALE, 1 },
	{ "ns", UNIT_TIME, 1 },
	{ "us", UNIT_TIME, 1000 },
	{ "\xc2\xb5s", UNIT_TIME, 1000 },
	{ "\xce\xbcs", UNIT_TIME, 1000 },
	{ "ms", UNIT_TIME, 1000000 },
	{ "s", UNIT_TIME, UINT64_C(1000000000) },
	{ "m", UNIT_TIME, UINT64_C(60000000000) },
	{ "min", UNIT_TIME, UINT64_C(60000000000) },
	{ "h", UNIT_TIME, UINT64_C(3600000000000) },
	{ "d", UNIT_TIME, UINT64_C(86400000000000) },
};

static const struct unit *
find_unit(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == n &&
		    memcmp(units[i].name, name, n) == 0)
			return &units[i];
	return NULL;
}

/* A number and its unit; 0, or -1. */
static int
scan_unit(struct bytes b, struct value *number, const struct unit **unit)
{
	size_t end;

	*unit = NULL;
	if (number_scan(b, number, &end) == -1)
		return -1;
	if (end == b.n)
		return 0;
	*unit = find_unit(b.text + end, b.n - end);
	if (*unit == NULL && b.n - end > 1 && b.text[b.n - 1] == 'B') {
		*unit = find_unit(b.text + end, b.n - end - 1);
		if (*unit != NULL && (*unit)->sort != UNIT_SCALE)
			*unit = NULL;
	}
	return *unit == NULL ? -1 : 0;
}

static void
make_float(struct value *v)
{
	(void)value_number(v, &v->d);
	v->kind = VALUE_FLOAT;
}

/* Floating point that is a whole number below 2^53 is exact as that. */
static void
make_whole(struct value *v)
{
	if (v->kind != VALUE_FLOAT || !(fabs(v->d) < 0x1p53) ||
	    (double)(int64_t)v->d != v->d)
		return;
	v->i = (int64_t)v->d;
	v->kind = VALUE_SIGNED;
}

static void
multiply(struct value *v, uint64_t factor)
{
	if (v->kind == VALUE_UNSIGNED && v->u <= UINT64_MAX / factor) {
		v->u *= factor;
		return;
	}
	make_float(v);
	v->d *= (double)factor;
	make_whole(v);
}

static void
divide(struct value *v, uint64_t by)
{
	if (v->kind == VALUE_UNSIGNED && v->u % by == 0) {
		v->u /= by;
		return;
	}
	make_float(v);
	v->d /= (double)by;
	make_whole(v);
}

/* In how many ns a field counts, by the end of its name. */
static uint64_t
unit_of_name(struct bytes name)
{
	static const struct unit ends[] = {
		{ "us", UNIT_TIME, 1000 },
		{ "usec", UNIT_TIME, 1000 },
		{ "ms", UNIT_TIME, 1000000 },
		{ "msec", UNIT_TIME, 1000000 },
		{ "s", UNIT_TIME, UINT64_C(1000000000) },
		{ "sec", UNIT_TIME, UINT64_C(1000000000) },
		{ "secs", UNIT_TIME, UINT64_C(1000000000) },
		{ "seconds", UNIT_TIME, UINT64_C(1000000000) },
		{ "min", UNIT_TIME, UINT64_C(60000000000) },
		{ "minutes", UNIT_TIME, UINT64_C(60000000000) },
	};
	size_t at = name.n;

	while (at > 0 && strchr("_.-", name.text[at - 1]) == NULL)
		at--;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strlen(ends[i].name) == name.n - at &&
		    memcmp(ends[i].name, name.text + at, name.n - at) == 0)
			return ends[i].factor;
	return 1;
}

int
literal_number(struct bytes b, struct bytes name, struct test *t)
{
	const struct unit *unit;

	if (scan_unit(b, &t->number, &unit) == -1)
		return -1;
	if (unit != NULL)
		multiply(&t->number, unit->factor);
	t->absolute = t->number;
	t->unit = unit == NULL ? UNIT_NONE : unit->sort;
	if (t->unit == UNIT_TIME)
		divide(&t->number, unit_of_name(name));
	return 0;
}

int
unit_number(struct bytes b, enum unit_sort sort, struct value *v)
{
	const struct unit *unit;

	if (scan_unit(b, v, &unit) == -1 || unit == NULL || unit->sort != sort)
		return -1;
	multiply(v, unit->factor);
	return 0;
}
