/*
 * store.h -- the daemon's private truth: the segment, its pages, its sections.
 *
 * Everything that is in the segment's header, directory and tombstones was put
 * there from here and is never read back.  No function here waits, and none
 * asks for the time: it is an argument.  One thread.
 *
 * STARTING, in the order of the steps (the files' names, links and locks are
 * the caller's):
 *
 *	store_create()			a new file, all of it reserved
 *	store_takeover()		what the old segments hold
 *	... link `segment' as `segment.prev', rename the new one to `segment'
 *	store_open_for_business()	placeholders once more; first alloc_seq
 *	... rename the socket
 *	store_mark_superseded()		in the old one's header
 *	store_watch()			whose deaths are to be told
 *
 * RUNNING: requests, owners' events, store_tick() once a second,
 * store_background() whenever the loop is idle and it said that there is more.
 *
 * ENDING: store_end(), store_close().
 */
#ifndef SHMLOG_DAEMON_STORE_H
#define SHMLOG_DAEMON_STORE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "common/message.h"
#include "common/segment.h"

struct store;

/* One moment, by both clocks, in ns: CLOCK_MONOTONIC and CLOCK_REALTIME. */
struct store_time {
	uint64_t mono;
	uint64_t real;
};

struct store_options {
	int dirfd;        /* the instance's directory; only used in create */
	const char *file; /* the new file's temporary name: it is removed if
			     there, and created with O_EXCL */
	const char *instance; /* as -n named it; cut to fit */
	uint64_t size;        /* bytes; rounded up to pages */
	uint32_t sections;
	uint32_t cooling; /* seconds, at least STORE_COOLING_MIN */
	mode_t mode;      /* of the file, whatever the umask */
	pid_t pid;        /* the master: this process */
	uint64_t start;   /* its start time, process_start() */
	uint64_t pid_ns;  /* process_pid_ns() */
	uint8_t boot_id[16];

	/* for tests; zero otherwise */
	uint64_t first_seq;    /* alloc_seq's first value is this plus one */
	uint64_t first_serial; /* 0: 1 */
	void (*step)(void *arg, const char *where); /* between two stores after
			      which a kill would make a difference */
	void *step_arg;
	int (*runs)(pid_t, uint64_t start); /* NULL: process_runs() */
};

#define STORE_COOLING_MIN                                                      \
	10 /* seconds; when space is short, this is enough                     \
	    */

/*
 * Creates the file, reserves all of it (posix_fallocate), maps it (guarded: see
 * guard_init()), writes the header and the daemon's own counter set.  alloc_seq
 * stays zero.  old is the segment that this one follows, or NULL: generation is
 * its plus one, and created is later than its.
 *
 * NULL with errno if it cannot be had (ENOSPC: no room; ENOMEM; EINVAL: no data
 * pages with that size and sections); nothing is left behind then.
 */
struct store *store_create(const struct store_options *,
    const struct segment_plan *old, struct store_time);

/*
 * Takes over from old segments: retained sums are carried on, sets of the dead
 * are added to them, sets of the living are listed as placeholders.  The first
 * one is the segment that is followed, the others are where words may be that
 * it has placeholders for (`segment.prev', `segment.N'), in any order.  The
 * descriptors are the store's from here on, also those of no use.  They need
 * be open for reading only, but the first one for writing too if
 * store_mark_superseded() is to work.
 *
 * What does not fit (sections, pages) is left out and counted, see the result.
 * Anything may stand in those files.
 */
struct store_taken {
	uint32_t retained;     /* sums carried on */
	uint32_t folded;       /* sets of the dead that were added to them */
	uint32_t placeholders; /* sets of the living (or of who cannot be
				  told: another pid namespace) */
	uint32_t refused;      /* no room for them here */
	uint32_t damaged;      /* made no sense */
};

void store_takeover(struct store *, const int *fds, size_t n, struct store_time,
    struct store_taken *);

/*
 * Whether a placeholder, or a worker that is just joining, needs the old
 * segment that was created then: its file must stay, under some name (for the
 * next daemon).  Changes with time, only from 1 to 0.
 */
int store_needs_old(const struct store *, uint64_t created);

