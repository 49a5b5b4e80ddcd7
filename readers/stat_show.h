/*
 * stat_show.h -- what shmstat was asked for, and the ways to show counters.
 *
 * shmstat.c has the options; each way of showing is a file of its own.  All
 * return what to exit with, when they are done or stop_asked(), and have told
 * why if that is not 0.
 */
#ifndef SHMLOG_READERS_STAT_SHOW_H
#define SHMLOG_READERS_STAT_SHOW_H

#include "readers/attach.h"
#include "readers/stat_format.h"

struct stat_args {
	const char *instance; /* -n, or NULL */
	uint64_t timeout;     /* -t */
	const struct stat_format *format;
	uint64_t every;     /* ns from pass to pass (-w); 0: not said */
	uint64_t diff;      /* --diff, ns */
	const char *listen; /* --listen; where, as it was typed */
	unsigned levels;    /* -p, as in stat_options; 0: not said */
	struct stat_filter filter;
	struct stat_options collect; /* all of -a, -f, -I, -X, -p */
};

#define STAT_EVERY NSEC /* if it was not said */

/*
 * A look at the file (attach_poll()), then gathers and adds up all counters,
 * from the file that is the instance's when it has done so: what it read of the
 * one before is thrown away, for the next daemon may have shown more of them by
 * then.  Blocks as stat_collect_gather() does.  ATTACH_SAME, or ATTACH_TORN,
 * which is told.
 */
enum attach_event stat_pass(struct attach *, struct stat_collect *);

/* Sleeps until *when, a time of clock_mono(), and moves it on by `every'; if it
 * is past, to now.  0: stop_asked(). */
int stat_wait(uint64_t *when, uint64_t every);

/* -1, -j, -o, -l: a pass. */
int stat_once(struct stat_args *, struct attach *, struct buffer *);
/* -w: one after the other. */
int stat_stream(struct stat_args *, struct attach *, struct buffer *);
/* --diff: what changed between two passes, args->diff from one another, or
 * until stop_asked(). */
int stat_diff(struct stat_args *, struct attach *, struct buffer *);
/* What changed in the pass that was added last, in head->diff seconds; the
 * largest change first. */
void stat_print_changes(struct buffer *, const struct stat_format *,
    struct stat_collect *, struct stat_head *);

/*
 * stat_screen.c: on a terminal, if nothing else was asked for.
 */
int stat_screen(struct stat_args *, struct attach *, struct buffer *);

/*
 * stat_listen.c: --listen.
 */
/* What is wrong with an address, or NULL. */
const char *stat_listen_fault(const char *address);
/* Serves until a signal comes; args->listen has no fault. */
int stat_listen(struct stat_args *, struct attach *);

#endif
