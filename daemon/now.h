/*
 * now.h -- what time it is, by both clocks.
 */
#ifndef SHMLOG_DAEMON_NOW_H
#define SHMLOG_DAEMON_NOW_H

#include <time.h>

#include "daemon/store.h"

#define NS_PER_SECOND UINT64_C(1000000000)

static inline uint64_t
now_by(clockid_t clock)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SECOND + (uint64_t)ts.tv_nsec;
}

static inline uint64_t
now_mono(void)
{
	return now_by(CLOCK_MONOTONIC);
}

static inline struct store_time
now(void)
{
	return (struct store_time){
		.mono = now_mono(),
		.real = now_by(CLOCK_REALTIME),
	};
}

#endif
