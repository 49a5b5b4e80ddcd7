/*
 * test_ring.c -- a lane with a writer and a reader that keep the rules.
 */
#include <stdlib.h>
#include <string.h>

#include "common/shared.h"
#include "tests/unit/lane.h"

#define SIZE LANE_SIZE_MIN
#define BLOCK (SIZE / LANE_BLOCKS)

/* Where positions may begin: also so that they pass 2^32, 2^63 and 2^64. */
static const uint64_t starts[] = {
	0,
	(UINT64_C(1) << 32) - SIZE,
	(UINT64_C(1) << 63) - 2 * SIZE,
	UINT64_C(0) - SIZE,
	UINT64_C(0) - 5 * SIZE,
};

#define STARTS (int)(sizeof(starts) / sizeof(starts[0]))

static uint64_t
random_length(struct unit_random *r)
{
	uint64_t most = ring_record_max(SIZE) - sizeof(struct record);

	return unit_below(r, 16) == 0 ? unit_below(r, most + 1)
				      : unit_below(r, 200);
}

START_TEST(a_record_of_any_length_is_read_back_whole)
{
	uint64_t most = ring_record_max(SIZE) - sizeof(struct record);
	struct lane l;

	lane_begin(&l, SIZE, 0);
	expect_eq(lane_step(&l), RING_EMPTY);
	for (uint64_t n = 0; n <= most;
	     n += n < 100 || n > most - 20 ? 1 : 97) {
		lane_put(&l, n);
		expect_eq(lane_drain(&l), RING_EMPTY);
		expect_eq(l.read, l.written);
	}
	expect_eq(l.lost, 0);
	lane_end(&l);
}
END_TEST

START_TEST(a_record_without_payload_is_one)
{
	struct record r = { .length = sizeof(r), .tag = 7 };
	struct ring_record got;
	size_t length, offset = 0;
	struct lane l;

	lane_begin(&l, SIZE, 0);
	ring_append(&l.w, &r, "");
	expect_eq(ring_read(&l.r, l.copy, RECORD_MAX, &length), RING_DATA);
	expect_eq(ring_next(l.copy, length, &offset, &got), RING_RECORD);
	expect_eq(got.length, 0);
	expect_eq(got.head.tag, 7);
	expect_eq(ring_next(l.copy, length, &offset, &got), RING_PART);
	lane_end(&l);
}
END_TEST

START_TEST(a_reader_that_keeps_up_loses_nothing)
{
	struct unit_random r = { 1 };
	struct lane l;

	for (int s = 0; s < STARTS; s++) {
		lane_begin(&l, SIZE, starts[s]);
		while (l.w.commit - starts[s] < 20 * SIZE) {
			lane_put(&l, random_length(&r));
			if (unit_below(&r, 20) == 0 ||
			    l.w.commit - l.r.pos > SIZE / 4)
				expect_eq(lane_drain(&l), RING_EMPTY);
		}
		expect_eq(lane_drain(&l), RING_EMPTY);
		expect_eq(l.read, l.written);
		expect_eq(l.lost, 0);
		lane_end(&l);
	}
}
END_TEST

START_TEST(a_record_fits_before_the_end_or_begins_behind_it)
{
	struct lane l;

	for (uint64_t gap = 32; gap <= 256; gap += 8) {
		for (uint64_t n = gap - 24; n <= gap + 8; n++) {
			if (n < 32)
				continue;
			lane_begin(&l, SIZE, 0);
			while (l.w.commit + 2048 < SIZE)
				lane_put(&l, 1000);
			while (l.w.commit + gap + 64 <= SIZE)
				lane_put(&l, 8);
			if (l.w.commit + gap != SIZE)
				lane_put(&l, SIZE - gap - l.w.commit - 24);
			expect_eq(l.w.commit, SIZE - gap);
			expect_eq(lane_drain(&l), RING_EMPTY);
			lane_put(&l, n - 24);
			expect_eq(l.w.commit, n <= gap
						  ? SIZE - gap + round_up(n, 8)
						  : SIZE + round_up(n, 8));
			lane_put(&l, 8);
			expect_eq(lane_drain(&l), RING_EMPTY);
			expect_eq(l.read, l.written);
			lane_end(&l);
		}
	}
}
END_TEST

