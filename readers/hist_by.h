/*
 * hist_by.h -- a histogram for each of the most frequent keys, and one for all
 * the others.
 *
 * The first BY_MAX keys have one each.  Once in a while, if a key of the others
 * has come twice as often as the rarest of these (top.h knows), it takes its
 * place: what that one had goes to the others, and the new one's begins then.
 * So no value is ever in two, or in none.
 */
#ifndef SHMLOG_READERS_HIST_BY_H
#define SHMLOG_READERS_HIST_BY_H

#include "readers/hist.h"
#include "readers/key.h"
#include "readers/top.h"

#define BY_MAX 20
#define BY_COUNTERS 1024u

struct by {
	struct top top;
	uint64_t seed;
	size_t n;
	uint64_t hashes[BY_MAX];
	char cells[BY_MAX][KEY_CELL];
	struct hist *of[BY_MAX];
	struct hist *other;
	int had_others; /* other is of some use */
	uint64_t added; /* since the last by_choose() */
};

void by_init(struct by *, uint64_t window);
void by_fini(struct by *);

/* The histogram of the key that was taken. */
struct hist *by_find(struct by *, struct key *);

/* Who has one is chosen anew. */
void by_choose(struct by *);

/* The next slot of them all. */
void by_turn(struct by *);

#endif
