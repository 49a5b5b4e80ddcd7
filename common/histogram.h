/*
 * histogram.h -- which bucket a value falls into, and what buckets tell of the
 * values.
 *
 * Buckets are log-linear: each power of two from 16 on is divided into 16 of
 * the same width, so that none is wider than a sixteenth (6.25 %) of the
 * values in it; below 32 a bucket is one value.  shmlog.h, which is installed
 * alone, has histogram_bucket() once more.
 *
 * A QUANTILE is a value that was observed: of n, the q'th is the smallest such
 * that at least q * n are not larger.  Of a histogram, it is the largest value
 * of the bucket that this one fell into: never less than the true one, and by
 * less than the bucket's width more.
 */
#ifndef SHMLOG_COMMON_HISTOGRAM_H
#define SHMLOG_COMMON_HISTOGRAM_H

#include <stdint.h>

#include "common/layout.h"

#define HISTOGRAM_LAST (HISTOGRAM_BUCKETS - 1u)

/* The bucket of a value. */
static inline uint32_t
histogram_bucket(uint64_t value)
{
	unsigned shift = 59 - (unsigned)__builtin_clzll(value | 16);
	uint32_t bucket = 16 * shift + (uint32_t)(value >> shift);

	return bucket < HISTOGRAM_LAST ? bucket : HISTOGRAM_LAST;
}

/* The smallest and the largest value of a bucket. */
static inline uint64_t
histogram_low(uint32_t bucket)
{
	return bucket < 32 ? bucket
			   : (uint64_t)(16 + bucket % 16) << (bucket / 16 - 1);
}

static inline uint64_t
histogram_high(uint32_t bucket)
{
	return bucket < HISTOGRAM_LAST ? histogram_low(bucket + 1) - 1
				       : UINT64_MAX;
}

/* n values and some more; what is in the segment may be anything, and no count
 * goes back. */
static inline uint64_t
histogram_more(uint64_t n, uint64_t more)
{
	return more > UINT64_MAX - n ? UINT64_MAX : n + more;
}

/* How many values were observed; counts has HISTOGRAM_BUCKETS words. */
static inline uint64_t
histogram_count(const uint64_t *counts)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		n = histogram_more(n, counts[i]);
	return n;
}

/*
 * The quantile of 1 to 1000 thousandths: 500 is the median, 1000 the maximum; n
 * is histogram_count().  0 if nothing was observed.
 */
static inline uint64_t
histogram_quantile(const uint64_t *counts, uint64_t n, uint32_t thousandths)
{
	uint64_t seen = 0;
	/* of the values in order, from 1: n * thousandths / 1000, up */
	uint64_t rank =
	    n / 1000 * thousandths + (n % 1000 * thousandths + 999) / 1000;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		/* not added up: what is in the segment may be anything */
		if (counts[i] >= rank - seen && n > 0)
			return histogram_high(i);
		seen += counts[i];
	}
	return 0;
}

#endif
