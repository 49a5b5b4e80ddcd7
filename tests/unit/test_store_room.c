/*
 * test_store_room.c -- what an ALLOC costs that cannot be had, and bounds of
 * what a worker can make the store do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/shared.h"
#include "daemon/extent.h"
#include "tests/unit/depot.h"

static struct depot d;

/* Whoever links to this has a calloc(3) that can fail: the one after so many
 * more, -1: none. */
static long callocs_left = -1;
/* volatile, or the two lines below would be made a call of calloc() */
static void *(*volatile get)(size_t) = malloc;

void *
calloc(size_t n, size_t size)
{
	void *p = NULL;
	size_t bytes;

	if (callocs_left == 0 || __builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	if (callocs_left > 0)
		callocs_left--;
	if ((p = get(bytes)) != NULL)
		memset(p, 0, bytes);
	return p;
}

START_TEST(what_has_no_room_is_looked_for_once)
{
	struct store_owner o = depot_process(1);
	struct message_section m[40], x;
	uint64_t compared;
	int n = 0;

	depot_begin(&d);
	depot_open(&d);
	while (
	    n < 40 && depot_alloc(&d, &o, "a", "x", 65536, &m[n]) == MESSAGE_OK)
		n++;
	expect_eq(depot_alloc(&d, &o, "a", "x", depot_figures(&d).largest, &x),
	    MESSAGE_OK);
	/* every other one cools: no two of them are neighbours */
	for (int i = 0; i < n; i += 2)
		expect_eq(store_free(d.store, &o, &m[i], d.now), MESSAGE_OK);
	depot_pass(&d, STORE_COOLING_MIN);
	compared = extents_compared();
	expect_eq(depot_alloc(&d, &o, "a", "x", 262144, &x), MESSAGE_NO_SPACE);
	expect(extents_compared() > compared);
	compared = extents_compared();
	for (uint64_t size = 262144; size > 131072; size -= 4096)
		expect_eq(
		    depot_alloc(&d, &o, "a", "x", size, &x), MESSAGE_NO_SPACE);
	expect_eq(extents_compared(), compared);
	/* something is released: it is looked for again, and found */
	for (int i = 1; i < 8; i += 2)
		expect_eq(store_free(d.store, &o, &m[i], d.now), MESSAGE_OK);
	depot_pass(&d, STORE_COOLING_MIN);
	expect_eq(depot_alloc(&d, &o, "a", "x", 262144, &x), MESSAGE_OK);
	depot_end(&d);
}
END_TEST

START_TEST(a_store_for_which_there_is_no_memory_is_not_made_and_leaves_nothing)
{
	int failed = 0;

	depot_begin(&d);
	for (;; failed++) {
		errno = 0;
		callocs_left = failed;
		d.store = store_create(&d.options, NULL, d.now);
		callocs_left = -1;
		if (d.store != NULL)
			break;
		expect_eq(errno, ENOMEM);
		expect(faccessat(d.dirfd, d.options.file, F_OK, 0) == -1);
	}
	/* the store, its tables; the daemon's set, its schema and family */
	expect(failed > 8);
	store_close(d.store);
	d.store = NULL;
	depot_end(&d);
}
END_TEST

START_TEST(of_a_lane_of_rubbish_a_tombstone_says_unknown)
{
	struct store_owner o = depot_process(1);
	struct message_section m;
	struct ring_writer w;
	struct tombstone t;

	depot_begin(&d);
	depot_open(&d);
	m = depot_stream(&d, &o);
	w = depot_lane(&d, &m);
	depot_put(&w, 3);
	shared_store(&w.head->commit, 12345678);
	shared_store(&w.head->claim, 12345678);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	depot_pass(&d, DEPOT_COOLING);
	store_tick(d.store, d.now);
	expect(directory_tombstone(&d.map, m.serial, &t) == 0);
	expect_eq(t.records[0], TOMB_UNKNOWN);
	depot_end(&d);
}
END_TEST

/* A section that is orphaned stays so if it cannot be published. */
START_TEST(what_is_not_published_is_as_it_was)
{
	struct store_owner o = depot_process(1), again = o;
	struct message_section bad, good;

	again.client = 77;
	depot_begin(&d);
	depot_open(&d);
	expect_eq(depot_alloc(&d, &o, CLASS_STAT, "x", 4096, &bad), MESSAGE_OK);
	good = depot_set(&d, &o, 1, NULL, NULL);
	store_client_gone(d.store, &o, d.now);
	expect_eq(depot_figures(&d).orphaned, 2);
	expect_eq(depot_publish(&d, &again, &bad), MESSAGE_BAD_SECTION);
	expect_eq(depot_figures(&d).orphaned, 2);
	for (int failed = 0;; failed++) {
		enum message_status status;

		callocs_left = failed;
		status = depot_publish(&d, &again, &good);
		callocs_left = -1;
		if (status == MESSAGE_OK) {
			expect(failed > 4);
			break;
		}
		expect_eq(status, MESSAGE_NO_SPACE);
		expect_eq(depot_figures(&d).orphaned, 2);
		expect_eq(depot_figures(&d).retained, 0);
	}
	expect_eq(depot_figures(&d).orphaned, 1);
	/* it is that client's now, the other one is nobody's still */
	store_client_gone(d.store, &again, d.now);
	expect_eq(depot_figures(&d).orphaned, 2);
	store_client_came(d.store, &o, d.now);
	expect_eq(depot_figures(&d).orphaned, 0);
	depot_end(&d);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_has_no_room_is_looked_for_once,
		a_store_for_which_there_is_no_memory_is_not_made_and_leaves_nothing,
		what_is_not_published_is_as_it_was,
		of_a_lane_of_rubbish_a_tombstone_says_unknown,
	};

	return UNIT_RUN("store_room", tests);
}
