/*
 * ring.c -- append records to a lane and read them back without locks.
 *
 * WRITING.  Positions only grow; `position % size' is where a byte stands.  The
 * writer first moves `claim' to a block's end past the bytes it is about to
 * overwrite, then a release fence, then writes them, then moves `commit' over
 * them with release.  So whoever sees a new byte can see the claim that came
 * before it.  A record never crosses the ring's end: padding fills it up.
 *
 * READING.  A reader loads commit (acquire), copies what lies between its seat
 * and commit to private memory, then an acquire fence, then loads claim.  A
 * byte at position p may have been overwritten if claim - p is more than the
 * size; then the copy is worthless, the reader was lapped and sits down
 * elsewhere. Nothing of a copy, a length least of all, is believed before that
 * check.
 *
 * SITTING DOWN.  index[b] says where the first record that begins in block b
 * does, and its number.  It is written after the claim that covers the block
 * and before the commit, so it is read like the data: load, fence, claim.  It
 * is believed only if the position lies in the block that was asked for, which
 * an entry of another lap does not.
 *
 * A writer killed anywhere leaves claim ahead of commit: what it had not
 * committed is not there, and what the claim covered of the oldest block is
 * lost with it.  Positions are compared by their difference, so that they may
 * pass 2^64.  The method is that of a seqlock (Boehm, "Can seqlocks get along
 * with programming language memory models?", MSPC 2012) with a claim for its
 * first word.
 */
#include "common/ring_write.h"

#define RECORD_HEAD sizeof(struct record)

static inline uint64_t
block_size(uint64_t size)
{
	return size / LANE_BLOCKS;
}

uint32_t
ring_record_max(uint64_t size)
{
	return size / 4 < RECORD_MAX ? (uint32_t)(size / 4) : RECORD_MAX;
}

void
ring_create(struct ring_writer *w, void *lane, uint64_t size, uint64_t start)
{
	memset(w, 0, sizeof(*w));
	w->head = lane;
	w->data = (uint8_t *)lane + sizeof(struct lane_header);
	w->size = size;
	w->mask = size - 1;
	w->shift = (unsigned)__builtin_ctzll(block_size(size));
	w->claim = w->commit = w->easy = start;
	shared_store(&w->head->start, start);
	atomic_store_explicit(&w->head->claim, start, memory_order_relaxed);
	atomic_store_explicit(&w->head->commit, start, memory_order_release);
}

void
ring_pad(struct ring_writer *w, uint64_t pos, uint64_t pad)
{
	ring_note(w, pos);
	shared_store(w->data + (pos & w->mask),
	    record_word((uint32_t)pad, 0, 0, RECORD_PAD));
}

void
ring_append(struct ring_writer *w, const struct record *r, const void *payload)
{
	uint64_t pos;
	uint8_t *to = ring_begin(w, r->length, &pos);

	ring_head(to, record_word(r->length, r->tag, r->level, r->flags), r->id,
	    r->time);
	shared_put(to + RECORD_HEAD, payload, r->length - RECORD_HEAD);
	ring_end(w, pos, r->length);
}

static uint32_t
batch_length(const uint8_t *batch, uint64_t at)
{
	uint32_t length;

	memcpy(&length, batch + at, sizeof(length));
	return (uint32_t)round_up(length, 8);
}

/* Notes the first records of blocks in a batch of so many that stands at pos:
 * of most there is nothing to be noted. */
static void
note_blocks(struct ring_writer *w, const uint8_t *batch, uint64_t length,
    uint64_t pos, uint64_t records)
{
	uint64_t before = w->records, done = 0, n = 0;

	/* the block that was noted last has room for the rest, or for some */
	while (ring_before(w->easy, pos + length)) {
		for (; done < length && ring_before(pos + done, w->easy); n++)
			done += batch_length(batch, done);
		if (done == length)
			break;
		w->records = before + n;
		ring_note(w, pos + done);
	}
	w->records = before + records;
}

void
ring_append_batch(
    struct ring_writer *w, const void *batch, uint64_t length, uint64_t records)
{
	int easy = ring_is_easy(w, length);
	uint64_t pos = easy ? w->commit : ring_reserve(w, length);

	if (easy)
		w->records += records;
	else
		note_blocks(w, batch, length, pos, records);
	shared_put(w->data + (pos & w->mask), batch, length);
	ring_publish(w, pos + length);
}

void
ring_set_pred(struct ring_writer *w, const struct ring_pred *p)
{
	shared_store(&w->head->pred_created, p->created);
	shared_store(&w->head->pred_lane, p->lane);
	shared_store(&w->head->pred_records, p->records);
	shared_store(&w->head->pred_total, p->total);
	shared_store(&w->head->pred_serial, p->serial);
}

