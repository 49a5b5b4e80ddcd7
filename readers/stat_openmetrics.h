/*
 * stat_openmetrics.h -- counters as the monitoring systems take them: text of
 * OpenMetrics 1.0, and the Prometheus text format 0.0.4 that was before it.
 *
 * shmstat(1) tells what is called what.  The exposition is made piece by piece
 * (om_render()), so that a hundred thousand series take no more memory than
 * one piece does; what stays from scrape to scrape is a map of which counter is
 * which series, which is made anew only when there are others.
 */
#ifndef SHMLOG_READERS_STAT_OPENMETRICS_H
#define SHMLOG_READERS_STAT_OPENMETRICS_H

#include <stddef.h>
#include <stdint.h>

#include "readers/attach.h"
#include "readers/buffer.h"
#include "readers/stat_collect.h"

enum om_text { OM_OPENMETRICS, OM_PROMETHEUS };
enum om_type { OM_COUNTER, OM_GAUGE, OM_HISTOGRAM };

/*
 * stat_openmetrics_name.c
 */

/* A family's name at its longest, with a suffix and a zero. */
#define OM_NAME_MAX 256

/* The base unit of a unit: "seconds" for "us". */
struct om_unit {
	char name[SCHEMA_UNIT_MAX + 8]; /* may be "" */
	uint8_t shift;                  /* values are divided by 10^shift */
	uint8_t last; /* of a histogram, 2^last - 1 is the largest `le' */
};

void om_unit(struct om_unit *, const char *unit);

/* "bitmap" is a gauge. */
enum om_type om_type(enum schema_kind);

/* The name of a counter's family, without _total; unit is om_unit()'s of
 * `as', which is what the schema says. */
void om_family(char name[OM_NAME_MAX], const char *type, const char *item,
    enum om_type, const struct om_unit *unit, const char *as);

/* Puts `instance="...",type="...",...' of a schema's sets, without braces: each
 * name once, those of the set sorted, and 64 of these at most. */
void om_labels(
    struct buffer *, const struct stat_schema *, const char *instance);

/* n bytes as they may stand between quotes, or (quote 0) behind HELP of
 * Prometheus; what is no UTF-8 becomes U+FFFD. */
void om_escape(struct buffer *, const char *text, size_t n, int quote);

/* v / 10^shift, to the last digit. */
#define OM_DECIMAL_MAX 24
char *om_decimal(char *to, uint64_t v, unsigned shift);

/*
 * stat_openmetrics_map.c
 */

/* A counter's place; offsets are those of texts in the map. */
struct om_series {
	struct stat_counter *counter;
	const struct stat_schema *owner; /* that defined it */
	uint32_t name;                   /* of its family */
	uint32_t labels;
	uint32_t unit;
	uint32_t family; /* its number */
	uint8_t type;    /* enum om_type */
	uint8_t shift;
	uint8_t last;
};

struct om_family {
	uint32_t name;
	uint32_t unit; /* of all of its series, or of none */
	uint8_t type;
	size_t name_length;
};

struct om_map {
	struct om_series *series; /* by name of the family, and labels */
	size_t n;
	size_t room;
	struct om_family *families;
	size_t n_families;
	struct buffer text;
	uint64_t built;    /* how many times */
	uint64_t changes;  /* the collection's, then */
	uint64_t left_out; /* counters that would make it invalid */
};

void om_map_init(struct om_map *);
void om_map_free(struct om_map *);

/* After each pass: makes the map anew if counters came, went or were defined
 * otherwise.  Says on stderr, once each, which are left out. */
void om_map_update(
    struct om_map *, struct stat_collect *, const char *instance);

static inline const char *
om_map_text(const struct om_map *m, uint32_t at)
{
	return m->text.data + at;
}

/* The first series behind (name, labels). */
size_t om_map_behind(
    const struct om_map *, const char *name, const char *labels);

/*
 * stat_openmetrics_own.c: what is told of the instance itself.
 */
struct om_source;

/* Whether a family has a name of ours. */
int om_own_has(const char *name);
void om_own_put(struct buffer *, struct om_source *, enum om_text);

/*
 * stat_openmetrics.c
 */

/* Puts TYPE, UNIT and HELP. */
void om_put_header(struct buffer *, enum om_text, const char *name,
    const char *type, const char *unit, const char *help);

/* How far an exposition is; zeros and `text' to begin with. */
struct om_cursor {
	enum om_text text;
	int begun; /* what is told of the instance is through */
	int done;
	size_t at;       /* of the next series */
	size_t put;      /* 1 + the one put last of this map; 0: none */
	uint64_t built;  /* of the map that `at' is of */
	uint32_t header; /* 1 + the family whose header was put last; 0 */
	uint8_t type;    /* its type */
	char *name;      /* its name, and the labels of the last series put */
	char *labels;
};

/* Who tells: the daemon's state, the segment, the counters. */
struct om_source {
	const struct attach *attach;
	struct stat_collect *collect;
	struct om_map map;
};

const char *om_instance(const struct attach *);

/*
 * Puts what comes next, until there are `size' bytes in the buffer, or all of
 * it is through: then done is 1.  Between two calls there may be another pass,
 * with other counters: each series is put once, with a value that it had.
 */
void om_render(
    struct om_cursor *, struct om_source *, struct buffer *, size_t size);
void om_cursor_free(struct om_cursor *);

#endif
