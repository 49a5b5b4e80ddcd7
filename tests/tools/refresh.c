/*
 * refresh.c -- how long a refresh of shmstat's screen takes.
 *
 *	tool-refresh [-i] [-s name|value|rate] SETS COUNTERS TIMES
 *
 * Opens so many sets of the default instance with so many counters each, and
 * shows them TIMES times on a terminal of 200 columns and 60 rows, of which
 * another process reads what comes.  Before each refresh every counter moves,
 * each by another number; -i: none does.  Prints
 *
 *	counters N ms MEDIAN least LEAST cpu MEDIAN bytes BYTES
 *
 * where the milliseconds are those from the gathering to the last byte written,
 * cpu those of them in which this process ran, and the bytes those of the
 * refresh with the fewest.  What it freed cools, so the daemon should be a new
 * one each time.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <err.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/stat_screen.h"
#include "worker/shmlog.h"

#define SETS_MAX 10000

struct load {
	struct shmlog *log;
	struct shmlog_def *defs;
	struct shmlog_set **sets;
	unsigned n, counters;
};

static unsigned
number(const char *text)
{
	uint64_t n;

	if (parse_number(text, 1, SETS_MAX, &n) != 0)
		errx(2, "%s: not a number from 1 to %d", text, SETS_MAX);
	return (unsigned)n;
}

static void
open_sets(struct load *l)
{
	char ident[16], *name;

	l->log = shmlog_open(NULL);
	l->defs = calloc(l->counters, sizeof(*l->defs));
	l->sets = calloc(l->n, sizeof(struct shmlog_set *));
	if (l->defs == NULL || l->sets == NULL)
		err(1, "memory");
	for (unsigned i = 0; i < l->counters; i++) {
		if (asprintf(&name, "counter%u", i) == -1)
			err(1, "memory");
		l->defs[i] = (struct shmlog_def){ name, SHMLOG_COUNTER,
			SHMLOG_STAT_INFO, "bytes", "One of many" };
	}
	for (unsigned i = 0; i < l->n; i++) {
		(void)snprintf(ident, sizeof(ident), "set%04u", i);
		l->sets[i] = shmlog_set(
		    l->log, "refresh", ident, l->defs, l->counters, NULL);
		if (l->sets[i] == NULL)
			err(1, "shmlog_set");
	}
	if (shmlog_wait(l->log, 20000) != 0)
		err(1, "shmlog_wait");
}

static void
move(const struct load *l)
{
	uint64_t state = 1;

	for (unsigned i = 0; i < l->n; i++)
		for (unsigned j = 0; j < l->counters; j++) {
			state = state * UINT64_C(6364136223846793005) + 1;
			shmlog_add(shmlog_counter(l->sets[i], j), state >> 48);
		}
}

/* A terminal as stdin and stdout; the other end goes to a child, which reads
 * it. Returns what stdout was. */
static int
take_terminal(void)
{
	const struct winsize size = { .ws_row = 60, .ws_col = 200 };
	int master, slave, was = dup(STDOUT_FILENO);
	char bytes[65536];

	if (was == -1 || openpty(&master, &slave, NULL, NULL, &size) != 0)
		err(1, "openpty");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		close(slave);
		close(was);
		while (read(master, bytes, sizeof(bytes)) > 0)
			;
		_exit(0);
	}
	close(master);
	if (dup2(slave, STDIN_FILENO) == -1 || dup2(slave, STDOUT_FILENO) == -1)
		err(1, "dup2");
	close(slave);
	(void)setenv("TERM", "xterm", 1);
	return was;
}

static void
close_sets(struct load *l)
{
	shmlog_close(l->log); /* the sets, too */
	for (unsigned i = 0; i < l->counters; i++)
		free((char *)(uintptr_t)l->defs[i].name);
	free(l->defs);
	free(l->sets);
}

/* Bytes that this process has written so far. */
static uint64_t
written(void)
{
	unsigned long long n = 0;
	FILE *f = fopen("/proc/self/io", "r");
	char line[64];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "wchar: %llu", &n) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return n;
}

static int
by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The time of a clock now, less what it was. */
static uint64_t
since(clockid_t clock, uint64_t then)
{
	return clock_ns(clock) - then;
}

static double
median(uint64_t *took, unsigned n)
{
	const unsigned middle = n / 2;

	qsort(took, n, sizeof(*took), by_time);
	return (double)took[middle] / (double)MSEC;
}

static void
measure(struct stat_screen *s, const struct load *l, int idle, unsigned times,
    int to)
{
	uint64_t *took = calloc(times, sizeof(*took)), before, bytes;
	uint64_t fewest = UINT64_MAX; /* in others the clock moved on */
	uint64_t *cpu = calloc(times, sizeof(*cpu));
	double ms;

	if (took == NULL || cpu == NULL)
		err(1, "memory");
	for (unsigned i = 0; i < times; i++) {
		if (!idle)
			move(l);
		before = written();
		cpu[i] = since(CLOCK_PROCESS_CPUTIME_ID, 0);
		took[i] = since(CLOCK_MONOTONIC, 0);
		if (stat_screen_refresh(s) != ATTACH_SAME)
			errx(1, "the segment is torn");
		took[i] = since(CLOCK_MONOTONIC, took[i]);
		cpu[i] = since(CLOCK_PROCESS_CPUTIME_ID, cpu[i]);
		bytes = written() - before;
		if (bytes < fewest)
			fewest = bytes;
	}
	ms = median(took, times);
	dprintf(to, "counters %zu ms %.2f least %.2f cpu %.2f bytes %llu\n",
	    s->view.n, ms, (double)took[0] / (double)MSEC, median(cpu, times),
	    (unsigned long long)fewest);
	free(took);
	free(cpu);
}

int
main(int argc, char *argv[])
{
	static const char *const sorts[] = { "name", "value", "rate" };
	struct stat_args args = { .every = NSEC };
	struct stat_screen s = { 0 };
	struct load l = { 0 };
	struct attach a;
	int letter, idle = 0, to;
	unsigned sort = 0;

	while ((letter = getopt(argc, argv, "is:")) != -1) {
		if (letter == 'i')
			idle = 1;
		while (letter == 's' && strcmp(sorts[sort], optarg) != 0)
			if (++sort == STAT_SORTS)
				errx(2, "%s: name, value or rate", optarg);
	}
	if (argc - optind != 3)
		errx(2, "usage: tool-refresh [-i] [-s sort] sets counters "
			"times");
	l.n = number(argv[optind]);
	l.counters = number(argv[optind + 1]);
	open_sets(&l);
	attach_init(&a);
	stop_init();
	if (attach_open(&a, NULL, 5 * NSEC) != ATTACH_OK)
		return 1;
	to = take_terminal();
	s.terminal = terminal_open();
	if (s.terminal == NULL)
		errx(1, "no terminal");
	stat_screen_begin(&s, &args, &a);
	s.view.sort = (enum stat_sort)sort;
	measure(&s, &l, idle, number(argv[optind + 2]), to);
	terminal_close(s.terminal);
	stat_screen_end(&s);
	attach_close(&a);
	close_sets(&l);
	return 0;
}
