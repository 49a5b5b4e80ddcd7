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
 * cursor: the record's name, unique for ever.
 */
#include "readers/attach.h"
#include "readers/out.h"

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

static void
json_record(struct buffer *b, const struct out_record *r)
{
	buffer_text(b, "{\"time\":\"");
	buffer_time(b, r->head->time);
	buffer_put(b, r->stream.text, r->stream.n);
	buffer_put(b, r->tag.text, r->tag.n);
	buffer_text(b, level_name(r->head->level));
	buffer_text(b, "\",\"id\":");
	buffer_number(b, r->head->id);
	buffer_text(b, ",\"text\":");
	buffer_json(b, r->payload.text, r->payload.n);
	if (r->head->flags & RECORD_CUT)
		buffer_text(b, ",\"cut\":true");
	buffer_text(b, ",\"cursor\":\"");
	put_hex(b, r->created);
	buffer_byte(b, '-');
	buffer_number(b, r->serial);
	buffer_byte(b, '-');
	buffer_number(b, r->lane);
	buffer_byte(b, '-');
	buffer_number(b, r->number);
	buffer_text(b, "\"}\n");
}

static void
json_lost(struct buffer *b, const struct out_loss *l)
{
	buffer_text(b, "{\"lost\":");
	buffer_number(b, l->records);
	if (l->of != NULL) {
		buffer_text(b, ",\"stream\":");
		buffer_json(b, l->of->ident, strnlen(l->of->ident, IDENT_MAX));
		buffer_text(b, ",\"type\":");
		buffer_json(b, l->of->type, strnlen(l->of->type, TYPE_MAX));
		buffer_text(b, ",\"pid\":");
		buffer_number(b, l->of->owner_pid);
	}
	if (l->at_least)
		buffer_text(b, ",\"at_least\":true");
	buffer_text(b, "}\n");
}

const struct out out_json = {
	.name = "json",
	.stream = json_stream,
	.tag = json_tag,
	.record = json_record,
	.lost = json_lost,
};