void
ring_load_pred(const struct ring_reader *r, struct ring_pred *p)
{
	p->created = shared_load(&r->head->pred_created);
	p->lane = shared_load(&r->head->pred_lane);
	p->records = shared_load(&r->head->pred_records);
	p->total = shared_load(&r->head->pred_total);
	p->serial = shared_load(&r->head->pred_serial);
}

void
ring_reader_init(struct ring_reader *r, const void *lane, uint64_t size)
{
	memset(r, 0, sizeof(*r));
	r->head = lane;
	r->data = (const uint8_t *)lane + sizeof(struct lane_header);
	r->size = size;
	/* what is copied is copied by words, also if this is rubbish */
	r->pos = shared_load(&r->head->start) & ~UINT64_C(7);
}

static inline uint64_t
load_commit(const struct ring_reader *r)
{
	/* pairs with the release store in ring_publish() */
	return atomic_load_explicit(&r->head->commit, memory_order_acquire);
}

/*
 * Whether nothing from pos on has been overwritten, asked after it was loaded:
 * if a load before the fence saw a byte of the next lap, then the load of claim
 * after it sees the claim that covers it.
 */
static inline int
still_there(const struct ring_reader *r, uint64_t pos)
{
	/* pairs with the fences in ring_reserve() and ring_is_easy() */
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&r->head->claim, SHARED_LOAD) - pos <=
	       r->size;
}

/*
 * Loads block's index entry if a record before commit begins there.  (Of one at
 * commit, which is being written, first may be there and count not yet.)
 */
static int
load_index(const struct ring_reader *r, uint64_t block_pos, uint64_t commit,
    uint64_t *first, uint64_t *count)
{
	uint64_t bs = block_size(r->size);
	const struct lane_index *i =
	    &r->head->index[(block_pos / bs) % LANE_BLOCKS];

	*first = atomic_load_explicit(&i->first, SHARED_LOAD);
	*count = atomic_load_explicit(&i->count, SHARED_LOAD);
	return *first - block_pos < bs && *first % 8 == 0 &&
	       ring_before(*first, commit);
}

/*
 * Sits down at the first record that begins at or after pos.  RING_EMPTY: none
 * does before commit.
 */
static enum ring_result
seat_from(struct ring_reader *r, uint64_t pos)
{
	uint64_t commit = load_commit(r), bs = block_size(r->size);
	uint64_t from = round_up(pos, bs), first, count;

	pos = from;
	for (int i = 0; i <= LANE_BLOCKS && !ring_before(commit, pos); i++) {
		if (load_index(r, pos, commit, &first, &count)) {
			if (!still_there(r, pos))
				return RING_LAPPED;
			r->pos = first;
			r->number = count;
			return RING_DATA;
		}
		pos += bs;
	}
	return still_there(r, from) ? RING_EMPTY : RING_LAPPED;
}

/* The position of the oldest byte that no claim covers. */
static uint64_t
oldest(const struct ring_reader *r)
{
	uint64_t start = shared_load(&r->head->start);
	uint64_t claim = atomic_load_explicit(&r->head->claim, SHARED_LOAD);

	return claim - start > r->size ? claim - r->size : start;
}

/*
 * A writer has gone round a ring while a reader looked at one block, each time:
 * that is no writer of ours, or a reader that is not let run.  Each try costs
 * what count_up() may walk over, so they are few, and in one loop only.
 */
#define SEAT_TRIES 20

/*
 * Counts the records from an indexed one up to commit.  It is in the last block
 * in which a record begins, so there are never more bytes than that and the
 * last record have; what says otherwise is not worth the walk.
 */
static enum ring_result
count_up(
    const struct ring_reader *r, uint64_t pos, uint64_t commit, uint64_t *count)
{
	uint64_t from = pos, word;
	uint64_t most = block_size(r->size) + ring_record_max(r->size);
	struct record head;

	while (ring_before(pos, commit) && commit - from <= most) {
		word = shared_load(r->data + (pos & (r->size - 1)));
		memcpy(&head, &word, sizeof(word));
		if (head.length < 8 || round_up(head.length, 8) > commit - pos)
			break;
		if (!(head.flags & RECORD_PAD))
			(*count)++;
		pos += round_up(head.length, 8);
	}
	if (!still_there(r, from))
		return RING_LAPPED;
	return pos == commit ? RING_DATA : RING_CORRUPT;
}

/* Sets *pos to commit and *count to its number; one try. */
static enum ring_result
find_end(const struct ring_reader *r, uint64_t *pos, uint64_t *count)
{
	uint64_t start = shared_load(&r->head->start), bs = block_size(r->size);
	uint64_t block, first;

	*pos = load_commit(r);
	*count = 0;
	if (*pos == start)
		return RING_DATA;
	block = *pos & ~(bs - 1);
	for (int b = 0; b < LANE_BLOCKS; b++, block -= bs) {
		if (!load_index(r, block, *pos, &first, count))
			continue;
		return still_there(r, block) ? count_up(r, first, *pos, count)
					     : RING_LAPPED;
	}
	/* something begins in each half of a ring: it is gone */
	return still_there(r, *pos - r->size / 2) ? RING_CORRUPT : RING_LAPPED;
}

