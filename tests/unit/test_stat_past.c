/*
 * test_stat_past.c -- averages that warm up and decay, and samples.
 */
#include <math.h>
#include <string.h>

#include "readers/attach.h"
#include "readers/stat_past.h"
#include "tests/unit/unit.h"

/* A counter that is passed by, and what was seen of it. */
struct passer {
	struct stat_counter k;
};

START_TEST(what_is_left_of_a_weight_is_by_the_exponential)
{
	static const uint64_t times[] = { 1, 999999, MSEC, 1234567, NSEC / 3,
		NSEC, 7 * NSEC + 1, 60 * NSEC, 86400 * NSEC };
	struct stat_decay d;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		stat_decay(&d, times[i]);
		for (unsigned j = 0; j < STAT_SPANS; j++)
			ck_assert_double_eq_tol(d.keep[j],
			    exp(-(double)times[i] / 1e9 / stat_spans[j]), 2e-9);
	}
}
END_TEST

static void
passer_begin(struct passer *p, enum schema_kind kind)
{
	static const struct stat_decay none = { { 0 } };

	memset(p, 0, sizeof(*p));
	p->k.kind = kind;
	stat_past_take(&p->k, &none, 0);
}

/* n intervals of so many ns, in which it counts `rate' a second, or has that
 * value. */
static void
passer_pass(struct passer *p, unsigned n, uint64_t ns, double rate)
{
	struct stat_decay d;

	stat_decay(&d, ns);
	for (unsigned i = 0; i < n; i++) {
		p->k.known = 1;
		p->k.before = p->k.value;
		p->k.rate = rate;
		p->k.value = stat_is_level(&p->k)
				 ? (uint64_t)(int64_t)rate
				 : p->k.value + (uint64_t)(rate * 10);
		stat_past_take(&p->k, &d, ns);
	}
}

static double
average(const struct passer *p, unsigned span)
{
	double a;

	ck_assert_int_eq(stat_past_average(p->k.past, span, &a), 0);
	return a;
}

static void
passer_end(struct passer *p)
{
	stat_past_free(p->k.past);
}

START_TEST(there_is_no_average_before_the_first_interval)
{
	struct passer p;
	double a;

	passer_begin(&p, SCHEMA_COUNTER);
	ck_assert_int_eq(stat_past_average(p.k.past, 0, &a), -1);
	ck_assert_int_eq(p.k.past->known, 0);
	passer_end(&p);
}
END_TEST

START_TEST(a_steady_rate_is_all_averages_from_the_first_interval_on)
{
	struct passer p;

	passer_begin(&p, SCHEMA_COUNTER);
	for (unsigned n = 0; n < 2000; n++) {
		passer_pass(&p, 1, NSEC, 5);
		for (unsigned i = 0; i < STAT_SPANS; i++)
			expect(fabs(average(&p, i) - 5) < 1e-9);
	}
	passer_end(&p);
}
END_TEST

START_TEST(of_what_is_short_for_its_span_it_is_the_mean)
{
	struct passer p;

	passer_begin(&p, SCHEMA_COUNTER);
	passer_pass(&p, 2, NSEC, 10);
	passer_pass(&p, 2, NSEC, 30);
	ck_assert_double_eq_tol(average(&p, 2), 20, 0.02);
	ck_assert_double_eq_tol(average(&p, 0), 20, 2.1);
	ck_assert_double_gt(average(&p, 0), 20); /* the newer counts more */
	passer_end(&p);
}
END_TEST

START_TEST(after_its_span_a_rate_counts_by_a_third)
{
	struct passer p;

	passer_begin(&p, SCHEMA_COUNTER);
	passer_pass(&p, 20000, NSEC, 1);
	passer_pass(&p, 10, NSEC, 0);
	ck_assert_double_eq_tol(average(&p, 0), exp(-1), 1e-6);
	ck_assert_double_eq_tol(average(&p, 1), exp(-0.1), 1e-6);
	ck_assert_double_eq_tol(average(&p, 2), exp(-0.01), 1e-6);
	passer_end(&p);
}
END_TEST

