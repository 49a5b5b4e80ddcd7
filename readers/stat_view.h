/*
 * stat_view.h -- which counters a screen shows, in what order, and which one is
 * selected: all that is not drawing.
 *
 * THE SELECTION is a name.  It stays on its counter when the order changes or
 * lines come and go; where it stands is found anew each time.  If its line is
 * gone, the one that took its place is shown selected, until it comes back or a
 * key moves the selection.  At first, and again after Home, nothing is chosen:
 * then it is on the first line, whichever that is.
 */
#ifndef SHMLOG_READERS_STAT_VIEW_H
#define SHMLOG_READERS_STAT_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "readers/option.h"
#include "readers/stat_collect.h"
#include "readers/stat_past.h"

enum stat_sort { SORT_NAME, SORT_VALUE, SORT_RATE };
#define STAT_SORTS 3

struct stat_row {
	uint64_t key; /* what it is sorted by, larger first */
	struct stat_counter *counter;
};

struct stat_view {
	/* what is chosen; after a change stat_view_arrange() is due */
	enum stat_sort sort;
	unsigned levels; /* that are shown, from info on */
	int hide_still;  /* what was 0 all the time is not shown */
	/* what there is */
	struct stat_counter **all; /* of the last pass, by name */
	size_t nall;
	struct stat_row *rows; /* that are shown */
	struct stat_row *spare;
	size_t n;
	size_t room;   /* in each of the three */
	uint64_t mono; /* of the last pass */
	uint64_t ns;   /* between it and the one before; 0: there was none */
	/* where one is */
	size_t at;    /* the selected row; 0 if there is none */
	size_t top;   /* the first row on the screen */
	size_t lines; /* rows that it has room for */
	/* stat_view.c only */
	char *selected;         /* a name, or NULL */
	struct globs filter;    /* one or none */
	unsigned filter_number; /* of it */
};

void stat_view_init(struct stat_view *);
void stat_view_fini(struct stat_view *);

/* Takes what stat_collect_add() added; a struct stat_collect that began anew
 * is another one, and stat_view_forget() is called before its fini. */
void stat_view_pass(struct stat_view *, struct stat_collect *);
void stat_view_forget(struct stat_view *);

/* Chooses and sorts the rows, and finds the selected one. */
void stat_view_arrange(struct stat_view *);

/*
 * Shows only what matches: a glob, or, if there is no *, ? or [ in it, any part
 * of a name; "": all.  NULL, or what is wrong with it (glob_fault()).
 */
const char *stat_view_filter(struct stat_view *, const char *text);

/* The averages of all begin anew. */
void stat_view_reset(struct stat_view *);

/* The selected counter, or NULL: there is no row. */
struct stat_counter *stat_view_counter(const struct stat_view *);

/* Moves the selection: by so many rows, or to a row; it stops at the ends. */
void stat_view_move(struct stat_view *, long rows);
void stat_view_go(struct stat_view *, size_t row);
/* To the first row, whichever that will be. */
void stat_view_home(struct stat_view *);

/* So many rows have room: scrolls as little as need be. */
void stat_view_fit(struct stat_view *, size_t lines);

/*
 * Goes to the next row whose name has this text in it, in small letters or
 * capital ones, from row `from' on (included) and around the end; or backwards.
 * 0, or -1: there is none.
 */
int stat_view_search(
    struct stat_view *, const char *text, size_t from, int backwards);

#endif
