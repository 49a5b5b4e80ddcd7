/*
 * test_tail_unseen.c -- streams that came and went while shmtail was stopped.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/shared.h"
#include "tests/unit/scene.h"

#define LANE (UINT64_C(64) << 10)

static struct scene sc;

/* A stream of `n' records, over two lanes, whose pages are taken back. */
static void
come_and_go(const char *ident, uint32_t n)
{
	struct scene_stream a;

	scene_stream(&sc, &a, ident, 2, LANE);
	for (uint32_t i = 0; i < n; i++)
		scene_put(&a, i % 2, 0, 1, "unseen");
	scene_cool(&a);
	scene_reuse(&a, 1);
	/* so that more of them have room */
	memset(a.section, 0, a.daemon->d[a.index].length);
	a.daemon->used -= a.daemon->d[a.index].length;
}

START_TEST(a_stream_that_came_and_went_is_told_by_its_name)
{
	char want[128];

	(void)snprintf(want, sizeof(want),
	    "-- 5 records of http.b[%d] lost --\n"
	    "-- 1 record of http.c[%d] lost --\n",
	    (int)getpid(), (int)getpid());
	scene_begin(&sc);
	come_and_go("a", 9);
	scene_tail(&sc, &out_short, START_END);
	ck_assert_str_eq(scene_read(&sc), "");
	come_and_go("b", 5);
	come_and_go("c", 1);
	come_and_go("empty", 0);
	ck_assert_str_eq(scene_read(&sc), want);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

/* A stream of three lanes is gone, and of the last one all that its tombstone
 * says is that nobody knows. */
static void
reuse_unknown(struct scene_stream *a)
{
	a->w[2].records = TOMB_UNKNOWN;
	scene_reuse(a, 1);
}

START_TEST(a_known_stream_with_a_lane_nobody_knows_lost_at_least)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 3, LANE);
	scene_tail(&sc, &scene_out, START_END);
	for (uint32_t lane = 0; lane < 3; lane++)
		scene_put(&a, lane, 0, 1, "seen");
	ck_assert_str_eq(scene_read(&sc), "seen\nseen\nseen\n");
	scene_put(&a, 0, 0, 1, "unseen");
	scene_put(&a, 1, 0, 1, "unseen");
	reuse_unknown(&a);
	ck_assert_str_eq(scene_read(&sc), "lost 2+\n");
	ck_assert_str_eq(scene_read(&sc), "");
	/* and if there is nothing else that is known */
	scene_stream(&sc, &a, "b", 3, LANE);
	ck_assert_str_eq(scene_read(&sc), "");
	reuse_unknown(&a);
	ck_assert_str_eq(scene_read(&sc), "lost 0+\n");
	scene_end(&sc);
}
END_TEST

START_TEST(unless_it_was_read_to_its_end_when_it_cooled)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 3, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 2, 0, 1, "last words");
	scene_cool(&a);
	ck_assert_str_eq(scene_read(&sc), "last words\n");
	reuse_unknown(&a);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

START_TEST(of_a_stream_never_opened_the_rest_is_counted_at_least)
{
	struct scene_stream a;
	struct scene_daemon *d;

	scene_begin(&sc);
	d = scene_now(&sc);
	scene_tail(&sc, &scene_out, START_END);
	scene_stream(&sc, &a, "a", 3, LANE);
	scene_put(&a, 0, 0, 1, "1");
	scene_put(&a, 1, 0, 1, "2");
	/* listed; it goes before it is opened */
	sources_list(&sc.t);
	directory_begin(&d->dir);
	a.w[2].records = TOMB_UNKNOWN;
	scene_bury(&a);
	shared_store(&d->d[a.index].serial, 0);
	directory_clear(&d->dir, a.index);
	scene_list(d);
	directory_end(&d->dir);
	ck_assert_str_eq(scene_read(&sc), "lost 2+\n");
	scene_end(&sc);
}
END_TEST

START_TEST(an_unseen_one_with_a_lane_nobody_knows_lost_at_least)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	for (int known = 1; known >= 0; known--) {
		scene_stream(&sc, &a, "a", 2, LANE);
		a.w[0].records = known ? 4 : TOMB_UNKNOWN;
		a.w[1].records = TOMB_UNKNOWN;
		scene_reuse(&a, 1);
		ck_assert_str_eq(
		    scene_read(&sc), known ? "lost 4+\n" : "lost 0+\n");
	}
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

