/*
 * trylock.h -- locks and numbers in a process' private memory.
 *
 * A trylock is taken by one atomic exchange or not at all: nobody sleeps on it,
 * so a signal handler or a thread that was preempted while it holds one holds
 * up nobody.
 */
#ifndef SHMLOG_COMMON_TRYLOCK_H
#define SHMLOG_COMMON_TRYLOCK_H

#include <stdatomic.h>
#include <stdint.h>

struct trylock {
	_Atomic uint32_t held;
};

/* 1: it is ours now; 0: somebody has it.  For who thinks that it is free. */
static inline int
trylock_grab(struct trylock *l)
{
	return atomic_exchange_explicit(&l->held, 1, memory_order_acquire) == 0;
}

/* The same for who may well find it held. */
static inline int
trylock_take(struct trylock *l)
{
	/* the load saves the cache line from those who would only fail */
	return atomic_load_explicit(&l->held, memory_order_relaxed) == 0 &&
	       atomic_exchange_explicit(&l->held, 1, memory_order_acquire) == 0;
}

/* Whether somebody has it, for who is alone. */
static inline int
trylock_is_held(const struct trylock *l)
{
	return atomic_load_explicit(&l->held, memory_order_relaxed) != 0;
}

static inline void
trylock_give(struct trylock *l)
{
	/* pairs with the acquires in trylock_take() and trylock_grab() */
	atomic_store_explicit(&l->held, 0, memory_order_release);
}

/*
 * A number that threads share.  number_get() pairs with number_set() and
 * number_add(): acquire and release.  number_look(), number_put() and
 * number_enter() are seq_cst, in one order that all threads agree on; they pair
 * with one another (worker/lanes.c tells what for).
 */
struct shared_number {
	_Atomic uint64_t value;
};

static inline uint64_t
number_get(const struct shared_number *n)
{
	return atomic_load_explicit(&n->value, memory_order_acquire);
}

static inline void
number_set(struct shared_number *n, uint64_t v)
{
	atomic_store_explicit(&n->value, v, memory_order_release);
}

/* Adds; returns what it was before. */
static inline uint64_t
number_add(struct shared_number *n, uint64_t v)
{
	return atomic_fetch_add_explicit(&n->value, v, memory_order_acq_rel);
}

/* Adds; returns what it was before. */
static inline uint64_t
number_enter(struct shared_number *n, uint64_t v)
{
	return atomic_fetch_add_explicit(&n->value, v, memory_order_seq_cst);
}

/* 1: it was `from' and is `to' now; 0: it is something else. */
static inline int
number_change(struct shared_number *n, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong_explicit(
	    &n->value, &from, to, memory_order_acq_rel, memory_order_acquire);
}

static inline uint64_t
number_look(const struct shared_number *n)
{
	return atomic_load_explicit(&n->value, memory_order_seq_cst);
}

static inline void
number_put(struct shared_number *n, uint64_t v)
{
	atomic_store_explicit(&n->value, v, memory_order_seq_cst);
}

/* Adds to a word of the segment that several threads add to. */
static inline void
shared_add(void *word, uint64_t v)
{
	(void)atomic_fetch_add_explicit(
	    (_Atomic uint64_t *)word, v, memory_order_relaxed);
}

/*
 * Adds to a word of the segment that nobody else adds to.  One instruction, as
 * in shmlog.h's shmlog_add_single(), which tells why: of a set that moves, the
 * page may be replaced at any time.
 */
static inline void
shared_add_single(void *word, uint64_t v)
{
#if defined(__x86_64__) && !defined(SHMLOG_TSAN)
	__asm__ volatile("addq %1, %0"
			 : "+m"(*(uint64_t *)word)
			 : "er"(v)
			 : "cc");
#else
	shared_add(word, v);
#endif
}

#endif
