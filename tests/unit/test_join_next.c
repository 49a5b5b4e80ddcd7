/*
 * test_join_next.c -- one daemon after the other: what lanes say of those that
 * they go on for.
 */
#include "common/ring.h"
#include "common/stream.h"
#include "tests/unit/join.h"

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

int
main(void)
{
	const TTest *const tests[] = {
		a_lane_names_the_last_and_counts_all_before_it,
	};

	return UNIT_RUN("join_next", tests);
}
