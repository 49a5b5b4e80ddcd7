/*
 * since.h -- points in time, as people write them.
 */
#ifndef SHMLOG_READERS_SINCE_H
#define SHMLOG_READERS_SINCE_H

#include <stdint.h>

#define SINCE_RULE                                                             \
	"not a time: 2026-11-25, 12:00:00, both, now, today, yesterday, "      \
	"@SECONDS, or as 5 min ago"

/*
 * ns since the epoch; `now' is that, too.  Local time, unless Z or +01:00
 * follows.  Of a time without a date the date is today's.  "5 min ago" and
 * "-5min" are the same; units are those of parse_duration().  0, or -1.
 */
int since_parse(const char *text, uint64_t now, uint64_t *ns);

/* "90", "1.5s", "2h 30min": ns, us, ms, s, min, h, d, w, and their long names;
 * seconds if there is no unit.  0, or -1. */
int parse_duration(const char *text, uint64_t *ns);

#endif