START_TEST(a_copy_may_end_within_padding)
{
	uint64_t size = 1 << 20, one = 3 * BLOCK * 16;
	struct lane l;

	lane_begin(&l, size, 0);
	for (int i = 0; i < 5000; i++) {
		lane_put(&l, i % 16 == 0 ? one : 100 + (uint64_t)i % 900);
		if (l.w.commit - l.r.pos > size / 2)
			expect_eq(lane_drain(&l), RING_EMPTY);
	}
	expect_eq(lane_drain(&l), RING_EMPTY);
	expect_eq(l.read, l.written);
	expect(l.padded > 0);
	lane_end(&l);
}
END_TEST

START_TEST(a_lapped_reader_counts_to_the_unit)
{
	struct unit_random r = { 2 };
	uint64_t pause;
	struct lane l;

	for (int s = 0; s < STARTS; s++) {
		lane_begin(&l, SIZE, starts[s]);
		for (int turn = 0; turn < UNIT_TIMES(200); turn++) {
			pause = unit_below(&r, 4 * SIZE);
			for (uint64_t to = l.w.commit + pause;
			     (int64_t)(l.w.commit - to) < 0;)
				lane_put(&l, random_length(&r));
			expect_eq(lane_drain(&l), RING_EMPTY);
			expect_eq(l.read + l.lost, l.written);
			expect_eq(l.r.number, l.written);
			expect_eq(l.r.pos, l.w.commit);
		}
		expect(l.lost > 0);
		expect(l.read > 0);
		lane_end(&l);
	}
}
END_TEST

START_TEST(a_lapped_reader_sits_down_a_quarter_ahead)
{
	uint64_t lost = 0;
	struct lane l;

	lane_begin(&l, SIZE, 0);
	while (l.w.commit < 3 * SIZE)
		lane_put(&l, 40);
	expect_eq(ring_reseat(&l.r, &lost), RING_DATA);
	expect(l.r.pos - (l.w.claim - SIZE) >= SIZE / 4);
	expect(l.r.pos - (l.w.claim - SIZE) < SIZE / 4 + 2 * BLOCK);
	expect_eq(lost, l.r.number);
	expect_eq(lost, l.r.pos / 64);
	lane_end(&l);
}
END_TEST

START_TEST(long_records_that_span_blocks_are_found_again)
{
	uint64_t most = ring_record_max(SIZE) - sizeof(struct record);
	struct lane l;

	/* blocks in which no record begins have old entries, or none */
	for (uint64_t n = 3 * BLOCK; n <= most; n += 1016) {
		lane_begin(&l, SIZE, 0);
		for (int i = 0; i < 40; i++)
			lane_put(&l, n);
		expect_eq(lane_drain(&l), RING_EMPTY);
		expect_eq(l.read + l.lost, 40);
		expect(l.read >= 1);
		lane_end(&l);
	}
}
END_TEST

START_TEST(a_batch_is_read_as_its_records)
{
	struct unit_random r = { 3 };
	uint64_t *batch = unit_zeros(SIZE / 4), length, one, n;
	struct lane l;

	for (int s = 0; s < STARTS; s++) {
		lane_begin(&l, SIZE, starts[s]);
		for (int turn = 0; turn < 500; turn++) {
			length = n = 0;
			do {
				one = lane_batch_put(&l, batch + length / 8,
				    unit_below(&r, 150));
				length += one;
				n++;
			} while (length < SIZE / 4 - 200 &&
				 unit_below(&r, turn % 2 == 0 ? 100 : 4) != 0);
			ring_append_batch(&l.w, batch, length, n);
			if (unit_below(&r, 3) == 0)
				lane_put(&l, unit_below(&r, 100));
			if (unit_below(&r, 6) != 0)
				continue;
			expect_eq(lane_drain(&l), RING_EMPTY);
			expect_eq(l.read + l.lost, l.written);
		}
		expect(l.read > 0);
		lane_end(&l);
	}
	free(batch);
}
END_TEST

