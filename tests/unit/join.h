/*
 * join.h -- what the tests of the library with a fake daemon have in common.
 */
#ifndef SHMLOG_TESTS_JOIN_H
#define SHMLOG_TESTS_JOIN_H

#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"

static const struct shmlog_def defs[] = {
	{ "requests", SHMLOG_COUNTER, SHMLOG_STAT_INFO, "", "Requests" },
	{ "load", SHMLOG_GAUGE, SHMLOG_STAT_INFO, "percent", "Load" },
	{ "bits", SHMLOG_BITMAP, SHMLOG_STAT_DIAG, NULL, NULL },
	{ "open", SHMLOG_UPDOWN, SHMLOG_STAT_INFO, "", "Open now" },
};
enum { REQUESTS, LOAD, BITS, OPEN, N };
static const uint32_t words[] = { 0, 1, 2, 4 }; /* a bitmap has two */

static inline void *
section(const struct fake_daemon *f, uint32_t i)
{
	expect(i < f->sections);
	return f->base + f->section[i].offset;
}

/* Calls shmlog_dispatch() until all is attached, at most some seconds. */
static inline void
attach(struct shmlog *log)
{
	expect_eq(shmlog_wait(log, 10000), 0);
}

#endif
