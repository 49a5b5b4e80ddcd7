/*
 * test_short.c -- what is not to be forgotten on the short way of a record: to
 * look after the daemon, in children too, and where the clock has no anchors.
 *
 * open(2) and clock_gettime(2) are this file's, so that the cycle counter need
 * not be the kernel's clock, or cannot be compared with it.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

static int no_counter;         /* the kernel's clock is another one */
static _Atomic int no_renewal; /* each look at the clock takes too long */

int open(const char *path, int flags, ...);

int
open(const char *path, int flags, ...)
{
	if (no_counter && strstr(path, "clocksource") != NULL)
		return -1;
	return openat(AT_FDCWD, path, flags, 0600);
}

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	for (int i = 0; no_renewal && i < 1000; i++)
		(void)syscall(SYS_clock_gettime, clock, ts);
	return (int)syscall(SYS_clock_gettime, clock, ts);
}

static int64_t
seconds(void)
{
	struct timespec ts;

	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

struct worker {
	struct fake_daemon first, next;
	struct shmlog *log;
	struct shmlog_stream *s;
	struct shmlog_batch *b;
	int returned; /* calls of a thread that was cancelled */
};

static void
begin(struct worker *w)
{
	daemon_start(&w->first, NULL, 1);
	w->log = shmlog_open(w->first.dir);
	w->s = shmlog_stream(w->log, "t", "i", NULL);
	w->b = shmlog_batch(w->s);
	expect_eq(shmlog_wait(w->log, 10000), 0);
}

static void
end(struct worker *w)
{
	shmlog_batch_free(w->b);
	shmlog_close(w->log);
}

/* Puts until records go the short way, if they ever do here. */
static void
shorten(struct worker *w)
{
	int64_t until = seconds() + 2;
	uint64_t version;

	do {
		expect_eq(shmlog_puts(w->s, 0, 6, 0, "x"), 1);
		version = clock_version();
	} while ((version < 2 || number_get(&w->s->looked) != version) &&
		 seconds() < until);
}

/* Nothing but commits, until the worker is with the next daemon. */
static void
commit_until_joined(struct worker *w)
{
	int64_t until = seconds() + 20;

	daemon_kill(&w->first);
	daemon_start(&w->next, w->first.dir, 2);
	daemon_supersede(&w->first, 2);
	while (w->next.section[0].published == 0 && seconds() < until) {
		expect_eq(shmlog_batch_put(w->b, 0, 6, 0, "x", 1), 1);
		expect_eq(shmlog_batch_commit(w->b), 0);
	}
	ck_assert_int_eq(w->next.section[0].published, 1);
	no_renewal = 0;
	end(w);
	daemon_kill(&w->next);
	daemon_free(&w->next, 0);
	daemon_free(&w->first, 1);
}

START_TEST(a_childs_first_put_joins)
{
	struct worker w;
	int status;
	pid_t pid;

	begin(&w);
	shorten(&w);
	pid = fork();
	if (pid == 0) {
		(void)shmlog_puts(w.s, 0, 6, 0, "child");
		_exit(w.log->socket != -1 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	end(&w);
	daemon_kill(&w.first);
	daemon_free(&w.first, 1);
}
END_TEST

START_TEST(who_only_commits_joins)
{
	struct worker w;

	begin(&w);
	shorten(&w);
	commit_until_joined(&w);
}
END_TEST

START_TEST(who_only_commits_joins_without_a_cycle_counter)
{
	struct worker w;

	no_counter = 1;
	begin(&w);
	expect_eq(clock_version(), 0);
	commit_until_joined(&w);
}
END_TEST

/* As when a thread was cancelled in a renewal. */
START_TEST(who_only_commits_joins_when_no_anchor_is_made_any_more)
{
	struct worker w;

	begin(&w);
	shorten(&w);
	no_renewal = 1;
	commit_until_joined(&w);
}
END_TEST

/* Cancelled already, it comes to the calls that look after the daemon. */
static void *
put_cancelled(void *arg)
{
	struct worker *w = arg;

	pthread_cancel(pthread_self());
	if (shmlog_puts(w->s, 0, 6, 0, "to the next daemon") == 1)
		w->returned++;
	(void)shmlog_dispatch(w->log);
	w->returned++;
	pthread_testcancel();
	return NULL;
}

START_TEST(a_put_is_no_cancellation_point)
{
	struct worker w = { .returned = 0 };
	pthread_t t;

	begin(&w);
	daemon_kill(&w.first);
	daemon_supersede(&w.first, 2);
	expect_eq(pthread_create(&t, NULL, put_cancelled, &w), 0);
	pthread_join(t, NULL);
	ck_assert_int_eq(w.returned, 2);
	daemon_start(&w.next, w.first.dir, 2);
	ck_assert_int_eq(shmlog_wait(w.log, 10000), 0);
	end(&w);
	daemon_kill(&w.next);
	daemon_free(&w.next, 0);
	daemon_free(&w.first, 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_childs_first_put_joins,
		who_only_commits_joins,
		who_only_commits_joins_without_a_cycle_counter,
		who_only_commits_joins_when_no_anchor_is_made_any_more,
		a_put_is_no_cancellation_point,
	};

	return UNIT_RUN("short", tests);
}
