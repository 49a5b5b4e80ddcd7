/*
 * group_store.c -- see group_node.h.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/group_node.h"
#include "readers/option.h"

/* A record's copy; what it takes is a multiple of 8. */
struct copy {
	struct rec_stream *stream;
	const struct rec_tag *tag;
	uint64_t number;
	uint32_t lane;
	uint32_t n;     /* of the payload */
	uint32_t holds; /* a reference to the stream is this one's */
	struct record head;
	char payload[];
};

static size_t
copy_size(size_t n)
{
	return (sizeof(struct copy) + n + 7) & ~(size_t)7;
}

static size_t
slab_room(unsigned class)
{
	return (SLAB_SMALL << class) - sizeof(struct slab);
}

/* With room for n bytes; each one of a transaction is larger. */
static struct slab *
slab_get(struct store *s, const struct slab *last, size_t n)
{
	uint32_t class = last == NULL ? 0 : last->class + 1;
	struct slab *slab;

	if (class > SLAB_GROW)
		class = SLAB_GROW;
	while (slab_room(class) < n)
		class ++;
	must(class < SLAB_CLASSES);
	slab = s->spare[class];
	if (slab != NULL) {
		s->spare[class] = slab->next;
		s->spared -= SLAB_SMALL << class;
	} else {
		slab = malloc(SLAB_SMALL << class);
		if (slab == NULL)
			err(1, "memory");
	}
	slab->next = NULL;
	slab->class = class;
	slab->fill = 0;
	s->used += SLAB_SMALL << class;
	return slab;
}

static void
slab_put(struct store *s, struct slab *slab)
{
	size_t size = SLAB_SMALL << slab->class;

	s->used -= size;
	if (s->spared + size > SPARE_MAX) {
		free(slab);
		return;
	}
	s->spared += size;
	slab->next = s->spare[slab->class];
	s->spare[slab->class] = slab;
}

static __attribute__((noinline)) struct slab *
copies_grow(struct store *s, struct copies *c, size_t n)
{
	struct slab *slab = slab_get(s, c->last, n);

	if (c->last != NULL)
		c->last->next = slab;
	else
		c->first = slab;
	c->last = slab;
	return slab;
}

/* One reference for all that follow one another. */
static inline uint32_t
hold(struct copies *c, struct rec_stream *stream)
{
	if (c->stream == stream)
		return 0;
	rec_stream_hold(stream);
	c->stream = stream;
	c->held++;
	return 1;
}

/* Member by member: some were stored just now, and a load of several at once
 * would wait until they have left the store buffer. */
static inline void
copy_head(struct record *to, const struct record *from)
{
	to->length = from->length;
	to->tag = from->tag;
	to->level = from->level;
	to->flags = from->flags;
	to->id = from->id;
	to->time = from->time;
}

size_t
store_put(struct store *s, struct copies *c, const struct rec *r)
{
	size_t n = r->payload.n <= RECORD_MAX ? r->payload.n : RECORD_MAX;
	size_t size = copy_size(n);
	struct slab *slab = c->last;
	struct copy *to;

	if (slab == NULL || slab_room(slab->class) - slab->fill < size)
		slab = copies_grow(s, c, size);
	to = (struct copy *)((char *)slab->data + slab->fill);
	slab->fill += (uint32_t)size;
	to->holds = hold(c, r->stream);
	to->stream = r->stream;
	to->tag = r->tag;
	to->number = r->number;
	to->lane = r->lane;
	to->n = (uint32_t)n;
	copy_head(&to->head, r->head);
	c->n++;
	memcpy(to->payload, r->payload.text, n);
	return size;
}

void
store_take(const struct copies *c, struct rec *to, uint32_t depth)
{
	const struct copy *from;

	for (const struct slab *s = c->first; s != NULL; s = s->next)
		for (size_t at = 0; at < s->fill; at += copy_size(from->n)) {
			from =
			    (const struct copy *)((const char *)s->data + at);
			/* by itself, each: all at once takes twice as long */
			to->head = &from->head;
			to->stream = from->stream;
			to->tag = from->tag;
			to->payload = (struct bytes){ from->payload, from->n };
			to->lane = from->lane;
			to->depth = depth;
			to->number = from->number;
			to->renderer = NULL;
			to->has_text = to->unreadable = 0;
			to->format = NULL;
			to->spans = NULL;
			to++;
		}
}

static void
drop_streams(const struct copies *c)
{
	const struct copy *copy;

	if (c->held == 1) {
		rec_stream_drop(c->stream);
		return;
	}
	for (const struct slab *s = c->first; s != NULL; s = s->next)
		for (size_t at = 0; at < s->fill; at += copy_size(copy->n)) {
			copy =
			    (const struct copy *)((const char *)s->data + at);
			if (copy->holds)
				rec_stream_drop(copy->stream);
		}
}

void
store_free(struct store *s, struct copies *c)
{
	struct slab *slab;

	drop_streams(c);
	while ((slab = c->first) != NULL) {
		c->first = slab->next;
		slab_put(s, slab);
	}
	*c = (struct copies){ NULL };
}

void
store_fini(struct store *s)
{
	struct slab *slab;

	for (unsigned i = 0; i < SLAB_CLASSES; i++)
		while ((slab = s->spare[i]) != NULL) {
			s->spare[i] = slab->next;
			free(slab);
		}
}
