/*
 * test_bound.c -- how long a call waits for a daemon that is late, mute or mad.
 *
 * All that the library may wait in is this file's: ppoll(2), by whose timeouts
 * the clock here goes on, so that no real one judges; and the socket's calls,
 * which are to return at once.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

#define SETS 20
#define MS INT64_C(1000000)
#define MOVE (MS / 2)  /* that a set takes to move */
#define BOUND (2 * MS) /* what shmlog.h says */

static _Atomic int64_t mono = 1000000 * MS;
static int64_t late;        /* ns until an answer is there; -1: never */
static int interrupt;       /* each wait is, by a signal */
static int64_t in_call;     /* ns that one call waited */
static int64_t in_work;     /* ns that one call took to move sets */
static int64_t longest;     /* of these */
static int64_t in_attempt;  /* ns since connect(2) */
static int connects;        /* connect(2) was called */
static uint64_t newest;     /* daemon */
static _Atomic int blocked; /* a call that may block was made */

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, ts);
	ts->tv_sec = mono / (1000 * MS);
	ts->tv_nsec = mono % (1000 * MS);
	return 0;
}

static void
pass(int64_t ns)
{
	mono += ns;
	in_call += ns;
	in_attempt += ns;
}

int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t *set)
{
	int64_t ns;

	(void)set;
	if (timeout == NULL || timeout->tv_sec != 0) {
		blocked = 1;
		return 0;
	}
	ns = timeout->tv_nsec;
	if (interrupt) {
		pass(ns / 3);
		errno = EINTR;
		return -1;
	}
	if (late < 0 || late > ns) {
		pass(ns);
		return 0;
	}
	pass(late);
	return poll(fds, n, 10000);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(SHMLOG_TSAN)
/* Who moves a set maps its words anew: as if that took a while.  (A sanitizer
 * calls it before it can bear to be asked.) */
void *
mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset)
{
	if ((flags & MAP_FIXED) && (prot & PROT_WRITE) && fd != -1) {
		mono += MOVE;
		in_work += MOVE;
	}
	return (void *)syscall(SYS_mmap, at, length, prot, flags, fd, offset);
}
#endif

