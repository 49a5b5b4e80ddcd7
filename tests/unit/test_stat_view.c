/*
 * test_stat_view.c -- which counters a screen shows, in what order, and which
 * one is selected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/stat_view.h"
#include "tests/unit/view.h"

static const struct schema_item items[] = {
	{ SCHEMA_COUNTER, 0, 0, 1, "hits", "", "" },
	{ SCHEMA_COUNTER, 1, 0, 1, "inner", "", "" },
	{ SCHEMA_COUNTER, 2, 0, 1, "deep", "", "" },
	{ SCHEMA_GAUGE, 0, 0, 1, "open", "", "" },
	{ SCHEMA_LABEL, 0, 0, 0, "city", "", "Ulm" },
};

#define IDENT(name)                                                            \
	.type = "web", .ident = (name), .items = items, .n = 4, .pid = 100

/* A segment, and the view of it. */
struct watcher {
	struct fake f;
	struct view v;
	struct stat_view view;
	uint32_t at[8];
};

static void
look(struct watcher *w)
{
	fake_show(&w->f);
	view_pass(&w->v);
	stat_view_pass(&w->view, &w->v.c);
	stat_view_arrange(&w->view);
}

static void
watcher_put(
    struct watcher *w, int i, const char *ident, uint64_t hits, int64_t open)
{
	w->at[i] = fake_set(&w->f, &(struct fake_set){ IDENT(ident) });
	fake_store(&w->f, w->at[i], 0, hits);
	fake_store(&w->f, w->at[i], 3, (uint64_t)open);
}

/* web.a.*, web.b.*, web.c.*, 4 of each. */
static void
watcher_begin(struct watcher *w)
{
	memset(w, 0, sizeof(*w));
	fake_begin(&w->f);
	watcher_put(w, 0, "b", 20, -5);
	watcher_put(w, 1, "a", 10, 0);
	watcher_put(w, 2, "c", 30, 7);
	fake_show(&w->f);
	view_begin(&w->v, &w->f, NULL);
	stat_view_init(&w->view);
	look(w);
	stat_view_fit(&w->view, 5);
}

static void
watcher_end(struct watcher *w)
{
	stat_view_fini(&w->view);
	view_end(&w->v);
	fake_end(&w->f);
}

static const char *
name_of(const struct watcher *w, size_t row)
{
	ck_assert_uint_lt(row, w->view.n);
	return w->view.rows[row].counter->name;
}

static const char *
selected(const struct watcher *w)
{
	return stat_view_counter(&w->view)->name;
}

START_TEST(rows_are_in_the_order_of_names_at_first)
{
	struct watcher w;

	watcher_begin(&w);
	ck_assert_uint_eq(w.view.n, 12);
	for (size_t i = 0; i + 1 < w.view.n; i++)
		ck_assert_int_lt(strcmp(name_of(&w, i), name_of(&w, i + 1)), 0);
	watcher_end(&w);
}
END_TEST

START_TEST(by_value_the_largest_is_first_and_below_zero_the_last)
{
	struct watcher w;

	watcher_begin(&w);
	w.view.sort = SORT_VALUE;
	stat_view_arrange(&w.view);
	ck_assert_str_eq(name_of(&w, 0), "web.c.hits");
	ck_assert_str_eq(name_of(&w, 1), "web.b.hits");
	ck_assert_str_eq(name_of(&w, 2), "web.a.hits");
	ck_assert_str_eq(name_of(&w, 3), "web.c.open");
	/* the same values, so by name */
	ck_assert_str_eq(name_of(&w, 4), "web.a.deep");
	ck_assert_str_eq(name_of(&w, 11), "web.b.open");
	watcher_end(&w);
}
END_TEST

