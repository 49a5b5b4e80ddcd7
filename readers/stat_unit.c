/*
 * stat_unit.c -- numbers of counters in their units: see stat_unit.h.
 *
 * A unit is what a program called it; those that are known here by one of
 * their names are scaled, any other one is not.
 */
#include "readers/stat_unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "readers/stat_format.h"
#include "readers/stat_past.h"
#include "readers/watch_print.h"

#define NUMBER_MAX (STAT_UNIT_MAX - 1) /* without its sign */
#define NEARLY 1e-6

/* One list, so that what is scaled here is in base units for who monitors. */
static const struct stat_unit units[] = {
	{ "B", UNIT_BYTES, 0 },
	{ "byte", UNIT_BYTES, 0 },
	{ "bytes", UNIT_BYTES, 0 },
	{ "KiB", UNIT_BYTES, 10 },
	{ "MiB", UNIT_BYTES, 20 },
	{ "s", UNIT_TIME, 0 },
	{ "sec", UNIT_TIME, 0 },
	{ "second", UNIT_TIME, 0 },
	{ "seconds", UNIT_TIME, 0 },
	{ "ms", UNIT_TIME, 3 },
	{ "msec", UNIT_TIME, 3 },
	{ "milliseconds", UNIT_TIME, 3 },
	{ "us", UNIT_TIME, 6 },
	{ "\302\265s", UNIT_TIME, 6 }, /* micro sign, and mu */
	{ "\316\274s", UNIT_TIME, 6 },
	{ "usec", UNIT_TIME, 6 },
	{ "microseconds", UNIT_TIME, 6 },
	{ "ns", UNIT_TIME, 9 },
	{ "nsec", UNIT_TIME, 9 },
	{ "nanoseconds", UNIT_TIME, 9 },
	{ "%", UNIT_PERCENT, 0 },
	{ "percent", UNIT_PERCENT, 0 },
};

const struct stat_unit *
stat_unit_named(const char *name)
{
	static const struct stat_unit plain = { "", UNIT_PLAIN, 0 };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return &plain;
}

static double
seconds_of(double d, unsigned power)
{
	for (; power > 0; power -= 3)
		d /= 1000;
	return d;
}

/* d is not negative. */
static double
rounded(double d)
{
	return d < 1e15 ? (double)(int64_t)(d + 0.5) : d;
}

static int
is_whole(double d)
{
	double off = d - rounded(d);

	return (off < 0 ? -off : off) <= NEARLY * d;
}

/* Three digits, or more before the point; none behind it if they would be
 * zeros but for what was lost in a sum. */
static int
decimals(double d)
{
	return is_whole(d) ? 0 : d < 9.995 ? 2 : d < 99.95 ? 1 : 0;
}

static void
put_bytes(char *to, double d)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB", "EiB" };
	unsigned i = 0;

	while (d >= 999.5 && i + 1 < sizeof(names) / sizeof(names[0])) {
		d /= 1024;
		i++;
	}
	(void)snprintf(to, NUMBER_MAX, "%.*f%s", decimals(d), d, names[i]);
}

static void
put_time(char *to, double seconds)
{
	static const char *const names[] = { "s", "ms", "us", "ns" };
	unsigned i = 0;

	if (seconds >= 59.95 && seconds < (double)UINT64_MAX / NSEC) {
		stat_age(to, NUMBER_MAX, (uint64_t)(seconds * NSEC));
		return;
	}
	while (seconds != 0 && seconds < 0.9995 &&
	       i + 1 < sizeof(names) / sizeof(names[0])) {
		seconds *= 1000;
		i++;
	}
	(void)snprintf(
	    to, NUMBER_MAX, "%.*f%s", decimals(seconds), seconds, names[i]);
}

/* Whole from 100 on, as long as there is room. */
static void
put_plain(char *to, double d, enum stat_scale scale, size_t width)
{
	if (scale != SCALE_ALL) {
		int n = snprintf(
		    to, NUMBER_MAX, "%.*f", d < 1e15 ? decimals(d) : 0, d);

		if (n > 0 && (size_t)n <= width && n < NUMBER_MAX)
			return;
	}
	watch_number(is_whole(d) ? rounded(d) : d, to);
}

/* d is not negative. */
static void
put_number(char *to, double d, const struct stat_unit *u, enum stat_scale scale,
    size_t width)
{
	switch (d == 0 ? UNIT_PLAIN : u->kind) {
	case UNIT_PLAIN:
		put_plain(to, d, scale, width);
		break;
	case UNIT_BYTES:
		put_bytes(to, d * (double)(1u << u->power));
		break;
	case UNIT_TIME:
		put_time(to, seconds_of(d, u->power));
		break;
	case UNIT_PERCENT:
		put_plain(to, d, scale, width > 1 ? width - 1 : 0);
		(void)strlcat(to, "%", NUMBER_MAX);
		break;
	}
}

void
stat_unit_double(char to[STAT_UNIT_MAX], double d, const char *unit,
    enum stat_scale scale, size_t width)
{
	char number[NUMBER_MAX];
	size_t negative = d < 0 && width > 0;

	if (scale == SCALE_RAW) {
		(void)snprintf(to, STAT_UNIT_MAX, "%.2f", d);
		if (strlen(to) > width)
			(void)snprintf(to, STAT_UNIT_MAX, "%.0f", d);
		if (strlen(to) > width)
			(void)snprintf(to, STAT_UNIT_MAX, "%.3g", d);
		return;
	}
	put_number(number, d < 0 ? -d : d, stat_unit_named(unit), scale,
	    width - negative);
	(void)snprintf(to, STAT_UNIT_MAX, "%s%s", negative ? "-" : "", number);
}

/* All its digits, if there is room for them. */
static int
put_whole(char *to, const struct stat_counter *k, size_t width)
{
	int n = stat_is_level(k)
		    ? snprintf(to, STAT_UNIT_MAX, "%" PRId64, (int64_t)k->value)
		    : snprintf(to, STAT_UNIT_MAX, "%" PRIu64, k->value);

	return n > 0 && (size_t)n <= width;
}

void
stat_unit_value(char to[STAT_UNIT_MAX], const struct stat_counter *k,
    enum stat_scale scale, size_t width)
{
	/* of a histogram the values have the unit, and not how many */
	const char *unit = k->kind == SCHEMA_HISTOGRAM ? "" : k->unit;

	if (k->kind == SCHEMA_BITMAP && scale != SCALE_RAW) {
		(void)snprintf(to, STAT_UNIT_MAX, "%#" PRIx64, k->value);
		if (strlen(to) > width)
			(void)snprintf(to, STAT_UNIT_MAX, "%" PRIx64, k->value);
		return;
	}
	if ((scale == SCALE_RAW ||
		(scale == SCALE_UNITS &&
		    stat_unit_named(unit)->kind == UNIT_PLAIN)) &&
	    put_whole(to, k, width))
		return;
	stat_unit_double(to,
	    stat_is_level(k) ? (double)(int64_t)k->value : (double)k->value,
	    unit, scale == SCALE_RAW ? SCALE_ALL : scale, width);
}
