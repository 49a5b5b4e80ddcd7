/*
 * stream.h -- a section of class Log: where its lanes and its dictionary are.
 */
#ifndef SHMLOG_COMMON_STREAM_H
#define SHMLOG_COMMON_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"

/* A stream's plan, bounded: every offset and length lies in the section. */
struct stream_plan {
	uint32_t lanes;
	uint64_t lane_offset;
	uint64_t lane_stride;
	uint64_t lane_size;
	uint64_t dict_offset;
	uint64_t dict_size;
	uint64_t id;
	uint64_t born; /* ns since the epoch */
};

/* Plans a stream; returns the section's length, whole pages; 0: EINVAL.  The
 * id and born are zero, for the caller to fill in. */
uint64_t stream_plan(struct stream_plan *, uint32_t lanes, uint64_t lane_size,
    uint64_t dict_size);

/* Writes the header of a section of zeros.  The lanes are ring_create()d. */
void stream_create(void *section, const struct stream_plan *);

/*
 * Reads and bounds the header of a section of `length' bytes, written by
 * anybody.  0, or -1 if it is no stream.
 */
int stream_check(const void *section, uint64_t length, struct stream_plan *);

/* Whether its owner has given it up, and saying so. */
int stream_is_freed(const void *section);
void stream_freed(void *section);

static inline void *
stream_lane(const void *section, const struct stream_plan *p, uint32_t lane)
{
	return (uint8_t *)(uintptr_t)section + p->lane_offset +
	       lane * p->lane_stride;
}

/*
 * The dictionary.  Adding: one thread at a time; *used is the writer's private
 * truth of its commit.  0, or -1 with ENOSPC.
 */
int dict_add(void *section, const struct stream_plan *, uint64_t *used,
    enum dict_kind, uint32_t id, const char *text, uint32_t length);

/*
 * Copies the entries from `from' up to `to' (bytes of entries) out of
 * `entries', which begins as a dictionary does, with its header, and is in
 * private memory. They are to stand there in the end as they do in that one;
 * one thread at a time.
 */
void dict_copy(void *section, const struct stream_plan *, const void *entries,
    uint64_t from, uint64_t to);

/* Whether it can be the name of a tag: 1 to 63 of [A-Za-z0-9_.-]; NULL cannot.
 */
int tag_is_good(const char *name);

struct dict_item {
	enum dict_kind kind;
	uint32_t id;
	const char *text; /* in the segment: copy it before you trust it */
	uint32_t length;
};

/*
 * Reads the entry at *offset (0 at first) and moves it on.  1: *item is one;
 * 0: no more for now; -1: no writer of ours wrote this.
 */
int dict_next(const void *section, const struct stream_plan *, uint64_t *offset,
    struct dict_item *item);

#endif
