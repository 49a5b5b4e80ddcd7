/*
 * stat_format.h -- what shmstat prints, and of what.
 *
 * A format of counters is a table of functions: a new one is a new file and a
 * line in stat_print.c.
 */
#ifndef SHMLOG_READERS_STAT_FORMAT_H
#define SHMLOG_READERS_STAT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "readers/attach.h"
#include "readers/buffer.h"
#include "readers/option.h"
#include "readers/stat_collect.h"

/* What is said once, before the counters. */
struct stat_head {
	const struct attach *attach;
	uint64_t real; /* ns since the epoch: when they were read */
	size_t width;  /* of the longest name, bytes */
	int first;     /* the first pass that is printed */
	int stream;    /* others will follow (-w) */
	double diff;   /* not 0: values are changes in so many seconds */
	void *state;   /* the format's own, from pass to pass; NULL at first */
};

struct stat_format {
	const char *name; /* as -o has it */
	/* Prints a pass; NULL: it is head, counter of each, tail. */
	void (*pass)(
	    struct buffer *, struct stat_head *, struct stat_collect *);
	void (*head)(struct buffer *, const struct stat_head *);
	/* n counts the counters of a pass, from 0 */
	void (*counter)(struct buffer *, const struct stat_head *,
	    const struct stat_counter *, size_t n);
	void (*tail)(struct buffer *);
	void (*end)(void *state); /* frees it; NULL: there is none */
};

/* What -o takes, for usage and messages; stat_print.c has the table. */
#define STAT_FORMATS "text, json, csv, openmetrics or names"

extern const struct stat_format stat_text;  /* -1 */
extern const struct stat_format stat_names; /* -l */
extern const struct stat_format stat_json;  /* -j */
extern const struct stat_format stat_csv;
extern const struct stat_format stat_openmetrics;

/* The one of that name, or NULL. */
const struct stat_format *stat_format_named(const char *name);

/* A pass in a format; head is all zeros but for attach, first and stream. */
void stat_print(struct buffer *, const struct stat_format *,
    struct stat_collect *, struct stat_head *);
/* The same of n counters alone; not with a format that has a `pass'. */
void stat_print_list(struct buffer *, const struct stat_format *,
    struct stat_counter *const *, size_t n, struct stat_head *);
/* After the last one. */
void stat_print_end(const struct stat_format *, struct stat_head *);

/* A counter's name for people; figure: of a histogram, as ".p99", which stands
 * before the labels; or "". */
void stat_put_name(
    struct buffer *, const struct stat_counter *, const char *figure);
/* As "%.2f" does, or "%.3f", of what is not negative. */
void stat_put_fixed(struct buffer *, double v, unsigned decimals);
/* Its value as a number; of a histogram, the count. */
void stat_put_value(struct buffer *, const struct stat_counter *);

/* -f, -I, -X: globs in order; the first one that matches decides. */
struct stat_filter {
	struct globs globs;
	uint8_t *excludes; /* of each glob */
	int includes;      /* there is one that does not */
};

/* Adds one, for the option -f (excludes if it begins with ^), -I, or -X; NULL,
 * or its fault (option.h). */
const char *stat_filter_add(struct stat_filter *, int option, const char *glob);
/* A stat_wanted; arg is a struct stat_filter. */
int stat_filter_wants(const void *arg, const char *plain, const char *name);
void stat_filter_free(struct stat_filter *);

/* -s: the directory of the segment. */
void stat_sections(struct buffer *, const struct segment *, uint64_t real);

/* -L: the instances of this machine. */
void stat_instances(struct buffer *);

/* As much of a time as one wants to know: 7s, 5m06s, 3h04m, 2d01h. */
void stat_age(char *to, size_t size, uint64_t ns);

#endif
