/*
 * mask.h -- what of a stream's records an administrator does not want.
 *
 * The words stand in the stream's descriptor, where the daemon writes them one
 * by one and at any time (directory_mask()); its worker has the descriptor
 * mapped read-only and looks at them with every record.  No order is promised
 * between a word and anything else, so all is relaxed.
 */
#ifndef SHMLOG_COMMON_MASK_H
#define SHMLOG_COMMON_MASK_H

#include <stdatomic.h>

#include "common/layout.h"

/* Where the words are; it changes when the stream moves to another segment. */
struct mask {
	const struct descriptor *_Atomic at;
};

/* Both are relaxed: what it points to is memory that was mapped before by a
 * system call, and nothing else is learnt from it. */
static inline void
mask_set(struct mask *m, const struct descriptor *at)
{
	atomic_store_explicit(&m->at, at, memory_order_relaxed);
}

static inline const struct descriptor *
mask_get(const struct mask *m)
{
	return atomic_load_explicit(&m->at, memory_order_relaxed);
}

/* Whether a record with this tag (below TAGS_MAX) and level (below 8) is left
 * out: 1 or 0. */
static inline int
mask_hides(const struct mask *m, unsigned tag, unsigned level)
{
	const struct descriptor *d = mask_get(m);
	uint64_t levels =
	    atomic_load_explicit(&d->levels, memory_order_relaxed);
	uint64_t tags;

	/* one comparison where nothing is masked */
	if (__builtin_expect(levels == 0, 1))
		return 0;
	tags = atomic_load_explicit(&d->masked[tag / 64], memory_order_relaxed);
	/* each by itself is one bit test */
	return (levels >> level & 1) || (tags >> tag % 64 & 1);
}

#endif
