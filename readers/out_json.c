/*
 * out_json.c -- an object a line.
 *
 *	{"time":"2026-11-23T18:20:01.123456789Z","stream":"front","type":"http",
 *	 "pid":4711,"tag":"Req","level":"info","id":17,"text":"GET /",
 *	 "cursor":"18b0...-5-0-41"}
 *
 * or, where records were lost, {"lost":57,"stream":"front","type":"http",
 * "pid":4711}, with "at_least":true if there may have been more, and without a
 * stream if nobody knows of which.  cut: the writer had to cut the text.
 * invalid_utf8: bytes of text or fields are none, and became characters.
 *
 * begin, end, parent: what the record says about its transaction.  depth: in a
 * tree (-g tree) of them; 0 is left out.  Before the records of a transaction
 * that is not whole stands
 *
 *	{"incomplete":17,"why":"-T","stream":"front","type":"http","pid":4711}
 *
 * cursor: the record's name, unique for ever.
 *
 * The fields of a record (field.h) follow its text:
 *
 *	"fields":{"status":200,"path":"/x"}
 *
 * A text that is a JSON object is there as it is.  Else integers and floating
 * point are numbers (nan and inf, which JSON has not, are strings), null is a
 * string that was a null pointer, all else is a string.  Of two fields with one
 * name the last is there.
 */
#include <math.h>

#include "common/digits.h"
#include "readers/json_copy.h"
#include "readers/out.h"

#define FIELDS_MAX 64 /* a record; a format has 16 conversions */

/* Fields as they are made: `,"name":value', one behind the other. */
struct json_fields {
	struct buffer made;
	int invalid; /* some of it was no UTF-8 */
	unsigned n;
	struct {
		size_t at, name_end;
	} items[FIELDS_MAX + 1];
};

static void
put_stream(struct buffer *b, const struct descriptor *d)
{
	buffer_text(b, ",\"stream\":");
	buffer_json(b, d->ident, strnlen(d->ident, IDENT_MAX));
	buffer_text(b, ",\"type\":");
	buffer_json(b, d->type, strnlen(d->type, TYPE_MAX));
	buffer_text(b, ",\"pid\":");
	buffer_number(b, d->owner_pid);
}

static void
json_stream(struct buffer *b, const struct descriptor *d)
{
	buffer_byte(b, '"');
	put_stream(b, d);
	buffer_text(b, ",\"tag\":");
}

static void
json_tag(struct buffer *b, const char *name, size_t n)
{
	buffer_json(b, name, n);
	buffer_text(b, ",\"level\":");
}

/* 1: a byte of it was no UTF-8. */
static int
put_value(struct buffer *b, const struct value *v)
{
	char to[32];
	struct bytes text = value_text(v, to);

	if (v->kind == VALUE_TEXT ||
	    (v->kind == VALUE_FLOAT && !isfinite(v->d)))
		return buffer_json(b, text.text, text.n);
	buffer_put(b, text.text, text.n);
	return 0;
}

/* For out_fields(). */
static int
add_field(void *arg, struct bytes name, const struct value *v)
{
	struct json_fields *f = arg;

	f->items[f->n].at = f->made.n;
	buffer_byte(&f->made, ',');
	f->invalid |= buffer_json(&f->made, name.text, name.n);
	f->items[f->n++].name_end = f->made.n;
	buffer_byte(&f->made, ':');
	f->invalid |= put_value(&f->made, v);
	return f->n == FIELDS_MAX;
}

/* Whether a later field has the same name. */
static int
is_outdone(const struct json_fields *f, unsigned i)
{
	size_t at = f->items[i].at, n = f->items[i].name_end - at;

	for (unsigned k = i + 1; k < f->n; k++)
		if (f->items[k].name_end - f->items[k].at == n &&
		    memcmp(f->made.data + f->items[k].at, f->made.data + at,
			n) == 0)
			return 1;
	return 0;
}

static void
put_made(struct buffer *b, struct json_fields *f)
{
	size_t comma = 1, at;

	f->items[f->n].at = f->made.n;
	buffer_text(b, ",\"fields\":{");

	for (unsigned i = 0; i < f->n; i++) {
		if (is_outdone(f, i))
			continue;
		at = f->items[i].at + comma;
		buffer_put(b, f->made.data + at, f->items[i + 1].at - at);
		comma = 0; /* the first one goes without */
	}
	buffer_byte(b, '}');
}

/* Most formats have none. */
static int
has_fields(const struct rec *r)
{
	size_t n;

	if (r->format == NULL)
		return out_has_fields(r);
	(void)format_fields(r->format, &n);
	return n != 0;
}

/* 1: a byte of them was no UTF-8. */
static int
put_fields(struct buffer *b, struct rec *r)
{
	static struct json_fields f;

	if (!has_fields(r))
		return 0;
	if (f.made.data == NULL)
		buffer_init(&f.made, -1);
	f.made.n = f.n = 0;
	f.invalid = 0;
	if (r->format == NULL &&
	    json_copy(&f.made, r->text.text, r->text.n) == 0) {
		buffer_text(b, ",\"fields\":");
		buffer_put(b, f.made.data, f.made.n);
		return 0;
	}
	f.made.n = 0;
	out_fields(r, add_field, &f);
	if (f.n != 0)
		put_made(b, &f);
	return f.invalid;
}

