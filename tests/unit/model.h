/*
 * model.h -- random records, and what was put into them: for a test that judges
 * what others find there.
 */
#ifndef SHMLOG_TESTS_MODEL_H
#define SHMLOG_TESTS_MODEL_H

#include "tests/unit/records.h"

#define MODEL_FIELDS 6

/* A value with what it is as a number, if it is one, and as text. */
struct plain {
	const char *text;
	int is_number;
	long double number;
};

struct model {
	unsigned stream;
	const char *tag;
	uint8_t level;
	uint64_t id;
	char text[512];
	unsigned n;
	const char *names[MODEL_FIELDS];
	struct plain values[MODEL_FIELDS];
};

/* What records are made of. */
extern const char *const model_tags[6];  /* the first: none */
extern const char *const model_names[8]; /* of fields */
extern const struct plain model_words[8], model_integers[7], model_large[6],
    model_floats[4];

/* One of an array. */
#define MODEL_PICK(r, array) ((array)[unit_below(r, UNIT_COUNT(array))])

/* Makes one, the last of the records, and says what it has. */
void model_make(struct model *, struct records *, struct unit_random *);

#endif
