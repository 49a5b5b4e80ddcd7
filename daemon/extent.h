/*
 * extent.h -- which pages are free, and which of those are not zero.
 *
 * Private memory only: this never touches a page.  Runs of free pages stand in
 * two balanced trees, by offset (to join neighbours) and by length (to find the
 * best fit), so the cost grows with the logarithm of the runs.
 */
#ifndef SHMLOG_DAEMON_EXTENT_H
#define SHMLOG_DAEMON_EXTENT_H

#include <stdint.h>

struct extents;

/*
 * `pages' pages, all free and zero.  At most `runs' runs will be taken at any
 * time: memory for that is reserved here, nothing below can fail for lack of
 * it.  NULL with ENOMEM.
 */
struct extents *extents_new(uint64_t pages, uint32_t runs);
void extents_free(struct extents *);

/* Takes the shortest run that is long enough (the first of those): 0 and
 * *page, or -1. */
int extent_alloc(struct extents *, uint64_t pages, uint64_t *page);

/* Gives a run back; takes it again, all of it being free. */
void extent_release(struct extents *, uint64_t page, uint64_t pages);
void extent_retake(struct extents *, uint64_t page, uint64_t pages);

/* Notes that pages are not zero. */
void extent_soil(struct extents *, uint64_t page, uint64_t pages);

/*
 * The first run of pages at or after `from', before `to', at most `most', that
 * are not zero: *page and *pages; they are taken for zero from here on, so the
 * caller zeroes them.  1, or 0 if there is none.
 */
int extent_wash(struct extents *, uint64_t from, uint64_t to, uint64_t most,
    uint64_t *page, uint64_t *pages);

uint64_t extents_pages_free(const struct extents *);
uint64_t extents_pages_soiled(const struct extents *);
uint64_t extents_largest(const struct extents *); /* pages */

/* How many comparisons the trees have cost so far, for tests. */
uint64_t extents_compared(void);

#endif
