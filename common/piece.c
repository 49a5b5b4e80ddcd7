/*
 * piece.c -- take a printf format apart as glibc does, and a payload.
 *
 * %[flags][width][.precision][modifier]conversion, in this order.  What glibc
 * takes but C does not define is refused: the compiler has warned of it.
 */
#include "common/piece.h"

#include <float.h>
#include <limits.h>
#include <string.h>

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A cursor over the text; behind its end there are zeros. */
struct scan {
	const char *text;
	size_t length;
	size_t at;
};

static char
look(const struct scan *s)
{
	return s->at < s->length ? s->text[s->at] : '\0';
}

static int
take(struct scan *s, char c)
{
	if (look(s) != c)
		return 0;
	s->at++;
	return 1;
}

static void
scan_flags(struct scan *s, struct piece *p)
{
	for (;; s->at++) {
		switch (look(s)) {
		case '-':
			p->flags |= PIECE_MINUS;
			break;
		case '+':
			p->flags |= PIECE_PLUS;
			break;
		case ' ':
			p->flags |= PIECE_SPACE;
			break;
		case '#':
			p->flags |= PIECE_HASH;
			break;
		case '0':
			p->flags |= PIECE_ZERO;
			break;
		case '\'': /* groups and digits of a locale: not of C's */
		case 'I':
			break;
		default:
			return;
		}
	}
}

/* -1: beyond what printf(3) can do. */
static int
scan_number(struct scan *s, int32_t *to)
{
	int64_t n = 0;

	for (; is_digit(look(s)); s->at++) {
		n = n * 10 + (look(s) - '0');
		if (n >= INT_MAX)
			return -1;
	}
	*to = (int32_t)n;
	return 0;
}

static int
scan_width(struct scan *s, struct piece *p)
{
	if (take(s, '*')) {
		p->flags |= PIECE_WIDTH_ARG;
		return is_digit(look(s)) ? -1 : 0;
	}
	return scan_number(s, &p->width);
}

static int
scan_precision(struct scan *s, struct piece *p)
{
	if (!take(s, '.'))
		return 0;
	if (take(s, '*')) {
		p->flags |= PIECE_PRECISION_ARG;
		return is_digit(look(s)) ? -1 : 0;
	}
	return scan_number(s, &p->precision);
}

/* Returns the modifier, `H' for hh and `M' for ll; 0: none. */
static char
scan_modifier(struct scan *s)
{
	char c = look(s);

	switch (c) {
	case 'h':
		s->at++;
		return take(s, 'h') ? 'H' : 'h';
	case 'l':
		s->at++;
		return take(s, 'l') ? 'M' : 'l';
	case 'q':
	case 'j':
	case 'z':
	case 'Z':
	case 't':
	case 'L':
		s->at++;
		return c;
	default:
		return '\0';
	}
}

static uint8_t
integer_size(char modifier)
{
	switch (modifier) {
	case 'H':
		return sizeof(char);
	case 'h':
		return sizeof(short);
	case '\0':
		return sizeof(int);
	case 'l':
		return sizeof(long);
	case 'z':
	case 'Z':
		return sizeof(size_t);
	case 't':
		return sizeof(ptrdiff_t);
	default:
		return sizeof(long long);
	}
}

/* -1: not with that conversion. */
static int
set_size(struct piece *p, char modifier)
{
	switch (p->conversion) {
	case 'd':
	case 'i':
	case 'o':
	case 'u':
	case 'x':
	case 'X':
	case 'b':
	case 'B':
		p->size = integer_size(modifier);
		return 0;
	case 'a':
	case 'A':
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
		if (modifier != '\0' && modifier != 'l' && modifier != 'L')
			return -1;
		p->size = modifier == 'L' ? 16 : 8;
		return 0;
	case 'c':
	case 's':
	case 'p':
	case 'm':
		return modifier == '\0' ? 0 : -1;
	default:
		return -1;
	}
}

