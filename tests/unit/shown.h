/*
 * shown.h -- records made by hand, as an output format shows them.
 */
#ifndef SHMLOG_TESTS_SHOWN_H
#define SHMLOG_TESTS_SHOWN_H

#include "readers/out.h"
#include "tests/unit/records.h"

/* The last record that was made, shown; it is gone then.  Text ends with a
 * zero, good until the next call; *n, unless it is NULL, is its length. */
const char *shown_last(struct records *, const struct out *, size_t *n);

/* The same of what was lost. */
const char *shown_lost(const struct out *, const struct out_loss *);

/* Bytes of the sorts that hurt terminals, JSON, and readers of UTF-8; returns
 * how many. */
size_t shown_nasty(struct unit_random *, char *to, size_t size);

/* Whether nothing of it makes a terminal do anything but show, lines apart. */
int shown_is_safe(const char *, size_t n);

#endif