static enum ring_result
seat_end(struct ring_reader *r)
{
	uint64_t pos, count;
	enum ring_result result = find_end(r, &pos, &count);

	if (result == RING_DATA) {
		r->pos = pos;
		r->number = count;
	}
	return result;
}

enum ring_result
ring_seat_oldest(struct ring_reader *r)
{
	uint64_t start = shared_load(&r->head->start), from;
	enum ring_result result;

	for (int i = 0; i < SEAT_TRIES; i++) {
		from = oldest(r);
		if (load_commit(r) == start && from == start)
			return RING_EMPTY;
		/* lapped in the act: next time further from the writer */
		if (i > 0)
			from += r->size / 4;
		result = seat_from(r, from);
		if (result == RING_EMPTY)
			result = seat_end(r);
		if (result != RING_LAPPED)
			return result;
	}
	return RING_LAPPED;
}

enum ring_result
ring_seat_end(struct ring_reader *r)
{
	enum ring_result result = RING_LAPPED;

	for (int i = 0; i < SEAT_TRIES && result == RING_LAPPED; i++)
		result = seat_end(r);
	return result;
}

enum ring_result
ring_count(const struct ring_reader *r, uint64_t *records)
{
	enum ring_result result = RING_LAPPED;
	uint64_t pos;

	for (int i = 0; i < SEAT_TRIES && result == RING_LAPPED; i++)
		result = find_end(r, &pos, records);
	return result;
}

/* Sits down at or after `from', which is ahead, and counts what is missed. */
static enum ring_result
move_on(struct ring_reader *r, uint64_t from, uint64_t *lost)
{
	struct ring_reader seat = *r;
	enum ring_result result = seat_from(&seat, from);

	if (result == RING_EMPTY)
		result = seat_end(&seat);
	if (result == RING_CORRUPT) {
		/* rubbish up to the end: the writer's word is all there is */
		seat.pos = load_commit(r);
		seat.number = atomic_load_explicit(
		    &r->head->records, memory_order_relaxed);
		result = RING_DATA;
	}
	if (result != RING_DATA)
		return result;
	if (!ring_before(r->pos, seat.pos) || seat.number < r->number)
		return RING_CORRUPT;
	*lost += seat.number - r->number;
	*r = seat;
	return RING_DATA;
}

enum ring_result
ring_reseat(struct ring_reader *r, uint64_t *lost)
{
	enum ring_result result = RING_LAPPED;

	for (int i = 0; i < SEAT_TRIES && result == RING_LAPPED; i++)
		result = move_on(r, oldest(r) + r->size / 4, lost);
	return result;
}

enum ring_result
ring_skip(struct ring_reader *r, uint64_t *lost)
{
	enum ring_result result = move_on(r, r->pos + 1, lost);

	return result == RING_LAPPED ? ring_reseat(r, lost) : result;
}

enum ring_result
ring_read(struct ring_reader *r, void *buf, size_t size, size_t *length)
{
	uint64_t commit = load_commit(r), n = commit - r->pos;
	uint64_t offset = r->pos & (r->size - 1);

	if (n == 0)
		return RING_EMPTY;
	if (ring_before(commit, r->pos) || n % 8 != 0)
		return RING_CORRUPT;
	if (n > r->size)
		return RING_LAPPED;
	if (n > r->size - offset)
		n = r->size - offset;
	if (n > size)
		n = size & ~(size_t)7;
	shared_get(buf, r->data + offset, n);
	if (!still_there(r, r->pos))
		return RING_LAPPED;
	*length = n;
	return RING_DATA;
}

enum ring_step
ring_next(const void *buf, size_t length, size_t *offset, struct ring_record *r)
{
	struct record *h = &r->head;
	size_t left;

	while ((left = length - *offset) >= 8) {
		memcpy(h, (const uint8_t *)buf + *offset,
		    left < RECORD_HEAD ? 8 : RECORD_HEAD);
		if (h->flags & RECORD_PAD) {
			if (h->length < 8 || h->length % 8 != 0)
				return RING_BAD;
			*offset += h->length;
			if (h->length >= left)
				return RING_PART;
			continue;
		}
		if (h->length < RECORD_HEAD || h->length > RECORD_MAX)
			return RING_BAD;
		if (round_up(h->length, 8) > left)
			return RING_PART;
		r->payload = (const char *)buf + *offset + RECORD_HEAD;
		r->length = h->length - (uint32_t)RECORD_HEAD;
		*offset += round_up(h->length, 8);
		return RING_RECORD;
	}
	return RING_PART;
}

void
ring_advance(struct ring_reader *r, uint64_t bytes, uint64_t records)
{
	r->pos += bytes;
	r->number += records;
}
