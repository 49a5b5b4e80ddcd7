/*
 * test_top.c -- the most frequent keys, beside exact counts of all of them.
 */
#include "readers/top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "readers/attach.h"
#include "tests/unit/unit.h"

#define COUNTERS 1024u
#define KEYS 200000u
#define RECORDS UNIT_TIMES(1000000)

/* What each key came to; keys are 0...KEYS - 1. */
static double exact[KEYS];
static struct top top;
static struct top_row rows[COUNTERS];

static uint64_t
hash_of(uint64_t key)
{
	struct unit_random r = { key * 1000003 };

	return unit_random(&r);
}

static void
begin(uint64_t window)
{
	memset(exact, 0, sizeof(exact));
	top_init(&top, COUNTERS, sizeof(uint32_t), window);
}

static void
add(uint32_t key)
{
	char *cell = top_add(&top, hash_of(key));

	if (cell != NULL)
		memcpy(cell, &key, sizeof(key));
	exact[key]++;
}

static uint32_t
key_of(const struct top_row *row)
{
	uint32_t key;

	memcpy(&key, row->cell, sizeof(key));
	expect(key < KEYS);
	expect_eq(row->hash, hash_of(key));
	return key;
}

/* All that top.h promises; `slack': times that are told apart no better. */
static void
compare(double slack)
{
	double total = 0, bound, true_;
	size_t n = top_rank(&top, rows, COUNTERS);

	for (uint32_t i = 0; i < KEYS; i++)
		total += exact[i];
	bound = 2 * total / COUNTERS * slack;
	expect(top_total(&top) <= total * slack);
	expect(top_total(&top) * slack >= total);
	expect(top_missed(&top) <= bound);
	for (size_t i = 0; i < n; i++) {
		true_ = exact[key_of(&rows[i])];
		expect(rows[i].weight <= true_ * slack);
		expect((rows[i].weight + rows[i].error) * slack >= true_);
		expect(rows[i].error <= bound);
		expect(i == 0 || rows[i - 1].weight >= rows[i].weight);
	}
	for (uint32_t i = 0; i < KEYS; i++)
		expect(exact[i] <= bound || top_weight(&top, hash_of(i)) > 0);
}

static uint32_t
zipf(struct unit_random *r)
{
	static double sums[KEYS];
	size_t low = 0, high = KEYS - 1, mid;
	double u;

	if (sums[0] == 0)
		for (uint32_t i = 0; i < KEYS; i++)
			sums[i] = (i == 0 ? 0 : sums[i - 1]) + pow(i + 1, -1.1);
	u = (double)(unit_random(r) >> 11) * 0x1p-53 * sums[KEYS - 1];
	while (low < high) {
		mid = (low + high) / 2;
		if (sums[mid] < u)
			low = mid + 1;
		else
			high = mid;
	}
	return (uint32_t)low;
}

START_TEST(few_keys_are_counted_exactly)
{
	struct unit_random r = { 1 };
	size_t n;

	begin(0);
	for (int i = 0; i < RECORDS; i++)
		add((uint32_t)unit_below(&r, COUNTERS));
	compare(1);
	n = top_rank(&top, rows, COUNTERS);
	for (size_t i = 0; i < n; i++) {
		expect(rows[i].weight == exact[key_of(&rows[i])]);
		expect(rows[i].error == 0);
	}
	expect(top_missed(&top) == 0);
	top_fini(&top);
}
END_TEST

START_TEST(of_a_zipf_distribution_the_top_is_right)
{
	struct unit_random r = { 2 };
	size_t n;

	begin(0);
	for (int i = 0; i < RECORDS; i++)
		add(zipf(&r));
	compare(1);
	n = top_rank(&top, rows, 20);
	ck_assert_uint_eq(n, 20);
	for (uint32_t i = 0; i < 20; i++) {
		/* the twenty most frequent ones are, in some order */
		expect(key_of(&rows[i]) < 25);
		expect(rows[i].weight == exact[key_of(&rows[i])]);
	}
	top_fini(&top);
}
END_TEST

/* Streams that are made to be as bad as can be. */
static uint32_t
all_distinct(int i)
{
	return (uint32_t)i % KEYS;
}

static uint32_t
one_more_than_counters(int i)
{
	return (uint32_t)i % (COUNTERS + 1);
}

static uint32_t
half_of_it_late(int i)
{
	if (i < RECORDS / 2)
		return 10 + (uint32_t)i % (KEYS - 10);
	return i % 2 == 0 ? (uint32_t)i / 2 % 10
			  : 10 + (uint32_t)i % (KEYS - 10);
}

static uint32_t
frequent_ones_first(int i)
{
	if (i < RECORDS / 100)
		return (uint32_t)i % 3;
	return 10 + (uint32_t)i % (KEYS - 10);
}

/* each key as often as its number, one after the other */
static uint32_t
stairs(int i)
{
	return (uint32_t)sqrt(2.0 * i);
}

