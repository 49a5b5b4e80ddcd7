/*
 * test_tail_chain.c -- shmtail across restarts: from lane to lane, from segment
 * to segment, and what there was in those that nobody has any more.
 */
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/scene.h"

#define LANE (UINT64_C(64) << 10)

static struct scene sc;

/* A stream of so many lanes, and a shmtail of what comes from now on. */
static void
begin(struct scene_stream *a, uint32_t lanes, const struct out *out)
{
	scene_begin(&sc);
	scene_stream(&sc, a, "a", lanes, LANE);
	scene_tail(&sc, out, START_END);
}

/* The next daemon, and the stream joins it. */
static void
go_on(struct scene_stream *to, const struct scene_stream *from)
{
	scene_restart(&sc);
	scene_join(&sc, to, from, "a");
}

START_TEST(restarts_are_followed_lane_by_lane)
{
	struct scene_stream a, b, c;

	begin(&a, 2, &scene_out);
	scene_put(&a, 0, 0, 100, "1");
	scene_restart(&sc);
	ck_assert_str_eq(scene_read(&sc), "1\n");
	/* nobody has joined: the old segment is followed on */
	scene_put(&a, 0, 0, 200, "2");
	ck_assert_str_eq(scene_read(&sc), "2\n");
	/* the successor's clock is behind: still it comes after */
	scene_put(&a, 0, 0, 300, "3");
	scene_join(&sc, &b, &a, "a");
	scene_put(&b, 0, 0, 50, "4");
	ck_assert_str_eq(scene_read(&sc), "3\n4\n");
	scene_restart(&sc);
	scene_put(&b, 0, 0, 60, "5");
	scene_put(&b, 1, 0, 61, "5b");
	scene_join(&sc, &c, &b, "a");
	scene_put(&c, 0, 0, 70, "6");
	scene_put(&c, 1, 0, 71, "6b");
	ck_assert_str_eq(scene_read(&sc), "5\n5b\n6\n6b\n");
	scene_end(&sc);
}
END_TEST

/* 1 to 4 in a stream and its successors, over two restarts. */
static void
restart_twice(void)
{
	struct scene_stream a, b, c;

	begin(&a, 1, &scene_out);
	scene_put(&a, 0, 0, 1, "1");
	go_on(&b, &a);
	scene_put(&b, 0, 0, 2, "2");
	scene_put(&b, 0, 0, 3, "3");
	go_on(&c, &b);
	scene_put(&c, 0, 0, 4, "4");
}

START_TEST(two_restarts_while_it_was_stopped)
{
	restart_twice();
	ck_assert_str_eq(scene_read(&sc), "1\n2\n3\n4\n");
	scene_end(&sc);
}
END_TEST

START_TEST(who_lived_between_two_restarts_is_read_too)
{
	struct scene_stream b;

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	scene_restart(&sc);
	scene_stream(&sc, &b, "b", 1, LANE);
	scene_put(&b, 0, 0, 2, "2");
	scene_cool(&b);
	scene_restart(&sc);
	ck_assert_str_eq(scene_read(&sc), "2\n");
	scene_end(&sc);
}
END_TEST

/* All old segments are past their cooling, and nobody writes to them. */
static void
grow_old(struct tail *t)
{
	struct tail_source *src;

	TAILQ_FOREACH(src, &t->sources, link)
		if (src->since != 0) {
			src->since = 1;
			src->check_at = 0;
		}
}

/* However many it has followed before, mapped still or not. */
static void
live_long(int old)
{
	struct scene_stream b;

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	for (int i = 0; i < SCENE_DAEMONS - 3; i++) {
		scene_restart(&sc);
		if (old)
			grow_old(&sc.t);
		sc.t.tend_at = 0;
		ck_assert_str_eq(scene_read(&sc), "");
	}
	scene_restart(&sc);
	scene_stream(&sc, &b, "b", 1, LANE);
	scene_put(&b, 0, 0, 2, "2");
	scene_restart(&sc);
	ck_assert_str_eq(scene_read(&sc), "2\n");
	scene_end(&sc);
}

