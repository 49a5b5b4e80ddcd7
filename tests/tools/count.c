/*
 * count.c -- a worker that counts what it is told to.
 *
 *	tool-count type ident
 *
 * Opens a set in the default instance with a counter `requests', a gauge
 * `open', a bitmap `up' and an up-down counter `active', prints `ready' when it
 * is attached, and then obeys the lines of its standard input, each of which it
 * answers with `done':
 *
 *	add N		to requests
 *	gauge N		sets open
 *	flip BIT	of up
 *	move N		adds N to active; it may be negative
 *	more N		makes N more sets: in each 1 request and 1 file open
 *	free		frees those again
 *	wait		until all sets are attached (20 seconds, or it ends)
 *	run		adds 1 to requests, without an end (no answer)
 *
 * It ends with its input.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shmlog.h"

static const struct shmlog_def defs[] = {
	{ "requests", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "Requests" },
	{ "open", SHMLOG_GAUGE, SHMLOG_STAT_INFO, "files", "Open files" },
	{ "up", SHMLOG_BITMAP, SHMLOG_STAT_DIAG, NULL, "Which are up" },
	{ "active", SHMLOG_UPDOWN, SHMLOG_STAT_INFO, NULL, "In work" },
};

static void
run(struct shmlog *log, uint64_t *word)
{
	for (uint64_t i = 0;; i++) {
		shmlog_add(word, 1);
		if (i % 100000 == 0)
			(void)shmlog_dispatch(log);
	}
}

#define MORE_MAX 1000

static struct shmlog_set *others[MORE_MAX];
static unsigned more;

static void
make(struct shmlog *log, const char *type, const char *ident, long long n)
{
	for (; n > 0 && more < MORE_MAX; n--) {
		others[more] = shmlog_set(log, type, ident, defs, 4, NULL);
		if (others[more] == NULL)
			err(1, "shmlog_set");
		shmlog_add(shmlog_counter(others[more], 0), 1);
		shmlog_gauge(shmlog_counter(others[more++], 1), 1);
	}
}

static void
attach(struct shmlog *log)
{
	if (shmlog_wait(log, 20000) != 0)
		err(1, "shmlog_wait");
}

static void
obey(struct shmlog *log, struct shmlog_set *set, const char *what, long long n)
{
	if (strcmp(what, "run") == 0)
		run(log, shmlog_counter(set, 0));
	if (strcmp(what, "add") == 0)
		shmlog_add(shmlog_counter(set, 0), (uint64_t)n);
	else if (strcmp(what, "gauge") == 0)
		shmlog_gauge(shmlog_counter(set, 1), n);
	else if (strcmp(what, "flip") == 0)
		shmlog_bit_flip(shmlog_counter(set, 2), (unsigned)n);
	else if (strcmp(what, "move") == 0)
		shmlog_add(shmlog_counter(set, 3), (uint64_t)n);
	else if (strcmp(what, "free") == 0)
		while (more > 0)
			shmlog_set_free(others[--more]);
	else if (strcmp(what, "wait") == 0)
		attach(log);
	else
		errx(2, "%s: no such command", what);
}

int
main(int argc, char **argv)
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_set *set;
	char line[256], what[16];
	long long n;

	if (argc != 3)
		errx(2, "usage: tool-count type ident");
	set = shmlog_set(log, argv[1], argv[2], defs, 4, NULL);
	if (set == NULL || shmlog_wait(log, 5000) != 0)
		err(1, "shmlog");
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		n = 0;
		if (sscanf(line, "%15s %lld", what, &n) < 1)
			continue;
		if (strcmp(what, "more") == 0)
			make(log, argv[1], argv[2], n);
		else
			obey(log, set, what, n);
		(void)shmlog_dispatch(log);
		puts("done");
	}
	shmlog_close(log);
	return 0;
}
