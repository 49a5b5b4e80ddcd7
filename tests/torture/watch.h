/*
 * watch.h -- the process that looks at the sums of counters.c all the time,
 * with the code that shmstat has, and never wants to see one go back.
 */
#ifndef SHMLOG_TESTS_WATCH_H
#define SHMLOG_TESTS_WATCH_H

#include "readers/attach.h"
#include "readers/stat_collect.h"
#include "tests/torture/daemon.h"

#define SEEN 10 /* counters of a kind, by the digit that ends their name */

static enum attach_event
look(struct attach *a, struct stat_collect *c)
{
	for (;;) {
		stat_collect_gather(c, &a->segment);
		if (!attach_is_stale(a) && !segment_torn(&a->segment))
			break;
		if (attach_look(a, NULL) == ATTACH_TORN)
			return ATTACH_TORN;
	}
	stat_collect_add(c);
	return ATTACH_SAME;
}

/* What was seen of the counters, and of the histogram's words. */
struct seen {
	uint64_t c[SEEN];
	uint64_t s[SEEN];
	uint64_t x[SEEN];
	uint64_t h[HISTOGRAM_WORDS];
};

/* The counter of the thread that its name ends with, or the first word of a
 * histogram; NULL: neither. */
static uint64_t *
seen_of(struct seen *seen, const char *name)
{
	static const char one[] = "sums.torture.", hot[] = "sums.hot.";
	uint64_t *list = NULL;
	size_t t;

	if (strncmp(name, one, strlen(one)) == 0) {
		name += strlen(one);
		list = *name == 'c' ? seen->c : *name == 's' ? seen->s : NULL;
	} else if (strncmp(name, hot, strlen(hot)) == 0) {
		name += strlen(hot);
		if (strcmp(name, "h") == 0)
			return seen->h;
		list = *name == 'x' ? seen->x : NULL;
	}
	t = (size_t)(unsigned char)name[1] - '0';
	return list != NULL && t < SEEN ? list + t : NULL;
}

/* Remembers what it saw of a counter. */
static void
compare(const struct stat_counter *k, struct seen *all_seen, char back[256])
{
	int is_histogram = k->kind == SCHEMA_HISTOGRAM;
	uint32_t n = is_histogram ? HISTOGRAM_WORDS : 1;
	const uint64_t *now = is_histogram ? k->words : &k->value;
	uint64_t *seen = seen_of(all_seen, k->name);

	for (uint32_t w = 0; seen != NULL && w < n; w++) {
		if (now[w] < seen[w])
			torture_blame(back, "%s[%u] was %llu, then %llu",
			    k->name, w, (unsigned long long)seen[w],
			    (unsigned long long)now[w]);
		seen[w] = now[w];
	}
}

static int
want_all(const void *arg, const char *plain, const char *name)
{
	(void)arg;
	(void)plain;
	(void)name;
	return 1;
}

/* Looks until it is to stop; says in back what went back. */
static void
watch(_Atomic int *stop, _Atomic uint64_t *looks, char back[256])
{
	struct stat_options options = { .wanted = want_all };
	static struct seen seen;
	struct stat_counter *k;
	struct stat_collect c;
	struct attach a;

	stop_init();
	attach_init(&a);
	a.quiet = 1;
	if (attach_open(&a, NULL, ATTACH_FOREVER) != ATTACH_OK)
		_exit(3);
	stat_collect_init(&c, &options);
	while (!atomic_load(stop) || !atomic_load(looks)) {
		if (attach_poll(&a, NULL) == ATTACH_TORN ||
		    look(&a, &c) == ATTACH_TORN)
			_exit(4);
		for (k = stat_first(&c); k != NULL; k = stat_next(&c, k))
			compare(k, &seen, back);
		atomic_fetch_add(looks, 1);
		torture_sleep(200000);
	}
	_exit(0);
}

#endif
