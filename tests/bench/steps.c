/*
 * steps.c -- instructions a call: a child that is stepped through N calls, and
 * another one through 2 N; the difference, divided.
 *
 * (callgrind knows no rseq, so under it a record goes another way than it does
 * in truth.)
 */
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/ours.h"

/* Few: a step takes long, and the clock's anchor is soon old, which is rare in
 * truth.  Those before are there to join, and for that anchor. */
#define CALLS 5
#define WARM 20000
#define TRIES 9 /* the least of them counts */

static void
be_child(const struct entry *e, unsigned calls)
{
	char why[WHY_MAX];

	if (ours_wait(why) != 0)
		_exit(1);
	e->run(0, WARM);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
		_exit(1);
	(void)raise(SIGSTOP);
	e->run(0, calls);
	(void)raise(SIGSTOP);
	_exit(0);
}

/* From the child's first stop to its second one; -1: there was none. */
static long
steps_between(pid_t pid)
{
	long steps = -1;
	int status;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == SIGSTOP && steps > 0)
			return steps;
		steps++;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1)
			break;
	}
	return -1;
}

static long
count(const struct entry *e, unsigned calls)
{
	pid_t pid = fork();
	long steps;

	if (pid == 0)
		be_child(e, calls);
	if (pid == -1)
		return -1;
	steps = steps_between(pid);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return steps;
}

int
steps_count(struct result *r, char why[WHY_MAX])
{
	long least = LONG_MAX;

	for (int i = 0; i < TRIES; i++) {
		long once = count(r->entry, CALLS);
		long twice = count(r->entry, 2 * CALLS);

		if (once == -1 || twice == -1)
			return why_not(why, "no child can be stepped: %s",
			    strerror(errno));
		if (twice > once && twice - once < least)
			least = twice - once;
	}
	r->instructions = (double)least / CALLS;
	return 0;
}
