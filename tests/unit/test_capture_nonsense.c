/*
 * test_capture_nonsense.c -- of blocks that make no sense a copy has what is
 * shown of them, and no more.
 */
#include <stdlib.h>
#include <string.h>

#include "readers/attach.h"
#include "readers/capture_block.h"
#include "tests/unit/tale.h"

/* What is wrong with a block: see spoil(). */
enum wrong {
	NOTHING,
	ITEM_BEYOND_END,
	RUN_OF_NO_SLOT,
	RUN_IS_PADDING,
	RUN_BEYOND_END,
	COUNT_TOO_LOW,
	COUNT_TOO_HIGH,
	WRONGS
};

/* Where the last run of a payload begins; *item: where its last item does. */
static size_t
last_run(const uint8_t *p, const struct capture_block *h, size_t *item)
{
	size_t n = 0, at = 0,
	       end = h->length - h->slots * sizeof(struct capture_slot);
	struct capture_run run;
	struct capture_item i;

	while (n < end) {
		at = n;
		memcpy(&run, p + n, sizeof(run));
		n += sizeof(run);
		for (unsigned k = 0; k < run.count; k++) {
			*item = n;
			memcpy(&i, p + n, sizeof(i));
			n += sizeof(i) + capture_padded(i.length);
		}
	}
	return at;
}

static void
spoil(uint8_t *p, struct capture_block *h, enum wrong wrong)
{
	struct capture_run run;
	struct capture_item i;
	size_t item = 0, at = last_run(p, h, &item);

	memcpy(&run, p + at, sizeof(run));
	memcpy(&i, p + item, sizeof(i));
	if (wrong == ITEM_BEYOND_END)
		i.length += 8;
	if (wrong == RUN_OF_NO_SLOT)
		run.slot = h->slots;
	if (wrong == RUN_IS_PADDING)
		run.flags |= RECORD_PAD;
	if (wrong == COUNT_TOO_LOW)
		h->count--;
	if (wrong == COUNT_TOO_HIGH)
		h->count++;
	memcpy(p + item, &i, sizeof(i));
	memcpy(p + at, &run, sizeof(run));
	/* a run's head goes into the table of slots */
	if (wrong == RUN_BEYOND_END)
		h->slots++;
}

START_TEST(of_a_block_that_makes_no_sense_nothing_is_taken)
{
	struct unit_random u = { 10 };
	struct rec_stream *of[LANES_MAX + 1] = { NULL };
	struct capture_block h, spoilt;
	const uint8_t *payload;
	struct capture *c;
	uint8_t *bytes, *now;
	size_t n;

	tale_begin();
	for (uint64_t k = 0; k < 1000; k++)
		tale_put_any(&u, k);
	bytes = tale_end_story(&n);
	payload = tale_first_large(bytes, &h, of);
	now = calloc(1, h.length + UINT16_MAX);
	ck_assert_ptr_nonnull(now);
	c = capture_create(tale_copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	for (int wrong = NOTHING; wrong < WRONGS; wrong++) {
		memcpy(now, payload, h.length);
		spoilt = h;
		spoil(now, &spoilt, (enum wrong)wrong);
		ck_assert_int_eq(
		    capture_copy(c, &spoilt, now, of), wrong == NOTHING);
	}
	ck_assert_int_eq(capture_close(c), 0);
	album_read_file(tale_copy, &tale_read);
	ck_assert_ptr_null(strstr(tale_read.said, "it: "));
	ck_assert_uint_eq(tale_records_in(tale_read.text), h.count);
	free(now);
	tale_end(bytes);
}
END_TEST

/* A payload of one record, of that length, behind `empty' runs of none. */
static void
put_one(uint8_t *p, struct capture_block *h, size_t length, size_t empty)
{
	struct capture_run run = { .slot = 0 };
	struct capture_item i = { .length = (uint16_t)length };
	struct capture_slot slot = { .lane = 0 };
	size_t n = 0;

	for (size_t k = 0; k <= empty; k++) {
		run.count = k == empty;
		memcpy(p + n, &run, sizeof(run));
		n += sizeof(run);
	}
	memcpy(p + n, &i, sizeof(i));
	n += sizeof(i) + capture_padded(length);
	memcpy(p + n, &slot, sizeof(slot));
	*h = (struct capture_block){ .type = CAPTURE_RECORDS,
		.slots = 1,
		.count = 1,
		.length = (uint32_t)(n + sizeof(slot)) };
	block_seal(h, p);
}

START_TEST(the_bounds_of_a_block_are_those_of_records)
{
	struct capture_block h;
	struct capture *c;
	uint8_t *p = calloc(2, UINT16_MAX);
	struct rec_stream *of[1];

	ck_assert_ptr_nonnull(p);
	tale_begin();
	ck_assert_int_eq(album_close(&tale), 0);
	of[0] = tale.of_file[0];
	c = capture_create(tale_copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	put_one(p, &h, CAPTURE_ITEM_MAX, 0);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 1);
	put_one(p, &h, CAPTURE_ITEM_MAX + 1, 0);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 0);
	put_one(p, &h, CAPTURE_ITEM_MAX, 1);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 0);
	ck_assert_int_eq(capture_close(c), 0);
	free(p);
	album_end(&tale);
}
END_TEST

