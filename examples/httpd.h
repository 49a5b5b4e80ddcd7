/*
 * httpd.h -- what httpd's parent (httpd.c) and workers (httpd_worker.c) share.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdint.h>
#include <time.h>

#include <shmlog.h>

/*
 * What is counted.
 */
enum {
	C_REQUESTS,
	C_2XX,
	C_4XX,
	C_5XX,
	C_BYTES,
	C_ACCEPTED,
	C_CONNECTIONS,
	C_BUSY,
	C_UP,
	C_DIED,
	C_COUNT
};

/*
 * What is logged: the tags, in the order of a transaction.
 */
enum {
	T_START,
	T_REQUEST,
	T_STATUS,
	T_BYTES,
	T_TIME,
	T_END,
	T_WORKER, /* the parent's */
	T_COUNT
};

/* What is the same in parent and workers; made before the fork. */
struct server {
	const char *instance;
	int port;
	int workers;
	int fd; /* listens */
	struct shmlog *log;
	struct shmlog_stream *stream;
	struct shmlog_set *set;
	uint64_t *count[C_COUNT];
	int tag[T_COUNT];
};

/* Serves until SIGTERM; called in the child, and does not return.  `number' is
 * the worker's, from 0. */
void worker_run(struct server *, int number) __attribute__((noreturn));

static inline uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

#endif
