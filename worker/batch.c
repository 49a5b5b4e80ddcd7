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

struct shmlog_batch {
	struct shmlog_stream *stream;
	uint64_t size;    /* of bytes[] */
	uint64_t length;  /* in use */
	uint64_t records; /* in bytes[] */
	uint64_t dropped; /* since the last commit */
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
	return b;
}

static void
flush(struct shmlog_batch *b)
{
	struct lane *lane;

	if (b->records == 0)
		return;
	lane = lane_take(b->stream);
	if (lane == NULL) {
		stream_drop(b->stream, b->records);
		b->dropped += b->records;
	} else {
		ring_append_batch(&lane->writer, b->bytes, b->length);
		lane_give(lane);
	}
	b->length = b->records = 0;
}

int
shmlog_batch_put(struct shmlog_batch *b, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	struct record r;
	uint8_t *to;
	uint64_t n;

	if (b == NULL)
		return 0;
	r.time = clock_real();
	stream_head(b->stream, &r, tag, level, id, length);
	n = round_up(r.length, 8);
	if (n > b->size - b->length)
		flush(b);
	to = (uint8_t *)b->bytes + b->length;
	memset(to + n - 8, 0, 8);
	memcpy(to, &r, sizeof(r));
	if (length > 0)
		memcpy(to + sizeof(r), text, r.length - sizeof(r));
	b->length += n;
	b->records++;
	return 1;
}

uint64_t
shmlog_batch_commit(struct shmlog_batch *b)
{
	uint64_t dropped;

	if (b == NULL)
		return 0;
	stream_look(b->stream, clock_real());
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