START_TEST(a_batch_is_seen_whole_or_not_at_all)
{
	uint64_t *batch = unit_zeros(SIZE / 4), length = 0;
	struct lane l;

	lane_begin(&l, SIZE, 0);
	/* up to shortly before the end: the batch does not fit there */
	while (l.w.commit < SIZE - 1024)
		lane_put(&l, 40);
	expect_eq(lane_drain(&l), RING_EMPTY);
	for (int i = 0; i < 100; i++)
		length += lane_batch_put(&l, batch + length / 8, 40);
	ring_append_batch(&l.w, batch, length, 100);
	expect_eq(l.w.commit, SIZE + length);
	expect_eq(lane_drain(&l), RING_EMPTY);
	expect_eq(l.read, l.written);
	lane_end(&l);
	free(batch);
}
END_TEST

START_TEST(what_was_cut_is_marked)
{
	struct record r = { .length = 32, .flags = RECORD_CUT };
	uint64_t batch[8] = { 0 };
	struct ring_record got;
	size_t length, offset = 0;
	struct lane l;

	lane_begin(&l, SIZE, 0);
	ring_append(&l.w, &r, "12345678");
	memcpy(batch, &r, sizeof(r));
	r.flags = 0;
	memcpy(batch + 4, &r, sizeof(r));
	ring_append_batch(&l.w, batch, sizeof(batch), 2);
	expect_eq(ring_read(&l.r, l.copy, RECORD_MAX, &length), RING_DATA);
	for (int i = 0; i < 3; i++) {
		expect_eq(
		    ring_next(l.copy, length, &offset, &got), RING_RECORD);
		expect_eq(got.head.flags, i < 2 ? RECORD_CUT : 0);
	}
	lane_end(&l);
}
END_TEST

START_TEST(a_lane_knows_its_number_of_records)
{
	struct unit_random r = { 4 };
	struct ring_reader seat;
	uint64_t n;
	struct lane l;

	for (int s = 0; s < STARTS; s++) {
		lane_begin(&l, SIZE, starts[s]);
		for (int turn = 0; turn < UNIT_TIMES(3000); turn++) {
			expect_eq(ring_count(&l.r, &n), RING_DATA);
			expect_eq(n, l.written);
			ring_reader_init(&seat, l.memory, SIZE);
			expect_eq(ring_seat_end(&seat), RING_DATA);
			expect_eq(seat.number, l.written);
			expect_eq(seat.pos, l.w.commit);
			lane_put(&l, random_length(&r));
		}
		expect_eq(shared_load(&l.w.head->records), l.written);
		lane_end(&l);
	}
}
END_TEST

START_TEST(the_oldest_record_is_found_at_any_time)
{
	struct unit_random r = { 5 };
	struct lane l;

	for (int s = 0; s < STARTS; s++) {
		lane_begin(&l, SIZE, starts[s]);
		expect_eq(ring_seat_oldest(&l.r), RING_EMPTY);
		for (int turn = 0; turn < UNIT_TIMES(2000); turn++) {
			lane_put(&l, random_length(&r));
			ring_reader_init(&l.r, l.memory, SIZE);
			expect_eq(ring_seat_oldest(&l.r), RING_DATA);
			l.read = 0;
			l.lost = l.r.number;
			if (l.w.claim - starts[s] <= SIZE)
				expect_eq(l.lost, 0);
			expect_eq(lane_drain(&l), RING_EMPTY);
			expect_eq(l.read + l.lost, l.written);
			expect(l.read > 0);
		}
		lane_end(&l);
	}
}
END_TEST

