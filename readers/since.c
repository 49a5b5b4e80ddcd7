/*
 * since.c -- points in time, as people write them: a date, a time, both, or how
 * long ago.
 */
#include "readers/since.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND UINT64_C(1000000000)
#define DAY (24 * 3600 * SECOND)

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", SECOND },
	{ "sec", SECOND },
	{ "second", SECOND },
	{ "seconds", SECOND },
	{ "m", 60 * SECOND },
	{ "min", 60 * SECOND },
	{ "minute", 60 * SECOND },
	{ "minutes", 60 * SECOND },
	{ "h", 3600 * SECOND },
	{ "hour", 3600 * SECOND },
	{ "hours", 3600 * SECOND },
	{ "d", DAY },
	{ "day", DAY },
	{ "days", DAY },
	{ "w", 7 * DAY },
	{ "week", 7 * DAY },
	{ "weeks", 7 * DAY },
};

/* The unit that the word is; seconds, if there is no word; NULL: none. */
static const struct unit *
unit_of(const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if ((n == 0 && strcmp(units[i].name, "s") == 0) ||
		    (strlen(units[i].name) == n &&
			memcmp(units[i].name, word, n) == 0))
			return &units[i];
	return NULL;
}

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* A number and its unit; where they end, or NULL. */
static const char *
take_amount(const char *p, double *sum)
{
	const struct unit *unit;
	double number;
	char *end;
	size_t n;

	/* strtod(3) takes more than that */
	if (!isdigit((unsigned char)*p) ||
	    (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')))
		return NULL;
	number = strtod(p, &end);
	p = skip_blanks(end);
	n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
	/* "5 min ago" has one more */
	if (n == 3 && memcmp(p, "ago", 3) == 0)
		n = 0;
	unit = unit_of(p, n);
	if (unit == NULL)
		return NULL;
	*sum += number * (double)unit->ns;
	return skip_blanks(p + n);
}

/* Amounts up to `tail' ("" or "ago"); 0, or -1. */
static int
take_amounts(const char *p, const char *tail, uint64_t *ns)
{
	double sum = 0;

	do {
		p = take_amount(p, &sum);
		if (p == NULL)
			return -1;
	} while (strcmp(p, tail) != 0);
	if (!(sum < 1.8e19))
		return -1;
	*ns = (uint64_t)sum;
	return 0;
}

int
parse_duration(const char *text, uint64_t *ns)
{
	return take_amounts(skip_blanks(text), "", ns);
}

/* A fraction of a second behind a dot; where it ends. */
static const char *
take_fraction(const char *p, uint64_t *ns)
{
	uint64_t unit = SECOND / 10;

	*ns = 0;
	if (*p != '.' || !isdigit((unsigned char)p[1]))
		return p;
	for (p++; isdigit((unsigned char)*p); p++, unit /= 10)
		*ns += (uint64_t)(*p - '0') * unit;
	return p;
}

/* Z, +01:00, -0230: seconds east of Greenwich; 1 if it is there, 0 if nothing
 * is, -1 if something else is. */
static int
take_zone(const char *p, long *east)
{
	int h, m, sign = *p == '-' ? -1 : 1;

	*east = 0;
	if (*p == '\0')
		return 0;
	if (strcmp(p, "Z") == 0)
		return 1;
	if ((*p != '+' && *p != '-') || strspn(p + 1, "0123456789") < 2)
		return -1;
	h = (p[1] - '0') * 10 + (p[2] - '0');
	p += p[3] == ':' ? 4 : 3;
	if (strspn(p, "0123456789") != 2 || p[2] != '\0')
		return -1;
	m = (p[0] - '0') * 10 + (p[1] - '0');
	*east = sign * (h * 3600L + m * 60L);
	return h < 24 && m < 60 ? 1 : -1;
}

static int
to_ns(struct tm *tm, uint64_t fraction, const char *zone, uint64_t *ns)
{
	struct tm before = *tm;
	long east;
	time_t t;
	int is = take_zone(zone, &east);

	if (is == -1)
		return -1;
	tm->tm_isdst = -1;
	t = is ? timegm(tm) - east : mktime(tm);
	/* 2026-02-30 is none, and 64 bits of ns end in 2554 */
	if (t < 0 || (uint64_t)t > UINT64_MAX / SECOND - 1 ||
	    tm->tm_mday != before.tm_mday || tm->tm_mon != before.tm_mon)
		return -1;
	*ns = (uint64_t)t * SECOND + fraction;
	return 0;
}

/* A date, a time or both. */
static int
take_calendar(const char *text, time_t now, uint64_t *ns)
{
	const char *p, *time;
	uint64_t fraction = 0;
	struct tm tm, today;

	if (localtime_r(&now, &today) == NULL)
		return -1;
	today.tm_hour = today.tm_min = today.tm_sec = 0;
	tm = today;
	p = strptime(text, "%Y-%m-%d", &tm);
	time = text;
	if (p == NULL) {
		tm = today; /* it was half filled in */
	} else {
		if (*p == '\0')
			return to_ns(&tm, 0, p, ns);
		if (*p != 'T' && *p != ' ')
			return -1;
		time = skip_blanks(p + 1);
	}
	p = strptime(time, "%H:%M:%S", &tm);
	if (p == NULL)
		p = strptime(time, "%H:%M", &tm);
	if (p == NULL)
		return -1;
	p = take_fraction(p, &fraction);
	return to_ns(&tm, fraction, skip_blanks(p), ns);
}

/* Midnight of so many days before. */
static int
midnight(time_t now, int before, uint64_t *ns)
{
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return -1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= before;
	tm.tm_isdst = -1;
	*ns = (uint64_t)mktime(&tm) * SECOND;
	return 0;
}

/* Seconds since the epoch. */
static int
take_epoch(const char *p, uint64_t *ns)
{
	uint64_t fraction;
	char *end;

	errno = 0;
	if (!isdigit((unsigned char)*p))
		return -1;
	*ns = strtoull(p, &end, 10);
	if (errno != 0 || *ns > UINT64_MAX / SECOND - 1)
		return -1;
	p = take_fraction(end, &fraction);
	*ns = *ns * SECOND + fraction;
	return *p == '\0' ? 0 : -1;
}

int
since_parse(const char *text, uint64_t now, uint64_t *ns)
{
	time_t seconds = (time_t)(now / SECOND);
	uint64_t ago;

	text = skip_blanks(text);
	*ns = now;
	if (strcmp(text, "now") == 0)
		return 0;
	if (strcmp(text, "today") == 0)
		return midnight(seconds, 0, ns);
	if (strcmp(text, "yesterday") == 0)
		return midnight(seconds, 1, ns);
	if (*text == '@')
		return take_epoch(text + 1, ns);
	if (take_amounts(
		text + (*text == '-'), *text == '-' ? "" : "ago", &ago) == 0) {
		*ns = ago < now ? now - ago : 0;
		return 0;
	}
	return take_calendar(text, seconds, ns);
}