static uint32_t
just_above_the_bound(int i)
{
	/* COUNTERS / 3 keys have more than 2 / COUNTERS of it */
	return i % 4 != 3 ? (uint32_t)i / 4 % (COUNTERS / 3)
			  : COUNTERS + (uint32_t)i % (KEYS - COUNTERS);
}

START_TEST(what_is_frequent_is_there_whatever_comes_in_whatever_order)
{
	static uint32_t (*const streams[])(int) = { all_distinct,
		one_more_than_counters, half_of_it_late, frequent_ones_first,
		stairs, just_above_the_bound };

	for (size_t s = 0; s < UNIT_COUNT(streams); s++) {
		begin(0);
		for (int i = 0; i < RECORDS; i++) {
			add(streams[s](i));
			if (i == RECORDS / 3)
				compare(1);
		}
		compare(1);
		top_fini(&top);
	}
}
END_TEST

/* A window of a second; time moves a microsecond a record. */
#define TAU 1e9
#define STEP 1000

/* All that was counted decays, as it should exactly. */
static void
decay(double ns)
{
	for (uint32_t i = 0; i < KEYS; i++)
		exact[i] *= exp(-ns / TAU);
}

START_TEST(what_is_old_decays_and_the_bounds_hold)
{
	struct unit_random r = { 3 };
	uint64_t now = UINT64_C(1790000000) * NSEC;
	int part = RECORDS / 50;

	begin((uint64_t)TAU);
	top_clock(&top, now);
	for (int i = 0; i < RECORDS; i++) {
		/* the frequent ones are others, tenth by tenth */
		add((zipf(&r) + (uint32_t)(i / (RECORDS / 10)) * 1000) % KEYS);
		now += STEP * 50;
		top_clock(&top, now);
		if (i % part == part - 1) {
			/* within the part decay is not followed: a bound */
			decay((double)part * STEP * 50);
			top_turn(&top, now);
			compare(exp((double)part * STEP * 50 / TAU) * 1.01);
		}
	}
	top_fini(&top);
}
END_TEST

START_TEST(a_steady_rate_is_shown_as_it_is_from_the_start_on)
{
	uint64_t began = UINT64_C(1790000000) * NSEC, now = began;
	double rate;

	begin((uint64_t)TAU);
	top_clock(&top, now);
	/* 2000 a second of one, 500 of the other, for 40 windows */
	for (int i = 0; i < 100000; i++) {
		now += 400000;
		top_clock(&top, now);
		add(i % 5 == 0);
		if (i < 1000 || i % 997 != 0)
			continue;
		top_turn(&top, now);
		rate = top_weight(&top, hash_of(0)) / top_span(&top, began);
		expect(fabs(rate * NSEC - 2000) < 20);
		rate = top_weight(&top, hash_of(1)) / top_span(&top, began);
		expect(fabs(rate * NSEC - 500) < 10);
	}
	/* no more of the first: of it e^-5 are left after 5 windows */
	for (int i = 0; i < 2500; i++) {
		now += 2000000;
		top_clock(&top, now);
		add(1);
	}
	top_turn(&top, now);
	rate = top_weight(&top, hash_of(0)) / top_span(&top, began) * NSEC;
	expect(rate > 2000 * exp(-5) * 0.98 && rate < 2000 * exp(-5) * 1.02);
	ck_assert_uint_eq(top_rank(&top, rows, 1), 1);
	ck_assert_uint_eq(key_of(&rows[0]), 1);
	top_fini(&top);
}
END_TEST

START_TEST(nothing_goes_wrong_after_a_long_pause)
{
	uint64_t now = UINT64_C(1790000000) * NSEC;

	begin((uint64_t)TAU);
	for (int times = 0; times < 5; times++) {
		top_clock(&top, now);
		for (uint32_t i = 0; i < 5 * COUNTERS; i++)
			add(i);
		for (int i = 0; i < 100; i++)
			add(7);
		top_turn(&top, now);
		ck_assert_uint_eq(top_rank(&top, rows, 1), 1);
		ck_assert_uint_eq(key_of(&rows[0]), 7);
		ck_assert(rows[0].weight >= 100 && rows[0].weight <= 101.001);
		/* from a minute to sixty years; the clock may go back, too */
		now += 60 * NSEC << times * 5;
		top_turn(&top, now - NSEC);
		top_turn(&top, 1);
		ck_assert(top_total(&top) < 1e-20);
	}
	top_fini(&top);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		few_keys_are_counted_exactly,
		of_a_zipf_distribution_the_top_is_right,
		what_is_frequent_is_there_whatever_comes_in_whatever_order,
		what_is_old_decays_and_the_bounds_hold,
		a_steady_rate_is_shown_as_it_is_from_the_start_on,
		nothing_goes_wrong_after_a_long_pause,
	};

	return UNIT_RUN("top", tests);
}
