/*
 * query_value.c -- a test of a query asked: the value of its operand in a
 * record beside its literal.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "readers/field_text.h"
#include "readers/out.h"
#include "readers/query_private.h"

/* * and ?, as often as there are: it goes back to the last * alone. */
static int
glob_matches(struct bytes glob, const char *name, size_t n)
{
	size_t g = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < n) {
		if (g < glob.n && glob.text[g] == '*') {
			star = g++;
			from = i;
		} else if (g < glob.n &&
			   (glob.text[g] == '?' || glob.text[g] == name[i])) {
			g++;
			i++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			i = ++from;
		} else {
			return 0;
		}
	}
	while (g < glob.n && glob.text[g] == '*')
		g++;
	return g == glob.n;
}

/* Whether a tag is one of a set. */
static int
tags_have(const struct tag_set *s, const struct rec_tag *tag)
{
	switch (s->kind) {
	case TAGS_ALL:
		return 1;
	case TAGS_ONE:
		return s->text.n == tag->length &&
		       memcmp(s->text.text, tag->name, tag->length) == 0;
	case TAGS_GLOB:
		break;
	}
	return glob_matches(s->text, tag->name, tag->length);
}

/* `type.ident'. */
static void
stream_value(struct test *t, const struct rec *r, struct value *v)
{
	struct buffer *b = &t->query->name;

	b->n = 0;
	buffer_name(b, r->stream->d);
	*v = value_of((struct bytes){ b->data, b->n });
}

static void
text_value(struct test *t, struct rec *r, struct value *v)
{
	if (t->word != 0) {
		field_word(r, t->word, v);
		return;
	}
	if (field_text(&t->whole, r, v) == 0)
		return;
	rec_text(r);
	*v = value_of(r->text);
}

/* What follows `prefix:' and blanks; case does not matter, as in headers. */
static void
prefix_value(const struct test *t, struct rec *r, struct value *v)
{
	struct bytes b;

	rec_text(r);
	b = r->text;
	v->kind = VALUE_NONE;
	if (b.n <= t->prefix.n || b.text[t->prefix.n] != ':' ||
	    strncasecmp(b.text, t->prefix.text, t->prefix.n) != 0)
		return;
	b.text += t->prefix.n + 1;
	b.n -= t->prefix.n + 1;
	while (b.n > 0 && is_blank(*b.text)) {
		b.text++;
		b.n--;
	}
	if (t->word != 0)
		field_word_of(b, t->word, v);
	else
		*v = value_of(b);
}

/*
 * A bare name in a record: a tag's text (1), a tag's field or else a field (0,
 * and which).
 */
static inline int
is_text(struct test *t, const struct rec *r, struct field **field)
{
	const struct rec_tag *tag = r->tag;
	size_t n = tag->length, rest;

	*field = &t->field;
	if (t->name.text[0] != tag->name[0] || t->name.n < n ||
	    memcmp(t->name.text, tag->name, n) != 0)
		return 0;
	if (t->name.n == n)
		return 1;
	rest = t->name.n - n - 1;
	for (size_t i = 0; t->name.text[n] == '.' && i < t->n_behind; i++)
		if (t->behind[i].name.n == rest)
			*field = &t->behind[i];
	return 0;
}

static void
operand_value(struct test *t, struct rec *r, struct value *v)
{
	struct field *field = &t->field;

	v->kind = VALUE_UNSIGNED;
	switch (t->operand) {
	case OPERAND_LEVEL:
		v->u = r->head->level;
		return;
	case OPERAND_PID:
		v->u = r->stream->d->owner_pid;
		return;
	case OPERAND_ID:
		v->u = r->head->id;
		return;
	case OPERAND_STREAM:
		stream_value(t, r, v);
		return;
	case OPERAND_TAG:
		*v = value_of((struct bytes){ r->tag->name, r->tag->length });
		return;
	case OPERAND_NAME:
		if (is_text(t, r, &field))
			text_value(t, r, v);
		else
			field_find(field, r, v);
		return;
	case OPERAND_FIELD:
	case OPERAND_TEXT:
	case OPERAND_PREFIX:
		break;
	}
	v->kind = VALUE_NONE;
	if (!tags_have(&t->tags, r->tag))
		return;
	if (t->operand == OPERAND_FIELD)
		field_find(field, r, v);
	else if (t->operand == OPERAND_TEXT)
		text_value(t, r, v);
	else
		prefix_value(t, r, v);
}

