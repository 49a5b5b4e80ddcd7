/*
 * query.h -- `-q': which records, or groups of records, are wanted.
 *
 * A query is compiled once to a short program that costs nanoseconds a record.
 * man/shmlog-query.7 has the grammar, and what everything means.
 */
#ifndef SHMLOG_READERS_QUERY_H
#define SHMLOG_READERS_QUERY_H

#include "readers/record.h"

#define QUERY_TEXT_MAX 65536 /* bytes of a query */
#define QUERY_DEPTH_MAX 64   /* parentheses in one another */
#define QUERY_TESTS_MAX 4096 /* comparisons */

struct query;

/* What is wrong with a query and where. */
struct query_error {
	size_t at;         /* byte of the text that it is about */
	char message[160]; /* `expected a value, not ")"' */
};

/*
 * NULL: it is none, and *e says why.  `caseless': regular expressions do not
 * tell small letters from capital ones (-C).  Exits if there is no memory.
 * Several lines (-Q) are or-ed.  Keeps nothing of `text'.
 */
struct query *query_compile(
    const char *text, size_t n, int caseless, struct query_error *e);
void query_free(struct query *); /* NULL is allowed */

/*
 * Puts the message, the text's line and a caret below it on stderr; `from' is
 * `-q' or `-Q file'.  Nothing of it is for a terminal to obey.
 */
void query_complain(
    const char *from, const char *text, size_t n, const struct query_error *);
/* The same, into a buffer. */
void query_describe(struct buffer *, const char *from, const char *text,
    size_t n, const struct query_error *);

/*
 * Whether it selects a record by itself: 1 or 0.  any(x) and all(x) are x then.
 */
int query_record(struct query *, struct rec *);

/*
 * Whether it selects a group: 1 or 0.  A comparison that is in no any() or
 * all() holds if it does for one record, each by itself: `a == 1 and b == 2'
 * may be about two.  Within any() and all() all are about the same record.
 * Each record's text is made once at most.  Of no records all() is true and
 * any() is not.
 */
int query_group(struct query *, struct rec *records, size_t n);

/*
 * For who wants to leave out a record early: 0 if no record with this tag,
 * level and stream can make query_record() true, whatever else it has.  Only
 * these three, and head->level, are looked at.
 */
int query_may(const struct query *, const struct rec *);

/* How often a regular expression came to its limit of time or memory: what it
 * was to tell of a record was then taken for false. */
uint64_t query_gave_up(const struct query *);

#endif