START_TEST(how_long_the_intervals_are_does_not_matter)
{
	struct passer a, b;

	passer_begin(&a, SCHEMA_COUNTER);
	passer_begin(&b, SCHEMA_COUNTER);
	passer_pass(&a, 30, NSEC, 10);
	passer_pass(&a, 40, NSEC / 4, 3);
	passer_pass(&b, 1, 30 * NSEC, 10);
	passer_pass(&b, 2, 5 * NSEC, 3);
	for (unsigned i = 0; i < STAT_SPANS; i++)
		ck_assert_double_eq_tol(average(&a, i), average(&b, i), 1e-9);
	passer_end(&a);
	passer_end(&b);
}
END_TEST

START_TEST(averages_begin_anew_when_they_are_reset)
{
	struct passer p;
	double a;

	passer_begin(&p, SCHEMA_COUNTER);
	passer_pass(&p, 50, NSEC, 100);
	stat_past_reset(p.k.past);
	ck_assert_int_eq(stat_past_average(p.k.past, 1, &a), -1);
	passer_pass(&p, 1, NSEC, 2);
	ck_assert_double_eq_tol(average(&p, 1), 2, 1e-9);
	passer_end(&p);
}
END_TEST

START_TEST(of_a_gauge_the_value_is_averaged_and_the_change_has_a_sign)
{
	struct passer p;

	passer_begin(&p, SCHEMA_GAUGE);
	passer_pass(&p, 3, NSEC, -40);
	ck_assert_double_eq_tol(average(&p, 0), -40, 1e-9);
	ck_assert_double_eq(p.k.past->change, 0);
	passer_pass(&p, 1, 2 * NSEC, -60);
	ck_assert_double_eq(p.k.past->change, -10);
	passer_end(&p);
}
END_TEST

START_TEST(what_was_always_0_has_not_moved_and_has_no_samples)
{
	struct passer p;

	passer_begin(&p, SCHEMA_COUNTER);
	passer_pass(&p, 5, NSEC, 0);
	ck_assert_int_eq(p.k.past->moved, 0);
	ck_assert_ptr_null(p.k.past->samples);
	passer_pass(&p, 1, NSEC, 1);
	ck_assert_int_eq(p.k.past->moved, 1);
	ck_assert_ptr_nonnull(p.k.past->samples);
	passer_pass(&p, 1, NSEC, 0);
	ck_assert_int_eq(p.k.past->moved, 1);
	passer_end(&p);
}
END_TEST

START_TEST(samples_are_the_last_ones_the_newest_first)
{
	struct passer p;

	passer_begin(&p, SCHEMA_COUNTER);
	passer_pass(&p, 1, NSEC, 8);
	passer_pass(&p, 1, NSEC, 9);
	ck_assert_double_eq(stat_past_sample(p.k.past, 0), 9);
	ck_assert_double_eq(stat_past_sample(p.k.past, 1), 8);
	ck_assert_double_eq(stat_past_sample(p.k.past, 2), 0);
	for (unsigned i = 0; i < STAT_SAMPLES + 5; i++)
		passer_pass(&p, 1, NSEC, i);
	for (uint32_t i = 0; i < STAT_SAMPLES; i++)
		ck_assert_double_eq(stat_past_sample(p.k.past, i),
		    (double)(STAT_SAMPLES + 4 - i));
	ck_assert_double_eq(stat_past_sample(p.k.past, STAT_SAMPLES), 0);
	passer_end(&p);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_left_of_a_weight_is_by_the_exponential,
		there_is_no_average_before_the_first_interval,
		a_steady_rate_is_all_averages_from_the_first_interval_on,
		of_what_is_short_for_its_span_it_is_the_mean,
		after_its_span_a_rate_counts_by_a_third,
		how_long_the_intervals_are_does_not_matter,
		averages_begin_anew_when_they_are_reset,
		of_a_gauge_the_value_is_averaged_and_the_change_has_a_sign,
		what_was_always_0_has_not_moved_and_has_no_samples,
		samples_are_the_last_ones_the_newest_first,
	};

	return UNIT_RUN("stat_past", tests);
}
