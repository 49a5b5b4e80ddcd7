/*
 * test_capture.c -- what is written to a capture is read from it, whatever
 * happened to the file in between is told, and no bytes do any harm.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/format.h"
#include "readers/capture_block.h"
#include "tests/unit/album.h"

#define HEAD sizeof(struct capture_block)
#define FILE_HEAD sizeof(struct capture_header)

static struct album a;
static struct reading r;
static char large[CAPTURE_ITEM_MAX];

/* Two tags and a format for each stream. */
static void
learn_all(void)
{
	for (size_t i = 0; i < ALBUM_STREAMS; i++) {
		album_learn(&a, i, DICT_TAG, 1, "One");
		album_learn(&a, i, DICT_TAG, TAGS_MAX - 1, "Last");
		album_learn(&a, i, DICT_FORMAT, 1, "n=%d");
		album_learn(&a, i, DICT_FORMAT, FORMATS_MAX - 1, "n=%x");
	}
}

static void
expect_same(void)
{
	ck_assert_int_eq(album_close(&a), 0);
	album_read(&a, &r);
	/* of the file; records may be unreadable */
	ck_assert_ptr_null(strstr(r.said, "it: "));
	ck_assert_int_eq(r.result, 0);
	ck_assert(strcmp(r.text, album_text(&a)) == 0);
}

START_TEST(a_capture_of_nothing_is_one)
{
	album_begin(&a);
	expect_same();
	ck_assert_str_eq(r.text, "");
	album_end(&a);
}
END_TEST

/* A record of random sort. */
static void
put_any(struct unit_random *u, uint64_t *number)
{
	static const uint16_t tags[] = { 0, 1, TAGS_MAX - 1, 7, UINT16_MAX };
	static const uint32_t formats[] = { 1, FORMATS_MAX - 1, 5, UINT32_MAX };
	uint64_t args[2] = { 0, unit_random(u) };
	size_t i = unit_below(u, ALBUM_STREAMS);

	if (unit_below(u, 3) == 0) {
		a.head.tag = tags[unit_below(u, UNIT_COUNT(tags))];
		a.head.level = (uint8_t)unit_below(u, 256);
		a.head.id = unit_below(u, 2) * unit_random(u);
	}
	if (unit_below(u, 10) == 0)
		a.head.time = unit_random(u);
	if (unit_below(u, 20) == 0)
		*number = unit_below(u, 2) ? unit_random(u)
					   : *number + unit_below(u, 70000);
	a.head.flags = unit_below(u, 10) == 0 ? RECORD_CUT : 0;
	if (unit_below(u, 4) == 0) {
		a.head.flags |= RECORD_ARGS;
		args[0] = formats[unit_below(u, UNIT_COUNT(formats))];
		album_put(&a, i, (uint32_t)unit_below(u, LANES_MAX), *number,
		    args, unit_below(u, 10) == 0 ? 3 : sizeof(args));
	} else {
		album_put(&a, i, (uint32_t)unit_below(u, 2), (*number)++, large,
		    unit_below(
			u, unit_below(u, 50) == 0 ? sizeof(large) + 1 : 60));
	}
}

static void
put_story(uint64_t seed, int n)
{
	struct unit_random u = { seed };
	uint64_t number = 0;
	size_t i;

	for (int k = 0; k < n; k++) {
		if (unit_below(&u, 300) == 0)
			album_lost(&a,
			    unit_below(&u, 4) == 0
				? NULL
				: &a.d[unit_below(&u, ALBUM_STREAMS)],
			    unit_random(&u), (int)unit_below(&u, 2));
		if (unit_below(&u, 500) == 0) {
			i = unit_below(&u, ALBUM_STREAMS);
			album_forget(&a, i);
			album_learn(&a, i, DICT_TAG, 1, "Again");
		}
		put_any(&u, &number);
	}
}

