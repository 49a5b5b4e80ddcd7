/*
 * peer_lttng.c -- a peer: LTTng-UST's tracepoints in overwrite mode, and one
 * that is not enabled.  A plugin: with it come the tracer's threads, which
 * sleep.  tests/bench/run has a session for it.
 */
#include <string.h>

#include "tests/bench/bench.h"

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tests/bench/lttng_point.h"

static char text[TEXT + 1];

static int
is_enabled(void *what)
{
	(void)what;
	return lttng_ust_tracepoint_enabled(bench, record) != 0;
}

static int
start(char why[WHY_MAX])
{
	memcpy(text, bench_text, TEXT);
	return clock_until(is_enabled, NULL) == 0
		   ? 0
		   : why_not(why, "the session does not enable it");
}

static void
run_on(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		lttng_ust_tracepoint(bench, record, i, text);
}

static void
run_off(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		lttng_ust_tracepoint(bench, off, i, text);
}

__attribute__((visibility("default"))) const struct entry plugin_entries[] = {
	{ .name = "lttng",
	    .what = "LTTng-UST, overwrite, id, 64 B, time",
	    .batch = 20000,
	    .start = start,
	    .run = run_on },
	{ .name = "lttng-2-threads",
	    .what = "the same, 2 threads on 2 CPUs, each",
	    .threads = 2,
	    .batch = 20000,
	    .start = start,
	    .run = run_on },
	{ .name = "lttng-off",
	    .what = "LTTng-UST, a tracepoint that is off",
	    .batch = 2000000,
	    .start = start,
	    .run = run_off },
	{ .name = NULL },
};