static int
holds_there(struct test *t, struct rec *r)
{
	struct field *field;
	struct value v;

	switch (t->operand) {
	case OPERAND_LEVEL:
	case OPERAND_PID:
	case OPERAND_STREAM:
		return 1;
	case OPERAND_ID:
		return r->head->id != 0;
	case OPERAND_TAG:
		return strcmp(r->tag->name, "-") != 0;
	case OPERAND_NAME:
		if (is_text(t, r, &field))
			return 1;
		break;
	case OPERAND_TEXT:
		if (t->word == 0)
			return tags_have(&t->tags, r->tag);
		break;
	case OPERAND_FIELD:
	case OPERAND_PREFIX:
		break;
	}
	operand_value(t, r, &v);
	return v.kind != VALUE_NONE;
}

/* Of text, with a unit that it may have if the literal has one of that sort. */
static int
compare_text(const struct test *t, const struct value *v, int *outcome)
{
	struct value n;

	if (value_exact(v, &n) == 0)
		*outcome = number_compare(&n, &t->number);
	else if (v->kind == VALUE_TEXT && t->unit != UNIT_NONE &&
		 unit_number(v->s, t->unit, &n) == 0)
		*outcome = number_compare(&n, &t->absolute);
	else
		return -1;
	return 0;
}

static __attribute__((noinline)) int
holds_number(struct test *t, struct rec *r)
{
	struct value v;
	int outcome = 2;

	operand_value(t, r, &v);
	switch (v.kind) {
	case VALUE_NONE:
		return 0;
	case VALUE_SIGNED:
	case VALUE_UNSIGNED:
	case VALUE_FLOAT:
		outcome = number_compare(&v, &t->number);
		break;
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_TEXT:
		if (compare_text(t, &v, &outcome) == -1)
			return 0;
		break;
	}
	return (int)(t->outcomes >> (outcome + 1) & 1);
}

/*
 * Whole numbers that were stored, beside a whole literal, with nothing looked
 * up or copied that need not be: this is what most records are asked.  1, 0, or
 * -1: it is not that simple.
 */
static inline __attribute__((always_inline)) int
holds_whole(const struct test *t, const struct field *f, const struct rec *r)
{
	const struct field_place *p = field_known(f, r);
	const uint8_t *at;
	int64_t v, to = t->number.i;

	if (p == NULL || p->quick == QUICK_NOT)
		return -1;
	if (p->quick == QUICK_ABSENT)
		return 0;
	at = format_way_find(&p->way, r->payload.text, r->payload.n);
	if (at == NULL)
		return 0;
	memcpy(&v, at, sizeof(v));
	v = (int64_t)((uint64_t)v << p->shift);
	if (p->quick == QUICK_SIGNED)
		v >>= p->shift;
	else if ((v = (int64_t)((uint64_t)v >> p->shift)) < 0)
		return -1;
	return (int)(t->outcomes >> ((v > to) - (v < to) + 1) & 1);
}

/* With a look at the tag; apart, so that the others save no registers. */
static __attribute__((noinline)) int
holds_tagged_whole(struct test *t, struct rec *r)
{
	struct field *field = &t->field;
	int got;

	if (t->operand == OPERAND_FIELD) {
		if (!tags_have(&t->tags, r->tag))
			return 0;
		got = holds_whole(t, field, r);
	} else {
		/* a text that cannot be read is there, too, but no number */
		got = is_text(t, r, &field) ? holds_whole(t, &t->whole, r)
					    : holds_whole(t, field, r);
	}
	return got != -1 ? got : holds_number(t, r);
}

static int
holds_field_whole(struct test *t, struct rec *r)
{
	int got;

	if (t->tags.kind != TAGS_ALL)
		return holds_tagged_whole(t, r);
	got = holds_whole(t, &t->field, r);
	return got != -1 ? got : holds_number(t, r);
}

static int
holds_name_whole(struct test *t, struct rec *r)
{
	int got;

	/* most tags do not even begin as the name does */
	if (t->name.text[0] == r->tag->name[0])
		return holds_tagged_whole(t, r);
	got = holds_whole(t, &t->field, r);
	return got != -1 ? got : holds_number(t, r);
}

static int
holds_text(struct test *t, struct rec *r)
{
	char to[32];
	struct value v;
	struct bytes b;

	operand_value(t, r, &v);
	if (v.kind == VALUE_NONE)
		return 0;
	b = value_text(&v, to);
	return (b.n == t->text.n && memcmp(b.text, t->text.text, b.n) == 0) ==
	       (t->op == OPERATOR_EQ);
}

/* 1, 0, -1: the pattern came to its limits, -2: there is nothing. */
static int
match(struct test *t, struct rec *r)
{
	struct field *field;
	struct value v;
	char to[32];

	if (t->operand == OPERAND_TEXT && t->word == 0)
		return tags_have(&t->tags, r->tag)
			   ? regex_match_record(t->regex, r)
			   : -2;
	if (t->operand == OPERAND_NAME && is_text(t, r, &field))
		return regex_match_record(t->regex, r);
	operand_value(t, r, &v);
	if (v.kind == VALUE_NONE)
		return -2;
	if (t->operand == OPERAND_LEVEL) {
		const char *name = level_name(r->head->level);

		v = value_of((struct bytes){ name, strlen(name) });
	}
	return regex_match(t->regex, value_text(&v, to));
}

