/*
 * tally.c -- a worker that counts everything twice: as others see it, and for
 * itself.
 *
 *	tool-tally IDENT SHAPE N FILE
 *
 * Opens the set `tally.IDENT' in the default instance, with a counter of each
 * kind, and does N things in each of two threads, in which histogram values are
 * of one of five shapes (0 to 4: flat, exponential, log-normal, two humps, one
 * long tail).  Then it writes the values that were observed to FILE, a line
 * each, prints what it has counted for itself, in private memory,
 *
 *	hits N, open N, up N, active N, took.count N, took.sum N
 *
 * a line each, and `done', and lives on until its input ends.
 */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker/shmlog.h"

#define THREADS 2

enum { HITS, OPEN, UP, ACTIVE, TOOK, DEFS };

static const struct shmlog_def defs[DEFS] = {
	{ "hits", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "Hits" },
	{ "open", SHMLOG_GAUGE, SHMLOG_STAT_INFO, "files", "Open files" },
	{ "up", SHMLOG_BITMAP, SHMLOG_STAT_DIAG, NULL, "Which are up" },
	{ "active", SHMLOG_UPDOWN, SHMLOG_STAT_INFO, NULL, "In work" },
	{ "took", SHMLOG_HISTOGRAM, SHMLOG_STAT_INFO, "us", "Time it took" },
};

struct tally {
	pthread_t thread;
	struct shmlog_set *set;
	uint64_t random;
	unsigned shape;
	uint64_t n;
	/* for itself */
	uint64_t hits;
	uint64_t active;
	uint64_t sum;
	uint64_t *observed;
};

/* splitmix64 */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t
below(uint64_t *state, uint64_t n)
{
	return next_random(state) % n;
}

static double
uniform(uint64_t *r)
{
	return ((double)(next_random(r) >> 11) + 0.5) / 9007199254740992.0;
}

static uint64_t
value_of(unsigned shape, uint64_t *r)
{
	double v;

	switch (shape) {
	case 0:
		return below(r, 1000000);
	case 1:
		return (uint64_t)(-50000 * log(uniform(r)));
	case 2:
		v = sqrt(-2 * log(uniform(r))) *
		    cos(6.283185307179586 * uniform(r));
		return (uint64_t)exp(12 + 2 * v);
	case 3:
		return below(r, 10) < 9 ? 100 + below(r, 50)
					: 2000000 + below(r, 100000);
	default:
		v = 3 / pow(uniform(r), 2);
		return v < 1e15 ? (uint64_t)v : UINT64_C(1000000000000000);
	}
}

static void *
work(void *arg)
{
	struct tally *t = arg;
	uint64_t *hits = shmlog_counter(t->set, HITS);
	uint64_t *active = shmlog_counter(t->set, ACTIVE);
	uint64_t *took = shmlog_counter(t->set, TOOK);

	for (uint64_t i = 0; i < t->n; i++) {
		uint64_t hit = 1 + below(&t->random, 9);
		uint64_t v = value_of(t->shape, &t->random);

		shmlog_add(hits, hit);
		t->hits += hit;
		/* as often up as down, and some that stay */
		if (below(&t->random, 2) == 0) {
			shmlog_add(active, hit);
			t->active += hit;
		} else {
			shmlog_sub(active, 3);
			t->active -= 3;
		}
		shmlog_observe(took, v);
		t->observed[i] = v;
		t->sum += v;
	}
	return NULL;
}

static void
begin(struct tally *t, struct shmlog_set *set, unsigned shape, uint64_t n)
{
	static uint64_t seed = 1;

	t->set = set;
	t->random = 1000 * shape + seed++;
	t->shape = shape;
	t->n = n;
	t->observed = calloc(n, sizeof(*t->observed));
	if (t->observed == NULL ||
	    pthread_create(&t->thread, NULL, work, t) != 0)
		err(1, "thread");
}

static void
write_observed(const struct tally *t, const char *path)
{
	FILE *f = fopen(path, "ae");

	if (f == NULL)
		err(1, "%s", path);
	for (uint64_t i = 0; i < t->n; i++)
		fprintf(f, "%" PRIu64 "\n", t->observed[i]);
	if (fclose(f) != 0)
		err(1, "%s", path);
}

/* A gauge and a bitmap are one thread's. */
static void
tell(struct shmlog_set *set, const struct tally *t, uint64_t pid)
{
	int64_t open = (int64_t)(pid % 1000) - 500;
	uint64_t up = UINT64_C(1) << 63 | UINT64_C(1) << pid % 60, hits = 0;
	uint64_t active = 0, n = 0, sum = 0;

	shmlog_gauge(shmlog_counter(set, OPEN), open);
	for (unsigned bit = 0; bit < 64; bit++)
		if (up >> bit & 1)
			shmlog_bit_set(shmlog_counter(set, UP), bit);
	for (int i = 0; i < THREADS; i++) {
		hits += t[i].hits;
		active += t[i].active;
		sum += t[i].sum;
		n += t[i].n;
	}
	printf("hits %" PRIu64 "\nopen %" PRId64 "\nup %" PRIu64
	       "\nactive %" PRId64 "\ntook.count %" PRIu64 "\ntook.sum %" PRIu64
	       "\ndone\n",
	    hits, open, up, (int64_t)active, n, sum);
	(void)fflush(stdout);
}

int
main(int argc, char *argv[])
{
	struct tally tallies[THREADS] = { { .n = 0 } };
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_set *set;
	char byte;

	if (argc != 5)
		errx(2, "usage: tool-tally IDENT SHAPE N FILE");
	set = shmlog_set(log, "tally", argv[1], defs, DEFS, NULL);
	if (set == NULL || shmlog_wait(log, 20000) != 0)
		err(1, "shmlog");
	for (int i = 0; i < THREADS; i++)
		begin(&tallies[i], set, (unsigned)strtoul(argv[2], NULL, 10),
		    strtoull(argv[3], NULL, 10));
	for (int i = 0; i < THREADS; i++) {
		(void)pthread_join(tallies[i].thread, NULL);
		write_observed(&tallies[i], argv[4]);
	}
	tell(set, tallies, (uint64_t)getpid());
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}
