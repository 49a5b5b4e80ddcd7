/*
 * count.c -- counters through libshmlog.
 *
 * A new kind is a function here and a row in the table.
 */
#include "tests/bench/ours.h"

static struct shmlog_set *set;
static uint64_t *counter, *histogram;
static struct shmlog_sharded sharded;

static int
start(char why[WHY_MAX])
{
	static const struct shmlog_def defs[] = {
		{ .name = "events", .kind = SHMLOG_COUNTER },
		{ .name = "times", .kind = SHMLOG_HISTOGRAM },
	};
	static const struct shmlog_set_options per_cpu = { .shards =
							       SHMLOG_PER_CPU };
	static struct shmlog_set *shards;

	if (ours_open(why) != 0)
		return -1;
	if (set == NULL)
		set = shmlog_set(ours, "bench", "counters", defs, 2, NULL);
	if (shards == NULL)
		shards =
		    shmlog_set(ours, "bench", "sharded", defs, 2, &per_cpu);
	counter = shmlog_counter(set, 0);
	histogram = shmlog_counter(set, 1);
	sharded = shmlog_shards(shards, 0);
	return ours_wait(why);
}

static void
run_add(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		shmlog_add(counter, 1);
}

static void
run_single(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		shmlog_add_single(counter, 1);
}

static void
run_sharded(unsigned thread, uint64_t n)
{
	const struct shmlog_sharded s = sharded;

	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		shmlog_add_sharded(&s, 1);
}

static void
run_observe(unsigned thread, uint64_t n)
{
	(void)thread;
	/* of all sizes, as times are */
	for (uint64_t i = 0; i < n; i++)
		shmlog_observe(
		    histogram, (i * 2654435761u & 0xffffff) >> i % 16);
}

const struct entry count_entries[] = {
	{ .name = "counter-single",
	    .what = "counter of one thread's",
	    .batch = 1000000,
	    GOAL_BESIDE("add", 1.2),
	    .flags = ENTRY_OURS,
	    .start = start,
	    .run = run_single },
	{ .name = "counter-sharded",
	    .what = "sharded counter, 2 threads on 2 CPUs, each",
	    .threads = 2,
	    .batch = 1000000,
	    .against = "add-lock",
	    .goal_over = 1,
	    .start = start,
	    .run = run_sharded },
	{ .name = "observe",
	    .what = "histogram observe, values of all sizes",
	    .batch = 1000000,
	    .goal = 0.6,
	    .flags = ENTRY_OURS,
	    .start = start,
	    .run = run_observe },
	{ .name = "counter",
	    .what = "counter of any thread's",
	    .batch = 1000000,
	    GOAL_BESIDE("add-lock", 1.05),
	    .flags = ENTRY_OURS,
	    .start = start,
	    .run = run_add },
	{ .name = "counter-2-threads",
	    .what = "the same, 2 threads on it",
	    .threads = 2,
	    .batch = 200000,
	    .against = "add-lock-2-threads",
	    .start = start,
	    .run = run_add },
	{ .name = NULL },
};