START_TEST(by_rate_what_changes_most_is_first_up_or_down)
{
	struct watcher w;

	watcher_begin(&w);
	w.view.sort = SORT_RATE;
	fake_store(&w.f, w.at[1], 0, 12);
	fake_store(&w.f, w.at[2], 3, 6);
	fake_store(&w.f, w.at[2], 0, 33);
	fake_store(&w.f, w.at[0], 3, (uint64_t)-100);
	look(&w);
	ck_assert_str_eq(name_of(&w, 0), "web.b.open");
	ck_assert_double_lt(w.view.rows[0].counter->past->change, 0);
	ck_assert_str_eq(name_of(&w, 1), "web.c.hits");
	ck_assert_str_eq(name_of(&w, 2), "web.a.hits");
	ck_assert_str_eq(name_of(&w, 3), "web.c.open");
	ck_assert_str_eq(name_of(&w, 4), "web.a.deep");
	watcher_end(&w);
}
END_TEST

/* As qsort(3) would. */
START_TEST(however_many_are_sorted_by_any_numbers_and_then_by_name)
{
	enum { N = 5000 };
	struct stat_counter *k = calloc(N, sizeof(*k));
	struct unit_random r = { 11 };
	struct stat_view v;

	ck_assert_ptr_nonnull(k);
	stat_view_init(&v);
	v.all = calloc(N, sizeof(v.all[0]));
	v.rows = calloc(N, sizeof(v.rows[0]));
	v.spare = calloc(N, sizeof(v.spare[0]));
	v.room = v.nall = N;
	v.sort = SORT_VALUE;
	for (size_t i = 0; i < N; i++) {
		k[i].kind = i % 3 == 0 ? SCHEMA_GAUGE : SCHEMA_COUNTER;
		k[i].past = calloc(1, sizeof(*k[i].past));
		/* some of them are the same */
		k[i].value = unit_random(&r) >> unit_below(&r, 64);
		v.all[i] = &k[i];
	}
	stat_view_arrange(&v);
	ck_assert_uint_eq(v.n, N);
	for (size_t i = 0; i + 1 < N; i++) {
		const struct stat_row *a = &v.rows[i], *b = a + 1;

		expect(a->key >= b->key);
		expect(a->key > b->key || a->counter < b->counter);
	}
	for (size_t i = 0; i < N; i++)
		free(k[i].past);
	free(k);
	stat_view_fini(&v);
}
END_TEST

START_TEST(the_selection_stays_on_its_counter_when_the_order_changes)
{
	struct watcher w;

	watcher_begin(&w);
	stat_view_move(&w.view, 5);
	ck_assert_str_eq(selected(&w), "web.b.hits");
	w.view.sort = SORT_VALUE;
	stat_view_arrange(&w.view);
	ck_assert_str_eq(selected(&w), "web.b.hits");
	ck_assert_uint_eq(w.view.at, 1);
	fake_store(&w.f, w.at[0], 0, 5);
	look(&w);
	ck_assert_str_eq(selected(&w), "web.b.hits");
	ck_assert_uint_eq(w.view.at, 3);
	watcher_end(&w);
}
END_TEST

START_TEST(it_stays_there_when_lines_come_and_go)
{
	struct watcher w;

	watcher_begin(&w);
	stat_view_go(&w.view, 9);
	ck_assert_str_eq(selected(&w), "web.c.hits");
	watcher_put(&w, 3, "a0", 1, 1);
	look(&w);
	ck_assert_str_eq(selected(&w), "web.c.hits");
	ck_assert_uint_eq(w.view.at, 13);
	fake_drop(&w.f, w.at[1]);
	fake_drop(&w.f, w.at[3]);
	look(&w);
	ck_assert_str_eq(selected(&w), "web.c.hits");
	ck_assert_uint_eq(w.view.at, 5);
	watcher_end(&w);
}
END_TEST

