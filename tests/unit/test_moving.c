/*
 * test_moving.c -- what a set's values are while it moves to another daemon.
 *
 * mmap(2) is this file's: there, where the words have just been put in the
 * place of the old ones, somebody asks.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/internal.h"
#include "worker/shmlog.h"

/* A sanitizer calls it before it can bear to be asked. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(SHMLOG_TSAN)

static struct shmlog_set *set;
static _Atomic int asked; /* somebody is to ask, and did */
static _Atomic uint64_t value;

static void *
ask(void *arg)
{
	(void)arg;
	atomic_store(&value, shmlog_value(set, 0));
	atomic_store(&asked, 1);
	return NULL;
}

static pthread_t thread;
static int moves; /* there is somebody to ask */

void *
mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset)
{
	int is_move =
	    moves && (flags & MAP_FIXED) && (prot & PROT_WRITE) && fd != -1;
	void *p;

	if (is_move)
		shmlog_add(shmlog_counter(set, 0), 5);
	p = (void *)syscall(SYS_mmap, at, length, prot, flags, fd, offset);
	if (is_move) {
		moves = 0;
		expect_eq(pthread_create(&thread, NULL, ask, NULL), 0);
		/* as long as it takes, unless it waits for us */
		for (int i = 0; i < 20 && !atomic_load(&asked); i++)
			(void)poll(NULL, 0, 1);
	}
	return p;
}

START_TEST(a_value_does_not_go_back_while_the_set_moves)
{
	static const struct shmlog_def def = { .name = "n",
		.kind = SHMLOG_COUNTER };
	struct fake_daemon a, b;
	struct shmlog *log;

	daemon_start(&a, NULL, 1);
	log = shmlog_open(a.dir);
	set = shmlog_set(log, "t", "i", &def, 1, NULL);
	expect_eq(shmlog_wait(log, 10000), 0);
	shmlog_add(shmlog_counter(set, 0), 7);
	daemon_kill(&a);
	daemon_start(&b, a.dir, 2);
	daemon_supersede(&a, 2);
	moves = 1;
	expect_eq(shmlog_wait(log, 10000), 0);
	expect_eq(moves, 0);
	pthread_join(thread, NULL);
	expect_eq(atomic_load(&value), 12);
	shmlog_close(log);
	daemon_kill(&b);
	daemon_free(&b, 0);
	daemon_free(&a, 1);
}
END_TEST

#else

START_TEST(a_value_does_not_go_back_while_the_set_moves)
{
}
END_TEST

#endif

START_TEST(a_lock_that_is_lost_is_waited_for_once)
{
	static const struct shmlog_def def = { .name = "n",
		.kind = SHMLOG_COUNTER };
	struct shmlog *log = shmlog_open("/nowhere");
	struct shmlog_set *of = shmlog_set(log, "t", "i", &def, 1, NULL);
	int64_t began = clock_mono();

	shmlog_add(shmlog_counter(of, 0), 7);
	expect(trylock_take(&log->busy));
	for (int i = 0; i < 100; i++)
		expect_eq(shmlog_value(of, 0), 7);
	ck_assert_int_lt(clock_mono() - began, INT64_C(20000000000));
	trylock_give(&log->busy);
	expect_eq(shmlog_value(of, 0), 7);
	expect_eq(number_get(&log->lost), 0);
	shmlog_close(log);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_value_does_not_go_back_while_the_set_moves,
		a_lock_that_is_lost_is_waited_for_once,
	};

	return UNIT_RUN("moving", tests);
}
