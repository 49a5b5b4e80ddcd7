/*
 * past.h -- the files of earlier daemons: segment.prev and segment.N.
 *
 * segment.prev is what the last daemon left, for readers; it goes after the
 * cooling time.  A worker that has not joined yet writes to the segment that it
 * joined last, which may be older than that: such a one is kept under its
 * generation's number, segment.N, for as long as the store needs it.
 */
#ifndef SHMLOG_DAEMON_PAST_H
#define SHMLOG_DAEMON_PAST_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "daemon/store.h"

#define PAST_MAX 32
#define PAST_COOLING_MAX 4 /* of which nobody needs but who reads */
#define PAST_NAME_MAX 32

struct past_file {
	char name[PAST_NAME_MAX];
	uint64_t created; /* 0: no segment that we can read */
	uint64_t generation;
	uint64_t until; /* not removed before, CLOCK_MONOTONIC in ns */
	dev_t dev;
	ino_t ino;
	int fd; /* until the store takes it, else -1 */
};

struct past {
	int dirfd; /* not ours */
	size_t n;
	struct past_file files[PAST_MAX];
};

/* Looks for what is there.  Touches nothing. */
void past_find(struct past *, int dirfd);

/* Closes what the store has not taken. */
void past_close(struct past *);

/* Hands the descriptors over: up to PAST_MAX, how many. */
size_t past_take(struct past *, int *fds);

/* Removes all of them, to make room.  How many there were. */
unsigned past_remove(struct past *);

/*
 * `segment' (this plan, open at fd) becomes segment.prev; the one that is there
 * becomes segment.N if the store needs it.  0, or -1 with errno.
 */
int past_push(struct past *, const struct store *, int fd,
    const struct segment_plan *, uint64_t until);

/* Removes what has cooled and is not needed. */
void past_tick(struct past *, const struct store *, uint64_t mono);

#endif
