/*
 * stat_screen.h -- the parts of shmstat's screen.
 *
 *	stat_view.c	which counters, in what order, which is selected
 *	stat_past.c	averages, and samples for charts
 *	stat_unit.c	numbers in units
 *	stat_draw.c	the whole of the screen, and each line
 *	stat_detail.c	the pane below, of the selected counter
 *	stat_chart.c	charts in it
 *	stat_keys.c	what keys do
 *	stat_screen.c	the loop
 *
 * The first three know of no terminal.
 */
#ifndef SHMLOG_READERS_STAT_SCREEN_H
#define SHMLOG_READERS_STAT_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include "readers/attach.h"
#include "readers/buffer.h"
#include "readers/stat_collect.h"
#include "readers/stat_show.h"
#include "readers/stat_unit.h"
#include "readers/stat_view.h"
#include "readers/terminal.h"

#define TYPED_MAX 128

enum stat_prompt { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER };

struct stat_screen {
	struct terminal *terminal;
	struct attach *attach;
	struct stat_options options; /* of collect */
	struct stat_collect collect;
	struct stat_view view;
	uint64_t every; /* ns */
	uint64_t due;   /* clock_mono(): of the next pass */
	enum stat_scale scale;
	int paused;
	int help; /* the page of it that is shown, from 1; 0: counters */
	int ever; /* histograms: of all that was observed */
	/* what is typed, behind / and f */
	enum stat_prompt prompt;
	char typed[TYPED_MAX];
	size_t from;            /* the row where a search begins */
	char sought[TYPED_MAX]; /* for n and N */
	char filter[TYPED_MAX]; /* that is in force, for the status line */
	const char *note;       /* told there until the next key, or NULL */
	struct buffer text;     /* for a moment */
};

/* stat_screen.c: on a terminal that was opened; and off it.  apart, and all
 * else, as in the arguments. */
void stat_screen_begin(
    struct stat_screen *, const struct stat_args *, struct attach *);
void stat_screen_end(struct stat_screen *);

/* A pass, and what it brought on the screen.  ATTACH_SAME, or ATTACH_TORN. */
enum attach_event stat_screen_refresh(struct stat_screen *);

/* Each worker apart, or not any more: begins to count anew. */
void stat_screen_apart(struct stat_screen *);

/* stat_draw.c: draws all of it, and sends what differs. */
void stat_draw(struct stat_screen *);

/* How a line that is selected, one that matters less, ... look. */
enum stat_look { LOOK_PLAIN, LOOK_STRONG, LOOK_WEAK, LOOK_CHOSEN, LOOK_BAD };
void stat_look(const struct stat_screen *, enum stat_look);

/* Puts text, made harmless, at row, column: no more than `width' columns. */
void stat_put(struct stat_screen *, int row, int column, int width,
    const char *text, size_t n);

/* stat_keys.c: what the keys that were pressed ask for.  -1: an end; 1: the
 * screen is to be drawn anew; 0. */
int stat_keys(struct stat_screen *);
/* The page of the help for them that is shown: `rows' rows from row on. */
void stat_keys_help(struct stat_screen *, int row, int rows);

/* stat_detail.c: `rows' rows about the selected counter. */
void stat_detail(struct stat_screen *, int row, int rows);

/* What a histogram shows: its buckets, and how many values are in them. */
struct stat_shape {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t n;
};
void stat_shape(const struct stat_screen *, const struct stat_counter *,
    struct stat_shape *);

/* Of a shape that is not empty. */
void stat_quantile_text(const struct stat_screen *, const struct stat_counter *,
    const struct stat_shape *, uint32_t thousandths, char to[STAT_UNIT_MAX]);

/* stat_chart.c: n columns of values from left to right, `rows' rows high, with
 * `low' at the bottom and `high' at the top. */
struct stat_chart {
	int row, column, rows;
	int n;
	double low, high;
	const double *values;
};
void stat_chart(const struct stat_screen *, const struct stat_chart *);

/* bits n-1 to 0, in groups of eight. */
void stat_bits(
    const struct stat_screen *, int row, int column, uint64_t word, int n);

#endif
