/*
 * figures.h -- what a stream counts of itself.
 *
 * The counters are a set of the stream's type and ident, so they are summed,
 * retained and taken along to the next daemon as any others.  Each lane has a
 * shard of it, which only its holder adds to.
 */
#ifndef SHMLOG_WORKER_FIGURES_H
#define SHMLOG_WORKER_FIGURES_H

#include <stdint.h>

#include "common/layout.h"

struct shmlog_stream;

enum figure {
	FIGURE_RECORDS,
	FIGURE_BYTES, /* of the lane, headers and all */
	FIGURE_CUT,
	FIGURE_COLLISIONS, /* lanes that were found held */
	FIGURE_DROPPED,    /* the next two by any thread, in lane 0's shard */
	FIGURE_UNNAMED,    /* tags and formats that had no room */
	FIGURES
};

/* Makes the set, gives the stream's lanes their shards, and tries to attach
 * both, set and stream: 0, or -1 with errno. */
int figures_open(struct shmlog_stream *);
void figures_close(struct shmlog_stream *);

/* The same for lanes that are new (after fork(2)): also without a set. */
void figures_assign(struct shmlog_stream *);

/* 1; 0 for tests in which sections are counted: there is no set then. */
extern int figures_wanted;

#endif
