/*
 * out_cat.c -- the payloads alone, byte for byte, a newline behind each.
 *
 * Nothing is escaped in pipes and files.  A terminal (out_choose()) is another
 * matter: nothing in it can do more to one than show, see buffer_safe(). Losses
 * go to stderr, so that what is on stdout is what was written.
 */
#include "readers/out.h"

static void
cat_record(struct buffer *b, struct rec *r)
{
	char *p = buffer_room(b, r->text.n + 1);

	memcpy(p, r->text.text, r->text.n);
	p[r->text.n] = '\n';
	b->n += r->text.n + 1;
}

static void
cat_record_safe(struct buffer *b, struct rec *r)
{
	buffer_safe(b, r->text.text, r->text.n);
	buffer_byte(b, '\n');
}

const struct out out_cat = {
	.name = "cat",
	.stream = out_no_stream,
	.tag = out_no_tag,
	.record = cat_record,
	.lost = out_lost_told,
};

const struct out out_cat_safe = {
	.name = "cat",
	.stream = out_no_stream,
	.tag = out_no_tag,
	.record = cat_record_safe,
	.lost = out_lost_told,
};
