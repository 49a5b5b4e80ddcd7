/*
 * batch.c -- records of one transaction, put together and published at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shmlog.h"
#include "worker/stream.h"

/* bytes, or a lane's quarter if that is less */
#define BATCH_MAX (UINT64_C(256) << 10)

#define RECORD UINT64_C(0x100000000) /* one more, in fill */

struct shmlog_batch {
	struct shmlog_stream *stream;
	uint64_t size;    /* of bytes[] */
	uint64_t limit;   /* the same; 0 while there is nothing in it */
	uint64_t fill;    /* bytes in use, and RECORD times the records
			     that they are: one word, for that is quicker */
	uint64_t dropped; /* since the last commit */
	uint64_t time;    /* with one_time: of the first record */
	int one_time;
	int look;           /* whatever the clock's version is */
	uint32_t cut;       /* of these, records that were */
	uint64_t short_max; /* as in the stream, and less than size */
	uint64_t bytes[];
};

struct shmlog_batch *
shmlog_batch(struct shmlog_stream *s)
{
	uint64_t size;
	struct shmlog_batch *b;

	if (s == NULL) {
		errno = EINVAL;
		return NULL;
	}
	size = s->plan.lane_size / 4;
	if (size > BATCH_MAX)
		size = BATCH_MAX;
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	memset(b, 0, sizeof(*b));
	b->stream = s;
	b->size = size;
	b->short_max = s->short_max;
	return b;
}

static void
flush(struct shmlog_batch *b)
{
	struct lane *lane;

	if (b->fill == 0)
		return;
	lane = lane_take(b->stream);
	if (lane == NULL) {
		stream_drop(b->stream, b->fill / RECORD);
		b->dropped += b->fill / RECORD;
	} else {
		ring_append_batch(&lane->writer, b->bytes, (uint32_t)b->fill,
		    b->fill / RECORD);
		lane_count(lane, b->fill / RECORD, (uint32_t)b->fill);
		if (b->cut != 0)
			shared_add_single(&lane->figures[FIGURE_CUT], b->cut);
		lane_give(lane);
	}
	b->fill = b->limit = 0;
	b->cut = 0;
}

void
shmlog_batch_one_time(struct shmlog_batch *b, int on)
{
	if (b != NULL)
		b->one_time = on;
}

/* A record whose text fits; n is what it takes. */
static inline void
batch_add(struct shmlog_batch *b, uint64_t word, uint64_t id, uint64_t time,
    uint64_t n)
{
	uint8_t *to = (uint8_t *)b->bytes + (uint32_t)b->fill;

	*(uint64_t *)(to + n - 8) = 0;
	ring_head(to, word, id, time);
	b->fill += RECORD + n;
}

/* The time; if it is not from an anchor, a commit cannot go by their version,
 * which may be the same for ever. */
static uint64_t
batch_time(struct shmlog_batch *b)
{
	uint64_t cycles = clock_cycles(), time;

	if (clock_at(clock_version(), cycles, &time))
		return time;
	b->look = 1;
	return clock_slow(cycles);
}

static __attribute__((noinline)) int
batch_put_slow(struct shmlog_batch *b, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	uint8_t flags = stream_cut(b->stream, &length);
	uint32_t n = (uint32_t)(sizeof(struct record) + length);
	uint8_t *to;

	if (mask_look(b->stream, stream_tag(tag), stream_level(level)))
		return 1;
	if (round_up(n, 8) > b->size - (uint32_t)b->fill)
		flush(b);
	if (b->fill == 0 || !b->one_time)
		b->time = batch_time(b);
	b->limit = b->size;
	b->cut += flags != 0;
	to = (uint8_t *)b->bytes + (uint32_t)b->fill + sizeof(struct record);
	batch_add(b,
	    record_word(n, stream_tag(tag), stream_level(level), flags), id,
	    b->time, round_up(n, 8));
	if (length > 0)
		memcpy(to, text, length);
	return 1;
}

/* As with shmlog_put(): the way that almost all go, the rest is called last. */
int
shmlog_batch_put(struct shmlog_batch *b, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	uint32_t n = (uint32_t)(sizeof(struct record) + length);
	uint64_t time, whole = (n + 7) & ~7u;
	uint8_t *to;

	if (b == NULL)
		return 0;
	if (!stream_is_plain(tag, level))
		return batch_put_slow(b, tag, level, id, text, length);
	if (mask_hides(&b->stream->mask, (unsigned)tag, (unsigned)level))
		return stream_is_superseded(b->stream)
			   ? batch_put_slow(b, tag, level, id, text, length)
			   : 1;
	if (length > b->short_max || (uint32_t)b->fill + whole > b->limit)
		return batch_put_slow(b, tag, level, id, text, length);
	if (b->one_time)
		time = b->time;
	else if (!clock_at(clock_version(), clock_cycles(), &time))
		return batch_put_slow(b, tag, level, id, text, length);
	to = (uint8_t *)b->bytes + (uint32_t)b->fill + sizeof(struct record);
	batch_add(b, record_word(n, (uint16_t)tag, (uint8_t)level, 0), id, time,
	    whole);
	shared_text(to, text, length);
	return 1;
}

uint64_t
shmlog_batch_commit(struct shmlog_batch *b)
{
	uint64_t dropped;

	if (b == NULL)
		return 0;
	/* nothing is due before the clock has its next anchor, which somebody
	 * must have asked for */
	if (b->look || b->fill == 0 ||
	    clock_version() != number_get(&b->stream->looked))
		stream_look(b->stream, clock_now());
	b->look = 0;
	flush(b);
	dropped = b->dropped;
	b->dropped = 0;
	return dropped;
}

void
shmlog_batch_free(struct shmlog_batch *b)
{
	free(b);
}
