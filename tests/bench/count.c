/*
 * count.c -- counters through libshmlog.
 *
 * A new kind is a function here and a row in the table.
 */
#include "tests/bench/ours.h"

static struct shmlog_set *set;
static uint64_t *counter;

static int
start(char why[WHY_MAX])
{
	static const struct shmlog_def def = {
		.name = "events", .kind = SHMLOG_COUNTER, .help = "of the bench"
	};

	if (ours_open(why) != 0)
		return -1;
	if (set == NULL)
		set = shmlog_set(ours, "bench", "counters", &def, 1, NULL);
	counter = shmlog_counter(set, 0);
	return ours_wait(why);
}

static void
run_add(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		shmlog_add(counter, 1);
}

const struct entry count_entries[] = {
	{ .name = "counter",
	    .what = "counter of any thread's",
	    .batch = 1000000,
	    .against = "add-lock",
	    .goal = 1.05,
	    .goal_against = 1,
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
