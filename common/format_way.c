/*
 * format_way.c -- a field's value read from many payloads of one format, by
 * what was looked up once.
 */
#include "common/format.h"
#include "common/piece.h"

/* Wider ones could make a text that is longer than FORMAT_RENDER_MAX. */
#define SIMPLE_MAX 4096

/* Whether the arguments alone say if a payload can be rendered. */
static int
is_simple(const struct format *f)
{
	const struct piece *p;

	for (uint32_t i = 0; i < f->n_pieces; i++) {
		p = &f->pieces[i];
		if ((p->flags & (PIECE_WIDTH_ARG | PIECE_PRECISION_ARG)) != 0 ||
		    p->width > SIMPLE_MAX ||
		    (p->precision > SIMPLE_MAX && p->conversion != 's'))
			return 0;
	}
	for (unsigned i = 0; i < f->args.count; i++)
		if (f->args.types[i] == FORMAT_LONG_DOUBLE)
			return 0;
	return 1;
}

int
format_way(const struct format *f, const struct format_field *field,
    struct format_way *w)
{
	const struct piece *p = &f->pieces[field->first];

	if (field->kind == FIELD_TEXT || !is_simple(f))
		return -1;
	memset(w, 0, sizeof(*w));
	w->kind = field->kind;
	w->size = p->size;
	w->precision = p->precision;
	w->gaps[0] = sizeof(struct args_head);
	for (int i = 0; i < f->args.count; i++) {
		if (i == field->argument) {
			w->before = w->strings;
			w->offset = w->gaps[w->strings];
		}
		if (f->args.types[i] == FORMAT_STRING)
			w->strings++;
		else
			w->gaps[w->strings] += 8;
	}
	return 0;
}

int
format_way_text(const struct format *f, struct format_way *w)
{
	const struct piece *p = f->pieces;
	struct format_field all = { .first = 0 };

	if (f->n_pieces != 1 || p->flags != 0 || p->width != 0)
		return -1;
	switch (p->conversion) {
	case 'd':
	case 'i':
		all.kind = FIELD_SIGNED;
		break;
	case 'u':
		all.kind = FIELD_UNSIGNED;
		break;
	case 's':
		all.kind = FIELD_STRING;
		break;
	default:
		return -1;
	}
	if (p->precision != -1 && all.kind != FIELD_STRING)
		return -1;
	return format_way(f, &all, w);
}

static void
read_string(
    const struct format_way *w, const uint8_t *at, struct format_value *v)
{
	struct args_string head;

	memcpy(&head, at, sizeof(head));
	v->s.text = (head.flags & ARGS_NULL) != 0
			? NULL
			: (const char *)at + sizeof(head);
	v->s.length = head.length;
	v->s.cut = (head.flags & ARGS_CUT) != 0;
	piece_clip(v, w->precision);
}

int
format_way_value(const struct format_way *w, const void *payload, size_t n,
    struct format_value *v)
{
	const uint8_t *at = format_way_find(w, payload, n);
	const struct piece number = { .size = w->size };
	uint64_t word;

	if (at == NULL)
		return -1;
	v->kind = w->kind;
	if (w->kind == FIELD_STRING) {
		read_string(w, at, v);
		return 0;
	}
	memcpy(&word, at, sizeof(word));
	switch (w->kind) {
	case FIELD_FLOAT:
		memcpy(&v->d, &word, sizeof(v->d));
		break;
	case FIELD_SIGNED:
		v->i = piece_signed(&number, word);
		break;
	case FIELD_CHAR:
		v->u = (uint8_t)word;
		break;
	case FIELD_POINTER:
		v->u = (uintptr_t)word;
		break;
	case FIELD_UNSIGNED:
		v->u = piece_unsigned(&number, word);
		break;
	case FIELD_TEXT:
	case FIELD_STRING:
		break;
	}
	return 0;
}
