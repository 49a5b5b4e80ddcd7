/*
 * delay.c -- how long it takes from a put until a follower has printed it.
 *
 *	tool-delay RECORDS RATE COMMAND...
 *
 * runs the command, a shmtail -o cat that follows the instance, and puts
 * records whose text is the time of the clock that they were put at, so many a
 * second at times that are not even (or the naps of the follower would always
 * meet them at the same place).  Prints microseconds: p50, p99 and the longest.
 * Exits 1 if one was not printed within ten seconds of the last.
 */
#include <sys/wait.h>

#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "worker/shmlog.h"

#define MSEC UINT64_C(1000000)
#define PATIENCE (10000 * MSEC)
#define WARM_UP 1000 /* records at most */

static uint64_t *delays;
static size_t n_delays;

static uint64_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MSEC + (uint64_t)ts.tv_nsec;
}

/* Starts the command; what it prints can be read from the descriptor. */
static int
start(char *argv[], pid_t *pid)
{
	int ends[2];

	if (pipe(ends) == -1 || (*pid = fork()) == -1)
		err(1, "fork");
	if (*pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	(void)close(ends[1]);
	return ends[0];
}

/* Takes what comes until then, or until so many delays are known. */
static void
take(int fd, uint64_t until, size_t enough)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	static char text[4096];
	static size_t n;
	struct timespec wait;
	uint64_t at;
	ssize_t got;
	char *end;

	while (n_delays < enough && (at = now()) < until) {
		wait.tv_sec = (time_t)((until - at) / (1000 * MSEC));
		wait.tv_nsec = (long)((until - at) % (1000 * MSEC));
		if (ppoll(&p, 1, &wait, NULL) <= 0)
			continue;
		got = read(fd, text + n, sizeof(text) - 1 - n);
		at = now();
		if (got <= 0)
			errx(1, "the follower ended");
		n += (size_t)got;
		text[n] = '\0';
		while ((end = strchr(text, '\n')) != NULL) {
			if (n_delays < enough)
				delays[n_delays++] =
				    at - strtoull(text, NULL, 10);
			n -= (size_t)(end + 1 - text);
			memmove(text, end + 1, n + 1);
		}
	}
}

static void
put(struct shmlog_stream *s, int tag)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, now());
	(void)shmlog_puts(s, tag, SHMLOG_INFO, 0, text);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
percentile(double p)
{
	return (double)delays[(size_t)(p * (double)(n_delays - 1))] / 1e3;
}

/* The follower shows what is put after it has begun: until it does. */
static void
begin(int fd, struct shmlog_stream *s, int tag)
{
	uint64_t end = now() + PATIENCE;
	size_t sent;

	for (sent = 0; n_delays == 0; sent++) {
		if (now() > end)
			errx(1, "the follower shows nothing");
		put(s, tag);
		take(fd, now() + 20 * MSEC, 1);
	}
	take(fd, now() + 200 * MSEC, sent + 1);
	n_delays = 0;
}

int
main(int argc, char *argv[])
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s = shmlog_stream(log, "delay", "x", NULL);
	int tag = shmlog_tag(s, "Put"), fd;
	uint64_t between, next;
	size_t records;
	pid_t pid;

	if (argc < 4 || (records = strtoull(argv[1], NULL, 10)) == 0 ||
	    (between = strtoull(argv[2], NULL, 10)) == 0)
		errx(2, "tool-delay RECORDS RATE COMMAND...");
	between = 1000 * MSEC / between;
	delays = calloc(records + WARM_UP, sizeof(*delays));
	if (delays == NULL || shmlog_wait(log, 5000) == -1)
		err(1, "no instance");
	fd = start(argv + 3, &pid);
	begin(fd, s, tag);
	next = now();
	for (size_t i = 0; i < records; i++) {
		put(s, tag);
		next += (uint64_t)(drand48() * 2 * (double)between);
		take(fd, next, records);
	}
	take(fd, now() + PATIENCE, records);
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	shmlog_close(log);
	if (n_delays < records)
		errx(1, "%zu were not printed", records - n_delays);
	qsort(delays, n_delays, sizeof(*delays), compare);
	printf("%.1f %.1f %.1f\n", percentile(0.5), percentile(0.99),
	    percentile(1));
	free(delays);
	return 0;
}
