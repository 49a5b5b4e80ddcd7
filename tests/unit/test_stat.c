/*
 * test_stat.c -- counter sets added up, at one moment, from anybody's bytes.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/histogram.h"
#include "common/shared.h"
#include "tests/unit/view.h"

static const struct schema_item old_items[] = {
	{ SCHEMA_COUNTER, 0, 0, 1, "requests", "", "Requests, as it was" },
	{ SCHEMA_COUNTER, 0, 0, 1, "open", "files", "Files ever opened" },
};

START_TEST(sets_of_one_schema_are_added_up)
{
	struct fake f;
	struct view v;

	fake_begin(&f);
	view_put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	view_put(&f, &(struct fake_set){ A_SET }, 7, -10, 6, -4);
	view_put(&f, &(struct fake_set){ A_SET, .shards = 3 }, 1, 0, 0, 0);
	view_put(&f,
	    &(struct fake_set){
		.type = "http", .ident = "back", .items = view_items, .n = 4 },
	    1000, 0, 0, 0);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_uint_eq(view_count(&v), 8);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 13);
	ck_assert_int_eq(view_value(&v, "http.front.open"), -7);
	ck_assert_int_eq(view_value(&v, "http.front.up"), 7);
	ck_assert_int_eq(view_value(&v, "http.front.active"), -2);
	ck_assert_int_eq(view_value(&v, "http.back.requests"), 1000);
	ck_assert_uint_eq(view_find(&v, "http.front.open")->sets, 3);
	ck_assert_str_eq(view_find(&v, "http.front.open")->unit, "files");
	ck_assert_str_eq(stat_first(&v.c)->name, "http.back.active");
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(the_dead_count_once_and_only_what_is_retained)
{
	struct fake f;
	struct view v;

	fake_begin(&f);
	view_put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	view_put(&f, &(struct fake_set){ A_SET, .flags = DESC_PLACEHOLDER }, 10,
	    30, 2, 20);
	view_put(
	    &f, &(struct fake_set){ A_SET, .flags = DESC_ORPHAN }, 1, 1, 4, 1);
	view_put(&f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    100, 99, 8, 99);
	view_put(&f,
	    &(struct fake_set){
		A_SET, .class = CLASS_COOL, .flags = DESC_FOLDED },
	    4000, 99, 16, 99);
	view_put(&f, &(struct fake_set){ A_SET, .class = CLASS_COOL }, 1000, 99,
	    32, 99);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 1116);
	ck_assert_int_eq(view_value(&v, "http.front.open"), 34);
	ck_assert_int_eq(view_value(&v, "http.front.up"), 7);
	ck_assert_int_eq(view_value(&v, "http.front.active"), 23);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(carry_and_the_bank_that_is_shown_count)
{
	uint64_t sums[4] = { 77, 0, 0, 0 };
	struct set_plan p;
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	at = view_put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	p = fake_plan(&f, at);
	shared_store(set_carry(fake_section(&f, at), &p, 0), 100);
	shared_store(set_carry(fake_section(&f, at), &p, 3), (uint64_t)-3);
	at = view_put(&f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    1000, 0, 0, 0);
	p = fake_plan(&f, at);
	bank_write(fake_section(&f, at), &p, 1, sums, 4, 9);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 1105);
	ck_assert_int_eq(view_value(&v, "http.front.active"), -1);
	bank_turn(fake_section(&f, at), 1);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 182);
	view_end(&v);
	fake_end(&f);
}
END_TEST

static const struct schema_item timed[] = {
	{ SCHEMA_COUNTER, 0, 0, 1, "n", "", "" },
	{ SCHEMA_HISTOGRAM, 0, 0, HISTOGRAM_WORDS, "took", "ms", "" },
};

#define A_TIMED                                                                \
	.type = "http", .ident = "front", .items = timed, .n = 2, .pid = 100

/* Observes a value n times, in a shard or in the carry. */
static void
observe(struct fake *f, uint32_t at, int shard, uint64_t value, uint64_t n)
{
	struct set_plan p = fake_plan(f, at);
	uint64_t *words = shard == -1 ? set_carry(fake_section(f, at), &p, 1)
				      : set_word(fake_section(f, at), &p, 0,
					    (uint32_t)shard, 1);

	words[0] += n * value;
	words[1 + histogram_bucket(value)] += n;
}

