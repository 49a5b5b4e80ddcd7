/*
 * test_store_freed.c -- what a worker freed while the daemon was away, stopped,
 * or had lost it, and said so in the section only.
 */
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "tests/unit/depot.h"

static struct depot d, first, second;

static struct message_section
counting(const struct store_owner *o, uint64_t id, uint64_t hits)
{
	struct message_section m = depot_set(&d, o, id, NULL, NULL);

	depot_add(&d, &m, DEPOT_HITS, hits);
	depot_add(&d, &m, DEPOT_LOAD, 1000);
	expect_eq(depot_publish(&d, o, &m), MESSAGE_OK);
	return m;
}

/* A stream, a set, and another set that is only reserved. */
struct things {
	struct message_section stream;
	struct message_section set;
	struct message_section reserved;
};

static struct things
things(const struct store_owner *o)
{
	return (struct things){ .stream = depot_stream(&d, o),
		.set = counting(o, 1, 10),
		.reserved = depot_set(&d, o, 2, NULL, NULL) };
}

static void
mark(const struct things *t)
{
	stream_freed(depot_memory(&d, &t->stream));
	set_freed(depot_memory(&d, &t->set));
	set_freed(depot_memory(&d, &t->reserved));
}

/* All of them cool, and one set that was not freed is there. */
static void
expect_gone(const struct things *t, uint64_t orphans)
{
	struct directory_entry e;
	struct store_figures f = depot_figures(&d);

	expect(depot_find(&d, t->stream.serial, &e));
	expect(descriptor_is(&e.d, CLASS_COOL) && e.d.flags == 0);
	expect(depot_find(&d, t->set.serial, &e));
	expect(descriptor_is(&e.d, CLASS_COOL) && e.d.flags == DESC_FOLDED);
	expect_eq(depot_sum(&d, DEPOT_HITS), 11);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 1000);
	expect_eq(f.reserved, 0);
	expect_eq(f.cooling, 3);
	expect_eq(f.orphaned, orphans);
}

enum { BEFORE_IT_GOES, BEFORE_IT_COMES, ANOTHER_COMES, IT_NEVER_COMES, CASES };

START_TEST(what_was_freed_cools_when_its_client_goes_comes_or_stays_away)
{
	struct store_owner o = depot_process(1), again = o;
	struct things t;

	depot_begin(&d);
	depot_open(&d);
	t = things(&o);
	(void)counting(&o, 3, 1);
	again.client = 77;
	if (_i == BEFORE_IT_GOES)
		mark(&t);
	store_client_gone(d.store, &o, d.now);
	if (_i == ANOTHER_COMES) {
		store_client_came(d.store, &again, d.now);
		again.client = 78;
	}
	if (_i != BEFORE_IT_GOES)
		mark(&t);
	if (_i == IT_NEVER_COMES)
		store_tick(d.store, d.now);
	else if (_i != BEFORE_IT_GOES)
		store_client_came(d.store, &again, d.now);
	expect_gone(&t, _i == BEFORE_IT_GOES || _i == IT_NEVER_COMES);
	/* the FREE that was on its way */
	expect_eq(store_free(d.store, &o, &t.set, d.now), MESSAGE_NOT_YOURS);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 11);
	depot_end(&d);
}
END_TEST

START_TEST(who_frees_all_is_an_owner_no_more)
{
	struct store_owner o = depot_process(1);
	struct things t;

	depot_begin(&d);
	depot_open(&d);
	t = things(&o);
	mark(&t);
	if (_i == 0)
		store_client_gone(d.store, &o, d.now);
	else
		store_client_came(d.store, &o, d.now);
	expect_eq(store_owner_sections(d.store, o.pid, o.start), 0);
	depot_end(&d);
}
END_TEST

START_TEST(orphans_are_retired_a_bounded_number_a_tick)
{
	struct store_owner o = depot_process(1);
	struct message_section m[100];
	int ticks = 0;

	depot_begin(&d);
	d.options.sections = 256;
	depot_open(&d);
	for (uint64_t i = 0; i < 100; i++)
		m[i] = counting(&o, i + 1, 1);
	store_client_gone(d.store, &o, d.now);
	for (int i = 0; i < 100; i++)
		set_freed(depot_memory(&d, &m[i]));
	for (; depot_figures(&d).orphaned > 0 && ticks < 10; ticks++)
		store_tick(d.store, d.now);
	expect_eq(ticks, 2);
	expect_eq(depot_figures(&d).cooling, 100);
	expect_eq(depot_sum(&d, DEPOT_HITS), 100);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 0);
	depot_end(&d);
}
END_TEST

