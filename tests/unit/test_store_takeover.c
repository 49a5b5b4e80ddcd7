/*
 * test_store_takeover.c -- from one daemon to the next: placeholders, joins,
 * workers and daemons killed on the way, and old segments full of rubbish.
 */
#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/shared.h"
#include "tests/unit/depot.h"

static struct depot d, first, second;

static struct message_section
counting(const struct store_owner *o, uint64_t id, uint64_t hits)
{
	struct message_section m = depot_set(&d, o, id, NULL, NULL);

	depot_add(&d, &m, DEPOT_HITS, hits);
	depot_add(&d, &m, DEPOT_LOAD, 1000);
	depot_add(&d, &m, DEPOT_DEPTH, 3);
	depot_add(&d, &m, DEPOT_SHORT, hits);
	depot_add(&d, &m, DEPOT_LONG, 2 * hits);
	expect_eq(depot_publish(&d, o, &m), MESSAGE_OK);
	return m;
}

/* Begins with a worker that has counted 10, and the daemon after that. */
static struct message_section
taken_over(const struct store_owner *o)
{
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	m = counting(o, 1, 10);
	depot_restart(&d, NULL, 0, &first);
	return m;
}

/* Publishes what joins for a of the first daemon, but moves nothing yet. */
static struct message_section
joined(const struct store_owner *o, const struct message_section *a)
{
	struct message_section b = depot_set(&d, o, 1, &first, a);

	expect_eq(depot_publish(&d, o, &b), MESSAGE_OK);
	return b;
}

static uint32_t
placeholders(void)
{
	return depot_figures(&d).placeholders;
}

START_TEST(sums_are_carried_on_and_the_dead_added)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	m = counting(&o, 1, 10);
	(void)counting(&p, 1, 20);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	depot_kill(2);
	for (int i = 0; i < 3; i++) {
		depot_restart(&d, NULL, 0, &first);
		expect_eq(first.map.head->superseded, d.map.plan.created);
		depot_forget(&first);
		expect_eq(depot_sum(&d, DEPOT_HITS), 30);
		expect_eq(depot_sum(&d, DEPOT_SHORT), 30);
		expect_eq(depot_sum(&d, DEPOT_LONG), 60);
		expect_eq(d.taken.placeholders, 0);
		/* and the daemon's own, which died each time */
		expect_eq(d.taken.folded, i == 0 ? 2 : 1);
	}
	depot_end(&d);
}
END_TEST

static void
note(void *arg, pid_t pid, uint64_t start)
{
	expect_eq(start, (uint64_t)pid * 10);
	*(int *)arg += pid;
}

START_TEST(a_placeholder_follows_its_owners_words_until_he_dies)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct message_section a, b;
	struct directory_entry e;
	int sum = 0;

	depot_begin(&d);
	depot_open(&d);
	a = counting(&o, 1, 10);
	b = counting(&p, 1, 20);
	depot_restart(&d, NULL, 0, &first);
	expect_eq(placeholders(), 2);
	expect_eq(depot_sum(&d, DEPOT_HITS), 30);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 2000);
	store_watch(d.store, note, &sum);
	expect_eq(sum, 3);
	expect(store_needs_old(d.store, first.map.plan.created));
	depot_add(&first, &a, DEPOT_HITS, 5);
	store_tick(d.store, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 35);
	depot_add(&first, &a, DEPOT_HITS, 1);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(placeholders(), 1);
	expect_eq(depot_sum(&d, DEPOT_HITS), 36);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 1000);
	(void)b;
	(void)e;
	store_owner_died(d.store, p.pid, p.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 36);
	expect(!store_needs_old(d.store, first.map.plan.created));
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

static struct message_section counted;

static void
count_meanwhile(void *arg, const char *where)
{
	(void)arg;
	if (strcmp(where, "taken") == 0)
		depot_add(&first, &counted, DEPOT_HITS, 5);
}

START_TEST(what_is_counted_during_the_takeover_is_there_when_doors_open)
{
	struct store_owner o = depot_process(1);

	depot_begin(&d);
	d.options.step = count_meanwhile;
	depot_open(&d);
	counted = counting(&o, 1, 10);
	depot_restart(&d, NULL, 0, &first);
	expect_eq(depot_sum(&d, DEPOT_HITS), 15);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

START_TEST(joining_takes_the_placeholders_place_and_loses_nothing)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;
	struct directory_entry e;

	a = taken_over(&o);
	b = depot_set(&d, &o, 1, &first, &a);
	depot_add(&first, &a, DEPOT_HITS, 5);
	store_tick(d.store, d.now); /* the placeholder shows 15, carry 10 */
	expect_eq(depot_publish(&d, &o, &b), MESSAGE_OK);
	expect_eq(placeholders(), 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 15);
	expect_eq(depot_sum(&d, DEPOT_LONG), 20);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 1000);
	expect_eq(depot_sum(&d, DEPOT_DEPTH), 3);
	depot_add(&first, &a, DEPOT_HITS, 2);
	depot_add(&first, &a, DEPOT_DEPTH, 1);
	depot_add(&first, &a, DEPOT_LONG, 5);
	depot_moved(&d, &b, &first, &a);
	expect_eq(depot_sum(&d, DEPOT_HITS), 17);
	expect_eq(depot_sum(&d, DEPOT_DEPTH), 4);
	expect(store_needs_old(d.store, first.map.plan.created));
	store_tick(d.store, d.now);
	expect(!store_needs_old(d.store, first.map.plan.created));
	expect_eq(depot_sum(&d, DEPOT_LONG), 25);
	depot_add(&d, &b, DEPOT_HITS, 3);
	depot_add(&d, &b, DEPOT_LONG, 1);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 20);
	expect_eq(depot_sum(&d, DEPOT_LONG), 26);
	expect_eq(depot_sum(&d, DEPOT_SHORT), 10);
	expect(depot_find(&d, b.serial, &e));
	expect_eq(e.d.flags, DESC_FOLDED);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

