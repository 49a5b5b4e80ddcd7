/*
 * tail_cursor.h -- `--cursor-file': where a shmtail was, for the next one.
 */
#ifndef SHMLOG_READERS_TAIL_CURSOR_H
#define SHMLOG_READERS_TAIL_CURSOR_H

#include <stdint.h>

struct cursor;
struct tail;
struct tail_lane;
struct tail_source;

/* Where it was in a lane, which a later one may go on for. */
struct cursor_lane {
	uint64_t created, serial; /* of its segment and section */
	uint32_t lane;
	uint32_t pid; /* of its owner */
	uint64_t start, id;
	uint64_t number; /* records before the next one */
	uint64_t total;  /* and in all lanes before this one, */
	int knows_total; /* if that is known */
};

/* Reads the file.  One that is not there knows of nothing, nor does an empty
 * one (as mktemp(1) makes it, or a power failure), which is told.  Exits, after
 * a line on stderr, if it cannot be read or is no such file. */
struct cursor *cursor_open(const char *path);
void cursor_free(struct cursor *);

/* Whether it is of an earlier run: shmtail goes on there. */
int cursor_is_set(const struct cursor *);

/* When that was: ns since the epoch. */
uint64_t cursor_time(const struct cursor *);

/* NULL: that lane is not in it. */
const struct cursor_lane *cursor_lane(
    const struct cursor *, uint64_t created, uint64_t serial, uint32_t lane);

/* The newest in a segment before that one of the same lane of the same stream,
 * of which the total is known; NULL: there is none. */
const struct cursor_lane *cursor_ancestor(
    const struct cursor *, const struct tail_lane *);

/* The source was made at the start: what of it is news.  0; -1: it is none of
 * those that are to be read. */
int cursor_source(const struct cursor *, struct tail_source *);

/* Whether segments are missing between then and now. */
int cursor_gap(const struct cursor *, const struct tail *);

/* Whether a second has passed since that was written down; NULL: never. */
int cursor_due(const struct cursor *);

/*
 * Writes down where all lanes are, if anything was delivered, or told to be
 * lost, since the last time: beside the file, and then in its place.  All that
 * was delivered must be out.  At most once a second, unless it is the last
 * time.  0, or -1: that was told, the first time.
 */
int cursor_save(struct cursor *, struct tail *, int last);

#endif