static int
holds_match(struct test *t, struct rec *r)
{
	int got = match(t, r);

	if (got == -1)
		t->query->gave_up++;
	return got >= 0 && got == (t->op == OPERATOR_MATCH);
}

/* What is told of a stream once is so for all of its records. */
static int
holds_stream(struct test *t, struct rec *r)
{
	const struct rec_stream *s = r->stream;
	struct stream_verdict *v = &t->verdicts[s->described % STREAM_VERDICTS];

	if (v->described != s->described || s->described == 0) {
		v->holds = t->inner(t, r);
		v->described = s->described;
	}
	return v->holds;
}

int
test_may(struct test *t, const struct rec *r)
{
	struct rec copy = *r;

	if (t->operand == OPERAND_LEVEL || t->operand == OPERAND_PID ||
	    t->operand == OPERAND_STREAM)
		return t->holds(t, &copy);
	return test_may_ever(t, r, NULL);
}

static int
is_absent(struct field *field, const struct rec_format *of)
{
	return of != NULL && !field_is_in(field, of);
}

int
test_may_ever(struct test *t, const struct rec *r, const struct rec_format *of)
{
	struct rec copy = *r;
	struct field *field;
	int there;

	switch (t->operand) {
	case OPERAND_TAG:
		return t->holds(t, &copy);
	case OPERAND_LEVEL:
	case OPERAND_PID:
	case OPERAND_STREAM:
	case OPERAND_ID:
		return -1;
	case OPERAND_NAME:
		if (is_text(t, r, &field))
			return t->op == OPERATOR_NONE ? 1 : -1;
		return is_absent(field, of) ? 0 : -1;
	case OPERAND_FIELD:
	case OPERAND_TEXT:
	case OPERAND_PREFIX:
		break;
	}
	there = tags_have(&t->tags, r->tag);
	if (there && t->op == OPERATOR_NONE && t->operand == OPERAND_TEXT &&
	    t->word == 0)
		return 1;
	if (t->operand == OPERAND_FIELD && is_absent(&t->field, of))
		return 0;
	return there ? -1 : 0;
}

/* Where a tag may end in a bare name. */
static void
prepare_behind(struct test *t)
{
	struct bytes name = t->name;
	size_t max = name.n < TAG_NAME_MAX ? name.n : TAG_NAME_MAX, n = 0;

	for (size_t i = 0; i < max; i++)
		n += name.text[i] == '.';
	if (n == 0)
		return;
	t->behind = calloc(n, sizeof(*t->behind));
	if (t->behind == NULL)
		err(1, "memory");
	for (size_t i = 0; i < max; i++)
		if (name.text[i] == '.')
			field_init(&t->behind[t->n_behind++],
			    (struct bytes){ name.text + i + 1, name.n - i - 1 },
			    &t->query->scratch);
}

static void
prepare_stream(struct test *t)
{
	if (t->operand != OPERAND_STREAM)
		return;
	t->verdicts = calloc(STREAM_VERDICTS, sizeof(*t->verdicts));
	if (t->verdicts == NULL)
		err(1, "memory");
	t->inner = t->holds;
	t->holds = holds_stream;
}

static void
prepare_number(struct test *t)
{
	int whole =
	    t->number.kind == VALUE_SIGNED ||
	    (t->number.kind == VALUE_UNSIGNED && t->number.u <= INT64_MAX);

	if (whole && t->operand == OPERAND_FIELD)
		t->holds = holds_field_whole;
	else if (whole && t->operand == OPERAND_NAME)
		t->holds = holds_name_whole;
	else
		t->holds = holds_number;
}

void
test_prepare(struct test *t)
{
	field_init(&t->field, t->name, &t->query->scratch);
	field_init_text(&t->whole);
	if (t->operand == OPERAND_NAME)
		prepare_behind(t);
	switch (t->op) {
	case OPERATOR_NONE:
		t->holds = holds_there;
		break;
	case OPERATOR_EQ:
	case OPERATOR_NE:
		t->holds =
		    t->operand == OPERAND_LEVEL ? holds_number : holds_text;
		break;
	case OPERATOR_MATCH:
	case OPERATOR_NO_MATCH:
		t->holds = holds_match;
		break;
	case OPERATOR_EQUAL:
	case OPERATOR_UNEQUAL:
	case OPERATOR_LESS:
	case OPERATOR_AT_MOST:
	case OPERATOR_MORE:
	case OPERATOR_AT_LEAST:
		prepare_number(t);
		break;
	}
	prepare_stream(t);
}
