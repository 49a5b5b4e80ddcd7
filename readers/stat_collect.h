/*
 * stat_collect.h -- read all counter sets of a segment at one moment and add
 * them up.
 *
 * The algorithm is told at the top of stat_collect.c, what belongs together at
 * the top of stat_schema.c.  Everything here exits if there is no memory.
 */
#ifndef SHMLOG_READERS_STAT_COLLECT_H
#define SHMLOG_READERS_STAT_COLLECT_H

#include <sys/tree.h>

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"
#include "common/set.h"
#include "readers/attach.h"

/* stat_schema.pid of sums over all workers, and of retained sums alone */
#define STAT_ALL 0
#define STAT_RETAINED UINT64_MAX

struct stat_past;
struct stat_schema;

/* A number that is shown.  Its strings are private and printable, and stand
 * behind it, in the same piece of memory; but for `redefined'. */
struct stat_counter {
	RB_ENTRY(stat_counter) entry;
	char *name;                /* type.ident.item, the whole of it */
	struct stat_schema *owner; /* whose definition is shown; may be NULL */
	uint64_t defined; /* descriptor's `created' of the set it is from */
	enum schema_kind kind;
	uint8_t level;
	uint8_t warned;   /* it was said that definitions clash */
	uint8_t left_out; /* and that it is no series (stat_openmetrics.h) */
	char *item;       /* its own name, after type.ident */
	char *unit;
	char *help;
	char *redefined; /* what these three point into, since another schema
			    than the first one defines it; or NULL */
	unsigned refs;   /* schemas that have it */
	struct stat_schema *later; /* the last of them that was linked */

	uint64_t pass;   /* the last one in which a set had it */
	uint64_t value;  /* as of that pass; of a histogram, the count */
	uint64_t before; /* as of the pass added before it */
	uint64_t *words; /* of a histogram, as layout.h has them; else NULL */
	uint64_t *words_before;
	int known;        /* it was there then */
	uint64_t created; /* ns since the epoch: of the oldest set summed */
	uint32_t sets;    /* sections summed */
	double rate;      /* a second; counters and histograms only */
	struct stat_past *past; /* stat_past.h: of one that is watched, or
				   NULL */
};

RB_HEAD(stat_counters, stat_counter);
RB_PROTOTYPE(stat_counters, stat_counter, entry, stat_counter_cmp)

struct stat_item {
	struct stat_counter *counter;
	uint32_t offset; /* of its entry in the schema */
	uint32_t word;
	uint32_t words; /* that are read: 1, HISTOGRAM_WORDS */
	uint32_t at;    /* of the first one in a set's values */
	enum schema_kind kind;
};

/* What sets of one type, ident, schema (and owner, if apart) share. */
struct stat_schema {
	RB_ENTRY(stat_schema) entry;
	char type[TYPE_MAX];
	char ident[IDENT_MAX];
	uint64_t pid; /* STAT_ALL, STAT_RETAINED, or the owner's */
	uint64_t hash;
	uint8_t *bytes;
	size_t length;
	uint32_t entries;
	uint32_t words;  /* that a set with this schema has at least */
	char *labels;    /* "{key=value,...}", or "" */
	uint64_t newest; /* `created' of its newest set */
	unsigned refs;   /* sets that have it */
	size_t n;
	struct stat_item *items; /* those that are wanted */
	uint32_t nvalues;        /* words of theirs, together */
};

RB_HEAD(stat_schemas, stat_schema);
RB_PROTOTYPE(stat_schemas, stat_schema, entry, stat_schema_cmp)

/* A section in the cache; the first three are its descriptor's. */
struct stat_set {
	uint64_t serial;
	uint64_t offset;
	uint64_t length;
	uint64_t pass;              /* in which its values were read */
	struct stat_schema *schema; /* NULL: it makes no sense */
	int said;                   /* that it makes none */
	struct set_plan plan;
	uint64_t folded; /* of a retained set: whom it took in last */
	uint64_t *values;
};

/* Says whether a counter is wanted: by its name without labels, or with.  What
 * is not is not even read. */
typedef int stat_wanted(const void *arg, const char *plain, const char *name);

#define STAT_LEVELS 3 /* info, diag, debug */