START_TEST(who_lived_between_is_read_after_many_restarts)
{
	live_long(0);
	live_long(1);
}
END_TEST

START_TEST(a_segment_that_came_and_went_is_counted)
{
	restart_twice();
	ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	ck_assert_str_eq(scene_read(&sc), "unknown 0+\n1\nlost 2\n4\n");
	scene_end(&sc);
}
END_TEST

/* Of the segments in between there is none; the last lane knows the total. */
START_TEST(all_segments_that_came_and_went_are_counted)
{
	struct scene_stream a[4], b[3];

	scene_begin(&sc);
	scene_stream(&sc, &a[0], "a", 1, LANE);
	scene_put(&a[0], 0, 0, 1, "before the start");
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a[0], 0, 0, 1, "1");
	for (int i = 1; i < 4; i++) {
		go_on(&a[i], &a[i - 1]);
		if (i == 1)
			scene_stream(&sc, &b[0], "b", 1, LANE);
		else
			scene_join(&sc, &b[i - 1], &b[i - 2], "b");
		for (int k = 0; k < i && i < 3; k++) {
			scene_put(&a[i], 0, 0, 2, "never seen");
			scene_put(&b[i - 1], 0, 0, 2, "never seen");
		}
	}
	scene_put(&b[2], 0, 0, 3, "b");
	scene_put(&a[3], 0, 0, 4, "a");
	ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	ck_assert_str_eq(
	    scene_read(&sc), "unknown 0+\nlost 3\n1\nb\nlost 3\na\n");
	scene_end(&sc);
}
END_TEST

/* It wrote before the start, and nobody knows how much. */
START_TEST(of_a_stream_from_before_the_start_it_is_at_least)
{
	struct scene_stream a, b, c;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "before the start");
	scene_restart(&sc);
	ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	scene_tail(&sc, &scene_out, START_END);
	go_on(&b, &a);
	scene_put(&b, 0, 0, 2, "2");
	scene_put(&b, 0, 0, 3, "3");
	go_on(&c, &b);
	scene_put(&c, 0, 0, 4, "4");
	ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	ck_assert_str_eq(scene_read(&sc), "unknown 0+\nlost 2+\n4\n");
	scene_end(&sc);
}
END_TEST

/* The lane in between was taken and nothing was put there. */
START_TEST(a_lane_without_records_has_a_predecessor_too)
{
	struct scene_stream a, b, c;

	begin(&a, 1, &scene_out);
	scene_put(&a, 0, 0, 9, "1");
	scene_put(&a, 0, 0, 9, "2");
	go_on(&b, &a);
	go_on(&c, &b);
	scene_put(&c, 0, 0, 3, "3");
	ck_assert_str_eq(scene_read(&sc), "1\n2\n3\n");
	scene_end(&sc);
}
END_TEST

START_TEST(what_was_there_is_shown_with_the_segment_before)
{
	struct scene_stream a, b;
	struct tail *t = &sc.t;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 100, "1");
	scene_put(&a, 0, 0, 200, "2");
	go_on(&b, &a);
	scene_put(&b, 0, 0, 50, "3");
	scene_put(&b, 0, 0, 60, "4");
	scene_tail(&sc, &scene_out, START_OLDEST);
	scene_put(&b, 0, 0, 70, "5");
	tail_drain(t);
	buffer_byte(&sc.show.to, '\0');
	ck_assert_str_eq(sc.show.to.data, "1\n2\n3\n4\n");
	sc.show.to.n = 0;
	tail_unbound(t);
	ck_assert_str_eq(scene_read(&sc), "5\n");
	scene_untail(&sc);

	scene_tail(&sc, &scene_out, START_OLDEST);
	last_begin(&sc.show, 2);
	tail_drain(t);
	last_end(&sc.show);
	buffer_byte(&sc.show.to, '\0');
	ck_assert_str_eq(sc.show.to.data, "4\n5\n");
	scene_end(&sc);
}
END_TEST

