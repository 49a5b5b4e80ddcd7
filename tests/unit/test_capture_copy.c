/*
 * test_capture_copy.c -- a capture that is copied block by block has all that
 * it would have if it were copied record by record.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"
#include "readers/capture_block.h"
#include "tests/unit/tale.h"

/* Whether a block of records whose payload this is, is in these bytes. */
static int
has_block(const uint8_t *in, size_t n, const uint8_t *payload, uint32_t length)
{
	struct capture_block h;

	for (size_t at = FILE_HEAD; at < n; at += HEAD + h.length) {
		memcpy(&h, in + at, HEAD);
		if (h.type == CAPTURE_RECORDS && h.length == length &&
		    memcmp(in + at + HEAD, payload, length) == 0)
			return 1;
	}
	return 0;
}

/* How many blocks of records are as they were; *all: of how many. */
static unsigned
blocks_kept(const uint8_t *bytes, size_t n, uint32_t least, unsigned *all)
{
	struct capture_block h;
	size_t length;
	uint8_t *now = tale_copied_bytes(&length);
	unsigned kept = 0;

	*all = 0;
	for (size_t at = FILE_HEAD; at < n; at += HEAD + h.length) {
		memcpy(&h, bytes + at, HEAD);
		if (h.type != CAPTURE_RECORDS || h.length < least)
			continue;
		++*all;
		kept += (unsigned)has_block(
		    now, length, bytes + at + HEAD, h.length);
	}
	free(now);
	return kept;
}

static void
expect_same(void)
{
	/* of the file; records may be unreadable */
	ck_assert_ptr_null(strstr(tale_read.said, "it: "));
	ck_assert_int_eq(tale_read.result, 0);
	ck_assert(strcmp(tale_read.text, album_text(&tale)) == 0);
}

START_TEST(a_copy_has_the_same_blocks_and_shows_the_same)
{
	struct copying one_by_one = { .to = tale_copy, .one_by_one = 1 };
	unsigned kept, all;
	uint8_t *bytes;
	size_t n;

	for (uint64_t seed = 1; seed <= 4; seed++) {
		bytes = tale_story(seed, 6000, &n);
		album_copy_bytes(bytes, n, &tale_at_once, &tale_read);
		expect_same();
		kept = blocks_kept(bytes, n, 1 << 16, &all);
		ck_assert_uint_gt(all, 2);
		ck_assert_uint_eq(kept, all);
		album_copy_bytes(bytes, n, &one_by_one, &tale_read);
		expect_same();
		ck_assert_uint_eq(blocks_kept(bytes, n, 1 << 16, &all), 0);
		tale_end(bytes);
	}
}
END_TEST

START_TEST(small_blocks_are_put_together)
{
	uint8_t *bytes, *now;
	unsigned all;
	size_t n, less;

	tale_begin();
	for (uint64_t k = 0; k < 500; k++) {
		album_put_text(&tale, 0, 0, k, "a record");
		ck_assert_int_eq(capture_flush(tale.file_show.capture), 0);
	}
	bytes = tale_end_story(&n);
	album_copy_bytes(bytes, n, &tale_at_once, &tale_read);
	expect_same();
	ck_assert_uint_eq(blocks_kept(bytes, n, 0, &all), 0);
	ck_assert_uint_eq(all, 500);
	now = tale_copied_bytes(&less);
	ck_assert_uint_lt(less, n / 2);
	free(now);
	tale_end(bytes);
}
END_TEST

START_TEST(what_is_copied_behind_something_goes_on_there)
{
	struct copying behind = { .to = tale_copy, .append = 1 };
	uint8_t *bytes;
	size_t n, once;

	bytes = tale_story(7, 3000, &n);
	album_copy_bytes(bytes, n, &tale_at_once, &tale_read);
	once = strlen(tale_read.text);
	album_copy_bytes(bytes, n, &behind, &tale_read);
	ck_assert_ptr_null(strstr(tale_read.said, "it: "));
	ck_assert_int_eq(tale_read.result, 0);
	ck_assert_uint_eq(strlen(tale_read.text), 2 * once);
	ck_assert(strcmp(tale_read.text + once, album_text(&tale)) == 0);
	tale_end(bytes);
}
END_TEST

