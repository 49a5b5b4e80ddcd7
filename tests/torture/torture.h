/*
 * torture.h -- what the torture programs have in common.
 *
 * Each prints a line for each promise, `ok NAME' or `not ok NAME: why', and
 * exits 1 if one was not kept.  Its size is a tenth of the full one (a smoke of
 * it is its own business), unless TORTURE=1 or the argument `full' is given.
 */
#ifndef SHMLOG_TESTS_TORTURE_H
#define SHMLOG_TESTS_TORTURE_H

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int torture_failed;

static inline int
torture_full(int argc, char **argv)
{
	const char *e = getenv("TORTURE");

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "full") == 0)
			return 1;
	return e != NULL && strcmp(e, "1") == 0;
}

/* Something the test itself needs went wrong. */
static inline void __attribute__((noreturn)) torture_die(const char *what)
{
	printf("not ok %s: %s\n", what, strerror(errno));
	fflush(stdout);
	exit(1);
}

/* One promise's line; why is NULL or empty if it was kept. */
static inline void
torture_say(const char *name, const char *why, const char *figures)
{
	if (why != NULL && *why != '\0') {
		torture_failed = 1;
		printf("not ok %s: %s", name, why);
	} else {
		printf("ok %s", name);
	}
	if (figures != NULL && *figures != '\0')
		printf(" (%s)", figures);
	printf("\n");
	fflush(stdout);
}

static inline uint64_t
torture_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void
torture_sleep(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000u),
		(long)(ns % 1000000000u) };

	nanosleep(&t, NULL);
}

/* splitmix64 */
static inline uint64_t
torture_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Memory that survives fork(2) as the same memory, of zeros. */
static inline void *
torture_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		torture_die("mmap");
	return p;
}

/* Keeps this process on one CPU, if there are two. */
static inline void
torture_pin(int cpu)
{
	cpu_set_t set;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* Writes the first reason that came up; room is 256 bytes. */
static inline void __attribute__((format(printf, 2, 3)))
torture_blame(char *why, const char *format, ...)
{
	va_list ap;

	if (*why != '\0')
		return;
	va_start(ap, format);
	(void)vsnprintf(why, 256, format, ap);
	va_end(ap);
}

#endif
