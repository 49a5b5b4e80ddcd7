/*
 * ours.c -- records through libshmlog, as a program that links it writes them.
 *
 * The default stream's lanes (256 KiB) fit into the caches, the floor's ring
 * does not: the stream `large' is there to tell how much of a figure that is.
 * A new call of the library's is a function here and a row in the table.
 */
#include "tests/bench/ours.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 20

struct shmlog *ours;
struct shmlog_stream *ours_stream;
int ours_tag;

static pid_t shmlogd;
static struct shmlog_stream *large; /* its lanes are as large as the floor */
static struct shmlog_batch *batch;
static int hidden; /* a tag */
static volatile size_t length_short = TEXT, length_long = LONG_TEXT;

int
ours_wait(char why[WHY_MAX])
{
	if (shmlog_wait(ours, PATIENCE) != 0)
		return why_not(why, "shmlogd: %m");
	return 0;
}

int
ours_open(char why[WHY_MAX])
{
	char path[256];

	if (ours != NULL)
		return 0;
	instance_path(path, OURS, "");
	shmlogd = daemon_start(OURS, "256m", "256", 1);
	ours = shmlog_open(path);
	ours_stream = shmlog_stream(ours, "bench", "default", NULL);
	ours_tag = shmlog_tag(ours_stream, "Text");
	return ours_wait(why);
}

void
ours_close(void)
{
	shmlog_batch_free(batch);
	shmlog_close(ours);
	child_end(shmlogd, SIGTERM);
	instance_remove(OURS);
	ours = NULL;
	ours_stream = large = NULL;
	batch = NULL;
	shmlogd = 0;
}

uint64_t
ours_dropped(void)
{
	return shmlog_dropped(ours);
}

static void
put(struct shmlog_stream *s, uint64_t n, size_t length)
{
	for (uint64_t i = 0; i < n; i++)
		(void)shmlog_put(
		    s, ours_tag, SHMLOG_INFO, i, bench_text, length);
}

void
ours_run_text(unsigned thread, uint64_t n)
{
	(void)thread;
	put(ours_stream, n, length_short);
}

static void
run_long(unsigned thread, uint64_t n)
{
	(void)thread;
	put(ours_stream, n, length_long);
}

static int
start_large(char why[WHY_MAX])
{
	struct shmlog_stream_options o = { .lane_size = 16 << 20 };

	if (ours_open(why) != 0)
		return -1;
	large = shmlog_stream(ours, "bench", "large", &o);
	return ours_wait(why);
}

static void
run_large(unsigned thread, uint64_t n)
{
	(void)thread;
	put(large, n, length_short);
}

/* What the row `snprintf' formats, for the reader to do. */
static void
run_printf(unsigned thread, uint64_t n)
{
	static char text[TEXT + 1];

	(void)thread;
	memcpy(text, bench_text, TEXT);
	for (uint64_t i = 0; i < n; i++)
		(void)shmlog_printf(ours_stream, ours_tag, SHMLOG_INFO, i,
		    "id=%" PRIu64 " status=%" PRIu32 " text=%s", i, (uint32_t)i,
		    text);
}

static int
start_batch(char why[WHY_MAX])
{
	if (ours_open(why) != 0)
		return -1;
	if (batch == NULL)
		batch = shmlog_batch(ours_stream);
	shmlog_batch_one_time(batch, 0);
	return batch == NULL ? why_not(why, "no memory") : 0;
}

/* n records, a time each. */
static void
run_batch(unsigned thread, uint64_t n)
{
	size_t length = length_short;

	(void)thread;
	for (uint64_t i = 0; i < n; i += BATCH) {
		for (int j = 0; j < BATCH; j++)
			(void)shmlog_batch_put(batch, ours_tag, SHMLOG_INFO, i,
			    bench_text, length);
		(void)shmlog_batch_commit(batch);
	}
}

static int
start_one_time(char why[WHY_MAX])
{
	if (start_batch(why) != 0)
		return -1;
	shmlog_batch_one_time(batch, 1);
	return 0;
}

static int
is_masked(void *what)
{
	(void)what;
	return !shmlog_wants(ours_stream, hidden, SHMLOG_INFO);
}

/* An administrator does not want this tag: shmctl(8). */
static int
start_masked(char why[WHY_MAX])
{
	char path[256];
	const char *argv[] = { NULL, "mask", "-n", path, "bench.default",
		"-Hidden", NULL };
	char program[4096];

	if (ours_open(why) != 0)
		return -1;
	hidden = shmlog_tag(ours_stream, "Hidden");
	instance_path(path, OURS, "");
	(void)snprintf(program, sizeof(program), "%s", bench_build("shmctl"));
	argv[0] = program;
	child_end(child_start(argv, -1, "/dev/null"), 0);
	return clock_until(is_masked, NULL) == 0
		   ? 0
		   : why_not(why, "shmctl masks nothing");
}

static void
run_masked(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		(void)shmlog_put(ours_stream, hidden, SHMLOG_INFO, i,
		    bench_text, length_short);
}

const struct entry text_entries[] = {
	{ .name = "text-64",
	    .what = "text, 64 B, level, id, time",
	    .batch = 200000,
	    .goal = 1.25,
	    .flags = ENTRY_OURS,
	    OURS_TEXT,
	    .stop = ours_close },
	{ .name = "text-64-2-threads",
	    .what = "the same, 2 threads on 2 CPUs, each",
	    .threads = 2,
	    .batch = 200000,
	    .goal = 1.45,
	    OURS_TEXT },
	/* of 2 threads' throughput 0.9: so much of their CPU time a record */
	{ .name = "text-64-8-threads",
	    .what = "the same, 8 threads on 2 CPUs, CPU time",
	    .threads = 8,
	    .batch = 200000,
	    GOAL_BESIDE("text-64-2-threads", 1 / 0.9),
	    .flags = ENTRY_CROWDED,
	    OURS_TEXT },
	{ .name = "text-64-large",
	    .what = "text, 64 B, lanes of 16 MiB as the floor",
	    .batch = 200000,
	    .start = start_large,
	    .run = run_large,
	    .dropped = ours_dropped },
	{ .name = "batch-20",
	    .what = "batch of 20 x 64 B, a time each, a record",
	    .batch = 200000,
	    .whole = BATCH,
	    .goal = 1.2,
	    .flags = ENTRY_OURS,
	    .start = start_batch,
	    .before = start_batch,
	    .run = run_batch,
	    .dropped = ours_dropped },
	{ .name = "batch-20-one-time",
	    .what = "batch of 20 x 64 B, one time, a record",
	    .batch = 200000,
	    .whole = BATCH,
	    .goal = 0.6,
	    .flags = ENTRY_OURS,
	    .before = start_one_time,
	    .start = start_batch,
	    .run = run_batch,
	    .dropped = ours_dropped },
	{ .name = "masked",
	    .what = "text, 64 B, of a masked tag",
	    .batch = 1000000,
	    .goal = 0.2,
	    .flags = ENTRY_OURS,
	    .start = start_masked,
	    .run = run_masked },
	{ .name = "printf",
	    .what = "deferred format: u64, u32, 64 B string",
	    .batch = 200000,
	    .goal = 1.8,
	    .flags = ENTRY_OURS,
	    .start = ours_open,
	    .run = run_printf,
	    .dropped = ours_dropped },
	{ .name = "text-200",
	    .what = "text, 200 B",
	    .batch = 200000,
	    .floor = LONG_TEXT,
	    .goal = 1.5,
	    .flags = ENTRY_OURS,
	    .start = ours_open,
	    .run = run_long,
	    .dropped = ours_dropped },
	{ .name = NULL },
};
