/*
 * test_histogram.c -- buckets, and quantiles beside those of the raw values.
 */
#include "common/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/shmlog.h"

START_TEST(buckets_are_beside_one_another_and_at_most_a_sixteenth_wide)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t low = histogram_low(i), high = histogram_high(i);

		expect_eq(low, next);
		expect(high >= low);
		expect(i >= 32 || low == high);
		expect(i == HISTOGRAM_LAST || high - low + 1 <= 1 + low / 16);
		expect_eq(histogram_bucket(low), i);
		expect_eq(histogram_bucket(high), i);
		next = high + 1;
	}
	/* the last one ends where numbers do */
	expect_eq(next, 0);
	expect_eq(histogram_low(HISTOGRAM_LAST), UINT64_C(1) << 63);
	expect_eq(HISTOGRAM_WORDS, 962);
}
END_TEST

START_TEST(shmlog_h_has_the_same_buckets)
{
	struct unit_random r = { 1 };

	for (uint64_t v = 0; v < 100000; v++)
		expect_eq(shmlog_bucket(v), histogram_bucket(v));
	for (int bit = 0; bit < 64; bit++)
		for (uint64_t i = 0; i < 64; i++) {
			uint64_t v = (UINT64_C(1) << bit) - 32 + i;

			expect_eq(shmlog_bucket(v), histogram_bucket(v));
		}
	for (int i = 0; i < UNIT_TIMES(1000000); i++) {
		uint64_t v = unit_random(&r) >> unit_below(&r, 64);

		expect_eq(shmlog_bucket(v), histogram_bucket(v));
		expect(v >= histogram_low(histogram_bucket(v)));
		expect(v <= histogram_high(histogram_bucket(v)));
	}
}
END_TEST

START_TEST(observing_adds_to_the_sum_and_to_one_bucket)
{
	static uint64_t c[HISTOGRAM_WORDS + 1];

	shmlog_observe(c, 0);
	shmlog_observe(c, 1000);
	shmlog_observe(c, 1000);
	/* a clock that went back by 7 */
	shmlog_observe(c, (uint64_t)-7);
	ck_assert_uint_eq(c[0], 1993);
	ck_assert_uint_eq(c[1], 1);
	ck_assert_uint_eq(c[1 + histogram_bucket(1000)], 2);
	ck_assert_uint_eq(c[1 + HISTOGRAM_LAST], 1);
	ck_assert_uint_eq(c[HISTOGRAM_WORDS], 0);
	ck_assert_uint_eq(histogram_count(c + 1), 4);
}
END_TEST

/*
 * Shapes of distributions.
 */
static double
uniform(struct unit_random *r)
{
	return ((double)(unit_random(r) >> 11) + 0.5) / 9007199254740992.0;
}

static uint64_t
shape_flat(struct unit_random *r)
{
	return unit_below(r, 1000000);
}

static uint64_t
shape_exponential(struct unit_random *r)
{
	return (uint64_t)(-50000 * log(uniform(r)));
}

static uint64_t
shape_log_normal(struct unit_random *r)
{
	double normal =
	    sqrt(-2 * log(uniform(r))) * cos(6.283185307179586 * uniform(r));

	return (uint64_t)exp(12 + 2 * normal);
}

static uint64_t
shape_two_humps(struct unit_random *r)
{
	return unit_below(r, 10) < 9 ? 100 + unit_below(r, 50)
				     : 2000000 + unit_below(r, 100000);
}

/* Pareto: its tail goes as far as numbers do */
static uint64_t
shape_long_tail(struct unit_random *r)
{
	double v = 3 / pow(uniform(r), 3);

	return v < 9e18 ? (uint64_t)v : UINT64_C(9000000000000000000);
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
compare(const char *name, uint64_t *raw, size_t n)
{
	static const uint32_t wanted[] = { 1, 500, 900, 990, 999, 1000 };
	uint64_t counts[HISTOGRAM_BUCKETS] = { 0 };

	for (size_t i = 0; i < n; i++)
		counts[histogram_bucket(raw[i])]++;
	expect_eq(histogram_count(counts), n);
	qsort(raw, n, sizeof(*raw), by_size);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t rank = (n * wanted[i] + 999) / 1000;
		uint64_t exact = raw[rank - 1];
		uint64_t shown = histogram_quantile(counts, n, wanted[i]);
		uint32_t bucket = histogram_bucket(exact);
		uint64_t width =
		    histogram_high(bucket) - histogram_low(bucket) + 1;

		if (shown < exact || shown - exact >= width)
			ck_abort_msg("%s of %zu, %u: %ju, exact is %ju", name,
			    n, wanted[i], (uintmax_t)shown, (uintmax_t)exact);
	}
}

START_TEST(quantiles_are_within_the_buckets_width_of_the_exact_ones)
{
	static const struct {
		const char *name;
		uint64_t (*value)(struct unit_random *);
	} shapes[] = {
		{ "flat", shape_flat },
		{ "exponential", shape_exponential },
		{ "log-normal", shape_log_normal },
		{ "two humps", shape_two_humps },
		{ "long tail", shape_long_tail },
	};
	static const size_t sizes[] = { 1, 2, 3, 10, 999, 1001,
		UNIT_TIMES(1000000) };
	uint64_t *raw = calloc(UNIT_TIMES(1000000), sizeof(*raw));
	struct unit_random r = { 7 };

	ck_assert_ptr_nonnull(raw);
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			for (size_t i = 0; i < sizes[k]; i++)
				raw[i] = shapes[s].value(&r);
			compare(shapes[s].name, raw, sizes[k]);
		}
	free(raw);
}
END_TEST

START_TEST(counts_that_nobody_counted_make_some_quantile)
{
	uint64_t counts[HISTOGRAM_BUCKETS] = { 0 };
	struct unit_random r = { 3 };

	for (uint32_t q = 1; q <= 1000; q++)
		expect_eq(histogram_quantile(counts, 0, q), 0);
	/* as many as there can be */
	counts[20] = UINT64_MAX - 1;
	counts[21] = 1;
	expect_eq(histogram_quantile(counts, UINT64_MAX, 999), 20);
	expect_eq(histogram_quantile(counts, UINT64_MAX, 1000), 21);
	for (int i = 0; i < 1000; i++) {
		unit_rubbish(&r, counts, sizeof(counts));
		for (uint32_t q = 1; q <= 1000; q += 111)
			(void)histogram_quantile(
			    counts, histogram_count(counts), q);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		buckets_are_beside_one_another_and_at_most_a_sixteenth_wide,
		shmlog_h_has_the_same_buckets,
		observing_adds_to_the_sum_and_to_one_bucket,
		quantiles_are_within_the_buckets_width_of_the_exact_ones,
		counts_that_nobody_counted_make_some_quantile,
	};

	return UNIT_RUN("histogram", tests);
}
