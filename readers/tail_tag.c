/*
 * tail_tag.c -- a stream's dictionary, copied, checked and put into words.
 *
 * Ids belong to their stream.  The texts are copied first (staged) and believed
 * together with the chunk that may use them: an id is used only after its entry
 * was committed, so whoever reads the lane first and the dictionary then has
 * every name.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/shared.h"
#include "readers/tail.h"

static int
is_hidden(const struct tail *t, const char *name)
{
	if (t->include.n != 0 && globs_match(&t->include, name) == -1)
		return 1;
	return t->exclude.n != 0 && globs_match(&t->exclude, name) != -1;
}

static struct tail_tag *
make_tag(struct tail *t, const char *name, size_t n)
{
	struct buffer b;
	struct tail_tag *tag;

	buffer_init(&b, -1);
	t->out->tag(&b, name, n);
	tag = malloc(sizeof(*tag) + b.n);
	if (tag == NULL)
		err(1, "memory");
	tag->hidden = is_hidden(t, name);
	tag->n = b.n;
	memcpy(tag->text, b.data, b.n);
	buffer_free(&b);
	return tag;
}

void
no_tag_init(struct tail *t)
{
	t->no_tag = make_tag(t, "-", 1);
	t->any_tag = t->include.n == 0 && t->exclude.n == 0;
}

/* Copies one entry's text, which may change under us as long as it is not
 * believed: so its length is bounded here, and a zero put behind it. */
static void
stage(struct tail *t, const struct dict_item *item)
{
	struct dict_text *d;

	if (t->staged_n == t->staged_size) {
		t->staged_size = t->staged_size == 0 ? 64 : t->staged_size * 2;
		t->staged =
		    reallocarray(t->staged, t->staged_size, sizeof(*t->staged));
		if (t->staged == NULL)
			err(1, "memory");
	}
	d = &t->staged[t->staged_n++];
	d->id = item->id;
	d->n = item->length < TAG_NAME_MAX ? item->length : TAG_NAME_MAX - 1;
	/* entries are a multiple of 8 long, and so is what may be copied */
	shared_get(d->name, item->text, d->n & ~7u);
	memcpy(d->name + (d->n & ~7u), item->text + (d->n & ~7u), d->n & 7u);
	d->name[d->n] = '\0';
}

/* 0, or -1: no writer of ours wrote this.  *offset is where it stopped. */
int
dict_stage(struct tail *t, struct tail_stream *s, uint64_t *offset)
{
	const void *section = s->source->segment->base + s->entry.d.offset;
	struct dict_item item;
	int r = 0;

	t->staged_n = 0;
	*offset = s->dict_offset;
	if (s->dict_bad)
		return 0;
	/* no id comes twice, so more than TAGS_MAX at once is rubbish */
	while (t->staged_n < TAGS_MAX &&
	       (r = dict_next(section, &s->plan, offset, &item)) == 1)
		if (item.kind == DICT_TAG && item.id > 0 && item.id < TAGS_MAX)
			stage(t, &item);
	return r;
}

static void
learn(struct tail *t, struct tail_stream *s, const struct dict_text *d)
{
	uint32_t size = s->tags_size;

	if (d->id >= size) {
		size = d->id + 8;
		s->tags =
		    reallocarray(s->tags, size, sizeof(struct tail_tag *));
		if (s->tags == NULL)
			err(1, "memory");
		memset(s->tags + s->tags_size, 0,
		    (size - s->tags_size) * sizeof(struct tail_tag *));
		s->tags_size = size;
	}
	if (s->tags[d->id] == NULL)
		s->tags[d->id] = make_tag(t, d->name, d->n);
}

void
dict_believe(struct tail *t, struct tail_stream *s, uint64_t offset)
{
	for (size_t i = 0; i < t->staged_n; i++)
		learn(t, s, &t->staged[i]);
	t->staged_n = 0;
	s->dict_offset = offset;
}

const struct tail_tag *
tag_of(const struct tail *t, const struct tail_stream *s, uint16_t id)
{
	if (id >= s->tags_size || s->tags[id] == NULL)
		return t->no_tag;
	return s->tags[id];
}