/* Without what tells of streams, and that they are gone; returns its end. */
static uint8_t *
put_undescribed(uint8_t *to, const uint8_t *bytes, size_t n)
{
	struct capture_block h;

	memcpy(to, bytes, FILE_HEAD);
	to += FILE_HEAD;
	for (size_t at = FILE_HEAD; at < n; at += HEAD + h.length) {
		memcpy(&h, bytes + at, HEAD);
		if (h.type == CAPTURE_STREAM || h.type == CAPTURE_GONE)
			continue;
		memcpy(to, bytes + at, HEAD + h.length);
		to += HEAD + h.length;
	}
	return to;
}

START_TEST(a_stream_that_is_told_of_late_is_told_of_in_the_copy)
{
	struct copying how = { .to = tale_copy };
	uint8_t *bytes, *late, *p;
	size_t n;
	char *shown;

	bytes = tale_story(6, 2500, &n);
	late = malloc(2 * n);
	ck_assert_ptr_nonnull(late);
	p = put_undescribed(late, bytes, n);
	memcpy(p, bytes, n);
	n += (size_t)(p - late);
	album_read_bytes(late, n, &tale_read);
	ck_assert_ptr_nonnull(strstr(tale_read.text, "?.?"));
	ck_assert_ptr_nonnull(strstr(tale_read.text, "type1.ident2"));
	shown = strdup(tale_read.text);
	for (how.one_by_one = 0; how.one_by_one < 2; how.one_by_one++) {
		album_copy_bytes(late, n, &how, &tale_read);
		ck_assert(strcmp(tale_read.text, shown) == 0);
	}
	free(shown);
	free(late);
	tale_end(bytes);
}
END_TEST

START_TEST(a_file_that_is_opened_anew_stands_for_itself)
{
	struct unit_random u = { 9 };
	struct rec_stream *of[LANES_MAX];
	struct capture_block h;
	const uint8_t *payload;
	struct capture *c;
	uint8_t *bytes;
	size_t n;
	char *first;

	tale_begin();
	for (uint64_t k = 0; k < 1000; k++)
		tale_put_any(&u, k);
	bytes = tale_end_story(&n);
	payload = tale_first_large(bytes, &h, of);
	c = capture_create(tale_copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(capture_copy(c, &h, payload, of), 1);
	ck_assert_int_eq(rename(tale_copy, tale_other), 0);
	ck_assert_int_eq(capture_reopen(c), 0);
	ck_assert_int_eq(capture_copy(c, &h, payload, of), 1);
	ck_assert_int_eq(capture_close(c), 0);
	album_read_file(tale_other, &tale_read);
	ck_assert_ptr_null(strstr(tale_read.said, "it: "));
	first = strdup(tale_read.text);
	ck_assert_uint_gt(tale_records_in(first), 0);
	ck_assert(strncmp(first, album_text(&tale), strlen(first)) == 0);
	album_read_file(tale_copy, &tale_read);
	ck_assert_ptr_null(strstr(tale_read.said, "it: "));
	ck_assert_str_eq(tale_read.text, first);
	free(first);
	tale_end(bytes);
}
END_TEST

START_TEST(a_copy_to_a_full_disk_has_what_is_told)
{
	struct copying how = { .to = tale_copy };
	char told[64];
	uint8_t *bytes;
	size_t n, records;

	bytes = tale_story(5, 4000, &n);
	for (how.room = 4096; how.room < n * 7 / 8; how.room += n / 13) {
		album_copy_bytes(bytes, n, &how, &tale_read);
		records = tale_records_in(tale_read.text);
		(void)snprintf(told, sizeof(told), "; %zu record%s in it, ",
		    records, records == 1 ? " is" : "s are");
		expect(how.result == -1);
		expect(strstr(how.said, told) != NULL);
		/* whole blocks, and nothing behind them */
		expect(tale_read.result == 0);
		expect(strncmp(tale_read.text, album_text(&tale),
			   strlen(tale_read.text)) == 0);
	}
	tale_end(bytes);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_copy_has_the_same_blocks_and_shows_the_same,
		small_blocks_are_put_together,
		what_is_copied_behind_something_goes_on_there,
		a_stream_that_is_told_of_late_is_told_of_in_the_copy,
		a_file_that_is_opened_anew_stands_for_itself,
		a_copy_to_a_full_disk_has_what_is_told,
	};

	return UNIT_RUN("capture_copy", tests);
}
