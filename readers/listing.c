/*
 * listing.c -- a private copy of the directory, kept up to date.
 *
 * A copy is of one moment (directory_read()), unless the daemon was stopped or
 * killed in mid-change, or changes faster than can be copied: after a second of
 * that the descriptors are taken as they stand (directory_scan()), and again
 * each second while it lasts.
 */
#include "readers/attach.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE NSEC
#define TRIES 20 /* at once: most changes last for some microseconds */

static struct directory_entry *
entries_make(size_t n)
{
	/* only what is filled is touched, so a huge count costs little */
	struct directory_entry *e = calloc(n, sizeof(*e));

	if (e == NULL)
		err(1, "memory");
	return e;
}

/* Another file may claim to be the one before: its bounds must be the same. */
static int
is_of(const struct listing *l, const struct segment *s)
{
	return l->entries != NULL && l->of == s->plan.created &&
	       l->size == s->plan.segment_size && l->room == s->plan.desc_count;
}

static void
fit(struct listing *l, const struct segment *s)
{
	if (is_of(l, s))
		return;
	listing_free(l);
	l->room = s->plan.desc_count;
	l->entries = entries_make(l->room);
	l->spare = entries_make(l->room);
	l->of = s->plan.created;
	l->size = s->plan.segment_size;
	l->since = clock_mono();
}

/* What was copied to the spare entries is the copy now. */
static enum listing_event
swap(struct listing *l, size_t n, uint64_t seq)
{
	struct directory_entry *e = l->entries;

	l->entries = l->spare;
	l->spare = e;
	l->n = n;
	l->seq = seq;
	return LISTING_NEW;
}

enum listing_event
listing_poll(struct listing *l, const struct segment *s)
{
	enum directory_result result = DIRECTORY_CHANGING;
	enum listing_event wait;
	uint64_t seq = directory_seq(s), now;
	size_t n;

	if (is_of(l, s) && l->seq != 0 && seq == l->seq)
		return LISTING_SAME;
	fit(l, s);
	now = clock_mono();
	if (l->since == 0)
		l->since = now;
	wait = l->scanned ? LISTING_SAME : LISTING_LATER;
	for (int i = 0; seq != 0 && i < TRIES && result == DIRECTORY_CHANGING;
	     i++)
		result = directory_read(s, l->spare, &n, &seq);
	if (result == DIRECTORY_WHOLE) {
		l->since = 0;
		l->scanned = 0;
		return swap(l, n, seq);
	}
	if (now - l->since < PATIENCE &&
	    (result == DIRECTORY_CHANGING || l->scanned))
		return wait;
	directory_scan(s, l->spare, &n);
	l->since = now;
	l->scanned = 1;
	return swap(l, n, 0);
}

void
listing_wait(struct listing *l, const struct segment *s)
{
	while (listing_poll(l, s) == LISTING_LATER && !stop_asked())
		stop_nap(MSEC);
}

void
listing_free(struct listing *l)
{
	free(l->entries);
	free(l->spare);
	memset(l, 0, sizeof(*l));
}
