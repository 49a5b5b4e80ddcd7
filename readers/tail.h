/*
 * tail.h -- what follows records for shmtail, shmtop and shmhist: sources,
 * streams, lanes, chunks, the merge.
 *
 *	source	a segment that is followed: the current one, and older ones for
 *		as long as somebody may still write to them
 *	stream	a section of class Log in it
 *	lane	a ring in that, with a copied chunk of records while it has any
 *
 * BELIEF.  Whatever is copied out of a section -- a chunk, a loss, the stream's
 * header, its dictionary, a predecessor's name -- is believed only after
 * stream_still(), and belongs to us from then on.
 *
 * CHAINS.  A lane of a worker that joined another daemon names its predecessor.
 * Its records wait until that lane was delivered to its end, or until what was
 * missed of it was counted.  A predecessor is in a segment created earlier, so
 * chains have an end whatever the bytes say.
 */
#ifndef SHMLOG_READERS_TAIL_H
#define SHMLOG_READERS_TAIL_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "common/directory.h"
#include "common/format.h"
#include "common/ring.h"
#include "common/stream.h"
#include "readers/attach.h"
#include "readers/option.h"
#include "readers/show.h"
#include "readers/tail_cursor.h"

#define WINDOW (MSEC / 2) /* lanes are merged by time within it */

/* For who follows: so long after a time all that was put until then is seen;
 * and after a round of so many records there is no nap. */
#define TAIL_LATE (20 * MSEC)
#define TAIL_BUSY 64

/* Private copies of records, of two sizes so that many lanes cost little. */
#define CHUNK_SMALL ((size_t)4 << 10)
#define CHUNK_LARGE ((size_t)128 << 10) /* > RECORD_MAX */
#define CHUNKS_LARGE_MAX 256

struct chunk {
	struct chunk *next;
	size_t size;
	uint64_t data[];
};

enum lane_state {
	LANE_FRESH, /* nothing came yet: its predecessor is not known */
	LANE_WAITS, /* for its predecessor's end */
	LANE_OPEN,  /* its records are delivered */
	LANE_DONE,  /* nothing comes any more */
};

struct tail_lane {
	struct ring_reader ring; /* stands at the chunk's beginning */
	struct tail_stream *stream;
	struct chunk *chunk; /* NULL: there is none */
	size_t length;       /* of the chunk */
	size_t offset;       /* behind `next' */
	uint64_t taken;      /* records of the chunk that were delivered */
	int bad;             /* what stands at the seat is no record */
	int complete;        /* its stream is cooling, and all was read */
	uint64_t read_at;    /* clock_mono() of the copy */
	struct ring_record next;
	int has_next;
	int in_heap;
	int bounded; /* until end_pos, record end_number: -d, -l */
	int named;   /* some lane goes on for this one */
	uint32_t number;
	uint64_t from; /* a cursor's: records before this one were delivered */
	uint64_t missed; /* of them on, before the seat: to be told */
	uint64_t end_pos;
	uint64_t end_number;
	enum lane_state state;
	int has_pred;          /* pred is known: the lane had records */
	struct ring_pred pred; /* the lane that it goes on for */
};

/* When a stream appeared. */
enum lateness {
	LATE_NOT,   /* before the start: what came before that is no news */
	LATE,       /* after it: from its first record */
	LATE_KNOWN, /* before it, but an earlier run may have read of it */
};

struct tail_stream {
	TAILQ_ENTRY(tail_stream) link;
	RB_ENTRY(tail_stream) tree;
	struct tail_source *source;
	struct directory_entry entry;
	uint64_t serial;
	uint64_t seq;      /* of the entry, for directory_still() */
	uint64_t tombs;    /* tomb_next before the entry was read */
	uint64_t changing; /* clock_mono() since it is in change; 0 */
	uint64_t lapped;   /* clock_mono() since no seat could be taken; 0 */
	uint64_t listed;   /* the source's listing it was last seen in */
	int opened;        /* plan and lanes are there */
	enum lateness late;
	int gone; /* the section is not to be read any more */
	int has_tomb;
	int told_gone;
	struct tombstone tomb;
	struct stream_plan plan;
	uint64_t dict_offset;
	int dict_bad;
	struct rec_stream *as;   /* as it is shown */
	struct tail_lane *lanes; /* plan.lanes */
};

