/*
 * join.c -- what a thread that writes notices of a new daemon.
 *
 * Each put is timed by the thread's CPU clock and by the wall's.  What the wall
 * has beyond it the thread waited, or was preempted: puts during which the
 * kernel counts no preemption tell more.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/bench/ours.h"

#define RESTARTS 5
#define PUTS 100000 /* without a daemon, and with each */
#define NAME "join"

static struct shmlog_stream *stream;
static _Atomic uint64_t puts_done;
static atomic_int over;

static void
longest(double *most, uint64_t ns)
{
	/* the clocks are not one: a little less than nothing is nothing */
	if ((int64_t)ns > 0 && (double)ns / 1000 > *most)
		*most = (double)ns / 1000;
}

static void *
write_on(void *argument)
{
	struct join_figures *j = argument;
	uint64_t cpu, wall;
	long preempted;

	(void)bench_pin(0);
	while (!atomic_load(&over)) {
		preempted = clock_preempted();
		wall = clock_now();
		cpu = clock_cpu();
		(void)shmlog_put(
		    stream, 0, SHMLOG_INFO, j->puts, bench_text, TEXT);
		cpu = clock_cpu() - cpu;
		wall = clock_now() - wall;
		atomic_store(&puts_done, ++j->puts);
		longest(&j->cpu, cpu);
		longest(&j->wait, wall - cpu);
		if (clock_preempted() == preempted)
			longest(&j->asleep, wall - cpu);
	}
	return NULL;
}

/* We have joined when we have mapped the new segment for writing, and the lanes
 * have moved when nothing of the old one is. */
static int
has_joined(void *what)
{
	char now[256], before[256];

	(void)what;
	instance_path(now, NAME, "segment");
	instance_path(before, NAME, "segment (deleted)");
	return child_maps(getpid(), now, "rw") &&
	       !child_maps(getpid(), before, "rw");
}

static int
has_put(void *goal)
{
	return atomic_load(&puts_done) >= *(uint64_t *)goal;
}

/* Lets the writer go on for so many puts more. */
static int
put_on(void)
{
	uint64_t goal = atomic_load(&puts_done) + PUTS;

	return clock_until(has_put, &goal);
}

static int
restart(pid_t *daemon, char why[WHY_MAX])
{
	child_end(*daemon, SIGKILL);
	if (put_on() != 0)
		return why_not(why, "nobody writes any more");
	*daemon = daemon_start(NAME, "64m", "256", 1);
	if (clock_until(has_joined, NULL) != 0 || put_on() != 0)
		return why_not(why, "did not join the new daemon");
	return 0;
}

int
join_measure(struct join_figures *j, char why[WHY_MAX])
{
	pid_t daemon = daemon_start(NAME, "64m", "256", 1);
	struct shmlog *log;
	pthread_t writer;
	char path[256];
	int r = 0;

	instance_path(path, NAME, "");
	log = shmlog_open(path);
	stream = shmlog_stream(log, "bench", "join", NULL);
	if (shmlog_wait(log, PATIENCE) != 0 ||
	    pthread_create(&writer, NULL, write_on, j) != 0) {
		r = why_not(why, "shmlogd: %m");
		goto out;
	}
	for (; j->restarts < RESTARTS && r == 0; j->restarts++)
		r = restart(&daemon, why);
	atomic_store(&over, 1);
	(void)pthread_join(writer, NULL);
out:
	shmlog_close(log);
	child_end(daemon, SIGTERM);
	return r;
}
