/*
 * out_cat.c -- the payloads alone, byte for byte, a newline behind each.
 *
 * Nothing is escaped: this is for pipes and files.  Losses go to stderr, so
 * that what is on stdout is what was written.
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

const struct out out_cat = {
	.name = "cat",
	.stream = out_no_stream,
	.tag = out_no_tag,
	.record = cat_record,
	.lost = out_lost_told,
};
