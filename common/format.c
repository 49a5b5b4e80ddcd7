/*
 * format.c -- what a printf format takes, and the fields that it is made of.
 *
 * A compiled format is one block: the pieces, the fields, a copy of the text.
 * Its fields are found in a copy in which each conversion is overwritten by
 * `%', so that no flag of one is taken for a blank; literal pieces are then cut
 * where a value begins and ends, so that it is a number of whole pieces.
 */
#include "common/format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/piece.h"

static int
add_argument(struct format_args *a, enum format_type type, uint32_t precision)
{
	if (a->count == FORMAT_ARGS_MAX)
		return -1;
	if (type == FORMAT_STRING)
		a->strings |= (uint16_t)(1u << a->count);
	a->types[a->count] = (uint8_t)type;
	a->precision[a->count++] = precision;
	a->fixed += type == FORMAT_LONG_DOUBLE ? 16 : 8;
	return 0;
}

static enum format_type
value_type(const struct piece *p)
{
	switch (p->conversion) {
	case 's':
		return FORMAT_STRING;
	case 'p':
		return FORMAT_POINTER;
	case 'c':
		return FORMAT_INT;
	case 'd':
	case 'i':
	case 'o':
	case 'u':
	case 'x':
	case 'X':
	case 'b':
	case 'B':
		return p->size > sizeof(int) ? FORMAT_LONG : FORMAT_INT;
	default:
		return p->size == 16 ? FORMAT_LONG_DOUBLE : FORMAT_DOUBLE;
	}
}

/* Adds what a conversion takes. */
static int
add_piece(struct format_args *a, const struct piece *p)
{
	uint32_t precision =
	    p->precision < 0 ? FORMAT_NO_PRECISION : (uint32_t)p->precision;

	if ((p->flags & PIECE_WIDTH_ARG) != 0 &&
	    add_argument(a, FORMAT_INT, FORMAT_NO_PRECISION) == -1)
		return -1;
	if ((p->flags & PIECE_PRECISION_ARG) != 0) {
		if (add_argument(a, FORMAT_INT, FORMAT_NO_PRECISION) == -1)
			return -1;
		precision = FORMAT_ARG_PRECISION;
	}
	if (p->conversion == 'm') {
		a->uses_errno = 1;
		return 0;
	}
	return add_argument(a, value_type(p), precision);
}

int
format_parse(const char *text, size_t length, struct format_args *a)
{
	struct piece p;
	size_t at = 0;
	int got;

	memset(a, 0, sizeof(*a));
	a->fixed = sizeof(struct args_head);
	if (length > FORMAT_TEXT_MAX)
		return -1;
	while ((got = piece_scan(text, length, &at, &p)) == 1)
		if (p.conversion != '\0' && add_piece(a, &p) == -1)
			return -1;
	return got == -1 ? -1 : a->count;
}

/* Overwrites conversions, %% too, by `%'. */
static void
mask_conversions(char *text, size_t length)
{
	struct piece p;
	size_t at = 0, begin = 0;

	while (piece_scan(text, length, &at, &p) == 1) {
		if (text[begin] == '%')
			memset(text + begin, '%', at - begin);
		begin = at;
	}
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static int
is_key(char c, int first)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_')
		return 1;
	return !first && ((c >= '0' && c <= '9') || c == '.' || c == '-');
}

static size_t
skip_word(const char *m, size_t length, size_t at)
{
	while (at < length && !is_blank(m[at]))
		at++;
	return at;
}

static size_t
skip_key(const char *m, size_t length, size_t at)
{
	for (size_t begin = at; at < length && is_key(m[at], at == begin);)
		at++;
	return at;
}

/* The quote that closes the one at `at'; 0: none that ends the value. */
static size_t
closing_quote(const char *m, size_t length, size_t at)
{
	for (at++; at < length && m[at] != '"'; at++)
		if (m[at] == '\\')
			at++;
	if (at >= length || (at + 1 < length && !is_blank(m[at + 1])))
		return 0;
	return at;
}

/* A field in the text: where its key and its value begin and end. */
struct range {
	size_t name, name_end;
	size_t begin, end;
};

/* The next field in a masked text from *at on; 0: none. */
static int
next_field(const char *m, size_t length, size_t *at, struct range *r)
{
	size_t quote;

	while (*at < length) {
		r->name = *at;
		r->name_end = skip_key(m, length, *at);
		if (r->name_end == r->name || r->name_end == length ||
		    m[r->name_end] != '=') {
			*at = skip_word(m, length, r->name_end) + 1;
			continue;
		}
		r->begin = r->name_end + 1;
		r->end = skip_word(m, length, r->begin);
		if (r->begin < length && m[r->begin] == '"' &&
		    (quote = closing_quote(m, length, r->begin)) != 0) {
			r->begin++;
			r->end = quote;
		}
		*at = r->end + 1;
		return 1;
	}
	return 0;
}

static enum field_kind
value_kind(char conversion)
{
	switch (conversion) {
	case 'd':
	case 'i':
		return FIELD_SIGNED;
	case 'o':
	case 'u':
	case 'x':
	case 'X':
	case 'b':
	case 'B':
		return FIELD_UNSIGNED;
	case 'c':
		return FIELD_CHAR;
	case 's':
		return FIELD_STRING;
	case 'p':
		return FIELD_POINTER;
	case '\0':
	case 'm':
		return FIELD_TEXT;
	default:
		return FIELD_FLOAT;
	}
}

