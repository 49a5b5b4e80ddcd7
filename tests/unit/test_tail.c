/*
 * test_tail.c -- shmtail delivers everything once and in order, or counts it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/shared.h"
#include "tests/unit/scene.h"

#define LANE (UINT64_C(64) << 10)

static struct scene sc;

START_TEST(lanes_are_merged_by_time)
{
	struct scene_stream a, b;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 2, LANE);
	scene_stream(&sc, &b, "b", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, 10, "1");
	scene_put(&a, 0, 0, 40, "4");
	scene_put(&a, 1, 0, 30, "3");
	scene_put(&a, 1, 0, 60, "6");
	scene_put(&b, 0, 0, 20, "2");
	scene_put(&b, 0, 0, 50, "5");
	ck_assert_str_eq(scene_read(&sc), "1\n2\n3\n4\n5\n6\n");
	scene_end(&sc);
}
END_TEST

START_TEST(it_begins_at_the_end_but_reads_new_streams_whole)
{
	struct scene_stream a, b;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "before");
	scene_tail(&sc, &scene_out, START_END);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_prepare(&sc, &b, "b", 1, LANE);
	scene_put(&b, 0, 0, 2, "first");
	scene_publish(&b);
	scene_put(&a, 0, 0, 3, "after");
	ck_assert_str_eq(scene_read(&sc), "first\nafter\n");
	scene_end(&sc);
}
END_TEST

START_TEST(a_record_from_the_future_is_not_held_back)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, clock_real() + 3600 * NSEC, "future");
	for (int i = 0; i < 10 && sc.show.to.n == 0; i++) {
		(void)tail_follow(&sc.t);
		usleep(1000);
	}
	ck_assert_str_eq(scene_read(&sc), "future\n");
	scene_end(&sc);
}
END_TEST

/* Adds up what scene_read() gave: records, and lost ones. */
static void
add_up(const char *text, uint64_t *records, uint64_t *lost, uint64_t *last)
{
	uint64_t n;

	for (const char *p = text; *p != '\0'; p = strchr(p, '\n') + 1) {
		if (strncmp(p, "lost ", 5) == 0) {
			n = strtoull(p + 5, NULL, 10);
			*lost += n;
			*last += n;
			continue;
		}
		n = strtoull(p, NULL, 10);
		ck_assert_uint_eq(n, *last);
		(*records)++;
		(*last)++;
	}
}

START_TEST(a_lapped_reader_is_told_the_exact_number)
{
	struct unit_random rnd = { 7 };
	uint64_t records = 0, lost = 0, last = 0, written = 0;
	struct scene_stream a;
	char text[32];

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	for (int i = 0; i < 50; i++) {
		for (uint64_t n = unit_below(&rnd, 5000); n > 0; n--) {
			(void)snprintf(text, sizeof(text), "%ju%.*s",
			    (uintmax_t)written++, (int)unit_below(&rnd, 8),
			    "        ");
			scene_put(&a, 0, 0, 1, text);
		}
		add_up(scene_read(&sc), &records, &lost, &last);
		ck_assert_uint_eq(records + lost, written);
	}
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_gt(records, 0);
	scene_end(&sc);
}
END_TEST

START_TEST(a_freed_stream_is_counted_from_its_tombstone)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 2, LANE);
	scene_put(&a, 0, 0, 1, "before");
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, 1, "seen");
	ck_assert_str_eq(scene_read(&sc), "seen\n");
	scene_put(&a, 0, 0, 1, "unseen");
	scene_put(&a, 0, 0, 1, "unseen");
	scene_put(&a, 1, 0, 1, "unseen");
	scene_cool(&a);
	scene_reuse(&a, 1);
	ck_assert_str_eq(scene_read(&sc), "lost 3\n");
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

START_TEST(without_a_tombstone_it_is_at_least)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 2, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, 1, "unseen");
	scene_reuse(&a, 0);
	ck_assert_str_eq(scene_read(&sc), "lost 0+\n");
	scene_end(&sc);
}
END_TEST

