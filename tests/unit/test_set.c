/*
 * test_set.c -- a counter set's schema and values, its own and anybody's.
 */
#include "common/set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/shared.h"
#include "tests/unit/unit.h"

/* One entry of each kind, a label included. */
static const struct schema_item items[] = {
	{ SCHEMA_LABEL, 0, 0, 0, "host", "", "a b=c" },
	{ SCHEMA_COUNTER, 0, 0, 1, "requests", "", "Requests served" },
	{ SCHEMA_GAUGE, 1, 1, 1, "open", "files", "Files that are open" },
	{ SCHEMA_BITMAP, 2, 2, 1, "up:1.x-y_z", "", "" },
	{ SCHEMA_HISTOGRAM, 0, 3, 40, "time", "seconds", "G\303\266tz" },
	{ SCHEMA_UPDOWN, 0, 43, 1, "active", "", "x" },
};

#define ITEMS (sizeof(items) / sizeof(items[0]))
#define WORDS 44

static size_t
encode(uint8_t *buf)
{
	size_t length = 0;

	for (size_t i = 0; i < ITEMS; i++)
		schema_put(buf, &length, items[i].kind, items[i].level,
		    items[i].word, items[i].words, items[i].name, items[i].unit,
		    items[i].help);
	return length;
}

START_TEST(a_schema_comes_out_as_it_went_in)
{
	size_t length = encode(NULL), offset = 0;
	uint8_t *buf = unit_zeros(length);
	struct schema_item item;

	ck_assert_uint_eq(encode(buf), length);
	for (size_t i = 0; i < ITEMS; i++) {
		ck_assert_int_eq(schema_next(buf, length, &offset, &item), 1);
		ck_assert_int_eq(item.kind, items[i].kind);
		ck_assert_uint_eq(item.level, items[i].level);
		ck_assert_uint_eq(item.word, items[i].word);
		ck_assert_uint_eq(item.words, items[i].words);
		ck_assert_str_eq(item.name, items[i].name);
		ck_assert_str_eq(item.unit, items[i].unit);
		ck_assert_str_eq(item.help, items[i].help);
	}
	ck_assert_int_eq(schema_next(buf, length, &offset, &item), 0);
	ck_assert_uint_eq(offset, length);
	free(buf);
}
END_TEST

START_TEST(what_is_no_name_or_unit_is_refused)
{
	char longest[SCHEMA_HELP_MAX + 1];
	const struct {
		enum schema_kind kind;
		uint8_t level;
		const char *name, *unit, *help;
		int good;
	} t[] = {
		{ SCHEMA_COUNTER, 0, "a", "", "", 1 },
		{ SCHEMA_COUNTER, 2, "Az09_.:-", "1/s", "\303\251", 1 },
		{ SCHEMA_COUNTER, 3, "a", "", "", 0 },
		{ (enum schema_kind)6, 0, "a", "", "", 0 },
		{ SCHEMA_COUNTER, 0, "", "", "", 0 },
		{ SCHEMA_COUNTER, 0, "a b", "", "", 0 },
		{ SCHEMA_COUNTER, 0, "a\n", "", "", 0 },
		{ SCHEMA_COUNTER, 0, "a", "\t", "", 0 },
		{ SCHEMA_COUNTER, 0, "a", "", "two\nlines", 0 },
		{ SCHEMA_COUNTER, 0, "a", "", "\033[1m", 0 },
		{ SCHEMA_COUNTER, 0, longest, "", "", 0 },
		{ SCHEMA_COUNTER, 0, "a", longest, "", 0 },
		{ SCHEMA_COUNTER, 0, "a", "", longest, 0 },
		{ SCHEMA_COUNTER, 0, "a", "", longest + 1, 1 },
		{ SCHEMA_COUNTER, 0,
		    longest + SCHEMA_HELP_MAX - SCHEMA_NAME_MAX + 1, "", "",
		    1 },
	};

	memset(longest, 'x', sizeof(longest));
	longest[SCHEMA_HELP_MAX] = '\0';
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		errno = 0;
		ck_assert_int_eq(schema_item_check(t[i].kind, t[i].level,
				     t[i].name, t[i].unit, t[i].help),
		    t[i].good ? 0 : -1);
		ck_assert_int_eq(errno, t[i].good ? 0 : EINVAL);
	}
}
END_TEST

