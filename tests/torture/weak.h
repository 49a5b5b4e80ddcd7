/*
 * weak.h -- a machine of weak memory order, played on one of strong order.
 *
 * An x86 keeps its stores in order, so that a release fence which is not there
 * is not missed.  With this header in front of the code under test (it includes
 * the .c file), the shared stores of a process go through a buffer that gives
 * them out in any order that C11 allows: a release fence keeps what is before
 * it before what is after it, a release store comes after all before it, two
 * stores to one address keep their order, and nothing else holds.  And a
 * relaxed load of one of the watched words (claim, alloc_seq) may give the
 * value that it had at the last acquire: the processor asked early.
 *
 * Only what lies in the registered range is treated so.  For processes of one
 * thread.
 */
#ifndef SHMLOG_TESTS_WEAK_H
#define SHMLOG_TESTS_WEAK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WEAK_STORES 24
#define WEAK_WATCHED 4

struct weak_pending {
	void *to;
	uint64_t value;
	uint32_t width;
	uint32_t epoch; /* release fences before it */
	int release;
};

static struct {
	const uint8_t *base;
	size_t length;
	struct weak_pending stores[WEAK_STORES];
	int n;
	uint32_t epoch;
	uint64_t random;
	struct {
		const void *word;
		uint64_t early;
	} watched[WEAK_WATCHED];
	int watches;
} weak;

static inline int
weak_is_shared(const void *p)
{
	return (const uint8_t *)p >= weak.base &&
	       (const uint8_t *)p < weak.base + weak.length;
}

static inline uint32_t
weak_random(uint32_t below)
{
	weak.random = weak.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(weak.random >> 33) % below;
}

/* Whether store i may be seen before those that are older. */
static inline int
weak_may_go(int i)
{
	for (int j = 0; j < i; j++)
		if (weak.stores[i].release ||
		    weak.stores[j].epoch != weak.stores[i].epoch ||
		    weak.stores[j].to == weak.stores[i].to)
			return 0;
	return 1;
}

static inline void
weak_give_out(void)
{
	int i = (int)weak_random((uint32_t)weak.n);

	while (!weak_may_go(i))
		i--;
	if (weak.stores[i].width == 4)
		__atomic_store_n((uint32_t *)weak.stores[i].to,
		    (uint32_t)weak.stores[i].value, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n((uint64_t *)weak.stores[i].to,
		    weak.stores[i].value, __ATOMIC_SEQ_CST);
	weak.n--;
	memmove(&weak.stores[i], &weak.stores[i + 1],
	    (size_t)(weak.n - i) * sizeof(weak.stores[0]));
}

/* All that was stored can be seen. */
static inline void
weak_drain(void)
{
	while (weak.n > 0)
		weak_give_out();
}

static inline void
weak_store(void *to, uint64_t value, uint32_t width, int order)
{
	if (!weak_is_shared(to)) {
		if (width == 4)
			__atomic_store_n(
			    (uint32_t *)to, (uint32_t)value, __ATOMIC_SEQ_CST);
		else
			__atomic_store_n(
			    (uint64_t *)to, value, __ATOMIC_SEQ_CST);
		return;
	}
	if (weak.n == WEAK_STORES)
		weak_give_out();
	weak.stores[weak.n++] = (struct weak_pending){ to, value, width,
		weak.epoch, order != memory_order_relaxed };
}

static inline void
weak_acquire(void)
{
	for (int i = 0; i < weak.watches; i++)
		weak.watched[i].early = __atomic_load_n(
		    (const uint64_t *)weak.watched[i].word, __ATOMIC_SEQ_CST);
}

static inline void
weak_fence(int order)
{
	if (order != memory_order_acquire)
		weak.epoch++;
	if (order != memory_order_release)
		weak_acquire();
}

static inline uint64_t
weak_load(const void *from, uint32_t width, int order)
{
	uint64_t v;

	if (order == memory_order_relaxed)
		for (int i = 0; i < weak.watches; i++)
			if (weak.watched[i].word == from && weak_random(2))
				return weak.watched[i].early;
	if (width == 4)
		return __atomic_load_n(
		    (const uint32_t *)from, __ATOMIC_SEQ_CST);
	v = __atomic_load_n((const uint64_t *)from, __ATOMIC_SEQ_CST);
	if (order != memory_order_relaxed)
		weak_acquire();
	return v;
}

/* A copy into the range is words that are stored one by one. */
static inline void *
weak_copy(void *to, const void *from, size_t n)
{
	uint64_t v;

	if (!weak_is_shared(to))
		return memcpy(to, from, n);
	for (size_t i = 0; i < n; i += 8) {
		v = 0;
		memcpy(&v, (const uint8_t *)from + i, n - i < 8 ? n - i : 8);
		weak_store((uint8_t *)to + i, v, 8, memory_order_relaxed);
	}
	return to;
}

static inline void
weak_begin(const void *base, size_t length, uint64_t seed)
{
	weak.base = base;
	weak.length = length;
	weak.random = seed;
	weak.watches = 0;
}

static inline void
weak_watch(const void *word)
{
	weak.watched[weak.watches++].word = word;
	weak_acquire();
}

#undef atomic_store_explicit
#undef atomic_load_explicit
#undef atomic_thread_fence
#define atomic_store_explicit(p, v, order)                                     \
	weak_store((void *)(uintptr_t)(p), (uint64_t)(v), sizeof(*(p)), order)
#define atomic_load_explicit(p, order)                                         \
	((__typeof__(*(p) + 0))weak_load(                                      \
	    (const void *)(p), sizeof(*(p)), order))
#define atomic_thread_fence(order) weak_fence(order)
#define memcpy(to, from, n) weak_copy(to, from, n)

#endif
