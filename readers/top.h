/*
 * top.h -- the most frequent of any number of keys, in bounded memory.
 *
 * What it counts is told with bounds.  Of N records (or, with a window, of what
 * N has decayed to) and m counters,
 *
 *	weight <= true <= weight + error	for every key that is there
 *	error <= 2 N / m			for every key
 *
 * and every key whose true weight is above 2 N / m is there.  As long as there
 * were no more than m keys all is exact.
 */
#ifndef SHMLOG_READERS_TOP_H
#define SHMLOG_READERS_TOP_H

#include <stddef.h>
#include <stdint.h>

#define TOP_COUNTERS 32768u

struct top_item {
	uint64_t hash;
	double weight; /* since it is here, in units of base; below 0: free */
	double error;  /* what it may have had before */
};

struct top {
	uint32_t size;  /* m, a power of two */
	uint32_t n;     /* of them are used */
	uint32_t nfree; /* of those that were used */
	struct top_item *items;
	uint32_t *free;  /* a stack of places in items */
	uint32_t *index; /* open addressing: place + 1; 0: empty */
	double *scratch;
	size_t cell;
	char *cells;
	double offset; /* no key that is not here has more */
	double total;
	/* the window */
	double window; /* ns; 0: none, a record counts for ever */
	double unit;   /* what a record counts now */
	uint64_t base; /* when a record counted 1 */
	uint64_t now;  /* when `unit' was made */
	uint64_t step; /* for so long it is good */
};

/* cell: bytes that are kept with each key.  window: the mean time, in ns, that
 * a record counts; 0: for ever.  Exits if there is no memory. */
void top_init(struct top *, uint32_t counters, size_t cell, uint64_t window);
void top_fini(struct top *);

/* The time is at least that. */
void top_turn(struct top *, uint64_t now);

static inline void
top_clock(struct top *t, uint64_t now)
{
	if (now > t->now && now - t->now >= t->step)
		top_turn(t, now);
}

/* Counts a key.  NULL; or, if it is new, its cell, to be filled. */
char *top_add(struct top *, uint64_t hash);

struct top_row {
	double weight; /* now: that many at least */
	double error;  /* and that many more at most */
	uint64_t hash;
	const char *cell;
};

/* The best `want' of them, the best one first; returns how many there are. */
size_t top_rank(const struct top *, struct top_row *, size_t want);

/* A key's weight now; 0 if it is not there. */
double top_weight(const struct top *, uint64_t hash);
/* All records, as weight. */
double top_total(const struct top *);
/* What a key that is not there has at most. */
double top_missed(const struct top *);
/* By a weight's division it is a rate per ns, in a window that began then. */
double top_span(const struct top *, uint64_t began);

#endif
