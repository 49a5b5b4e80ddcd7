/*
 * query_parse.c -- the text of a query made a tree.
 *
 *	query	= line { newline line }		one of them has to hold
 *	line	= [ or ] [ comment ]
 *	or	= and { "or" and }
 *	and	= not { "and" not }
 *	not	= { "not" } primary
 *	primary	= "(" or ")" | "any" "(" or ")" | "all" "(" or ")" | test
 *
 * and query_compare.c has the rest.  It recurses at parentheses alone, whose
 * depth is bounded.  The first thing that is wrong is told, and is the end.
 */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/query_private.h"

int
parser_fail(struct parser *p, size_t at, const char *format, ...)
{
	va_list args;

	p->e->at = at;
	va_start(args, format);
	(void)vsnprintf(p->e->message, sizeof(p->e->message), format, args);
	va_end(args);
	return -1;
}

const char *
parser_shown(struct bytes b, char to[SHOWN_MAX])
{
	size_t max = SHOWN_MAX - 6, n = b.n < max ? b.n : max;
	int quoted = n != 0 && (b.text[0] == '"' || b.text[0] == '\'');
	char *out = to;

	if (!quoted)
		*out++ = '"';
	for (size_t i = 0; i < n; i++)
		*out++ = b.text[i] >= ' ' && b.text[i] <= '~' ? b.text[i] : '?';
	if (n < b.n)
		out = stpcpy(out, "...");
	if (!quoted)
		*out++ = '"';
	*out = '\0';
	return to;
}

int
parser_expected(struct parser *p, const char *what)
{
	size_t at = p->at, end = token_end(p->t, at);
	const char *line = memchr(p->t.text + at, '\n', end - at);
	char shown[SHOWN_MAX];

	if (at == p->t.n)
		return parser_fail(p, at, "expected %s, not the end", what);
	if (p->t.text[at] == '\n')
		return parser_fail(
		    p, at, "expected %s, not the end of the line", what);
	if (strchr(" \t\r", p->t.text[at]) != NULL && p->t.text[at] != '\0')
		return parser_fail(p, at, "expected %s, not a blank", what);
	if (line != NULL)
		end = (size_t)(line - p->t.text);
	return parser_fail(p, at, "expected %s, not %s", what,
	    parser_shown((struct bytes){ p->t.text + at, end - at }, shown));
}

void
parser_skip(struct parser *p)
{
	const char *t = p->t.text;

	for (; p->at < p->t.n; p->at++) {
		if (t[p->at] == '#') {
			while (p->at + 1 < p->t.n && t[p->at + 1] != '\n')
				p->at++;
			continue;
		}
		if (t[p->at] == '\\' && p->at + 1 < p->t.n &&
		    t[p->at + 1] == '\n') {
			p->at++;
			continue;
		}
		if (t[p->at] == '\n' && p->depth == 0)
			return;
		if (t[p->at] == '\0' || strchr(" \t\r\n", t[p->at]) == NULL)
			return;
	}
}

/* Takes a word, if it is the next one. */
static int
parser_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	parser_skip(p);
	if (token_end(p->t, p->at) - p->at != n ||
	    memcmp(p->t.text + p->at, word, n) != 0)
		return 0;
	p->at += n;
	p->bare = 0;
	return 1;
}

static int
parser_byte(struct parser *p, char c)
{
	parser_skip(p);
	if (p->at == p->t.n || p->t.text[p->at] != c)
		return 0;
	p->at++;
	p->bare = 0;
	return 1;
}

/* Room for one more in an array. */
static void
grow(void *array, size_t *size, size_t n, size_t one)
{
	void **p = array;

	if (n < *size)
		return;
	*size = *size == 0 ? 16 : 2 * *size;
	*p = reallocarray(*p, *size, one);
	if (*p == NULL)
		err(1, "memory");
}

static uint32_t
add_node(struct query *q, enum node_kind kind, uint32_t of)
{
	grow(&q->nodes, &q->nodes_size, q->n_nodes, sizeof(*q->nodes));
	q->nodes[q->n_nodes] = (struct node){ kind, of, NO_NODE };
	return (uint32_t)q->n_nodes++;
}

