/*
 * test_hist.c -- shmhist's buckets and quantiles, beside exact ones; its
 * window; who has a histogram of its own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/histogram.h"
#include "readers/attach.h"
#include "readers/hist_by.h"
#include "tests/unit/records.h"

START_TEST(whole_numbers_have_the_buckets_of_histogram_h)
{
	struct hist_counts c = { .min = 0, .max = INFINITY };
	struct unit_random r = { 1 };
	uint32_t bucket, theirs;
	uint64_t v;

	for (int i = 0; i < UNIT_TIMES(1000000); i++) {
		v = i < 100000 ? (uint64_t)i
			       : unit_random(&r) >> (12 + unit_below(&r, 50));
		bucket = hist_bucket((double)v);
		theirs = histogram_bucket(v);
		expect(hist_first(&c, bucket) == (double)histogram_low(theirs));
		expect(hist_last(&c, bucket) == (double)histogram_high(theirs));
	}
}
END_TEST

START_TEST(buckets_are_beside_one_another_from_small_to_large)
{
	for (uint32_t i = 0; i + 1 < HIST_BUCKETS; i++) {
		expect_eq(hist_bucket(hist_low(i)), i);
		expect_eq(hist_bucket(nextafter(hist_end(i), 0)), i);
		expect(hist_end(i) == hist_low(i + 1));
		expect(i == 0 || hist_end(i) / hist_low(i) <= 1.0625);
	}
	expect_eq(hist_bucket(0), 0);
	expect_eq(hist_bucket(5e-324), 0);
	expect_eq(hist_bucket(1e308), HIST_BUCKETS - 1);
}
END_TEST

static double
uniform(struct unit_random *r)
{
	return ((double)(unit_random(r) >> 11) + 0.5) * 0x1p-53;
}

static double
whole(struct unit_random *r)
{
	return floor(-50000 * log(uniform(r)));
}

static double
small_whole(struct unit_random *r)
{
	return (double)unit_below(r, 5);
}

static double
part_of_a_second(struct unit_random *r)
{
	return -0.003 * log(uniform(r));
}

static double
all_sizes(struct unit_random *r)
{
	return ldexp(uniform(r), (int)unit_below(r, 80) - 28);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
compare(const struct hist_counts *c, double *raw, size_t n)
{
	static const uint32_t wanted[] = { 1, 500, 900, 990, 999, 1000 };
	double exact, shown;

	expect_eq(c->n, n);
	qsort(raw, n, sizeof(*raw), by_size);
	expect(c->min == raw[0] && c->max == raw[n - 1]);
	expect(hist_quantile(c, 1000) == c->max);
	for (size_t i = 0; i < UNIT_COUNT(wanted); i++) {
		exact = raw[(n * wanted[i] + 999) / 1000 - 1];
		shown = hist_quantile(c, wanted[i]);
		if (shown < exact || shown > exact * 1.0625 + 0x1p-32)
			ck_abort_msg("of %zu, %u: %g, exact is %g", n,
			    wanted[i], shown, exact);
		/* of small whole numbers it is the number itself */
		expect(c->fractions != 0 || exact >= 32 || shown == exact);
	}
}

START_TEST(quantiles_are_within_a_buckets_width_of_the_exact_ones)
{
	static double (*const shapes[])(struct unit_random *) = { whole,
		small_whole, part_of_a_second, all_sizes };
	static const size_t sizes[] = { 1, 2, 3, 10, 999, 1001,
		UNIT_TIMES(200000) };
	double *raw = calloc(UNIT_TIMES(200000), sizeof(*raw)), sum;
	struct unit_random r = { 5 };
	static struct hist_counts c;
	struct hist *h = hist_new();

	ck_assert_ptr_nonnull(raw);
	for (size_t s = 0; s < UNIT_COUNT(shapes); s++)
		for (size_t k = 0; k < UNIT_COUNT(sizes); k++) {
			hist_clear(h);
			sum = 0;
			for (size_t i = 0; i < sizes[k]; i++) {
				raw[i] = shapes[s](&r);
				sum += raw[i];
				hist_add(h, raw[i]);
			}
			hist_sum(h, &c);
			compare(&c, raw, sizes[k]);
			expect(fabs(c.sum - sum) <= sum * 1e-9);
		}
	free(h);
	free(raw);
}
END_TEST