START_TEST(what_is_gone_and_comes_back_is_selected_again)
{
	struct watcher w;

	watcher_begin(&w);
	stat_view_go(&w.view, 11);
	ck_assert_str_eq(selected(&w), "web.c.open");
	fake_drop(&w.f, w.at[2]);
	look(&w);
	ck_assert_str_eq(selected(&w), "web.b.open");
	watcher_put(&w, 2, "c", 1, 1);
	look(&w);
	ck_assert_str_eq(selected(&w), "web.c.open");
	/* but not once it was moved meanwhile */
	fake_drop(&w.f, w.at[2]);
	look(&w);
	stat_view_move(&w.view, -1);
	watcher_put(&w, 2, "c", 1, 1);
	look(&w);
	ck_assert_str_eq(selected(&w), "web.b.inner");
	watcher_end(&w);
}
END_TEST

START_TEST(home_is_the_first_line_whichever_it_is)
{
	struct watcher w;

	watcher_begin(&w);
	stat_view_move(&w.view, 3);
	stat_view_home(&w.view);
	ck_assert_str_eq(selected(&w), "web.a.deep");
	w.view.sort = SORT_VALUE;
	stat_view_arrange(&w.view);
	ck_assert_str_eq(selected(&w), "web.c.hits");
	watcher_end(&w);
}
END_TEST

START_TEST(the_selection_stops_at_the_ends)
{
	struct watcher w;

	watcher_begin(&w);
	stat_view_move(&w.view, -1);
	ck_assert_uint_eq(w.view.at, 0);
	stat_view_move(&w.view, 100);
	ck_assert_uint_eq(w.view.at, 11);
	stat_view_move(&w.view, -100);
	ck_assert_uint_eq(w.view.at, 0);
	watcher_end(&w);
}
END_TEST

START_TEST(it_scrolls_as_little_as_need_be_and_leaves_nothing_empty)
{
	struct watcher w;

	watcher_begin(&w);
	stat_view_go(&w.view, 4);
	ck_assert_uint_eq(w.view.top, 0);
	stat_view_go(&w.view, 5);
	ck_assert_uint_eq(w.view.top, 1);
	stat_view_go(&w.view, 11);
	ck_assert_uint_eq(w.view.top, 7);
	stat_view_go(&w.view, 8);
	ck_assert_uint_eq(w.view.top, 7);
	stat_view_fit(&w.view, 10);
	ck_assert_uint_eq(w.view.top, 2);
	stat_view_fit(&w.view, 2);
	ck_assert_uint_eq(w.view.top, 7);
	stat_view_fit(&w.view, 0);
	ck_assert_uint_eq(w.view.top, 8);
	stat_view_fit(&w.view, 100);
	ck_assert_uint_eq(w.view.top, 0);
	watcher_end(&w);
}
END_TEST

START_TEST(a_filter_is_a_glob_or_a_part_and_an_empty_one_is_none)
{
	struct watcher w;

	watcher_begin(&w);
	ck_assert_ptr_null(stat_view_filter(&w.view, "web.?.hits"));
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 3);
	ck_assert_uint_eq(w.view.nall, 12);
	ck_assert_ptr_null(stat_view_filter(&w.view, "b.o"));
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 1);
	ck_assert_str_eq(selected(&w), "web.b.open");
	ck_assert_ptr_nonnull(stat_view_filter(&w.view, "[a"));
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 1);
	ck_assert_ptr_null(stat_view_filter(&w.view, "nowhere"));
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 0);
	ck_assert_ptr_null(stat_view_counter(&w.view));
	ck_assert_int_eq(stat_view_search(&w.view, "web", 0, 0), -1);
	stat_view_move(&w.view, 1);
	ck_assert_ptr_null(stat_view_filter(&w.view, ""));
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 12);
	watcher_end(&w);
}
END_TEST

