/*
 * tail_dict.c -- a stream's dictionary, copied and checked.
 *
 * Ids belong to their stream.  The texts are copied first (staged) and believed
 * together with the chunk that may use them: an id is used only after its entry
 * was committed, so whoever reads the lane first and the dictionary then has
 * every name.
 */
#include <err.h>
#include <stdlib.h>

#include "common/shared.h"
#include "readers/tail.h"

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

void
dict_believe(struct tail *t, struct tail_stream *s, uint64_t offset)
{
	for (size_t i = 0; i < t->staged_n; i++) {
		const struct dict_text *d = &t->staged[i];

		show_learn(t->show, s->as, d->kind, d->id,
		    t->staged_text.data + d->at, d->n);
	}
	if (t->staged_n != 0)
		show_learned(t->show, s->as);
	t->staged_n = 0;
	s->dict_offset = offset;
}
