/*
 * template.h -- `-o FORMAT': a line a record, put together as it says.
 *
 *	%{time:iso}      RFC 3339 in UTC, with nanoseconds; also %{time}
 *	%{time:unix}     seconds since the epoch; %{time:unix_ns}: nanoseconds
 *	%{time:STRFTIME} local time by strftime(3): it has a % in it
 *	%{level} %{tag} %{stream} %{type} %{ident} %{pid} %{id} %{text}
 *%{cursor}
 *	%{3}             the third word of the text
 *	%{name}          a field
 *	%{field:name}    the same, for one that has a name of the above
 *	%{name:-none}    `none' where there is no such; without it that is `-'
 *	%%, \n, \t, \\   a percent sign, newline, tab, backslash
 *
 * All that is not the template's own is made safe for a terminal.
 *
 * THE WEB's formats are templates, too, whose fields have several names each
 * (template_web.c), and whose values are escaped as web servers do it.  A
 * record that has neither method, path nor request is none of theirs and left
 * out.
 */
#ifndef SHMLOG_READERS_TEMPLATE_H
#define SHMLOG_READERS_TEMPLATE_H

#include "readers/field.h"

enum element_kind {
	ELEMENT_LITERAL,
	ELEMENT_TIME_ISO,
	ELEMENT_TIME_UNIX,
	ELEMENT_TIME_UNIX_NS,
	ELEMENT_TIME, /* by strftime(3) */
	ELEMENT_LEVEL,
	ELEMENT_TAG,
	ELEMENT_STREAM,
	ELEMENT_TYPE,
	ELEMENT_IDENT,
	ELEMENT_PID,
	ELEMENT_ID,
	ELEMENT_PARENT,
	ELEMENT_TEXT,
	ELEMENT_CURSOR,
	ELEMENT_WORD,
	ELEMENT_FIELD,
	ELEMENT_REQUEST, /* the web's: a field, or three others in its place */
	ELEMENT_BYTES,   /* of the web's: a field; 0 is none */
};

struct element {
	enum element_kind kind;
	unsigned n;      /* which word, from 1; which slot, from 0 */
	int quoted;      /* of the web's: it stands in quotes */
	char *text;      /* literal, for strftime(3), or for what is missing */
	size_t length;   /* of text */
	uint64_t second; /* a time's: which one it has made */
	char made[96];
	size_t made_length;
};

/* A field that is wanted, and what a record has of it. */
struct slot {
	const char *const *names; /* the first that is there; NULL ends them */
	char *own[2];             /* names, if the template made them */
	unsigned rank;            /* which of names it is */
	int found;
	size_t at, n; /* the value, in values */
};

struct template
{
	int web;
	struct element *elements;
	size_t n_elements;
	struct slot *slots;
	size_t n_slots;
	struct buffer values;
};

/* Whether it is one: it has a %{, or is the name of one. */
int template_is(const char *text);

/*
 * Compiles one, or what has that name (ncsa, combined).  NULL: *fault says what
 * is wrong and where, good until the next call.  Exits if there is no memory.
 */
struct template *template_compile(const char *text, const char **fault);
void template_free(struct template *);

/* Puts a record, of which rec_text() was called, and a newline. */
void template_put(struct template *, struct buffer *, struct rec *);

/*
 * For these alone: the web's formats by their name, or NULL, and the names that
 * a field of theirs has, or NULL.
 */
const char *web_template(const char *name);
const char *const *web_names(const char *field);
/* Bytes as they have them: \" and \\, and \xHH for what is no printable ASCII,
 * and for blanks where there are no quotes around it. */
void web_put(struct buffer *, struct bytes, int quoted);

#endif
