/*
 * field_text.h -- the fields of a text: pairs of logfmt and members of a JSON
 * object, one after the other.
 */
#ifndef SHMLOG_READERS_FIELD_TEXT_H
#define SHMLOG_READERS_FIELD_TEXT_H

#include "readers/value.h"

static inline int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* `value' as it is written, without its quotes; `escapes': it has some. */
struct pair {
	struct bytes name;
	struct bytes value;
	int escapes;
};

struct pairs {
	const char *at, *end;
};

/* The next pair, 1, or 0. */
int logfmt_next(struct pairs *, struct pair *);

/* Appends a value without its escapes, which are \" and \\ alone: what does not
 * quote its values has no need to write a path otherwise. */
struct bytes logfmt_plain(struct bytes, struct buffer *);

/* A member: name and value as they are written, strings without quotes. */
struct member {
	struct bytes name;
	struct bytes value;
	int name_escapes, escapes;
	enum value_kind kind; /* VALUE_SIGNED: some number; an object or array
				 is VALUE_TEXT, as it is written */
};

/* Whether a text is to be read as a JSON object. */
int json_begin(struct pairs *, struct bytes text);
/* The next member, 1; 0: the end, or what is none. */
int json_next(struct pairs *, struct member *);
/* Appends a string without its escapes.  What is no UTF-16 becomes U+FFFD. */
struct bytes json_plain(struct bytes, struct buffer *);

#endif