START_TEST(a_schema_of_rubbish_is_survived_and_printable)
{
	struct unit_random r = { 30 };
	struct schema_item item;
	size_t length, offset, seen = 0;
	uint8_t *buf;
	int result;

	for (int i = 0; i < UNIT_TIMES(50000); i++) {
		length = 8 * unit_below(&r, 60);
		buf = malloc(length + 1);
		expect(buf != NULL);
		unit_rubbish(&r, buf, length);
		/* half of them begin as an entry that is nearly right */
		if (i % 2 == 0 && length >= 400) {
			(void)encode(buf);
			buf[unit_below(&r, length)] = (uint8_t)unit_random(&r);
		}
		offset = 0;
		while (
		    (result = schema_next(buf, length, &offset, &item)) == 1) {
			expect(offset <= length && offset % 8 == 0);
			expect(strlen(item.name) < SCHEMA_NAME_MAX);
			expect(strlen(item.unit) < SCHEMA_UNIT_MAX);
			expect(strlen(item.help) < SCHEMA_HELP_MAX);
			for (const char *c = item.help; *c != '\0'; c++)
				expect((unsigned char)*c >= ' ' && *c != 0x7f);
			expect(strpbrk(item.name, " =\"\\{}\n") == NULL);
			seen++;
		}
		expect(result == 0 || result == -1);
		free(buf);
	}
	ck_assert_uint_gt(seen, 1000);
}
END_TEST

START_TEST(an_entry_whose_text_is_too_long_is_refused)
{
	static const struct {
		uint16_t name, unit, help;
		int result;
	} t[] = {
		{ 1, 0, 0, 1 },
		{ SCHEMA_NAME_MAX - 1, SCHEMA_UNIT_MAX - 1, SCHEMA_HELP_MAX - 1,
		    1 },
		{ 0, 0, 0, -1 },
		{ SCHEMA_NAME_MAX, 0, 0, -1 },
		{ 1, SCHEMA_UNIT_MAX, 0, -1 },
		{ 1, 0, SCHEMA_HELP_MAX, -1 },
		{ 1, UINT16_MAX, UINT16_MAX, -1 },
	};
	uint8_t buf[1024];
	struct schema_entry e = { .length = sizeof(buf), .kind = 1 };
	struct schema_item item;
	size_t offset;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(buf, 'x', sizeof(buf));
		e.name_length = t[i].name;
		e.unit_length = t[i].unit;
		e.help_length = t[i].help;
		memcpy(buf, &e, sizeof(e));
		offset = 0;
		ck_assert_msg(schema_next(buf, sizeof(buf), &offset, &item) ==
				  t[i].result,
		    "case %zu", i);
	}
}
END_TEST

/* A whole set: its section's length. */
static uint64_t
make_set(void **section, struct set_plan *p, uint32_t shards, uint32_t banks)
{
	size_t length = encode(NULL);
	uint8_t *schema = unit_zeros(length);
	uint64_t n;

	(void)encode(schema);
	n = set_plan(p, ITEMS, WORDS, shards, banks, length);
	ck_assert_uint_ne(n, 0);
	*section = unit_zeros(n);
	p->id = 77;
	p->origin_created = 5;
	p->origin_serial = 6;
	set_create(*section, p, schema);
	free(schema);
	return n;
}

START_TEST(a_planned_set_passes_the_check)
{
	struct set_plan p, q;
	uint64_t length;
	void *section;

	for (uint32_t shards = 1; shards <= SHARDS_MAX; shards += 9) {
		for (uint32_t banks = 1; banks <= 2; banks++) {
			length = make_set(&section, &p, shards, banks);
			ck_assert_int_eq(set_check(section, length, &q), 0);
			ck_assert_mem_eq(&p, &q, sizeof(p));
			ck_assert_uint_eq(length % SEGMENT_PAGE, 0);
			ck_assert_int_eq(
			    set_check_schema(
				&q, (uint8_t *)section + q.schema_offset),
			    0);
			ck_assert(set_word(section, &q, banks, 0, 0) <=
				  (uint64_t *)section + length / 8);
			free(section);
		}
	}
}
END_TEST

