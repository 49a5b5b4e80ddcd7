/*
 * stream.h -- a stream in the worker: its lanes, and where they write.
 */
#ifndef SHMLOG_WORKER_STREAM_H
#define SHMLOG_WORKER_STREAM_H

#include <sys/rseq.h>

#include <sched.h>

#include "common/ring_write.h"
#include "worker/figures.h"
#include "worker/internal.h"
#include "worker/shmlog.h"

struct site;

#define DICT_NO_ROOM UINT64_MAX /* in formats[] */

#define PLACES_MAX (LANES_MAX + 2) /* each lane may be left in another one */

/*
 * A lane, as this process has it.  All but `lock' is the holder's.
 */
struct lane {
	struct trylock lock;
	uint32_t at;       /* index + 1 of its place in the stream; 0: none */
	uint64_t total;    /* records, in all places before this one */
	uint64_t *figures; /* enum figure: its holder alone adds to them */
	uint64_t dict;     /* bytes that its place's dictionary has at least */
	struct ring_writer writer;
} __attribute__((aligned(2 * CACHE_LINE)));

/* A section that some lane is in, or is to go to. */
struct lane_place {
	struct place place;         /* map NULL: free */
	struct shared_number users; /* lanes in it, and who is about to be */
	struct shared_number dict;  /* bytes of the mirror that it has */
};

struct shmlog_stream {
	struct shmlog_look_ look; /* first: programs look at it by themselves;
				     its mask is in one of the views: mask.c */
	struct part part;
	struct stream_plan plan;
	uint32_t record_max; /* header included */
	/* for shmlog_put()'s short way: where a thread has the CPU that it runs
	 * on, from its thread pointer; the version of the clock when it was
	 * last looked after things, and all was well */
	ptrdiff_t cpu_offset;
	struct shared_number looked;
	void *views;
	const uint64_t *next_mask; /* mapped, not in use yet */
	int unswept; /* lanes are in places other than the target */
	struct shared_number patience; /* rounds to wait for a lane */

	/* index + 1 in places of where lanes are to be; 0: nowhere */
	struct shared_number target;
	struct lane_place places[PLACES_MAX];

	/* the dictionary, see dict.c */
	struct trylock tag_lock;
	uint32_t tags;                 /* names[] in use; id 0 is none */
	uint32_t entered;              /* of these, in the mirror */
	uint8_t *mirror;               /* a header and entries */
	struct shared_number mirrored; /* bytes of entries in it */
	struct shared_number *formats; /* by number: where its entry ends; 0:
					  not entered yet */
	char (*names)[TAG_NAME_MAX];

	struct shmlog_set *figures;

	/* one bank is used; in the other one somebody was interrupted before
	 * fork(2), see lanes_fork() */
	struct lane banks[2][LANES_MAX];
	struct lane *lanes;
};

_Static_assert(offsetof(struct shmlog_stream, look) == 0, "abi");
/* what shmlog_mask.h knows of a descriptor */
_Static_assert(offsetof(struct descriptor, masked) ==
		       offsetof(struct descriptor, levels) + 8 &&
		   TAGS_MAX == 512,
    "abi");

/* The CPU that we run on, or did a moment ago. */
static inline unsigned
this_cpu(void)
{
	const struct rseq *r;

	if (__builtin_expect(__rseq_size == 0, 0))
		return (unsigned)sched_getcpu();
	r = (const struct rseq *)((const char *)__builtin_thread_pointer() +
				  __rseq_offset);
	return *(const volatile uint32_t *)&r->cpu_id;
}

static inline struct lane *
lane_of(struct shmlog_stream *s, unsigned n)
{
	if (__builtin_expect(n >= s->plan.lanes, 0))
		n %= s->plan.lanes;
	return &s->lanes[n];
}

/* Records that were put into a lane that we hold. */
static inline void
lane_count(struct lane *lane, uint64_t records, uint64_t bytes)
{
	uint64_t *figures = lane->figures;

	shared_add_single(&figures[FIGURE_RECORDS], records);
	shared_add_single(&figures[FIGURE_BYTES], bytes);
}

/* The lane of our CPU, in the short way: if it knows where that is noted. */
static inline struct lane *
lane_near(struct shmlog_stream *s)
{
	return lane_of(
	    s, *(const volatile uint32_t *)((const char *)
						__builtin_thread_pointer() +
					    s->cpu_offset));
}

static inline void
lane_give(struct lane *lane)
{
	trylock_give(&lane->lock);
}

/* The rest of lane_take(): of a lane that we hold but is elsewhere; and if this
 * CPU's is held. */
struct lane *lane_settle(struct shmlog_stream *, struct lane *);
struct lane *lane_take_other(struct shmlog_stream *);

/* Takes a free lane that has a place; NULL: dropped, for want of either. */
static inline struct lane *
lane_take(struct shmlog_stream *s)
{
	uint64_t target = number_look(&s->target);
	struct lane *lane = lane_of(s, this_cpu());

	if (__builtin_expect(!trylock_take(&lane->lock), 0))
		return lane_take_other(s);
	if (__builtin_expect(lane->at != target || target == 0, 0))
		return lane_settle(s, lane);
	return lane;
}

/*
 * For the joiner.  Makes a section the target, whose dictionary has `dict'
 * bytes, and moves what lanes are free; 0, or -1 if too many places are still
 * in use.
 */
int lanes_retarget(struct shmlog_stream *, const struct place *, uint64_t dict);

/* Moves what lanes are free, and unmaps places that no lane is in. */
void lanes_sweep(struct shmlog_stream *);