/* Refreshes the placeholders from the old inodes; those whose owners have freed
 * them go into the retained sums.  store_tick() does it, too. */
void store_refresh(struct store *);

/* After the rename: the last refresh, then alloc_seq gets its first value. */
void store_open_for_business(struct store *, struct store_time);

/* Stores `superseded' in the header of the segment that was taken over. */
void store_mark_superseded(struct store *);

/* Counts the heartbeat up. */
void store_heartbeat(struct store *);

/* master_pid becomes 0: it ended well.  The segment stays readable. */
void store_end(struct store *);

/* Unmaps and frees everything; the file is left as it is.  NULL is fine. */
void store_close(struct store *);

/* The segment's descriptor (O_RDWR), to be passed on to workers; the store's
 * own.  And what the header says. */
int store_fd(const struct store *);
const struct segment_plan *store_plan(const struct store *);

/*
 * OWNERS.  A process is named by pid and start time.  client is the caller's
 * number for a connection, never used twice, not 0.
 */
struct store_owner {
	pid_t pid; /* in the daemon's namespace */
	uid_t uid;
	uint64_t start; /* process_start() */
	char name[OWNER_MAX];
	uint64_t client;
};

/*
 * REQUESTS.  Each returns the answer's status; at any but MESSAGE_OK all is as
 * it was (BAD_SECTION: the section stays reserved).  Bounds and characters are
 * checked here; the limits (connections, shares, rates), and counting
 * the refusals, are the caller's.
 */

/* Reserves a section of zeroed pages; fills the answer, but for its head.
 * BAD_ARGUMENT, NO_SPACE, NO_SECTIONS. */
enum message_status store_alloc(struct store *, const struct store_owner *,
    const struct message_alloc *, struct store_time,
    struct message_section *answer);

/* Checks what it holds and lists it; a set takes the place of the one of this
 * process that has its id.  One that is listed already: MESSAGE_OK.  NOT_YOURS,
 * BAD_SECTION, NO_SPACE (no memory). */
enum message_status store_publish(struct store *, const struct store_owner *,
    const struct message_section *, struct store_time);

/* Lets it cool, listed or only reserved.  NOT_YOURS. */
enum message_status store_free(struct store *, const struct store_owner *,
    const struct message_section *, struct store_time);

/* Lets a section of any process cool.  NOT_YOURS: there is no such section, or
 * it is one of the daemon's, or a placeholder. */
enum message_status store_retire(
    struct store *, const struct message_section *, struct store_time);

/*
 * MASKS.  A rule is about the streams there are and those to come, and their
 * tags likewise (within a second of their registration).  It replaces the one
 * that speaks of the same thing of the same glob.  BAD_ARGUMENT; OVER_LIMIT:
 * too many rules, MASK_RULES_MAX.  Fills the answer, but for its head.
 */
enum message_status store_mask(
    struct store *, const struct mask_rule *, struct message_masked *answer);

/* Whether it can be one (or clears some); anything may stand in it. */
int mask_rule_is_good(const struct mask_rule *);

/* The rule at that place, from 0 on; NULL: there are no more. */
const struct mask_rule *store_mask_rule(const struct store *, uint64_t);

/*
 * The work done since the last call, so that the caller can charge for it:
 * bytes of schemas copied and decoded, of words added up, and a sixteenth of
 * those zeroed, for that is how much quicker zeroing is.
 */
uint64_t store_work(struct store *);

/* Adds to it what was done elsewhere for the same request. */
void store_worked(struct store *, uint64_t bytes);

/* What a process, or all processes of a uid, have now. */
struct store_use {
	uint64_t bytes; /* reserved and listed; placeholders are not counted */
	uint32_t sections;
	uint64_t cooling_bytes; /* by uid only */
	uint32_t cooling_sections;
};

void store_use_process(
    const struct store *, pid_t, uint64_t start, struct store_use *);
void store_use_uid(const struct store *, uid_t, struct store_use *);

/*
 * EVENTS.  All of them look for what was freed while nobody listened: it cools
 * as if FREE came.
 */

