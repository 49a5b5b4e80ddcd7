/*
 * pair.h -- a segment mapped twice: as a daemon changes its directory, and as a
 * reader looks on.
 */
#ifndef SHMLOG_TESTS_PAIR_H
#define SHMLOG_TESTS_PAIR_H

#include "common/directory.h"
#include "tests/unit/unit.h"

#define PAIR_SECTIONS 8
#define PAIR_SIZE (UINT64_C(1) << 20)

struct pair {
	struct directory dir; /* the daemon's */
	struct segment s;     /* the reader's */
	uint8_t *base;
	uint64_t changes[PAIR_SECTIONS];
	struct directory_entry entries[PAIR_SECTIONS];
	size_t n;
	uint64_t seq;
};

/* seq is directory_create()'s. */
void pair_begin(struct pair *, uint64_t seq);
void pair_end(struct pair *);

#endif
