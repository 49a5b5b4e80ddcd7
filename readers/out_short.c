/*
 * out_short.c -- a line a record, for people:
 *
 *	time type.ident[pid] tag(level) id: text
 *
 * and of a transaction that is a part of another one `id in parent: text'.  A
 * group has a line before it, and an empty one behind it:
 *
 *	-- id type.ident[pid], incomplete: why --
 *
 * Nothing in it can do more to a terminal than show: see buffer_safe().  A
 * record that its writer had to cut ends in "[cut]"; no tag, no id are "-".
 */
#include <time.h>

#include "readers/attach.h"
#include "readers/out.h"

static void
short_stream(struct buffer *b, const struct descriptor *d)
{
	buffer_byte(b, ' ');
	buffer_stream(b, d);
	buffer_byte(b, ' ');
}

static void
short_tag(struct buffer *b, const char *name, size_t n)
{
	buffer_safe(b, name, n);
}

/* "Nov 23 18:20:01.", made anew when the second changes. */
static const char *
second_text(uint64_t second, size_t *n)
{
	static uint64_t cached = UINT64_MAX;
	static char text[64];
	static size_t length;
	time_t t = (time_t)second;
	struct tm tm;

	if (second != cached) {
		/* a time from a stranger may have no such date */
		if (localtime_r(&t, &tm) == NULL)
			memset(&tm, 0, sizeof(tm));
		length = strftime(text, sizeof(text), "%b %e %H:%M:%S.", &tm);
		cached = second;
	}
	*n = length;
	return text;
}

static void
put_time(struct buffer *b, uint64_t time)
{
	uint32_t us = (uint32_t)(time % NSEC / 1000);
	size_t n;
	const char *second = second_text(time / NSEC, &n);
	char *p = buffer_room(b, n + 6);

	memcpy(p, second, n);
	p += n;
	for (int i = 5; i >= 0; i--, us /= 10)
		p[i] = (char)('0' + us % 10);
	b->n += n + 6;
}

static void
put_id(struct buffer *b, const struct rec *r)
{
	uint64_t parent;

	if (r->head->id != 0)
		buffer_number(b, r->head->id);
	else
		buffer_byte(b, '-');
	if (rec_parent(r, &parent)) {
		buffer_put(b, " in ", 4);
		buffer_number(b, parent);
	}
	buffer_put(b, ": ", 2);
}

static void
short_record(struct buffer *b, const struct rec *r)
{
	for (uint32_t i = 0; i < r->depth; i++)
		buffer_put(b, "  ", 2);
	put_time(b, r->head->time);
	buffer_put(b, r->stream->label.data, r->stream->label.n);
	buffer_put(b, r->tag->text.text, r->tag->text.n);
	buffer_byte(b, '(');
	buffer_text(b, level_name(r->head->level));
	buffer_put(b, ") ", 2);
	put_id(b, r);
	buffer_safe(b, r->text.text, r->text.n);
	if (r->head->flags & RECORD_CUT)
		buffer_text(b, "[cut]");
	buffer_byte(b, '\n');
}

static void
short_lost(struct buffer *b, const struct out_loss *l)
{
	if (l->of == NULL) {
		buffer_text(b, "-- records of streams that came and went may "
			       "be lost --\n");
		return;
	}
	if (l->records == 0 && l->at_least) {
		buffer_text(b, "-- records of");
		short_stream(b, l->of);
		buffer_text(b, "may be lost --\n");
		return;
	}
	buffer_text(b, l->at_least ? "-- at least " : "-- ");
	buffer_number(b, l->records);
	buffer_text(b, l->records == 1 ? " record of" : " records of");
	short_stream(b, l->of);
	buffer_text(b, "lost --\n");
}

static void
short_group(struct buffer *b, const struct group *g)
{
	buffer_text(b, "-- ");
	buffer_number(b, g->id);
	buffer_byte(b, ' ');
	buffer_stream(b, g->of);
	group_why(b, g);
	buffer_text(b, " --\n");
}

static void
short_group_end(struct buffer *b, const struct group *g)
{
	(void)g;
	buffer_byte(b, '\n');
}

const struct out out_short = {
	.name = "short",
	.stream = short_stream,
	.tag = short_tag,
	.record = short_record,
	.lost = short_lost,
	.group = short_group,
	.group_end = short_group_end,
};
