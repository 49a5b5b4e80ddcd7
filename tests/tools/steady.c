/*
 * steady.c -- a worker in its steady state, between two system calls that mark
 * it (getppid(2)), to be run under strace.
 *
 *	tool-steady records seconds
 *
 * Between the marks it puts so many records, one by one and in batches, adds to
 * counters after each, and goes on until so many seconds are over.  Prints how
 * many records it put; exits 1 if one was dropped.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "worker/shmlog.h"

static const struct shmlog_def defs[] = {
	{ "records", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "put" },
	{ "depth", SHMLOG_GAUGE, SHMLOG_STAT_INFO, NULL, "set" },
};

int
main(int argc, char **argv)
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s = shmlog_stream(log, "steady", "x", NULL);
	struct shmlog_set *set = shmlog_set(log, "steady", "x", defs, 2, NULL);
	struct shmlog_batch *batch = shmlog_batch(s);
	int tag = shmlog_tag(s, "Steady");
	unsigned long long wanted, n;
	time_t end;

	if (argc != 3)
		errx(2, "tool-steady records seconds");
	if (shmlog_wait(log, 5000) == -1)
		err(1, "shmlog_wait");
	wanted = strtoull(argv[1], NULL, 10);
	(void)shmlog_puts(s, tag, SHMLOG_INFO, 0, "the first one");
	end = time(NULL) + atoi(argv[2]);

	(void)getppid();
	for (n = 0; n < wanted || time(NULL) < end; n++) {
		(void)shmlog_puts(s, tag, SHMLOG_INFO, n, "some text");
		shmlog_add(shmlog_counter(set, 0), 1);
		shmlog_gauge(shmlog_counter(set, 1), (int64_t)n);
		if (n % 100 != 0)
			continue;
		(void)shmlog_batch_put(batch, tag, SHMLOG_INFO, n, "a", 1);
		(void)shmlog_batch_put(batch, tag, SHMLOG_INFO, n, "b", 1);
		(void)shmlog_batch_commit(batch);
	}
	(void)getppid();

	printf("%llu\n", n);
	n = shmlog_dropped(log);
	shmlog_batch_free(batch);
	shmlog_close(log);
	return n != 0;
}
