/*
 * hist.h -- a histogram of numbers in a sliding window.
 *
 * Buckets are those of common/histogram.h, each power of two in 16 of the same
 * width (6.25 %), but from 2^-32 on, so that there is something between whole
 * numbers.  As long as all values are whole a bucket's limits are told as the
 * whole numbers in it, and are the same as there.
 *
 * The window is divided into slots; with each that begins the oldest one is
 * forgotten.
 */
#ifndef SHMLOG_READERS_HIST_H
#define SHMLOG_READERS_HIST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HIST_SLOTS 16u
#define HIST_LEAST (-32) /* 2^-32: what is less is in bucket 0, with 0 */
#define HIST_BUCKETS (1u + 96 * 16)

struct hist_counts {
	uint64_t n;
	uint64_t fractions; /* values that are not whole */
	double sum, min, max;
	uint64_t buckets[HIST_BUCKETS];
};

struct hist {
	unsigned at; /* the slot of now */
	struct hist_counts slots[HIST_SLOTS];
};

/* The bucket of a number from 0 on, but of no -0. */
static inline uint32_t
hist_bucket(double value)
{
	uint64_t bits;
	uint32_t bucket;

	/* the exponent and the first four bits behind it */
	memcpy(&bits, &value, sizeof(bits));
	bits >>= 48;
	if (bits < (uint64_t)(1023 + HIST_LEAST) << 4)
		return 0;
	bucket = 1 + (uint32_t)bits - ((1023 + HIST_LEAST) << 4);
	return bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1;
}

/* Its least value, and the first that is too large. */
double hist_low(uint32_t bucket);
double hist_end(uint32_t bucket);

/* The same for all of one that is shown: the limits, both of them in it. */
double hist_first(const struct hist_counts *, uint32_t bucket);
double hist_last(const struct hist_counts *, uint32_t bucket);

/* All zero is an empty one.  With no window it is never turned. */
struct hist *hist_new(void);
/* A number from 0 on, or -0. */
void hist_add(struct hist *, double value);
/* Begins the next slot. */
void hist_turn(struct hist *);
/* Adds one that was turned as often as it. */
void hist_merge(struct hist *, const struct hist *);
void hist_clear(struct hist *);

/* All slots together. */
void hist_sum(const struct hist *, struct hist_counts *);

/* The quantile of 1 to 1000 thousandths, as in common/histogram.h: the largest
 * value of the bucket that the true one fell into, but no more than the largest
 * of all.  There must be a value. */
double hist_quantile(const struct hist_counts *, uint32_t thousandths);

#endif