START_TEST(a_stream_that_was_read_to_its_end_and_freed_lost_nothing)
{
	struct scene_stream a;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 2, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, 1, "last words");
	scene_cool(&a);
	ck_assert_str_eq(scene_read(&sc), "last words\n");
	scene_reuse(&a, 0);
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

START_TEST(tags_are_a_streams_own_and_may_come_late)
{
	struct scene_stream a, b;
	char name[16];

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_stream(&sc, &b, "b", 1, LANE);
	scene_tag(&a, 1, "Start");
	scene_tag(&b, 1, "End");
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 1, 1, "1");
	scene_put(&b, 0, 1, 2, "2");
	ck_assert_str_eq(scene_read(&sc), "Start=1\nEnd=2\n");
	for (uint16_t i = 2; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "T%u", i);
		scene_tag(&a, i, name);
		scene_put(&a, 0, i, i, "x");
	}
	ck_assert_ptr_nonnull(strstr(scene_read(&sc), "T59=x\n"));
	/* nobody has registered it */
	scene_put(&a, 0, 400, 1, "y");
	ck_assert_str_eq(scene_read(&sc), "y\n");
	scene_end(&sc);
}
END_TEST

START_TEST(taglists_choose)
{
	static const struct {
		const char *include, *exclude, *want;
	} cases[] = {
		{ "Req*", NULL, "ReqA=1\nReqB=2\n" },
		{ "Req*", "*B", "ReqA=1\n" },
		{ NULL, "Req*", "End=3\n4\n" },
		{ "-", NULL, "4\n" },
		{ "Nope,E??", NULL, "End=3\n" },
	};
	struct scene_stream a;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tag(&a, 1, "ReqA");
	scene_tag(&a, 2, "ReqB");
	scene_tag(&a, 3, "End");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].include != NULL)
			ck_assert_ptr_null(globs_add(
			    &sc.show.choose.include, cases[i].include));
		if (cases[i].exclude != NULL)
			ck_assert_ptr_null(globs_add(
			    &sc.show.choose.exclude, cases[i].exclude));
		scene_tail(&sc, &scene_out, START_END);
		scene_put(&a, 0, 1, 1, "1");
		scene_put(&a, 0, 2, 2, "2");
		scene_put(&a, 0, 3, 3, "3");
		scene_put(&a, 0, 0, 4, "4");
		ck_assert_str_eq(scene_read(&sc), cases[i].want);
		scene_untail(&sc);
	}
	scene_end(&sc);
}
END_TEST

START_TEST(a_change_without_end_holds_up_nobody)
{
	struct scene_stream a;
	struct scene_daemon *d;
	uint64_t began;

	scene_begin(&sc);
	d = scene_now(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_put(&a, 0, 0, 1, "1");
	scene_tail(&sc, &scene_out, START_END);
	/* an attached one, the descriptor of its stream torn */
	directory_begin(&d->dir);
	directory_clear(&d->dir, a.index);
	scene_put(&a, 0, 0, 2, "2");
	began = clock_mono();
	ck_assert_str_eq(scene_read(&sc), "2\n");
	ck_assert_uint_lt(clock_mono() - began, 2 * NSEC);
	scene_untail(&sc);
	/* a new one */
	directory_store(&d->dir, a.index, &d->d[a.index]);
	began = clock_mono();
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, 3, "3");
	ck_assert_str_eq(scene_read(&sc), "3\n");
	ck_assert_uint_lt(clock_mono() - began, 2 * NSEC);
	directory_end(&d->dir);
	scene_end(&sc);
}
END_TEST

