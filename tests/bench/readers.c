/*
 * readers.c -- what readers cost the writer: real ones, shmtail.
 */
#include <sys/wait.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/ours.h"

#define STOPPED 64

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

struct reader {
	pid_t pid;
	int ended;
};

/* It is attached when it has mapped the segment. */
static int
is_attached(void *what)
{
	struct reader *r = what;
	char segment[256];

	instance_path(segment, OURS, "segment");
	if (child_maps(r->pid, segment, "r"))
		return 1;
	r->ended = waitpid(r->pid, NULL, WNOHANG) != 0;
	return r->ended;
}

/* Waits until it is; ends it if it is not. */
static int
attached(pid_t *pid, char why[WHY_MAX])
{
	struct reader r = { .pid = *pid };

	if (clock_until(is_attached, &r) == 0 && !r.ended)
		return 0;
	if (!r.ended)
		child_end(*pid, SIGKILL);
	*pid = 0;
	return why_not(why, "shmtail does not attach");
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
		if (attached(&stopped[i], why) != 0) {
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
	return attached(&following, why);
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
	    GOAL_BESIDE("text-64", 1.02),
	    OURS_TEXT,
	    .before = before_stopped,
	    .after = after_stopped },
	{ .name = "reader-following",
	    .what = "text-64, a shmtail follows on the other CPU",
	    .batch = 4000000,
	    GOAL_BESIDE("text-64", 1.3),
	    .start = ours_open,
	    .before = before_following,
	    .after = after_following,
	    .run = run_following,
	    .dropped = ours_dropped },
	{ .name = NULL },
};
