/*
 * test_store_foreign.c -- placeholders whose owners are of another pid
 * namespace: nobody can watch them.
 */
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

/* He joins the set that he has in the first segment. */
static void
joins(const struct store_owner *o, const struct message_section *from)
{
	struct message_section m = depot_set(&d, o, 1, &first, from);

	expect_eq(depot_publish(&d, o, &m), MESSAGE_OK);
	depot_moved(&d, &m, &first, from);
}

static uint32_t
placeholders(void)
{
	return depot_figures(&d).placeholders;
}

static void
note(void *arg, pid_t pid, uint64_t start)
{
	int *named = arg;

	(void)pid;
	(void)start;
	++*named;
}

START_TEST(owners_of_another_pid_namespace_are_kept_until_they_join)
{
	struct store_owner o = depot_process(1), seen = depot_process(55);
	struct message_section a;
	int named = 0;

	depot_begin(&d);
	depot_open(&d);
	a = counting(&o, 1, 10);
	depot_kill(1); /* what is pid 1 here says nothing */
	d.options.pid_ns = 8;
	depot_restart(&d, NULL, 0, &first);
	expect_eq(placeholders(), 1);
	store_watch(d.store, note, &named);
	expect_eq(named, 0);
	seen.start = o.start;
	joins(&seen, &a);
	expect_eq(placeholders(), 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

/* The owner is in a namespace where 8 is not; he goes on counting. */
START_TEST(they_are_folded_when_nobody_holds_the_segment_they_count_in)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct message_section a, b;

	depot_begin(&d);
	depot_open(&d);
	a = counting(&o, 1, 10);
	b = counting(&p, 1, 20);
	d.options.pid_ns = 8;
	depot_restart(&d, NULL, 0, &first);
	expect_eq(placeholders(), 2);
	depot_add(&first, &a, DEPOT_HITS, 5);
	for (int i = 0; i < 3; i++) {
		depot_pass(&d, 3600);
		store_tick(d.store, d.now);
		expect_eq(placeholders(), 2);
		expect_eq(depot_sum(&d, DEPOT_HITS), 35);
	}
	depot_add(&first, &b, DEPOT_HITS, 7);
	depot_forget(&first);
	store_tick(d.store, d.now);
	expect_eq(placeholders(), 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 42);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 0);
	expect_eq(store_needs_old(d.store, first.map.plan.created), 0);
	depot_restart(&d, NULL, 0, &first);
	expect_eq(d.taken.placeholders, 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 42);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

/* Of the old segment there is only a copy in memory: see start.c. */
START_TEST(but_who_holds_it_is_not_known_of_a_copy)
{
	struct store_owner o = depot_process(1);
	struct store_time now;
	int fd;

	depot_begin(&d);
	depot_open(&d);
	(void)counting(&o, 1, 10);
	d.options.pid_ns = 8;
	fd = depot_copy(&d);
	depot_restart(&d, &fd, 1, &first);
	now = d.now;
	now.mono += 3600 * NS;
	store_tick(d.store, now);
	expect_eq(placeholders(), 1);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

START_TEST(nor_are_they_taken_for_dead_by_the_next_daemon_there)
{
	struct store_owner o = depot_process(1), seen = depot_process(55);
	struct message_section a;

	depot_begin(&d);
	depot_open(&d);
	a = counting(&o, 1, 10);
	depot_kill(1);
	d.options.pid_ns = 8;
	depot_restart(&d, NULL, 0, &first);
	depot_restart(&d, NULL, 0, &second);
	depot_forget(&second);
	expect_eq(d.taken.placeholders, 1);
	store_tick(d.store, d.now);
	expect_eq(placeholders(), 1);
	depot_add(&first, &a, DEPOT_HITS, 5);
	seen.start = o.start;
	joins(&seen, &a);
	expect_eq(placeholders(), 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 15);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

START_TEST(two_of_them_started_in_one_tick_are_told_apart)
{
	struct store_owner o[2] = { depot_process(1), depot_process(2) };
	struct store_owner seen[2] = { depot_process(56), depot_process(55) };
	struct message_section a[2];

	o[1].start = o[0].start;
	depot_begin(&d);
	depot_open(&d);
	for (int i = 0; i < 2; i++) {
		a[i] = counting(&o[i], 1, i == 0 ? 10 : 200);
		seen[i].start = o[0].start;
	}
	d.options.pid_ns = 8;
	depot_restart(&d, NULL, 0, &first);
	expect_eq(placeholders(), 2);
	for (int i = 1; i >= 0; i--) {
		joins(&seen[i], &a[i]);
		expect_eq(placeholders(), i);
		expect_eq(depot_sum(&d, DEPOT_HITS), 210);
	}
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		owners_of_another_pid_namespace_are_kept_until_they_join,
		they_are_folded_when_nobody_holds_the_segment_they_count_in,
		but_who_holds_it_is_not_known_of_a_copy,
		nor_are_they_taken_for_dead_by_the_next_daemon_there,
		two_of_them_started_in_one_tick_are_told_apart,
	};

	return UNIT_RUN("store_foreign", tests);
}
