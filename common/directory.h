/*
 * directory.h -- the list of sections: changing it, and reading it meanwhile.
 *
 * The algorithm is told at the top of directory.c.
 */
#ifndef SHMLOG_COMMON_DIRECTORY_H
#define SHMLOG_COMMON_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"
#include "common/segment.h"

/* The daemon's side.  It never reads back what it stored. */
struct directory {
	struct segment_header *head;
	uint8_t *descriptors;
	uint8_t *tombstones;
	uint32_t desc_stride;
	uint32_t desc_count;
	uint32_t tomb_stride;
	uint32_t tomb_count;
	uint64_t seq; /* as published, or to be */
	uint64_t tomb_next;
	uint64_t *changes; /* a word a descriptor: the caller's memory */
};

/* base is mapped writable; `changes' has desc_count zeros.  alloc_seq stays
 * zero until the first directory_end(); seq is 0 but in tests. */
void directory_create(struct directory *, void *base,
    const struct segment_plan *, uint64_t *changes, uint64_t seq);

/* Begins and ends a change; everything below happens in between. */
void directory_begin(struct directory *);
void directory_end(struct directory *);

/* Stores a descriptor; d->serial is its own, d->changes and the mask are
 * ignored. */
void directory_store(
    struct directory *, uint32_t index, const struct descriptor *d);

/* Stores that a section cools: d's class, former, cooled and flags.  Its serial
 * stays there all the time, so that a kill in between costs nobody the section.
 */
void directory_cool(
    struct directory *, uint32_t index, const struct descriptor *d);

/* Marks a descriptor as unused. */
void directory_clear(struct directory *, uint32_t index);

/* Puts `next' (index + 1, or 0) behind `index', or at the head (index ==
 * desc_count); flags is the descriptor's, for they share a word. */
void directory_link(
    struct directory *, uint32_t index, uint32_t next, uint32_t flags);

/* Notes what a stream had when its pages are given up; t->number is ignored,
 * for it is the next one. */
void directory_bury(struct directory *, const struct tombstone *);

/* One word of the mask; at any time, no change needed. */
void directory_mask(struct directory *, uint32_t index, uint64_t levels,
    const uint64_t masked[TAGS_MAX / 64]);

/* The reader's side. */
enum directory_result {
	DIRECTORY_WHOLE,    /* a consistent copy */
	DIRECTORY_CHANGING, /* the list is in change: try again, later */
	DIRECTORY_CORRUPT,  /* the list has no end, or leaves the table */
};

/* A descriptor's copy and where it stands. */
struct directory_entry {
	uint32_t index;
	struct descriptor d;
};

/*
 * Copies the list to entries (room for plan.desc_count).  *seq is the alloc_seq
 * that it belongs to.  Makes one try; does not wait.
 */
enum directory_result directory_read(const struct segment *,
    struct directory_entry *entries, size_t *n, uint64_t *seq);

/*
 * The same without alloc_seq, for when it has been zero for a second: every
 * descriptor whose own serial says that it is whole.
 */
void directory_scan(
    const struct segment *, struct directory_entry *entries, size_t *n);

/* The value of alloc_seq now: 0 while the list changes. */
uint64_t directory_seq(const struct segment *);

/* One descriptor: 0, or -1 if it is unused or in change. */
int directory_entry(
    const struct segment *, uint32_t index, struct descriptor *d);

enum section_state {
	SECTION_SAME,     /* what was copied is its own */
	SECTION_COOLED,   /* the same, but it was live and is cooling now */
	SECTION_GONE,     /* what was copied is worthless */
	SECTION_CHANGING, /* its descriptor is in change: ask again */
};

/*
 * After a section's bytes were copied, and before any of them is believed or a
 * loss reported: whether they were its own.  seq is what directory_read() gave
 * (0 after directory_scan()), e the descriptor's copy.
 */
enum section_state directory_still(
    const struct segment *, uint64_t seq, const struct directory_entry *e);

/* The same for all that was copied since the list was read, at once: whether
 * alloc_seq is still this one (0, after directory_scan(), never is). */
int directory_unchanged(const struct segment *, uint64_t seq);

/* Looks for a tombstone: 0 and *t, or -1 if there is none (any more). */
int directory_tombstone(
    const struct segment *, uint64_t serial, struct tombstone *t);

/*
 * How many tombstones were ever written, and one of them by its number: 0 and
 * *t, or -1 if it was not written yet, was overwritten, or makes no sense.  All
 * of a number below directory_buried() were written.
 */
uint64_t directory_buried(const struct segment *);
int directory_tombstone_at(
    const struct segment *, uint64_t number, struct tombstone *t);

/* Whether d->class is this one; d is a private copy. */
int descriptor_is(const struct descriptor *d, const char *class);

/* Whether it was, before it cooled (or is). */
int descriptor_was(const struct descriptor *d, const char *class);

#endif
