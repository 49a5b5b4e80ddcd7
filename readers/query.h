/*
 * query.h -- `-q': which records, or groups of records, are wanted.
 *
 * A query is compiled once to a short program that costs nanoseconds a record.
 * man/shmlog-query.7 has the grammar.
 */
#ifndef SHMLOG_READERS_QUERY_H
#define SHMLOG_READERS_QUERY_H

#include "readers/record.h"

struct query;

/* What is wrong with a query and where: ready to be shown, in lines. */
struct query_error {
	size_t at;         /* byte of the text that it is about */
	char message[160]; /* `expected a value, not ")"' */
};

/*
 * NULL: it is none, and *e says why.  `caseless': regular expressions do not
 * tell small letters from capital ones (-C).  Exits if there is no memory.
 */
struct query *query_compile(
    const char *text, size_t n, int caseless, struct query_error *e);
void query_free(struct query *);

/* Puts the text's line, a caret below it and the message on stderr; `from' is
 * `-q' or `-Q file'. */
void query_complain(const char *from, const char *text, size_t n,
    const struct query_error *);

/*
 * Whether it selects a record by itself: 1 or 0.  any(x) and all(x) are x then.
 */
int query_record(struct query *, struct rec *);

/*
 * Whether it selects a group: 1 or 0.  A comparison that is in no any() or
 * all() holds if it does for one record, each by itself: `a == 1 and b == 2'
 * may be about two.  Within any() and all() all are about the same record.
 */
int query_group(struct query *, struct rec *records, size_t n);

/*
 * For who wants to leave out a record early: 0 if no record with this tag,
 * level and stream can make it true, whatever else it has.
 */
int query_may(const struct query *, const struct rec *);

#endif
