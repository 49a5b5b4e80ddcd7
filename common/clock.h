/*
 * clock.h -- CLOCK_REALTIME for a few nanoseconds, from the cycle counter.
 *
 * The algorithm is told at the top of clock.c.
 */
#ifndef SHMLOG_COMMON_CLOCK_H
#define SHMLOG_COMMON_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/shared.h"
#include "common/trylock.h"

/* From `cycles' on it was `real' ns since the epoch, and `scale' / 2^32 ns a
 * cycle more; for `valid' cycles. */
struct clock_anchor {
	_Atomic uint64_t cycles;
	_Atomic uint64_t real;
	_Atomic uint64_t scale;
	_Atomic uint64_t valid;
};

struct clock {
	/* the number of anchors made so far, times two; odd while the next one
	 * is being written; below 2: there is none */
	_Atomic uint64_t version;
	struct clock_anchor anchors[2];
};

/* hidden: its address is known without a look at a table */
extern struct clock clock_state __attribute__((visibility("hidden")));

/* clock_gettime(2) of CLOCK_REALTIME, ns. */
uint64_t clock_real(void);

/* What clock_now() does when the anchor does not serve: also renews it. */
uint64_t clock_slow(uint64_t cycles);

/* Looks, once, whether the kernel's clock is the cycle counter.  Opens a file:
 * not for signal handlers.  Without it clock_now() is clock_gettime(2). */
void clock_begin(void);

/* In a child after fork(2): who was renewing is not there. */
void clock_fork(void);

static inline uint64_t
clock_cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t cycles;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(cycles));
	return cycles;
#else
	return 0;
#endif
}

static inline uint64_t
clock_version(void)
{
	/* pairs with the release store in clock_publish() */
	return atomic_load_explicit(&clock_state.version, memory_order_acquire);
}

/* What the current anchor says, of that version: 1, or 0 if it does not serve.
 */
static inline int
clock_at(uint64_t version, uint64_t cycles, uint64_t *real)
{
	const struct clock *clock = &clock_state;
	const struct clock_anchor *a;
	uint64_t passed;

	/* one address for all four words of the anchor */
	__asm__("" : "+r"(clock));
	a = &clock->anchors[version >> 1 & 1];
	passed = cycles - atomic_load_explicit(&a->cycles, SHARED_LOAD);
	/* also if it begins later, or there is none: valid is 0 */
	if (passed >= atomic_load_explicit(&a->valid, SHARED_LOAD))
		return 0;
	*real = atomic_load_explicit(&a->real, SHARED_LOAD) +
		(passed * atomic_load_explicit(&a->scale, SHARED_LOAD) >> 32);
	/* pairs with the fence in clock_publish() */
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&clock->version, SHARED_LOAD) == version;
}

/*
 * ns since the epoch: within 1 us of CLOCK_REALTIME, but for a tenth of a
 * second after that was set.  Unless it was set by more than a millisecond, it
 * does not run backwards in a thread, nor between threads but by what a CPU
 * executes out of order.  Any thread, any signal handler; no system call but
 * clock_gettime(2)'s.
 */
static inline uint64_t
clock_now(void)
{
	uint64_t cycles = clock_cycles(), real;

	return __builtin_expect(clock_at(clock_version(), cycles, &real), 1)
		   ? real
		   : clock_slow(cycles);
}

#endif