int
connect(int fd, const struct sockaddr *to, socklen_t length)
{
	if ((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0)
		blocked = 1;
	in_attempt = 0;
	connects++;
	return (int)syscall(SYS_connect, fd, to, length);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	if ((flags & MSG_DONTWAIT) == 0)
		blocked = 1;
	return syscall(SYS_sendmsg, fd, m, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	if ((flags & MSG_DONTWAIT) == 0)
		blocked = 1;
	return syscall(SYS_recvmsg, fd, m, flags);
}

int
nanosleep(const struct timespec *ts, struct timespec *left)
{
	(void)ts;
	(void)left;
	blocked = 1;
	return 0;
}

struct manners {
	const char *name;
	int64_t late;
	int mute;
	int pieces;
	int interrupt;
	int joins; /* in the end */
};

static const struct manners manners[] = {
	{ .name = "prompt", .joins = 1 },
	{ .name = "late", .late = MS / 5, .joins = 1 },
	{ .name = "later", .late = 3 * MS / 2, .joins = 1 },
	{ .name = "very late", .late = 5 * MS, .joins = 1 },
	{ .name = "interrupted", .interrupt = 1, .joins = 1 },
	{ .name = "mute", .late = -1, .mute = 1 },
	{ .name = "in pieces", .pieces = 1 },
};

static void
put_once(const struct manners *m, struct shmlog_stream *s)
{
	in_call = in_work = 0;
	/* not by the clock's anchors, which are real */
	number_set(&s->looked, 0);
	(void)shmlog_puts(s, 0, 6, 0, "x");
	if (in_call > BOUND || in_work > BOUND || in_attempt > BOUND || blocked)
		ck_abort_msg("a daemon %s: %lld ns in a put, %lld at work, "
			     "%lld in an attempt%s",
		    m->name, (long long)in_call, (long long)in_work,
		    (long long)in_attempt,
		    blocked ? ", a call that blocks" : "");
	if (in_call > longest)
		longest = in_call;
	mono += MS;
}

/* With the newest daemon, whose segment's creation is its number. */
static int
has_joined(const struct shmlog *log)
{
	return log->created == newest && log->all_attached;
}

/* Some seconds of puts, by the clock here; more if they are to join. */
static void
put_a_while(
    const struct manners *m, struct shmlog *log, struct shmlog_stream *s)
{
	int i;

	for (i = 0; i < 3000; i++)
		put_once(m, s);
	/* what comes back is real: let it run */
	for (i = 0; m->joins && !has_joined(log) && i < 1000000; i++) {
		put_once(m, s);
		sched_yield();
	}
	if (m->joins != has_joined(log))
		ck_abort_msg("a daemon %s: joined is %d", m->name, !m->joins);
}

static void
behave(struct fake_daemon *f, const struct manners *m)
{
	f->mute = m->mute;
	f->pieces = m->pieces;
	late = m->late;
	interrupt = m->interrupt;
}

/* From one daemon, which is prompt, to the next, which is not. */
static void
try_manners(const struct manners *m)
{
	static const struct shmlog_def def = { .name = "n",
		.kind = SHMLOG_COUNTER };
	struct fake_daemon *first = calloc(1, sizeof(*first));
	struct fake_daemon *next = calloc(1, sizeof(*next));
	struct shmlog *log;
	struct shmlog_stream *s;

	newest = 1;
	daemon_start(first, NULL, newest);
	behave(first, &manners[0]);
	log = shmlog_open(first->dir);
	s = shmlog_stream(log, "t", "i", NULL);
	for (int i = 0; i < SETS; i++)
		(void)shmlog_set(log, "t", "i", &def, 1, NULL);
	put_a_while(&manners[0], log, s);
	daemon_kill(first);
	daemon_start(next, first->dir, ++newest);
	behave(next, m);
	connects = 0;
	daemon_supersede(first, newest);
	put_a_while(m, log, s);
	/* and with none at all */
	daemon_kill(next);
	/* who has yet to answer is not hung up on */
	if (m->mute)
		ck_assert_int_eq(connects, 1);
	number_set(&log->look_at, 0);
	newest++;
	put_a_while(&(struct manners){ .name = m->name }, log, s);
	shmlog_close(log);
	daemon_free(next, 0);
	daemon_free(first, 1);
	free(first);
	free(next);
}

START_TEST(no_put_waits_longer_than_it_says)
{
	for (size_t i = 0; i < UNIT_COUNT(manners); i++)
		try_manners(&manners[i]);
	/* some did wait, all that they may */
	ck_assert_int_eq(longest, BOUND);
}
END_TEST

static void
expect_bound(const struct manners *m, const char *call)
{
	if (in_call > BOUND || blocked)
		ck_abort_msg("a daemon %s: %lld ns in %s%s", m->name,
		    (long long)in_call, call,
		    blocked ? ", a call that blocks" : "");
	in_call = 0;
}

/* A stream is two parts: itself, and the set of its figures. */
START_TEST(nothing_that_is_made_waits_longer)
{
	static const struct shmlog_def def = { .name = "n",
		.kind = SHMLOG_COUNTER };

	for (size_t i = 0; i < UNIT_COUNT(manners); i++) {
		const struct manners *m = &manners[i];
		struct fake_daemon *f = calloc(1, sizeof(*f));
		struct shmlog *log;

		daemon_start(f, NULL, ++newest);
		figures_wanted = 1;
		behave(f, m);
		in_call = 0;
		log = shmlog_open(f->dir);
		expect_bound(m, "shmlog_open()");
		(void)shmlog_stream(log, "t", "i", NULL);
		expect_bound(m, "shmlog_stream()");
		(void)shmlog_set(log, "t", "i", &def, 1, NULL);
		expect_bound(m, "shmlog_set()");
		shmlog_close(log);
		daemon_kill(f);
		daemon_free(f, 1);
		free(f);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { no_put_waits_longer_than_it_says,
		nothing_that_is_made_waits_longer };

	return UNIT_RUN("bound", tests);
}
