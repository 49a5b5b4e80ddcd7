/*
 * test_lanes.c -- lanes move from place to place while threads take them.
 *
 * What is promised of `users' and the target is ThreadSanitizer's to see: of a
 * place that the joiner may be giving up, nothing is read.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/stream.h"

#define LANES 2
#define THREADS 4
#define MOVES 600000

static struct shmlog_stream *stream;
static _Atomic int done;
static _Atomic uint64_t taken;

static void *
writer(void *arg)
{
	struct lane *lane;

	(void)arg;
	while (!atomic_load_explicit(&done, memory_order_relaxed)) {
		lane = lane_take(stream);
		if (lane == NULL)
			continue;
		atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
		lane_give(lane);
	}
	return NULL;
}

/* As a section of the next daemon's, but all are in the same memory, of which
 * none is unmapped: more of them in the same time. */
static void
move_all(uint64_t created, void *map)
{
	struct place next = { .created = created, .map = map };

	while (lanes_retarget(stream, &next, 0) != 0) {
		lanes_sweep(stream);
		(void)sched_yield();
	}
}

/* Nobody takes one any more: all of them are in the target's place. */
static void
check_users(void)
{
	uint64_t target = number_look(&stream->target);

	lanes_sweep(stream);
	expect_eq(stream->unswept, 0);
	for (uint64_t i = 1; i <= PLACES_MAX; i++)
		expect_eq(number_look(&stream->places[i - 1].users),
		    i == target ? LANES : 0);
}

START_TEST(a_place_that_is_given_up_is_not_looked_at)
{
	struct stream_plan p;
	uint64_t length = stream_plan(&p, LANES, LANE_SIZE_MIN, 4096);
	pthread_t threads[THREADS];
	void *map = unit_zeros(length);

	stream = aligned_alloc(2 * CACHE_LINE, sizeof(*stream));
	expect(stream != NULL);
	memset(stream, 0, sizeof(*stream));
	stream->plan = p;
	lanes_reset(stream);
	for (int i = 0; i < THREADS; i++)
		expect_eq(pthread_create(&threads[i], NULL, writer, NULL), 0);
	for (uint64_t i = 1; i <= MOVES || atomic_load(&taken) < MOVES; i++)
		move_all(i, map);
	atomic_store(&done, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	check_users();
	lanes_reset(stream);
	free(stream);
	free(map);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_place_that_is_given_up_is_not_looked_at,
	};

	return UNIT_RUN("lanes", tests);
}
