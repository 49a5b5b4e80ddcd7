/*
 * peer_file.c -- a peer: a file on tmpfs, by write(2) and by fprintf(3).
 *
 * write(2) puts the 64 bytes alone.  fprintf(3) formats level and id and the
 * text.  Neither has a time.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static int fd = -1;
static FILE *file;

static void
path_of(char path[256], const char *name)
{
	(void)snprintf(path, 256, "%s/%s", bench_dir(), name);
}

static int
start_write(char why[WHY_MAX])
{
	char path[256];

	path_of(path, "write");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd == -1 ? why_not(why, "%s: %m", path) : 0;
}

static void
after_write(void)
{
	(void)!ftruncate(fd, 0);
}

static void
run_write(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		(void)!write(fd, bench_text, TEXT);
}

static void
stop_write(void)
{
	(void)close(fd);
}

static int
start_fprintf(char why[WHY_MAX])
{
	char path[256];

	path_of(path, "fprintf");
	file = fopen(path, "ae");
	return file == NULL ? why_not(why, "%s: %m", path) : 0;
}

static void
after_fprintf(void)
{
	(void)fflush(file);
	(void)!ftruncate(fileno(file), 0);
}

static void
run_fprintf(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		(void)fprintf(file, "info %" PRIu64 " %.64s\n", i, bench_text);
}

static void
stop_fprintf(void)
{
	(void)fclose(file);
}

const struct entry file_entries[] = {
	{ .name = "fprintf",
	    .what = "fprintf, buffered, level, id, no time",
	    .batch = 30000,
	    .start = start_fprintf,
	    .after = after_fprintf,
	    .run = run_fprintf,
	    .stop = stop_fprintf },
	{ .name = "write",
	    .what = "write(2), O_APPEND, tmpfs, text alone",
	    .batch = 10000,
	    .start = start_write,
	    .after = after_write,
	    .run = run_write,
	    .stop = stop_write },
	{ .name = NULL },
};
