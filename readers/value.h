/*
 * value.h -- a value: what it is, as a number, as text, and beside another one.
 */
#ifndef SHMLOG_READERS_VALUE_H
#define SHMLOG_READERS_VALUE_H

#include <stddef.h>
#include <stdint.h>

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
		struct bytes s;
	};
};

/* Whether it is a number: 0 and *d, or -1.  Text counts if all of it is one. */
int value_number(const struct value *, double *d);

/* The same, exact: a value of one of the three kinds of numbers. */
int value_exact(const struct value *, struct value *to);

/*
 * The number that a text begins with, 0 and where it ends, or -1: a sign, then
 * digits with a fraction and an exponent (a digit on both sides of the `.'), or
 * 0x and hexadecimal ones.  Whole ones that 64 bits hold are exact.  In no
 * locale but C's.
 */
int number_scan(struct bytes, struct value *to, size_t *end);

/* Two numbers: -1, 0, 1, or 2: one of them is none (nan).  Exact. */
int number_compare(const struct value *, const struct value *);

/*
 * As text, in `to' where it must be made: numbers in decimal, floating point
 * ones with as few digits as read back as the same; null, true, false; of
 * VALUE_NONE nothing.
 */
struct bytes value_text(const struct value *, char to[32]);

static inline struct value
value_of(struct bytes text)
{
	return (struct value){ .kind = VALUE_TEXT, .s = text };
}

#endif