START_TEST(histograms_are_added_up_word_by_word)
{
	uint64_t sums[1 + HISTOGRAM_WORDS] = { 0 };
	struct stat_counter *k;
	struct set_plan p;
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(&f, &(struct fake_set){ A_TIMED, .shards = 2 });
	observe(&f, at, 0, 5, 10);
	observe(&f, at, 1, 5, 1);
	observe(&f, at, -1, 5, 100);
	observe(&f, at, 1, UINT64_MAX, 3);
	at = fake_set(
	    &f, &(struct fake_set){ A_TIMED, .flags = DESC_PLACEHOLDER });
	observe(&f, at, 0, 1000, 7);
	at = fake_set(&f, &(struct fake_set){ A_TIMED, .class = CLASS_COOL,
			      .flags = DESC_FOLDED });
	observe(&f, at, 0, 5, 5000);
	at = fake_set(&f,
	    &(struct fake_set){ A_TIMED, .flags = DESC_RETAINED, .banks = 2 });
	observe(&f, at, 0, 5, 6000); /* in the bank that is not shown */
	p = fake_plan(&f, at);
	sums[1] = 5 * 1000;
	sums[1 + 1 + 5] = 1000;
	bank_write(fake_section(&f, at), &p, 1, sums, 1 + HISTOGRAM_WORDS, 9);
	bank_turn(fake_section(&f, at), 1);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	for (int pass = 0; pass < 3; pass++) {
		view_pass(&v);
		k = view_find(&v, "http.front.took");
		ck_assert_ptr_nonnull(k);
		ck_assert_uint_eq(k->value, 1121);
		ck_assert_uint_eq(k->words[0], 5 * 1111 - 3 + 7000);
		ck_assert_uint_eq(k->words[1 + 5], 1111);
		ck_assert_uint_eq(k->words[1 + histogram_bucket(1000)], 7);
		ck_assert_uint_eq(k->words[1 + HISTOGRAM_LAST], 3);
		ck_assert_uint_eq(
		    stat_histogram_quantile(k, &stat_quantiles[0]), 5);
		ck_assert_uint_eq(
		    stat_histogram_quantile(k, &stat_quantiles[4]), UINT64_MAX);
	}
	ck_assert_int_eq(view_value(&v, "http.front.n"), 0);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(a_histogram_does_not_go_back_while_the_list_stands_in_change)
{
	uint64_t words[HISTOGRAM_WORDS] = { 100 };
	struct stat_counter k = { 0 };

	words[1 + 10] = 10;
	stat_histogram_begin(&k);
	stat_histogram_add(&k, words);
	stat_histogram_finish(&k, 0);
	ck_assert_uint_eq(k.value, 10);
	words[0] = 31;
	words[1 + 10] = 0;
	words[1 + 31] = 1;
	stat_histogram_begin(&k);
	stat_histogram_add(&k, words);
	stat_histogram_finish(&k, 1);
	ck_assert_uint_eq(k.value, 11);
	ck_assert_uint_eq(k.words[0], 100);
	stat_histogram_begin(&k);
	stat_histogram_add(&k, words);
	stat_histogram_finish(&k, 0);
	ck_assert_uint_eq(k.value, 1);
	stat_histogram_free(&k);
}
END_TEST

START_TEST(apart_each_worker_has_a_line_and_the_retained_one)
{
	const struct stat_options apart = { .apart = 1 };
	struct fake f;
	struct view v;

	fake_begin(&f);
	view_put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	view_put(&f,
	    &(struct fake_set){ .type = "http",
		.ident = "front",
		.items = view_items,
		.n = 4,
		.pid = 200 },
	    7, 0, 0, 0);
	view_put(&f, &(struct fake_set){ A_SET, .flags = DESC_RETAINED }, 11, 0,
	    0, 0);
	fake_show(&f);
	view_begin(&v, &f, &apart);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front[100].requests"), 5);
	ck_assert_int_eq(view_value(&v, "http.front[200].requests"), 7);
	ck_assert_int_eq(view_value(&v, "http.front[retained].requests"), 11);
	ck_assert_ptr_null(view_find(&v, "http.front.requests"));
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(the_newest_set_defines_a_counter_and_others_that_clash_are_left_out)
{
	struct fake_set before = { .type = "http",
		.ident = "front",
		.items = old_items,
		.n = 2,
		.created = 1000 };
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(&f, &before);
	fake_store(&f, at, 0, 40);
	fake_store(&f, at, 1, 50);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front.open"), 50);
	at = view_put(
	    &f, &(struct fake_set){ A_SET, .created = 2000 }, 2, 3, 0, 0);
	fake_show(&f);
	view_pass(&v);
	/* one kind: both; another kind: the newer one */
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 42);
	ck_assert_str_eq(
	    view_find(&v, "http.front.requests")->help, "Requests served");
	ck_assert_int_eq(view_value(&v, "http.front.open"), 3);
	ck_assert_int_eq(view_find(&v, "http.front.open")->kind, SCHEMA_GAUGE);
	/* the newer one is gone for good: what is there counts again */
	fake_drop(&f, at);
	fake_show(&f);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front.open"), 50);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 40);
	ck_assert_uint_eq(view_count(&v), 2);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(what_is_told_of_a_clash_is_made_harmless)
{
	const struct schema_item a[] = {
		{ SCHEMA_LABEL, 0, 0, 0, "host", "", "\x9b\xc2\x9b" },
		{ SCHEMA_COUNTER, 0, 0, 1, "n", "", "" },
		{ SCHEMA_LABEL, 0, 0, 0, "host", "", "\x9b\xc2\x9b" },
		{ SCHEMA_GAUGE, 0, 0, 1, "n", "", "" },
	};
	struct fake_set set = { .type = "x", .ident = "y", .items = a, .n = 2 };
	static const char want[] = "x.y.n{host=\\x9b\\xc2\\x9b}: some sets ";
	char got[512] = "", path[80];
	struct fake f;
	struct view v;
	FILE *told;

	fake_begin(&f);
	(void)fake_set(&f, &set);
	set.items = a + 2;
	(void)fake_set(&f, &set);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	(void)snprintf(path, sizeof(path), "%s/told", f.path);
	told = freopen(path, "w+", stderr);
	ck_assert_ptr_nonnull(told);
	(void)unlink(path);
	view_pass(&v);
	rewind(told);
	ck_assert_uint_gt(fread(got, 1, sizeof(got) - 1, told), 0);
	ck_assert_ptr_nonnull(strstr(got, want));
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(labels_are_part_of_the_name)
{
	const struct schema_item a[] = {
		{ SCHEMA_LABEL, 0, 0, 0, "host", "", "a" },
		{ SCHEMA_COUNTER, 0, 0, 1, "n", "", "" },
		{ SCHEMA_LABEL, 0, 0, 0, "zone", "", "1" },
		{ SCHEMA_HISTOGRAM, 0, 0, 3, "h", "", "" },
		{ SCHEMA_COUNTER, 0, 0, 1, "n", "", "again: is left out" },
	};
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(&f, &(struct fake_set){
			      .type = "x", .ident = "y", .items = a, .n = 5 });
	fake_store(&f, at, 0, 3);
	fake_store(&f, at, 4, 5);
	at = fake_set(
	    &f, &(struct fake_set){
		    .type = "x", .ident = "y", .items = a + 1, .n = 1 });
	fake_store(&f, at, 0, 4);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_uint_eq(view_count(&v), 2);
	ck_assert_int_eq(view_value(&v, "x.y.n{host=a,zone=1}"), 3);
	ck_assert_int_eq(view_value(&v, "x.y.n"), 4);
	view_end(&v);
	fake_end(&f);
}
END_TEST

#define LABELS 50

/* They are in each name, so what they take is as it were squared. */
START_TEST(a_set_whose_labels_take_too_much_is_left_out)
{
	static struct schema_item a[LABELS + 300];
	const struct schema_item one = { SCHEMA_COUNTER, 0, 0, 1, "n", "", "" };
	struct fake f;
	struct view v;

	/* its complaint */
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	for (int i = 0; i < LABELS; i++) {
		a[i].kind = SCHEMA_LABEL;
		(void)snprintf(a[i].name, sizeof(a[i].name), "l%d", i);
		memset(a[i].help, 'x', 200);
	}
	for (int i = LABELS; i < LABELS + 300; i++) {
		a[i] = one;
		(void)snprintf(a[i].name, sizeof(a[i].name), "n%d", i);
	}
	fake_begin(&f);
	fake_set(&f,
	    &(struct fake_set){
		.type = "x", .ident = "many", .items = a, .n = LABELS + 300 });
	fake_set(
	    &f, &(struct fake_set){
		    .type = "x", .ident = "few", .items = a, .n = LABELS + 3 });
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_uint_eq(view_count(&v), 3);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(a_rate_is_the_average_first_and_then_between_passes)
{
	struct stat_counter *k;
	struct fake f;
	struct view v;
	uint64_t began;
	uint32_t at;

	fake_begin(&f);
	at = view_put(&f,
	    &(struct fake_set){ A_SET, .created = clock_real() - 10 * NSEC },
	    1000, 3, 1, 2);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	k = view_find(&v, "http.front.requests");
	ck_assert(k->rate > 90 && k->rate < 101);
	ck_assert(view_find(&v, "http.front.open")->rate == 0);
	began = clock_mono();
	while (clock_mono() - began < 100 * MSEC)
		usleep(1000);
	fake_store(&f, at, 0, 2000);
	view_pass(&v);
	/* 1000 in 0.1 s and then some */
	ck_assert(k->rate > 100 && k->rate < 10001);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(a_new_segment_goes_on_with_the_counters_of_the_old_one)
{
	struct stat_counter *k;
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	view_put(&f, &(struct fake_set){ A_SET }, 1000, 3, 1, 2);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	k = view_find(&v, "http.front.requests");
	fake_restart(&f);
	ck_assert_int_eq(attach_is_stale(&v.a), 1);
	at =
	    view_put(&f, &(struct fake_set){ A_SET, .flags = DESC_PLACEHOLDER },
		1500, 3, 1, 2);
	fake_show(&f);
	view_pass(&v);
	ck_assert_ptr_eq(view_find(&v, "http.front.requests"), k);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 1500);
	ck_assert_int_eq(k->known, 1);
	ck_assert_uint_eq(k->before, 1000);
	fake_drop(&f, at);
	fake_show(&f);
	view_pass(&v);
	ck_assert_uint_eq(view_count(&v), 0);
	ck_assert(RB_EMPTY(&v.c.counters));
	view_end(&v);
	fake_end(&f);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		sets_of_one_schema_are_added_up,
		the_dead_count_once_and_only_what_is_retained,
		carry_and_the_bank_that_is_shown_count,
		histograms_are_added_up_word_by_word,
		a_histogram_does_not_go_back_while_the_list_stands_in_change,
		apart_each_worker_has_a_line_and_the_retained_one,
		the_newest_set_defines_a_counter_and_others_that_clash_are_left_out,
		what_is_told_of_a_clash_is_made_harmless,
		labels_are_part_of_the_name,
		a_set_whose_labels_take_too_much_is_left_out,
		a_rate_is_the_average_first_and_then_between_passes,
		a_new_segment_goes_on_with_the_counters_of_the_old_one,
	};

	return UNIT_RUN("stat", tests);
}