START_TEST(what_was_written_is_read)
{
	memset(large, 'x', sizeof(large));
	for (uint64_t seed = 1; seed <= 5; seed++) {
		album_begin(&a);
		learn_all();
		put_story(seed, UNIT_TIMES(5000));
		expect_same();
		album_end(&a);
	}
}
END_TEST

START_TEST(numbers_far_apart_and_many_lanes_are_kept)
{
	album_begin(&a);
	for (uint32_t k = 0; k < 4000; k++)
		album_put_text(&a, k % ALBUM_STREAMS, k % LANES_MAX,
		    (uint64_t)k * 70000 * (k % 3), "far");
	album_put_text(&a, 0, 0, UINT64_MAX, "last");
	album_put_text(&a, 0, 0, 0, "and around");
	expect_same();
	album_end(&a);
}
END_TEST

START_TEST(a_tag_that_is_learned_late_is_written_late)
{
	album_begin(&a);
	a.head.tag = 1;
	album_put_text(&a, 0, 0, 0, "before");
	ck_assert_int_eq(capture_flush(a.file_show.capture), 0);
	album_learn(&a, 0, DICT_TAG, 1, "Late");
	album_put_text(&a, 0, 0, 1, "after");
	expect_same();
	album_end(&a);
}
END_TEST

/* A small capture of several blocks, closed; its bytes are freed. */
static uint8_t *
small(size_t *n)
{
	album_begin(&a);
	learn_all();
	a.head.tag = 1;
	for (uint64_t k = 0; k < 4; k++) {
		album_put_text(&a, 0, 0, 2 * k, "a record of some length");
		album_put_text(&a, 1, 3, 2 * k, "and another");
		album_put_text(&a, 1, 3, 2 * k + 1, "");
		if (k == 1)
			album_lost(&a, &a.d[2], 9, 1);
		ck_assert_int_eq(capture_flush(a.file_show.capture), 0);
	}
	ck_assert_int_eq(album_close(&a), 0);
	return album_bytes(&a, n);
}

/* Whether a block ends at `at'; *records before it, in whole blocks. */
static int
is_boundary(const uint8_t *bytes, size_t at, size_t *records)
{
	struct capture_block h;
	size_t from = FILE_HEAD;

	*records = 0;
	while (from < at) {
		memcpy(&h, bytes + from, sizeof(h));
		if (from + sizeof(h) + h.length > at)
			break;
		from += sizeof(h) + h.length;
		*records += h.count + (h.type == CAPTURE_LOST);
	}
	return from == at;
}

static size_t
lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

START_TEST(of_a_file_that_is_cut_short_all_before_is_read)
{
	size_t n, records;
	uint8_t *bytes = small(&n);
	int whole;

	for (size_t at = 0; at < n; at++) {
		album_read_bytes(bytes, at, &r);
		whole = is_boundary(bytes, at, &records);
		expect(strncmp(r.text, album_text(&a), strlen(r.text)) == 0);
		expect_eq(lines(r.text), records);
		expect((r.result == 0) == whole);
		expect((r.said[0] == '\0') == whole);
		expect(lines(r.said) <= 2);
		if (!whole && at >= FILE_HEAD)
			expect(strstr(r.said, "is cut short at byte ") != NULL);
	}
	free(bytes);
	album_end(&a);
}
END_TEST

/* Whether each line of `text' is one of `all', in the same order, up to the
 * bar. */
static int
is_part(const char *text, const char *all)
{
	size_t n;

	for (; *text != '\0'; text = strchr(text, '\n') + 1) {
		n = strcspn(text, "|\n");
		while (strncmp(text, all, n) != 0) {
			all = strchr(all, '\n');
			if (all == NULL)
				return 0;
			all++;
		}
		all = strchr(all, '\n') + 1;
	}
	return 1;
}

