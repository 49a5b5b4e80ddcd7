/*
 * record.h -- a record and its stream, as all that chooses, groups and shows
 * records has them, wherever they were read: in a segment or in a capture.
 */
#ifndef SHMLOG_READERS_RECORD_H
#define SHMLOG_READERS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "common/format.h"
#include "common/layout.h"
#include "readers/buffer.h"

/* Bytes that no zero ends. */
struct bytes {
	const char *text;
	size_t n;
};

static inline int
bytes_are(struct bytes b, const char *word)
{
	return b.n == strlen(word) && memcmp(b.text, word, b.n) == 0;
}

/* A tag of a stream's dictionary. */
struct rec_tag {
	uint64_t number;   /* by rec_tag_number(); 0: nothing is remembered */
	int hidden;        /* -i, -x leave its records out */
	int included;      /* -i names it */
	struct bytes text; /* as the format has it; text_append() may be used */
	size_t length;     /* of the name */
	char name[];       /* ends with a zero; "-": there is no tag */
};

/* A format of a stream's dictionary, compiled when the first record has it. */
struct rec_format {
	uint64_t number;         /* no other format of this process has it */
	struct format *compiled; /* NULL: not yet, or it cannot be */
	size_t fields;           /* of that */
	int bad;
	uint32_t n;
	char text[];
};

/* What a stream's formats may take; beyond that they are not known. */
#define FORMATS_TEXT_MAX DICT_SIZE_MAX

struct dict {
	struct rec_tag **tags;
	uint32_t tags_size;
	struct rec_format **formats;
	uint32_t formats_size;
	size_t formats_text; /* bytes of them all */
};

/* Whoever found it has one reference; whoever keeps records of it another. */
struct rec_stream {
	unsigned refs;
	const struct descriptor *d; /* type, ident, owner: a stranger's */
	struct descriptor copy;     /* what d points to; d NULL: not yet */
	uint64_t created;           /* of its segment */
	uint64_t serial;            /* of its section */
	uint64_t described;         /* by show_stream(): no other stream, and
				       no other d, has had it; 0: nothing is
				       remembered of what d says */
	struct dict dict;
	struct buffer label;            /* as the format has it, once it has d;
					   text_append() may be used */
	int hidden;                     /* -s, --pid leave its records out */
	struct capture_stream *capture; /* capture_write.c's; or NULL */
};

/* Where the text of records whose arguments were stored is made, one at a time.
 * All zero at first. */
struct renderer {
	const struct rec *of; /* whose text it has */
	struct buffer text;
	struct format_span *spans;
	size_t spans_size;
};

struct rec {
	const struct record *head;
	struct rec_stream *stream;
	const struct rec_tag *tag; /* never NULL */
	struct bytes payload;      /* as it was stored */
	/* with the stream's created and serial its name, unique for ever */
	uint32_t lane;
	uint32_t depth; /* in a tree of transactions */
	uint64_t number;
	struct renderer *renderer;
	/* made by rec_text(): */
	int has_text;
	int unreadable; /* its arguments cannot be read: the text says so */
	struct bytes text;
	const struct format *format;     /* NULL: no arguments were stored */
	const struct format_span *spans; /* where its fields stand in text */
};

/*
 * Makes the record's text, unless it has it: of arguments as printf(3) would
 * write them, of a link what is behind the parent's id.  That is good until
 * another record's is made by the same renderer.
 */
void rec_text(struct rec *);
void renderer_init(struct renderer *);
void renderer_fini(struct renderer *);

/* Of a link: 1 and the transaction that its own is a part of; else 0. */
static inline int
rec_parent(const struct rec *r, uint64_t *parent)
{
	if ((r->head->flags & RECORD_LINK) == 0 ||
	    r->payload.n < sizeof(*parent))
		return 0;
	memcpy(parent, r->payload.text, sizeof(*parent));
	return 1;
}

/* A stream, with one reference; exits if there is no memory.  The last drop
 * frees it, with its dictionary and label. */
struct rec_stream *rec_stream_new(void);
void rec_stream_drop(struct rec_stream *);

static inline void
rec_stream_hold(struct rec_stream *s)
{
	s->refs++;
}

/* One that no other tag of this process has. */
uint64_t rec_tag_number(void);

/* What makes a tag of a name: number, hidden and text; the caller frees it. */
typedef struct rec_tag *dict_tag_maker(void *arg, const char *name, size_t n);

/*
 * Takes an entry of a dictionary; the first of an id is the one that counts,
 * and one that is out of bounds none.  A tag's name is TAG_NAME_MAX - 1 bytes
 * at most, a format's text FORMAT_TEXT_MAX.  Exits if there is no memory, as do
 * the others.
 */
void dict_learn(struct dict *, enum dict_kind, uint32_t id, const char *text,
    size_t n, dict_tag_maker *, void *arg);

/* NULL: there is no such. */
static inline const struct rec_tag *
dict_tag(const struct dict *d, uint16_t id)
{
	return id < d->tags_size ? d->tags[id] : NULL;
}

/* dict_format() of one that is not compiled yet. */
const struct rec_format *dict_compile(struct dict *, uint32_t id);

/* With its compiled form; NULL: there is no such, or it makes no sense. */
static inline const struct rec_format *
dict_format(struct dict *d, uint32_t id)
{
	if (id < d->formats_size && d->formats[id] != NULL &&
	    d->formats[id]->compiled != NULL)
		return d->formats[id];
	return dict_compile(d, id);
}

void dict_free(struct dict *);

/* Whether its text is made of stored arguments; with a link, which only damage
 * or malice can have put there, it cannot be read. */
static inline int
rec_has_args(const struct rec *r)
{
	return (r->head->flags & (RECORD_ARGS | RECORD_LINK)) == RECORD_ARGS;
}

/* Of a record of stored arguments its format, which may not be compiled yet;
 * NULL: it has none, or its stream knows of none. */
static inline const struct rec_format *
rec_format(const struct rec *r)
{
	const struct dict *d = &r->stream->dict;
	uint32_t id;

	if (!rec_has_args(r))
		return NULL;
	id = format_id(r->payload.text, r->payload.n);
	return id < d->formats_size ? d->formats[id] : NULL;
}

#endif
