/*
 * peer_varnish.c -- a peer: the scheme of Varnish's log, written afresh from
 * its documentation.  Not Varnish's code.
 *
 * One ring of 32-bit words for all threads.  A record is a header of three
 * words (tag and length, 64 bits of id) and its text; there is no time in it.
 * A mutex guards the reservation alone: it ends the log behind the new record
 * and moves on; the text is copied after it, and the word of tag and length,
 * stored last, makes the record seen.  At the ring's end it wraps, and a number
 * that grows tells readers.  The batch puts records into a private buffer
 * and flushes it with one reservation.
 */
#include <sys/mman.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/bench/bench.h"

#define WORDS (UINT32_C(4) << 20) /* 16 MiB, as the floor */
#define HEAD 3
#define END_MARK UINT32_C(0xfe000000)
#define WRAP_MARK UINT32_C(0xfd000000)
#define TAG_BATCH 2
#define BATCH 20

static _Atomic uint32_t *ring;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint32_t next; /* the mutex' */
static _Atomic uint32_t turns;
static volatile size_t length_short = TEXT;

static int
start(char why[WHY_MAX])
{
	void *p;

	if (ring != NULL)
		return 0;
	p = mmap(NULL, WORDS * 4, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (p == MAP_FAILED)
		return why_not(why, "no memory");
	memset(p, 1, WORDS * 4);
	ring = p;
	return 0;
}

static uint32_t
words_of(size_t length)
{
	return HEAD + (uint32_t)((length + 3) / 4);
}

/* Room for so many words, and an end behind them. */
static _Atomic uint32_t *
reserve(uint32_t words)
{
	_Atomic uint32_t *at;

	(void)pthread_mutex_lock(&mutex);
	if (next + words + 1 > WORDS) {
		atomic_store_explicit(&ring[0], END_MARK, memory_order_relaxed);
		atomic_store_explicit(
		    &ring[next], WRAP_MARK, memory_order_release);
		next = 0;
		atomic_fetch_add_explicit(&turns, 1, memory_order_release);
	}
	at = &ring[next];
	next += words;
	atomic_store_explicit(&ring[next], END_MARK, memory_order_relaxed);
	(void)pthread_mutex_unlock(&mutex);
	return at;
}

static uint32_t
first_word(uint32_t tag, size_t length)
{
	return tag << 24 | (uint32_t)length;
}

static void
fill(uint32_t *at, uint64_t id, size_t length)
{
	memcpy(at + 1, &id, sizeof(id));
	memcpy(at + HEAD, bench_text, length);
}

static void
run_put(unsigned thread, uint64_t n)
{
	size_t length = length_short;

	(void)thread;
	for (uint64_t i = 0; i < n; i++) {
		_Atomic uint32_t *at = reserve(words_of(length));

		fill((uint32_t *)(uintptr_t)at, i, length);
		atomic_store_explicit(
		    at, first_word(1, length), memory_order_release);
	}
}

static void
flush(const uint32_t *buffer, uint32_t words, uint64_t id)
{
	_Atomic uint32_t *at = reserve(HEAD + words);
	uint32_t *to = (uint32_t *)(uintptr_t)at;

	memcpy(to + 1, &id, sizeof(id));
	memcpy(to + HEAD, buffer, words * 4);
	atomic_store_explicit(
	    at, first_word(TAG_BATCH, words), memory_order_release);
}

static void
run_batch(unsigned thread, uint64_t n)
{
	size_t length = length_short;
	uint32_t buffer[BATCH * (HEAD + TEXT / 4)], used;

	(void)thread;
	for (uint64_t i = 0; i < n; i += BATCH) {
		used = 0;
		for (int j = 0; j < BATCH; j++) {
			buffer[used] = first_word(1, length);
			fill(buffer + used, i, length);
			used += words_of(length);
			__asm__ volatile("" ::"r"(buffer) : "memory");
		}
		flush(buffer, used, i);
	}
}

const struct entry varnish_entries[] = {
	{ .name = "varnish",
	    .what = "Varnish's scheme*, a record, no time",
	    .batch = 200000,
	    .start = start,
	    .run = run_put },
	{ .name = "varnish-2-threads",
	    .what = "the same*, 2 threads on 2 CPUs, each",
	    .threads = 2,
	    .batch = 1000000,
	    .flags = ENTRY_WAITS,
	    .start = start,
	    .run = run_put },
	{ .name = "varnish-batch",
	    .what = "Varnish's scheme*, batch of 20, no time",
	    .batch = 200000,
	    .start = start,
	    .run = run_batch },
	{ .name = "varnish-batch-2-threads",
	    .what = "the same*, 2 threads on 2 CPUs, each",
	    .threads = 2,
	    .batch = 1000000,
	    .flags = ENTRY_WAITS,
	    .start = start,
	    .run = run_batch },
	{ .name = NULL },
};
