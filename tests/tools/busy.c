/*
 * busy.c -- a worker that counts, and knows by itself how much.
 *
 *	tool-busy type ident
 *
 * Adds to a counter `requests' and a histogram `took' (microseconds), a few
 * thousand times a second, over restarts of the daemon.  At the first line of
 * its input it stops, and prints
 *
 *	counted REQUESTS COUNT SUM
 *
 * as it added them up in its own memory, and ends with its input.
 */
#include <sys/time.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker/shmlog.h"

static const struct shmlog_def defs[] = {
	{ "requests", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "Requests" },
	{ "took", SHMLOG_HISTOGRAM, SHMLOG_STAT_INFO, "us", "Time of each" },
};

int
main(int argc, char **argv)
{
	uint64_t requests = 0, count = 0, sum = 0, x = (uint64_t)getpid();
	struct shmlog *log = shmlog_open(NULL);
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct shmlog_set *set;
	char line[16];

	if (argc != 3)
		errx(2, "usage: tool-busy type ident");
	set = shmlog_set(log, argv[1], argv[2], defs, 2, NULL);
	if (set == NULL || shmlog_wait(log, 20000) != 0)
		err(1, "shmlog");
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (poll(&in, 1, 1) == 0) {
		for (int i = 0; i < 5; i++) {
			uint64_t n, us;

			x = x * UINT64_C(6364136223846793005) + 1;
			n = 1 + (x >> 33) % 9;
			us = (x >> 40) >> (x >> 59);
			shmlog_add(shmlog_counter(set, 0), n);
			shmlog_observe(shmlog_counter(set, 1), us);
			requests += n;
			count++;
			sum += us;
		}
		(void)shmlog_dispatch(log);
	}
	if (fgets(line, sizeof(line), stdin) != NULL)
		printf("counted %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		    requests, count, sum);
	while (poll(&in, 1, 10) == 0)
		(void)shmlog_dispatch(log);
	shmlog_close(log);
	return 0;
}