START_TEST(it_is_told_once_whatever_changes_later)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	come_and_go("a", 3);
	ck_assert_str_eq(scene_read(&sc), "lost 3\n");
	scene_stream(&sc, &a, "b", 1, LANE);
	ck_assert_str_eq(scene_read(&sc), "");
	come_and_go("c", 4);
	scene_cool(&a);
	ck_assert_str_eq(scene_read(&sc), "lost 4\n");
	scene_end(&sc);
}
END_TEST

START_TEST(a_stream_that_was_known_is_not_told_again)
{
	struct scene_stream a, b, c;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "before");
	scene_tail(&sc, &scene_out, START_END);
	scene_stream(&sc, &b, "b", 1, LANE);
	scene_put(&b, 0, 0, 1, "seen");
	scene_put(&a, 0, 0, 2, "seen, too");
	ck_assert_str_eq(scene_read(&sc), "seen\nseen, too\n");
	scene_cool(&a);
	scene_cool(&b);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_reuse(&a, 1);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_put(&b, 0, 0, 1, "unseen");
	scene_reuse(&b, 1);
	ck_assert_str_eq(scene_read(&sc), "lost 1\n");
	/* more lists, in which they are forgotten */
	for (int i = 0; i < 4; i++) {
		scene_stream(&sc, &c, "c", 1, LANE);
		ck_assert_str_eq(scene_read(&sc), "");
	}
	scene_end(&sc);
}
END_TEST

/* tomb_next is loaded before the list is read: it may bury in between. */
START_TEST(nor_if_it_is_buried_just_before_the_list_is_read)
{
	struct scene_stream a, b;
	struct tail_source *src;

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "seen");
	ck_assert_str_eq(scene_read(&sc), "seen\n");
	scene_cool(&a);
	ck_assert_str_eq(scene_read(&sc), "");
	src = TAILQ_FIRST(&sc.t.sources);
	scene_reuse(&a, 1);
	/* all of it has been told, as if it had never been opened */
	stream_gone(&sc.t, TAILQ_FIRST(&src->streams), 1);
	/* such a list has been absorbed, with tomb_next of before */
	src->listed = 0;
	sources_list(&sc.t);
	src->listed = 1;
	src->sure = 0;
	scene_stream(&sc, &b, "b", 1, LANE);
	ck_assert_str_eq(scene_read(&sc), "");
	ck_assert_uint_eq(src->looked, 1);
	scene_end(&sc);
}
END_TEST

START_TEST(what_was_buried_around_the_first_list_is_told_if_it_is_new)
{
	struct scene_stream live, c;
	struct tail_source *src;

	scene_begin(&sc);
	come_and_go("older", 2);
	scene_stream(&sc, &live, "live", 1, LANE);
	come_and_go("newer", 3);
	/* published later than one with a larger serial */
	scene_prepare(&sc, &c, "c", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	src = TAILQ_FIRST(&sc.t.sources);
	ck_assert_uint_eq(src->looked, 2);
	ck_assert_uint_eq(src->newest, live.serial);
	src->looked = 0;
	come_and_go("unseen", 4);
	ck_assert_str_eq(scene_read(&sc), "lost 3\nlost 4\n");
	src->newest = UINT64_MAX;
	scene_put(&c, 0, 0, 1, "unseen");
	scene_publish(&c);
	scene_cool(&c);
	scene_reuse(&c, 1);
	ck_assert_str_eq(scene_read(&sc), "lost 1\n");
	scene_end(&sc);
}
END_TEST

START_TEST(all_that_went_in_a_segment_made_meanwhile_is_told)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	come_and_go("old", 1);
	scene_restart(&sc);
	come_and_go("between", 2);
	scene_restart(&sc);
	come_and_go("new", 4);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "fine");
	ck_assert_str_eq(scene_read(&sc), "lost 1\nlost 2\nlost 4\nfine\n");
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

