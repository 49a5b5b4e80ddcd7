/*
 * field.c -- a field of a record, of whatever sort the record is.
 */
#include "readers/field.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "readers/field_text.h"

void
field_init(struct field *f, struct bytes name, struct buffer *scratch)
{
	f->name = name;
	f->scratch = scratch;
	f->places = NULL;
}

void
field_init_text(struct field *f)
{
	field_init(f, (struct bytes){ NULL, 0 }, NULL);
}

void
field_fini(struct field *f)
{
	free(f->places);
	f->places = NULL;
}

static int
is_same(struct bytes a, struct bytes b)
{
	return a.n == b.n && memcmp(a.text, b.text, a.n) == 0;
}

/* Of two of one name the last. */
static void
find_name(
    const struct field *f, const struct rec_format *of, struct field_place *to)
{
	const struct format_field *fields;
	size_t n;

	fields = format_fields(of->compiled, &n);
	to->place = -1;
	for (size_t i = 0; i < n; i++)
		if (is_same(f->name, (struct bytes){ fields[i].name,
					 fields[i].name_length }))
			to->place = (int)i;
	to->quick = to->place == -1 ? QUICK_ABSENT : QUICK_NOT;
	to->has_way = to->place != -1 && format_way(of->compiled,
					     &fields[to->place], &to->way) == 0;
}

/* Looks it up in a format. */
static void
find_place(
    const struct field *f, const struct rec_format *of, struct field_place *to)
{
	to->number = of->number;
	if (f->name.text != NULL) {
		find_name(f, of, to);
	} else {
		to->quick = QUICK_NOT;
		to->has_way = format_way_text(of->compiled, &to->way) == 0;
	}
	if (!to->has_way)
		return;
	to->shift = (uint8_t)(64 - 8 * to->way.size);
	if (to->way.kind == FIELD_SIGNED)
		to->quick = QUICK_SIGNED;
	else if (to->way.kind == FIELD_UNSIGNED)
		to->quick = QUICK_UNSIGNED;
}

/* What was read, as a value.  Pointers are text. */
static int
take(const struct format_value *from, struct value *v)
{
	switch (from->kind) {
	case FIELD_SIGNED:
		v->kind = VALUE_SIGNED;
		v->i = from->i;
		return 0;
	case FIELD_UNSIGNED:
		v->kind = VALUE_UNSIGNED;
		v->u = from->u;
		return 0;
	case FIELD_FLOAT:
		v->kind = VALUE_FLOAT;
		v->d = from->d;
		return 0;
	case FIELD_STRING:
		v->kind = from->s.text == NULL ? VALUE_NULL : VALUE_TEXT;
		v->s = (struct bytes){ from->s.text, from->s.length };
		return 0;
	case FIELD_CHAR:
	case FIELD_TEXT:
	case FIELD_POINTER:
		break;
	}
	return -1;
}

static __attribute__((noinline)) const struct field_place *
new_place(struct field *f, const struct rec_format *of)
{
	struct field_place *p;

	if (f->places == NULL) {
		f->places = calloc(FIELD_PLACES, sizeof(*f->places));
		if (f->places == NULL)
			err(1, "memory");
	}
	p = &f->places[of->number % FIELD_PLACES];
	find_place(f, of, p);
	return p;
}

/* What is known of it in a format, which is found out if it is new. */
static inline const struct field_place *
place_in(struct field *f, const struct rec_format *of)
{
	const struct field_place *p;

	if (f->places == NULL)
		return new_place(f, of);
	p = &f->places[of->number % FIELD_PLACES];
	return p->number == of->number ? p : new_place(f, of);
}

int
field_is_in(struct field *f, const struct rec_format *of)
{
	return place_in(f, of)->place != -1;
}

/* A field by what is read of the arguments, and else of the text. */
static void
read_place(struct rec *r, int place, struct value *v)
{
	struct format_value from;
	const struct format_field *field;
	size_t n;

	rec_text(r);
	v->kind = VALUE_NONE;
	if (r->format == NULL)
		return;
	field = format_fields(r->format, &n) + place;
	if (format_value(
		r->format, r->payload.text, r->payload.n, field, &from) == 0 &&
	    take(&from, v) == 0)
		return;
	*v = value_of((struct bytes){ r->text.text + r->spans[place].begin,
	    r->spans[place].end - r->spans[place].begin });
}

static __attribute__((noinline)) void
find_argument(struct field *f, struct rec *r, struct value *v)
{
	const struct rec_format *of = dict_format(
	    &r->stream->dict, format_id(r->payload.text, r->payload.n));
	const struct field_place *p;
	struct format_value from;

	v->kind = VALUE_NONE;
	if (of == NULL || !rec_has_args(r))
		return;
	p = place_in(f, of);
	if (p->place == -1)
		return;
	if (!p->has_way || p->way.kind == FIELD_CHAR ||
	    p->way.kind == FIELD_POINTER)
		read_place(r, p->place, v);
	else if (format_way_value(
		     &p->way, r->payload.text, r->payload.n, &from) == 0)
		(void)take(&from, v);
}

int
field_text(struct field *f, struct rec *r, struct value *v)
{
	const struct field_place *p;
	const struct rec_format *of;
	struct format_value from;

	if (!rec_has_args(r))
		return -1;
	of = dict_format(
	    &r->stream->dict, format_id(r->payload.text, r->payload.n));
	if (of == NULL)
		return -1;
	p = place_in(f, of);
	if (!p->has_way || format_way_value(&p->way, r->payload.text,
			       r->payload.n, &from) == -1)
		return -1;
	if (take(&from, v) == -1 || v->kind == VALUE_NULL)
		return -1;
	return 0;
}

