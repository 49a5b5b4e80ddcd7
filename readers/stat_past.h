/*
 * stat_past.h -- what a counter did before: averages over three spans, and
 * samples for a chart.
 *
 * AVERAGES.  The rate of each interval counts by its length, and less and less
 * as it gets older: after a span's time by 1/e (0.37) of what it did.  The sum
 * is divided by that of the weights, so that an average is one from the first
 * interval on: of a counter that is watched for much less than its span, the
 * plain mean.  How long the intervals are does not matter.  Of gauges it is the
 * value that is averaged, not its change.
 */
#ifndef SHMLOG_READERS_STAT_PAST_H
#define SHMLOG_READERS_STAT_PAST_H

#include <stddef.h>
#include <stdint.h>

#include "readers/stat_collect.h"

#define STAT_SPANS 3
extern const unsigned stat_spans[STAT_SPANS]; /* seconds: 10, 100, 1000 */

#define STAT_SAMPLES 120

struct stat_past {
	double sums[STAT_SPANS];
	double weights[STAT_SPANS]; /* of what is in them; 0: nothing */
	double change; /* a second, in the last interval; of gauges, too */
	int known;     /* there was an interval */
	int moved;     /* it was not 0 all the time */
	int hidden;    /* by the filter of that number (stat_view.c) */
	unsigned filter;
	/* what was averaged, of the last intervals: a ring; NULL until it is
	 * not 0 for the first time */
	float *samples;
	uint32_t last; /* the place of the newest */
};

/* What is left of a weight after an interval. */
struct stat_decay {
	double keep[STAT_SPANS];
};

void stat_decay(struct stat_decay *, uint64_t ns);

/*
 * Takes a pass that was added (stat_collect_add()): makes k->past, if this is
 * its first.  ns: since the pass before, 0: there was none; decay is that of
 * ns.  Exits if there is no memory.
 */
void stat_past_take(
    struct stat_counter *, const struct stat_decay *, uint64_t ns);

/* Averages begin anew. */
void stat_past_reset(struct stat_past *);

/* 0, and *average; or -1: there was no interval yet. */
int stat_past_average(const struct stat_past *, unsigned span, double *average);

/* The i-th newest sample, from 0; those before the first one are 0. */
double stat_past_sample(const struct stat_past *, uint32_t i);

/* NULL is fine. */
void stat_past_free(struct stat_past *);

/* A gauge, which has a value more than a rate. */
static inline int
stat_is_level(const struct stat_counter *k)
{
	return k->kind == SCHEMA_GAUGE || k->kind == SCHEMA_UPDOWN;
}

#endif
