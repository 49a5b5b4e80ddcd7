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
 *
 * begin, end, parent: what the record says about its transaction.  depth: in a
 * tree (-g tree) of them; 0 is left out.  Before the records of a transaction
 * that is not whole stands
 *
 *	{"incomplete":17,"why":"-T","stream":"front","type":"http","pid":4711}
 *
 * cursor: the record's name, unique for ever.
 *
 * Of a record whose format has fields (`status=%d path=%s') they follow the
 * text, typed as their conversions are:
 *
 *	"fields":{"status":200,"path":"/x"}
 *
 * Integers and floating point are numbers (nan and inf, which JSON has not, are
 * strings), null is a string that was a null pointer, all else is a string.  Of
 * two fields with one name the last is there.
 */
#include <math.h>
#include <stdlib.h>

#include "common/format.h"
#include "readers/attach.h"
#include "readers/out.h"

#define FIELDS_MAX 64 /* a record; a format has 16 conversions */

static const struct format_field *
first_field(const struct rec *r)
{
	size_t n;

	return format_fields(r->format, &n);
}

static void
json_stream(struct buffer *b, const struct descriptor *d)
{
	buffer_text(b, "\",\"stream\":");
	buffer_json(b, d->ident, strnlen(d->ident, IDENT_MAX));
	buffer_text(b, ",\"type\":");
	buffer_json(b, d->type, strnlen(d->type, TYPE_MAX));
	buffer_text(b, ",\"pid\":");
	buffer_number(b, d->owner_pid);
	buffer_text(b, ",\"tag\":");
}

static void
json_tag(struct buffer *b, const char *name, size_t n)
{
	buffer_json(b, name, n);
	buffer_text(b, ",\"level\":\"");
}

static void
put_hex(struct buffer *b, uint64_t v)
{
	char *p = buffer_room(b, 16);

	for (int i = 15; i >= 0; i--, v >>= 4)
		p[i] = "0123456789abcdef"[v & 15];
	b->n += 16;
}

/* The shortest that is read back as the same number. */
static void
put_double(struct buffer *b, double d)
{
	char text[40];

	if (!isfinite(d)) {
		buffer_text(b, isnan(d) ? "\"nan\""
			       : d < 0  ? "\"-inf\""
					: "\"inf\"");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buffer_text(b, text);
}

static void
put_value(struct buffer *b, const struct rec *r, const struct format_field *f)
{
	const struct format_span *at = r->spans + (f - first_field(r));
	struct format_value v;
	char c;

	if (format_value(r->format, r->payload.text, r->payload.n, f, &v) != 0)
		v.kind = FIELD_TEXT;
	switch (v.kind) {
	case FIELD_SIGNED:
		buffer_signed(b, v.i);
		return;
	case FIELD_UNSIGNED:
		buffer_number(b, v.u);
		return;
	case FIELD_FLOAT:
		put_double(b, v.d);
		return;
	case FIELD_CHAR:
		c = (char)v.u;
		buffer_json(b, &c, 1);
		return;
	case FIELD_STRING:
		if (v.s.text == NULL)
			buffer_text(b, "null");
		else
			buffer_json(b, v.s.text, v.s.length);
		return;
	case FIELD_TEXT:
	case FIELD_POINTER:
		break;
	}
	buffer_json(b, r->text.text + at->begin, at->end - at->begin);
}

/* Whether a later field has the same name. */
static int
is_outdone(const struct format_field *f, const struct format_field *end)
{
	for (const struct format_field *g = f + 1; g < end; g++)
		if (g->name_length == f->name_length &&
		    memcmp(g->name, f->name, f->name_length) == 0)
			return 1;
	return 0;
}

static void
put_fields(struct buffer *b, const struct rec *r)
{
	const struct format_field *f = first_field(r), *end;
	const char *between = ",\"fields\":{";
	size_t n;

	(void)format_fields(r->format, &n);
	if (n == 0)
		return;
	end = f + (n < FIELDS_MAX ? n : FIELDS_MAX);
	for (; f < end; f++) {
		if (is_outdone(f, end))
			continue;
		buffer_text(b, between);
		between = ",";
		buffer_json(b, f->name, f->name_length);
		buffer_byte(b, ':');
		put_value(b, r, f);
	}
	buffer_byte(b, '}');
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

static void
json_record(struct buffer *b, const struct rec *r)
{
	buffer_text(b, "{\"time\":\"");
	buffer_time(b, r->head->time);
	buffer_put(b, r->stream->label.data, r->stream->label.n);
	buffer_put(b, r->tag->text.text, r->tag->text.n);
	buffer_text(b, level_name(r->head->level));
	buffer_text(b, "\",\"id\":");
	buffer_number(b, r->head->id);
	buffer_text(b, ",\"text\":");
	buffer_json(b, r->text.text, r->text.n);
	if (r->format != NULL)
		put_fields(b, r);
	if (r->unreadable)
		buffer_text(b, ",\"unreadable\":true");
	if (r->head->flags & RECORD_CUT)
		buffer_text(b, ",\"cut\":true");
	put_transaction(b, r);
	buffer_text(b, ",\"cursor\":\"");
	put_hex(b, r->stream->created);
	buffer_byte(b, '-');
	buffer_number(b, r->stream->serial);
	buffer_byte(b, '-');
	buffer_number(b, r->lane);
	buffer_byte(b, '-');
	buffer_number(b, r->number);
	buffer_text(b, "\"}\n");
}

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
