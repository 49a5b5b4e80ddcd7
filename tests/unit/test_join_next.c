/*
 * test_join_next.c -- one daemon after the other: that lanes go on, and what
 * they say of those that they go on for.
 */
#include "common/clock.h"
#include "common/ring.h"
#include "common/stream.h"
#include "tests/unit/join.h"
#include "worker/shmlog_printf.h"
#include "worker/stream.h"

#define DAEMONS 4

static const struct lane_header *
only_lane(const struct fake_daemon *f)
{
	struct stream_plan plan;

	expect_eq(stream_check(section(f, 0), f->section[0].length, &plan), 0);
	expect_eq(plan.lanes, 1);
	return stream_lane(section(f, 0), &plan, 0);
}

START_TEST(a_lane_names_the_last_and_counts_all_before_it)
{
	struct shmlog_stream_options one = { .lanes = 1 };
	static struct fake_daemon f[DAEMONS];
	const struct lane_header *lane, *before;
	uint64_t total = 0;
	struct shmlog_stream *s;
	struct shmlog *log;

	daemon_start(&f[0], NULL, 1);
	log = shmlog_open(f[0].dir);
	s = shmlog_stream(log, "t", "i", &one);
	for (uint64_t i = 0; i < DAEMONS; i++) {
		if (i > 0) {
			daemon_kill(&f[i - 1]);
			daemon_start(&f[i], f[0].dir, i + 1);
			daemon_supersede(&f[i - 1], i + 1);
			(void)shmlog_dispatch(log);
		}
		attach(log);
		lane = only_lane(&f[i]);
		ck_assert_uint_eq(lane->pred_total, total);
		if (i > 0) {
			before = only_lane(&f[i - 1]);
			ck_assert_uint_eq(lane->pred_created, i);
			ck_assert_uint_eq(lane->pred_records, before->records);
		}
		for (uint64_t k = 0; k < 3 + i; k++)
			expect_eq(shmlog_puts(s, 0, 6, 0, "x"), 1);
		ck_assert_uint_eq(lane->records, 3 + i);
		total += lane->records;
	}
	shmlog_close(log);
	daemon_kill(&f[DAEMONS - 1]);
	for (int i = DAEMONS - 1; i >= 0; i--)
		daemon_free(&f[i], i == 0);
}
END_TEST

/* The ways that a record goes. */
enum way { PUT, PRINTF, BATCH, WAYS };

static void
put(struct shmlog_stream *s, struct shmlog_batch *b, enum way way)
{
	switch (way) {
	case PUT:
		expect_eq(shmlog_puts(s, 0, 6, 0, "x"), 1);
		return;
	case PRINTF:
		expect_eq(shmlog_printf(s, 0, 6, 0, "n=%d", 1), 1);
		return;
	case BATCH:
		expect_eq(shmlog_batch_put(b, 0, 6, 0, "x", 1), 1);
		expect_eq(shmlog_batch_commit(b), 0);
		return;
	case WAYS:
		break;
	}
}

/* The next record goes the short way, if there is one here: the clock has an
 * anchor that serves, and all was well a moment ago. */
static void
shorten(struct shmlog_stream *s)
{
	uint64_t until = clock_real() + UINT64_C(2000000000), version, time;

	do {
		(void)clock_now();
		version = clock_version();
	} while (
	    !clock_at(version, clock_cycles(), &time) && clock_real() < until);
	number_set(&s->looked, version);
}

/* Somebody held the lane while the joiner moved all that it could take. */
static void
hold_and_put(enum way way)
{
	struct shmlog_stream_options one = { .lanes = 1 };
	static struct fake_daemon first, next;
	struct shmlog_stream *s;
	struct shmlog_batch *b;
	struct shmlog *log;

	daemon_start(&first, NULL, 1);
	log = shmlog_open(first.dir);
	s = shmlog_stream(log, "t", "i", &one);
	b = shmlog_batch(s);
	attach(log);
	put(s, b, way);
	expect(trylock_take(&s->lanes[0].lock));
	daemon_kill(&first);
	daemon_start(&next, first.dir, 2);
	daemon_supersede(&first, 2);
	(void)shmlog_dispatch(log);
	attach(log);
	ck_assert_uint_eq(s->lanes[0].writer.records, 1);
	trylock_give(&s->lanes[0].lock);
	shorten(s);
	put(s, b, way);
	ck_assert_uint_eq(only_lane(&first)->records, 1);
	ck_assert_uint_eq(only_lane(&next)->records, 1);
	ck_assert_uint_eq(only_lane(&next)->pred_records, 1);
	shmlog_batch_free(b);
	shmlog_close(log);
	daemon_kill(&next);
	daemon_free(&next, 0);
	daemon_free(&first, 1);
}

START_TEST(a_lane_that_was_held_moves_with_its_next_record)
{
	for (enum way way = PUT; way < WAYS; way++)
		hold_and_put(way);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_lane_names_the_last_and_counts_all_before_it,
		a_lane_that_was_held_moves_with_its_next_record,
	};

	return UNIT_RUN("join_next", tests);
}
