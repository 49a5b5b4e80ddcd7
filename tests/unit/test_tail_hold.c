/*
 * test_tail_hold.c -- how long lanes wait for one that waits.
 *
 * Of the time between two rounds a hundredth of a second counts at most: so it
 * is rounds that are counted here, a second after one another.
 */
#include <string.h>

#include "tests/unit/scene.h"

#define LANE (UINT64_C(64) << 10)
#define IN_VAIN 6 /* rounds: HOLD_MAX is over */

static struct scene sc;
static struct scene_stream a, b, other, busy;

/* Of stream a, b is the successor; there are two more in its segment. */
static void
begin(void)
{
	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 2, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_restart(&sc);
	scene_join(&sc, &b, &a, "a");
	scene_stream(&sc, &other, "other", 1, LANE);
	scene_stream(&sc, &busy, "busy", 1, LANE);
	ck_assert_str_eq(scene_read(&sc), "");
}

/* As if there were a stream in the old segment that cannot be opened: so a
 * lane that goes on for one there waits. */
static void
unopened(int n)
{
	source_find(&sc.t, a.daemon->plan.created)->unopened += (size_t)n;
}

static void
do_round(void)
{
	sc.t.held_at -= NSEC;
	sc.t.attach.looked = 0;
	ck_assert_int_eq(tail_follow(&sc.t), 0);
}

/* The lane's first record waits, and a later one of another stream with it. */
static void
wait_in_lane(uint32_t lane)
{
	unopened(1);
	scene_put(&b, lane, 0, 5, "waits");
	scene_put(&other, 0, 0, 6, "other");
}

/* What came by now: no more rounds, for who waits does so still. */
static void
expect_came(const char *text)
{
	ck_assert_uint_eq(sc.show.to.n, strlen(text));
	ck_assert_mem_eq(sc.show.to.data, text, strlen(text));
	sc.show.to.n = 0;
}

static unsigned
rounds_until_something_comes(void)
{
	unsigned n = 0;

	while (sc.show.to.n == 0 && n < 1000) {
		do_round();
		n++;
	}
	return n;
}

START_TEST(who_waits_in_vain_does_not_hold_up_others_for_long)
{
	begin();
	wait_in_lane(0);
	ck_assert_uint_eq(rounds_until_something_comes(), IN_VAIN);
	expect_came("other\n");
	unopened(-1);
	ck_assert_str_eq(scene_read(&sc), "waits\n");
	scene_end(&sc);
}
END_TEST

START_TEST(each_wait_begins_anew)
{
	begin();
	wait_in_lane(0);
	for (int i = 0; i < IN_VAIN / 2; i++)
		do_round();
	unopened(-1);
	ck_assert_str_eq(scene_read(&sc), "waits\nother\n");
	wait_in_lane(1);
	ck_assert_uint_eq(rounds_until_something_comes(), IN_VAIN);
	expect_came("other\n");
	unopened(-1);
	ck_assert_str_eq(scene_read(&sc), "waits\n");
	scene_end(&sc);
}
END_TEST

/* While there is something to deliver it is not in vain; nor do two waits of a
 * second and a half count as one of three. */
START_TEST(who_goes_on_holds_up_the_later_ones)
{
	begin();
	for (uint32_t lane = 0; lane < 2; lane++) {
		wait_in_lane(lane);
		for (int i = 0; i < 150; i++) {
			scene_put(&busy, 0, 0, 1, "");
			do_round();
			expect_came("\n");
		}
		unopened(-1);
		ck_assert_str_eq(scene_read(&sc), "waits\nother\n");
	}
	scene_end(&sc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		who_waits_in_vain_does_not_hold_up_others_for_long,
		each_wait_begins_anew,
		who_goes_on_holds_up_the_later_ones,
	};

	return UNIT_RUN("tail_hold", tests);
}
