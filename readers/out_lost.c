/*
 * out_lost.c -- what is lost or not whole, in a line for people.
 */
#include <err.h>

#include "readers/out.h"

void
out_lost_text(struct buffer *b, const struct out_loss *l)
{
	if (l->of == NULL) {
		buffer_text(
		    b, "records of streams that came and went may be lost");
		return;
	}
	if (l->records == 0 && l->at_least) {
		buffer_text(b, "records of ");
		buffer_stream(b, l->of);
		buffer_text(b, " may be lost");
		return;
	}
	if (l->at_least)
		buffer_text(b, "at least ");
	buffer_number(b, l->records);
	buffer_text(b, l->records == 1 ? " record of " : " records of ");
	buffer_stream(b, l->of);
	buffer_text(b, " lost");
}

void
out_lost_line(struct buffer *b, const struct out_loss *l)
{
	buffer_text(b, "-- ");
	out_lost_text(b, l);
	buffer_text(b, " --\n");
}

void
out_lost_told(struct buffer *b, const struct out_loss *l)
{
	struct buffer line;

	(void)b;
	buffer_init(&line, -1);
	out_lost_text(&line, l);
	warnx("%.*s", (int)line.n, line.data);
	buffer_free(&line);
}

/* buffer_stream(), kept for the next group, which often is of the same one. */
static void
put_stream(struct buffer *b, const struct descriptor *d)
{
	static struct descriptor of;
	static struct buffer text;

	if (text.data == NULL)
		buffer_init(&text, -1);
	if (text.n == 0 || d->owner_pid != of.owner_pid ||
	    memcmp(d->ident, of.ident, sizeof(of.ident)) != 0 ||
	    memcmp(d->type, of.type, sizeof(of.type)) != 0) {
		of = *d;
		text.n = 0;
		buffer_stream(&text, d);
	}
	buffer_put(b, text.data, text.n);
}

void
out_group_line(struct buffer *b, const struct group *g)
{
	buffer_text(b, "-- ");
	buffer_number(b, g->id);
	buffer_byte(b, ' ');
	put_stream(b, g->of);
	group_why(b, g);
	buffer_text(b, " --\n");
}

void
out_group_end(struct buffer *b, const struct group *g)
{
	(void)g;
	buffer_byte(b, '\n');
}