START_TEST(a_worker_killed_in_mid_join_has_its_carry_finished)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;

	a = taken_over(&o);
	b = joined(&o, &a);
	depot_add(&first, &a, DEPOT_HITS, 5); /* before it is mapped */
	depot_add(&d, &b, DEPOT_HITS, 100);   /* after */
	depot_add(&first, &a, DEPOT_LONG, 10);
	depot_add(&d, &b, DEPOT_LONG, 200);
	expect_eq(depot_sum(&d, DEPOT_HITS), 110);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 115);
	expect_eq(depot_sum(&d, DEPOT_LONG), 230);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

/* Both the worker and the daemon are killed then. */
START_TEST(a_join_that_nobody_finished_is_finished_by_the_next_daemon)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;

	a = taken_over(&o);
	b = joined(&o, &a);
	depot_add(&first, &a, DEPOT_HITS, 5);
	depot_add(&d, &b, DEPOT_HITS, 100);
	if (_i == 0)
		depot_kill(1);
	depot_restart(&d, NULL, 0, &second);
	expect_eq(depot_sum(&d, DEPOT_HITS), 115);
	expect_eq(placeholders(), _i);
	if (_i == 1) {
		expect(store_needs_old(d.store, first.map.plan.created));
		expect(store_needs_old(d.store, second.map.plan.created));
		/* it lives and finishes the one, then joins the other */
		depot_add(&second, &b, DEPOT_HITS, 1);
		store_tick(d.store, d.now);
		expect_eq(depot_sum(&d, DEPOT_HITS), 116);
		depot_moved(&second, &b, &first, &a);
		store_tick(d.store, d.now);
		expect_eq(depot_sum(&d, DEPOT_HITS), 116);
		a = depot_set(&d, &o, 1, &second, &b);
		expect_eq(depot_publish(&d, &o, &a), MESSAGE_OK);
		depot_moved(&d, &a, &second, &b);
		expect_eq(depot_sum(&d, DEPOT_HITS), 116);
	}
	depot_forget(&first);
	depot_forget(&second);
	depot_end(&d);
}
END_TEST

START_TEST(a_worker_that_slept_through_two_daemons_joins_the_third)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;

	a = taken_over(&o);
	depot_add(&first, &a, DEPOT_HITS, 1);
	depot_restart(&d, NULL, 0, &second);
	expect(store_needs_old(d.store, first.map.plan.created));
	expect(!store_needs_old(d.store, second.map.plan.created));
	expect_eq(depot_sum(&d, DEPOT_HITS), 11);
	depot_add(&first, &a, DEPOT_HITS, 1);
	store_tick(d.store, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 12);
	b = joined(&o, &a);
	depot_moved(&d, &b, &first, &a);
	expect_eq(placeholders(), 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 12);
	depot_forget(&first);
	depot_forget(&second);
	depot_end(&d);
}
END_TEST

/* Copies of the segment at each step of a PUBLISH that replaces. */
static int fds[64], nfds;
static int copying;

static void
copy(void *arg, const char *where)
{
	(void)arg;
	(void)where;
	if (copying)
		fds[nfds++] = depot_copy(&d);
}

START_TEST(a_daemon_killed_anywhere_in_a_join_counts_it_once)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;
	struct depot old;

	depot_begin(&d);
	d.options.step = copy;
	depot_open(&d);
	a = counting(&o, 1, 10);
	depot_restart(&d, NULL, 0, &first);
	b = depot_set(&d, &o, 1, &first, &a);
	depot_add(&first, &a, DEPOT_HITS, 5);
	copying = 1;
	expect_eq(depot_publish(&d, &o, &b), MESSAGE_OK);
	copying = 0;
	expect(nfds >= 5);
	if (_i == 1)
		depot_kill(1);
	for (int i = 0; i < nfds; i++) {
		int from[2] = { fds[i], depot_fd(&d, SEGMENT_PREV_FILE) };
		struct depot next;

		depot_begin(&next);
		depot_open(&next);
		depot_restart(&next, from, 2, &old);
		expect_eq(next.taken.damaged, 0);
		expect_eq(depot_sum(&next, DEPOT_HITS), 15);
		depot_forget(&old);
		depot_end(&next);
	}
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

