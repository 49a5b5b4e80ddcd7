/*
 * crowd.c -- a worker with counters of each kind, and with many.
 *
 *	tool-crowd [SETS]
 *
 * Opens the set kinds.a{city=Zürich} in the default instance, and as many sets
 * many.s000, ... as are asked for, with 10 counters each; prints `ready' when
 * all are attached, and then obeys the lines of its standard input, each of
 * which it answers with `done':
 *
 *	hits N, inner N, deep N		adds N to the counter of that name
 *	mem N, age N, load N		sets the gauge: bytes, seconds, percent
 *	flip BIT			of the bitmap `up'
 *	took N				observes it, in microseconds
 *	all N				adds N to each of the many
 *	new N				opens the set kinds.NNN{city=東京}
 *	free				frees that
 *
 * It ends with its input.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shmlog.h"

enum { HITS, ZERO, INNER, DEEP, MEM, AGE, LOAD, UP, TOOK, KINDS };

static const struct shmlog_def kinds[KINDS] = {
	{ "hits", SHMLOG_COUNTER, SHMLOG_STAT_INFO, "requests", "Hits" },
	{ "zero", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "Never moves" },
	{ "inner", SHMLOG_COUNTER, SHMLOG_STAT_DIAG, NULL, "For diagnosis" },
	{ "deep", SHMLOG_COUNTER, SHMLOG_STAT_DEBUG, NULL, "For debugging" },
	{ "mem", SHMLOG_GAUGE, SHMLOG_STAT_INFO, "bytes", "Memory in use" },
	{ "age", SHMLOG_GAUGE, SHMLOG_STAT_INFO, "seconds", "Of the oldest" },
	{ "load", SHMLOG_GAUGE, SHMLOG_STAT_INFO, "percent", "Of capacity" },
	{ "up", SHMLOG_BITMAP, SHMLOG_STAT_INFO, NULL, "Which are up" },
	{ "took", SHMLOG_HISTOGRAM, SHMLOG_STAT_INFO, "us", "How long" },
};

#define EACH 10
#define SETS_MAX 1000

static struct shmlog_set *many[SETS_MAX];
static unsigned n_many;
static struct shmlog_set *set, *other;

static struct shmlog_set *
open_set(struct shmlog *log, const char *type, const char *ident,
    const struct shmlog_def *defs, unsigned n, const char *labels)
{
	struct shmlog_set_options o = { .labels = labels };
	struct shmlog_set *s = shmlog_set(log, type, ident, defs, n, &o);

	if (s == NULL)
		err(1, "shmlog_set");
	return s;
}

static void
open_many(struct shmlog *log, unsigned n)
{
	static char names[EACH][8];
	struct shmlog_def defs[EACH];
	char ident[16];

	for (unsigned i = 0; i < EACH; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "c%u", i);
		defs[i] = (struct shmlog_def){ names[i], SHMLOG_COUNTER,
			SHMLOG_STAT_INFO, NULL, "One of many" };
	}
	for (; n_many < n; n_many++) {
		(void)snprintf(ident, sizeof(ident), "s%03u", n_many);
		many[n_many] = open_set(log, "many", ident, defs, EACH, NULL);
	}
}

static void
obey(struct shmlog *log, const char *what, long long n)
{
	static const char *const words[KINDS] = { "hits", "", "inner", "deep",
		"mem", "age", "load", "flip", "took" };
	char ident[32];
	int i = 0;

	while (i < KINDS && strcmp(words[i], what) != 0)
		i++;
	if (i <= DEEP)
		shmlog_add(shmlog_counter(set, (unsigned)i), (uint64_t)n);
	else if (i <= LOAD)
		shmlog_gauge(shmlog_counter(set, (unsigned)i), n);
	else if (i == UP)
		shmlog_bit_flip(shmlog_counter(set, UP), (unsigned)n);
	else if (i == TOOK)
		shmlog_observe(shmlog_counter(set, TOOK), (uint64_t)n);
	else if (strcmp(what, "all") == 0)
		for (unsigned j = 0; j < n_many * EACH; j++)
			shmlog_add(shmlog_counter(many[j / EACH], j % EACH),
			    (uint64_t)n);
	else if (strcmp(what, "new") == 0) {
		(void)snprintf(ident, sizeof(ident), "%03lld", n);
		other = open_set(log, "kinds", ident, kinds, KINDS,
		    "city=\346\235\261\344\272\254");
		if (shmlog_wait(log, 20000) != 0)
			err(1, "shmlog_wait");
	} else if (strcmp(what, "free") == 0)
		shmlog_set_free(other);
	else
		errx(2, "%s: no such command", what);
}

int
main(int argc, char **argv)
{
	struct shmlog *log = shmlog_open(NULL);
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	char line[256], what[16];
	long long number;

	set = open_set(log, "kinds", "a", kinds, KINDS, "city=Z\303\274rich");
	open_many(log, n < SETS_MAX ? n : SETS_MAX);
	if (shmlog_wait(log, 20000) != 0)
		err(1, "shmlog_wait");
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		number = 0;
		if (sscanf(line, "%15s %lld", what, &number) < 1)
			continue;
		obey(log, what, number);
		(void)shmlog_dispatch(log);
		puts("done");
	}
	shmlog_close(log);
	return 0;
}
