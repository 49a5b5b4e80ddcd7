/*
 * ring.h -- one lane: appending records to it, and reading them without locks.
 *
 * The algorithm is told at the top of ring.c.
 */
#ifndef SHMLOG_COMMON_RING_H
#define SHMLOG_COMMON_RING_H

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"

/*
 * A writer's private truth about its lane; what stands in the segment is never
 * read back.  One thread at a time: whoever holds the lane's lock.
 */
struct ring_writer {
	struct lane_header *head;
	uint8_t *data;
	uint64_t size;    /* of the ring, bytes */
	uint64_t mask;    /* size - 1 */
	unsigned shift;   /* a block is 1 << shift bytes */
	uint64_t claim;   /* as published */
	uint64_t commit;  /* as published */
	uint64_t records; /* as published */
	uint64_t indexed; /* block number + 1 of the last index entry */
	uint64_t easy;    /* up to here a record needs but to be stored: the
			     end of the block that was indexed last */
};

/* Begins an empty lane at `lane', `size' bytes of data; start is 0 but in
 * tests, and a multiple of size.  The memory is zero. */
void ring_create(
    struct ring_writer *, void *lane, uint64_t size, uint64_t start);

/* The longest record, header included, that a ring of this size takes. */
uint32_t ring_record_max(uint64_t size);

/* Appends one record.  r->length is set, at most ring_record_max(). */
void ring_append(
    struct ring_writer *, const struct record *r, const void *payload);

/*
 * Appends several records that stand one after the other, each begun on a
 * multiple of 8, in `batch' (private memory): one claim, one commit.  length: a
 * multiple of 8, at most a quarter of the ring; records: how many they are.
 */
void ring_append_batch(
    struct ring_writer *, const void *batch, uint64_t length, uint64_t records);

/* The lane that another one goes on for. */
struct ring_pred {
	uint64_t created; /* its segment's */
	uint64_t serial;  /* its section's; 0: there is none */
	uint64_t lane;
	uint64_t records; /* how many it has */
	uint64_t total;   /* and all before it, together */
};

/* Names the lane that this one goes on for.  Before its first record. */
void ring_set_pred(struct ring_writer *, const struct ring_pred *);

enum ring_result {
	RING_DATA,    /* something was copied, or the seat was taken */
	RING_EMPTY,   /* nothing new */
	RING_LAPPED,  /* the writer overtook us; sit down again, count lost */
	RING_CORRUPT, /* no writer of ours wrote this */
};

/* A reader's place in a lane: private, but for head and data. */
struct ring_reader {
	const struct lane_header *head;
	const uint8_t *data;
	uint64_t size;   /* of the ring, bytes: checked by stream_check() */
	uint64_t pos;    /* of the next record */
	uint64_t number; /* of the next record: how many came before it */
};

void ring_reader_init(struct ring_reader *, const void *lane, uint64_t size);

/* What the lane says of it: to be believed when a commit other than its start
 * was seen before, and like all that is copied from the section. */
void ring_load_pred(const struct ring_reader *, struct ring_pred *);

/* Takes the seat at the oldest record that is there (RING_EMPTY: none yet). */
enum ring_result ring_seat_oldest(struct ring_reader *);

/* Takes the seat behind the newest record, and knows its number. */
enum ring_result ring_seat_end(struct ring_reader *);

/*
 * After RING_LAPPED: takes the seat a quarter of the ring ahead of the writer
 * and adds what was missed to *lost.  After RING_CORRUPT: the same with
 * ring_skip(), at the next block in which a record begins, so a lane full of
 * rubbish is passed in at most 64 steps.  Both always move on or say
 * RING_CORRUPT, at which the lane is to be given up.
 */
enum ring_result ring_reseat(struct ring_reader *, uint64_t *lost);
enum ring_result ring_skip(struct ring_reader *, uint64_t *lost);

/*
 * Copies what is there from the seat on, at most `size' bytes (at least
 * RECORD_MAX), to buf, which is aligned to 8.  What it copied is whole, if the
 * section is still this lane's: its caller checks that.  Moves nothing: the
 * caller hands the copy to ring_next() and then calls ring_advance().
 */
enum ring_result ring_read(
    struct ring_reader *, void *buf, size_t size, size_t *length);

/* A record in a private copy. */
struct ring_record {
	struct record head;
	const char *payload;
	uint32_t length; /* of the payload */
};

enum ring_step {
	RING_RECORD, /* *r is the next one; *offset stands behind it */
	RING_PART,   /* the copy ends here; *offset may be beyond its end, by
			what is left of the padding.  No step since the copy's
			beginning: RING_BAD */
	RING_BAD,    /* no record of ours looks like this */
};

/* Takes the record at *offset out of a copy, stepping over padding. */
enum ring_step ring_next(
    const void *buf, size_t length, size_t *offset, struct ring_record *r);

/* Moves the seat over `bytes' (an *offset of ring_next()), and `records'. */
void ring_advance(struct ring_reader *, uint64_t bytes, uint64_t records);

/*
 * How many records the lane has up to its commit, counted from its index and
 * not from what the writer says (RING_DATA); bytes that make no sense:
 * RING_CORRUPT; a writer that was faster each time: RING_LAPPED.
 */
enum ring_result ring_count(const struct ring_reader *, uint64_t *records);

#endif