START_TEST(after_another_boot_all_are_dead)
{
	struct store_owner o = depot_process(1);

	depot_begin(&d);
	depot_open(&d);
	(void)counting(&o, 1, 10);
	d.options.boot_id[3] = 1;
	depot_restart(&d, NULL, 0, &first);
	expect_eq(placeholders(), 0);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

START_TEST(a_truncated_old_segment_freezes_its_placeholders)
{
	struct store_owner o = depot_process(1);
	int fd;

	(void)taken_over(&o);
	depot_forget(&first);
	fd = depot_fd(&d, SEGMENT_PREV_FILE);
	expect(ftruncate(fd, 0) == 0);
	(void)close(fd);
	store_tick(d.store, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 1000);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	depot_end(&d);
}
END_TEST

START_TEST(no_room_for_placeholders_is_said)
{
	struct store_owner o = depot_process(1);

	depot_begin(&d);
	depot_open(&d);
	for (uint64_t i = 1; i <= 20; i++)
		(void)counting(&o, i, 10);
	d.options.sections = 8;
	depot_restart(&d, NULL, 0, &first);
	/* the daemon's own set, a retained one for each of two families */
	expect_eq(d.taken.placeholders, 5);
	expect_eq(d.taken.refused, 15);
	depot_forget(&first);
	depot_end(&d);
}
END_TEST

/*
 * Scribbles over descriptors and over what sets begin with, as a worker may:
 * words of rubbish, and numbers that are nearly right.
 */
static void
scribble(struct unit_random *r, uint8_t *base, const struct segment_plan *p)
{
	uint64_t at, word;

	for (int i = 0; i < 1 + (int)unit_below(r, 20); i++) {
		if (unit_below(r, 3) == 0)
			at = p->desc_offset +
			     unit_below(r, 16) * p->desc_stride +
			     unit_below(r, 24) * 8;
		else
			at = p->data_offset + unit_below(r, 16) * SEGMENT_PAGE +
			     unit_below(r, 50) * 8;
		memcpy(&word, base + at, sizeof(word));
		switch (unit_below(r, 4)) {
		case 0:
			unit_rubbish(r, &word, sizeof(word));
			break;
		case 1:
			word += unit_below(r, 4096) - 2048;
			break;
		case 2:
			word ^= UINT64_C(1) << unit_below(r, 64);
			break;
		default:
			word = (word & UINT32_MAX) | unit_below(r, 64) << 32;
			break;
		}
		memcpy(base + at, &word, sizeof(word));
	}
}

START_TEST(rubbish_in_old_segments_does_no_harm)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct unit_random r = { .state = (uint64_t)_i };
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	m = counting(&o, 1, 10);
	(void)counting(&p, 1, 20);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	(void)counting(&o, 2, 30);
	depot_restart(&d, NULL, 0, &first);
	depot_forget(&first);
	for (int i = 0; i < 60; i++) {
		int from[2] = { depot_copy(&d),
			depot_fd(&d, SEGMENT_PREV_FILE) };
		uint8_t *base = mmap(NULL, DEPOT_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED, from[0], 0);
		struct depot next, old;

		expect(base != MAP_FAILED);
		scribble(&r, base, &d.map.plan);
		depot_begin(&next);
		depot_open(&next);
		depot_restart(&next, from, 2, &old);
		scribble(&r, base, &d.map.plan);
		store_tick(next.store, next.now);
		store_owner_died(next.store, p.pid, p.start, next.now);
		store_owner_died(next.store, o.pid, o.start, next.now);
		(void)depot_sum(&next, DEPOT_HITS);
		(void)munmap(base, DEPOT_SIZE);
		depot_forget(&old);
		depot_end(&next);
	}
	depot_end(&d);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_takeover");
	TCase *all = tcase_create("store_takeover");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, all);
	tcase_add_test(all, sums_are_carried_on_and_the_dead_added);
	tcase_add_test(
	    all, a_placeholder_follows_its_owners_words_until_he_dies);
	tcase_add_test(
	    all, what_is_counted_during_the_takeover_is_there_when_doors_open);
	tcase_add_test(
	    all, joining_takes_the_placeholders_place_and_loses_nothing);
	tcase_add_test(all, a_worker_killed_in_mid_join_has_its_carry_finished);
	tcase_add_loop_test(all,
	    a_join_that_nobody_finished_is_finished_by_the_next_daemon, 0, 2);
	tcase_add_test(
	    all, a_worker_that_slept_through_two_daemons_joins_the_third);
	tcase_add_loop_test(
	    all, a_daemon_killed_anywhere_in_a_join_counts_it_once, 0, 2);
	tcase_add_test(all, after_another_boot_all_are_dead);
	tcase_add_test(all, a_truncated_old_segment_freezes_its_placeholders);
	tcase_add_test(all, no_room_for_placeholders_is_said);
	tcase_add_loop_test(all, rubbish_in_old_segments_does_no_harm, 0, 8);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
