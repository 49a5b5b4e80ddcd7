/*
 * test_short.c -- what is not to be forgotten on the short way of a record: to
 * look after the daemon, in children too.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <time.h>
#include <unistd.h>

#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

static int64_t
seconds(void)
{
	struct timespec ts;

	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

struct worker {
	struct fake_daemon first;
	struct shmlog *log;
	struct shmlog_stream *s;
	struct shmlog_batch *b;
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

int
main(void)
{
	const TTest *const tests[] = {
		a_childs_first_put_joins,
	};

	return UNIT_RUN("short", tests);
}
