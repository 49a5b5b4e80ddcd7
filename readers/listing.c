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

static void
fit(struct listing *l, const struct segment *s)
{
	if (l->of == s->plan.created && l->room == s->plan.desc_count &&
	    l->entries != NULL)
		return;
	free(l->entries);
	memset(l, 0, sizeof(*l));
	/* only what is filled is touched, so a huge count costs little */
	l->room = s->plan.desc_count;
	l->entries = calloc(l->room, sizeof(*l->entries));
	if (l->entries == NULL)
		err(1, "memory");
	l->of = s->plan.created;
	l->since = clock_mono();
}

enum listing_event
listing_poll(struct listing *l, const struct segment *s)
{
	enum directory_result result = DIRECTORY_CHANGING;
	uint64_t seq, now;
	size_t n;

	if (l->entries != NULL && l->of == s->plan.created && l->seq != 0 &&
	    directory_seq(s) == l->seq)
		return LISTING_SAME;
	fit(l, s);
	now = clock_mono();
	if (l->since == 0)
		l->since = now;
	if (l->seq != 0 && directory_seq(s) == 0 && now - l->since < PATIENCE)
		return LISTING_LATER;
	for (int i = 0; i < TRIES && result == DIRECTORY_CHANGING; i++)
		result = directory_read(s, l->entries, &n, &seq);
	if (result == DIRECTORY_WHOLE) {
		l->n = n;
		l->seq = seq;
		l->since = 0;
		return LISTING_NEW;
	}
	/* entries were overwritten in part: whoever has state has its own copy
	 */
	l->n = 0;
	l->seq = 0;
	if (result == DIRECTORY_CHANGING && now - l->since < PATIENCE)
		return LISTING_LATER;
	directory_scan(s, l->entries, &l->n);
	l->since = now;
	return LISTING_NEW;
}

void
listing_wait(struct listing *l, const struct segment *s)
{
	const struct timespec nap = { 0, (long)MSEC };

	while (listing_poll(l, s) == LISTING_LATER && !stop_asked())
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}

void
listing_free(struct listing *l)
{
	free(l->entries);
	memset(l, 0, sizeof(*l));
}
