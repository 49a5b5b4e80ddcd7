/*
 * step.h -- step a child through what it does, an instruction at a time.
 */
#ifndef SHMLOG_TESTS_STEP_H
#define SHMLOG_TESTS_STEP_H

#include <sys/ptrace.h>

#include "tests/torture/torture.h"

/* In the child: its parent steps it from here on. */
static inline void
step_me(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
}

/* Waits until the child stops; 0, or -1: it ended. */
static inline int
step_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) == -1)
		torture_die("waitpid");
	return WIFSTOPPED(status) ? WSTOPSIG(status) : -1;
}

static inline void
step_once(pid_t pid)
{
	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1 ||
	    step_wait(pid) == -1)
		torture_die("PTRACE_SINGLESTEP");
}

/* Lets it run to its next raise(SIGSTOP), with a signal (0: none) first; -1: it
 * ended. */
static inline int
step_on(pid_t pid, int number)
{
	do {
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)number) ==
		    -1)
			torture_die("PTRACE_CONT");
		number = step_wait(pid);
	} while (number != -1 && number != SIGSTOP);
	return number == -1 ? -1 : 0;
}

#endif