START_TEST(what_the_table_had_no_room_for_is_said)
{
	const char *text;
	int lost = 0;

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	for (int i = 0; i < SCENE_SECTIONS; i++)
		come_and_go("a", 1);
	text = scene_read(&sc);
	ck_assert_ptr_null(strstr(text, "unknown"));
	for (const char *p = text; *p != '\0'; p = strchr(p, '\n') + 1)
		lost += strncmp(p, "lost 1\n", 7) == 0;
	ck_assert_int_eq(lost, SCENE_SECTIONS);
	for (int i = 0; i < SCENE_SECTIONS + 1; i++)
		come_and_go("a", 1);
	text = scene_read(&sc);
	lost = 0;
	for (const char *p = text; *p != '\0'; p = strchr(p, '\n') + 1)
		lost += strncmp(p, "lost 1\n", 7) == 0;
	ck_assert_int_eq(lost, SCENE_SECTIONS);
	ck_assert_ptr_nonnull(strstr(text, "unknown 0+\n"));
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

START_TEST(a_daemon_stopped_in_the_act_makes_nobody_count_twice)
{
	struct scene_stream a;
	struct scene_daemon *d;

	scene_begin(&sc);
	d = scene_now(&sc);
	scene_tail(&sc, &scene_out, START_END);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "seen");
	directory_begin(&d->dir);
	scene_bury(&a);
	/* as its descriptor stands, its pages are its own */
	ck_assert_str_eq(scene_read(&sc), "seen\n");
	shared_store(&d->d[a.index].serial, 0);
	directory_clear(&d->dir, a.index);
	scene_list(d);
	directory_end(&d->dir);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_stream(&sc, &a, "b", 1, LANE);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

START_TEST(the_past_is_shown_without_them)
{
	struct scene_stream a;

	scene_begin(&sc);
	come_and_go("gone", 3);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "1");
	scene_tail(&sc, &scene_out, START_OLDEST);
	tail_drain(&sc.t);
	tail_unbound(&sc.t);
	ck_assert_str_eq(scene_read(&sc), "1\n");
	scene_end(&sc);
}
END_TEST

START_TEST(a_number_of_tombstones_that_cannot_be_holds_up_nobody)
{
	static const uint64_t numbers[] = { UINT64_MAX, INT64_MAX, 0,
		UINT64_C(1) << 62, 5, 1 };
	uint64_t began = clock_mono();
	struct scene_stream a;
	struct scene_daemon *d;

	scene_begin(&sc);
	d = scene_now(&sc);
	scene_tail(&sc, &scene_out, START_END);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		shared_store(&d->dir.head->tomb_next, numbers[i]);
		scene_stream(&sc, &a, "a", 1, LANE);
		(void)scene_read(&sc);
	}
	ck_assert_uint_lt(clock_mono() - began, 2 * NSEC);
	scene_end(&sc);
}
END_TEST

/* Nobody is told of no records. */
START_TEST(that_records_may_be_lost_is_said_without_a_number)
{
	struct descriptor of = { .type = "http", .ident = "a" };
	struct out_loss loss = { .of = &of, .at_least = 1 };
	char path[80], got[128] = "";
	struct buffer b;
	FILE *told;

	scene_begin(&sc);
	buffer_init(&b, -1);
	out_short.lost(&b, &loss);
	buffer_byte(&b, '\0');
	ck_assert_str_eq(b.data, "-- records of http.a[0] may be lost --\n");
	buffer_free(&b);
	(void)snprintf(path, sizeof(path), "%s/told", sc.path);
	told = freopen(path, "w+", stderr);
	ck_assert_ptr_nonnull(told);
	(void)unlink(path);
	out_cat.lost(NULL, &loss);
	rewind(told);
	ck_assert_uint_gt(fread(got, 1, sizeof(got) - 1, told), 0);
	ck_assert_ptr_nonnull(
	    strstr(got, ": records of http.a[0] may be lost\n"));
	scene_end(&sc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_stream_that_came_and_went_is_told_by_its_name,
		an_unseen_one_with_a_lane_nobody_knows_lost_at_least,
		it_is_told_once_whatever_changes_later,
		a_stream_that_was_known_is_not_told_again,
		nor_if_it_is_buried_just_before_the_list_is_read,
		what_was_buried_around_the_first_list_is_told_if_it_is_new,
		all_that_went_in_a_segment_made_meanwhile_is_told,
		what_the_table_had_no_room_for_is_said,
		a_daemon_stopped_in_the_act_makes_nobody_count_twice,
		a_known_stream_with_a_lane_nobody_knows_lost_at_least,
		unless_it_was_read_to_its_end_when_it_cooled,
		of_a_stream_never_opened_the_rest_is_counted_at_least,
		a_number_of_tombstones_that_cannot_be_holds_up_nobody,
		that_records_may_be_lost_is_said_without_a_number,
		the_past_is_shown_without_them,
	};

	return UNIT_RUN("tail_unseen", tests);
}