/* A client said HELLO: the orphans of its process are its own again. */
void store_client_came(
    struct store *, const struct store_owner *, struct store_time);

/* A client hung up or was dropped: what came through it become orphans. */
void store_client_gone(
    struct store *, const struct store_owner *, struct store_time);

/* The process is dead (its pidfd said so): its sections cool, its counters are
 * added to the retained sums.  Nothing happens if it has none. */
void store_owner_died(struct store *, pid_t, uint64_t start, struct store_time);

/* How many sections and placeholders of that process there are that its death
 * would change: while it is not 0, keep watching it. */
uint32_t store_owner_sections(const struct store *, pid_t, uint64_t start);

/*
 * Calls fn for each process that has a placeholder, once, so that the caller
 * opens a pidfd for it; one that has gone meanwhile (no such pid, or another
 * start time) is to be told to store_owner_died(), but not from within fn.
 * Processes of another pid namespace are not named: nobody can watch them.
 */
void store_watch(const struct store *,
    void (*fn)(void *arg, pid_t, uint64_t start), void *arg);

/*
 * Once a second: sections that have cooled for long enough are given up (a
 * bounded number a call), placeholders refreshed, and folded if their owners
 * are of another pid namespace and nobody holds the old segment, orphans that
 * are freed retired, new tags masked, figures published.
 */
void store_tick(struct store *, struct store_time);

/* Zeroes up to `budget' bytes of pages that were given up, and goes on with
 * what a change of the masks left to do.  1: there is more. */
int store_background(struct store *, size_t budget);

/*
 * Whether the file still has its size; if somebody truncated it, restores the
 * size and writes header, directory and the daemon's own sets anew.
 */
enum store_health {
	STORE_WELL,
	STORE_RESTORED, /* it was truncated: say so in the log */
	STORE_REPAIRED, /* header or directory were written over: likewise */
	STORE_BROKEN,   /* and cannot be restored now (errno): ask again */
};

enum store_health store_check(struct store *);

/*
 * FIGURES.
 */
struct store_figures {
	uint64_t bytes_free;
	uint64_t
	    bytes_used; /* reserved and listed, the daemon's own included */
	uint64_t bytes_cooling;
	uint64_t largest; /* the longest run of free pages, bytes */
	uint32_t live;    /* listed and not cooling */
	uint32_t reserved;
	uint32_t orphaned; /* of those two */
	uint32_t cooling;
	uint32_t placeholders; /* of the live ones, as the next */
	uint32_t retained;
};

void store_figures(const struct store *, struct store_figures *);

/*
 * The daemon's own counter set, shmlogd.daemon, level by level as shmstat shows
 * it.  The store keeps those above STORE_CLIENTS itself.
 */
enum store_word {
	STORE_UPTIME, /* gauges */
	STORE_LIVE,
	STORE_RESERVED,
	STORE_ORPHANED,
	STORE_COOLING,
	STORE_PLACEHOLDERS,
	STORE_RETAINED,
	STORE_BYTES_FREE,
	STORE_BYTES_USED,
	STORE_BYTES_COOLING,
	STORE_LARGEST,
	STORE_RETAINED_REFUSED, /* counter */
	STORE_CLIENTS,          /* gauge: connections now */
	STORE_REQUESTS,         /* counters, from here on */
	STORE_CONNECTIONS,
	STORE_DROPPED,         /* clients dropped, for whatever reason */
	STORE_PROTOCOL_ERRORS, /* clients that broke the protocol */
	STORE_REFUSED_FIRST,   /* one for each status from MESSAGE_BAD_VERSION
				  to MESSAGE_DENIED: see store_refused() */
	STORE_REFUSED_LAST = STORE_REFUSED_FIRST + MESSAGE_DENIED - 1,
	STORE_WORDS
};

void store_count(struct store *, enum store_word, uint64_t n);
void store_set(struct store *, enum store_word, uint64_t value);

/* Counts a refusal; MESSAGE_OK and what is no status are ignored. */
void store_refused(struct store *, enum message_status);

/* A line for each section and a summary, without line ends. */
void store_dump(const struct store *, struct store_time,
    void (*line)(void *arg, const char *text), void *arg);

#endif
