/*
 * often.c -- runs a short command many times, in turns with /bin/true, and
 * tells how long both take.
 *
 *	tool-often TIMES COMMAND...
 *
 * prints to stdout, in microseconds from the start of the process to its end:
 * the least and the median of the command, the same of /bin/true, the median of
 * the differences between two that follow one another; and the milliseconds
 * that all of it took, and that others than we and our children used of the
 * CPUs meanwhile.  The command's output goes to /dev/null; it is an error if it
 * does not exit with 0.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/tools/cpus.h"

#define TIMES_MAX 100000

extern char **environ;

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return 1e6 * (double)ts.tv_sec + (double)ts.tv_nsec / 1e3;
}

static double
milliseconds(int who)
{
	struct rusage r;

	(void)getrusage(who, &r);
	return 1e3 * (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static double
run(const posix_spawn_file_actions_t *to_null, char *const argv[])
{
	double begun = now();
	int status, error;
	pid_t pid;

	error = posix_spawnp(&pid, argv[0], to_null, NULL, argv, environ);
	if (error != 0)
		errc(1, error, "%s", argv[0]);
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s: status %#x", argv[0], (unsigned)status);
	return now() - begun;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char *argv[])
{
	char *nothing[] = { "/bin/true", NULL };
	posix_spawn_file_actions_t to_null;
	double *a, *b, *difference, was, begun, ours;
	long n = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

	if (n < 1 || n > TIMES_MAX)
		errx(2, "tool-often TIMES COMMAND...");
	a = calloc((size_t)n, sizeof(*a));
	b = calloc((size_t)n, sizeof(*b));
	difference = calloc((size_t)n, sizeof(*difference));
	if (a == NULL || b == NULL || difference == NULL ||
	    posix_spawn_file_actions_init(&to_null) != 0 ||
	    posix_spawn_file_actions_addopen(
		&to_null, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0)
		err(1, "memory");
	was = cpus_used();
	begun = now();
	for (long i = 0; i < n; i++) {
		a[i] = run(&to_null, argv + 2);
		b[i] = run(&to_null, nothing);
		difference[i] = a[i] - b[i];
	}
	begun = now() - begun;
	ours = milliseconds(RUSAGE_SELF) + milliseconds(RUSAGE_CHILDREN);
	was = cpus_used() - was - ours;
	qsort(a, (size_t)n, sizeof(*a), by_size);
	qsort(b, (size_t)n, sizeof(*b), by_size);
	qsort(difference, (size_t)n, sizeof(*difference), by_size);
	printf("%.0f %.0f %.0f %.0f %.0f %.0f %.0f\n", a[0], a[n / 2], b[0],
	    b[n / 2], difference[n / 2], begun / 1e3, was > 0 ? was : 0);
	return 0;
}
