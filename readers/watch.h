/*
 * watch.h -- the frame of shmtop and shmhist: they follow records as shmtail
 * does, count them, and show each second what they have counted.
 *
 *	WATCH_ONCE	-1 after a window, -d and -r at the end
 *	WATCH_SCREEN	on a terminal
 *	WATCH_LINES	else, one after the other
 *
 * TIME.  What counts is the time of the records, as far as it does not go back
 * and is not later than the clock; between records, the clock.  So what is read
 * of the past has the windows that it had.
 */
#ifndef SHMLOG_READERS_WATCH_H
#define SHMLOG_READERS_WATCH_H

#include "readers/key.h"
#include "readers/show_option.h"
#include "readers/tail.h"

/* The program's own options without a letter begin with WATCH_OPTIONS. */
enum { WATCH_LEVEL = SHOW_OPTIONS, WATCH_OPTIONS };

/* Rows of both tables. */
#define WATCH_FLAGS                                                            \
	{ '1', NULL, "show it once, after a window", NULL },                   \
	    { 'd', NULL, "show what is there once, and exit", NULL },          \
	    SHOW_CASELESS, { 'h', NULL, "this help", NULL },                   \
	{                                                                      \
		'V', NULL, "the version", NULL                                 \
	}

#define WATCH_ROWS                                                             \
	{ 'n', "instance", "a name or an absolute path (default: default)",    \
		NULL },                                                        \
	    { 'p', "seconds", "the window (10)", NULL },                       \
	    { 'o', "format", "text or json", NULL },                           \
	    { 'r', "file",                                                     \
		    "a capture (-: from standard input) or a segment that a "  \
		    "dead "                                                    \
		    "daemon left, then exit",                                  \
		    NULL },                                                    \
	    { 't', "seconds", "how long to wait for the instance (5), or off", \
		    NULL },                                                    \
	    { WATCH_LEVEL, "levels",                                           \
		    "only these levels: err, or err..warning", "level" },      \
	    SHOW_ROWS

enum watch_mode { WATCH_ONCE, WATCH_SCREEN, WATCH_LINES };

struct watch;

/* What makes a program of it. */
struct watch_program {
	const struct option_row *rows;
	const char *help; /* a line about the words, for -h */
	/* One of its own options. */
	void (*option)(void *arg, int letter, const char *value);
	/* The words behind the options. */
	void (*words)(void *arg, char *const words[], int n);
	/* Before the first record; window: ns, 0 if there is none. */
	void (*begin)(void *arg, uint64_t window);
	/* A record that was chosen. */
	void (*record)(void *arg, struct rec *, uint64_t now);
	/* What was counted by now, for `rows' lines of `columns'. */
	void (*text)(void *arg, struct buffer *, const struct watch *,
	    size_t rows, size_t columns);
	/* The same: members of an object, a comma before each. */
	void (*json)(void *arg, struct buffer *, const struct watch *);
	void (*end)(void *arg);
};

struct watch {
	const struct watch_program *program;
	void *arg;
	struct show show;
	struct taker taker;
	struct tail tail;
	enum watch_mode mode;
	/* the options */
	const char *instance;
	const char *file;
	uint64_t timeout;
	uint64_t window; /* -p, or the default */
	int has_window;
	int once, dump, json;
	int windowed; /* what is older than the window does not count */
	/* what has come */
	uint64_t now;   /* ns since the epoch, as told above */
	uint64_t real;  /* the clock */
	uint64_t began; /* the first record's time, or the start; 0: none yet */
	uint64_t lost;
	int lost_more; /* and nobody knows how many */
	uint64_t gone; /* the clock's time when the daemon went; 0: it runs */
};

/* All of it, from the command line to the exit status. */
int watch_main(struct watch *, int argc, char *argv[]);

/* Columns or rows of which nobody knows how many there may be. */
#define WATCH_ANY ((size_t)-1)

#endif
