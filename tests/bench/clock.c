/*
 * clock.c -- time, load, CPUs, and the signs of other load.
 */
#include <sys/resource.h>

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static uint64_t
read_clock(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t
clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t
clock_cpu(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t
clock_cpu_of(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 ? read_clock(clock) : 0;
}

int
clock_until(int (*is)(void *), void *what)
{
	uint64_t end = clock_now() + PATIENCE * UINT64_C(1000000);

	while (!is(what)) {
		if (clock_now() > end)
			return -1;
		(void)usleep(1000);
	}
	return 0;
}

long
clock_preempted(void)
{
	struct rusage r;

	return getrusage(RUSAGE_THREAD, &r) == 0 ? r.ru_nivcsw : 0;
}

/* The first line of a file that begins so, without its end. */
static void
first_line(const char *path, const char *begin, char *line, int size)
{
	FILE *f = fopen(path, "re");

	line[0] = '\0';
	while (f != NULL && fgets(line, size, f) != NULL &&
	       strncmp(line, begin, strlen(begin)) != 0)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
}

/* The first n figures behind a line's first `skip' bytes. */
static void
figures(const char *line, size_t skip, uint64_t *to, int n)
{
	char *at = (char *)(uintptr_t)line + strnlen(line, skip);

	for (int i = 0; i < n; i++)
		to[i] = strtoull(at, &at, 10);
}

/* user nice system idle iowait irq softirq steal */
static void
all_ticks(uint64_t ticks[8])
{
	char line[256];

	first_line("/proc/stat", "cpu ", line, sizeof(line));
	figures(line, 4, ticks, 8);
}

uint64_t
clock_steal(void)
{
	uint64_t ticks[8];

	all_ticks(ticks);
	return ticks[7];
}

/* user and system, the 14th and 15th word of its line */
static uint64_t
process_ticks(const char *pid)
{
	char path[300], line[512], *at;
	uint64_t ticks[2] = { 0, 0 };

	(void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	first_line(path, "", line, sizeof(line));
	at = strrchr(line, ')');
	for (int i = 0; at != NULL && i < 12; i++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		figures(at, 0, ticks, 2);
	return ticks[0] + ticks[1];
}

/*
 * In tests/bench/run's pid namespace all that can be seen are ours; elsewhere
 * there is no telling, and it is always 0.
 */
int64_t
clock_others(void)
{
	uint64_t t[8], ours = 0;
	struct dirent *d;
	DIR *proc;

	if (getenv("BENCH_INSIDE") == NULL || (proc = opendir("/proc")) == NULL)
		return 0;
	while ((d = readdir(proc)) != NULL)
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			ours += process_ticks(d->d_name);
	(void)closedir(proc);
	all_ticks(t);
	return (int64_t)(t[0] + t[1] + t[2] + t[5] + t[6] - ours);
}

void
clock_source(char name[64])
{
	first_line("/sys/devices/system/clocksource/clocksource0/"
		   "current_clocksource",
	    "", name, 64);
}

void
clock_load(char load[64])
{
	char *at = load;

	first_line("/proc/loadavg", "", load, 64);
	/* the first three */
	for (int i = 0; i < 3 && at != NULL; i++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		*at = '\0';
}

void
clock_processor(char name[128])
{
	char line[128], *colon;

	first_line("/proc/cpuinfo", "model name", line, sizeof(line));
	colon = strchr(line, ':');
	(void)snprintf(name, 128, "%s", colon == NULL ? "unknown" : colon + 2);
}

/* What we may use, as it was at the start. */
static const cpu_set_t *
allowed(void)
{
	static cpu_set_t set;
	static int known;

	if (!known)
		(void)sched_getaffinity(0, sizeof(set), &set);
	known = 1;
	return &set;
}

unsigned
bench_cpus(void)
{
	return (unsigned)CPU_COUNT(allowed());
}

int
bench_pin(unsigned cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, allowed()) && cpu-- == 0) {
			CPU_SET(i, &one);
			return sched_setaffinity(0, sizeof(one), &one);
		}
	return -1;
}

void
bench_unpin(void)
{
	(void)sched_setaffinity(0, sizeof(cpu_set_t), allowed());
}