START_TEST(a_filter_looks_at_names_with_their_labels_and_without)
{
	struct watcher w;

	watcher_begin(&w);
	(void)fake_set(
	    &w.f, &(struct fake_set){
		      .type = "web", .ident = "d", .items = items, .n = 5 });
	look(&w);
	ck_assert_uint_eq(w.view.n, 16);
	ck_assert_ptr_null(stat_view_filter(&w.view, "*.hits"));
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 4);
	ck_assert_str_eq(name_of(&w, 3), "web.d.hits{city=Ulm}");
	ck_assert_ptr_null(stat_view_filter(&w.view, "Ulm"));
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 4);
	watcher_end(&w);
}
END_TEST

START_TEST(levels_are_cumulative_and_what_was_always_0_can_be_hidden)
{
	struct watcher w;

	watcher_begin(&w);
	w.view.levels = 2;
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 9);
	w.view.levels = 1;
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 6);
	w.view.hide_still = 1;
	stat_view_arrange(&w.view);
	ck_assert_uint_eq(w.view.n, 5); /* web.a.open is 0 */
	fake_store(&w.f, w.at[1], 3, 1);
	look(&w);
	ck_assert_uint_eq(w.view.n, 6);
	fake_store(&w.f, w.at[1], 3, 0); /* but it was not */
	look(&w);
	ck_assert_uint_eq(w.view.n, 6);
	watcher_end(&w);
}
END_TEST

START_TEST(a_search_goes_around_the_end_either_way)
{
	struct watcher w;

	watcher_begin(&w);
	ck_assert_int_eq(stat_view_search(&w.view, "HITS", 0, 0), 0);
	ck_assert_str_eq(selected(&w), "web.a.hits");
	ck_assert_int_eq(
	    stat_view_search(&w.view, "hits", w.view.at + 1, 0), 0);
	ck_assert_str_eq(selected(&w), "web.b.hits");
	ck_assert_int_eq(stat_view_search(&w.view, "hits", 10, 0), 0);
	ck_assert_str_eq(selected(&w), "web.a.hits");
	ck_assert_int_eq(
	    stat_view_search(&w.view, "hits", w.view.at + w.view.n - 1, 1), 0);
	ck_assert_str_eq(selected(&w), "web.c.hits");
	ck_assert_int_eq(stat_view_search(&w.view, "misses", 0, 0), -1);
	ck_assert_str_eq(selected(&w), "web.c.hits");
	watcher_end(&w);
}
END_TEST

START_TEST(averages_go_on_with_the_next_daemon)
{
	struct watcher w;
	double average;

	watcher_begin(&w);
	fake_store(&w.f, w.at[1], 0, 1000010);
	look(&w);
	fake_restart(&w.f);
	watcher_put(&w, 1, "a", 1000010, 0);
	look(&w);
	ck_assert_uint_eq(w.view.nall, 4);
	ck_assert_int_eq(stat_view_search(&w.view, "a.hits", 0, 0), 0);
	ck_assert_int_eq(
	    stat_past_average(stat_view_counter(&w.view)->past, 2, &average),
	    0);
	ck_assert_double_gt(average, 0);
	watcher_end(&w);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		rows_are_in_the_order_of_names_at_first,
		by_value_the_largest_is_first_and_below_zero_the_last,
		by_rate_what_changes_most_is_first_up_or_down,
		however_many_are_sorted_by_any_numbers_and_then_by_name,
		the_selection_stays_on_its_counter_when_the_order_changes,
		it_stays_there_when_lines_come_and_go,
		what_is_gone_and_comes_back_is_selected_again,
		home_is_the_first_line_whichever_it_is,
		the_selection_stops_at_the_ends,
		it_scrolls_as_little_as_need_be_and_leaves_nothing_empty,
		a_filter_is_a_glob_or_a_part_and_an_empty_one_is_none,
		a_filter_looks_at_names_with_their_labels_and_without,
		levels_are_cumulative_and_what_was_always_0_can_be_hidden,
		a_search_goes_around_the_end_either_way,
		averages_go_on_with_the_next_daemon,
	};

	return UNIT_RUN("stat_view", tests);
}
