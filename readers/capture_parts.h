/*
 * capture_parts.h -- the parts of what writes a capture.
 *
 *	capture_file.c	the file: opening, locking, reopening, failing
 *	capture_write.c	what goes into it: blocks
 */
#ifndef SHMLOG_READERS_CAPTURE_PARTS_H
#define SHMLOG_READERS_CAPTURE_PARTS_H

#include <sys/queue.h>

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
	uint64_t tags[TAGS_MAX / 64]; /* these entries are in the file */
	uint64_t formats[FORMATS_MAX / 64]; /* and these */
};

TAILQ_HEAD(capture_streams, capture_stream);

struct capture {
	char *path;
	int fd;
	int append;
	int regular;      /* it can be truncated, and opened anew */
	int error;        /* errno of the write that failed */
	uint64_t offset;  /* regular: the file's end, of whole blocks */
	uint64_t before;  /* records since the file header, in whole blocks */
	uint64_t written; /* the same, by us */
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

/* capture_file.c: writes `first' and the block, whole.  0, or -1. */
int capture_put_out(struct capture *);

/* capture_write.c: begins an empty file with its header; forgets which streams
 * the file has. */
void capture_begin(struct capture *, int empty);

#endif
