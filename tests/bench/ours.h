/*
 * ours.h -- the one instance that all entries of ours use.
 */
#ifndef SHMLOG_TESTS_BENCH_OURS_H
#define SHMLOG_TESTS_BENCH_OURS_H

#include "tests/bench/bench.h"
#include "worker/shmlog.h"

#define OURS "ours" /* the instance's name in bench_dir() */

/* Attached, and what is made in it; 0, or -1 with the reason. */
int ours_open(char why[WHY_MAX]);
/* Waits until what was made since is attached, too. */
int ours_wait(char why[WHY_MAX]);
extern struct shmlog *ours;
extern struct shmlog_stream *ours_stream; /* as options NULL makes it */
extern int ours_tag;

uint64_t ours_dropped(void);
void ours_run_text(unsigned thread, uint64_t n);
/* An entry that puts short texts into that stream. */
#define OURS_TEXT                                                              \
	.start = ours_open, .run = ours_run_text, .dropped = ours_dropped

/* The last one out. */
void ours_close(void);

#endif
