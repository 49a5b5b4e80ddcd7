/*
 * ring_write.h -- a writer's way through a lane, to be inlined: it is what a
 * record costs.  The algorithm is told at the top of ring.c.
 *
 *	to = ring_begin(w, length, &pos);	room for a record, in one piece
 *	... store its header and payload ...
 *	ring_end(w, pos, length);		it can be read
 */
#ifndef SHMLOG_COMMON_RING_WRITE_H
#define SHMLOG_COMMON_RING_WRITE_H

#include <string.h>

#include "common/ring.h"
#include "common/shared.h"

/* a is before b, by less than half of all positions. */
static inline int
ring_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* Notes a record at pos if it is the first that begins in its block. */
static inline void
ring_note(struct ring_writer *w, uint64_t pos)
{
	uint64_t block = pos >> w->shift;
	struct lane_index *i;

	if (__builtin_expect(block + 1 == w->indexed, 1))
		return;
	w->indexed = block + 1;
	w->easy = (block + 1) << w->shift;
	i = &w->head->index[block % LANE_BLOCKS];
	atomic_store_explicit(&i->first, pos, SHARED_STORE);
	atomic_store_explicit(&i->count, w->records, SHARED_STORE);
}

/*
 * The header's first word: length, tag, level, flags, put together in a
 * register.  By way of a struct in memory, stored in parts and loaded whole, it
 * costs 5 ns more.
 */
static inline uint64_t
record_word(uint32_t length, uint16_t tag, uint8_t level, uint8_t flags)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return length | (uint64_t)tag << 32 | (uint64_t)level << 48 |
	       (uint64_t)flags << 56;
#else
	return (uint64_t)length << 32 | (uint64_t)tag << 16 |
	       (uint64_t)level << 8 | flags;
#endif
}

static inline uint32_t
record_length(uint64_t word)
{
	struct record r;

	memcpy(&r, &word, sizeof(word));
	return r.length;
}

static inline uint16_t
record_tag(uint64_t word)
{
	struct record r;

	memcpy(&r, &word, sizeof(word));
	return r.tag;
}

static inline uint8_t
record_level(uint64_t word)
{
	struct record r;

	memcpy(&r, &word, sizeof(word));
	return r.level;
}

static inline uint8_t
record_flags(uint64_t word)
{
	struct record r;

	memcpy(&r, &word, sizeof(word));
	return r.flags;
}

/* Fills up the ring's end; out of line, for it is once a round. */
void ring_pad(struct ring_writer *, uint64_t pos, uint64_t pad);

/* Makes room for n bytes in one piece; returns their position. */
static inline uint64_t
ring_reserve(struct ring_writer *w, uint64_t n)
{
	uint64_t pos = w->commit, offset = pos & w->mask, pad = 0, end;

	if (__builtin_expect(offset + n > w->size, 0))
		pad = w->size - offset;
	end = pos + pad + n;
	if (__builtin_expect(ring_before(w->claim, end), 0)) {
		w->claim = round_up(end, UINT64_C(1) << w->shift);
		atomic_store_explicit(&w->head->claim, w->claim, SHARED_STORE);
	}
	/* pairs with the fence in still_there(); also for a claim of another
	 * holder's */
	atomic_thread_fence(memory_order_release);
	if (__builtin_expect(pad != 0, 0))
		ring_pad(w, pos, pad);
	return pos + pad;
}

static inline void
ring_publish(struct ring_writer *w, uint64_t commit)
{
	struct lane_header *head = w->head;

	w->commit = commit;
	atomic_store_explicit(&head->records, w->records, memory_order_relaxed);
	/* pairs with the acquire load of commit in ring_read() */
	atomic_store_explicit(&head->commit, commit, memory_order_release);
}

/*
 * Whether a record of n bytes (a multiple of 8) can just be stored at commit:
 * it begins in the block that was indexed last and ends in it, so claim covers
 * it, and the ring's end is not in it.  All but one record in a block's worth
 * are like that.
 *
 * The claim may be that of the lane's holder before us, whom the lock puts
 * before our stores.  C11 promises that a reader sees them in that order, too,
 * only for a fence of our own; so there is one, which is nothing on x86.
 */
static inline int
ring_is_easy(const struct ring_writer *w, uint64_t n)
{
	/* pairs with the fence in still_there() */
	atomic_thread_fence(memory_order_release);
	return !ring_before(w->easy, w->commit + n);
}

/* Room for a record of `length' bytes, its header included. */
static inline uint8_t *
ring_begin(struct ring_writer *w, uint32_t length, uint64_t *pos)
{
	*pos = ring_reserve(w, round_up(length, 8));
	ring_note(w, *pos);
	return w->data + (*pos & w->mask);
}

static inline void
ring_end(struct ring_writer *w, uint64_t pos, uint32_t length)
{
	w->records++;
	ring_publish(w, pos + round_up(length, 8));
}

/* The three words of a record's header. */
static inline void
ring_head(uint8_t *to, uint64_t word, uint64_t id, uint64_t time)
{
	shared_store(to, word);
	shared_store(to + 8, id);
	shared_store(to + 16, time);
}

#endif