START_TEST(a_stream_taken_back_in_mid_change_is_not_read_as_its_own)
{
	struct tombstone tomb = { .lanes = 1 };
	struct scene_stream a;
	struct scene_daemon *d;

	scene_begin(&sc);
	d = scene_now(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_put(&a, 0, 0, 1, "1");
	directory_begin(&d->dir);
	shared_store(&tomb.serial, a.serial);
	tomb.records[0] = 1;
	directory_bury(&d->dir, &tomb);
	directory_clear(&d->dir, a.index);
	ck_assert_str_eq(scene_read(&sc), "lost 1\n");
	scene_end(&sc);
}
END_TEST

START_TEST(rubbish_in_a_lane_is_passed_and_counted)
{
	struct scene_stream a;
	uint64_t records = 0, lost = 0;
	const char *text;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	for (int i = 0; i < 1000; i++)
		scene_put(&a, 0, 0, 1, "fine");
	memset(a.w[0].data + 32 * 100, 0xff, 32);
	text = scene_read(&sc);
	for (const char *p = text; *p != '\0'; p = strchr(p, '\n') + 1) {
		if (strncmp(p, "lost ", 5) == 0)
			lost += strtoull(p + 5, NULL, 10);
		else
			records++;
	}
	ck_assert_uint_eq(records + lost, 1000);
	ck_assert_uint_lt(lost, 64);
	scene_end(&sc);
}
END_TEST

/* Writes rubbish to places where it hurts. */
static void
corrupt(struct unit_random *rnd, struct scene_stream *st, int n)
{
	struct scene_daemon *d = st->daemon;
	uint8_t *where[] = { d->base + 256, d->base + d->plan.desc_offset,
		d->base + d->plan.tomb_offset, st->section,
		st->section + st->plan.dict_offset,
		st->section + st->plan.lane_offset,
		st->section + st->plan.lane_offset +
		    sizeof(struct lane_header) };
	uint64_t room[] = { 192, 3 * sizeof(struct descriptor), 512, 128, 512,
		sizeof(struct lane_header), LANE };
	uint64_t k, length;

	for (; n > 0; n--) {
		k = unit_below(rnd, sizeof(where) / sizeof(where[0]));
		length = 8 * (1 + unit_below(rnd, 4));
		unit_rubbish(rnd,
		    where[k] + 8 * unit_below(rnd, (room[k] - length) / 8),
		    length);
	}
}

/* A shmtail at work on segments that somebody scribbles over. */
static void
scribble(uint64_t seed, int times)
{
	struct unit_random rnd = { seed };
	struct scene_stream a, b;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 2, LANE);
	scene_tag(&a, 1, "Tag");
	scene_tail(&sc, seed % 2 ? &out_json : &out_short,
	    seed % 3 ? START_END : START_OLDEST);
	for (int i = 0; i < times; i++) {
		for (uint32_t k = 0; k < 40; k++)
			scene_put(&a, k % 2, 1, 1, "some payload");
		if (i == times / 2) {
			scene_restart(&sc);
			scene_join(&sc, &b, &a, "a");
			scene_put(&b, 0, 0, 1, "x");
		}
		corrupt(&rnd, i % 2 && i > times / 2 ? &b : &a, 3);
		sc.t.attach.looked = 0;
		for (int k = 0; k < 3; k++)
			(void)tail_follow(&sc.t);
		sc.show.to.n = 0;
	}
	scene_end(&sc);
}

START_TEST(rubbish_anywhere_neither_crashes_nor_holds_up)
{
	uint64_t began = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	for (uint64_t seed = 1; seed <= UNIT_TIMES(20); seed++)
		scribble(seed, 60);
	ck_assert_uint_lt(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began, 2 * NSEC);
}
END_TEST

/* A stream with its dictionary in the last page of its section. */
static void
stream_dict_last(struct scene_stream *a)
{
	struct scene_daemon *d = scene_now(&sc);
	struct descriptor *desc;

	scene_prepare(&sc, a, "a", 1, LANE);
	desc = &d->d[a->index];
	a->plan.dict_offset = desc->length;
	desc->length += SEGMENT_PAGE;
	d->used += SEGMENT_PAGE;
	stream_create(a->section, &a->plan);
	scene_publish(a);
	scene_tag(a, 1, "Tag");
}

