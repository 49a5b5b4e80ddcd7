/*
 * number.c -- a worker that writes numbered records.
 *
 *	tool-number ident count microseconds [threads]
 *
 * Writes `count' records "THREAD NUMBER" in each thread to the stream
 * number.ident of the default instance, one each so many microseconds (0: as
 * fast as it can); or, if count is such as 6s, for so many seconds.  Waits
 * until its input ends, and prints how many it wrote and how many of these the
 * library dropped: "wrote N dropped N".
 */
#include <err.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "worker/shmlog.h"

#define THREADS_MAX 64

static struct shmlog_stream *stream;
static uint64_t count, wrote[THREADS_MAX];
static time_t seconds, begun;
static long pause_us;

static int
is_done(uint64_t i)
{
	if (seconds == 0)
		return i == count;
	return i % 256 == 0 && time(NULL) - begun >= seconds;
}

static void *
work(void *arg)
{
	const struct timespec nap = { pause_us / 1000000,
		pause_us % 1000000 * 1000 };
	int number = *(const int *)arg, n;
	uint16_t tag = (uint16_t)shmlog_tag(stream, "Number");
	char text[64];

	for (uint64_t i = 0; !is_done(i); i++) {
		n = snprintf(
		    text, sizeof(text), "%d %ju", number, (uintmax_t)i);
		wrote[number]++;
		(void)shmlog_put(stream, tag, SHMLOG_INFO, 0, text, (size_t)n);
		if (pause_us != 0)
			(void)nanosleep(&nap, NULL);
	}
	return NULL;
}

int
main(int argc, char *argv[])
{
	int threads, numbers[THREADS_MAX];
	pthread_t ids[THREADS_MAX];
	struct shmlog *log;
	uint64_t sum = 0;
	char c, *end;

	if (argc < 4)
		errx(2, "tool-number ident count microseconds [threads]");
	count = strtoull(argv[2], &end, 10);
	if (*end == 's')
		seconds = (time_t)count;
	pause_us = strtol(argv[3], NULL, 10);
	threads = argc > 4 ? atoi(argv[4]) : 1;
	if (threads < 1 || threads > THREADS_MAX)
		errx(2, "%s: no number of threads", argv[4]);
	log = shmlog_open(NULL);
	stream = shmlog_stream(log, "number", argv[1], NULL);
	if (shmlog_wait(log, 5000) != 0)
		err(1, "wait");
	begun = time(NULL);
	for (int i = 0; i < threads; i++) {
		numbers[i] = i;
		if (pthread_create(&ids[i], NULL, work, &numbers[i]) != 0)
			errx(1, "no thread");
	}
	for (int i = 0; i < threads; i++)
		(void)pthread_join(ids[i], NULL);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	for (int i = 0; i < threads; i++)
		sum += wrote[i];
	printf("wrote %ju dropped %ju\n", (uintmax_t)sum,
	    (uintmax_t)shmlog_dropped(log));
	shmlog_close(log);
	return 0;
}