START_TEST(no_byte_can_be_changed_without_a_word)
{
	size_t n;
	uint8_t *bytes = small(&n);

	for (size_t at = 0; at < n; at++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			bytes[at] ^= (uint8_t)bit;
			album_read_bytes(bytes, n, &r);
			bytes[at] ^= (uint8_t)bit;
			expect(r.result == -1);
			expect(r.said[0] != '\0');
			expect(is_part(r.text, album_text(&a)));
			/* one block at most is missing, or it is no capture */
			expect(at < FILE_HEAD || lines(r.text) >= 10);
		}
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(bytes_that_came_between_are_passed)
{
	struct unit_random u = { 3 };
	size_t n, records, more;
	uint8_t *bytes = small(&n), *longer = malloc(n + 200000);

	ck_assert_ptr_nonnull(longer);
	for (size_t at = FILE_HEAD; at <= n; at += 8) {
		if (!is_boundary(bytes, at, &records))
			continue;
		more = 1 + unit_below(&u, at % 3 == 0 ? 199999 : 300);
		memcpy(longer, bytes, at);
		unit_rubbish(&u, longer + at, more);
		memcpy(longer + at + more, bytes + at, n - at);
		album_read_bytes(longer, n + more, &r);
		ck_assert_int_eq(r.result, -1);
		ck_assert_str_eq(r.text, album_text(&a));
		/* what stands at the end may have been a block */
		ck_assert_ptr_nonnull(strstr(
		    r.said, at == n ? "; at least 0 records are missing: nobody"
				    : "; 0 records are missing"));
	}
	free(longer);
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(what_is_missing_is_counted)
{
	struct capture_block h;
	size_t n, from = FILE_HEAD, blocks = 0;
	uint8_t *bytes = small(&n), *less = malloc(n);
	char said[64];

	ck_assert_ptr_nonnull(less);
	for (; from < n; from += sizeof(h) + h.length) {
		memcpy(&h, bytes + from, sizeof(h));
		(void)snprintf(
		    said, sizeof(said), "; %u records are missing", h.count);
		/* its payload, and its header with it, are damaged */
		for (size_t at = from + HEAD; at > from; at -= HEAD) {
			bytes[at] ^= 1;
			album_read_bytes(bytes, n, &r);
			bytes[at] ^= 1;
			expect(strstr(r.said, said) != NULL ||
			       from + sizeof(h) + h.length == n);
		}
		/* it is not there at all */
		if (h.count == 0 || from + sizeof(h) + h.length == n)
			continue;
		blocks++;
		memcpy(less, bytes, from);
		memcpy(less + from, bytes + from + sizeof(h) + h.length,
		    n - from - sizeof(h) - h.length);
		album_read_bytes(less, n - sizeof(h) - h.length, &r);
		ck_assert_ptr_nonnull(strstr(r.said, "it: lacks a block"));
		ck_assert_ptr_nonnull(strstr(r.said, said));
	}
	ck_assert_uint_ge(blocks, 3);
	free(less);
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(captures_can_be_put_one_behind_the_other)
{
	size_t n;
	uint8_t *bytes = small(&n), *two = malloc(2 * n);
	const char *text = album_text(&a);

	ck_assert_ptr_nonnull(two);
	memcpy(two, bytes, n);
	memcpy(two + n, bytes, n);
	album_read_bytes(two, 2 * n, &r);
	ck_assert_str_eq(r.said, "");
	ck_assert_int_eq(r.result, 0);
	ck_assert_uint_eq(strlen(r.text), 2 * strlen(text));
	ck_assert(strncmp(r.text, text, strlen(text)) == 0);
	free(two);
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(complaints_are_few_however_much_is_damaged)
{
	size_t n;
	uint8_t *bytes;

	album_begin(&a);
	for (uint64_t k = 0; k < 2000; k++) {
		album_put_text(&a, 0, 0, k, "text");
		ck_assert_int_eq(capture_flush(a.file_show.capture), 0);
	}
	ck_assert_int_eq(album_close(&a), 0);
	bytes = album_bytes(&a, &n);
	for (size_t at = 1000; at < n; at += 150)
		bytes[at] ^= 0x55;
	album_read_bytes(bytes, n, &r);
	ck_assert_int_eq(r.result, -1);
	ck_assert_uint_le(lines(r.said), 12);
	ck_assert_ptr_nonnull(strstr(r.said, "no more places like this"));
	free(bytes);
	album_end(&a);
}
END_TEST

/* A block with right sums. */
static size_t
put_block(uint8_t *to, struct capture_block *h, const void *payload)
{
	memmove(to + HEAD, payload, h->length);
	block_seal(h, to + HEAD);
	memcpy(to, h, HEAD);
	return HEAD + h->length;
}

START_TEST(rubbish_with_right_sums_does_no_harm)
{
	static uint8_t file[1 << 16], payload[4096];
	struct unit_random u = { 5 };
	struct capture_header f;
	struct capture_block h;
	size_t n;

	album_begin(&a);
	block_file_header(&f);
	for (int k = 0; k < UNIT_TIMES(3000); k++) {
		memcpy(file, &f, FILE_HEAD);
		n = FILE_HEAD;
		while (n < sizeof(file) - HEAD - sizeof(payload)) {
			memset(&h, 0, sizeof(h));
			h.type = (uint16_t)unit_below(&u, 7);
			h.length = (uint32_t)unit_below(
				       &u, unit_below(&u, 2) ? 513 : 32) *
				   8;
			h.count = (uint32_t)unit_below(&u, 100);
			h.slots = (uint16_t)unit_below(&u, 3);
			unit_rubbish(&u, payload, h.length);
			n += put_block(file + n, &h, payload);
		}
		album_read_bytes(file, n, &r);
		expect(lines(r.said) <= 40);
	}
	album_end(&a);
}
END_TEST

START_TEST(records_that_are_changed_under_right_sums_do_no_harm)
{
	struct unit_random u = { 8 };
	struct capture_block h;
	size_t n, from, at;
	uint8_t *bytes, *copy;

	bytes = small(&n);
	copy = malloc(n);
	ck_assert_ptr_nonnull(copy);
	for (int k = 0; k < UNIT_TIMES(20000); k++) {
		memcpy(copy, bytes, n);
		for (from = FILE_HEAD; from < n; from += HEAD + h.length) {
			memcpy(&h, copy + from, HEAD);
			at = from + HEAD + unit_below(&u, h.length);
			copy[at] ^= (uint8_t)(1 << unit_below(&u, 8));
			(void)put_block(copy + from, &h, copy + from + HEAD);
		}
		album_read_bytes(copy, n, &r);
		expect(lines(r.text) <= 20);
	}
	free(copy);
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(a_record_that_goes_beyond_its_block_is_not_shown)
{
	struct capture_block h;
	struct capture_item i;
	size_t n, at, from = FILE_HEAD;
	uint8_t *bytes;

	album_begin(&a);
	album_put_text(&a, 0, 0, 0, "one");
	album_put_text(&a, 0, 0, 1, "two");
	ck_assert_int_eq(album_close(&a), 0);
	bytes = album_bytes(&a, &n);
	do {
		memcpy(&h, bytes + from, HEAD);
		at = from + HEAD;
		from = at + h.length;
	} while (h.type != CAPTURE_RECORDS);
	/* the second one: into the table of slots, or further */
	at += sizeof(struct capture_run) + sizeof(i) + 8;
	memcpy(&i, bytes + at, sizeof(i));
	ck_assert_uint_eq(i.length, 3);
	for (i.length = 9; i.length < 1000; i.length += 90) {
		memcpy(bytes + at, &i, sizeof(i));
		(void)put_block(bytes + from - h.length - HEAD, &h,
		    bytes + from - h.length);
		album_read_bytes(bytes, n, &r);
		ck_assert_int_eq(r.result, -1);
		ck_assert_ptr_nonnull(strstr(r.said, "makes no sense"));
		ck_assert_ptr_nonnull(
		    strstr(r.said, "; 1 records are missing"));
		ck_assert_uint_eq(lines(r.text), 1);
	}
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(rubbish_is_no_capture)
{
	static uint8_t bytes[1 << 16];
	struct unit_random u = { 6 };
	size_t n;

	album_begin(&a);
	for (int k = 0; k < 300; k++) {
		n = unit_below(&u, sizeof(bytes));
		unit_rubbish(&u, bytes, n);
		album_read_bytes(bytes, n, &r);
		expect(r.result == -1);
		expect(strcmp(r.said, "") != 0 && lines(r.said) == 1);
		expect(r.text[0] == '\0');
	}
	album_end(&a);
}
END_TEST

/* A file of so many streams, and a tag of each. */
static size_t
write_streams(uint8_t *to, uint64_t streams)
{
	struct capture_header f;
	struct capture_block h;
	struct capture_stream_info i = { .type = "t", .ident = "i" };
	size_t n = FILE_HEAD;

	block_file_header(&f);
	memcpy(to, &f, FILE_HEAD);
	for (uint64_t k = 0; k < streams; k++) {
		memset(&h, 0, sizeof(h));
		h.type = CAPTURE_STREAM;
		h.length = sizeof(i);
		i.name.serial = k;
		n += put_block(to + n, &h, &i);
	}
	return n;
}

START_TEST(streams_without_end_cost_bounded_memory)
{
	const uint64_t streams = 300000;
	uint8_t *bytes = malloc(
	    FILE_HEAD + streams * (HEAD + sizeof(struct capture_stream_info)));
	struct rusage before, after;
	size_t n;

	ck_assert_ptr_nonnull(bytes);
	album_begin(&a);
	n = write_streams(bytes, streams);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	album_read_bytes(bytes, n, &r);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_int_eq(r.result, -1);
	ck_assert_ptr_nonnull(strstr(r.said, "more streams"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 320 << 10);
#endif
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(another_major_version_is_refused_a_minor_one_is_read)
{
	struct capture_block h = { .type = 999, .length = 64 };
	struct capture_header f;
	uint8_t bytes[512] = { 0 }, payload[64] = { 0 };
	size_t n;

	album_begin(&a);
	block_file_header(&f);
	f.minor = 9;
	block_file_seal(&f);
	memcpy(bytes, &f, FILE_HEAD);
	n = FILE_HEAD + put_block(bytes + FILE_HEAD, &h, payload);
	album_read_bytes(bytes, n, &r);
	ck_assert_int_eq(r.result, 0);
	ck_assert_ptr_nonnull(strstr(r.said, "1 block of a newer version"));
	f.major = 2;
	block_file_seal(&f);
	memcpy(bytes, &f, FILE_HEAD);
	album_read_bytes(bytes, n, &r);
	ck_assert_int_eq(r.result, -1);
	ck_assert_ptr_nonnull(strstr(r.said, "is a capture of version 2.9"));
	album_end(&a);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_capture_of_nothing_is_one,
		what_was_written_is_read,
		numbers_far_apart_and_many_lanes_are_kept,
		a_tag_that_is_learned_late_is_written_late,
		of_a_file_that_is_cut_short_all_before_is_read,
		no_byte_can_be_changed_without_a_word,
		bytes_that_came_between_are_passed,
		what_is_missing_is_counted,
		captures_can_be_put_one_behind_the_other,
		complaints_are_few_however_much_is_damaged,
		rubbish_with_right_sums_does_no_harm,
		records_that_are_changed_under_right_sums_do_no_harm,
		a_record_that_goes_beyond_its_block_is_not_shown,
		rubbish_is_no_capture,
		streams_without_end_cost_bounded_memory,
		another_major_version_is_refused_a_minor_one_is_read,
	};

	return UNIT_RUN("capture", tests);
}
