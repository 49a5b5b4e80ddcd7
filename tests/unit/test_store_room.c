/*
 * test_store_room.c -- what an ALLOC costs that cannot be had, and bounds of
 * what a worker can make the store do.
 */
#include "daemon/extent.h"
#include "tests/unit/depot.h"

static struct depot d;

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

int
main(void)
{
	const TTest *const tests[] = {
		what_has_no_room_is_looked_for_once,
	};

	return UNIT_RUN("store_room", tests);
}
