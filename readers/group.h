/*
 * group.h -- `-g transaction' and `-g tree': the records of one transaction
 * together.
 *
 * A record belongs to the transaction that its id names, in its process (two
 * may have the same id by chance).  A transaction is complete with the record
 * that has RECORD_END; one that began before we did, or does not say where it
 * begins and ends, is given up by -T or -L, and printed as far as it came.
 * RECORD_LINK: its payload begins with the id of the transaction that it is a
 * part of, in the same process: 8 bytes.
 */
#ifndef SHMLOG_READERS_GROUP_H
#define SHMLOG_READERS_GROUP_H

#include "readers/record.h"

enum grouping {
	GROUP_RAW,         /* each record by itself */
	GROUP_TRANSACTION, /* in the order of their ends */
	GROUP_TREE,        /* with what is a part of it, below it */
};

/* Why a group is handed on. */
enum group_end {
	GROUP_COMPLETE,
	GROUP_LATE,   /* -T is over */
	GROUP_FULL,   /* -L: it was the oldest of too many */
	GROUP_LARGE,  /* it has more records or bytes than one may have */
	GROUP_LOST,   /* records of its stream were lost meanwhile */
	GROUP_ASKED,  /* by group_flush(): at the end, or SIGUSR1 */
};

struct group_member {
	struct rec rec;
	unsigned depth; /* in a tree; 0: the root's own records */
};

struct group {
	struct group_member *members;
	size_t n;
	enum group_end end;
	uint64_t id; /* of the root */
};

struct groups;

/* `limit': how many incomplete ones there are at most (-L).  `patience': ns
 * after its first record at which one is given up (-T); UINT64_MAX: never.
 * done() gets each group; what it points to is good until it returns. */
struct groups *groups_new(enum grouping, uint64_t limit, uint64_t patience,
    void (*done)(void *, struct group *), void *);
void groups_free(struct groups *);

/* A record; one without an id (0) is a group by itself, at once.  Copies it.
 * The stream must not be freed before group_stream_gone(). */
void groups_add(struct groups *, const struct rec *);

/* Hands on what has waited longer than it may; `now' is clock_mono().  Also to
 * be called without traffic: returns when it wants to be called next,
 * UINT64_MAX: not before there are records. */
uint64_t groups_tick(struct groups *, uint64_t now);

/* Hands on all, complete or not. */
void groups_flush(struct groups *);

/* Records of the stream were lost: its incomplete groups may lack some. */
void groups_lost(struct groups *, const struct rec_stream *);

/* The stream is about to be freed: its groups are handed on. */
void groups_stream_gone(struct groups *, const struct rec_stream *);

#endif
