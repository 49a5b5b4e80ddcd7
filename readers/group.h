/*
 * group.h -- `-g transaction' and `-g tree': the records of one transaction
 * together.
 *
 * A record belongs to the transaction that its id names, in its process (two
 * may have the same id by chance).  A transaction is complete with the record
 * that has RECORD_END; one that does not say where it ends is given up by -T or
 * -L, and handed on as far as it came.  RECORD_LINK: it is a part of another
 * one of the same process; a tree is complete when all in it are.
 */
#ifndef SHMLOG_READERS_GROUP_H
#define SHMLOG_READERS_GROUP_H

#include "readers/record.h"

enum grouping {
	GROUP_RAW,         /* each record by itself */
	GROUP_TRANSACTION, /* in the order of their ends */
	GROUP_TREE,        /* with what is a part of it, below it */
};

/* Bounds of a group: then what there is of it is handed on, and what comes is
 * its next part. */
#define GROUP_RECORDS 10000
#define GROUP_BYTES ((size_t)1 << 20)

#define GROUP_DEPTH 32 /* levels of a tree; of transactions GROUP_RECORDS */

/* What all that wait may take is this for each that -L allows; 4 MiB at least
 */
#define GROUP_SHARE ((size_t)64 << 10)
#define GROUP_LIMIT_MAX 1000000

/* Why a group is handed on. */
enum group_end {
	GROUP_COMPLETE,
	GROUP_NO_BEGIN, /* complete, but its first record does not begin it */
	GROUP_LOST,  /* complete, but records of its process were lost since */
	GROUP_LATE,  /* -T is over */
	GROUP_FULL,  /* -L: it was the oldest of too many */
	GROUP_HEAVY, /* ... that took too much memory, which -L bounds, too */
	GROUP_LARGE, /* it has more records or bytes than one may have */
	GROUP_AGAIN, /* another one begins that has its id */
	GROUP_ASKED, /* by groups_flush(): at the end, or SIGUSR1 */
};

struct group {
	struct rec *records; /* in the order of a reader; depth is set */
	size_t n;            /* at least 1 */
	enum group_end end;
	unsigned part;               /* from 1; others were GROUP_LARGE */
	uint64_t id;                 /* of the root */
	const struct descriptor *of; /* a stream of its process */
	uint64_t limit, patience, memory;
};

struct groups;

/* `limit': how many incomplete ones there are at most (-L; 2 at least in a
 * tree).  `patience': ns after its first record at which one is given up (-T);
 * UINT64_MAX: never.  done() gets each group; what it points to is good, and
 * may be changed, until it returns.  Exits if there is no memory. */
struct groups *groups_new(enum grouping, uint64_t limit, uint64_t patience,
    void (*done)(void *, struct group *), void *);
void groups_free(struct groups *);

/* A record, whose id is not 0.  Copies it, and keeps its stream.  0, or -1: it
 * is a link that makes a circle, or a tree too deep or too large, and counts as
 * a record alone. */
int groups_add(struct groups *, const struct rec *);

/* What comes from now on comes at this time, by clock_mono(). */
void groups_time(struct groups *, uint64_t now);

/* The same, and hands on what has waited longer than it may.  Also to be called
 * without traffic: returns when it wants to be called next, UINT64_MAX: not
 * before there are records.  Call it when all that there is was added: who was
 * stopped for long may find the ends of what has waited. */
uint64_t groups_tick(struct groups *, uint64_t now);

/* Hands on all, complete or not. */
void groups_flush(struct groups *);

/* Records of the stream's process were lost: what waits may lack some.  NULL:
 * of any process. */
void groups_lost(struct groups *, const struct descriptor *);

/* Why it is not whole, in words of people, or nothing; and in one of programs,
 * or NULL. */
void group_why(struct buffer *, const struct group *);
const char *group_word(const struct group *);

#endif
