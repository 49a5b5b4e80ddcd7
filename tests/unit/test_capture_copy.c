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
#include "tests/unit/album.h"

#define HEAD sizeof(struct capture_block)
#define FILE_HEAD sizeof(struct capture_header)

static struct album a;
static struct reading r;
static char copy[96], other[96];
static struct copying all_at_once = { .to = copy };

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

/* A record, of a tag and perhaps a format of which some are in no dictionary */
static void
put_any(struct unit_random *u, uint64_t number)
{
	static const uint16_t tags[] = { 0, 1, TAGS_MAX - 1, 7, UINT16_MAX };
	static const uint32_t formats[] = { 1, FORMATS_MAX - 1, 5, UINT32_MAX };
	static char text[700];
	uint64_t args[2] = { formats[unit_below(u, UNIT_COUNT(formats))], 42 };
	size_t i = unit_below(u, ALBUM_STREAMS);
	uint32_t lane = (uint32_t)unit_below(u, 3);

	memset(text, 'x', sizeof(text));
	a.head.tag = tags[unit_below(u, UNIT_COUNT(tags))];
	a.head.level = (uint8_t)unit_below(u, 8);
	a.head.id = unit_below(u, 3);
	a.head.flags = 0;
	if (unit_below(u, 4) == 0) {
		a.head.flags = RECORD_ARGS;
		album_put(&a, i, lane, number, args,
		    unit_below(u, 10) == 0 ? 3 : sizeof(args));
	} else {
		album_put(
		    &a, i, lane, number, text, unit_below(u, sizeof(text)));
	}
}

static void
begin(void)
{
	album_begin(&a);
	(void)snprintf(copy, sizeof(copy), "%s/copy", a.path);
	(void)snprintf(other, sizeof(other), "%s/other", a.path);
	learn_all();
}

/* Marks each block of records, where nobody looks: in the padding of a slot. */
static void
mark(uint8_t *bytes, size_t n)
{
	struct capture_block h;

	for (size_t at = FILE_HEAD; at < n; at += HEAD + h.length) {
		memcpy(&h, bytes + at, HEAD);
		if (h.type != CAPTURE_RECORDS)
			continue;
		bytes[at + HEAD + h.length - sizeof(struct capture_slot) +
		      offsetof(struct capture_slot, pad_20)] = 0x5a;
		block_seal(&h, bytes + at + HEAD);
		memcpy(bytes + at, &h, HEAD);
	}
}

static uint8_t *
end_story(size_t *n)
{
	uint8_t *bytes;

	ck_assert_int_eq(album_close(&a), 0);
	bytes = album_bytes(&a, n);
	mark(bytes, *n);
	return bytes;
}

/* What becomes full blocks, with losses and streams that go in between. */
static uint8_t *
story(uint64_t seed, int records, size_t *n)
{
	struct unit_random u = { seed };
	size_t i;

	begin();
	for (int k = 0; k < records; k++) {
		if (unit_below(&u, 1500) == 0)
			album_lost(&a,
			    unit_below(&u, 4) == 0
				? NULL
				: &a.d[unit_below(&u, ALBUM_STREAMS)],
			    unit_random(&u), (int)unit_below(&u, 2));
		if (unit_below(&u, 2000) == 0) {
			i = unit_below(&u, ALBUM_STREAMS);
			album_forget(&a, i);
			album_learn(&a, i, DICT_TAG, 1, "Again");
		}
		put_any(&u, (uint64_t)k);
	}
	return end_story(n);
}

static void
end(uint8_t *bytes)
{
	free(bytes);
	album_end(&a);
}

/* The bytes of the copy, to be freed. */
static uint8_t *
copied_bytes(size_t *n)
{
	struct album of;

	memcpy(of.file, copy, sizeof(of.file));
	return album_bytes(&of, n);
}

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
	uint8_t *now = copied_bytes(&length);
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
	ck_assert_ptr_null(strstr(r.said, "it: "));
	ck_assert_int_eq(r.result, 0);
	ck_assert(strcmp(r.text, album_text(&a)) == 0);
}

static size_t
records_in(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text = strchr(text, '\n') + 1)
		n += strncmp(text, "lost ", 5) != 0;
	return n;
}

START_TEST(a_copy_has_the_same_blocks_and_shows_the_same)
{
	struct copying one_by_one = { .to = copy, .one_by_one = 1 };
	unsigned kept, all;
	uint8_t *bytes;
	size_t n;

	for (uint64_t seed = 1; seed <= 4; seed++) {
		bytes = story(seed, 6000, &n);
		album_copy_bytes(bytes, n, &all_at_once, &r);
		expect_same();
		kept = blocks_kept(bytes, n, 1 << 16, &all);
		ck_assert_uint_gt(all, 2);
		ck_assert_uint_eq(kept, all);
		album_copy_bytes(bytes, n, &one_by_one, &r);
		expect_same();
		ck_assert_uint_eq(blocks_kept(bytes, n, 1 << 16, &all), 0);
		end(bytes);
	}
}
END_TEST

