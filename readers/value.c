/*
 * value.c -- numbers in and out of text, and beside one another.
 */
#include "readers/value.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/digits.h"

#define NUMBER_MAX 63 /* bytes of a number that is no plain integer */

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t
skip_digits(struct bytes b, size_t at)
{
	while (at < b.n && is_digit(b.text[at]))
		at++;
	return at;
}

/* Whole digits; 0, or -1: 64 bits do not hold it. */
static int
whole(const char *p, size_t n, uint64_t base, uint64_t *to)
{
	uint64_t v = 0, digit;

	for (size_t i = 0; i < n; i++) {
		digit = (uint64_t)digits_hex_value(p[i]);
		if (v > (UINT64_MAX - digit) / base)
			return -1;
		v = v * base + digit;
	}
	*to = v;
	return 0;
}

static void
set_whole(struct value *to, int negative, uint64_t v)
{
	if (!negative) {
		to->kind = VALUE_UNSIGNED;
		to->u = v;
	} else if (v <= (uint64_t)INT64_MAX + 1) {
		to->kind = VALUE_SIGNED;
		to->i = (int64_t)-v;
	} else {
		to->kind = VALUE_FLOAT;
		to->d = -(double)v;
	}
}

/* By strtod(3), which wants a zero, and whose point is the locale's. */
static int
scan_float(const char *p, size_t n, struct value *to)
{
	static locale_t c;
	char text[NUMBER_MAX + 1];

	if (n > NUMBER_MAX)
		return -1;
	if (c == (locale_t)0)
		c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	memcpy(text, p, n);
	text[n] = '\0';
	to->kind = VALUE_FLOAT;
	to->d = c == (locale_t)0 ? strtod(text, NULL) : strtod_l(text, NULL, c);
	return 0;
}

static int
scan_hex(struct bytes b, size_t at, int negative, struct value *to, size_t *end)
{
	size_t from = at += 2;
	uint64_t v;

	while (at < b.n && digits_hex_value(b.text[at]) != -1)
		at++;
	*end = at;
	if (whole(b.text + from, at - from, 16, &v) == -1)
		return -1;
	set_whole(to, negative, v);
	return 0;
}

/* Where fraction and exponent end, if they are whole. */
static size_t
skip_rest(struct bytes b, size_t at)
{
	size_t e;

	if (at + 1 < b.n && b.text[at] == '.' && is_digit(b.text[at + 1]))
		at = skip_digits(b, at + 1);
	if (at < b.n && (b.text[at] | 0x20) == 'e') {
		e = at + 1;
		if (e < b.n && (b.text[e] == '-' || b.text[e] == '+'))
			e++;
		if (e < b.n && is_digit(b.text[e]))
			at = skip_digits(b, e);
	}
	return at;
}

int
number_scan(struct bytes b, struct value *to, size_t *end)
{
	int negative = b.n != 0 && b.text[0] == '-';
	size_t from = negative || (b.n != 0 && b.text[0] == '+');
	size_t digits = skip_digits(b, from);
	uint64_t v;

	if (digits == from)
		return -1;
	if (digits == from + 1 && b.text[from] == '0' && b.n >= from + 3 &&
	    (b.text[from + 1] | 0x20) == 'x' &&
	    digits_hex_value(b.text[from + 2]) != -1)
		return scan_hex(b, from, negative, to, end);
	*end = skip_rest(b, digits);
	if (*end != digits || whole(b.text + from, digits - from, 10, &v) == -1)
		return scan_float(b.text, *end, to);
	set_whole(to, negative, v);
	return 0;
}

int
value_exact(const struct value *v, struct value *to)
{
	size_t end;

	switch (v->kind) {
	case VALUE_SIGNED:
	case VALUE_UNSIGNED:
	case VALUE_FLOAT:
		*to = *v;
		return 0;
	case VALUE_TEXT:
		if (number_scan(v->s, to, &end) == 0 && end == v->s.n)
			return 0;
		break;
	case VALUE_NONE:
	case VALUE_NULL:
	case VALUE_BOOL:
		break;
	}
	return -1;
}

int
value_number(const struct value *v, double *d)
{
	struct value n;

	if (value_exact(v, &n) == -1)
		return -1;
	*d = n.kind == VALUE_FLOAT    ? n.d
	     : n.kind == VALUE_SIGNED ? (double)n.i
				      : (double)n.u;
	return 0;
}

static int
sign_of(int less, int more)
{
	return more - less;
}

/* A whole number beside a floating point one. */
static int
compare_whole(const struct value *w, double d)
{
	double toward = trunc(d); /* zero */

	if (isnan(d))
		return 2;
	if (w->kind == VALUE_SIGNED && w->i < 0) {
		if (d >= 0)
			return -1;
		if (toward < -0x1p63)
			return 1;
		if (w->i != (int64_t)toward)
			return w->i < (int64_t)toward ? -1 : 1;
	} else {
		if (d < 0)
			return 1;
		if (toward >= 0x1p64)
			return -1;
		if (w->u != (uint64_t)toward)
			return w->u < (uint64_t)toward ? -1 : 1;
	}
	return sign_of(toward<d, toward> d);
}

int
number_compare(const struct value *a, const struct value *b)
{
	int minus_a, minus_b, got;

	if (a->kind == VALUE_FLOAT && b->kind == VALUE_FLOAT)
		return isunordered(a->d, b->d) ? 2
					       : sign_of(a->d<b->d, a->d> b->d);
	if (b->kind == VALUE_FLOAT)
		return compare_whole(a, b->d);
	if (a->kind == VALUE_FLOAT) {
		got = compare_whole(b, a->d);
		return got == 2 ? 2 : -got;
	}
	minus_a = a->kind == VALUE_SIGNED && a->i < 0;
	minus_b = b->kind == VALUE_SIGNED && b->i < 0;
	if (minus_a != minus_b)
		return sign_of(minus_a, minus_b);
	/* of one sign they are in the order of their bits */
	return sign_of(a->u<b->u, a->u> b->u);
}

static size_t
print_float(double d, char to[32])
{
	int n = 0;

	if (isnan(d))
		return (size_t)snprintf(to, 32, "nan");
	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(to, 32, "%.*g", digits, d);
		if (strtod(to, NULL) == d)
			break;
	}
	return (size_t)n;
}

static size_t
print_whole(int negative, uint64_t v, char to[32])
{
	char digits[20];
	size_t i = sizeof(digits), n = 0;

	do
		digits[--i] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	if (negative)
		to[n++] = '-';
	memcpy(to + n, digits + i, sizeof(digits) - i);
	return n + sizeof(digits) - i;
}

struct bytes
value_text(const struct value *v, char to[32])
{
	switch (v->kind) {
	case VALUE_NONE:
		break;
	case VALUE_NULL:
		return (struct bytes){ "null", 4 };
	case VALUE_BOOL:
		return v->u ? (struct bytes){ "true", 4 }
			    : (struct bytes){ "false", 5 };
	case VALUE_SIGNED:
		return (struct bytes){ to,
			print_whole(v->i < 0,
			    v->i < 0 ? -(uint64_t)v->i : (uint64_t)v->i, to) };
	case VALUE_UNSIGNED:
		return (struct bytes){ to, print_whole(0, v->u, to) };
	case VALUE_FLOAT:
		return (struct bytes){ to, print_float(v->d, to) };
	case VALUE_TEXT:
		return v->s;
	}
	return (struct bytes){ "", 0 };
}