/* A thread wrote 1, 3 and 4 in lane 0, 2 and 5 in lane 1, and the daemon was
 * restarted in between: lane 0's second part waits for its first. */
START_TEST(lanes_wait_for_one_that_waits)
{
	struct scene_stream a, b;

	begin(&a, 2, &scene_out);
	scene_put(&a, 0, 0, 1, "1");
	scene_put(&a, 1, 0, 2, "2");
	go_on(&b, &a);
	scene_put(&b, 0, 0, 3, "3");
	scene_put(&b, 0, 0, 4, "4");
	scene_put(&a, 1, 0, 5, "5");
	ck_assert_str_eq(scene_read(&sc), "1\n2\n3\n4\n5\n");
	scene_end(&sc);
}
END_TEST

/* A thread that took its time first took its lane last: 3 was put before 2, and
 * the other thread of 2 wrote 4 in the meantime. */
START_TEST(a_predecessor_that_is_later_is_delivered_first)
{
	struct scene_stream a, b;

	begin(&a, 2, &scene_out);
	scene_put(&a, 0, 0, 1, "1");
	scene_put(&a, 0, 0, 3, "3");
	go_on(&b, &a);
	scene_put(&b, 0, 0, 2, "2");
	scene_put(&b, 1, 0, 4, "4");
	scene_put(&b, 1, 0, 5, "5");
	ck_assert_str_eq(scene_read(&sc), "1\n3\n2\n4\n5\n");
	scene_end(&sc);
}
END_TEST

static void
slow_record(struct buffer *to, struct rec *r)
{
	uint64_t until = clock_mono() + 60 * MSEC;

	scene_out.record(to, r);
	while (clock_mono() < until)
		continue;
}

/* A thread wrote 1 to 6, by turns in lane 0 of three segments and in lane 1 of
 * the first. */
static void
put_by_turns(const struct out *out)
{
	struct scene_stream a, b, c;

	begin(&a, 2, out);
	scene_put(&a, 0, 0, 1, "1");
	scene_put(&a, 1, 0, 2, "2");
	go_on(&b, &a);
	scene_put(&b, 0, 0, 3, "3");
	scene_put(&a, 1, 0, 4, "4");
	go_on(&c, &b);
	scene_put(&c, 0, 0, 5, "5");
	scene_put(&a, 1, 0, 6, "6");
}

/* What delivering them takes is more than anybody waits. */
START_TEST(who_delivers_does_not_wait)
{
	struct out slow = scene_out;

	slow.record = slow_record;
	put_by_turns(&slow);
	ck_assert_str_eq(scene_read(&sc), "1\n2\n3\n4\n5\n6\n");
	scene_end(&sc);
}
END_TEST

/* The same, but it is stopped after each round. */
START_TEST(who_is_stopped_does_not_wait)
{
	put_by_turns(&scene_out);
	for (int i = 0; i < 10; i++) {
		sc.t.attach.looked = 0;
		ck_assert_int_eq(tail_follow(&sc.t), 0);
		sc.t.held_at -= 10 * NSEC;
	}
	ck_assert_str_eq(scene_read(&sc), "1\n2\n3\n4\n5\n6\n");
	scene_end(&sc);
}
END_TEST

/* What it waits for has a later time: nobody waits for ever. */
START_TEST(a_predecessor_from_the_future_holds_up_nobody)
{
	struct scene_stream a, b;

	begin(&a, 1, &scene_out);
	scene_put(&a, 0, 0, UINT64_C(1) << 62, "1");
	go_on(&b, &a);
	scene_put(&b, 0, 0, 3, "2");
	ck_assert_str_eq(scene_read(&sc), "1\n2\n");
	scene_end(&sc);
}
END_TEST