START_TEST(what_can_be_no_set_is_not_planned)
{
	struct set_plan p;

	ck_assert_uint_eq(set_plan(&p, 1, SET_WORDS_MAX + 1, 1, 1, 32), 0);
	ck_assert_uint_eq(set_plan(&p, SET_WORDS_MAX + 1, 1, 1, 1, 32), 0);
	ck_assert_uint_eq(set_plan(&p, 1, 1, 0, 1, 32), 0);
	ck_assert_uint_eq(set_plan(&p, 1, 1, SHARDS_MAX + 1, 1, 32), 0);
	ck_assert_uint_eq(set_plan(&p, 1, 1, 1, 0, 32), 0);
	ck_assert_uint_eq(set_plan(&p, 1, 1, 1, 3, 32), 0);
	ck_assert_uint_eq(set_plan(&p, 1, 1, 1, 1, 33), 0);
	ck_assert_uint_eq(set_plan(&p, 1, 1, 1, 1, SCHEMA_MAX + 8), 0);
	ck_assert_uint_ne(set_plan(&p, 1, 1, 1, 1, SCHEMA_MAX), 0);
	ck_assert_uint_ne(
	    set_plan(&p, 1, SET_WORDS_MAX, SHARDS_MAX, 2, SCHEMA_MAX), 0);
}
END_TEST

static int
lies_in(uint64_t offset, uint64_t n, uint64_t length)
{
	return offset <= length && n <= length - offset;
}

START_TEST(whatever_passes_the_check_lies_in_the_section)
{
	struct unit_random r = { 31 };
	uint64_t length, good = 0, v, *section;
	struct set_plan p, q;
	void *made;

	length = make_set(&made, &p, 2, 2);
	section = made;
	for (int i = 0; i < UNIT_TIMES(300000); i++) {
		uint64_t saved[16];

		memcpy(saved, section, sizeof(saved));
		for (uint64_t n = 1 + unit_below(&r, 3); n > 0; n--) {
			unit_rubbish(&r, &v, sizeof(v));
			section[1 + unit_below(&r, 8)] =
			    unit_below(&r, 2) == 0 ? v : v % (2 * length);
		}
		if (set_check(section, length, &q) == 0) {
			good++;
			expect(
			    lies_in(q.schema_offset, q.schema_length, length));
			expect(lies_in(
			    q.carry_offset, (uint64_t)q.words * 8, length));
			for (uint32_t b = 0; b < q.banks; b++)
				expect(lies_in(
				    q.values_offset + b * q.bank_stride +
					(q.shards - 1) * q.shard_stride,
				    (uint64_t)q.words * 8, length));
			expect((q.carry_offset | q.values_offset |
				   q.shard_stride | q.bank_stride) %
				   8 ==
			       0);
		}
		memcpy(section, saved, sizeof(saved));
	}
	ck_assert_uint_gt(good, 0);
	for (uint64_t n = 0; n < sizeof(struct set_header); n++)
		ck_assert_int_eq(set_check(section, n, &q), -1);
	free(section);
}
END_TEST

START_TEST(a_schema_whose_words_lie_outside_is_refused)
{
	static const struct {
		enum schema_kind kind;
		uint32_t word, words, entries;
		int result;
	} t[] = {
		{ SCHEMA_COUNTER, 0, 1, 1, 0 },
		{ SCHEMA_COUNTER, 9, 1, 1, 0 },
		{ SCHEMA_HISTOGRAM, 0, 10, 1, 0 },
		{ SCHEMA_LABEL, 0, 0, 1, 0 },
		{ SCHEMA_COUNTER, 10, 1, 1, -1 },
		{ SCHEMA_COUNTER, UINT32_MAX, 1, 1, -1 },
		{ SCHEMA_HISTOGRAM, 1, 10, 1, -1 },
		{ SCHEMA_HISTOGRAM, 5, UINT32_MAX, 1, -1 },
		{ SCHEMA_COUNTER, 0, 2, 1, -1 },
		{ SCHEMA_COUNTER, 0, 0, 1, -1 },
		{ SCHEMA_LABEL, 0, 1, 1, -1 },
		{ SCHEMA_COUNTER, 0, 1, 2, -1 },
		{ SCHEMA_COUNTER, 0, 1, 0, -1 },
	};
	uint8_t buf[128];
	struct set_plan p;
	size_t length;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		length = 0;
		schema_put(buf, &length, t[i].kind, 0, t[i].word, t[i].words,
		    "x", "", "");
		ck_assert_uint_ne(
		    set_plan(&p, t[i].entries, 10, 1, 1, length), 0);
		ck_assert_msg(
		    set_check_schema(&p, buf) == t[i].result, "case %zu", i);
	}
}
END_TEST

