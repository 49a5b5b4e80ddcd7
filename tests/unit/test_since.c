/*
 * test_since.c -- points in time and durations, as people write them.
 */
#include <stdlib.h>
#include <time.h>

#include "readers/since.h"
#include "tests/unit/unit.h"

#define S UINT64_C(1000000000)
#define H (3600 * S)
/* Wednesday, 2026-11-25 12:34:56.5 UTC */
#define NOW (UINT64_C(1795610096) * S + S / 2)
#define MIDNIGHT (UINT64_C(1795564800) * S)

struct good {
	const char *text;
	uint64_t ns;
};

static const struct good times[] = {
	{ "now", NOW }, { "today", MIDNIGHT },
	{ "yesterday", MIDNIGHT - 24 * H }, { "@0", 0 },
	{ "@1795610096", UINT64_C(1795610096) * S },
	{ "@1795610096.25", UINT64_C(1795610096) * S + S / 4 },
	{ "5 min ago", NOW - 300 * S }, { "5min ago", NOW - 300 * S },
	{ "-5min", NOW - 300 * S }, { "-1h 30min", NOW - 5400 * S },
	{ "1h30min ago", NOW - 5400 * S }, { "1.5 hours ago", NOW - 5400 * S },
	{ "90 ago", NOW - 90 * S }, { "2 weeks ago", NOW - 14 * 24 * H },
	{ "12:00", MIDNIGHT + 12 * H }, { "12:00:01", MIDNIGHT + 12 * H + S },
	{ "12:00:01.000000001", MIDNIGHT + 12 * H + S + 1 },
	{ "2554-07-21 00:00Z", UINT64_C(18446659200) * S },
	{ "2026-11-25", MIDNIGHT }, { "2026-11-25 12:00", MIDNIGHT + 12 * H },
	{ "2026-11-25T12:00:01.5", MIDNIGHT + 12 * H + S + S / 2 },
	{ "2026-11-25T12:00:00Z", MIDNIGHT + 12 * H },
	{ "2026-11-25T12:00:00+01:00", MIDNIGHT + 11 * H },
	{ "2026-11-25 12:00:00 -0230", MIDNIGHT + 14 * H + 1800 * S },
	{ "  today", MIDNIGHT },
	{ "4000 weeks ago", 0 }, /* before there was a time */
};

START_TEST(times_that_people_write_are_understood)
{
	uint64_t ns;

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < UNIT_COUNT(times); i++) {
		int r = since_parse(times[i].text, NOW, &ns);

		ck_assert_msg(r == 0 && ns == times[i].ns, "%s: %d, %llu",
		    times[i].text, r, (unsigned long long)ns);
	}
}
END_TEST

START_TEST(they_are_of_the_time_zone)
{
	uint64_t ns;

	setenv("TZ", "XYZ-2", 1); /* two hours east */
	tzset();
	ck_assert_int_eq(since_parse("2026-11-25 12:00", NOW, &ns), 0);
	ck_assert_uint_eq(ns, MIDNIGHT + 10 * H);
	ck_assert_int_eq(since_parse("2026-11-25 12:00Z", NOW, &ns), 0);
	ck_assert_uint_eq(ns, MIDNIGHT + 12 * H);
	ck_assert_int_eq(since_parse("today", NOW, &ns), 0);
	ck_assert_uint_eq(ns, MIDNIGHT - 2 * H);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
	static const char *const bad[] = { "", " ", "x", "5", "5 min", "ago",
		"min ago", "5 parsecs ago", "1000 years ago", "5 min ago x",
		"-", "-5parsecs", "-inf", "0x10 ago", "nan ago", "@", "@x",
		"@1x", "@-1", "@99999999999999999999", "12", "12:", "12:61",
		"25:00", "2026-13-01", "2026-02-30", "2026-11-25x",
		"2026-11-25 x", "2026-11-25 12:00+", "2026-11-25 12:00+25:00",
		"2026-11-25 12:00+1:00", "2026-11-25 12:00+01:0",
		"2026-11-25 12:00+01", "2026-11-25 12:00+01:000",
		"2026-11-25 12:00Zx", "2026-11-25 12:00:00.", "tomorrow",
		"2555-01-01", "3000-01-01 12:00Z", "9999-12-31" };
	uint64_t ns;

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		ck_assert_msg(
		    since_parse(bad[i], NOW, &ns) == -1, "%s", bad[i]);
}
END_TEST

START_TEST(durations_have_units)
{
	static const struct good good[] = { { "1", S }, { "1.5", 3 * S / 2 },
		{ "10ms", S / 100 }, { "10 us", 10000 }, { "3ns", 3 },
		{ "2h 30min", 9000 * S }, { "1d", 24 * H }, { "0", 0 } };
	static const char *const bad[] = { "", "s", "x", "-1", "1 x", "1s x",
		"1e30s", "inf" };
	uint64_t ns;

	for (size_t i = 0; i < UNIT_COUNT(good); i++) {
		ck_assert_int_eq(parse_duration(good[i].text, &ns), 0);
		ck_assert_uint_eq(ns, good[i].ns);
	}
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		ck_assert_msg(parse_duration(bad[i], &ns) == -1, "%s", bad[i]);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		times_that_people_write_are_understood,
		they_are_of_the_time_zone,
		what_is_no_time_is_refused,
		durations_have_units,
	};

	return UNIT_RUN("since", tests);
}
