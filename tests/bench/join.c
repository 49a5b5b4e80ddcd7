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
#define PATIENCE UINT64_C(10000000000) /* ns */
#define NAME "join"

static struct shmlog_stream *stream;
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
		j->puts++;
		longest(&j->cpu, cpu);
		longest(&j->wait, wall - cpu);
		if (clock_preempted() == preempted)
			longest(&j->asleep, wall - cpu);
	}
	return NULL;
}

/* We have joined when we have mapped the new segment. */
static int
joined(void)
{
	uint64_t end = clock_now() + PATIENCE;
	char path[256];

	instance_path(path, NAME, "segment");
	while (!child_maps(getpid(), path)) {
		if (clock_now() > end)
			return 0;
		(void)usleep(5000);
	}
	(void)usleep(100000); /* for the lanes to move, and some more */
	return 1;
}

static int
restart(pid_t *daemon, char why[WHY_MAX])
{
	child_end(*daemon, SIGKILL);
	(void)usleep(20000);
	*daemon = daemon_start(NAME, "64m", "256");
	return joined() ? 0 : why_not(why, "did not join the new daemon");
}

int
join_measure(struct join_figures *j, char why[WHY_MAX])
{
	pid_t daemon = daemon_start(NAME, "64m", "256");
	struct shmlog *log;
	pthread_t writer;
	char path[256];
	int r = 0;

	instance_path(path, NAME, "");
	log = shmlog_open(path);
	stream = shmlog_stream(log, "bench", "join", NULL);
	if (shmlog_wait(log, 10000) != 0 ||
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
