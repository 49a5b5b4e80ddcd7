/*
 * internal.h -- what the library's modules know of one another.
 *
 * A handle (struct shmlog) has parts: streams and sets, each of which wants a
 * section of the segment.  join.c gets it for them and is the only module that
 * talks to the daemon; what a part does with its section is in stream.c and
 * counters.c.  All that runs in a put or in a signal handler takes no lock but
 * by trying, and calls nothing of libc that is not async-signal-safe; memory is
 * got when an object is made and at no other time.
 */
#ifndef SHMLOG_WORKER_INTERNAL_H
#define SHMLOG_WORKER_INTERNAL_H

#include <sys/types.h>

#include <stdint.h>

#include "common/clock.h"
#include "common/instance.h"
#include "common/message.h"
#include "common/ring.h"
#include "common/segment.h"
#include "common/set.h"
#include "common/shared.h"
#include "common/stream.h"
#include "common/trylock.h"

#define JOIN_WAIT_NS INT64_C(2000000)      /* for one attempt to join, in all */
#define JOIN_WORK_NS INT64_C(1500000)      /* ... before the next part's turn */
#define JOIN_EVERY_NS INT64_C(1000000000)  /* between attempts */
#define LOOK_EVERY_NS UINT64_C(2500000000) /* heartbeats are 1 s apart */
#define JOIN_POLL_NS INT64_C(1000000)      /* between looks for an answer */

/* Where a section is. */
struct place {
	uint64_t created; /* its segment; 0: private memory, or nowhere */
	uint64_t serial;
	uint64_t offset;
	uint64_t length;
	uint32_t index;
	void *map; /* NULL: not mapped */
};

enum part_state {
	PART_WANTS,     /* a section, or another one: nothing was asked yet */
	PART_ALLOCATES, /* ALLOC is on its way */
	PART_FILLS,     /* `next' is mapped, to be filled in */
	PART_PUBLISHES, /* PUBLISH is on its way, or is to be sent again */
	PART_MOVES,     /* `next' is published; the part has yet to move */
	PART_ATTACHED,  /* `place' is in the segment we are connected to */
};

struct part;

/* What differs between streams and sets. */
struct part_ops {
	/* Fills in part->next.map, a section of zeros.  0; -1: later. */
	int (*prepare)(struct part *);
	/* Moves from part->place to part->next.  0; -1: later. */
	int (*move)(struct part *);
	/* Gives back what could not be given back in move(). */
	void (*tidy)(struct part *);
	/* Says in the section at `map', next's, that it is given up, then in
	 * all others that the part has. */
	void (*mark)(struct part *, void *map);
	/* In a child after fork(2): the sections are the parent's. */
	void (*forget)(struct part *);
	/* shmlog_stream_free(), shmlog_set_free(). */
	void (*destroy)(struct part *);
};

struct part {
	const struct part_ops *ops;
	struct shmlog *log;
	struct part *following; /* in log->parts */
	enum part_state state;
	int error;        /* why it was refused, as errno; 0 */
	int64_t retry;    /* when it may ask again after that */
	uint64_t length;  /* of its section */
	uint32_t awaited; /* number of the request on its way, 0 */
	struct place place;
	struct place next;
	char class[CLASS_MAX];
	char type[TYPE_MAX];
	char ident[IDENT_MAX];
};

struct shmlog {
	struct trylock busy; /* who joins, makes or frees parts */
	int cancel;          /* the holder's, pthread_setcancelstate(3) */
	struct part *parts;
	struct shmlog *following; /* in the list of all handles */