/* What it waits for has no end, and is early: nor does anybody wait for that.
 */
START_TEST(a_predecessor_without_end_holds_up_nobody)
{
	uint64_t end = clock_mono() + 30 * NSEC;
	struct scene_stream a, b;
	struct lane_header *lane;

	begin(&a, 2, &scene_out);
	scene_put(&a, 0, 0, 1, "1");
	go_on(&b, &a);
	lane = stream_lane(b.section, &b.plan, 0);
	lane->pred_records = UINT64_MAX;
	scene_put(&b, 0, 0, 2, "2");
	scene_put(&a, 1, 0, 3, "3");
	do {
		ck_assert_uint_lt(clock_mono(), end);
		scene_put(&a, 0, 0, 1, "1");
		sc.show.to.n = 0;
		sc.t.attach.looked = 0;
		ck_assert_int_eq(tail_follow(&sc.t), 0);
	} while (sc.show.to.n == 0 ||
		 memchr(sc.show.to.data, '3', sc.show.to.n) == NULL);
	scene_end(&sc);
}
END_TEST

/* Its stream's pages are taken back, and one of its lanes has a record that is
 * still to be delivered; the other one's are counted by who goes on for it, be
 * that the next segment's lane or one of which the next is missing. */
static void
count_once(int last)
{
	struct scene_stream s[3];

	begin(&s[0], 2, &scene_out);
	scene_put(&s[0], 1, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "1\n");
	scene_put(&s[0], 0, 0, UINT64_C(1) << 62, "from the future");
	ck_assert_int_eq(tail_follow(&sc.t), 0);
	scene_put(&s[0], 1, 0, 2, "never seen");
	scene_put(&s[0], 1, 0, 3, "never seen");
	for (int i = 1; i <= last; i++)
		go_on(&s[i], &s[i - 1]);
	scene_put(&s[last], 1, 0, 4, "4");
	if (last == 2)
		ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	scene_reuse(&s[0], 1);
	ck_assert_str_eq(scene_read(&sc),
	    last == 1 ? "lost 2\n4\nfrom the future\n"
		      : "unknown 0+\nlost 2\n4\nfrom the future\n");
	scene_end(&sc);
}

START_TEST(what_the_chain_has_counted_the_tombstone_has_not)
{
	count_once(1);
	count_once(2);
}
END_TEST

/* -l: where lanes end is looked up one after the other, and in between the
 * worker wrote 2 and 3, and 4 where it had gone on. */
START_TEST(what_was_counted_is_not_delivered_then)
{
	struct scene_stream a, b;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "1");
	scene_restart(&sc);
	a.w[0].records += 2;
	scene_join(&sc, &b, &a, "a");
	a.w[0].records -= 2;
	scene_put(&b, 0, 0, 4, "4");
	scene_tail(&sc, &scene_out, START_OLDEST);
	scene_put(&a, 0, 0, 2, "2");
	scene_put(&a, 0, 0, 3, "3");
	tail_drain(&sc.t);
	tail_unbound(&sc.t);
	scene_put(&b, 0, 0, 5, "5");
	ck_assert_str_eq(scene_read(&sc), "1\nlost 2\n4\n5\n");
	scene_end(&sc);
}
END_TEST

/* How many segments it has mapped. */
static unsigned
mapped(void)
{
	const struct tail_source *src;
	unsigned n = 0;

	TAILQ_FOREACH(src, &sc.t.sources, link)
		n += src->segment != NULL;
	return n;
}

/* Its worker lives, but goes on elsewhere: in the next segment, or in one of
 * which the next is missing. */
