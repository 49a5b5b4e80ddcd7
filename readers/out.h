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
#include "readers/field.h"
#include "readers/group.h"

struct out_loss {
	const struct descriptor *of; /* NULL: nobody knows of which streams */
	uint64_t records;
	int at_least; /* there may have been more */
};

struct out {
	const char *name; /* for -o */
	void (*stream)(struct buffer *, const struct descriptor *);
	void (*tag)(struct buffer *, const char *name, size_t n);
	/* rec_text() was called */
	void (*record)(struct buffer *, struct rec *);
	void (*lost)(struct buffer *, const struct out_loss *);
	/* before and behind the records of a group; may be NULL, and then why
	 * a group is not whole is told on stderr */
	void (*group)(struct buffer *, const struct group *);
	void (*group_end)(struct buffer *, const struct group *);
};

extern const struct out out_short, out_short_colours, out_full, out_json,
    out_cat, out_cat_safe, out_export, out_template;

/* What -o takes, in a message. */
#define OUT_NAMES                                                              \
	"short, full, json, cat, export, ncsa, combined, or with %{...}"

/*
 * What -o names: a format, which gets colours if it has some and `fd' is a
 * terminal that wants them; or a template (template.h), of which there is one
 * at a time.  NULL: neither; *fault says why, good until the next call.
 */
const struct out *out_choose(const char *argument, int fd, const char **fault);

/* The template that out_template is; NULL, or what is wrong with it, good until
 * the next call. */
const char *out_template_set(const char *text);

/* For formats that have nothing to prepare for streams, or tags. */
void out_no_stream(struct buffer *, const struct descriptor *);
void out_no_tag(struct buffer *, const char *name, size_t n);

/* Losses for people: `3 records of type.ident[pid] lost'; as a line by itself,
 * in dashes; and on stderr, for formats that have no place for it. */
void out_lost_text(struct buffer *, const struct out_loss *);
void out_lost_line(struct buffer *, const struct out_loss *);
void out_lost_told(struct buffer *, const struct out_loss *);

/* For people: a group's line, and an empty one behind it. */
void out_group_line(struct buffer *, const struct group *);
void out_group_end(struct buffer *, const struct group *);

/* Whether out_fields() may find any: told quickly, most texts have none. */
int out_has_fields(const struct rec *);

/* As field_each(). */
void out_fields(struct rec *,
    int (*each)(void *, struct bytes name, const struct value *), void *);

/* A record's name, unique for ever: `created-serial-lane-number', where there
 * is room for it; returns its end. */
#define CURSOR_MAX 80
char *cursor_put(char *to, const struct rec *);
void out_cursor(struct buffer *, const struct rec *);

/* syslog's word for a level. */
const char *level_name(uint8_t level);

/* 0 to 7, or syslog's word for it; -1: neither. */
int level_parse(const char *text);

/* For who is told that it is neither. */
#define LEVELS_ARE "emerg alert crit err warning notice info debug, or 0 to 7"

#endif
