/*
 * format_render.c -- a format and its arguments made text, as printf(3) does.
 *
 * What is common (%d %u %x %s %c without anything) is done here; numbers with
 * flags, width or precision, floating point and pointers go through snprintf(3)
 * with a conversion made of the piece: always %*.*, where a width of 0 and a
 * precision of -1 are as if there were none.  Bounded: each width and precision
 * before it is used, and the whole after each piece.
 */
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "common/format.h"
#include "common/piece.h"

/* Where the text goes; its length may be beyond size. */
struct out {
	char *to;
	size_t size;
	size_t length;
};

static void
put(struct out *o, const char *from, size_t n)
{
	size_t room = o->size > o->length ? o->size - o->length : 0;

	if (room != 0 && n != 0)
		memcpy(o->to + o->length, from, n < room ? n : room);
	o->length += n;
}

static void
put_blanks(struct out *o, size_t n)
{
	size_t room = o->size > o->length ? o->size - o->length : 0;

	if (room != 0 && n != 0)
		memset(o->to + o->length, ' ', n < room ? n : room);
	o->length += n;
}

/* Adds what snprintf(3) put, or would have put, at out_end(). */
static int
put_printed(struct out *o, int n)
{
	if (n < 0)
		return -1;
	o->length += (size_t)n;
	return 0;
}

static char *
out_end(const struct out *o)
{
	return o->size > o->length ? o->to + o->length : NULL;
}

static size_t
out_room(const struct out *o)
{
	return o->size > o->length ? o->size - o->length : 0;
}

/* A conversion, with what its arguments said. */
struct spec {
	char conversion;
	uint8_t flags;
	int width;
	int precision; /* -1: none */
};

/* Takes width and precision if they are arguments. */
static int
make_spec(struct spec *s, const struct piece *p, struct arguments *a)
{
	uint64_t word;
	int64_t width = p->width;

	*s = (struct spec){ p->conversion, p->flags, 0, p->precision };
	if ((p->flags & PIECE_WIDTH_ARG) != 0) {
		if (arguments_word(a, &word) == -1)
			return -1;
		width = (int32_t)word;
		if (width < 0) {
			s->flags |= PIECE_MINUS;
			width = -width;
		}
	}
	if ((p->flags & PIECE_PRECISION_ARG) != 0) {
		if (arguments_word(a, &word) == -1)
			return -1;
		s->precision = (int32_t)word < 0 ? -1 : (int32_t)word;
	}
	if (width > FORMAT_RENDER_MAX ||
	    (s->precision > FORMAT_RENDER_MAX && p->conversion != 's'))
		return -1;
	s->width = (int)width;
	return 0;
}

/* A format for snprintf(3): "%#*.*" modifier conversion. */
static const char *
spec_format(const struct spec *s, const char *modifier, char to[16])
{
	char *p = to;

	*p++ = '%';
	if ((s->flags & PIECE_MINUS) != 0)
		*p++ = '-';
	if ((s->flags & PIECE_PLUS) != 0)
		*p++ = '+';
	if ((s->flags & PIECE_SPACE) != 0)
		*p++ = ' ';
	if ((s->flags & PIECE_HASH) != 0)
		*p++ = '#';
	if ((s->flags & PIECE_ZERO) != 0)
		*p++ = '0';
	memcpy(p, "*.*", 3);
	p += 3;
	while (*modifier != '\0')
		*p++ = *modifier++;
	*p++ = s->conversion;
	*p = '\0';
	return to;
}

static int
print_signed(struct out *o, const struct spec *s, int64_t v)
{
	char format[16];

	return put_printed(
	    o, snprintf(out_end(o), out_room(o), spec_format(s, "ll", format),
		   s->width, s->precision, (long long)v));
}

static int
print_unsigned(struct out *o, const struct spec *s, uint64_t v)
{
	char format[16];

	return put_printed(
	    o, snprintf(out_end(o), out_room(o), spec_format(s, "ll", format),
		   s->width, s->precision, (unsigned long long)v));
}

static int
print_pointer(struct out *o, const struct spec *s, uint64_t v)
{
	char format[16];

	return put_printed(
	    o, snprintf(out_end(o), out_room(o), spec_format(s, "", format),
		   s->width, s->precision, (void *)(uintptr_t)v));
}

/*
 * The decimal point is the locale's; the C locale is a static object that
 * newlocale(3) returns without allocating.
 */
static int
print_float(struct out *o, const struct piece *p, const struct spec *s,
    struct arguments *a)
{
	locale_t c, old;
	char format[16];
	long double ld = 0;
	uint64_t word = 0;
	double d;
	int n;

	if ((p->size == 16 ? arguments_long_double(a, &ld)
			   : arguments_word(a, &word)) == -1)
		return -1;
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	old = c == (locale_t)0 ? c : uselocale(c);
	memcpy(&d, &word, sizeof(d));
	if (p->size == 16)
		n = snprintf(out_end(o), out_room(o),
		    spec_format(s, "L", format), s->width, s->precision, ld);
	else
		n = snprintf(out_end(o), out_room(o),
		    spec_format(s, "", format), s->width, s->precision, d);
	if (c != (locale_t)0) {
		(void)uselocale(old);
		freelocale(c);
	}
	return put_printed(o, n);
}

/* n bytes, padded to the width; no other flag means a thing to text. */
static int
print_text(struct out *o, const struct spec *s, const char *text, size_t n)
{
	size_t pad = (size_t)s->width > n ? (size_t)s->width - n : 0;

	if ((s->flags & PIECE_MINUS) == 0)
		put_blanks(o, pad);
	put(o, text, n);
	if ((s->flags & PIECE_MINUS) != 0)
		put_blanks(o, pad);
	return 0;
}