/* What is bounded by the old place must not be looked for at the new one. */
START_TEST(a_section_that_somebody_moves_is_read_no_more)
{
	struct scene_stream a, b;
	struct descriptor *desc;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	for (uint32_t twice = 0; twice < 2; twice++) {
		scene_begin(&sc);
		stream_dict_last(&a);
		scene_tail(&sc, &scene_out, START_END);
		scene_put(&a, 0, 1, 1, "1");
		ck_assert_str_eq(scene_read(&sc), "Tag=1\n");
		/* the same serial at the segment's end; twice: there as well */
		desc = &a.daemon->d[a.index + twice];
		*desc = a.daemon->d[a.index];
		desc->offset = SCENE_SIZE - SEGMENT_PAGE;
		desc->length = SEGMENT_PAGE;
		directory_begin(&a.daemon->dir);
		directory_store(&a.daemon->dir, a.index + twice, desc);
		scene_list(a.daemon);
		directory_end(&a.daemon->dir);
		scene_put(&a, 0, 1, 2, "2");
		ck_assert_str_eq(scene_read(&sc), "");
		scene_stream(&sc, &b, "b", 1, LANE);
		scene_put(&b, 0, 0, 3, "3");
		ck_assert_str_eq(scene_read(&sc), "3\n");
		ck_assert_uint_eq(sc.show.complaints, 1);
		scene_end(&sc);
	}
}
END_TEST

/* It is moved, and listed no more, while its record is held back for one that
 * waits for a predecessor without end. */
START_TEST(a_section_that_is_moved_and_goes_has_its_records_delivered)
{
	struct scene_stream a, b, c, d;
	struct lane_header *lane;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_restart(&sc);
	scene_join(&sc, &b, &a, "a");
	scene_stream(&sc, &c, "c", 1, LANE);
	lane = stream_lane(b.section, &b.plan, 0);
	lane->pred_records = UINT64_MAX;
	scene_put(&b, 0, 0, 2, "2");
	scene_put(&c, 0, 0, 3, "3");
	for (int i = 0; i < 5; i++) {
		scene_put(&a, 0, 0, 1, "1");
		sc.t.attach.looked = 0;
		ck_assert_int_eq(tail_follow(&sc.t), 0);
		if (i == 1) {
			c.daemon->d[c.index].offset += SEGMENT_PAGE;
			scene_publish(&c);
		} else if (i == 2) {
			scene_reuse(&c, 0);
		} else if (i > 2) {
			scene_stream(&sc, &d, "d", 1, LANE);
		}
	}
	ck_assert_uint_ne(sc.t.heap_n, 0);
	ck_assert_ptr_nonnull(strstr(scene_read(&sc), "3\n"));
	scene_end(&sc);
}
END_TEST

/* What is kept of a stream is less than it has room for, so all of them
 * together have a bound. */
START_TEST(sections_that_overlap_are_left_out)
{
	struct scene_stream a, b;
	struct scene_daemon *d;
	struct tail_source *src;
	struct tail_stream *s;
	size_t n = 0;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	d = a.daemon;
	for (uint32_t i = a.index + 1; i < SCENE_SECTIONS; i++) {
		d->d[i] = d->d[a.index];
		d->d[i].length = SCENE_SIZE / 4;
		shared_store(&d->d[i].serial, 1000 + i);
		directory_begin(&d->dir);
		directory_store(&d->dir, i, &d->d[i]);
		scene_list(d);
		directory_end(&d->dir);
	}
	scene_put(&a, 0, 0, 1, "1");
	ck_assert_ptr_nonnull(strstr(scene_read(&sc), "1\n"));
	src = TAILQ_FIRST(&sc.t.sources);
	TAILQ_FOREACH(s, &src->streams, link)
		n++;
	ck_assert_uint_eq(n, 1 + 11);
	/* they are given up */
	directory_begin(&d->dir);
	for (uint32_t i = a.index + 1; i < SCENE_SECTIONS; i++) {
		shared_store(&d->d[i].serial, 0);
		directory_clear(&d->dir, i);
	}
	scene_list(d);
	directory_end(&d->dir);
	scene_stream(&sc, &b, "b", 1, LANE);
	scene_put(&b, 0, 0, 2, "2");
	ck_assert_ptr_nonnull(strstr(scene_read(&sc), "2\n"));
	scene_end(&sc);
}
END_TEST