TAILQ_HEAD(tail_streams, tail_stream);
RB_HEAD(stream_tree, tail_stream);
RB_PROTOTYPE(stream_tree, tail_stream, tree, stream_cmp)

#define SOURCES_MAPPED 48 /* once a second; guard.h has room for 64 */
#define SOURCES_TAKE 56   /* ... in between */
#define SOURCES_MAX 64

struct tail_source {
	TAILQ_ENTRY(tail_source) link;
	struct segment *segment; /* the attachment's, or kept; NULL: unmapped */
	struct segment kept;
	uint64_t created;
	struct listing listing;
	uint64_t listings; /* counts */
	size_t n;          /* streams */
	uint64_t bytes;    /* that these have in the segment */
	size_t unopened;   /* of these, to be tried again */
	int listed;        /* at least once */
	int young;         /* made after the start: all in it is news */
	uint64_t tombs;    /* tomb_next before the listing */
	uint64_t looked;   /* tombstones that unseen_look() has done with */
	uint64_t sure;     /* from this one on, they are of after the start */
	uint64_t newest;   /* serial in the first listing */
	uint64_t since;    /* clock_mono() when it became an old one; 0: not */
	uint64_t check_at; /* clock_mono() of the next look at its owners */
	struct tail_streams streams;
	struct stream_tree by_serial; /* these, too: serials may be any */
};

TAILQ_HEAD(tail_sources, tail_source);

struct heap_item {
	uint64_t time;
	struct tail_lane *lane;
};

enum tail_start {
	START_END,    /* follow from now on */
	START_OLDEST, /* begin with what is there, up to its end: -d, -l */
	START_CURSOR, /* go on where the cursor says */
};

#define TAIL_MAGIC 0x7a11106u

struct tail {
	uint32_t magic;
	struct attach attach;
	struct show *show;
	enum tail_start start;
	int starting; /* the first look round: streams found now are not late */
	struct tail_sources sources;
	unsigned nsources;
	uint64_t began;    /* clock_real() at the start */
	uint64_t missing;  /* a segment's created that was looked for in vain */
	uint64_t now;      /* clock_mono(), once a round */
	uint64_t tend_at;  /* when sources_tend() is next */
	uint64_t round;    /* records delivered in this round */
	uint64_t held;     /* this round: nothing later than that */
	uint64_t held_at;  /* clock_mono() of the last round */
	uint64_t held_for; /* ns since when there is such, of rounds */
	uint64_t held_idle;          /* of these, without a record */
	struct tail_lane *waits_for; /* chain_try()'s, if it says no; or NULL */
	struct cursor *cursor;       /* --cursor-file, or NULL */
	int dump;        /* with START_CURSOR: up to what is there */
	uint64_t passed; /* records, shown or not */
	int busy;        /* this round: something was read or delivered */
	int pending;     /* this round: something is still to come */
	struct chunk *smalls, *larges; /* free ones */
	unsigned larges_used;
	struct heap_item *heap;
	size_t heap_n, heap_size;
	int overlap; /* it was told that sections overlap */
	/* dictionary entries, copied but not yet believed */
	struct dict_text *staged;
	size_t staged_n, staged_size;
	struct buffer staged_text;
};

struct dict_text {
	enum dict_kind kind;
	uint32_t id;
	size_t at; /* in staged_text */
	uint32_t n;
};

/* tail_chunk.c */
struct chunk *chunk_get(struct tail *, size_t size);
void chunk_put(struct tail *, struct chunk *);
void chunks_free(struct tail *);

/*
 * stream_reader.c: all access to a section's bytes.
 */
