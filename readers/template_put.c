/*
 * template_put.c -- a record as a template has it.
 *
 * A record's fields are gone through once; what is wanted of them is copied,
 * for none is good for long (field_each()).
 */
#include "readers/template.h"

#include <string.h>
#include <time.h>

#include "readers/attach.h"
#include "readers/out.h"

static int
is_same(const char *name, struct bytes b)
{
	return strncmp(name, b.text, b.n) == 0 && name[b.n] == '\0';
}

/* Of several names the first counts, of two fields of one name the last. */
static void
offer(struct template *t, struct slot *s, struct bytes name, struct bytes text)
{
	for (unsigned i = 0; s->names[i] != NULL; i++) {
		if (s->found && i > s->rank)
			return;
		if (!is_same(s->names[i], name))
			continue;
		s->found = 1;
		s->rank = i;
		s->at = t->values.n;
		s->n = text.n;
		buffer_put(&t->values, text.text, text.n);
		return;
	}
}

/* For out_fields(). */
static int
take_field(void *arg, struct bytes name, const struct value *v)
{
	struct template *t = arg;
	char to[32];
	struct bytes text;

	if (v->kind == VALUE_NULL)
		return 0;
	text = value_text(v, to);
	for (size_t i = 0; i < t->n_slots; i++)
		offer(t, &t->slots[i], name, text);
	return 0;
}

static void
fill_slots(struct template *t, struct rec *r)
{
	t->values.n = 0;
	for (size_t i = 0; i < t->n_slots; i++)
		t->slots[i].found = 0;
	if (t->n_slots != 0 && out_has_fields(r))
		out_fields(r, take_field, t);
}

static struct bytes
slot_value(const struct template *t, const struct slot *s)
{
	return (struct bytes){ t->values.data + s->at, s->n };
}

/* A stranger's. */
static void
put_bytes(const struct template *t, struct buffer *b, const struct element *e,
    struct bytes text)
{
	if (t->web)
		web_put(b, text, e->quoted);
	else
		buffer_safe(b, text.text, text.n);
}

static void
put_missing(struct buffer *b, const struct element *e)
{
	buffer_put(b, e->text, e->length);
}

/* Web servers have `-' for nothing. */
static void
put_slot(const struct template *t, struct buffer *b, const struct element *e)
{
	const struct slot *s = &t->slots[e->n];
	struct bytes text = slot_value(t, s);

	if (!s->found || (t->web && s->n == 0) ||
	    (e->kind == ELEMENT_BYTES && is_same("0", text)))
		put_missing(b, e);
	else
		put_bytes(t, b, e, text);
}

/* The request, or else method, path and protocol, as far as they are there. */
static void
put_request(const struct template *t, struct buffer *b, const struct element *e)
{
	const struct slot *s = &t->slots[e->n];
	int n = 0;

	if (s->found) {
		put_slot(t, b, e);
		return;
	}
	for (int i = 1; i <= 3; i++) {
		if (!s[i].found || s[i].n == 0)
			continue;
		if (n++ != 0)
			buffer_byte(b, ' ');
		put_bytes(t, b, e, slot_value(t, &s[i]));
	}
	if (n == 0)
		put_missing(b, e);
}

static void
put_time(struct buffer *b, struct element *e, uint64_t ns)
{
	time_t second = (time_t)(ns / NSEC);
	struct tm tm;

	if ((uint64_t)second != e->second) {
		/* a time from a stranger may have no such date */
		if (localtime_r(&second, &tm) == NULL)
			memset(&tm, 0, sizeof(tm));
		e->made_length =
		    strftime(e->made, sizeof(e->made), e->text, &tm);
		e->second = (uint64_t)second;
	}
	buffer_put(b, e->made, e->made_length);
}

static void
put_word(const struct template *t, struct buffer *b, const struct element *e,
    struct rec *r)
{
	struct value v;

	field_word(r, e->n, &v);
	if (v.kind == VALUE_TEXT)
		put_bytes(t, b, e, v.s);
	else
		put_missing(b, e);
}

static void
put_stream(const struct template *t, struct buffer *b, const struct element *e,
    const struct descriptor *d)
{
	const struct bytes type = { d->type, strnlen(d->type, TYPE_MAX) };
	const struct bytes ident = { d->ident, strnlen(d->ident, IDENT_MAX) };

	if (e->kind != ELEMENT_IDENT)
		put_bytes(t, b, e, type);
	if (e->kind == ELEMENT_STREAM)
		buffer_byte(b, '.');
	if (e->kind != ELEMENT_TYPE)
		put_bytes(t, b, e, ident);
}

static void
put_tag(const struct template *t, struct buffer *b, const struct element *e,
    const struct rec *r)
{
	if (r->head->tag == 0)
		put_missing(b, e);
	else
		put_bytes(
		    t, b, e, (struct bytes){ r->tag->name, r->tag->length });
}

static void
put_id(struct buffer *b, const struct element *e, const struct rec *r)
{
	uint64_t id = r->head->id;

	if (e->kind == ELEMENT_PARENT && !rec_parent(r, &id))
		id = 0;
	if (id == 0)
		put_missing(b, e);
	else
		buffer_number(b, id);
}

static void
put_element(
    struct template *t, struct buffer *b, struct element *e, struct rec *r)
{
	const uint64_t time = r->head->time;

	switch (e->kind) {
	case ELEMENT_LITERAL:
		buffer_put(b, e->text, e->length);
		return;
	case ELEMENT_TIME_ISO:
		buffer_time(b, time);
		return;
	case ELEMENT_TIME_UNIX:
		buffer_number(b, time / NSEC);
		return;
	case ELEMENT_TIME_UNIX_NS:
		buffer_number(b, time);
		return;
	case ELEMENT_TIME:
		put_time(b, e, time);
		return;
	case ELEMENT_LEVEL:
		buffer_text(b, level_name(r->head->level));
		return;
	case ELEMENT_TAG:
		put_tag(t, b, e, r);
		return;
	case ELEMENT_STREAM:
	case ELEMENT_TYPE:
	case ELEMENT_IDENT:
		put_stream(t, b, e, r->stream->d);
		return;
	case ELEMENT_PID:
		buffer_number(b, r->stream->d->owner_pid);
		return;
	case ELEMENT_ID:
	case ELEMENT_PARENT:
		put_id(b, e, r);
		return;
	case ELEMENT_TEXT:
		put_bytes(t, b, e, r->text);
		return;
	case ELEMENT_CURSOR:
		out_cursor(b, r);
		return;
	case ELEMENT_WORD:
		put_word(t, b, e, r);
		return;
	case ELEMENT_FIELD:
	case ELEMENT_BYTES:
		put_slot(t, b, e);
		return;
	case ELEMENT_REQUEST:
		put_request(t, b, e);
		return;
	}
}

/* Request, method or path. */
static int
is_request(const struct template *t)
{
	for (size_t i = 0; i < t->n_elements; i++) {
		const struct element *e = &t->elements[i];

		if (e->kind == ELEMENT_REQUEST)
			return t->slots[e->n].found ||
			       t->slots[e->n + 1].found ||
			       t->slots[e->n + 2].found;
	}
	return 0;
}

void
template_put(struct template *t, struct buffer *b, struct rec *r)
{
	fill_slots(t, r);
	if (t->web && !is_request(t))
		return;
	for (size_t i = 0; i < t->n_elements; i++)
		put_element(t, b, &t->elements[i], r);
	buffer_byte(b, '\n');
}
