/*
 * sets.c -- a worker with many sets, which come and go.
 *
 *	tool-sets [-a] [-n INSTANCE] [-r RATE] TYPE SETS COUNTERS
 *
 * Opens SETS sets of TYPE, all of ident `set' (-a: each
 * of its own, `set0', ...), of so many counters `c0', ..., each of which counts
 * 1,000,000; prints `ready' when all are attached.  Then RATE times a second it
 * frees one and makes another in its place, which counts nothing: so what they
 * add up to, with what is retained, is always the same.  When none is left of
 * those of the beginning, it prints `gone' and goes on.  It ends with its
 * input.
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "worker/shmlog.h"

#define MILLION 1000000

struct sets {
	struct shmlog *log;
	const char *type;
	struct shmlog_def *defs;
	unsigned counters;
	int apart;
};

static unsigned
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end != '\0' || n < 1 || n > 100000)
		errx(2, "%s: not a number from 1 to 100000", text);
	return (unsigned)n;
}

static void
define(struct sets *s)
{
	char *name;

	s->defs = calloc(s->counters, sizeof(*s->defs));
	for (unsigned i = 0; s->defs != NULL && i < s->counters; i++) {
		if (asprintf(&name, "c%u", i) == -1)
			err(1, "memory");
		s->defs[i] = (struct shmlog_def){ name, SHMLOG_COUNTER,
			SHMLOG_STAT_INFO, NULL, "One of many" };
	}
	if (s->defs == NULL)
		err(1, "memory");
}

static struct shmlog_set *
make(const struct sets *s, unsigned i, uint64_t value)
{
	struct shmlog_set *set;
	char ident[32] = "set";

	if (s->apart)
		(void)snprintf(ident, sizeof(ident), "set%u", i);
	set = shmlog_set(s->log, s->type, ident, s->defs, s->counters, NULL);
	if (set == NULL)
		err(1, "shmlog_set");
	for (unsigned c = 0; c < s->counters; c++)
		shmlog_add(shmlog_counter(set, c), value);
	return set;
}

/* Whether the input has not ended after a `rate'th of a second. */
static int
pause_of(unsigned rate)
{
	struct timespec t = { .tv_nsec = 1000000000 / (long)rate };
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;

	if (rate == 1)
		t = (struct timespec){ .tv_sec = 1 };
	return ppoll(&in, 1, &t, NULL) <= 0 || read(in.fd, &byte, 1) > 0;
}

static void
come_and_go(
    const struct sets *s, unsigned rate, struct shmlog_set **sets, unsigned n)
{
	for (unsigned i = 0; pause_of(rate); i++) {
		if (i == n) {
			puts("gone");
			(void)fflush(stdout);
		}
		shmlog_set_free(sets[i % n]);
		sets[i % n] = make(s, i % n, 0);
		(void)shmlog_dispatch(s->log);
	}
}

int
main(int argc, char **argv)
{
	struct sets s = { .apart = 0 };
	struct shmlog_set **sets;
	const char *instance = NULL;
	unsigned rate = 0, n;
	char byte;
	int c;

	while ((c = getopt(argc, argv, "an:r:")) != -1) {
		if (c == 'a')
			s.apart = 1;
		else if (c == 'n')
			instance = optarg;
		else if (c == 'r')
			rate = number(optarg);
		else
			return 2;
	}
	if (argc - optind != 3)
		errx(2, "usage: tool-sets [-a] [-n INSTANCE] [-r RATE] "
			"TYPE SETS COUNTERS");
	s.type = argv[optind];
	s.counters = number(argv[optind + 2]);
	s.log = shmlog_open(instance);
	define(&s);
	n = number(argv[optind + 1]);
	sets = calloc(n, sizeof(struct shmlog_set *));
	if (sets == NULL)
		err(1, "memory");
	for (unsigned i = 0; i < n; i++)
		sets[i] = make(&s, i, MILLION);
	if (shmlog_wait(s.log, 60000) != 0)
		err(1, "shmlog_wait");
	puts("ready");
	(void)fflush(stdout);
	if (rate > 0)
		come_and_go(&s, rate, sets, n);
	else
		while (read(STDIN_FILENO, &byte, 1) > 0)
			continue;
	return 0;
}
