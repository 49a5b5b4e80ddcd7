/*
 * shared.h -- loads and stores of shared words, and copies of many.
 *
 * A bulk copy out of shared memory may race with its writer: what was copied
 * is believed only after the check that each protocol makes afterwards.  In
 * the usual build such a copy is a memcpy.  ThreadSanitizer follows neither
 * that nor fences, so with SHMLOG_TSAN every word is copied by itself, stored
 * with release and loaded with acquire: stronger than needed, and visible.
 */
#ifndef SHMLOG_COMMON_SHARED_H
#define SHMLOG_COMMON_SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef SHMLOG_TSAN
#define SHARED_LOAD memory_order_acquire
#define SHARED_STORE memory_order_release
#else
#define SHARED_LOAD memory_order_relaxed
#define SHARED_STORE memory_order_relaxed
#endif

static inline uint64_t
shared_load(const void *p)
{
	return atomic_load_explicit((const _Atomic uint64_t *)p, SHARED_LOAD);
}

static inline void
shared_store(void *p, uint64_t v)
{
	atomic_store_explicit((_Atomic uint64_t *)p, v, SHARED_STORE);
}

/* Copies n words, each of them untorn. */
static inline void
shared_words_load(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n * 8; i += 8) {
		uint64_t v = shared_load((const char *)from + i);

		memcpy((char *)to + i, &v, sizeof(v));
	}
}

static inline void
shared_words_store(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n * 8; i += 8) {
		uint64_t v;

		memcpy(&v, (const char *)from + i, sizeof(v));
		shared_store((char *)to + i, v);
	}
}

/* Copies n bytes into the segment; `to' is aligned to 8, as is its end. */
static inline void
shared_put(void *to, const void *from, size_t n)
{
#ifdef SHMLOG_TSAN
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = 0;

		memcpy(&v, (const char *)from + i, n - i < 8 ? n - i : 8);
		shared_store((char *)to + i, v);
	}
#else
	memcpy(to, from, n);
#endif
}

/*
 * The same for text of at most SHARED_TEXT_MAX bytes, to be inlined: a call of
 * memcpy(3) with a length that is not known costs 3 ns more, a quarter of a
 * record.  NULL is fine where there is nothing to copy.
 */
#define SHARED_TEXT_MAX 256

static inline void
shared_text(void *to, const void *from, size_t n)
{
#ifdef SHMLOG_TSAN
	if (n > 0)
		shared_put(to, from, n);
#else
	uint8_t *t = to;
	const uint8_t *f = from;

	/* the last piece overlaps the one before it; what is in between comes
	 * last, for text of up to 64 bytes has nothing there */
	if (n >= 32) {
		memcpy(t, f, 32);
		memcpy(t + n - 32, f + n - 32, 32);
		for (size_t i = 32; i + 32 < n; i += 32)
			memcpy(t + i, f + i, 32);
	} else if (n >= 16) {
		memcpy(t, f, 16);
		memcpy(t + n - 16, f + n - 16, 16);
	} else if (n >= 8) {
		memcpy(t, f, 8);
		memcpy(t + n - 8, f + n - 8, 8);
	} else {
		for (size_t i = 0; i < n; i++)
			t[i] = f[i];
	}
#endif
}

/* Copies n bytes, a multiple of 8, out of the segment. */
static inline void
shared_get(void *to, const void *from, size_t n)
{
#ifdef SHMLOG_TSAN
	shared_words_load(to, from, n / 8);
#else
	memcpy(to, from, n);
#endif
}

/* n rounded up to a multiple of a, a power of two. */
static inline uint64_t
round_up(uint64_t n, uint64_t a)
{
	return (n + a - 1) & ~(a - 1);
}

#endif