static void
give_up(int last)
{
	struct scene_stream s[3];

	begin(&s[0], 1, &scene_out);
	scene_put(&s[0], 0, 0, 1, "1");
	for (int i = 1; i <= last; i++)
		go_on(&s[i], &s[i - 1]);
	if (last == 2)
		ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	ck_assert_str_eq(
	    scene_read(&sc), last == 1 ? "1\n" : "unknown 0+\n1\n");
	grow_old(&sc.t);
	sc.t.tend_at = 0;
	ck_assert_str_eq(scene_read(&sc), "");
	ck_assert_uint_eq(mapped(), 2);
	scene_put(&s[last], 0, 0, 2, "2");
	ck_assert_str_eq(scene_read(&sc), "2\n");
	grow_old(&sc.t);
	sc.t.tend_at = 0;
	ck_assert_str_eq(scene_read(&sc), "");
	ck_assert_uint_eq(mapped(), 1);
	scene_end(&sc);
}

START_TEST(a_segment_that_others_go_on_for_is_given_up)
{
	give_up(1);
	give_up(2);
}
END_TEST

/* Another process had this one's pid before, or has another one, and by chance
 * its stream has the same id. */
static void
no_ancestor(uint32_t pids, uint64_t starts)
{
	struct scene_stream a, b, c;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	a.daemon->d[a.index].owner_pid += pids;
	a.daemon->d[a.index].owner_start += starts;
	scene_publish(&a);
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "1\n");
	scene_restart(&sc);
	scene_stream(&sc, &b, "a", 1, LANE);
	b.plan.id = a.plan.id;
	for (int i = 0; i < 3; i++)
		scene_put(&b, 0, 0, 2, "never seen");
	go_on(&c, &b);
	scene_put(&c, 0, 0, 3, "3");
	ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	ck_assert_str_eq(scene_read(&sc), "unknown 0+\nlost 3\n3\n");
	scene_end(&sc);
}

START_TEST(another_process_stream_is_no_ancestor)
{
	no_ancestor(1, 0);
	no_ancestor(0, 1);
}
END_TEST

/* A stream whose lanes nobody can sit down in is of the segment where others
 * have their predecessors. */
START_TEST(a_lane_that_laps_everybody_holds_up_nobody)
{
	static const enum tail_start starts[] = { START_END, START_OLDEST };
	struct scene_stream a, b, bad;
	struct lane_header *lane;

	for (size_t i = 0; i < 2; i++) {
		scene_begin(&sc);
		scene_stream(&sc, &a, "a", 1, LANE);
		scene_stream(&sc, &bad, "bad", 1, LANE);
		scene_put(&bad, 0, 0, 1, "0");
		lane = stream_lane(bad.section, &bad.plan, 0);
		shared_store(&lane->claim, UINT64_C(1) << 40);
		scene_tail(&sc, &scene_out, starts[i]);
		tail_unbound(&sc.t);
		scene_put(&a, 0, 0, 1, "1");
		go_on(&b, &a);
		scene_put(&b, 0, 0, 2, "2");
		ck_assert_ptr_nonnull(strstr(scene_read(&sc), "1\n2\n"));
		scene_end(&sc);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		restarts_are_followed_lane_by_lane,
		two_restarts_while_it_was_stopped,
		who_lived_between_two_restarts_is_read_too,
		who_lived_between_is_read_after_many_restarts,
		a_segment_that_came_and_went_is_counted,
		all_segments_that_came_and_went_are_counted,
		of_a_stream_from_before_the_start_it_is_at_least,
		a_lane_without_records_has_a_predecessor_too,
		what_was_there_is_shown_with_the_segment_before,
		lanes_wait_for_one_that_waits,
		a_predecessor_that_is_later_is_delivered_first,
		who_delivers_does_not_wait,
		who_is_stopped_does_not_wait,
		a_predecessor_from_the_future_holds_up_nobody,
		a_predecessor_without_end_holds_up_nobody,
		what_the_chain_has_counted_the_tombstone_has_not,
		what_was_counted_is_not_delivered_then,
		a_segment_that_others_go_on_for_is_given_up,
		another_process_stream_is_no_ancestor,
		a_lane_that_laps_everybody_holds_up_nobody,
	};

	return UNIT_RUN("tail_chain", tests);
}
