/*
 * unit.h -- what the unit tests have in common.
 */
#ifndef SHMLOG_TESTS_UNIT_H
#define SHMLOG_TESTS_UNIT_H

#include <stddef.h>
#include <stdint.h>

#include <check.h>

/*
 * Runs a suite: tests that are to succeed, and tests that are to be killed by a
 * signal.  For main() to return.
 */
int unit_run(const char *name, const TTest *const *tests, size_t n,
    const TTest *const *killed, size_t n_killed, int signal);

#define UNIT_COUNT(tests) (sizeof(tests) / sizeof((tests)[0]))
#define UNIT_RUN(name, tests)                                                  \
	unit_run(name, tests, UNIT_COUNT(tests), NULL, 0, 0)
#define UNIT_RUN_KILLED(name, tests, killed, signal)                           \
	unit_run(name, tests, UNIT_COUNT(tests), killed, UNIT_COUNT(killed),   \
	    signal)

/* ck_assert() for loops: those of libcheck write to a file each time. */
#define expect(c)                                                              \
	do {                                                                   \
		if (!(c))                                                      \
			ck_abort_msg("%s:%d: %s", __FILE__, __LINE__, #c);     \
	} while (0)

#define expect_eq(a, b)                                                        \
	do {                                                                   \
		uintmax_t a_ = (uintmax_t)(a), b_ = (uintmax_t)(b);            \
		if (a_ != b_)                                                  \
			ck_abort_msg("%s:%d: %s is %ju, not %ju", __FILE__,    \
			    __LINE__, #a, a_, b_);                             \
	} while (0)

/* How often a thing is done; TSan, which is slow, learns nothing from more. */
#ifdef SHMLOG_TSAN
#define UNIT_TIMES(n) ((n) / 20)
#else
#define UNIT_TIMES(n) (n)
#endif

/* Numbers that look random, the same ones for the same seed. */
struct unit_random {
	uint64_t state;
};

uint64_t unit_random(struct unit_random *);

/* A number below n. */
uint64_t unit_below(struct unit_random *, uint64_t n);

/* Rubbish of several sorts: bytes, zeros, ones, small and aligned numbers. */
void unit_rubbish(struct unit_random *, void *to, size_t n);

/* n zeros, aligned to a page, with nothing of ours behind their end. */
void *unit_zeros(size_t n);

/* A directory under /dev/shm, removed with its files by unit_rmdir(). */
int unit_mkdir(char path[64]);
void unit_rmdir(const char *path, int fd);

#endif
