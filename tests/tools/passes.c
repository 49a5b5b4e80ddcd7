/*
 * passes.c -- how long shmstat's look at all counters takes, again and again.
 *
 *	tool-passes INSTANCE PASSES MILLISECONDS
 *
 * Attaches to the instance, and collects all counters so many times,
 * with so many milliseconds between two.  Prints to stdout: counters; the
 * sections that were summed for all of them together; microseconds of a pass,
 * the least and the median, from the second pass on; the passes that were not
 * of one moment; and milliseconds that all of them took of a CPU, and that
 * passed.
 */
#include <sys/resource.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "readers/stat_show.h"

#define PASSES_MAX 100000

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double
cpu_ns(void)
{
	struct rusage r;

	(void)getrusage(RUSAGE_SELF, &r);
	return 1e9 * (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       1e3 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

int
main(int argc, char *argv[])
{
	static const struct stat_options all;
	uint64_t n, ms, begun, when, wall, middle, sets = 0;
	unsigned long counters = 0, scans = 0;
	struct stat_collect c;
	struct stat_counter *k;
	struct attach a;
	uint64_t *ns;
	double cpu;

	if (argc != 4 || parse_number(argv[2], 1, PASSES_MAX, &n) != 0 ||
	    parse_number(argv[3], 0, 10000, &ms) != 0)
		errx(2, "usage: tool-passes INSTANCE PASSES MILLISECONDS");
	stop_init();
	attach_init(&a);
	if (attach_open(&a, argv[1], 5 * NSEC) != ATTACH_OK)
		return 1;
	stat_collect_init(&c, &all);
	ns = calloc(n, sizeof(*ns));
	if (ns == NULL || stat_pass(&a, &c) != ATTACH_SAME)
		err(1, "the first pass");
	wall = when = clock_mono();
	cpu = cpu_ns();
	for (uint64_t i = 0; i < n && !stop_asked(); i++) {
		begun = clock_mono();
		if (stat_pass(&a, &c) != ATTACH_SAME)
			return 1;
		ns[i] = clock_mono() - begun;
		scans += (unsigned)c.scanned;
		(void)stat_wait(&when, ms * MSEC);
	}
	cpu = cpu_ns() - cpu;
	wall = clock_mono() - wall;
	for (k = stat_first(&c); k != NULL; k = stat_next(&c, k)) {
		counters++;
		sets += k->sets;
	}
	qsort(ns, n, sizeof(*ns), by_size);
	middle = ns[n / 2];
	printf("%lu %ju %.0f %.0f %lu %.3f %.3f\n", counters, (uintmax_t)sets,
	    (double)ns[0] / 1e3, (double)middle / 1e3, scans, cpu / 1e6,
	    (double)wall / 1e6);
	stat_collect_fini(&c);
	attach_close(&a);
	free(ns);
	return 0;
}
