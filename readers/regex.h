/*
 * regex.h -- regular expressions (pcre2) over a stranger's bytes.
 */
#ifndef SHMLOG_READERS_REGEX_H
#define SHMLOG_READERS_REGEX_H

#include "readers/record.h"

struct regex;

/*
 * Bytes, not UTF-8: nothing that is in a record can be wrong.  NULL: it is no
 * pattern, and why is in message, and where in *at.  Exits if there is no
 * memory.
 */
struct regex *regex_make(
    struct bytes pattern, int caseless, size_t *at, char *message, size_t size);
void regex_free(struct regex *); /* NULL is allowed */

/* 1, 0, or -1: it came to its limits, as one such as (a+)+$ does, which could
 * take longer than anybody waits. */
int regex_match(const struct regex *, struct bytes);
/* The same for a record's text, which is made only if it must be. */
int regex_match_record(struct regex *, struct rec *);

#endif
