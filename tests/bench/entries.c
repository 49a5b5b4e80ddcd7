/*
 * entries.c -- all rows: those that are linked in, and those of plugins.
 *
 * A peer that needs a library is a plugin, built where the library is; so its
 * threads and constructors come after the floor, and the bench runs without.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static const struct {
	const char *file;
	const char *needs;    /* set by tests/bench/run, or NULL */
	const char *without;  /* and this one tells why it is not */
	struct entry missing; /* the row instead */
} plugins[] = {
	{ "bench-lttng.so", "BENCH_LTTNG", "BENCH_NO_LTTNG",
	    { .name = "lttng", .what = "LTTng-UST" } },
	{ "bench-pcp.so", NULL, NULL,
	    { .name = "pcp-inc", .what = "PCP's counters" } },
};

static unsigned
add(struct result *r, unsigned n, unsigned max, const struct entry *table)
{
	for (; table->name != NULL && n < max; table++, n++) {
		memset(&r[n], 0, sizeof(r[n]));
		r[n].entry = table;
	}
	return n;
}

static const struct entry *
load(size_t i, char why[WHY_MAX])
{
	const char *file = bench_build(plugins[i].file), *no;
	const struct entry *table = NULL;
	void *plugin;

	if (access(file, R_OK) != 0) {
		(void)why_not(why, "built without: make bench-deps bench");
	} else if (plugins[i].needs != NULL &&
		   getenv(plugins[i].needs) == NULL) {
		no = getenv(plugins[i].without);
		(void)why_not(
		    why, "%s", no != NULL ? no : "only under tests/bench/run");
	} else {
		plugin = dlopen(file, RTLD_NOW);
		if (plugin != NULL)
			table = dlsym(plugin, PLUGIN_ENTRIES);
		if (table == NULL)
			(void)why_not(why, "%s", dlerror());
	}
	return table;
}

static unsigned
add_plugin(struct result *r, unsigned n, unsigned max, size_t i)
{
	char why[WHY_MAX] = "";
	const struct entry *table = load(i, why);

	if (table != NULL)
		return add(r, n, max, table);
	if (n == max)
		return n;
	memset(&r[n], 0, sizeof(r[n]));
	r[n].entry = &plugins[i].missing;
	(void)why_not(r[n].missing, "%s", why);
	return n + 1;
}

unsigned
entries_all(struct result *r, unsigned max)
{
	unsigned n = 0;

	n = add(r, n, max, floor_entries);
	n = add(r, n, max, text_entries);
	n = add(r, n, max, reader_entries);
	n = add(r, n, max, count_entries);
	n = add(r, n, max, file_entries);
	n = add(r, n, max, syslog_entries);
	n = add(r, n, max, varnish_entries);
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
		n = add_plugin(r, n, max, i);
	return n;
}
