/*
 * lane.h -- a lane in private memory, filled with records that tell their own
 * number, and a reader that believes nothing.
 */
#ifndef SHMLOG_TESTS_LANE_H
#define SHMLOG_TESTS_LANE_H

#include <stdint.h>

#include "common/ring.h"
#include "tests/unit/unit.h"

struct lane {
	struct ring_writer w;
	struct ring_reader r;
	void *memory;
	uint64_t size;
	uint64_t written; /* records */
	uint64_t read;
	uint64_t lost;
	uint64_t padded; /* ring_next() met the ring's end */
	uint64_t *copy;  /* what ring_read() copies to */
};

/* Begins an empty lane and a reader at its start. */
void lane_begin(struct lane *, uint64_t size, uint64_t start);
void lane_end(struct lane *);

/* Appends the next record: its payload tells its number and is n bytes long,
 * or 8 if that is less. */
void lane_put(struct lane *, uint64_t n);

/* The same into a batch: returns the bytes added at `to'. */
uint64_t lane_batch_put(struct lane *, uint64_t *to, uint64_t n);

/* Fails unless it is the record with this number, whole. */
void lane_check_record(const struct ring_record *, uint64_t number);

/* One ring_read() and what follows from it, as readers do it. */
enum ring_result lane_step(struct lane *);

/* Steps until nothing is left: RING_EMPTY, or RING_CORRUPT: given up. */
enum ring_result lane_drain(struct lane *);

#endif
