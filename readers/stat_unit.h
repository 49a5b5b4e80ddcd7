/*
 * stat_unit.h -- numbers of counters for people: in their units, as wide as
 * there is room.
 */
#ifndef SHMLOG_READERS_STAT_UNIT_H
#define SHMLOG_READERS_STAT_UNIT_H

#include <stddef.h>

#include "readers/stat_collect.h"

enum stat_scale {
	SCALE_UNITS, /* bytes as 95.4MiB, times as 1.25ms, percent as 45%; what
			is merely counted whole, if there is room */
	SCALE_ALL,   /* that scaled, too: 12.3k */
	SCALE_RAW,   /* as -1 has it */
};

/* What a unit measures, and what one of it is. */
enum stat_unit_kind { UNIT_PLAIN, UNIT_BYTES, UNIT_TIME, UNIT_PERCENT };

struct stat_unit {
	const char *name;
	enum stat_unit_kind kind;
	unsigned power; /* 2^power bytes; 10^-power seconds */
};

/* The one that a program calls by this name; what is not known is plain. */
const struct stat_unit *stat_unit_named(const char *name);

#define STAT_UNIT_MAX 32 /* of the texts, with the zero */

/* A value, in a number's unit (not times one second). */
void stat_unit_double(char to[STAT_UNIT_MAX], double, const char *unit,
    enum stat_scale, size_t width);

/* What a counter has: of a histogram, how many values; of a bitmap, in hex. */
void stat_unit_value(char to[STAT_UNIT_MAX], const struct stat_counter *,
    enum stat_scale, size_t width);

#endif
