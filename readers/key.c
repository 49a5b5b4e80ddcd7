/*
 * key.c -- what records are counted by, out of each of them.
 *
 * A key's hash is made of the values where they stand, one after the other, so
 * that nothing is copied unless the key is new; 64 bits that nobody can aim at
 * without the seed tell two keys apart (of a million, two are the same with a
 * probability of one in thirty million).
 *
 * CELLS.  A kept key is a word of 16 bits for each part (its length, or that
 * there is none), then the texts.
 */
#include "readers/key.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "readers/option.h"
#include "readers/out.h"

#define CELL_LENGTH 0x0fffu
#define CELL_NONE 0x8000u
#define CELL_NULL 0x4000u
#define CELL_CUT 0x2000u

static const struct {
	const char *name;
	enum key_kind kind;
} words[] = {
	{ "tag", KEY_TAG },
	{ "level", KEY_LEVEL },
	{ "pid", KEY_PID },
	{ "id", KEY_ID },
	{ "stream", KEY_STREAM },
	{ "text", KEY_TEXT },
};

static int
part_init(struct key_part *p, const char *name)
{
	uint64_t word;

	if (*name == '\0' || strcmp(name, ".") == 0)
		return -1;
	p->name = name;
	p->kind = KEY_FIELD;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i].name) == 0)
			p->kind = words[i].kind;
	if (parse_number(name, 1, 1000000, &word) == 0) {
		p->kind = KEY_WORD;
		p->word = (unsigned)word;
	}
	if (*name == '.')
		name++;
	buffer_init(&p->scratch, -1);
	field_init(
	    &p->field, (struct bytes){ name, strlen(name) }, &p->scratch);
	return 0;
}

int
key_init(struct key *k, const char *names)
{
	char *rest, *name;

	memset(k, 0, sizeof(*k));
	k->names = rest = strdup(names);
	if (rest == NULL)
		err(1, "memory");
	while ((name = strsep(&rest, ",")) != NULL) {
		if (k->n == KEY_PARTS_MAX ||
		    part_init(&k->parts[k->n], name) != 0)
			return -1;
		k->n++;
	}
	return 0;
}

void
key_fini(struct key *k)
{
	for (size_t i = 0; i < k->n; i++) {
		field_fini(&k->parts[i].field);
		buffer_free(&k->parts[i].scratch);
	}
	free(k->names);
	memset(k, 0, sizeof(*k));
}

static void
take_stream(struct key_part *p, const struct rec_stream *s)
{
	struct buffer *b = &p->scratch;

	if (b->n == 0 || p->described != s->described || s->described == 0) {
		b->n = 0;
		buffer_name(b, s->d);
		p->described = s->described;
	}
	p->value = value_of((struct bytes){ b->data, b->n });
}

static void
take_part(struct key_part *p, struct rec *r)
{
	struct value *v = &p->value;
	const char *level;

	v->kind = VALUE_UNSIGNED;
	switch (p->kind) {
	case KEY_FIELD:
		field_find(&p->field, r, v);
		return;
	case KEY_TAG:
		*v = value_of((struct bytes){ r->tag->name, r->tag->length });
		return;
	case KEY_LEVEL:
		level = level_name(r->head->level);
		*v = value_of((struct bytes){ level, strlen(level) });
		return;
	case KEY_PID:
		v->u = r->stream->d->owner_pid;
		return;
	case KEY_ID:
		v->u = r->head->id;
		if (v->u == 0)
			v->kind = VALUE_NONE;
		return;
	case KEY_STREAM:
		take_stream(p, r->stream);
		return;
	case KEY_TEXT:
		rec_text(r);
		*v = value_of(r->text);
		return;
	case KEY_WORD:
		field_word(r, p->word, v);
		return;
	}
}

size_t
key_take(struct key *k, struct rec *r)
{
	size_t has = 0;

	for (size_t i = 0; i < k->n; i++) {
		take_part(&k->parts[i], r);
		has += k->parts[i].value.kind != VALUE_NONE;
	}
	return has;
}

uint64_t
key_hash(struct key *k, uint64_t seed)
{
	for (size_t i = 0; i < k->n; i++) {
		struct key_part *p = &k->parts[i];
		struct bytes text;

		/* none and null are no text, whatever that may be */
		if (p->value.kind == VALUE_NONE || p->value.kind == VALUE_NULL)
			seed = ~seed + (uint64_t)p->value.kind;
		text = value_text(&p->value, p->number);
		seed = XXH3_64bits_withSeed(text.text, text.n, seed);
	}
	return seed;
}

void
key_pack(struct key *k, char cell[KEY_CELL])
{
	size_t at = k->n * sizeof(uint16_t);

	for (size_t i = 0; i < k->n; i++) {
		struct key_part *p = &k->parts[i];
		/* the rest is shared by those that are still to come */
		size_t room = (KEY_CELL - at) / (k->n - i);
		struct bytes text = value_text(&p->value, p->number);
		uint16_t head;

		if (p->value.kind == VALUE_NULL)
			text.n = 0;
		head = (uint16_t)(text.n < room ? text.n : room);
		if (text.n > room) /* not in the midst of a character */
			while (head > 0 && (text.text[head] & 0xc0) == 0x80)
				head--;
		memcpy(cell + at, text.text, head);
		at += head;
		if (text.n > room)
			head |= CELL_CUT;
		if (p->value.kind == VALUE_NONE)
			head |= CELL_NONE;
		if (p->value.kind == VALUE_NULL)
			head |= CELL_NULL;
		memcpy(cell + i * sizeof(head), &head, sizeof(head));
	}
}

struct key_text
key_part_of(const char cell[KEY_CELL], size_t i, size_t n)
{
	size_t at = n * sizeof(uint16_t);
	uint16_t head = 0;

	for (size_t j = 0; j <= i; j++) {
		at += head & CELL_LENGTH;
		memcpy(&head, cell + j * sizeof(head), sizeof(head));
	}
	return (struct key_text){
		.has = (head & CELL_NONE) == 0,
		.is_null = (head & CELL_NULL) != 0,
		.cut = (head & CELL_CUT) != 0,
		.text = { cell + at, head & CELL_LENGTH },
	};
}

void
key_put_text(struct buffer *b, const struct key_text *t)
{
	if (!t->has)
		buffer_byte(b, '-');
	else if (t->is_null)
		buffer_text(b, "null");
	else
		buffer_safe(b, t->text.text, t->text.n);
	if (t->cut)
		buffer_text(b, "...");
}

static void
put_json(struct buffer *b, const struct key_text *t)
{
	if (!t->has || t->is_null)
		buffer_text(b, "null");
	else
		buffer_json(b, t->text.text, t->text.n);
}

void
key_put_array(struct buffer *b, const char cell[KEY_CELL], size_t n)
{
	struct key_text t;

	for (size_t i = 0; i < n; i++) {
		t = key_part_of(cell, i, n);
		buffer_byte(b, i == 0 ? '[' : ',');
		put_json(b, &t);
	}
	buffer_byte(b, ']');
}

void
key_put_names(struct buffer *b, const struct key *k)
{
	for (size_t i = 0; i < k->n; i++) {
		buffer_byte(b, i == 0 ? '[' : ',');
		buffer_json(b, k->parts[i].name, strlen(k->parts[i].name));
	}
	buffer_byte(b, ']');
}