#define LITERAL(text) "" text, sizeof(text) - 1

static char *
put_bytes(char *to, const char *text, size_t n)
{
	memcpy(to, text, n);
	return to + n;
}

/* A level and what follows it, with room for text_append(). */
static const struct {
	char text[TEXT_SLACK];
	size_t n;
} levels[] = {
#define LEVEL(name)                                                            \
	{                                                                      \
		LITERAL("\"" name "\",\"id\":")                                \
	}
	LEVEL("emerg"), LEVEL("alert"), LEVEL("crit"), LEVEL("err"),
	LEVEL("warning"), LEVEL("notice"), LEVEL("info"), LEVEL("debug"),
	LEVEL("?")
#undef LEVEL
};

#define LEVEL_OTHER 8

/* An id and what follows it, kept for the next record, which often is of the
 * same transaction. */
static char *
put_id(char *to, uint64_t id)
{
	static uint64_t cached;
	static char text[DIGITS_MAX + TEXT_SLACK];
	static size_t n;
	char *end;

	if (n == 0 || id != cached) {
		end = digits_number(text, id);
		end = put_bytes(end, LITERAL(",\"text\":"));
		n = (size_t)(end - text);
		cached = id;
	}
	return text_append(to, text, n);
}

/* What it says about its transaction. */
static void
put_transaction(struct buffer *b, const struct rec *r)
{
	uint64_t parent;

	if (r->head->flags & RECORD_BEGIN)
		buffer_text(b, ",\"begin\":true");
	if (r->head->flags & RECORD_END)
		buffer_text(b, ",\"end\":true");
	if (rec_parent(r, &parent)) {
		buffer_text(b, ",\"parent\":");
		buffer_number(b, parent);
	}
	if (r->depth != 0) {
		buffer_text(b, ",\"depth\":");
		buffer_number(b, r->depth);
	}
}

/* Up to the text. */
static void
put_head(struct buffer *b, const struct rec *r)
{
	const struct buffer *label = &r->stream->label;
	const struct bytes *tag = &r->tag->text;
	const uint8_t level =
	    r->head->level < LEVEL_OTHER ? r->head->level : LEVEL_OTHER;
	char *to = buffer_room(
	    b, TIME_LENGTH + label->n + tag->n + DIGITS_MAX + 64 + TEXT_SLACK);

	to = put_bytes(to, LITERAL("{\"time\":\""));
	to = time_put(to, r->head->time);
	to = text_append(to, label->data, label->n);
	to = text_append(to, tag->text, tag->n);
	to = text_append(to, levels[level].text, levels[level].n);
	to = put_id(to, r->head->id);
	b->n = (size_t)(to - b->data);
}

static void
put_tail(struct buffer *b, const struct rec *r)
{
	char *to = buffer_room(b, CURSOR_MAX + 32);

	to = put_bytes(to, LITERAL(",\"cursor\":\""));
	to = cursor_put(to, r);
	to = put_bytes(to, LITERAL("\"}\n"));
	b->n = (size_t)(to - b->data);
}

static void
json_record(struct buffer *b, struct rec *r)
{
	int invalid;

	put_head(b, r);
	invalid = buffer_json(b, r->text.text, r->text.n);
	invalid |= put_fields(b, r);
	if (invalid)
		buffer_text(b, ",\"invalid_utf8\":true");
	if (r->unreadable)
		buffer_text(b, ",\"unreadable\":true");
	if (r->head->flags & RECORD_CUT)
		buffer_text(b, ",\"cut\":true");
	if ((r->head->flags & ~RECORD_ARGS) != 0 || r->depth != 0)
		put_transaction(b, r);
	put_tail(b, r);
}

static void
json_lost(struct buffer *b, const struct out_loss *l)
{
	buffer_text(b, "{\"lost\":");
	buffer_number(b, l->records);
	if (l->of != NULL)
		put_stream(b, l->of);
	if (l->at_least)
		buffer_text(b, ",\"at_least\":true");
	buffer_text(b, "}\n");
}

/* Nothing, if it is whole. */
static void
json_group(struct buffer *b, const struct group *g)
{
	const char *why = group_word(g);

	if (why == NULL)
		return;
	buffer_text(b, "{\"incomplete\":");
	buffer_number(b, g->id);
	buffer_text(b, ",\"why\":\"");
	buffer_text(b, why);
	buffer_byte(b, '"');
	if (g->part > 1 || g->end == GROUP_LARGE) {
		buffer_text(b, ",\"part\":");
		buffer_number(b, g->part);
	}
	put_stream(b, g->of);
	buffer_text(b, "}\n");
}

const struct out out_json = {
	.name = "json",
	.stream = json_stream,
	.tag = json_tag,
	.record = json_record,
	.lost = json_lost,
	.group = json_group,
};