START_TEST(of_a_slot_without_records_the_copy_has_the_stream)
{
	struct capture_slot slot = { .lane = 1 };
	struct rec_stream *of[2];
	struct capture_block h;
	struct capture *c;
	uint8_t *p = calloc(2, UINT16_MAX);

	ck_assert_ptr_nonnull(p);
	tale_begin();
	ck_assert_int_eq(album_close(&tale), 0);
	put_one(p, &h, CAPTURE_ITEM_MAX, 0);
	for (size_t i = 0; i < 2; i++) {
		of[i] = tale.of_file[i];
		slot.name.created = of[i]->created;
		slot.name.serial = of[i]->serial;
		h.length += (uint32_t)(i * sizeof(slot));
		memcpy(p + h.length - sizeof(slot), &slot, sizeof(slot));
	}
	h.slots = 2;
	block_seal(&h, p);
	c = capture_create(tale_copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 1);
	ck_assert_int_eq(capture_close(c), 0);
	album_read_file(tale_copy, &tale_read);
	ck_assert_str_eq(tale_read.said, "");
	ck_assert_int_eq(tale_read.result, 0);
	free(p);
	album_end(&tale);
}
END_TEST

/* Changes some bytes of blocks of records, under right sums. */
static void
change_some(struct unit_random *u, uint8_t *bytes, size_t n)
{
	struct capture_block h;

	for (size_t at = FILE_HEAD; at < n; at += HEAD + h.length) {
		memcpy(&h, bytes + at, HEAD);
		if (h.type != CAPTURE_RECORDS)
			continue;
		/* in one of three its first run, or its slots, or its count */
		switch (unit_below(u, 9)) {
		case 0:
			bytes[at + HEAD + unit_below(u, 64)] ^=
			    (uint8_t)(1 << unit_below(u, 8));
			break;
		case 1:
			bytes[at + HEAD + h.length - 1 -
			      unit_below(u, 32u * h.slots)] ^=
			    (uint8_t)(1 << unit_below(u, 8));
			break;
		case 2:
			h.count += (uint32_t)unit_below(u, 3) - 1;
			break;
		default:
			bytes[at + HEAD + unit_below(u, h.length)] ^=
			    (uint8_t)(1 << unit_below(u, 8));
		}
		block_seal(&h, bytes + at + HEAD);
		memcpy(bytes + at, &h, HEAD);
	}
}

static void
expect_copied_as_shown(const uint8_t *bytes, size_t n)
{
	char *shown;

	album_read_bytes(bytes, n, &tale_read);
	shown = strdup(tale_read.text);
	expect(shown != NULL);
	album_copy_bytes(bytes, n, &tale_at_once, &tale_read);
	expect(tale_read.result == 0);
	expect(strcmp(tale_read.text, shown) == 0);
	free(shown);
}

START_TEST(of_blocks_that_make_no_sense_the_same_is_copied_as_is_shown)
{
	struct unit_random u = { 11 };
	uint8_t *bytes, *changed;
	size_t n;

	bytes = tale_story(3, 2500, &n);
	changed = malloc(n);
	ck_assert_ptr_nonnull(changed);
	for (int k = 0; k < UNIT_TIMES(100); k++) {
		memcpy(changed, bytes, n);
		change_some(&u, changed, n);
		expect_copied_as_shown(changed, n);
	}
	free(changed);
	tale_end(bytes);
}
END_TEST

START_TEST(of_a_damaged_capture_the_same_is_copied_as_is_shown)
{
	struct unit_random u = { 12 };
	uint8_t *bytes, *changed;
	size_t n, cut;

	bytes = tale_story(4, 2500, &n);
	changed = malloc(n);
	ck_assert_ptr_nonnull(changed);
	for (int k = 0; k < UNIT_TIMES(60); k++) {
		memcpy(changed, bytes, n);
		for (uint64_t i = unit_below(&u, 4); i > 0; i--)
			changed[FILE_HEAD + unit_below(&u, n - FILE_HEAD)] ^=
			    0x10;
		cut = n - unit_below(&u, 3) * unit_below(&u, n / 4);
		expect_copied_as_shown(changed, cut);
	}
	free(changed);
	tale_end(bytes);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		of_a_block_that_makes_no_sense_nothing_is_taken,
		the_bounds_of_a_block_are_those_of_records,
		of_a_slot_without_records_the_copy_has_the_stream,
		of_blocks_that_make_no_sense_the_same_is_copied_as_is_shown,
		of_a_damaged_capture_the_same_is_copied_as_is_shown,
	};

	return UNIT_RUN("capture_nonsense", tests);
}
