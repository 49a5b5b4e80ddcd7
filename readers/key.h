/*
 * key.h -- what records are counted by: the values that they have under names.
 */
#ifndef SHMLOG_READERS_KEY_H
#define SHMLOG_READERS_KEY_H

#include "readers/field.h"

#define KEY_PARTS_MAX 8
#define KEY_CELL 232 /* bytes: a value longer than that is kept in part */

#define KEY_RULE                                                               \
	"not names of fields: up to 8, separated by commas, such as "          \
	"method,status, or tag, level, pid, id, stream, text, or 1 for the "   \
	"first word"

enum key_kind {
	KEY_FIELD,
	KEY_TAG,
	KEY_LEVEL,
	KEY_PID,
	KEY_ID,
	KEY_STREAM,
	KEY_TEXT,
	KEY_WORD,
};

struct key_part {
	enum key_kind kind;
	const char *name; /* as it was asked for; it ends with a zero */
	unsigned word;
	struct field field;
	struct buffer scratch; /* the field's, or a stream's name */
	uint64_t described;    /* the stream whose name that is */
	char number[32];
	struct value value; /* of the record that was taken last */
};

struct key {
	size_t n;
	char *names;
	struct key_part parts[KEY_PARTS_MAX];
};

/*
 * Names, separated by commas.  A name with a dot before it is a field's,
 * whatever it is.  0, or -1: KEY_RULE.  Exits if there is no memory.
 */
int key_init(struct key *, const char *names);
void key_fini(struct key *);

/* Takes a record's values; returns how many of the parts it has.  They are good
 * as long as the record's text. */
size_t key_take(struct key *, struct rec *);

/* Of what was taken: the same for the same texts, whatever they were typed as;
 * which it is cannot be foreseen without the seed. */
uint64_t key_hash(struct key *, uint64_t seed);

/* Keeps what was taken, to be read by key_part_of(). */
void key_pack(struct key *, char cell[KEY_CELL]);

struct key_text {
	int has;     /* the record had such a value */
	int is_null; /* JSON's, or a null pointer */
	int cut;     /* it was longer */
	struct bytes text;
};

/* The i-th part of what was packed. */
struct key_text key_part_of(const char cell[KEY_CELL], size_t i, size_t n);

/* For a terminal; "-" if there is none. */
void key_put_text(struct buffer *, const struct key_text *);
/* All of them, as JSON's strings or null: `["GET","200"]'. */
void key_put_array(struct buffer *, const char cell[KEY_CELL], size_t n);
/* The names: `["method","status"]'. */
void key_put_names(struct buffer *, const struct key *);

#endif
