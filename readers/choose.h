/*
 * choose.h -- which records are wanted, by what stands in their heads, by their
 * tag and stream, and by regular expressions.
 */
#ifndef SHMLOG_READERS_CHOOSE_H
#define SHMLOG_READERS_CHOOSE_H

#include "readers/option.h"
#include "readers/record.h"

struct choose_regex;

struct choose {
	struct globs include, exclude; /* -i, -x: tags */
	struct globs streams;          /* -s: type.ident */
	struct choose_regex *wanted;   /* -I */
	struct choose_regex *unwanted; /* -X */
	unsigned levels;               /* -p: a bit each; 0: all */
	uint64_t pid;                  /* --pid; 0: any */
	uint64_t id;                   /* --id; 0: any */
	uint64_t since, until;         /* ns since the epoch; until 0: no end */
	uint64_t given_up; /* regular expressions that came to their limits */
};

/*
 * Takes the value of an option.  NULL; or what is wrong with it, good until the
 * next call.  A regular expression may have a list of tags, globs that are not
 * shortened, before it and a colon: `Req,Resp:^GET'.
 */
const char *choose_regex_add(
    struct choose *, int wanted, const char *value, int caseless);
const char *choose_levels(struct choose *, const char *value);
void choose_free(struct choose *);

/* Whether nothing is left out. */
int choose_all(const struct choose *);

/* Whether the stream's records are left out, all of them. */
int choose_hides_stream(const struct choose *, const struct descriptor *);

/*
 * Which tags of a dictionary are left out: looked at anew when it has another
 * one, for a name that is shortened (-i Req) means a tag only as long as it is
 * the one that begins so.
 */
void choose_tags(const struct choose *, struct dict *);

/* The same for one name that stands for itself, such as "-". */
int choose_hides_tag(const struct choose *, const char *name);

/* Whether a record is wanted whose stream and tag are not left out. */
int choose_record(struct choose *, struct rec *);

#endif