/* Streams that came and went while we were stopped, twice: all of them have
 * been where they belong, each time most of a segment. */
START_TEST(who_is_stopped_while_all_streams_change_leaves_none_out)
{
	struct scene_stream a;
	struct scene_daemon *d;
	struct tail_source *src;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	d = a.daemon;
	src = TAILQ_FIRST(&sc.t.sources);
	for (uint64_t turn = 1; turn < 6; turn++) {
		for (uint32_t i = a.index + 1; i < a.index + 8; i++) {
			directory_begin(&d->dir);
			d->d[i] = d->d[a.index];
			d->d[i].length = SCENE_SIZE / 8;
			shared_store(&d->d[i].serial, 1000 * turn + i);
			directory_store(&d->dir, i, &d->d[i]);
			scene_list(d);
			directory_end(&d->dir);
		}
		(void)tail_follow(&sc.t);
		for (uint32_t i = a.index + 1; i < a.index + 8; i++)
			ck_assert_ptr_nonnull(
			    stream_find(src, 1000 * turn + i));
	}
	scene_end(&sc);
}
END_TEST

/* Nobody frees a section of a daemon that is gone, but a worker may write that
 * there is another one, over and over. */
START_TEST(a_segment_without_a_daemon_has_no_end_of_streams)
{
	struct tail_source *old;
	struct tail_stream *s;
	struct scene_stream a;
	struct descriptor *desc;
	size_t n = 0;

	scene_begin(&sc);
	scene_stream(&sc, &a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_restart(&sc);
	ck_assert_str_eq(scene_read(&sc), "");
	desc = &a.daemon->d[a.index];
	for (uint64_t i = 0; i < 10 * SCENE_SECTIONS; i++) {
		shared_store(&desc->serial, 1000 + i);
		scene_publish(&a);
		(void)scene_read(&sc);
	}
	old = TAILQ_FIRST(&sc.t.sources);
	TAILQ_FOREACH(s, &old->streams, link)
		n++;
	ck_assert_uint_le(n, 2 * SCENE_SECTIONS);
	scene_end(&sc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		lanes_are_merged_by_time,
		it_begins_at_the_end_but_reads_new_streams_whole,
		a_record_from_the_future_is_not_held_back,
		a_lapped_reader_is_told_the_exact_number,
		a_freed_stream_is_counted_from_its_tombstone,
		without_a_tombstone_it_is_at_least,
		a_stream_that_was_read_to_its_end_and_freed_lost_nothing,
		tags_are_a_streams_own_and_may_come_late,
		taglists_choose,
		a_change_without_end_holds_up_nobody,
		a_stream_taken_back_in_mid_change_is_not_read_as_its_own,
		rubbish_in_a_lane_is_passed_and_counted,
		rubbish_anywhere_neither_crashes_nor_holds_up,
		a_section_that_somebody_moves_is_read_no_more,
		a_section_that_is_moved_and_goes_has_its_records_delivered,
		sections_that_overlap_are_left_out,
		who_is_stopped_while_all_streams_change_leaves_none_out,
		a_segment_without_a_daemon_has_no_end_of_streams,
	};

	return UNIT_RUN("tail", tests);
}