struct stat_options {
	int apart; /* each worker by itself */
	/* the levels that stat_first() and stat_next() show, from info on; may
	 * be changed between two passes */
	unsigned levels; /* 0, or STAT_LEVELS: all */
	stat_wanted *wanted;
	const void *arg;
};

/* Sets by the descriptor's index: of one segment. */
struct stat_cache {
	uint64_t created; /* the segment's */
	uint32_t room;    /* descriptors: what an index is below */
	uint32_t n;       /* so many have a place here; grows */
	struct stat_set **sets;
};

struct stat_collect {
	struct stat_options options;
	struct stat_counters counters;
	struct stat_schemas schemas;
	struct listing list;
	struct stat_cache cache;
	struct stat_cache old; /* of the segment before, until the next add */
	uint64_t pass;         /* that is being gathered, or was added last */
	uint64_t mono;         /* clock_mono() when it was gathered */
	uint64_t real;         /* clock_real(), then */
	uint64_t added;        /* the pass that was added last */
	uint64_t mono_added;   /* its `mono' */
	size_t n;              /* entries of the list that are used */
	uint64_t changes;      /* schemas that came or went */
	int scanned;           /* not of one moment: the daemon stands still */
	unsigned said;         /* messages that were given */
};

/* Begins; options is copied. */
void stat_collect_init(struct stat_collect *, const struct stat_options *);
void stat_collect_fini(struct stat_collect *);

/*
 * Reads the values of all sets at one moment.  Waits while the list of sections
 * is in change: for a second or so, at most.  What it read is believed only by
 * stat_collect_add(): before that, the caller looks whether the file is still
 * the instance's (attach_is_stale()) and whole (segment_torn()), or gathers
 * again, from the new one.
 */
void stat_collect_gather(struct stat_collect *, const struct segment *);

/* Adds up what was gathered last. */
void stat_collect_add(struct stat_collect *);

/* Goes through the counters of the last pass, by name; not those of levels that
 * are not shown. */
struct stat_counter *stat_first(struct stat_collect *);
struct stat_counter *stat_next(
    const struct stat_collect *, struct stat_counter *);
/* The first one behind that name. */
struct stat_counter *stat_behind(struct stat_collect *, char *name);
/* Whether these would come by it. */
int stat_is_shown(const struct stat_collect *, const struct stat_counter *);

/* A name out of the directory made printable; size is at most both arrays'. */
void stat_name(char *to, const char *from, size_t size);

/*
 * stat_schema.c
 */

/*
 * Finds or makes what a set's schema stands for, for the worker `pid', and
 * counts a set more.  bytes is a private copy, as long as the plan says, and
 * stat_schema.c's from now on.  NULL: no writer of ours wrote this.
 */
struct stat_schema *stat_schema_get(struct stat_collect *,
    const struct descriptor *, const struct set_plan *, uint8_t *bytes,
    uint64_t pid);

/* A set less. */
void stat_schema_put(struct stat_collect *, struct stat_schema *);

/* Whether a set's item is added to its counter, which it is not if a newer set
 * defines it otherwise: that is said once. */
int stat_item_fits(struct stat_schema *, const struct stat_item *);

/*
 * stat_histogram.c
 */

/* Goes to another pass: what it had is `before', and it has nothing. */
void stat_histogram_begin(struct stat_counter *);
void stat_histogram_add(struct stat_counter *, const uint64_t *words);
/* Counts; never_less: no word is less than before. */
void stat_histogram_finish(struct stat_counter *, int never_less);
void stat_histogram_free(struct stat_counter *);

/* The quantiles that are shown. */
struct stat_quantile {
	const char *name;
	uint32_t thousandths;
};

#define STAT_QUANTILES 5
extern const struct stat_quantile stat_quantiles[STAT_QUANTILES];

/* Of one that has observed something. */
uint64_t stat_histogram_quantile(
    const struct stat_counter *, const struct stat_quantile *);
double stat_histogram_mean(const struct stat_counter *);

/* "counter", "gauge", ...; "info", "diag", "debug" */
const char *stat_kind_text(enum schema_kind);
const char *stat_level_text(uint8_t level);

#endif