START_TEST(small_blocks_are_put_together)
{
	uint8_t *bytes, *now;
	unsigned all;
	size_t n, less;

	begin();
	for (uint64_t k = 0; k < 500; k++) {
		album_put_text(&a, 0, 0, k, "a record");
		ck_assert_int_eq(capture_flush(a.file_show.capture), 0);
	}
	bytes = end_story(&n);
	album_copy_bytes(bytes, n, &all_at_once, &r);
	expect_same();
	ck_assert_uint_eq(blocks_kept(bytes, n, 0, &all), 0);
	ck_assert_uint_eq(all, 500);
	now = copied_bytes(&less);
	ck_assert_uint_lt(less, n / 2);
	free(now);
	end(bytes);
}
END_TEST

START_TEST(what_is_copied_behind_something_goes_on_there)
{
	struct copying behind = { .to = copy, .append = 1 };
	uint8_t *bytes;
	size_t n, once;

	bytes = story(7, 3000, &n);
	album_copy_bytes(bytes, n, &all_at_once, &r);
	once = strlen(r.text);
	album_copy_bytes(bytes, n, &behind, &r);
	ck_assert_ptr_null(strstr(r.said, "it: "));
	ck_assert_int_eq(r.result, 0);
	ck_assert_uint_eq(strlen(r.text), 2 * once);
	ck_assert(strcmp(r.text + once, album_text(&a)) == 0);
	end(bytes);
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
	struct copying how = { .to = copy };
	uint8_t *bytes, *late, *p;
	size_t n;
	char *shown;

	bytes = story(6, 2500, &n);
	late = malloc(2 * n);
	ck_assert_ptr_nonnull(late);
	p = put_undescribed(late, bytes, n);
	memcpy(p, bytes, n);
	n += (size_t)(p - late);
	album_read_bytes(late, n, &r);
	ck_assert_ptr_nonnull(strstr(r.text, "?.?"));
	ck_assert_ptr_nonnull(strstr(r.text, "type1.ident2"));
	shown = strdup(r.text);
	for (how.one_by_one = 0; how.one_by_one < 2; how.one_by_one++) {
		album_copy_bytes(late, n, &how, &r);
		ck_assert(strcmp(r.text, shown) == 0);
	}
	free(shown);
	free(late);
	end(bytes);
}
END_TEST

/* The first block that is large, its payload, and the streams of its slots. */
static const uint8_t *
first_large(
    const uint8_t *bytes, struct capture_block *h, struct rec_stream **of)
{
	const uint8_t *at = bytes + FILE_HEAD, *slots;
	struct capture_slot slot;

	for (;; at += HEAD + h->length) {
		memcpy(h, at, HEAD);
		if (h->type == CAPTURE_RECORDS && h->length >= 1 << 16)
			break;
	}
	ck_assert_uint_le(h->slots, LANES_MAX);
	slots = at + HEAD + h->length - h->slots * sizeof(slot);
	for (size_t k = 0; k < h->slots; k++) {
		memcpy(&slot, slots + k * sizeof(slot), sizeof(slot));
		of[k] = NULL;
		for (size_t i = 0; i < ALBUM_STREAMS; i++)
			if (a.of_file[i]->serial == slot.name.serial)
				of[k] = a.of_file[i];
		ck_assert_ptr_nonnull(of[k]);
	}
	return at + HEAD;
}

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

	begin();
	for (uint64_t k = 0; k < 1000; k++)
		put_any(&u, k);
	bytes = end_story(&n);
	payload = first_large(bytes, &h, of);
	c = capture_create(copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(capture_copy(c, &h, payload, of), 1);
	ck_assert_int_eq(rename(copy, other), 0);
	ck_assert_int_eq(capture_reopen(c), 0);
	ck_assert_int_eq(capture_copy(c, &h, payload, of), 1);
	ck_assert_int_eq(capture_close(c), 0);
	album_read_file(other, &r);
	ck_assert_ptr_null(strstr(r.said, "it: "));
	first = strdup(r.text);
	ck_assert_uint_gt(records_in(first), 0);
	ck_assert(strncmp(first, album_text(&a), strlen(first)) == 0);
	album_read_file(copy, &r);
	ck_assert_ptr_null(strstr(r.said, "it: "));
	ck_assert_str_eq(r.text, first);
	free(first);
	end(bytes);
}
END_TEST

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

	begin();
	for (uint64_t k = 0; k < 1000; k++)
		put_any(&u, k);
	bytes = end_story(&n);
	payload = first_large(bytes, &h, of);
	now = calloc(1, h.length + UINT16_MAX);
	ck_assert_ptr_nonnull(now);
	c = capture_create(copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	for (int wrong = NOTHING; wrong < WRONGS; wrong++) {
		memcpy(now, payload, h.length);
		spoilt = h;
		spoil(now, &spoilt, (enum wrong)wrong);
		ck_assert_int_eq(
		    capture_copy(c, &spoilt, now, of), wrong == NOTHING);
	}
	ck_assert_int_eq(capture_close(c), 0);
	album_read_file(copy, &r);
	ck_assert_ptr_null(strstr(r.said, "it: "));
	ck_assert_uint_eq(records_in(r.text), h.count);
	free(now);
	end(bytes);
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
	begin();
	ck_assert_int_eq(album_close(&a), 0);
	of[0] = a.of_file[0];
	c = capture_create(copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	put_one(p, &h, CAPTURE_ITEM_MAX, 0);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 1);
	put_one(p, &h, CAPTURE_ITEM_MAX + 1, 0);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 0);
	put_one(p, &h, CAPTURE_ITEM_MAX, 1);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 0);
	ck_assert_int_eq(capture_close(c), 0);
	free(p);
	album_end(&a);
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
	begin();
	ck_assert_int_eq(album_close(&a), 0);
	put_one(p, &h, CAPTURE_ITEM_MAX, 0);
	for (size_t i = 0; i < 2; i++) {
		of[i] = a.of_file[i];
		slot.name.created = of[i]->created;
		slot.name.serial = of[i]->serial;
		h.length += (uint32_t)(i * sizeof(slot));
		memcpy(p + h.length - sizeof(slot), &slot, sizeof(slot));
	}
	h.slots = 2;
	block_seal(&h, p);
	c = capture_create(copy, 0, -1);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(capture_copy(c, &h, p, of), 1);
	ck_assert_int_eq(capture_close(c), 0);
	album_read_file(copy, &r);
	ck_assert_str_eq(r.said, "");
	ck_assert_int_eq(r.result, 0);
	free(p);
	album_end(&a);
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

