/*
 * test_ring_corrupt.c -- a lane that anybody may have scribbled on.
 *
 * What is asked for is little: no read outside of the lane or of the copy (run
 * it with SAN=address,undefined), no endless loop, and that a reader finds good
 * records behind bad ones and knows how many it missed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/shared.h"
#include "tests/unit/lane.h"

#define SIZE LANE_SIZE_MIN
#define BLOCK (SIZE / LANE_BLOCKS)

#define COPY_WORDS 512

/* A step moves on by 8 bytes at least, a seat by a block. */
#define STEPS_MAX (SIZE / 8 + 4 * LANE_BLOCKS)

/* Reads a copy to its end, in memory of exactly its length. */
static enum ring_step
read_copy(const uint64_t *copy, size_t length, size_t *offset, uint64_t *n)
{
	char *exact = malloc(length), *end = exact + length;
	struct ring_record r;
	enum ring_step step;

	expect(exact != NULL);
	memcpy(exact, copy, length);
	while ((step = ring_next(exact, length, offset, &r)) == RING_RECORD) {
		expect(r.payload >= exact && r.payload <= end);
		expect(r.length <= (size_t)(end - r.payload));
		(*n)++;
	}
	free(exact);
	return step;
}

static enum ring_result
read_step(struct ring_reader *r, uint64_t *copy, uint64_t *lost)
{
	enum ring_result result;
	enum ring_step step;
	size_t length = 0, offset = 0;
	uint64_t n = 0;

	result = ring_read(r, copy, RECORD_MAX, &length);
	if (result == RING_EMPTY)
		return result;
	if (result == RING_LAPPED)
		return ring_reseat(r, lost);
	if (result == RING_CORRUPT)
		return ring_skip(r, lost);
	expect(length <= RECORD_MAX);
	step = read_copy(copy, length, &offset, &n);
	ring_advance(r, offset, n);
	return step == RING_BAD || offset == 0 ? ring_skip(r, lost) : result;
}

/* Everything that a reader may ask of a lane ends. */
static void
ask_all(struct lane *l)
{
	struct ring_reader r;
	uint64_t steps = 0, lost = 0, n;

	ring_reader_init(&r, l->memory, SIZE);
	while (read_step(&r, l->copy, &lost) == RING_DATA)
		expect(steps++ < STEPS_MAX);
	ring_reader_init(&r, l->memory, SIZE);
	(void)ring_count(&r, &n);
	(void)ring_seat_end(&r);
	if (ring_seat_oldest(&r) == RING_DATA)
		for (steps = 0; read_step(&r, l->copy, &lost) == RING_DATA;)
			expect(steps++ < STEPS_MAX);
}

START_TEST(a_lane_of_rubbish_is_survived)
{
	struct unit_random r = { 10 };
	struct lane l;

	lane_begin(&l, SIZE, 0);
	for (int seed = 0; seed < UNIT_TIMES(1500); seed++) {
		unit_rubbish(&r, l.memory, sizeof(struct lane_header));
		unit_rubbish(&r, l.w.data, SIZE);
		ask_all(&l);
	}
	lane_end(&l);
}
END_TEST

/* Puts a number where one of the kind may stand. */
static void
scribble(struct unit_random *r, struct lane *l)
{
	uint64_t words = (sizeof(struct lane_header) + SIZE) / 8;
	uint64_t at = unit_below(r, 3), v;

	unit_rubbish(r, &v, sizeof(v));
	if (unit_below(r, 2) == 0)
		v = (l->w.commit + v % (4 * SIZE) - 2 * SIZE) & ~UINT64_C(7);
	if (at == 0)
		at = unit_below(r, 16);
	else if (at == 1)
		at = 16 + unit_below(r, 2 * LANE_BLOCKS);
	else
		at = unit_below(r, words);
	shared_store((uint64_t *)l->memory + at, v);
}

