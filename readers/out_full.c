/*
 * out_full.c -- all that is known of a record, a line each, for people:
 *
 *	Mon 2026-11-23 18:20:01.123456789 +0100 [18b0...-5-0-41]
 *	    stream: http.front
 *	    pid: 4711
 *	    uid: 33
 *	    process: httpd
 *	    tag: Request
 *	    level: info
 *	    id: 17
 *	    parent: 16
 *	    flags: begin, cut
 *	    format: method=%s path=%s
 *	    text: method=GET path=/
 *	    field method: GET
 *	    field path: /
 *
 * The time is local; in brackets is the record's name.  id, parent, flags
 * and format are there if it has some.  As safe on a terminal as out_short.
 */
#include <time.h>

#include "readers/attach.h"
#include "common/digits.h"
#include "readers/out.h"

static void
put_key(struct buffer *b, const char *key)
{
	buffer_text(b, "    ");
	buffer_text(b, key);
	buffer_text(b, ": ");
}

static void
put_line(struct buffer *b, const char *key, const char *text, size_t n)
{
	put_key(b, key);
	buffer_safe(b, text, n);
	buffer_byte(b, '\n');
}

static void
put_number(struct buffer *b, const char *key, uint64_t n)
{
	put_key(b, key);
	buffer_number(b, n);
	buffer_byte(b, '\n');
}

static void
full_stream(struct buffer *b, const struct descriptor *d)
{
	put_key(b, "stream");
	buffer_safe(b, d->type, strnlen(d->type, TYPE_MAX));
	buffer_byte(b, '.');
	buffer_safe(b, d->ident, strnlen(d->ident, IDENT_MAX));
	buffer_byte(b, '\n');
	put_number(b, "pid", d->owner_pid);
	put_number(b, "uid", d->owner_uid);
	put_line(b, "process", d->owner, strnlen(d->owner, OWNER_MAX));
}

static void
full_tag(struct buffer *b, const char *name, size_t n)
{
	put_line(b, "tag", name, n);
}

static void
put_time(struct buffer *b, uint64_t ns)
{
	time_t second = (time_t)(ns / NSEC);
	char text[64], part[9];
	struct tm tm;
	size_t n;

	/* a time from a stranger may have no such date */
	if (localtime_r(&second, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	n = strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S.", &tm);
	buffer_put(b, text, n);
	(void)digits_last(part, (uint32_t)(ns % NSEC), sizeof(part));
	buffer_put(b, part, sizeof(part));
	n = strftime(text, sizeof(text), " %z", &tm);
	buffer_put(b, text, n);
}

static void
put_flags(struct buffer *b, uint8_t flags)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = { { RECORD_BEGIN, "begin" }, { RECORD_END, "end" },
		{ RECORD_LINK, "link" }, { RECORD_CUT, "cut" } };
	int n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((flags & names[i].flag) == 0)
			continue;
		if (n++ == 0)
			put_key(b, "flags");
		else
			buffer_text(b, ", ");
		buffer_text(b, names[i].name);
	}
	if (n != 0)
		buffer_byte(b, '\n');
}

static int
put_field(void *arg, struct bytes name, const struct value *v)
{
	struct buffer *b = arg;
	char to[32];
	struct bytes text = value_text(v, to);

	buffer_text(b, "    field ");
	buffer_safe(b, name.text, name.n);
	buffer_text(b, ": ");
	buffer_safe(b, text.text, text.n);
	buffer_byte(b, '\n');
	return 0;
}

static void
put_format(struct buffer *b, const struct rec *r)
{
	const struct rec_format *f = dict_format(
	    &r->stream->dict, format_id(r->payload.text, r->payload.n));

	if (f != NULL)
		put_line(b, "format", f->text, f->n);
}

static void
full_record(struct buffer *b, struct rec *r)
{
	uint64_t parent;

	put_time(b, r->head->time);
	buffer_text(b, " [");
	out_cursor(b, r);
	buffer_text(b, "]\n");
	buffer_put(b, r->stream->label.data, r->stream->label.n);
	buffer_put(b, r->tag->text.text, r->tag->text.n);
	put_key(b, "level");
	buffer_text(b, level_name(r->head->level));
	buffer_byte(b, '\n');
	if (r->head->id != 0)
		put_number(b, "id", r->head->id);
	if (rec_parent(r, &parent))
		put_number(b, "parent", parent);
	put_flags(b, r->head->flags);
	if (r->format != NULL)
		put_format(b, r);
	put_line(b, "text", r->text.text, r->text.n);
	out_fields(r, put_field, b);
}

const struct out out_full = {
	.name = "full",
	.stream = full_stream,
	.tag = full_tag,
	.record = full_record,
	.lost = out_lost_line,
	.group = out_group_line,
	.group_end = out_group_end,
};