static uint32_t
add_test(struct parser *p)
{
	struct query *q = p->q;
	struct test *t;

	if (q->n_tests == QUERY_TESTS_MAX) {
		(void)parser_fail(
		    p, p->at, "more than %d comparisons", QUERY_TESTS_MAX);
		return NO_NODE;
	}
	grow(&q->tests, &q->tests_size, q->n_tests, sizeof(*q->tests));
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		err(1, "memory");
	t->query = q;
	q->tests[q->n_tests++] = t;
	if (parse_test(p, t) == -1)
		return NO_NODE;
	test_prepare(t);
	return add_node(q, NODE_TEST, (uint32_t)q->n_tests - 1);
}

static uint32_t parse_or(struct parser *);

static uint32_t
parse_parentheses(struct parser *p)
{
	uint32_t node;

	if (p->depth == QUERY_DEPTH_MAX) {
		(void)parser_fail(p, p->at - 1,
		    "more than %d parentheses in one another", QUERY_DEPTH_MAX);
		return NO_NODE;
	}
	p->depth++;
	node = parse_or(p);
	if (node == NO_NODE)
		return NO_NODE;
	if (!parser_byte(p, ')')) {
		(void)parser_expected(
		    p, p->bare ? "an operator, \"and\", \"or\" or \")\""
			       : "\"and\", \"or\" or \")\"");
		return NO_NODE;
	}
	p->depth--;
	return node;
}

/* any(...), all(...) */
static uint32_t
parse_quantified(struct parser *p, enum node_kind kind)
{
	size_t at = p->at - 3;
	uint32_t node;

	if (p->quantified) {
		(void)parser_fail(p, at,
		    "any() and all() cannot stand in one another: within them "
		    "it is one record");
		return NO_NODE;
	}
	if (!parser_byte(p, '(')) {
		(void)parser_expected(p, "\"(\"");
		return NO_NODE;
	}
	p->quantified = 1;
	node = parse_parentheses(p);
	p->quantified = 0;
	return node == NO_NODE ? NO_NODE : add_node(p->q, kind, node);
}

static uint32_t
parse_not(struct parser *p)
{
	uint32_t node;
	int not = 0;

	while (parser_word(p, "not"))
		not = !not ;
	if (parser_byte(p, '('))
		node = parse_parentheses(p);
	else if (parser_word(p, "any"))
		node = parse_quantified(p, NODE_ANY);
	else if (parser_word(p, "all"))
		node = parse_quantified(p, NODE_ALL);
	else
		node = add_test(p);
	return not &&node != NO_NODE ? add_node(p->q, NODE_NOT, node) : node;
}

/* A child more, in front of those before it. */
static int
add_child(struct query *q, uint32_t *list, uint32_t child)
{
	if (child == NO_NODE)
		return -1;
	q->nodes[child].next = *list;
	*list = child;
	return 0;
}

/* One child stands for itself. */
static uint32_t
end_list(struct query *q, enum node_kind kind, uint32_t list)
{
	return q->nodes[list].next == NO_NODE ? list : add_node(q, kind, list);
}

static uint32_t
parse_and(struct parser *p)
{
	uint32_t list = NO_NODE;

	do
		if (add_child(p->q, &list, parse_not(p)) == -1)
			return NO_NODE;
	while (parser_word(p, "and"));
	return end_list(p->q, NODE_AND, list);
}

static uint32_t
parse_or(struct parser *p)
{
	uint32_t list = NO_NODE;

	do
		if (add_child(p->q, &list, parse_and(p)) == -1)
			return NO_NODE;
	while (parser_word(p, "or"));
	return end_list(p->q, NODE_OR, list);
}

/* To the next line that asks something; 0: there is none. */
static int
next_line(struct parser *p)
{
	for (;;) {
		parser_skip(p);
		if (p->at == p->t.n)
			return 0;
		if (p->t.text[p->at] != '\n')
			return 1;
		p->at++;
	}
}

int
query_parse(struct query *q, struct query_error *e)
{
	struct parser p = { .q = q, .t = { q->copy, q->copy_n }, .e = e };
	uint32_t list = NO_NODE;

	while (next_line(&p)) {
		if (add_child(q, &list, parse_or(&p)) == -1)
			return -1;
		parser_skip(&p);
		if (p.at != p.t.n && p.t.text[p.at] != '\n')
			return parser_expected(&p,
			    p.bare ? "an operator, \"and\", \"or\" or the end"
				   : "\"and\", \"or\" or the end");
	}
	if (list == NO_NODE)
		return parser_fail(&p, 0, "nothing is asked for");
	q->root = end_list(q, NODE_OR, list);
	return 0;
}
