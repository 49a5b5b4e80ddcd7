/*
 * test_stream.c -- a stream's header and dictionary, its own and anybody's.
 */
#include "common/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/ring.h"
#include "common/shared.h"
#include "tests/unit/unit.h"

START_TEST(a_planned_stream_passes_the_check)
{
	struct stream_plan p, q;
	uint64_t length;
	void *section;

	for (uint32_t lanes = 1; lanes <= LANES_MAX; lanes++) {
		length = stream_plan(&p, lanes, LANE_SIZE_MIN, 16384 + lanes);
		ck_assert_uint_ne(length, 0);
		ck_assert_uint_eq(length % SEGMENT_PAGE, 0);
		section = unit_zeros(length);
		stream_create(section, &p);
		ck_assert_int_eq(stream_check(section, length, &q), 0);
		ck_assert_uint_eq(q.lanes, lanes);
		ck_assert_uint_eq(q.lane_size, LANE_SIZE_MIN);
		ck_assert_uint_eq(q.lane_offset, p.lane_offset);
		ck_assert_uint_eq(q.lane_stride, p.lane_stride);
		ck_assert_uint_eq(q.dict_offset, p.dict_offset);
		ck_assert_uint_eq(q.dict_size, p.dict_size);
		/* the last lane ends within, and the check holds to a page */
		ck_assert_uint_le(
		    (uint64_t)((uint8_t *)stream_lane(section, &q, lanes) -
			       (uint8_t *)section),
		    length);
		ck_assert_int_eq(
		    stream_check(section, length - SEGMENT_PAGE, &q), -1);
		free(section);
	}
}
END_TEST

START_TEST(what_can_be_no_stream_is_not_planned)
{
	static const struct {
		uint32_t lanes;
		uint64_t lane_size, dict_size;
	} bad[] = {
		{ 0, LANE_SIZE_MIN, 16384 },
		{ LANES_MAX + 1, LANE_SIZE_MIN, 16384 },
		{ 3, LANE_SIZE_MIN / 2, 16384 },
		{ 3, LANE_SIZE_MIN + 64, 16384 },
		{ 3, LANE_SIZE_MAX * 2, 16384 },
		{ 3, 0, 16384 },
		{ 3, LANE_SIZE_MIN, 0 },
		{ 3, LANE_SIZE_MIN, UINT64_C(1) << 33 },
	};
	struct stream_plan p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		ck_assert_uint_eq(stream_plan(&p, bad[i].lanes,
				      bad[i].lane_size, bad[i].dict_size),
		    0);
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

START_TEST(a_header_that_reaches_out_of_its_section_is_refused)
{
	static const struct {
		size_t word;
		uint64_t value;
	} bad[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ 1, LANES_MAX + 1 },
		{ 1, UINT32_MAX },
		{ 2, 4 },
		{ 2, UINT64_MAX },
		{ 2, UINT64_MAX - 7 },
		{ 3, 8 },
		{ 3, UINT64_C(1) << 63 },
		{ 3, UINT64_MAX - 7 },
		{ 3, LANE_SIZE_MIN },
		{ 4, LANE_SIZE_MIN - 1 },
		{ 4, LANE_SIZE_MIN * 2 },
		{ 4, UINT64_C(1) << 63 },
		{ 5, 4 },
		{ 5, UINT64_MAX - 7 },
		{ 6, 8 },
		{ 6, UINT64_MAX },
	};
	struct stream_plan p, q;
	uint64_t length = stream_plan(&p, 3, LANE_SIZE_MIN, 16384);
	uint64_t *section = unit_zeros(length);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		stream_create(section, &p);
		ck_assert_int_eq(stream_check(section, length, &q), 0);
		section[bad[i].word] = bad[i].value;
		ck_assert_msg(stream_check(section, length, &q) == -1,
		    "word %zu = %jx", bad[i].word, (uintmax_t)bad[i].value);
	}
	stream_create(section, &p);
	for (uint64_t n = 0; n < sizeof(struct stream_header); n++)
		ck_assert_int_eq(stream_check(section, n, &q), -1);
	free(section);
}
END_TEST

static int
lies_in(uint64_t offset, uint64_t n, uint64_t length)
{
	return offset <= length && n <= length - offset;
}

START_TEST(whatever_passes_the_check_lies_in_the_section)
{
	struct unit_random r = { 20 };
	struct stream_plan p, q;
	uint64_t length = stream_plan(&p, 2, LANE_SIZE_MIN, 4096), good = 0;
	uint64_t *section = unit_zeros(length), v;

	for (int i = 0; i < UNIT_TIMES(200000); i++) {
		stream_create(section, &p);
		for (uint64_t n = 1 + unit_below(&r, 3); n > 0; n--) {
			unit_rubbish(&r, &v, sizeof(v));
			section[1 + unit_below(&r, 6)] =
			    unit_below(&r, 2) == 0 ? v : v % (2 * length);
		}
		if (stream_check(section, length, &q) != 0)
			continue;
		good++;
		expect(q.lanes >= 1 && q.lanes <= LANES_MAX);
		for (uint32_t lane = 0; lane < q.lanes; lane++)
			expect(lies_in(q.lane_offset + lane * q.lane_stride,
			    sizeof(struct lane_header) + q.lane_size, length));
		expect(lies_in(q.dict_offset, q.dict_size, length));
		expect(q.dict_offset % 8 == 0 && q.lane_offset % 8 == 0);
	}
	ck_assert_uint_gt(good, 0);
	free(section);
}
END_TEST

