/*
 * field.h -- what a record has under a name, or at a place.
 *
 * Fields are what a format has as `key=%d' (common/format.h), typed; of a text
 * that is logfmt (`key=value key="a b"') its pairs; of one that is a JSON
 * object its members.  The values of logfmt and JSON strings are text, and text
 * that is a number is a number where one is asked for (value_number()).
 *
 * A JSON object that somebody cut short, or that goes wrong, has the members
 * before that.  A record that cannot be read (struct rec) has none.
 *
 * Nothing here recurses, and all of it takes time in proportion to the text,
 * whatever that is.
 */
#ifndef SHMLOG_READERS_FIELD_H
#define SHMLOG_READERS_FIELD_H

#include "readers/value.h"

/* How it can be read quickly. */
enum field_quick {
	QUICK_NOT,
	QUICK_ABSENT, /* there is no such field */
	QUICK_SIGNED, /* shifted up and down again by `shift' */
	QUICK_UNSIGNED,
};

/* What is known of a field in a format. */
struct field_place {
	uint64_t number; /* of the rec_format; 0: nothing */
	int place;       /* which field it is; -1: there is no such */
	uint8_t has_way;
	uint8_t quick; /* enum field_quick */
	uint8_t shift;
	struct format_way way;
};

#define FIELD_PLACES 64 /* formats of which it is remembered */

/* A name that is looked up in many records, or (field_init_text()) all of their
 * text. */
struct field {
	struct bytes name;      /* the caller's; text NULL: all of the text */
	struct buffer *scratch; /* of it too: text that had escapes is there */
	struct field_place *places; /* at number % FIELD_PLACES; NULL: none */
};

/* These exit if there is no memory. */
void field_init(struct field *, struct bytes name, struct buffer *scratch);
void field_init_text(struct field *);
void field_fini(struct field *);

/*
 * Its value in a record; the last one of that name.  VALUE_NONE if it has none.
 * Does not make the record's text unless it must.  Text is good as long as the
 * record's, and as nobody else uses the scratch.
 */
void field_find(struct field *, struct rec *, struct value *);

/*
 * The text of a record, as the number or string that it is made of: 0, or -1,
 * it is not that simple and has to be made.
 */
int field_text(struct field *, struct rec *, struct value *);

/* Whether a format, which dict_format() returned, has it. */
int field_is_in(struct field *, const struct rec_format *);

/*
 * What is known of it in a record of stored arguments, if that record's format
 * was met before; NULL: nothing.  For who wants to read many quickly.
 */
static inline const struct field_place *
field_known(const struct field *f, const struct rec *r)
{
	const struct rec_format *of = rec_format(r);
	const struct field_place *p;

	if (of == NULL || f->places == NULL)
		return NULL;
	p = &f->places[of->number % FIELD_PLACES];
	return p->number == of->number ? p : NULL;
}

/*
 * The n-th word (from 1) of a record's text, or of some text; VALUE_TEXT or
 * VALUE_NONE.  Words are split at blanks.  From a quote at a word's beginning
 * or behind a `=' on to the next quote (none with a backslash before it) that
 * another word follows is one; if it is the whole word it goes without its
 * quotes.
 */
void field_word(struct rec *, unsigned n, struct value *);
void field_word_of(struct bytes text, unsigned n, struct value *);

/*
 * All fields of a record, in their order, also those that a later one outdoes;
 * returns when each() does not return 0, with that.  Name and value are good
 * until each() returns.
 */
int field_each(struct rec *, struct buffer *scratch,
    int (*each)(void *, struct bytes name, const struct value *), void *);

#endif