static struct bytes
plain(struct bytes b, int escapes, struct buffer *scratch,
    struct bytes (*make)(struct bytes, struct buffer *))
{
	return escapes && scratch != NULL ? make(b, scratch) : b;
}

static void
take_member(const struct member *m, struct buffer *scratch, struct value *v)
{
	size_t end;

	v->kind = m->kind;
	switch (m->kind) {
	case VALUE_TEXT:
		v->s = plain(m->value, m->escapes, scratch, json_plain);
		break;
	case VALUE_BOOL:
		v->u = m->value.text[0] == 't';
		break;
	case VALUE_SIGNED:
		(void)number_scan(m->value, v, &end);
		break;
	case VALUE_NONE:
	case VALUE_NULL:
	case VALUE_UNSIGNED:
	case VALUE_FLOAT:
		break;
	}
}

static int
is_member(const struct field *f, const struct member *m)
{
	struct bytes name = m->name;
	int same;

	if (!m->name_escapes || f->scratch == NULL)
		return is_same(f->name, name);
	same = is_same(f->name, json_plain(name, f->scratch));
	f->scratch->n = 0;
	return same;
}

/* The last one counts, so that what JSON's readers have is what we have. */
static void
find_member(struct field *f, struct pairs *s, struct value *v)
{
	struct member m, last = { .kind = VALUE_NONE };

	while (json_next(s, &m) == 1)
		if (is_member(f, &m))
			last = m;
	take_member(&last, f->scratch, v);
}

static void
find_pair(struct field *f, struct pairs *s, struct value *v)
{
	struct pair p, last;
	int found = 0;

	while (logfmt_next(s, &p) == 1)
		if (is_same(f->name, p.name)) {
			last = p;
			found = 1;
		}
	v->kind = VALUE_NONE;
	if (found)
		*v = value_of(
		    plain(last.value, last.escapes, f->scratch, logfmt_plain));
}

#define NAME_SHORT 32

static int
has_bytes(struct bytes text, struct bytes what)
{
	const char *p = text.text, *end = p + text.n;

	/* memmem(3) prepares for long ones: that takes longer than this */
	if (what.n == 0 || what.n > NAME_SHORT)
		return memmem(p, text.n, what.text, what.n) != NULL;
	for (; (size_t)(end - p) >= what.n; p++) {
		p = memchr(p, what.text[0], (size_t)(end - p) - what.n + 1);
		if (p == NULL)
			return 0;
		if (memcmp(p, what.text, what.n) == 0)
			return 1;
	}
	return 0;
}

/*
 * Whether a text may have the name: most have not, and that is told quickly.
 * In JSON it may be written with escapes.
 */
static int
may_have(struct bytes text, struct bytes name)
{
	return has_bytes(text, name) || memchr(text.text, '\\', text.n) != NULL;
}

static __attribute__((noinline)) void
find_in_text(struct field *f, struct rec *r, struct value *v)
{
	struct pairs s;

	if (f->scratch != NULL)
		f->scratch->n = 0;
	v->kind = VALUE_NONE;
	if (!may_have(r->payload, f->name))
		return;
	if (json_begin(&s, r->payload)) {
		find_member(f, &s, v);
		return;
	}
	s.at = r->payload.text;
	find_pair(f, &s, v);
}

void
field_find(struct field *f, struct rec *r, struct value *v)
{
	const struct field_place *p = field_known(f, r);

	/* most records have it not, and that is known */
	if (p != NULL && p->quick == QUICK_ABSENT)
		v->kind = VALUE_NONE;
	else if ((r->head->flags & RECORD_ARGS) != 0)
		find_argument(f, r, v);
	else
		find_in_text(f, r, v);
}

typedef int each_fn(void *, struct bytes name, const struct value *);

static int
each_argument(struct rec *r, each_fn *each, void *arg)
{
	const struct format_field *fields;
	struct value v;
	int got = 0;
	size_t n;

	rec_text(r);
	if (r->format == NULL)
		return 0;
	fields = format_fields(r->format, &n);
	for (size_t i = 0; i < n && got == 0; i++) {
		read_place(r, (int)i, &v);
		got = each(arg,
		    (struct bytes){ fields[i].name, fields[i].name_length },
		    &v);
	}
	return got;
}

static int
each_member(struct pairs *s, struct buffer *scratch, each_fn *each, void *arg)
{
	struct bytes name;
	struct member m;
	struct value v;
	int got = 0;

	while (got == 0 && json_next(s, &m) == 1) {
		/* both at once, so that making one does not move the other */
		if (scratch != NULL) {
			scratch->n = 0;
			(void)buffer_room(scratch, m.name.n + m.value.n + 16);
		}
		name = plain(m.name, m.name_escapes, scratch, json_plain);
		take_member(&m, scratch, &v);
		got = each(arg, name, &v);
	}
	return got;
}

int
field_each(struct rec *r, struct buffer *scratch, each_fn *each, void *arg)
{
	struct pairs s;
	struct pair p;
	struct value v;
	int got = 0;

	if ((r->head->flags & RECORD_ARGS) != 0)
		return each_argument(r, each, arg);
	if (json_begin(&s, r->payload))
		return each_member(&s, scratch, each, arg);
	s.at = r->payload.text;
	while (got == 0 && logfmt_next(&s, &p) == 1) {
		if (scratch != NULL)
			scratch->n = 0;
		v = value_of(plain(p.value, p.escapes, scratch, logfmt_plain));
		got = each(arg, p.name, &v);
	}
	return got;
}