START_TEST(a_schema_that_names_words_over_and_over_is_refused)
{
	uint8_t buf[256];
	struct set_plan p;
	size_t length = 0;

	schema_put(buf, &length, SCHEMA_HISTOGRAM, 0, 0, 6, "x", "", "");
	schema_put(buf, &length, SCHEMA_HISTOGRAM, 0, 4, 6, "y", "", "");
	ck_assert_uint_ne(set_plan(&p, 2, 10, 1, 1, length), 0);
	ck_assert_int_eq(set_check_schema(&p, buf), -1);
	ck_assert_uint_ne(set_plan(&p, 2, 12, 1, 1, length), 0);
	ck_assert_int_eq(set_check_schema(&p, buf), 0);
}
END_TEST

START_TEST(a_total_is_all_shards_of_the_shown_bank_and_the_carry)
{
	struct set_plan p;
	struct set_header *h;
	void *section;

	(void)make_set(&section, &p, 3, 2);
	h = section;
	for (uint32_t s = 0; s < 3; s++) {
		shared_store(set_word(section, &p, 0, s, 1), 10 + s);
		shared_store(set_word(section, &p, 1, s, 1), 100 << s);
	}
	shared_store(set_carry(section, &p, 1), 1000);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_COUNTER, 1), 1033);
	/* word 2 has which bits were touched: then the carry's do not count */
	shared_store(set_word(section, &p, 0, 0, 2), UINT64_MAX);
	shared_store(set_word(section, &p, 1, 0, 2), 0xf0);
	ck_assert_uint_eq(
	    set_total(section, &p, SCHEMA_BITMAP, 1), 10 | 11 | 12);
	shared_store(set_word(section, &p, 0, 0, 2), 0);
	ck_assert_uint_eq(
	    set_total(section, &p, SCHEMA_BITMAP, 1), (10 | 11 | 12) ^ 1000);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_GAUGE, 1), 33);
	ck_assert_uint_eq(set_total_with(section, &p, SCHEMA_GAUGE, 3, 5), 0);
	shared_store(&h->bank, 1);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_COUNTER, 1), 1700);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_BITMAP, 1),
	    (100 | 200 | 400) ^ (1000 & ~0xf0));
	/* what a scribbler leaves there chooses one of the two */
	shared_store(&h->bank, UINT64_MAX - 1);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_COUNTER, 1), 1033);
	free(section);
}
END_TEST

START_TEST(words_of_a_set_are_each_their_own)
{
	struct set_plan p, q;
	uint64_t length, n = 1;
	void *section;

	length = make_set(&section, &p, 4, 2);
	for (uint32_t w = 0; w < WORDS; w++) {
		for (uint32_t s = 0; s < 4; s++)
			for (uint64_t b = 0; b < 2; b++)
				*set_word(section, &p, b, s, w) = n++;
		*set_carry(section, &p, w) = n++;
	}
	n = 1;
	for (uint32_t w = 0; w < WORDS; w++) {
		for (uint32_t s = 0; s < 4; s++)
			for (uint64_t b = 0; b < 2; b++)
				expect_eq(*set_word(section, &p, b, s, w), n++);
		expect_eq(*set_carry(section, &p, w), n++);
	}
	ck_assert_int_eq(set_check(section, length, &q), 0);
	ck_assert_int_eq(
	    set_check_schema(&q, (uint8_t *)section + q.schema_offset), 0);
	free(section);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_schema_comes_out_as_it_went_in,
		what_is_no_name_or_unit_is_refused,
		a_schema_of_rubbish_is_survived_and_printable,
		an_entry_whose_text_is_too_long_is_refused,
		a_planned_set_passes_the_check,
		what_can_be_no_set_is_not_planned,
		whatever_passes_the_check_lies_in_the_section,
		a_schema_whose_words_lie_outside_is_refused,
		a_schema_that_names_words_over_and_over_is_refused,
		a_total_is_all_shards_of_the_shown_bank_and_the_carry,
		words_of_a_set_are_each_their_own,
	};

	return UNIT_RUN("set", tests);
}