START_TEST(of_blocks_that_make_no_sense_the_same_is_copied_as_is_shown)
{
	struct unit_random u = { 11 };
	uint8_t *bytes, *changed;
	char *shown;
	size_t n;

	bytes = story(3, 2500, &n);
	changed = malloc(n);
	ck_assert_ptr_nonnull(changed);
	for (int k = 0; k < UNIT_TIMES(100); k++) {
		memcpy(changed, bytes, n);
		change_some(&u, changed, n);
		album_read_bytes(changed, n, &r);
		shown = strdup(r.text);
		album_copy_bytes(changed, n, &all_at_once, &r);
		expect(r.result == 0);
		expect(strcmp(r.text, shown) == 0);
		free(shown);
	}
	free(changed);
	end(bytes);
}
END_TEST

START_TEST(of_a_damaged_capture_the_same_is_copied_as_is_shown)
{
	struct unit_random u = { 12 };
	uint8_t *bytes, *changed;
	char *shown;
	size_t n, cut;

	bytes = story(4, 2500, &n);
	changed = malloc(n);
	ck_assert_ptr_nonnull(changed);
	for (int k = 0; k < UNIT_TIMES(60); k++) {
		memcpy(changed, bytes, n);
		for (uint64_t i = unit_below(&u, 4); i > 0; i--)
			changed[FILE_HEAD + unit_below(&u, n - FILE_HEAD)] ^=
			    0x10;
		cut = n - unit_below(&u, 3) * unit_below(&u, n / 4);
		album_read_bytes(changed, cut, &r);
		shown = strdup(r.text);
		album_copy_bytes(changed, cut, &all_at_once, &r);
		expect(r.result == 0);
		expect(strcmp(r.text, shown) == 0);
		free(shown);
	}
	free(changed);
	end(bytes);
}
END_TEST

START_TEST(a_copy_to_a_full_disk_has_what_is_told)
{
	struct copying how = { .to = copy };
	char told[64];
	uint8_t *bytes;
	size_t n, records;

	bytes = story(5, 4000, &n);
	for (how.room = 4096; how.room < n * 7 / 8; how.room += n / 13) {
		album_copy_bytes(bytes, n, &how, &r);
		records = records_in(r.text);
		(void)snprintf(told, sizeof(told), "; %zu record%s in it, ",
		    records, records == 1 ? " is" : "s are");
		expect(how.result == -1);
		expect(strstr(how.said, told) != NULL);
		/* whole blocks, and nothing behind them */
		expect(r.result == 0);
		expect(strncmp(r.text, album_text(&a), strlen(r.text)) == 0);
	}
	end(bytes);
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
		of_a_block_that_makes_no_sense_nothing_is_taken,
		the_bounds_of_a_block_are_those_of_records,
		of_a_slot_without_records_the_copy_has_the_stream,
		of_blocks_that_make_no_sense_the_same_is_copied_as_is_shown,
		of_a_damaged_capture_the_same_is_copied_as_is_shown,
		a_copy_to_a_full_disk_has_what_is_told,
	};

	return UNIT_RUN("capture_copy", tests);
}