/* Unmaps everything, and all lanes are free: at the beginning and the end. */
void lanes_reset(struct shmlog_stream *);

/* In a child after fork(2): puts private memory where the parent's sections
 * were, for whoever was interrupted in a put there, and begins anew. */
void lanes_fork(struct shmlog_stream *);

/*
 * What a put looks at first: joins if that is due.  When all is well it is not
 * asked again before the clock has a new anchor, a tenth of a second later: one
 * comparison, of a number that is needed anyway.
 */
static inline void
stream_look(struct shmlog_stream *s, uint64_t now)
{
	uint64_t version = clock_version();

	if (__builtin_expect(join_is_due(s->part.log, now), 0))
		join_poke(s->part.log);
	else if (number_get(&s->looked) != version && __rseq_size != 0)
		number_set(&s->looked, version);
}

/* The views of the mask: 0, or -1 with errno. */
int mask_init(struct shmlog_stream *);
void mask_fini(struct shmlog_stream *);

/* Maps the descriptor of that index, which is bounded; 0, or -1 with errno.
 * Then it can be made the one that is looked at. */
int mask_map(struct shmlog_stream *, uint32_t index);
void mask_switch(struct shmlog_stream *);

/* In a child after fork(2): nothing is masked. */
void mask_fork(struct shmlog_stream *);

/* Whether a record is masked, also after what may be due was looked after. */
int mask_look(struct shmlog_stream *, int tag, int level);

/* What a record's head is to have. */
static inline uint16_t
stream_tag(int tag)
{
	return tag > 0 && tag < TAGS_MAX ? (uint16_t)tag : 0;
}

/* Neither of them is out of bounds: one comparison. */
static inline int
stream_is_plain(int tag, int level)
{
	_Static_assert((TAGS_MAX & (TAGS_MAX - 1)) == 0, "a power of two");
	return ((unsigned)tag / TAGS_MAX | (unsigned)level / 8) == 0;
}

/* Any record takes text as long as that. */
_Static_assert(LANE_SIZE_MIN / 4 >= sizeof(struct record) + SHARED_TEXT_MAX &&
		   RECORD_MAX >= sizeof(struct record) + SHARED_TEXT_MAX,
    "short text");

/* The lower byte is the level; what is negative is no level with flags. */
static inline uint8_t
stream_level(int level)
{
	return level >= 0 && (level & 0xff) < 7 ? (uint8_t)level : 7;
}

_Static_assert(
    SHMLOG_BEGIN >> 5 == RECORD_BEGIN && SHMLOG_END >> 5 == RECORD_END,
    "flags");

/* The record's flags that are in a level. */
static inline uint8_t
stream_flags(int level)
{
	return level < 0 ? 0
			 : (uint8_t)((unsigned)level >> 5 &
				     (RECORD_BEGIN | RECORD_END));
}

/* Cuts the text to what a record takes; returns the record's flags. */
static inline uint8_t
stream_cut(const struct shmlog_stream *s, size_t *length)
{
	size_t max = s->record_max - sizeof(struct record);

	if (__builtin_expect(*length <= max, 1))
		return 0;
	*length = max;
	return RECORD_CUT;
}

/* A record whose bytes stand at pos is put; the lane is given back. */
static inline void
lane_end(struct lane *lane, uint64_t word, uint64_t pos)
{
	uint32_t n = record_length(word);

	ring_end(&lane->writer, pos, n);
	lane_count(lane, 1, round_up(n, 8));
	if (record_flags(word) & RECORD_CUT)
		shared_add_single(&lane->figures[FIGURE_CUT], 1);
	lane_give(lane);
}

/* Puts a record into a lane that was taken; the lane is given back. */
static inline void
lane_put(struct lane *lane, uint64_t word, uint64_t id, uint64_t time,
    const void *text, size_t length)
{
	uint32_t n = (uint32_t)(sizeof(struct record) + length);
	uint64_t pos;
	uint8_t *to = ring_begin(&lane->writer, n, &pos);

	ring_head(to, word, id, time);
	if (length > 0)
		shared_put(to + sizeof(struct record), text, length);
	lane_end(lane, word, pos);
}

/* shmlog_put() without its short way; flags are RECORD_ or 0. */
int stream_put(struct shmlog_stream *, int tag, int level, uint64_t id,
    const void *text, size_t length, uint8_t flags);

/* dict.c: 0, or -1 with errno; dict_fini() also if that failed. */
int dict_init(struct shmlog_stream *);
void dict_fini(struct shmlog_stream *);

/* With the tag lock: enters new tags in the mirror and the target. */
void dict_enter_tags(struct shmlog_stream *);

/* With the tag lock: fills in the dictionary of the next target; returns how
 * many bytes it has. */
uint64_t dict_fill(struct shmlog_stream *, void *section);

/*
 * Enters a format, if it is not yet.  Returns how many bytes a dictionary that
 * has it must have; 0: it has no room, or the lock is not to be had.
 */
uint64_t dict_format(struct shmlog_stream *, const struct site *);

/* Whether the dictionary of a lane's place has so many bytes. */
static inline int
lane_has(struct shmlog_stream *s, struct lane *lane, uint64_t dict)
{
	if (__builtin_expect(lane->dict < dict, 0))
		lane->dict = number_get(&s->places[lane->at - 1].dict);
	return lane->dict >= dict;
}

/* Counts dropped records. */
void stream_drop(struct shmlog_stream *, uint64_t records);

#endif
