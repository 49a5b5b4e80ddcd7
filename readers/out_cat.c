/*
 * out_cat.c -- the payloads alone, byte for byte, a newline behind each.
 *
 * Nothing is escaped: this is for pipes and files.  Losses go to stderr, so
 * that what is on stdout is what was written.
 */
#include <err.h>
#include <inttypes.h>

#include "readers/out.h"

static void
cat_nothing(struct buffer *b, const struct descriptor *d)
{
	(void)b;
	(void)d;
}

static void
cat_no_tag(struct buffer *b, const char *name, size_t n)
{
	(void)b;
	(void)name;
	(void)n;
}

static void
cat_record(struct buffer *b, const struct rec *r)
{
	char *p = buffer_room(b, r->text.n + 1);

	memcpy(p, r->text.text, r->text.n);
	p[r->text.n] = '\n';
	b->n += r->text.n + 1;
}

static void
cat_lost(struct buffer *b, const struct out_loss *l)
{
	struct buffer name;

	(void)b;
	if (l->of == NULL) {
		warnx("records of streams that came and went may be lost");
		return;
	}
	buffer_init(&name, -1);
	buffer_stream(&name, l->of);
	if (l->records == 0 && l->at_least)
		warnx("records of %.*s may be lost", (int)name.n, name.data);
	else
		warnx("%s%" PRIu64 " record%s of %.*s lost",
		    l->at_least ? "at least " : "", l->records,
		    l->records == 1 ? "" : "s", (int)name.n, name.data);
	buffer_free(&name);
}

const struct out out_cat = {
	.name = "cat",
	.stream = cat_nothing,
	.tag = cat_no_tag,
	.record = cat_record,
	.lost = cat_lost,
};
