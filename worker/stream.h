/*
 * stream.h -- a stream in the worker: its lanes, and where they write.
 */
#ifndef SHMLOG_WORKER_STREAM_H
#define SHMLOG_WORKER_STREAM_H

#include "worker/internal.h"

#define PLACES_MAX (LANES_MAX + 2) /* each lane may be left in another one */

/*
 * A lane, as this process has it.  All but `lock' is the holder's.
 */
struct lane {
	struct trylock lock;
	uint32_t at;         /* index + 1 of its place in the stream; 0: none */
	uint64_t collisions; /* to be added when the lane has a place */
	uint64_t total;      /* records, in all places before this one */
	struct ring_writer writer;
} __attribute__((aligned(2 * CACHE_LINE)));

/* A section that some lane is in, or is to go to. */
struct lane_place {
	struct place place;         /* map NULL: free */
	struct shared_number users; /* lanes in it, and who is about to be */
};

struct shmlog_stream {
	struct part part; /* first: the ops cast */
	struct stream_plan plan;
	uint32_t record_max; /* header included */
	int unswept;         /* lanes are in places other than the target */
	struct shared_number patience; /* rounds to wait for a lane */

	/* index + 1 in places of where lanes are to be; 0: nowhere */
	struct shared_number target;
	struct lane_place places[PLACES_MAX];

	struct trylock tag_lock;
	uint32_t tags;      /* names[] in use; id 0 is none */
	uint32_t entered;   /* of these, in the target's dictionary */
	uint64_t dict_used; /* bytes, of the same */
	char (*names)[TAG_NAME_MAX];

	/* one bank is used; the other was the parent's, before fork(2) */
	struct lane banks[2][LANES_MAX];
	struct lane *lanes;
};

/* Takes a free lane that has a place; NULL: dropped, for want of either. */
struct lane *lane_take(struct shmlog_stream *);
void lane_give(struct lane *);

/*
 * For the joiner.  Makes a section the target and moves what lanes are free; 0,
 * or -1 if too many places are still in use.
 */
int lanes_retarget(struct shmlog_stream *, const struct place *);

/* Moves what lanes are free, and unmaps places that no lane is in. */
void lanes_sweep(struct shmlog_stream *);

/* Unmaps everything, and all lanes are free: at the beginning and the end. */
void lanes_reset(struct shmlog_stream *);

/* In a child after fork(2): puts private memory where the parent's sections
 * were, for whoever was interrupted in a put there, and begins anew. */
void lanes_fork(struct shmlog_stream *);

/* What a put looks at first: joins if that is due. */
static inline void
stream_look(struct shmlog_stream *s, uint64_t now)
{
	if (__builtin_expect(join_is_due(s->part.log, now), 0))
		join_poke(s->part.log);
}

/* Checks tag and level, cuts the length: what a record's head is to be. */
void stream_head(const struct shmlog_stream *, struct record *, int tag,
    int level, uint64_t id, size_t length);

/* Counts dropped records, in the stream if it has a place, and the handle. */
void stream_drop(struct shmlog_stream *, uint64_t records);

#endif
