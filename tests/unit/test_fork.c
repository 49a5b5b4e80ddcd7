/*
 * test_fork.c -- what other people's handlers around fork(2) meet.
 *
 * Those of come_first() are there before the library's, so that at a fork they
 * run when it holds its locks, and in a child when that is the parent still.
 */
#include <sys/wait.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "common/shared.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

#define SLOW_US 300000 /* more than a fork waits for another one */

static int slow, signals, handler_puts;
static struct shmlog_stream *stream;
static pthread_barrier_t together;

static void
prepare(void)
{
	if (slow)
		(void)usleep(SLOW_US);
}

static void
child(void)
{
	if (signals)
		(void)raise(SIGUSR1);
}

static __attribute__((constructor(101))) void
come_first(void)
{
	(void)pthread_atfork(prepare, NULL, child);
}

static void
put(int n)
{
	(void)n;
	(void)shmlog_puts(stream, 0, 6, 0, "child");
}

/* Forks, and waits for the child. */
static void *
fork_once(void *arg)
{
	int status = -1;
	pid_t pid;

	(void)arg;
	(void)pthread_barrier_wait(&together);
	pid = fork();
	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	return NULL;
}

START_TEST(two_threads_that_fork_at_once_leave_no_lock_behind)
{
	struct shmlog *log = shmlog_open("/nowhere");
	pthread_t threads[2];

	ck_assert_int_eq(pthread_barrier_init(&together, NULL, 2), 0);
	slow = 1;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, fork_once, NULL), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	slow = 0;
	ck_assert(!trylock_is_held(&log->busy));
	shmlog_close(log);
	log = shmlog_open("/nowhere");
	ck_assert_ptr_nonnull(log);
	shmlog_close(log);
}
END_TEST

static int
is_blocked(void)
{
	sigset_t now;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &now);
	return sigismember(&now, SIGUSR1);
}

/* Records in all lanes of the stream, as their readers see it. */
static uint64_t
committed(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < stream->plan.lanes; i++)
		n += shared_load(&stream->lanes[i].writer.head->records);
	return n;
}

/* What is put in a child by handlers, told by the flag, is not in the lanes of
 * the parent. */
static void
fork_and_compare(int *flag)
{
	struct fake_daemon f;
	struct shmlog *log;
	int status;
	pid_t pid;

	daemon_start(&f, NULL, 1);
	log = shmlog_open(f.dir);
	stream = shmlog_stream(log, "t", "i", NULL);
	expect_eq(shmlog_wait(log, 10000), 0);
	expect_eq(shmlog_puts(stream, 0, 6, 0, "parent"), 1);
	expect_eq(committed(), 1);
	*flag = 1;
	pid = fork();
	if (pid == 0)
		_exit(is_blocked());
	*flag = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	expect_eq(committed(), 1);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}

START_TEST(a_signal_right_behind_fork_puts_nothing_into_the_parents_lanes)
{
	struct sigaction sa = { .sa_handler = put };

	ck_assert_int_eq(sigaction(SIGUSR1, &sa, NULL), 0);
	fork_and_compare(&signals);
	ck_assert_int_eq(is_blocked(), 0);
}
END_TEST

static void
child_later(void)
{
	if (handler_puts)
		put(0);
}

START_TEST(a_childs_handler_puts_nothing_into_the_parents_lanes)
{
	ck_assert_int_eq(pthread_atfork(NULL, NULL, child_later), 0);
	fork_and_compare(&handler_puts);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		two_threads_that_fork_at_once_leave_no_lock_behind,
		a_signal_right_behind_fork_puts_nothing_into_the_parents_lanes,
		a_childs_handler_puts_nothing_into_the_parents_lanes,
	};

	return UNIT_RUN("fork", tests);
}
