/*
 * tail_tag.c -- a stream's dictionary, copied, checked and put into words: the
 * names of tags, and formats.
 *
 * Ids belong to their stream.  The texts are copied first (staged) and believed
 * together with the chunk that may use them: an id is used only after its entry
 * was committed, so whoever reads the lane first and the dictionary then has
 * every name.
 */
#include <err.h>
#include <errno.h>
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

/*
 * Copies one entry's text, which may change under us as long as it is not
 * believed: so its length is bounded here.  Entries are a multiple of 8 long,
 * and so is what may be copied.
 */
static void
stage(struct tail *t, const struct dict_item *item)
{
	uint32_t max =
	    item->kind == DICT_TAG ? TAG_NAME_MAX - 1 : FORMAT_TEXT_MAX;
	struct dict_text *d;
	size_t n;

	if (t->staged_n == t->staged_size) {
		t->staged_size = t->staged_size == 0 ? 64 : t->staged_size * 2;
		t->staged =
		    reallocarray(t->staged, t->staged_size, sizeof(*t->staged));
		if (t->staged == NULL)
			err(1, "memory");
	}
	d = &t->staged[t->staged_n++];
	d->kind = item->kind;
	d->id = item->id;
	d->n = item->length < max ? item->length : max;
	d->at = t->staged_text.n;
	n = round_up(d->n, 8);
	shared_get(buffer_room(&t->staged_text, n), item->text, n);
	t->staged_text.n += n;
}

static int
is_ours(const struct dict_item *item)
{
	return item->id > 0 &&
	       ((item->kind == DICT_TAG && item->id < TAGS_MAX) ||
		   (item->kind == DICT_FORMAT && item->id < FORMATS_MAX));
}

/* 0, or -1: no writer of ours wrote this.  *offset is where it stopped. */
int
dict_stage(struct tail *t, struct tail_stream *s, uint64_t *offset)
{
	const void *section = s->source->segment->base + s->entry.d.offset;
	struct dict_item item;
	int n = 0, r = 0;

	t->staged_n = t->staged_text.n = 0;
	*offset = s->dict_offset;
	if (s->dict_bad)
		return 0;
	/* no id comes twice (but for a fork's sake: few), so more than that is
	 * rubbish */
	while (n++ < 2 * (TAGS_MAX + FORMATS_MAX) &&
	       (r = dict_next(section, &s->plan, offset, &item)) == 1)
		if (is_ours(&item))
			stage(t, &item);
	return r == 0 ? 0 : -1;
}

/* Makes an array of pointers long enough for an id. */
static void
make_room(void *array, uint32_t *size, uint32_t id)
{
	void ***p = array;

	if (id < *size)
		return;
	*p = reallocarray(*p, id + 8, sizeof(void *));
	if (*p == NULL)
		err(1, "memory");
	memset(*p + *size, 0, (id + 8 - *size) * sizeof(void *));
	*size = id + 8;
}

static void
learn_tag(
    struct tail *t, struct tail_stream *s, uint32_t id, const char *p, size_t n)
{
	char name[TAG_NAME_MAX];

	make_room(&s->tags, &s->tags_size, id);
	if (s->tags[id] != NULL)
		return;
	memcpy(name, p, n);
	name[n] = '\0';
	s->tags[id] = make_tag(t, name, n);
}

static void
learn_format(struct tail_stream *s, uint32_t id, const char *p, size_t n)
{
	struct tail_format *f;

	make_room(&s->formats, &s->formats_size, id);
	if (s->formats[id] != NULL || s->formats_text + n > FORMATS_TEXT_MAX)
		return;
	f = malloc(sizeof(*f) + n);
	if (f == NULL)
		err(1, "memory");
	f->compiled = NULL;
	f->bad = 0;
	f->n = (uint32_t)n;
	memcpy(f->text, p, n);
	s->formats[id] = f;
	s->formats_text += n;
}

void
dict_believe(struct tail *t, struct tail_stream *s, uint64_t offset)
{
	for (size_t i = 0; i < t->staged_n; i++) {
		const struct dict_text *d = &t->staged[i];
		const char *text = t->staged_text.data + d->at;

		if (d->kind == DICT_TAG)
			learn_tag(t, s, d->id, text, d->n);
		else
			learn_format(s, d->id, text, d->n);
	}
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

const struct format *
format_of(struct tail_stream *s, uint32_t id)
{
	struct tail_format *f = id < s->formats_size ? s->formats[id] : NULL;

	if (f == NULL || f->bad)
		return NULL;
	if (f->compiled == NULL) {
		f->compiled = format_compile(f->text, f->n);
		if (f->compiled == NULL && errno == ENOMEM)
			err(1, "memory");
		f->bad = f->compiled == NULL;
	}
	return f->compiled;
}

void
dict_free(struct tail_stream *s)
{
	for (uint32_t i = 0; i < s->tags_size; i++)
		free(s->tags[i]);
	free(s->tags);
	for (uint32_t i = 0; i < s->formats_size; i++)
		if (s->formats[i] != NULL) {
			format_free(s->formats[i]->compiled);
			free(s->formats[i]);
		}
	free(s->formats);
}