enum fetch_result {
	FETCH_DATA,  /* lane->next is a record */
	FETCH_EMPTY, /* nothing new */
	FETCH_LATER, /* ask again */
	FETCH_DONE,  /* nothing will come any more */
};

/* Reads header and dictionary and takes the seats; if that cannot be yet,
 * the stream stays unopened and is tried again. */
void stream_open(struct tail *, struct tail_stream *);
void stream_free(struct tail *, struct tail_stream *);

/* The next record of a lane that has none (has_next is 0). */
enum fetch_result lane_fetch(struct tail *, struct tail_lane *);

/* lane->next was delivered: takes the one behind it, from the chunk alone. */
void lane_step(struct tail *, struct tail_lane *);

/* It is read up to what is there now, unless it has an end already.  If the
 * section is gone that is found out when it is read. */
void lane_end_now(struct tail_lane *);

/* How many records of the lane came before what is to be delivered next. */
static inline uint64_t
lane_number(const struct tail_lane *l)
{
	uint64_t number = l->ring.number + l->taken;

	return number < l->from ? l->from : number;
}

/* Whether the stream's bytes, copied before, were its own; see there. */
enum section_state stream_still(struct tail *, struct tail_stream *);

/* The section is not to be read any more: found so, or by our own choice
 * (quiet: then what is left unread is no loss). */
void stream_gone(struct tail *, struct tail_stream *, int quiet);

/* A gone stream's lane has nothing left: counts what it had beyond that. */
void stream_settle(struct tail *, struct tail_stream *);

/* Of a lane that nobody writes to any more: learns its predecessor, whether it
 * had records or not.  0, or -1: not now. */
int lane_learn_pred(struct tail *, struct tail_lane *);

/* tail_dict.c: what came to the dictionary since it was believed last is
 * copied, 0, or -1: no writer of ours wrote that; *offset is where it stopped.
 * And, after stream_still(), is believed up to there. */
int dict_stage(struct tail *, struct tail_stream *, uint64_t *offset);
void dict_believe(struct tail *, struct tail_stream *, uint64_t offset);

/* tail_chain.c: whether a waiting lane may be delivered now; it is opened. */
int chain_try(struct tail *, struct tail_lane *);

/* tail_source.c */
void sources_begin(struct tail *);
/* Takes the attachment's new segment, and those between it and `old'. */
void sources_renew(struct tail *, const struct segment *old);
/* Once in a while: gives up old ones that nobody writes to any more. */
void sources_tend(struct tail *);
/* Brings the lists of streams up to date. */
void sources_list(struct tail *);
void sources_free(struct tail *);
struct tail_source *source_find(struct tail *, uint64_t created);
/* Looks among the instance's files for one created then. */
struct tail_source *source_search(struct tail *, uint64_t created);
struct tail_stream *stream_find(struct tail_source *, uint64_t serial);

/* tail_unseen.c: streams that came and went between two listings.  The first
 * listing was absorbed; and each one was. */
void unseen_begin(struct tail_source *);
void unseen_look(struct tail *, struct tail_source *);

/* All records that a tombstone knows of; 1: there is a lane of which it does
 * not know, else 0. */
int tomb_records(const struct tombstone *, uint64_t *records);

/* merge.c: one round: reads all lanes, delivers what is old enough by time
 * (horizon UINT64_MAX: all).  Sets t->busy and t->pending. */
void merge_round(struct tail *, uint64_t horizon);

/* tail.c */
void tail_init(struct tail *, struct show *);
void tail_fini(struct tail *);
/* Delivers all that is there, up to where it ended when seats were taken. */
void tail_drain(struct tail *);
/* The same up to where it ends now: the last of what was followed. */
void tail_drain_now(struct tail *);
/* Removes the ends that tail_drain() stopped at. */
void tail_unbound(struct tail *);
/* One round of following: the file, the lists, the lanes.  0, or -1: torn. */
int tail_follow(struct tail *);

#endif
