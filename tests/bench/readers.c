/*
 * readers.c -- what readers cost the writer: real ones, shmtail.
 */
#include <sys/wait.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/ours.h"

#define STOPPED 64
#define PATIENCE UINT64_C(20000000000) /* ns */

static pid_t stopped[STOPPED], following;
double reader_share;
static uint64_t follow_time, follow_used;

static pid_t
shmtail(int cpu)
{
	char at[256];
	const char *argv[] = { bench_build("shmtail"), "-n", at, "-l", "1",
		NULL };

	instance_path(at, OURS, "");
	return child_start(argv, cpu, "/dev/null");
}

/* It is attached when it has mapped the segment. */
static int
attached(pid_t pid, char why[WHY_MAX])
{
	uint64_t end = clock_now() + PATIENCE;
	char segment[256];

	instance_path(segment, OURS, "segment");
	while (!child_maps(pid, segment)) {
		if (clock_now() > end || waitpid(pid, NULL, WNOHANG) != 0)
			return why_not(why, "shmtail does not attach");
		(void)usleep(1000);
	}
	return 0;
}

static void
after_stopped(void)
{
	for (int i = 0; i < STOPPED; i++) {
		child_end(stopped[i], SIGKILL);
		stopped[i] = 0;
	}
}

static int
before_stopped(char why[WHY_MAX])
{
	for (int i = 0; i < STOPPED; i++)
		stopped[i] = shmtail(1);
	for (int i = 0; i < STOPPED; i++) {
		if (attached(stopped[i], why) != 0) {
			stopped[i] = 0;
			after_stopped();
			return -1;
		}
		(void)kill(stopped[i], SIGSTOP);
		(void)waitpid(stopped[i], NULL, WUNTRACED);
	}
	return 0;
}

static void
after_following(void)
{
	child_end(following, SIGKILL);
	following = 0;
}

static int
before_following(char why[WHY_MAX])
{
	following = shmtail(1);
	if (attached(following, why) == 0)
		return 0;
	following = 0;
	return -1;
}

/* A reader that sleeps costs nothing: how much it worked is told, too. */
static void
run_following(unsigned thread, uint64_t n)
{
	follow_used -= clock_cpu_of(following);
	follow_time -= clock_now();
	ours_run_text(thread, n);
	follow_used += clock_cpu_of(following);
	follow_time += clock_now();
	reader_share = (double)follow_used / (double)follow_time;
}

const struct entry reader_entries[] = {
	{ .name = "readers-64-stopped",
	    .what = "text-64, 64 shmtail attached and stopped",
	    .batch = 200000,
	    .against = "text-64",
	    .goal = 1.02,
	    .goal_against = 1,
	    .start = ours_open,
	    .before = before_stopped,
	    .after = after_stopped,
	    .run = ours_run_text,
	    .dropped = ours_dropped },
	{ .name = "reader-following",
	    .what = "text-64, a shmtail follows on the other CPU",
	    .batch = 4000000,
	    .against = "text-64",
	    .goal = 1.3,
	    .goal_against = 1,
	    .start = ours_open,
	    .before = before_following,
	    .after = after_following,
	    .run = run_following,
	    .dropped = ours_dropped },
	{ .name = NULL },
};
