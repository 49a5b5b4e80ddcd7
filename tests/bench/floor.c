/*
 * floor.c -- the floor, and what single instructions cost.
 *
 * The length is told at run time, as it is to any log: memcpy is called.
 */
#include <sys/mman.h>

#include <inttypes.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

#include "tests/bench/bench.h"

#define RING (UINT64_C(16) << 20)
#define RINGS 2 /* a thread each */

struct header {
	uint64_t length_tag_level;
	uint64_t id;
	uint64_t cycles;
};

static uint8_t *rings[RINGS];
static uint64_t at[RINGS][32]; /* apart from each other */
static uint64_t words[2][32];
static volatile uint32_t length_short = TEXT, length_long = LONG_TEXT;

static inline uint64_t
cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __rdtsc();
#elif defined(__aarch64__)
	uint64_t n;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(n));
	return n;
#else
	return clock_now();
#endif
}

static int
floor_start(char why[WHY_MAX])
{
	for (int i = 0; i < RINGS; i++) {
		if (rings[i] != NULL)
			continue;
		rings[i] = mmap(NULL, RING, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (rings[i] == MAP_FAILED) {
			rings[i] = NULL;
			return why_not(why, "no memory");
		}
		memset(rings[i], 1, RING);
	}
	return 0;
}

static inline void
floor_put(uint8_t *ring, uint64_t *where, uint64_t id, uint32_t length)
{
	uint32_t size = (uint32_t)(sizeof(struct header) + length + 7) & ~7u;
	uint64_t to = *where;
	struct header h;

	if (to + size > RING)
		to = 0;
	h.cycles = cycles();
	h.length_tag_level = length | UINT64_C(6) << 56;
	h.id = id;
	memcpy(ring + to, &h, sizeof(h));
	memcpy(ring + to + sizeof(h), bench_text, length);
	*where = to + size;
}

static void
floor_run(unsigned thread, uint64_t n, uint32_t length)
{
	for (uint64_t i = 0; i < n; i++) {
		floor_put(rings[thread], &at[thread][0], i, length);
		__asm__ volatile("" ::: "memory");
	}
}

static void
run_short(unsigned thread, uint64_t n)
{
	floor_run(thread, n, length_short);
}

static void
run_long(unsigned thread, uint64_t n)
{
	floor_run(thread, n, length_long);
}

static void
run_plain(unsigned thread, uint64_t n)
{
	uint64_t *w = &words[thread][0];

	for (uint64_t i = 0; i < n; i++) {
		++*w;
		__asm__ volatile("" ::: "memory");
	}
}

static void
run_lock(unsigned thread, uint64_t n)
{
	uint64_t *w = &words[thread][0];

	for (uint64_t i = 0; i < n; i++)
		(void)__atomic_fetch_add(w, 1, __ATOMIC_RELAXED);
}

static void
run_lock_shared(unsigned thread, uint64_t n)
{
	(void)thread;
	run_lock(0, n);
}

static void
run_snprintf(unsigned thread, uint64_t n)
{
	char out[128];

	(void)thread;
	for (uint64_t i = 0; i < n; i++) {
		(void)snprintf(out, sizeof(out),
		    "id=%" PRIu64 " status=%" PRIu32 " text=%.64s", i,
		    (uint32_t)i, bench_text);
		__asm__ volatile("" ::"r"(out) : "memory");
	}
}

const struct entry floor_entries[] = {
	{ .name = "floor-64",
	    .what = "the floor, 64 B",
	    .batch = 200000,
	    .flags = ENTRY_FLOOR,
	    .start = floor_start,
	    .run = run_short },
	{ .name = "floor-200",
	    .what = "the floor, 200 B",
	    .batch = 200000,
	    .floor = LONG_TEXT,
	    .flags = ENTRY_FLOOR,
	    .start = floor_start,
	    .run = run_long },
	{ .name = "floor-2-threads",
	    .what = "the floor on 2 threads, a ring each",
	    .threads = 2,
	    .batch = 200000,
	    .start = floor_start,
	    .run = run_short },
	{ .name = "add",
	    .what = "add to a word",
	    .batch = 1000000,
	    .run = run_plain },
	{ .name = "add-lock",
	    .what = "lock add, nobody else's",
	    .batch = 1000000,
	    .run = run_lock },
	{ .name = "add-lock-2-threads",
	    .what = "lock add, 2 threads on one word",
	    .threads = 2,
	    .batch = 200000,
	    .run = run_lock_shared },
	{ .name = "snprintf",
	    .what = "snprintf of u64, u32, 64 B string",
	    .batch = 10000,
	    .run = run_snprintf },
	{ .name = NULL },
};