START_TEST(a_lane_that_was_scribbled_on_is_survived)
{
	struct unit_random r = { 11 };
	struct lane l;

	for (int seed = 0; seed < UNIT_TIMES(800); seed++) {
		lane_begin(&l, SIZE, seed % 3 == 0 ? 0 : 0 - SIZE);
		for (uint64_t n = unit_below(&r, 2000); n > 0; n--)
			lane_put(&l, unit_below(&r, 100));
		for (uint64_t n = unit_below(&r, 20); n > 0; n--) {
			scribble(&r, &l);
			ask_all(&l);
		}
		lane_end(&l);
	}
}
END_TEST

/* The position of the first record that begins at or after pos, in records of
 * 64 bytes. */
static void
spoil(struct lane *l, uint64_t pos, uint64_t head)
{
	shared_store(l->w.data + round_up(pos, 64) % SIZE, head);
}

START_TEST(records_behind_a_bad_one_are_found_and_the_loss_is_exact)
{
	static const uint64_t heads[] = {
		0,
		1,
		23,
		UINT32_MAX,
		RECORD_MAX + 1,
		(uint64_t)RECORD_PAD << 56 | 4,
		(uint64_t)RECORD_PAD << 56 | 12,
	};
	struct lane l;

	for (size_t h = 0; h < sizeof(heads) / sizeof(heads[0]); h++) {
		lane_begin(&l, SIZE, 0);
		while (l.w.commit < SIZE - 2 * BLOCK)
			lane_put(&l, 40);
		spoil(&l, 5 * BLOCK + 256, heads[h]);
		spoil(&l, 20 * BLOCK, heads[h]);
		expect_eq(lane_drain(&l), RING_EMPTY);
		expect_eq(l.read + l.lost, l.written);
		expect_eq(l.lost, (BLOCK - 256) / 64 + BLOCK / 64);
		lane_end(&l);
	}
}
END_TEST

START_TEST(a_lane_that_ends_in_rubbish_is_read_on_afterwards)
{
	struct lane l;

	lane_begin(&l, SIZE, 0);
	while (l.w.commit < 10 * BLOCK)
		lane_put(&l, 40);
	spoil(&l, 9 * BLOCK + 64, 3);
	/* no seat behind it yet: what the writer says has to do */
	expect_eq(lane_drain(&l), RING_EMPTY);
	expect_eq(l.read + l.lost, l.written);
	for (int i = 0; i < 100; i++)
		lane_put(&l, 40);
	expect_eq(lane_drain(&l), RING_EMPTY);
	expect_eq(l.read + l.lost, l.written);
	expect_eq(l.lost, BLOCK / 64 - 1);
	lane_end(&l);
}
END_TEST

START_TEST(a_copy_of_rubbish_is_not_left)
{
	struct unit_random r = { 12 };
	uint64_t copy[COPY_WORDS];
	size_t offset;
	uint64_t n;

	for (int seed = 0; seed < UNIT_TIMES(20000); seed++) {
		unit_rubbish(&r, copy, sizeof(copy));
		offset = n = 0;
		(void)read_copy(
		    copy, 8 * (1 + unit_below(&r, COPY_WORDS)), &offset, &n);
		expect(n <= COPY_WORDS / 3);
	}
}
END_TEST

struct scribbler {
	struct lane *lane;
	uint64_t stop;
};

static void *
scribble_on(void *arg)
{
	struct scribbler *s = arg;
	struct unit_random r = { 13 };

	while (shared_load(&s->stop) == 0)
		scribble(&r, s->lane);
	return NULL;
}

START_TEST(a_lane_that_somebody_is_scribbling_on_is_survived)
{
	struct timespec begun, now;
	struct lane l;
	struct scribbler s = { .lane = &l };
	pthread_t thread;
	struct ring_reader r;
	uint64_t lost = 0, n;

	lane_begin(&l, SIZE, 0);
	while (l.w.commit < 2 * SIZE)
		lane_put(&l, 40);
	expect_eq(pthread_create(&thread, NULL, scribble_on, &s), 0);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	do {
		ring_reader_init(&r, l.memory, SIZE);
		(void)ring_seat_oldest(&r);
		for (int i = 0; i < 100; i++)
			if (read_step(&r, l.copy, &lost) != RING_DATA)
				break;
		(void)ring_count(&r, &n);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begun.tv_sec < 1);
	shared_store(&s.stop, 1);
	pthread_join(thread, NULL);
	lane_end(&l);
}
END_TEST

