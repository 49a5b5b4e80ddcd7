/*
 * query_compile.c -- the tree of a query made steps; making and freeing one.
 *
 * Steps are made from the end: each knows where to go because that is there
 * already.  For a record by itself any(x) and all(x) are x.  For groups there
 * are two sorts of steps: those within any() and all(), of one record, and the
 * outer ones, of what these amounted to; a test that is in neither is an any()
 * of its own.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "readers/query_private.h"

static uint32_t
add_step(struct query *q, struct test *t, uint32_t yes, uint32_t no)
{
	q->steps[q->n_steps] = (struct step){ t, yes, no };
	return q->n_steps++;
}

/* The steps of a node; returns the first. */
static uint32_t
make(struct query *q, uint32_t at, uint32_t yes, uint32_t no)
{
	const struct node *node = &q->nodes[at];
	uint32_t entry;

	switch (node->kind) {
	case NODE_TEST:
		return add_step(q, q->tests[node->of], yes, no);
	case NODE_NOT:
		return make(q, node->of, no, yes);
	case NODE_ANY:
	case NODE_ALL:
		return make(q, node->of, yes, no);
	case NODE_AND:
		entry = yes;
		for (at = node->of; at != NO_NODE; at = q->nodes[at].next)
			entry = make(q, at, entry, no);
		return entry;
	case NODE_OR:
		break;
	}
	entry = no;
	for (at = node->of; at != NO_NODE; at = q->nodes[at].next)
		entry = make(q, at, yes, entry);
	return entry;
}

static uint32_t
add_quantifier(
    struct query *q, uint32_t node, int all, uint32_t yes, uint32_t no)
{
	struct quantifier *u = &q->quantifiers[q->n_quantifiers];

	u->all = all;
	u->entry = make(q, node, 1, 0);
	q->outer[q->n_outer] =
	    (struct outer_step){ q->n_quantifiers++, yes, no };
	return q->n_outer++;
}

static uint32_t
make_outer(struct query *q, uint32_t at, uint32_t yes, uint32_t no)
{
	const struct node *node = &q->nodes[at];
	uint32_t entry;

	switch (node->kind) {
	case NODE_TEST:
		return add_quantifier(q, at, 0, yes, no);
	case NODE_ANY:
	case NODE_ALL:
		return add_quantifier(
		    q, node->of, node->kind == NODE_ALL, yes, no);
	case NODE_NOT:
		return make_outer(q, node->of, no, yes);
	case NODE_AND:
		entry = yes;
		for (at = node->of; at != NO_NODE; at = q->nodes[at].next)
			entry = make_outer(q, at, entry, no);
		return entry;
	case NODE_OR:
		break;
	}
	entry = no;
	for (at = node->of; at != NO_NODE; at = q->nodes[at].next)
		entry = make_outer(q, at, yes, entry);
	return entry;
}

/* Whether there are tags or formats for which it cannot hold. */
static int
is_of_some(const struct test *t)
{
	switch (t->operand) {
	case OPERAND_LEVEL:
	case OPERAND_PID:
	case OPERAND_ID:
	case OPERAND_STREAM:
		return 0;
	case OPERAND_TEXT:
	case OPERAND_PREFIX:
		return t->tags.kind != TAGS_ALL;
	case OPERAND_TAG:
	case OPERAND_NAME:
	case OPERAND_FIELD:
		break;
	}
	return 1;
}

void
query_make_steps(struct query *q)
{
	/* the two outcomes; each test is in the steps of both sorts once */
	q->steps = calloc(2 + 2 * q->n_tests, sizeof(*q->steps));
	q->outer = calloc(2 + q->n_tests, sizeof(*q->outer));
	q->quantifiers = calloc(q->n_tests, sizeof(*q->quantifiers));
	if (q->steps == NULL || q->outer == NULL || q->quantifiers == NULL)
		err(1, "memory");
	q->n_steps = q->n_outer = 2;
	q->entry = make(q, q->root, 1, 0);
	for (size_t i = 0; i < q->n_tests; i++)
		q->has_verdicts |= is_of_some(q->tests[i]);
	q->outer_entry = make_outer(q, q->root, 1, 0);
}

static void
free_test(struct test *t)
{
	for (size_t i = 0; i < t->n_behind; i++)
		field_fini(&t->behind[i]);
	free(t->behind);
	field_fini(&t->field);
	field_fini(&t->whole);
	regex_free(t->regex);
	free(t->verdicts);
	free(t);
}

void
query_free(struct query *q)
{
	if (q == NULL)
		return;
	for (size_t i = 0; i < q->n_tests; i++)
		free_test(q->tests[i]);
	free(q->tests);
	free(q->nodes);
	free(q->steps);
	free(q->outer);
	free(q->quantifiers);
	buffer_free(&q->scratch);
	buffer_free(&q->name);
	free(q->copy);
	free(q);
}

struct query *
query_compile(const char *text, size_t n, int caseless, struct query_error *e)
{
	struct query *q;

	if (n > QUERY_TEXT_MAX) {
		e->at = QUERY_TEXT_MAX;
		(void)snprintf(e->message, sizeof(e->message),
		    "a query has %d bytes at most", QUERY_TEXT_MAX);
		return NULL;
	}
	q = calloc(1, sizeof(*q));
	if (q == NULL || (q->copy = malloc(n + 1)) == NULL)
		err(1, "memory");
	memcpy(q->copy, text, n);
	q->copy_n = n;
	q->caseless = caseless;
	buffer_init(&q->scratch, -1);
	buffer_init(&q->name, -1);
	if (query_parse(q, e) == -1) {
		query_free(q);
		return NULL;
	}
	query_make_steps(q);
	return q;
}

uint64_t
query_gave_up(const struct query *q)
{
	return q->gave_up;
}
