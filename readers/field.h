/*
 * field.h -- what a record has under a name, or at a place.
 *
 * Fields are what a format has as `key=%d' (common/format.h), typed; of a text
 * that is logfmt (`key=value key="a b"') its pairs; of one that is a JSON
 * object its members.  The values of logfmt and JSON strings are text, and text
 * that is a number is a number where one is asked for (value_number()).
 */
#ifndef SHMLOG_READERS_FIELD_H
#define SHMLOG_READERS_FIELD_H

#include "readers/record.h"

enum value_kind {
	VALUE_NONE, /* there is no such field */
	VALUE_NULL,
	VALUE_SIGNED,
	VALUE_UNSIGNED,
	VALUE_FLOAT,
	VALUE_BOOL, /* JSON's; u is 1 or 0 */
	VALUE_TEXT,
};

struct value {
	enum value_kind kind;
	union {
		int64_t i;
		uint64_t u;
		double d;
		struct bytes s; /* good as long as the record's text */
	};
};

/*
 * A name that is looked up in many records; all zero but for `name' at first.
 * It remembers which field of a format that is.
 */
struct field {
	struct bytes name;
	uint64_t number; /* of the rec_format that `place' is of; 0: none */
	int place;       /* -1: that format has no such field */
	struct buffer *scratch; /* for JSON strings with escapes; or NULL: such a
				   string is taken as it is written */
};

/* Its value in a record; the last one of that name.  VALUE_NONE if it has none.
 * Does not make the record's text unless it must. */
void field_find(struct field *, struct rec *, struct value *);

/* The n-th word (from 1) of a record's text: split at blanks, "a b" is one (with
 * its quotes off).  VALUE_TEXT or VALUE_NONE. */
void field_word(struct rec *, unsigned n, struct value *);

/* All fields of a record, in their order; returns when each() does not return
 * 0, with that. */
int field_each(struct rec *, int (*each)(void *, struct bytes name,
    const struct value *), void *);

/* Whether it is a number: 0 and *d, or -1.  Text counts if all of it is one. */
int value_number(const struct value *, double *d);

/* As text, in `to' where it must be made (32 bytes). */
struct bytes value_text(const struct value *, char to[32]);

#endif