static int
scan_conversion(struct scan *s, struct piece *p)
{
	char modifier;

	if (look(s) == '%') { /* %%, nothing in between */
		p->at = (uint32_t)s->at++;
		p->length = 1;
		return 1;
	}
	scan_flags(s, p);
	if (scan_width(s, p) == -1 || scan_precision(s, p) == -1)
		return -1;
	modifier = scan_modifier(s);
	p->conversion = look(s);
	s->at++;
	if (set_size(p, modifier) == -1)
		return -1;
	/* nobody would ever see it; a string's precision is but a limit */
	if (p->width > FORMAT_RENDER_MAX ||
	    (p->precision > FORMAT_RENDER_MAX && p->conversion != 's'))
		return -1;
	return 1;
}

int
piece_scan(const char *text, size_t length, size_t *at, struct piece *p)
{
	struct scan s = { text, length, *at };
	const char *end;
	int got;

	*p = (struct piece){ .precision = -1, .argument = -1 };
	if (s.at >= length)
		return 0;
	if (take(&s, '%')) {
		got = scan_conversion(&s, p);
		*at = s.at;
		return got;
	}
	end = memchr(text + s.at, '%', length - s.at);
	p->at = (uint32_t)s.at;
	p->length = (uint32_t)(end == NULL ? length - s.at
					   : (size_t)(end - text) - s.at);
	*at += p->length;
	return memchr(text + p->at, '\0', p->length) == NULL ? 1 : -1;
}

int
arguments_begin(struct arguments *a, const void *payload, size_t n, int *err)
{
	struct args_head head;

	if (n < sizeof(head))
		return -1;
	memcpy(&head, payload, sizeof(head));
	*err = (int)head.err;
	a->at = (const uint8_t *)payload + sizeof(head);
	a->end = (const uint8_t *)payload + n;
	a->count = 0;
	return 0;
}

/* Takes n bytes that are one argument. */
static int
take_bytes(struct arguments *a, void *to, size_t n)
{
	if (a->count >= FORMAT_ARGS_MAX || (size_t)(a->end - a->at) < n)
		return -1;
	memcpy(to, a->at, n);
	a->at += n;
	a->count++;
	return 0;
}

int
arguments_word(struct arguments *a, uint64_t *word)
{
	return take_bytes(a, word, sizeof(*word));
}

int
arguments_long_double(struct arguments *a, long double *value)
{
	uint64_t w[2];

	*value = 0;
	if (take_bytes(a, w, sizeof(w)) == -1)
		return -1;
	/* x87: what no computation makes is no number; libcs trip over it */
	if (LDBL_MANT_DIG == 64 &&
	    ((w[1] & 0x7fff) != 0) != ((w[0] & (UINT64_C(1) << 63)) != 0))
		return -1;
	memcpy(value, w, sizeof(*value) < 16 ? sizeof(*value) : 16);
	return 0;
}

int
arguments_string(struct arguments *a, struct format_value *v)
{
	struct args_string head;
	uint64_t padded;

	if (take_bytes(a, &head, sizeof(head)) == -1)
		return -1;
	padded = round_up(head.length, 8);
	if (padded > (uint64_t)(a->end - a->at) ||
	    ((head.flags & ARGS_NULL) != 0 && head.length != 0))
		return -1;
	v->kind = FIELD_STRING;
	v->s.text = (head.flags & ARGS_NULL) != 0 ? NULL : (const char *)a->at;
	v->s.length = head.length;
	v->s.cut = (head.flags & ARGS_CUT) != 0;
	a->at += padded;
	return 0;
}

void
piece_clip(struct format_value *v, int64_t precision)
{
	if (precision >= 0 && precision < v->s.length)
		v->s.length = (uint32_t)precision;
	if (v->s.text != NULL)
		v->s.length = (uint32_t)strnlen(v->s.text, v->s.length);
}
