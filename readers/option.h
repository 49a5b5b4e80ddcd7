/*
 * option.h -- the command lines of all readers: one table per program.
 */
#ifndef SHMLOG_READERS_OPTION_H
#define SHMLOG_READERS_OPTION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef SHMLOG_VERSION
#error "the Makefile tells SHMLOG_VERSION"
#endif

/* A row; the table ends with letter 0. */
struct option_row {
	int letter;           /* above 255: it has none, only a name */
	const char *argument; /* its name in the usage; NULL: takes none */
	const char *help;     /* NULL: no such option, and `name' is what would
				 do what it may have been meant for */
	const char *name;     /* as in --name; NULL: there is none */
};

/*
 * The next option of a command line: its letter, with optarg; -1: there are no
 * more, argv[optind] is the first word that is none.  Exits (2) after a line on
 * stderr if it is no option or lacks its value.  `leading': the first word that
 * is no option ends them all.
 */
int usage_next(const struct option_row *, int leading, int argc, char *argv[]);

/* "usage: shmput [-hV] [-n instance] ... -i ident" and a line an option, on
 * stdout.  `needed': the letters of those that must be given. */
void usage_print(const struct option_row *, const char *needed);

/*
 * One line on stderr, exit 2.  All such lines, shmlogd's too, are of the form
 * `-X value: what is wrong', with what the user typed as it is, without quotes.
 */
void usage_errx(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* The same: for a word that is no option, with what would do what it may have
 * been meant for. */
void usage_stray(const char *word, const char *instead)
    __attribute__((noreturn));

/* The same, if -n (or SHMLOG_DIR, where it is looked for), or -t has no good
 * value. */
void usage_instance(const char *name);
void usage_timeout(const char *value, uint64_t *ns);

/* "shmtail (shmlog) 0.1" on stdout. */
void usage_version(void);

/* A whole number in [min, max], nothing before or behind it; 0, or -1. */
int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *n);

/* Seconds (fractions allowed) to ns, or `off' (ATTACH_FOREVER); 0, or -1. */
int parse_timeout(const char *text, uint64_t *ns);

/* Our own promises, always on. */
#define must(c) ((c) ? (void)0 : must_failed(#c, __FILE__, __LINE__))
void must_failed(const char *what, const char *file, int line)
    __attribute__((noreturn));

/*
 * A list of globs (fnmatch(3), no flags), as -i, -x and -f take them.
 */
struct globs {
	char **list;
	size_t n;
};

/* What is wrong with a glob: it is empty, or has a bracket that is not closed,
 * which fnmatch(3) would take for a character of a name.  NULL: nothing. */
const char *glob_fault(const char *glob);
/* Adds comma-separated ones, up to the first that has a fault: that is
 * returned, or NULL.  Exits without memory. */
const char *globs_add(struct globs *, const char *list);
/* Adds one, commas and all; NULL, or its fault. */
const char *globs_add_one(struct globs *, const char *glob);
/* The place (0...) of the first that matches, or -1. */
int globs_match(const struct globs *, const char *name);
void globs_free(struct globs *);

#endif