#define HUGE_SIZE (UINT64_C(64) << 20)

struct huge {
	struct lane_header *head;
	uint64_t stop;
};

/* Claims the whole ring again and again, and takes it back. */
static void *
claim_all(void *arg)
{
	struct huge *h = arg;

	while (shared_load(&h->stop) == 0) {
		shared_store(&h->head->claim, 3 * HUGE_SIZE);
		for (int i = 0; i < 200; i++)
			(void)shared_load(&h->head->claim);
		shared_store(&h->head->claim, HUGE_SIZE);
		for (int i = 0; i < 2000; i++)
			(void)shared_load(&h->head->claim);
	}
	return NULL;
}

/*
 * A lane without an index but for one entry, so that what is behind it could be
 * counted for long: padding of 8 bytes each.  Somebody plays a writer who is
 * always faster than that.
 */
START_TEST(a_writer_that_is_always_faster_holds_up_nobody)
{
	static const uint64_t firsts[] = { HUGE_SIZE / 64,
		HUGE_SIZE - HUGE_SIZE / 64 };
	struct record filler = { .length = 8, .flags = RECORD_PAD };
	uint64_t *data, lost = 0, n;
	struct lane_index *index;
	struct timespec from, to;
	struct ring_reader r;
	struct huge h = { NULL, 0 };
	pthread_t thread;

	h.head = unit_zeros(sizeof(*h.head) + HUGE_SIZE);
	data = (uint64_t *)(h.head + 1);
	for (uint64_t i = 0; i < HUGE_SIZE / 8; i++)
		memcpy(&data[i], &filler, 8);
	shared_store(&h.head->commit, HUGE_SIZE);
	for (size_t i = 0; i < LANE_BLOCKS; i++)
		shared_store(&h.head->index[i].first, 1);
	shared_store(&h.head->claim, HUGE_SIZE);
	/* behind a block's first record there is no more than a block and a
	 * record: what says otherwise is not walked over */
	ring_reader_init(&r, h.head, HUGE_SIZE);
	index = &h.head->index[1];
	shared_store(&index->first, firsts[0]);
	expect_eq(ring_count(&r, &n), RING_CORRUPT);
	index = &h.head->index[LANE_BLOCKS - 1];
	shared_store(&index->first, firsts[1]);
	expect_eq(ring_count(&r, &n), RING_DATA);
	shared_store(&index->first, 1);
	expect(pthread_create(&thread, NULL, claim_all, &h) == 0);
	for (size_t i = 0; i < 2; i++) {
		index = &h.head->index[firsts[i] / (HUGE_SIZE / LANE_BLOCKS)];
		shared_store(&index->first, firsts[i]);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		ring_reader_init(&r, h.head, HUGE_SIZE);
		(void)ring_seat_oldest(&r);
		(void)ring_seat_end(&r);
		(void)ring_count(&r, &n);
		ring_reader_init(&r, h.head, HUGE_SIZE);
		(void)ring_reseat(&r, &lost);
		ring_reader_init(&r, h.head, HUGE_SIZE);
		(void)ring_skip(&r, &lost);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		expect((to.tv_sec - from.tv_sec) * 1000 +
			   (to.tv_nsec - from.tv_nsec) / 1000000 <
		       500 * 20 / UNIT_TIMES(20));
	}
	shared_store(&h.stop, 1);
	pthread_join(thread, NULL);
	free(h.head);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_lane_of_rubbish_is_survived,
		a_lane_that_was_scribbled_on_is_survived,
		records_behind_a_bad_one_are_found_and_the_loss_is_exact,
		a_lane_that_ends_in_rubbish_is_read_on_afterwards,
		a_copy_of_rubbish_is_not_left,
		a_lane_that_somebody_is_scribbling_on_is_survived,
		a_writer_that_is_always_faster_holds_up_nobody,
	};

	return UNIT_RUN("ring_corrupt", tests);
}
