/*
 * callgrind.c -- instructions a call: this program again, under callgrind, with
 * N calls and with 2 N; the difference, divided.
 */
#include <sys/wait.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/ours.h"

#define CALLS 100000 /* many, for its start varies a little */

static double
total(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[512];
	double n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "totals:", 7) == 0 ||
		    strncmp(line, "summary:", 8) == 0)
			n = strtod(strchr(line, ':') + 1, NULL);
	if (f != NULL)
		fclose(f);
	return n;
}

static int
run(const char *name, unsigned calls, double *n, char why[WHY_MAX])
{
	char self[4096], out[256], option[300], log[256], number[16];
	const char *argv[] = { "valgrind", "--tool=callgrind", option, self,
		"-1", name, "-n", number, NULL };
	pid_t pid;
	int status = -1;

	(void)snprintf(self, sizeof(self), "%s", bench_build("bench"));
	(void)snprintf(out, sizeof(out), "%s/callgrind.out", bench_dir());
	(void)snprintf(log, sizeof(log), "%s/callgrind.log", bench_dir());
	(void)snprintf(option, sizeof(option), "--callgrind-out-file=%s", out);
	(void)snprintf(number, sizeof(number), "%u", calls);
	(void)unlink(out);
	pid = child_start(argv, -1, log);
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		return why_not(why, "valgrind %s",
		    WEXITSTATUS(status) == 127
			? "is not installed: make bench-deps"
			: "failed");
	*n = total(out);
	return 0;
}

int
callgrind_count(struct result *r, char why[WHY_MAX])
{
	double once = 0, twice = 0;
	char path[256];

	instance_path(path, OURS, "");
	(void)setenv(OURS_TRACED, path, 1);
	if (run(r->entry->name, CALLS, &once, why) != 0 ||
	    run(r->entry->name, 2 * CALLS, &twice, why) != 0)
		return -1;
	r->instructions = (twice - once) / CALLS;
	return 0;
}