START_TEST(what_was_not_committed_is_not_there)
{
	struct lane l;
	size_t length;

	/* a writer killed in mid-append: claimed, written, not committed */
	lane_begin(&l, SIZE, 0);
	while (l.w.commit < 2 * SIZE - 4 * BLOCK)
		lane_put(&l, 40);
	expect_eq(lane_drain(&l), RING_EMPTY);
	l.read = 0;
	ring_reader_init(&l.r, l.memory, SIZE);
	expect_eq(ring_seat_oldest(&l.r), RING_DATA);
	l.lost = l.r.number;
	shared_store(&l.w.head->claim, l.w.claim + BLOCK);
	memset(l.w.data + l.w.commit % SIZE, 0xee, BLOCK);
	/* the block that the claim covers is gone, the rest is as it was */
	expect_eq(ring_read(&l.r, l.copy, RECORD_MAX, &length), RING_LAPPED);
	expect_eq(lane_drain(&l), RING_EMPTY);
	expect_eq(l.read + l.lost, l.written);
	expect_eq(ring_count(&l.r, &l.lost), RING_DATA);
	expect_eq(l.lost, l.written);
	lane_end(&l);
}
END_TEST

START_TEST(the_claim_is_ahead_of_what_is_overwritten)
{
	struct lane l;

	lane_begin(&l, SIZE, 0);
	for (int i = 0; i < 5000; i++) {
		lane_put(&l, 40);
		expect_eq(shared_load(&l.w.head->claim), l.w.claim);
		expect_eq(l.w.claim % BLOCK, 0);
		expect(l.w.claim >= l.w.commit);
	}
	lane_end(&l);
}
END_TEST

START_TEST(a_lane_names_the_one_it_goes_on_for)
{
	const struct ring_pred pred = { 11, 22, 3, 44, 55 };
	struct ring_pred got;
	struct lane l;

	lane_begin(&l, SIZE, 0);
	ring_set_pred(&l.w, &pred);
	expect_eq(shared_load(&l.w.head->pred_created), 11);
	expect_eq(shared_load(&l.w.head->pred_serial), 22);
	expect_eq(shared_load(&l.w.head->pred_lane), 3);
	expect_eq(shared_load(&l.w.head->pred_records), 44);
	expect_eq(shared_load(&l.w.head->pred_total), 55);
	ring_load_pred(&l.r, &got);
	expect(memcmp(&got, &pred, sizeof(got)) == 0);
	lane_end(&l);
}
END_TEST

START_TEST(the_longest_record_is_a_quarter_of_a_small_lane)
{
	expect_eq(ring_record_max(LANE_SIZE_MIN), LANE_SIZE_MIN / 4);
	expect_eq(ring_record_max(256 << 10), RECORD_MAX);
	expect_eq(ring_record_max(LANE_SIZE_MAX), RECORD_MAX);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_record_of_any_length_is_read_back_whole,
		a_record_without_payload_is_one,
		a_reader_that_keeps_up_loses_nothing,
		a_record_fits_before_the_end_or_begins_behind_it,
		a_copy_may_end_within_padding,
		a_lapped_reader_counts_to_the_unit,
		a_lapped_reader_sits_down_a_quarter_ahead,
		long_records_that_span_blocks_are_found_again,
		a_batch_is_read_as_its_records,
		a_batch_is_seen_whole_or_not_at_all,
		what_was_cut_is_marked,
		a_lane_knows_its_number_of_records,
		the_oldest_record_is_found_at_any_time,
		what_was_not_committed_is_not_there,
		the_claim_is_ahead_of_what_is_overwritten,
		a_lane_names_the_one_it_goes_on_for,
		the_longest_record_is_a_quarter_of_a_small_lane,
	};

	return UNIT_RUN("ring", tests);
}
