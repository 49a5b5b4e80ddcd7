/*
 * stream.c -- plan, write and check the header of a stream, and its dictionary.
 *
 * The dictionary is append-only: the writer stores an entry behind the others
 * and then moves `commit' over it with release; a reader loads commit with
 * acquire and reads up to it.  Nothing there is ever overwritten, so a reader
 * needs no other check than the section's own.
 */
#include "common/stream.h"

#include <errno.h>
#include <string.h>

#include "common/ring.h"
#include "common/shared.h"

uint64_t
stream_plan(struct stream_plan *p, uint32_t lanes, uint64_t lane_size,
    uint64_t dict_size)
{
	if (lanes < 1 || lanes > LANES_MAX || lane_size < LANE_SIZE_MIN ||
	    lane_size > LANE_SIZE_MAX || (lane_size & (lane_size - 1)) != 0 ||
	    dict_size < sizeof(struct dict_header) ||
	    dict_size > DICT_SIZE_MAX) {
		errno = EINVAL;
		return 0;
	}
	p->id = p->born = 0;
	p->lanes = lanes;
	p->lane_size = lane_size;
	p->lane_stride = sizeof(struct lane_header) + lane_size;
	p->dict_offset = sizeof(struct stream_header);
	p->dict_size = round_up(dict_size, CACHE_LINE);
	p->lane_offset =
	    round_up(p->dict_offset + p->dict_size, 2 * CACHE_LINE);
	return round_up(p->lane_offset + lanes * p->lane_stride, SEGMENT_PAGE);
}

void
stream_create(void *section, const struct stream_plan *p)
{
	struct stream_header h = {
		.magic = STREAM_MAGIC,
		.lanes = p->lanes,
		.lane_offset = p->lane_offset,
		.lane_stride = p->lane_stride,
		.lane_size = p->lane_size,
		.dict_offset = p->dict_offset,
		.dict_size = p->dict_size,
		.id = p->id,
		.born = p->born,
	};

	shared_words_store(section, &h, sizeof(h) / 8);
}

int
stream_check(const void *section, uint64_t length, struct stream_plan *p)
{
	struct stream_header h;

	if (length < sizeof(h))
		return -1;
	shared_words_load(&h, section, sizeof(h) / 8);
	if (h.magic != STREAM_MAGIC || h.lanes < 1 || h.lanes > LANES_MAX ||
	    h.lane_size < LANE_SIZE_MIN || h.lane_size > LANE_SIZE_MAX ||
	    (h.lane_size & (h.lane_size - 1)) != 0)
		return -1;
	if (h.lane_stride < sizeof(struct lane_header) + h.lane_size ||
	    h.lane_stride > length || h.lane_offset > length ||
	    (h.lane_stride | h.lane_offset) % 8 != 0 ||
	    h.lanes * h.lane_stride > length - h.lane_offset)
		return -1;
	if (h.dict_offset > length || h.dict_offset % 8 != 0 ||
	    h.dict_size < sizeof(struct dict_header) ||
	    h.dict_size > length - h.dict_offset)
		return -1;
	p->lanes = h.lanes;
	p->lane_offset = h.lane_offset;
	p->lane_stride = h.lane_stride;
	p->lane_size = h.lane_size;
	p->dict_offset = h.dict_offset;
	p->dict_size = h.dict_size;
	p->id = h.id;
	p->born = h.born;
	return 0;
}

int
stream_is_freed(const void *section)
{
	const struct stream_header *h = section;

	/* pairs with the release store in stream_freed() */
	return atomic_load_explicit(&h->freed, memory_order_acquire) == 1;
}

void
stream_freed(void *section)
{
	struct stream_header *h = section;

	/* pairs with the acquire load in stream_is_freed() */
	atomic_store_explicit(&h->freed, 1, memory_order_release);
}

int
tag_is_good(const char *name)
{
	size_t n =
	    name == NULL
		? 0
		: strspn(name,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789_.-");

	return n > 0 && n < TAG_NAME_MAX && name[n] == '\0';
}

int
dict_add(void *section, const struct stream_plan *p, uint64_t *used,
    enum dict_kind kind, uint32_t id, const char *text, uint32_t length)
{
	struct dict_header *d =
	    (struct dict_header *)((uint8_t *)section + p->dict_offset);
	struct dict_entry e = {
		.length = (uint32_t)round_up(sizeof(e) + length, 8),
		.kind = kind,
		.id = id,
		.text_length = length,
	};
	uint8_t *to = (uint8_t *)(d + 1) + *used;

	if (e.length > p->dict_size - sizeof(*d) - *used) {
		errno = ENOSPC;
		return -1;
	}
	shared_words_store(to, &e, sizeof(e) / 8);
	shared_put(to + sizeof(e), text, length);
	*used += e.length;
	/* pairs with the acquire load in dict_next() */
	atomic_store_explicit(&d->commit, *used, memory_order_release);
	return 0;
}

void
dict_copy(void *section, const struct stream_plan *p, const void *entries,
    uint64_t from, uint64_t to)
{
	struct dict_header *d =
	    (struct dict_header *)((uint8_t *)section + p->dict_offset);
	uint64_t at = sizeof(*d) + from;

	if (to <= from || to > p->dict_size - sizeof(*d))
		return;
	shared_words_store(
	    (uint8_t *)d + at, (const uint8_t *)entries + at, (to - from) / 8);
	/* pairs with the acquire load in dict_next() */
	atomic_store_explicit(&d->commit, to, memory_order_release);
}

int
dict_next(const void *section, const struct stream_plan *p, uint64_t *offset,
    struct dict_item *item)
{
	const struct dict_header *d =
	    (const struct dict_header *)((const uint8_t *)section +
					 p->dict_offset);
	/* pairs with the release stores in dict_add() and dict_copy() */
	uint64_t commit =
	    atomic_load_explicit(&d->commit, memory_order_acquire);
	struct dict_entry e;
	const uint8_t *from = (const uint8_t *)(d + 1) + *offset;

	if (commit == *offset)
		return 0;
	if (commit < *offset || commit > p->dict_size - sizeof(*d) ||
	    commit - *offset < sizeof(e))
		return -1;
	shared_words_load(&e, from, sizeof(e) / 8);
	if (e.length < sizeof(e) || e.length > commit - *offset ||
	    e.length % 8 != 0 || e.text_length > e.length - sizeof(e))
		return -1;
	item->kind = e.kind;
	item->id = e.id;
	item->text = (const char *)from + sizeof(e);
	item->length = e.text_length;
	*offset += e.length;
	return 1;
}
