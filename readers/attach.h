/*-
 * attach.h -- the frame of all readers: find an instance, attach, follow it.
 *
 * A reader's life:
 *
 *	stop_init()			signals, SIGPIPE, SIGBUS
 *	attach_open(&a, name, timeout)	finds, waits, maps; tells failures
 *	listing_wait(&list, &a.segment)	a first copy of the directory
 *
 *	while (!stop_asked()) {
 *		attach_poll(&a, NULL)		a new file?  is it running?
 *		listing_poll(&list, &a.segment)	has the directory changed?
 *		copy bytes, directory_still(), and only then believe them
 *		idle_nap(&idle, had_something)
 *	}
 *	listing_free(&list); attach_close(&a);
 *
 * All messages go to stderr, begun with the program's name (warnx(3)).  One
 * thread only.  Nothing here writes, locks or creates a file.
 */
#ifndef SHMLOG_READERS_ATTACH_H
#define SHMLOG_READERS_ATTACH_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/directory.h"
#include "common/instance.h"
#include "common/segment.h"

#define NSEC UINT64_C(1000000000)
#define MSEC UINT64_C(1000000)

/* CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds. */
static inline uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

static inline uint64_t
clock_mono(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t
clock_real(void)
{
	return clock_ns(CLOCK_REALTIME);
}

/*
 * Signals.  stop_init(): SIGINT, SIGTERM, SIGALRM and (unless it is ignored)
 * SIGHUP ask for an end, SIGPIPE is ignored (a write says EPIPE), SIGBUS from a
 * guarded segment is survived (guard.h).  The former interrupt system calls,
 * also one that begins right behind them: SIGALRM follows each second.
 * stop_asked(): since then, or since a nap noticed that nobody reads stdout any
 * more, if that was a pipe or a socket at stop_init().
 */
void stop_init(void);
int stop_asked(void);
/* SIGUSR1 asks for what is held back; flush_asked(): since its last call. */
void flush_init(void);
int flush_asked(void);
/* With -w: SIGHUP, ignored or not, is no end any more, but asks for that file
 * to be opened anew.  reopen_asked(): one came since the last call. */
void stop_reopens(void);
int reopen_asked(void);
/* Sleeps; less if a signal comes, or if whoever reads stdout goes. */
void stop_nap(uint64_t ns);

/* Whether a daemon stands behind a segment. */
enum daemon_state {
	DAEMON_RUNS,
	DAEMON_GONE,    /* it ended, or was killed */
	DAEMON_STILL,   /* the process is there, its heart stands still */
	DAEMON_UNKNOWN, /* of another pid namespace: its heart will tell */
};

#define ATTACH_MAGIC 0xa77ac4edu
#define ATTACH_FOREVER UINT64_MAX
#define ATTACH_TIMEOUT (5 * NSEC) /* without -t */

struct attach {
	uint32_t magic;
	const char *name; /* -n, or NULL; the caller's */
	char path[INSTANCE_PATH_MAX];
	int dirfd;              /* of the instance; -1 with attach_file() */
	struct segment segment; /* the one that is mapped now */
	enum daemon_state state;
	uint64_t gone; /* clock_real() when it was first seen to run no more
			  (DAEMON_GONE or _STILL); 0: it does */
	int quiet;     /* set by the caller: restarts are not told */
	/* attach.c only */
	uint64_t looked; /* clock_mono() of the last look at the file */
	uint64_t heartbeat;
	uint64_t beaten; /* clock_mono() when heartbeat last changed */
};

enum attach_result {
	ATTACH_OK,
	ATTACH_FAILED,  /* and why has been told on stderr: exit 1 */
	ATTACH_STOPPED, /* a signal came meanwhile: exit 0 */
};

/*
 * Finds the instance, waits for its segment at most `timeout' ns (0: one look;
 * ATTACH_FOREVER), maps and guards it.  Waits only for what a daemon's start
 * brings (a directory, a segment): a missing permission or another version is
 * told at once.  A segment without a daemon is attached, and told ("is not
 * running") unless a->quiet; so set quiet before: attach_init().  Blocks.
 */
void attach_init(struct attach *);
enum attach_result attach_open(
    struct attach *, const char *name, uint64_t timeout);

/* The same for a file left by a dead daemon (-r); never waits.  attach_poll()
 * then always says ATTACH_SAME (or ATTACH_TORN). */
enum attach_result attach_file(struct attach *, const char *path);

void attach_close(struct attach *);

enum attach_event {
	ATTACH_SAME, /* nothing new */
	ATTACH_NEW,  /* a->segment is another one now: forget all of the old */
	ATTACH_TORN, /* the file was truncated; told on stderr: exit 1 */
};

/*
 * Looks, at most once a second (at once when `superseded' is set, or when
 * `force'), whether `segment' is another file now, and whether the daemon runs.
 * Restarts and a daemon that went or came back are told on stderr, unless
 * a->quiet.  On ATTACH_NEW the old segment stays mapped and guarded and is
 * handed over in *old, to be given to segment_drop() some day; old NULL: it is
 * dropped here.  Cheap enough to be called each time round.  Never blocks.
 */
enum attach_event attach_poll(struct attach *, struct segment *old);
enum attach_event attach_look(struct attach *, struct segment *old);

/* Whether the mapped file is not `segment' any more, by one stat(2), now: for
 * one who has read counters and is about to believe them (1: discard). */
int attach_is_stale(const struct attach *);

/* Maps another file of the instance (segment.prev, segment.N), guarded.  Tells
 * nothing.  0, or -1: not there, not one of ours, too many. */
int segment_attach(struct segment *, int dirfd, const char *name);
/* Unguards and unmaps. */
void segment_drop(struct segment *);
/* Whether the file was truncated under us; nothing copied is to be believed. */
int segment_torn(const struct segment *);

/*
 * A copy of the directory.
 */
struct listing {
	struct directory_entry *entries;
	size_t n;
	uint64_t seq; /* for directory_still(); 0: by directory_scan() */
	/* listing.c only */
	struct directory_entry *spare;
	int scanned;    /* the copy is by directory_scan() */
	uint64_t of;    /* created: of the segment that it is of */
	uint64_t size;  /* segment_size: what bounds the entries */
	size_t room;    /* entries */
	uint64_t since; /* clock_mono() when a copy was first refused; 0 */
};

enum listing_event {
	LISTING_SAME,  /* as it was at the last call */
	LISTING_NEW,   /* entries, n and seq are new */
	LISTING_LATER, /* in change since less than a second: the old copy */
};

/*
 * Brings the copy up to date; all zeros is an empty one.  If the directory has
 * been in change for a second (its daemon was stopped or killed in the act) or
 * is corrupt, it is scanned instead, and seq is 0.  Never blocks; exits if
 * there is no memory.  Give it the new segment after ATTACH_NEW: it notices.
 */
enum listing_event listing_poll(struct listing *, const struct segment *);

/* The same, waiting while it says LISTING_LATER: at most about a second. */
void listing_wait(struct listing *, const struct segment *);
void listing_free(struct listing *);

/*
 * The instances of this machine, as the runtime directories have them: those
 * where there is a segment (or something in its place).
 */
struct instance_info {
	char name[256];
	char path[INSTANCE_PATH_MAX];
	enum segment_fault fault; /* other than SEGMENT_OK: no plan */
	int error;                /* errno, with SEGMENT_ERRNO */
	struct segment_plan plan;
	enum daemon_state state;
};

/* Returns an array to free(3), sorted by name; *n of them; NULL if none. */
struct instance_info *instances_list(size_t *n);

/* "runs", "not running", ... */
const char *daemon_state_text(enum daemon_state);

/* Whether the plan's daemon runs, as far as its pid tells (not its heart). */
enum daemon_state plan_state(const struct segment_plan *, uint64_t master_pid);

/*
 * How long to sleep between two looks: within a millisecond under traffic,
 * growing to 10 ms, and 50 ms after ten quiet seconds.  Zeros to begin with.
 */
struct idle {
	uint64_t nap;   /* ns */
	uint64_t quiet; /* clock_mono() since when there was nothing; 0 */
	uint64_t bound; /* at most this long (--delay); 0: as told above */
};
/* A stop_nap() of that length; busy: there was something. */
void idle_nap(struct idle *, int busy);

#endif