	int directories; /* how many places to look for the socket */
	char *directory[RUNTIME_DIRS_MAX];
	int socket;       /* -1: not connected */
	int said_hello;   /* and was answered */
	int segment;      /* its descriptor, -1 */
	uint64_t created; /* of the segment */
	uint64_t segment_size;
	uint64_t desc_offset; /* of the same, its directory: checked */
	uint32_t desc_stride;
	uint32_t desc_count;
	uint32_t number;    /* of the last request */
	uint32_t awaited;   /* HELLO's number */
	int64_t attempt;    /* when the last one to connect began */
	int64_t waited;     /* in this attempt, ns */
	int64_t poke;       /* when a put may look again, coarse clock */
	uint64_t heartbeat; /* when last looked at */
	int all_attached;
	int ticks;       /* the timer is set */
	int refused;     /* errno of the last refusal, 0 */
	int unreachable; /* errno of connect(2) or of HELLO's refusal, 0 */

	/* who took `busy' for a fork that is going on: his thread pointer */
	struct shared_number forker;

	struct shared_number lost; /* `busy', so it seems: not 0 */

	/* a page, always there: the header of the segment, or zeros */
	const struct segment_header *head;

	struct shared_number look_at; /* ns: look after things from then on */
	struct shared_number dropped;

	int epoll; /* shmlog_fd() */
	int timer;
};

/* All of these want log->busy held, but for join_poke(). */

/* Connects if need be and does what can be done, waiting up to `wait' ns for
 * answers.  0: all parts are attached; -1 with errno: EAGAIN, or a refusal. */
int join_run(struct shmlog *, int64_t wait);

/* Says in a part's sections and on the socket that they are freed, and takes
 * the part out of the list.  They are still mapped: unmap them afterwards.
 * errno is left alone. */
void join_remove(struct part *);

/* Unmaps a section that a part was about to get; it wants one again. */
void part_abandon(struct part *);

/* Closes the connection and forgets what was on its way. */
void join_hang_up(struct shmlog *);

/* Looks whether the daemon is still there, and joins if there is something to
 * join; also at the socket if `always'.  Returns as join_run(). */
int join_look(struct shmlog *, int always);

/* Called by a put when join_is_due(): takes `busy' if it is free, looks after
 * things, and never fails; errno is left alone. */
void join_poke(struct shmlog *);

/* Whether something is to be done before the next put; any thread. */
static inline int
join_is_due(const struct shmlog *log, uint64_t now)
{
	/* also if the clock was set back, to before the look that set it */
	return number_get(&log->look_at) - now - 1 >= 2 * LOOK_EVERY_NS ||
	       shared_load(&log->head->superseded) != 0;
}

/* Takes log->busy, waiting for it or not; log_lock() yields and is not for
 * signal handlers.  Much of what is called with it is a cancellation point:
 * meanwhile the thread is not cancelled, for it would hold it for good.
 * log_patiently() waits for a second at most, in case its holder never came
 * back, and then no more as long as that is so: 1, or 0. */
int log_try(struct shmlog *);
int log_patiently(struct shmlog *);
void log_lock(struct shmlog *);
void log_unlock(struct shmlog *);

/* Checks and stores type and ident; 0, or -1 with EINVAL. */
int part_name(
    struct part *, const char *class, const char *type, const char *ident);

/* Puts a part into the list. */
void part_add(struct shmlog *, struct part *);

/* Tries to attach what was added.  Waits for the daemon for JOIN_WAIT_NS in
 * all, however much that is: a call that makes something does this once. */
void parts_join(struct shmlog *);

/* CLOCK_MONOTONIC, ns; and to some ms, which is quicker. */
int64_t clock_mono(void);
int64_t clock_coarse(void);

/* Moves a descriptor to 3 or above: 0, 1 and 2 mean something to a program,
 * also to one that was started with them closed.  -1 stays -1, as errno. */
int fd_above(int fd);

/* Pages of zeros of our own. */
void *map_zeros(size_t length);

/* Sees to it that children of fork(2) get a reset; 0, or -1 with errno. */
int fork_watch(void);

struct shmlog_set;

/* The words of a set's shard, of which there are as many as one asked for. */
uint64_t *set_shard(const struct shmlog_set *, unsigned shard);

/* What shmlog_id() gives. */
uint64_t next_id(void);

#endif
