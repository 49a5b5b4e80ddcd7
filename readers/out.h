/*
 * out.h -- an output format of shmtail's: a table of functions.
 *
 * What is the same for all records of a stream, or of a tag, is put into words
 * once, by stream() and tag(), and handed to record() each time.
 */
#ifndef SHMLOG_READERS_OUT_H
#define SHMLOG_READERS_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"
#include "readers/group.h"
#include "readers/record.h"

struct out_loss {
	const struct descriptor *of; /* NULL: nobody knows of which streams */
	uint64_t records;
	int at_least; /* there may have been more */
};

struct out {
	const char *name; /* for -o */
	void (*stream)(struct buffer *, const struct descriptor *);
	void (*tag)(struct buffer *, const char *name, size_t n);
	void (*record)(struct buffer *, const struct rec *);
	void (*lost)(struct buffer *, const struct out_loss *);
	/* before and behind the records of a group; may be NULL, and then why
	 * a group is not whole is told on stderr */
	void (*group)(struct buffer *, const struct group *);
	void (*group_end)(struct buffer *, const struct group *);
};

extern const struct out out_short, out_json, out_cat;

/* By its name, or NULL. */
const struct out *out_find(const char *name);

/* syslog's word for a level. */
const char *level_name(uint8_t level);

/* 0 to 7, or syslog's word for it; -1: neither. */
int level_parse(const char *text);

#endif