static int
print_string(struct out *o, const struct spec *s, struct arguments *a)
{
	struct format_value v;

	if (arguments_string(a, &v) == -1)
		return -1;
	piece_clip(&v, s->precision);
	if (v.s.text != NULL)
		return print_text(o, s, v.s.text, v.s.length);
	/* glibc shows it whole or not at all */
	return print_text(
	    o, s, "(null)", s->precision == -1 || s->precision >= 6 ? 6 : 0);
}

/* %m, and %#m, which is the error's name. */
static int
print_error(struct out *o, const struct spec *s, int err)
{
	struct spec number = *s;
	char unknown[40];
	const char *text;
	size_t n;

	if ((s->flags & PIECE_HASH) != 0) {
		text = strerrorname_np(err);
		if (text == NULL) {
			number.conversion = 'd';
			return print_signed(o, &number, err);
		}
	} else {
		/* strerror(3) would translate, and may allocate */
		text = strerrordesc_np(err);
		if (text == NULL) {
			(void)snprintf(
			    unknown, sizeof(unknown), "Unknown error %d", err);
			text = unknown;
		}
	}
	n = strlen(text);
	if (s->precision != -1 && (size_t)s->precision < n)
		n = (size_t)s->precision;
	return print_text(o, s, text, n);
}

static void
print_digits(struct out *o, uint64_t v, unsigned base, int negative)
{
	char digits[24], *p = digits + sizeof(digits);

	if (base == 10) {
		do
			*--p = (char)('0' + v % 10);
		while ((v /= 10) != 0);
	} else {
		do
			*--p = "0123456789abcdef"[v % 16];
		while ((v /= 16) != 0);
	}
	if (negative)
		*--p = '-';
	put(o, p, (size_t)(digits + sizeof(digits) - p));
}

static int
print_integer(
    struct out *o, const struct piece *p, const struct spec *s, uint64_t word)
{
	int plain = s->flags == 0 && s->width == 0 && s->precision == -1;
	uint64_t u = piece_unsigned(p, word);
	int64_t i = piece_signed(p, word);

	switch (p->conversion) {
	case 'd':
	case 'i':
		if (!plain)
			return print_signed(o, s, i);
		print_digits(o, i < 0 ? -(uint64_t)i : (uint64_t)i, 10, i < 0);
		return 0;
	case 'u':
	case 'x':
		if (!plain)
			return print_unsigned(o, s, u);
		print_digits(o, u, p->conversion == 'u' ? 10 : 16, 0);
		return 0;
	default:
		return print_unsigned(o, s, u);
	}
}

static int
print_conversion(
    struct out *o, const struct piece *p, struct arguments *a, int err)
{
	struct spec s;
	uint64_t word;
	char c;

	if (make_spec(&s, p, a) == -1)
		return -1;
	switch (p->conversion) {
	case 'm':
		return print_error(o, &s, err);
	case 's':
		return print_string(o, &s, a);
	case 'a':
	case 'A':
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
		return print_float(o, p, &s, a);
	default:
		break;
	}
	if (arguments_word(a, &word) == -1)
		return -1;
	if (p->conversion == 'p')
		return print_pointer(o, &s, word);
	if (p->conversion != 'c')
		return print_integer(o, p, &s, word);
	c = (char)word;
	return print_text(o, &s, &c, 1);
}

static int
print_piece(struct out *o, const char *text, const struct piece *p,
    struct arguments *a, int err)
{
	if (p->conversion == '\0')
		put(o, text + p->at, p->length);
	else if (print_conversion(o, p, a, err) == -1)
		return -1;
	return o->length > FORMAT_RENDER_MAX ? -1 : 0;
}

/* Ends the text; what is returned. */
static int
finish(const struct out *o, const struct arguments *a)
{
	if (o->size != 0)
		o->to[o->length < o->size ? o->length : o->size - 1] = '\0';
	return a->at == a->end ? (int)o->length : -1;
}

int
format_render_spans(const struct format *f, const void *payload, size_t n,
    char *to, size_t size, struct format_span *spans)
{
	const struct format_field *field = f->fields;
	const struct format_field *end = field + f->n_fields;
	struct out o = { to, size, 0 };
	struct arguments a;
	int err;

	if (f->quick && n <= FORMAT_RENDER_MAX / 2 && size >= n + FORMAT_SPARE)
		return format_quick_render(f, payload, n, to, spans);
	if (arguments_begin(&a, payload, n, &err) == -1)
		return -1;
	for (uint32_t i = 0; i <= f->n_pieces; i++) {
		for (; spans != NULL && field < end; field++) {
			if (field->first == i)
				spans->begin = (uint32_t)o.length;
			if (field->end != i)
				break;
			spans++->end = (uint32_t)o.length;
		}
		if (i < f->n_pieces &&
		    print_piece(&o, f->text, &f->pieces[i], &a, err) == -1)
			return -1;
	}
	return finish(&o, &a);
}

int
format_render(const struct format *f, const void *payload, size_t n, char *to,
    size_t size)
{
	return format_render_spans(f, payload, n, to, size, NULL);
}

int
format_render_text(const char *text, size_t length, const void *payload,
    size_t n, char *to, size_t size)
{
	struct out o = { to, size, 0 };
	struct arguments a;
	struct piece p;
	size_t at = 0;
	int err, got;

	if (length > FORMAT_TEXT_MAX ||
	    arguments_begin(&a, payload, n, &err) == -1)
		return -1;
	while ((got = piece_scan(text, length, &at, &p)) == 1)
		if (print_piece(&o, text, &p, &a, err) == -1)
			return -1;
	return got == -1 ? -1 : finish(&o, &a);
}
