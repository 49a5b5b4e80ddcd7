/*
 * show_option.h -- the options that say which records are shown, of all readers
 * that show records.
 */
#ifndef SHMLOG_READERS_SHOW_OPTION_H
#define SHMLOG_READERS_SHOW_OPTION_H

#include "readers/show.h"

/* Those that have no letter; a program's own begin with SHOW_OPTIONS. */
enum { SHOW_PID = 256, SHOW_ID, SHOW_SINCE, SHOW_UNTIL, SHOW_OPTIONS };

/* Rows of theirs, for a table. */
#define SHOW_CASELESS                                                          \
	{                                                                      \
		'C', NULL,                                                     \
		    "-I, -X and -q do not tell small letters from capital "    \
		    "ones",                                                    \
		    NULL                                                       \
	}

#define SHOW_ROWS                                                              \
	{ 'i', "taglist", "only these tags: globs, separated by commas",       \
		NULL },                                                        \
	    { 'x', "taglist", "not these tags", NULL },                        \
	    { 'I', "regex", "only what matches; [taglist:]regex", NULL },      \
	    { 'X', "regex", "not what matches", NULL },                        \
	    { 's', "streams", "only these streams: globs of type.ident",       \
		    NULL },                                                    \
	    { 'q', "query", "only what it selects; see shmlog-query(7)",       \
		    NULL },                                                    \
	    { 'Q', "file", "the same, a query a line", NULL },                 \
	    { SHOW_PID, "number", "only records of this process", "pid" },     \
	    { SHOW_ID, "number", "only records of this transaction", "id" },   \
	    { SHOW_SINCE, "time", "begin with what is there from then on",     \
		    "since" },                                                 \
	{                                                                      \
		SHOW_UNTIL, "time", "end with what was put by then", "until"   \
	}

/*
 * Takes -C, -i, -x, -I, -X, -s, -q, -Q and those without a letter, and returns
 * 1; 0: it is another one.  Exits (2) after a line on stderr if the value is
 * wrong.  The value of what has regular expressions is kept, and looked at by
 * show_options_end(), for -C may come behind it.
 */
int show_option(struct show *, int letter, const char *value);

/* Levels, by an option of any name (`-p'). */
void show_option_levels(struct show *, const char *option, const char *value);

/* When there are no more. */
void show_options_end(struct show *);

#endif