/* Wherever it is; but no tick looks at more slots than that. */
START_TEST(a_tick_looks_at_a_bounded_number_of_slots)
{
	const int walk = 4096; /* WALK_SLOTS */
	struct store_owner o = depot_process(1);
	struct message_section m;

	depot_begin(&d);
	d.options.sections = 2 * walk;
	d.options.size = UINT64_C(32) << 20;
	depot_open(&d);
	do
		expect_eq(
		    depot_alloc(&d, &o, CLASS_STAT, "x", 1, &m), MESSAGE_OK);
	while (m.index < (uint32_t)walk);
	m = counting(&o, 1, 1);
	store_client_gone(d.store, &o, d.now);
	set_freed(depot_memory(&d, &m));
	store_tick(d.store, d.now);
	expect_eq(depot_figures(&d).cooling, 0);
	store_tick(d.store, d.now);
	expect_eq(depot_figures(&d).cooling, 1);
	/* and round it goes */
	m = counting(&o, 2, 1);
	expect(m.index > (uint32_t)walk);
	store_client_gone(d.store, &o, d.now);
	set_freed(depot_memory(&d, &m));
	store_tick(d.store, d.now);
	expect_eq(depot_figures(&d).cooling, 1);
	store_tick(d.store, d.now);
	expect_eq(depot_figures(&d).cooling, 2);
	expect_eq(depot_sum(&d, DEPOT_HITS), 2);
	depot_end(&d);
}
END_TEST

START_TEST(a_set_that_was_freed_without_a_daemon_is_one_of_a_dead_owner)
{
	struct store_owner o = depot_process(1);
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	m = counting(&o, 1, 10);
	(void)counting(&o, 2, 1);
	set_freed(depot_memory(&d, &m));
	/* also if nobody can tell whether he lives */
	if (_i == 1)
		d.options.pid_ns++;
	for (int i = 0; i < 3; i++) {
		depot_restart(&d, NULL, 0, &first);
		depot_forget(&first);
		expect_eq(d.taken.placeholders, 1);
		expect_eq(depot_sum(&d, DEPOT_HITS), 11);
		expect_eq(depot_sum(&d, DEPOT_LOAD), 1000);
	}
	depot_end(&d);
}
END_TEST

/* Copies of the segment at each step. */
static int fds[64], nfds;
static int copying;

static void
copy(void *arg, const char *where)
{
	(void)arg;
	(void)where;
	if (copying && nfds < 64)
		fds[nfds++] = depot_copy(&d);
}

/* Whatever the daemon is killed at, the next one counts it once. */
static void
expect_once(uint64_t hits)
{
	struct depot next, old;

	expect(nfds >= 5);
	for (int i = 0; i < nfds; i++) {
		int from[2] = { fds[i], depot_fd(&d, SEGMENT_PREV_FILE) };

		depot_begin(&next);
		depot_open(&next);
		depot_restart(&next, from, 2, &old);
		expect_eq(next.taken.damaged, 0);
		expect_eq(depot_sum(&next, DEPOT_HITS), hits);
		expect_eq(depot_sum(&next, DEPOT_LOAD), 0);
		expect_eq(next.taken.placeholders, 0);
		depot_forget(&old);
		depot_end(&next);
	}
}

START_TEST(a_placeholder_whose_owner_has_freed_it_goes_into_the_sums)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;

	depot_begin(&d);
	d.options.step = copy;
	depot_open(&d);
	a = counting(&o, 1, 10);
	b = counting(&o, 2, 10);
	depot_restart(&d, NULL, 0, &first);
	expect_eq(depot_figures(&d).placeholders, 2);
	depot_add(&first, &a, DEPOT_HITS, 5);
	depot_add(&first, &b, DEPOT_HITS, 5);
	set_freed(depot_memory(&first, &a));
	set_freed(depot_memory(&first, &b));
	copying = 1;
	store_refresh(d.store);
	copying = 0;
	expect_eq(depot_figures(&d).placeholders, 0);
	expect(!store_needs_old(d.store, first.map.plan.created));
	expect_eq(store_owner_sections(d.store, o.pid, o.start), 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 30);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 0);
	expect_once(30);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