static void
end_field(struct format *f, struct format_field *field)
{
	const struct piece *p = &f->pieces[field->first];

	field->end = f->n_pieces;
	field->kind = FIELD_TEXT;
	field->argument = -1;
	if (field->end != field->first + 1 ||
	    value_kind(p->conversion) == FIELD_TEXT)
		return;
	field->kind = value_kind(p->conversion);
	field->conversion = p->conversion;
	field->argument = p->argument;
}

/* One piece more; it ends at `bound' at the latest if it is literal. */
static size_t
add_scanned(struct format *f, size_t at, size_t bound)
{
	struct piece *p = &f->pieces[f->n_pieces++];
	size_t begin = at;

	(void)piece_scan(f->text, f->length, &at, p);
	if (p->conversion != '\0') {
		(void)add_piece(&f->args, p);
		if (p->conversion != 'm')
			p->argument = (int16_t)(f->args.count - 1);
	} else if (at > bound && p->at == begin) {
		p->length = (uint32_t)(bound - begin);
		at = bound;
	}
	return at;
}

/* Finds fields by the masked text, and makes pieces that end where they do. */
static void
fill(struct format *f, const char *mask)
{
	size_t at = 0, from = 0, bound;
	struct format_field *field;
	struct range r;

	while (next_field(mask, f->length, &from, &r)) {
		field = &f->fields[f->n_fields++];
		field->name = f->text + r.name;
		field->name_length = (uint32_t)(r.name_end - r.name);
		for (bound = r.begin; at < bound;)
			at = add_scanned(f, at, bound);
		field->first = f->n_pieces;
		for (bound = r.end; at < bound;)
			at = add_scanned(f, at, bound);
		end_field(f, field);
	}
	while (at < f->length)
		at = add_scanned(f, at, f->length);
}

static size_t
count(const char *text, size_t length, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += text[i] == c;
	return n;
}

struct format *
format_compile(const char *text, size_t length)
{
	struct format_args args;
	size_t fields, pieces;
	struct format *f;
	char *mask;

	if (format_parse(text, length, &args) == -1) {
		errno = EINVAL;
		return NULL;
	}
	/* at most: each conversion, each field, and what is around them */
	fields = count(text, length, '=');
	pieces = 2 * (count(text, length, '%') + fields) + 1;
	f = calloc(1, sizeof(*f) + fields * sizeof(*f->fields) +
			  pieces * sizeof(*f->pieces) + 2 * length +
			  FORMAT_TEXT_SLACK);
	if (f == NULL)
		return NULL;
	f->fields = (struct format_field *)(f + 1);
	f->pieces = (struct piece *)(f->fields + fields);
	f->text = (char *)(f->pieces + pieces);
	f->length = (uint32_t)length;
	f->args.fixed = sizeof(struct args_head);
	if (length != 0) {
		mask = f->text + length;
		memcpy(f->text, text, length);
		memcpy(mask, text, length);
		mask_conversions(mask, length);
		fill(f, mask);
	}
	format_quick_init(f);
	return f;
}

void
format_free(struct format *f)
{
	free(f);
}

const struct format_field *
format_fields(const struct format *f, size_t *n)
{
	*n = f->n_fields;
	return f->fields;
}

/* Skips what is before argument i; *last is the one before it, if a word. */
static int
skip_arguments(
    struct arguments *a, const struct format *f, int i, uint64_t *last)
{
	struct format_value v;
	long double d;

	for (int k = 0; k < i; k++) {
		switch (f->args.types[k]) {
		case FORMAT_STRING:
			if (arguments_string(a, &v) == -1)
				return -1;
			break;
		case FORMAT_LONG_DOUBLE:
			if (arguments_long_double(a, &d) == -1)
				return -1;
			break;
		default:
			if (arguments_word(a, last) == -1)
				return -1;
		}
	}
	return 0;
}

static int
float_value(struct arguments *a, const struct piece *p, double *to)
{
	long double d;
	uint64_t word;

	if (p->size == 16) {
		if (arguments_long_double(a, &d) == -1)
			return -1;
		*to = (double)d;
		return 0;
	}
	if (arguments_word(a, &word) == -1)
		return -1;
	memcpy(to, &word, sizeof(*to));
	return 0;
}

int
format_value(const struct format *f, const void *payload, size_t n,
    const struct format_field *field, struct format_value *v)
{
	const struct piece *p = &f->pieces[field->first];
	uint64_t word = 0;
	struct arguments a;
	int err;

	if (field->kind == FIELD_TEXT ||
	    arguments_begin(&a, payload, n, &err) == -1 ||
	    skip_arguments(&a, f, field->argument, &word) == -1)
		return -1;
	v->kind = field->kind;
	if (field->kind == FIELD_FLOAT)
		return float_value(&a, p, &v->d);
	if (field->kind == FIELD_STRING) {
		if (arguments_string(&a, v) == -1)
			return -1;
		piece_clip(v, (p->flags & PIECE_PRECISION_ARG) != 0
				  ? (int32_t)word
				  : p->precision);
		return 0;
	}
	if (arguments_word(&a, &word) == -1)
		return -1;
	if (field->kind == FIELD_SIGNED)
		v->i = piece_signed(p, word);
	else if (field->kind == FIELD_CHAR)
		v->u = (uint8_t)word;
	else
		v->u = field->kind == FIELD_POINTER ? (uintptr_t)word
						    : piece_unsigned(p, word);
	return 0;
}