START_TEST(what_is_older_than_all_slots_is_forgotten)
{
	static struct hist_counts c;
	struct hist *h = hist_new();

	/* in slot i, i + 1 values of i */
	for (unsigned i = 0; i < 100; i++) {
		if (i != 0)
			hist_turn(h);
		for (unsigned k = 0; k <= i; k++)
			hist_add(h, i);
		hist_sum(h, &c);
		uint64_t n = 0,
			 oldest = i < HIST_SLOTS ? 0 : i - HIST_SLOTS + 1;

		for (uint64_t k = oldest; k <= i; k++)
			n += k + 1;
		ck_assert_uint_eq(c.n, n);
		ck_assert(c.min == (double)oldest && c.max == i);
	}
	for (unsigned i = 0; i < HIST_SLOTS; i++)
		hist_turn(h);
	hist_sum(h, &c);
	ck_assert_uint_eq(c.n, 0);
	free(h);
}
END_TEST

static struct records records;

/* The histogram for a record whose field `k' is that number. */
static struct hist *
of(struct by *b, struct key *k, unsigned number)
{
	static const struct record_of about = { 0, NULL, 6, 0 };
	char text[32];
	struct hist *h;
	int n = snprintf(text, sizeof(text), "k=%u", number);

	ck_assert_uint_eq(
	    key_take(k, records_text(&records, &about, text, (size_t)n)), 1);
	h = by_find(b, k);
	records_drop(&records, 1);
	return h;
}

static uint64_t
values(const struct by *b)
{
	static struct hist_counts c;
	uint64_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		hist_sum(b->of[i], &c);
		n += c.n;
	}
	hist_sum(b->other, &c);
	return n + c.n;
}

START_TEST(no_value_is_lost_when_another_key_becomes_frequent)
{
	struct unit_random r = { 4 };
	struct by b;
	struct key k;
	uint64_t n = 0;
	unsigned i;

	records_begin(&records);
	ck_assert_int_eq(key_init(&k, "k"), 0);
	by_init(&b, 0);
	for (i = 0; i < 2000; i++, n++)
		hist_add(of(&b, &k, (unsigned)unit_below(&r, 100)), i);
	ck_assert_uint_eq(b.n, BY_MAX);
	ck_assert_uint_eq(values(&b), n);
	/* none of them stands out: nothing changes */
	ck_assert_ptr_eq(of(&b, &k, 1000), b.other);
	by_choose(&b);
	ck_assert_ptr_eq(of(&b, &k, 1000), b.other);
	for (i = 0; i < 500; i++, n++)
		hist_add(of(&b, &k, 1000), i);
	by_choose(&b);
	ck_assert_ptr_ne(of(&b, &k, 1000), b.other);
	for (i = 0; i < 100; i++, n++)
		hist_add(of(&b, &k, 1000), i);
	ck_assert_uint_eq(values(&b), n);
	ck_assert_uint_eq(b.n, BY_MAX);
	/* also while slots are turned */
	for (i = 0; i < HIST_SLOTS - 1; i++) {
		by_turn(&b);
		hist_add(of(&b, &k, 2000 + i % 3), 1);
		n++;
		ck_assert_uint_eq(values(&b), n);
	}
	by_turn(&b);
	ck_assert_uint_eq(values(&b), HIST_SLOTS - 1);
	by_fini(&b);
	key_fini(&k);
	records_end(&records);
}
END_TEST

START_TEST(minus_zero_is_zero)
{
	struct hist *h = hist_new();
	struct hist_counts sum;

	hist_add(h, -0.0);
	hist_add(h, 0.0);
	hist_add(h, 1);
	hist_sum(h, &sum);
	ck_assert_uint_eq(sum.buckets[0], 2);
	ck_assert(!signbit(sum.min));
	ck_assert(hist_quantile(&sum, 500) == 0);
	free(h);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		whole_numbers_have_the_buckets_of_histogram_h,
		buckets_are_beside_one_another_from_small_to_large,
		quantiles_are_within_a_buckets_width_of_the_exact_ones,
		what_is_older_than_all_slots_is_forgotten,
		no_value_is_lost_when_another_key_becomes_frequent,
		minus_zero_is_zero,
	};

	return UNIT_RUN("hist", tests);
}