START_TEST(names_come_out_of_the_dictionary_as_they_went_in)
{
	struct stream_plan p;
	uint64_t length = stream_plan(&p, 1, LANE_SIZE_MIN, 16384), used = 0;
	void *section = unit_zeros(length);
	uint64_t offset = 0, seen = 0;
	struct dict_item item;
	char name[TAG_NAME_MAX];
	uint32_t id;

	stream_create(section, &p);
	ck_assert_int_eq(dict_next(section, &p, &offset, &item), 0);
	for (id = 1; id < 1000; id++) {
		memset(name, 'a' + (int)(id % 26), sizeof(name));
		if (dict_add(section, &p, &used, DICT_TAG, id, name,
			1 + id % 63) != 0)
			break;
		/* a reader that follows sees each as it comes */
		ck_assert_int_eq(dict_next(section, &p, &offset, &item), 1);
		ck_assert_int_eq(item.kind, DICT_TAG);
		ck_assert_uint_eq(item.id, id);
		ck_assert_uint_eq(item.length, 1 + id % 63);
		ck_assert_int_eq(memcmp(item.text, name, item.length), 0);
		ck_assert_int_eq(dict_next(section, &p, &offset, &item), 0);
	}
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_gt(id, 200);
	ck_assert_uint_le(used, p.dict_size - sizeof(struct dict_header));
	/* full is full, and spoils nothing */
	for (offset = 0; dict_next(section, &p, &offset, &item) == 1; seen++)
		continue;
	ck_assert_uint_eq(seen, id - 1);
	free(section);
}
END_TEST

START_TEST(a_dictionary_of_rubbish_is_survived)
{
	struct unit_random r = { 21 };
	struct stream_plan p;
	struct dict_item item;
	uint64_t length, offset, steps, commit;
	uint8_t *section, *end;
	int result;

	length = stream_plan(&p, 1, LANE_SIZE_MIN, 4096);
	section = unit_zeros(length);
	/* as if it were the last thing in the section */
	p.dict_offset = length - p.dict_size;
	end = section + length;
	for (int i = 0; i < UNIT_TIMES(20000); i++) {
		unit_rubbish(&r, section + p.dict_offset, p.dict_size);
		commit = unit_below(&r, p.dict_size + 64);
		if (i % 4 != 0)
			memcpy(section + p.dict_offset, &commit, 8);
		offset = steps = 0;
		while ((result = dict_next(section, &p, &offset, &item)) == 1) {
			expect(item.text >= (char *)section);
			expect(item.text + item.length <= (char *)end);
			expect(steps++ < p.dict_size / 16);
		}
		expect(result == 0 || result == -1);
	}
	free(section);
}
END_TEST

START_TEST(a_commit_that_goes_back_is_no_more_believed)
{
	struct stream_plan p;
	uint64_t length = stream_plan(&p, 1, LANE_SIZE_MIN, 4096), used = 0;
	void *section = unit_zeros(length);
	struct dict_item item;
	uint64_t offset = 0;

	stream_create(section, &p);
	ck_assert_int_eq(
	    dict_add(section, &p, &used, DICT_TAG, 1, "one", 3), 0);
	ck_assert_int_eq(
	    dict_add(section, &p, &used, DICT_TAG, 2, "two", 3), 0);
	ck_assert_int_eq(dict_next(section, &p, &offset, &item), 1);
	shared_store((uint8_t *)section + p.dict_offset, 8);
	ck_assert_int_eq(dict_next(section, &p, &offset, &item), -1);
	free(section);
}
END_TEST

START_TEST(lanes_do_not_overlap)
{
	struct stream_plan p;
	uint64_t length = stream_plan(&p, 4, LANE_SIZE_MIN, 4096), n;
	void *section = unit_zeros(length);
	struct ring_writer w[4];
	struct ring_reader r;
	struct record record = { .length = 64 };
	char payload[64];

	stream_create(section, &p);
	for (uint32_t i = 0; i < 4; i++)
		ring_create(&w[i], stream_lane(section, &p, i), p.lane_size, 0);
	for (int i = 0; i < 5000; i++) {
		memset(payload, i, sizeof(payload));
		ring_append(&w[i % 3], &record, payload);
	}
	for (uint32_t i = 0; i < 4; i++) {
		ring_reader_init(&r, stream_lane(section, &p, i), p.lane_size);
		ck_assert_int_eq(ring_count(&r, &n), RING_DATA);
		ck_assert_uint_eq(n, i == 3 ? 0 : (5000 + 2 - i) / 3);
	}
	ck_assert_int_eq(stream_check(section, length, &p), 0);
	free(section);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_planned_stream_passes_the_check,
		what_can_be_no_stream_is_not_planned,
		a_header_that_reaches_out_of_its_section_is_refused,
		whatever_passes_the_check_lies_in_the_section,
		names_come_out_of_the_dictionary_as_they_went_in,
		a_dictionary_of_rubbish_is_survived,
		a_commit_that_goes_back_is_no_more_believed,
		lanes_do_not_overlap,
	};

	return UNIT_RUN("stream", tests);
}
