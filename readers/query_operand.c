/*
 * query_operand.c -- what is compared: an operand of a query.
 *
 *	operand	= "level" | "pid" | "id" | "stream" | "tag"
 *		| tag [ ":" prefix ] [ "[" number "]" ]
 *		| tag "." name | "." name | name
 *
 * Tags, prefixes and names may be quoted.  A word that is not may have `*' and
 * `?', and is a tag then, up to the first dot behind the last of them.
 */
#include <stdlib.h>
#include <string.h>

#include "readers/query_private.h"

#define WORD_MAX 65535 /* no text has more words */

static const struct {
	const char *word;
	enum operand operand;
} reserved[] = {
	{ "level", OPERAND_LEVEL },
	{ "pid", OPERAND_PID },
	{ "id", OPERAND_ID },
	{ "stream", OPERAND_STREAM },
	{ "tag", OPERAND_TAG },
};

#define N_RESERVED (sizeof(reserved) / sizeof(reserved[0]))

static int
is_keyword(struct bytes b)
{
	return bytes_are(b, "and") || bytes_are(b, "or") ||
	       bytes_are(b, "not") || bytes_are(b, "eq") || bytes_are(b, "ne");
}

const char *
operand_word(enum operand o)
{
	for (size_t i = 0; i < N_RESERVED; i++)
		if (reserved[i].operand == o)
			return reserved[i].word;
	return "this";
}

static int
is_at(const struct parser *p, char c)
{
	return p->at < p->t.n && p->t.text[p->at] == c;
}

static int
is_quote(const struct parser *p)
{
	return is_at(p, '"') || is_at(p, '\'');
}

/* A quoted string that is a name; 0, or -1. */
static int
quoted(struct parser *p, struct bytes *to)
{
	size_t end, from = p->at;
	const char *wrong = literal_string(p->t, from, p->q->copy, 0, to, &end);

	if (wrong != NULL)
		return parser_fail(p, end, "%s", wrong);
	if (to->n == 0)
		return parser_fail(p, from, "an empty name");
	p->at = end;
	return 0;
}

/* The name of a field, quoted or not. */
static int
field_name(struct parser *p, struct bytes *to)
{
	size_t end;

	if (is_quote(p))
		return quoted(p, to);
	end = p->at < p->t.n && is_name_byte(p->t.text[p->at])
		  ? token_end(p->t, p->at)
		  : p->at;
	if (end == p->at)
		return parser_expected(p, "the name of a field");
	*to = (struct bytes){ p->t.text + p->at, end - p->at };
	for (size_t i = 0; i < to->n; i++)
		if (to->text[i] == '*' || to->text[i] == '?')
			return parser_fail(p, p->at + i,
			    "the name of a field is a whole one: no * and ?");
	p->at = end;
	return 0;
}

/* Where the field begins in a word with * or ?; its length: there is none. */
static size_t
glob_end(struct bytes word)
{
	size_t last = 0;

	for (size_t i = 0; i < word.n; i++)
		if (word.text[i] == '*' || word.text[i] == '?')
			last = i;
	while (last < word.n && word.text[last] != '.')
		last++;
	return last;
}

/* A tag, and a field of it if a dot follows. */
static int
dotted(struct parser *p, struct test *t)
{
	t->operand = OPERAND_TEXT;
	if (!is_at(p, '.'))
		return 0;
	p->at++;
	t->operand = OPERAND_FIELD;
	return field_name(p, &t->name);
}

static int
bare_word(struct parser *p, struct test *t)
{
	size_t end = token_end(p->t, p->at);
	struct bytes word = { p->t.text + p->at, end - p->at };

	for (size_t i = 0; i < N_RESERVED; i++)
		if (bytes_are(word, reserved[i].word)) {
			t->operand = reserved[i].operand;
			p->at = end;
			return 0;
		}
	t->tags = (struct tag_set){ TAGS_ONE, word };
	if (memchr(word.text, '*', word.n) != NULL ||
	    memchr(word.text, '?', word.n) != NULL) {
		t->tags.text.n = glob_end(word);
		t->tags.kind =
		    bytes_are(t->tags.text, "*") ? TAGS_ALL : TAGS_GLOB;
		p->at += t->tags.text.n;
		return dotted(p, t);
	}
	p->at = end;
	if (word.text[word.n - 1] == '.') {
		/* Tag."name of a field" */
		t->tags.text.n--;
		t->operand = OPERAND_FIELD;
		return field_name(p, &t->name);
	}
	t->operand = OPERAND_NAME;
	t->name = word;
	return 0;
}

/* The word that an operand begins with. */
static int
first_word(struct parser *p, struct test *t)
{
	size_t end;
	char c;

	if (is_quote(p)) {
		t->tags.kind = TAGS_ONE;
		return quoted(p, &t->tags.text) == -1 ? -1 : dotted(p, t);
	}
	if (is_at(p, '.')) {
		p->at++;
		t->operand = OPERAND_FIELD;
		return field_name(p, &t->name);
	}
	c = p->at < p->t.n ? p->t.text[p->at] : ' ';
	end = token_end(p->t, p->at);
	if (!is_name_byte(c) || (c >= '0' && c <= '9') ||
	    is_keyword((struct bytes){ p->t.text + p->at, end - p->at }))
		return parser_expected(p, "a tag or a field");
	return bare_word(p, t);
}

/* :prefix */
static int
take_prefix(struct parser *p, struct test *t)
{
	size_t end;

	p->at++;
	t->operand = OPERAND_PREFIX;
	if (is_quote(p))
		return quoted(p, &t->prefix);
	if (p->at == p->t.n || !is_name_byte(p->t.text[p->at]))
		return parser_expected(p, "a prefix");
	end = token_end(p->t, p->at);
	t->prefix = (struct bytes){ p->t.text + p->at, end - p->at };
	p->at = end;
	return 0;
}

/* [N] */
static int
take_index(struct parser *p, struct test *t)
{
	size_t from = ++p->at;
	unsigned n = 0;

	while (p->at < p->t.n && p->t.text[p->at] >= '0' &&
	       p->t.text[p->at] <= '9' && n <= WORD_MAX)
		n = n * 10 + (unsigned)(p->t.text[p->at++] - '0');
	if (p->at == from)
		return parser_expected(p, "the number of a word");
	if (n == 0 || n > WORD_MAX)
		return parser_fail(
		    p, from, "words are numbered from 1 to %d", WORD_MAX);
	if (!is_at(p, ']'))
		return parser_expected(p, "\"]\"");
	p->at++;
	t->word = n;
	return 0;
}

static int
take_part(struct parser *p, struct test *t)
{
	if (!is_at(p, ':') && !is_at(p, '['))
		return 0;
	if (t->operand == OPERAND_NAME) {
		t->operand = OPERAND_TEXT;
		t->name.n = 0;
	}
	if (t->operand != OPERAND_TEXT)
		return parser_fail(p, p->at,
		    "only a tag's text has a %s: Tag%s",
		    is_at(p, ':') ? "prefix" : "word",
		    is_at(p, ':') ? ":prefix" : "[2]");
	if (is_at(p, ':') && take_prefix(p, t) == -1)
		return -1;
	return is_at(p, '[') ? take_index(p, t) : 0;
}

int
parse_operand(struct parser *p, struct test *t)
{
	parser_skip(p);
	return first_word(p, t) == -1 || take_part(p, t) == -1 ? -1 : 0;
}