/* Its words are two segments back, where the daemon between has a copy only. */
START_TEST(what_was_freed_is_found_where_the_words_are)
{
	struct store_owner o = depot_process(1);
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	m = counting(&o, 1, 10);
	depot_restart(&d, NULL, 0, &first);
	depot_add(&first, &m, DEPOT_HITS, 5);
	set_freed(depot_memory(&first, &m));
	depot_restart(&d, NULL, 0, &second);
	expect_eq(d.taken.placeholders, 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 15);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 0);
	depot_forget(&first);
	depot_forget(&second);
	depot_end(&d);
}
END_TEST

/* The worker has said PUBLISH and freed it then: both its sections say so. */
START_TEST(what_was_freed_on_its_way_is_counted_once)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;

	depot_begin(&d);
	d.options.step = copy;
	depot_open(&d);
	a = counting(&o, 1, 10);
	depot_restart(&d, NULL, 0, &first);
	b = depot_set(&d, &o, 1, &first, &a);
	depot_add(&first, &a, DEPOT_HITS, 5);
	set_freed(depot_memory(&d, &b));
	set_freed(depot_memory(&first, &a));
	copying = 1;
	if (_i == 0) {
		/* looked at before PUBLISH was read */
		store_refresh(d.store);
		expect_eq(depot_publish(&d, &o, &b), MESSAGE_BAD_SECTION);
	} else {
		expect_eq(depot_publish(&d, &o, &b), MESSAGE_OK);
		store_refresh(d.store);
	}
	if (_i == 2)
		store_client_gone(d.store, &o, d.now);
	else
		expect_eq(store_free(d.store, &o, &b, d.now), MESSAGE_OK);
	copying = 0;
	expect_eq(depot_sum(&d, DEPOT_HITS), 15);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 0);
	expect_eq(store_owner_sections(d.store, o.pid, o.start), 0);
	expect_once(15);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

/* It never had another section: all that it counted is in this one. */
START_TEST(what_was_freed_before_its_first_publish_counts)
{
	struct store_owner o = depot_process(1);
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	m = depot_set(&d, &o, 1, NULL, NULL);
	depot_add(&d, &m, DEPOT_HITS, 10);
	set_freed(depot_memory(&d, &m));
	expect_eq(depot_publish(&d, &o, &m), MESSAGE_OK);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	store_client_gone(d.store, &o, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	expect_eq(store_owner_sections(d.store, o.pid, o.start), 0);
	depot_end(&d);
}
END_TEST

/* Its FREE is on its way, and what it says there is answered. */
START_TEST(what_a_live_client_freed_waits_for_its_word)
{
	struct store_owner gone = depot_process(1), live = depot_process(2);
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	(void)counting(&gone, 1, 1);
	m = counting(&live, 1, 10);
	store_client_gone(d.store, &gone, d.now);
	expect_eq(depot_figures(&d).orphaned, 1);
	set_freed(depot_memory(&d, &m));
	store_tick(d.store, d.now);
	expect_eq(depot_figures(&d).cooling, 0);
	expect_eq(store_free(d.store, &live, &m, d.now), MESSAGE_OK);
	expect_eq(depot_figures(&d).cooling, 1);
	expect_eq(depot_sum(&d, DEPOT_HITS), 11);
	depot_end(&d);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_freed");
	TCase *all = tcase_create("store_freed");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, all);
	tcase_add_loop_test(all,
	    what_was_freed_cools_when_its_client_goes_comes_or_stays_away, 0,
	    CASES);
	tcase_add_loop_test(all, who_frees_all_is_an_owner_no_more, 0, 2);
	tcase_add_test(all, orphans_are_retired_a_bounded_number_a_tick);
	tcase_add_test(all, a_tick_looks_at_a_bounded_number_of_slots);
	tcase_add_loop_test(all,
	    a_set_that_was_freed_without_a_daemon_is_one_of_a_dead_owner, 0, 2);
	tcase_add_test(
	    all, a_placeholder_whose_owner_has_freed_it_goes_into_the_sums);
	tcase_add_test(all, what_was_freed_is_found_where_the_words_are);
	tcase_add_loop_test(
	    all, what_was_freed_on_its_way_is_counted_once, 0, 3);
	tcase_add_test(all, what_was_freed_before_its_first_publish_counts);
	tcase_add_test(all, what_a_live_client_freed_waits_for_its_word);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
