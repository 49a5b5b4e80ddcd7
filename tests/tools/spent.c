/*
 * spent.c -- runs a command, its output to /dev/null, and tells what it took.
 *
 *	tool-spent COMMAND...
 *
 * prints to stdout: milliseconds that passed, milliseconds of CPU that it used
 * (user and system, of all its threads), those that all else on the machine
 * used meanwhile (or was kept from us by another one), and the most memory that
 * it had, in KiB.  What it says on stderr goes to where ours does; exits as it
 * does.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/tools/cpus.h"

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return 1e3 * (double)ts.tv_sec + (double)ts.tv_nsec / 1e6;
}

static double
milliseconds(const struct timeval *t)
{
	return 1e3 * (double)t->tv_sec + (double)t->tv_usec / 1e3;
}

int
main(int argc, char *argv[])
{
	double begun, was, wall, cpu, others;
	struct rusage r;
	int status, null;
	pid_t pid;

	if (argc < 2)
		errx(2, "tool-spent COMMAND...");
	was = cpus_used();
	begun = now();
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null == -1 || dup2(null, STDOUT_FILENO) == -1)
			err(1, "/dev/null");
		(void)execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	if (wait4(pid, &status, 0, &r) != pid)
		err(1, "wait");
	wall = now() - begun;
	cpu = milliseconds(&r.ru_utime) + milliseconds(&r.ru_stime);
	others = cpus_used() - was - cpu;
	printf("%.3f %.3f %.0f %ld\n", wall, cpu, others > 0 ? others : 0,
	    r.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
