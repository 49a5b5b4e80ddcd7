/*
 * crew.c -- runs an entry on threads pinned to CPUs, and tells how long it took
 * and whether anybody disturbed it.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define WARM 16     /* a 16th of the batch goes before */
#define SHARE 0.985 /* of its CPU that an undisturbed thread gets */
#define OFTEN 50e6  /* ns; who is preempted once in that time may be */

struct hand {
	const struct entry *entry;
	pthread_barrier_t *gate;
	unsigned number;
	uint64_t begun, ended, cpu; /* ns */
	long preempted;
	pthread_t thread;
};

static void *
hand_work(void *argument)
{
	struct hand *h = argument;
	const struct entry *e = h->entry;

	(void)bench_pin(h->number % BENCH_CPUS);
	e->run(h->number, e->batch / WARM);
	(void)pthread_barrier_wait(h->gate);
	h->preempted = clock_preempted();
	h->cpu = clock_cpu();
	h->begun = clock_now();
	e->run(h->number, e->batch);
	h->ended = clock_now();
	h->cpu = clock_cpu() - h->cpu;
	h->preempted = clock_preempted() - h->preempted;
	return NULL;
}

static int
hand_disturbed(const struct hand *h)
{
	double wall = (double)(h->ended - h->begun);

	if (h->entry->flags & (ENTRY_CROWDED | ENTRY_WAITS))
		return 0;
	return h->preempted > (long)(wall / OFTEN) ||
	       (double)h->cpu < SHARE * wall;
}

/* Of its CPU, which in a good sample is the wall's; in a bad one, nearer to
 * the truth.  Waiting is a cost, too, where there is any. */
static double
hand_ns(const struct hand *h)
{
	if (h->entry->flags & ENTRY_WAITS)
		return (double)(h->ended - h->begun);
	return (double)h->cpu;
}

static struct effort
crew_sum(const struct hand *hands, unsigned n)
{
	double calls = (double)hands[0].entry->batch * n;
	struct effort e = { 0, 0 };

	for (unsigned i = 0; i < n; i++) {
		e.ns += hand_ns(&hands[i]) / calls;
		e.disturbed |= hand_disturbed(&hands[i]);
	}
	return e;
}

/* Whether programs that are not ours used more than 5 % of the CPUs, and two
 * ticks, for that is how exactly it is known. */
static int
others_disturbed(int64_t ticks, uint64_t ns)
{
	double share = (double)ns / 1e9 * BENCH_CPUS / 20;

	return ticks > 2 &&
	       (double)ticks / (double)sysconf(_SC_CLK_TCK) > share;
}

struct effort
crew_run(const struct entry *entry)
{
	unsigned n = entry->threads == 0 ? 1 : entry->threads, i;
	struct hand hands[THREADS_MAX];
	int64_t others = clock_others();
	uint64_t begun = clock_now();
	pthread_barrier_t gate;
	struct effort e;

	memset(hands, 0, sizeof(hands));
	(void)pthread_barrier_init(&gate, NULL, n);
	for (i = 0; i < n; i++) {
		hands[i].entry = entry;
		hands[i].gate = &gate;
		hands[i].number = i;
		if (pthread_create(
			&hands[i].thread, NULL, hand_work, &hands[i]) != 0)
			return (struct effort){ 0, 1 };
	}
	for (i = 0; i < n; i++)
		(void)pthread_join(hands[i].thread, NULL);
	(void)pthread_barrier_destroy(&gate);
	e = crew_sum(hands, n);
	if (entry->flags & (ENTRY_CROWDED | ENTRY_WAITS))
		e.disturbed = others_disturbed(
		    clock_others() - others, clock_now() - begun);
	return e;
}
