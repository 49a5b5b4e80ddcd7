/*
 * peer_pcp.c -- a peer: counters of Performance Co-Pilot's memory mapped
 * values. A plugin.
 */
#include <pcp/pmapi.h>
/* after it */
#include <pcp/mmv_stats.h>

#include <sys/stat.h>

#include <stdlib.h>

#include "tests/bench/bench.h"

static mmv_registry_t *registry;
static void *map;
static pmAtomValue *value;

static int
start(char why[WHY_MAX])
{
	pmUnits units = { .dimCount = 1, .scaleCount = PM_COUNT_ONE };
	char path[256];

	if (value != NULL)
		return 0;
	(void)setenv("PCP_TMP_DIR", bench_dir(), 1);
	(void)snprintf(path, sizeof(path), "%s/mmv", bench_dir());
	(void)mkdir(path, 0700);
	registry = mmv_stats_registry("bench", 1, MMV_FLAG_PROCESS);
	if (registry == NULL)
		return why_not(why, "mmv_stats_registry: %m");
	(void)mmv_stats_add_metric(registry, "events", 1, MMV_TYPE_U64,
	    MMV_SEM_COUNTER, units, (int)PM_INDOM_NULL, "of the bench", NULL);
	map = mmv_stats_start(registry);
	if (map == NULL)
		return why_not(why, "mmv_stats_start: %m");
	value = mmv_lookup_value_desc(map, "events", "");
	return value == NULL ? why_not(why, "no such value") : 0;
}

static void
run_inc(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		mmv_inc(map, value);
}

static void
run_inc_value(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		mmv_inc_value(map, value, 1);
}

__attribute__((visibility("default"))) const struct entry plugin_entries[] = {
	{ .name = "pcp-inc",
	    .what = "PCP, mmv_inc, one thread only",
	    .batch = 500000,
	    .start = start,
	    .run = run_inc },
	{ .name = "pcp-inc-value",
	    .what = "PCP, mmv_inc_value, one thread only",
	    .batch = 500000,
	    .start = start,
	    .run = run_inc_value },
	{ .name = NULL },
};
