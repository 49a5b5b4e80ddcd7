/*
 * cpus.h -- what all of the machine used of its CPUs.
 */
#ifndef SHMLOG_TESTS_TOOLS_CPUS_H
#define SHMLOG_TESTS_TOOLS_CPUS_H

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds, since ever: /proc/stat has user nice system idle iowait irq
 * softirq steal.  Exits if it cannot be read. */
static inline double
cpus_used(void)
{
	FILE *f = fopen("/proc/stat", "re");
	char line[256] = "", *at = line;
	uint64_t sum = 0, ticks;

	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		err(1, "/proc/stat");
	(void)fclose(f);
	at += strcspn(line, " ");
	for (int i = 0; i < 8; i++) {
		ticks = strtoull(at, &at, 10);
		if (i != 3 && i != 4)
			sum += ticks;
	}
	return 1e3 * (double)sum / (double)sysconf(_SC_CLK_TCK);
}

#endif
