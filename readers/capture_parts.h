/*
 * capture_parts.h -- the parts of what writes a capture.
 *
 *	capture_write.c	records into blocks
 *	capture_copy.c	blocks of another capture, as they are
 *	capture_out.c	blocks into the file, by a thread where that pays
 *	capture_file.c	the file: opening, locking, reopening
 */
#ifndef SHMLOG_READERS_CAPTURE_PARTS_H
#define SHMLOG_READERS_CAPTURE_PARTS_H

#include <sys/queue.h>

#include <pthread.h>

#include "readers/buffer.h"
#include "readers/capture.h"
#include "readers/capture_format.h"
#include "readers/record.h"

/* What a block of records is to have; one read(2), and it stays in the cache.
 */
#define CAPTURE_RUNS_MAX ((size_t)256 << 10)
#define CAPTURE_SLOTS_MAX 1024

/* A stream of which the file has something. */
struct capture_stream {
	TAILQ_ENTRY(capture_stream) link;
	struct rec_stream *of;
	struct capture *in;
	uint64_t block;               /* slots are of this one; 0: of none */
	uint16_t slots[LANES_MAX];    /* number + 1 of a lane's; 0: none */
	uint64_t tags[TAGS_MAX / 64]; /* these entries are in the file, and 0 */
	uint64_t formats[FORMATS_MAX / 64]; /* and these */
};

TAILQ_HEAD(capture_streams, capture_stream);

/* What is on its way to the file while the next block is put together. */
struct capture_away {
	struct buffer first, block; /* as in struct capture */
	uint32_t count;
	int pending;  /* not settled yet */
	uint64_t out; /* bytes that were written */
	int error;    /* errno */
	/* the thread that writes it, if there is one */
	int running;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int busy, quit; /* under the lock */
};

struct capture {
	char *path;
	int fd;
	int append;
	int regular;      /* it can be truncated, and opened anew */
	int may_block;    /* a pipe, or the like */
	int error;        /* errno of the write that failed */
	uint64_t offset;  /* regular: the file's end, of whole blocks */
	uint64_t before;  /* records since the file header, before `block' */
	uint64_t written; /* records of ours that are in the file */
	struct capture_away away;
	struct capture_streams streams;
	/* blocks of other types, which go before the one that is begun */
	struct buffer first;
	/* the block that is begun: its header's room, runs; count is its
	 * records */
	struct buffer block;
	uint64_t number; /* of the block, from 1 */
	uint32_t count;
	uint64_t since; /* clock_mono() of its first record */
	struct capture_slot slots[CAPTURE_SLOTS_MAX];
	uint32_t nslots;
	/* the run that is begun; at 0: none */
	size_t run_at;
	struct capture_run run;
	const struct capture_stream *run_stream;
	uint32_t run_lane;
	uint64_t run_next;                /* number expected in it */
	uint64_t next[CAPTURE_SLOTS_MAX]; /* the same in each slot, before it */
};

/* capture_write.c: begins an empty file with its header; forgets which streams
 * the file has. */
void capture_begin(struct capture *, int empty);

/* Sees to it that the file has what a record needs; format 0: none. */
struct capture_stream *capture_prepare(
    struct capture *, struct rec_stream *, uint16_t tag, uint32_t format);
/* Ends the block that is begun, and has it written with what goes before it;
 * later: when it suits.  0, or -1: a write has failed. */
int capture_end_block(struct capture *, int later);
/* Begins a block, after one was put out. */
void capture_begin_block(struct capture *);

/* Whether the file has these entries of a dictionary. */
static inline int
capture_has_tag(const struct capture_stream *s, uint16_t id)
{
	return id < TAGS_MAX && (s->tags[id / 64] >> id % 64 & 1) != 0;
}

static inline int
capture_has_format(const struct capture_stream *s, uint32_t id)
{
	return id < FORMATS_MAX && (s->formats[id / 64] >> id % 64 & 1) != 0;
}

/* Whether it has all that a record needs; s NULL: not even the stream. */
static inline int
capture_has(const struct capture_stream *s, uint16_t tag, uint32_t format)
{
	return s != NULL && capture_has_tag(s, tag) &&
	       (format == 0 || capture_has_format(s, format));
}

/* The format that a record needs; 0: none. */
static inline uint32_t
capture_format(uint8_t flags, const void *payload, size_t n)
{
	return (flags & RECORD_ARGS) != 0 ? format_id(payload, n) : 0;
}

/* capture_out.c */
void capture_out_init(struct capture *);
void capture_out_fini(struct capture *);
/* Takes `first' and the block (sealing it) and writes them; `later': they may
 * still be on their way when it returns.  0, or -1: a write has failed. */
int capture_put_out(struct capture *, int later);
/* The same at once, and instead of the block, of which there is nothing yet, a
 * header whose payload_sum is right, and its payload.  Fills in the rest. */
int capture_put_whole(
    struct capture *, struct capture_block *, struct bytes payload);
/* Waits until nothing is on its way.  0, or -1. */
int capture_settle(struct capture *);

#endif
