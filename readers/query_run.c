/*
 * query_run.c -- a query asked: of a record, of a group, of what is known of a
 * record beforehand.
 */
#include <string.h>

#include "readers/query_private.h"

static int
run(const struct query *q, uint32_t at, struct rec *r)
{
	while (at > 1) {
		const struct step *s = &q->steps[at];

		at = s->test->holds(s->test, r) ? s->yes : s->no;
	}
	return (int)at;
}

int
query_record(struct query *q, struct rec *r)
{
	return run(q, q->entry, r);
}

/* One record of a group: any() is known when one holds, all() when one does
 * not.  Returns how many are not known yet. */
static size_t
ask_record(struct query *q, struct rec *r)
{
	size_t unknown = 0;

	for (uint32_t i = 0; i < q->n_quantifiers; i++) {
		struct quantifier *u = &q->quantifiers[i];

		if (u->is_known)
			continue;
		if (run(q, u->entry, r) != u->all) {
			u->holds = !u->all;
			u->is_known = 1;
		} else {
			unknown++;
		}
	}
	return unknown;
}

int
query_group(struct query *q, struct rec *records, size_t n)
{
	uint32_t at = q->outer_entry;

	for (uint32_t i = 0; i < q->n_quantifiers; i++) {
		q->quantifiers[i].holds = q->quantifiers[i].all;
		q->quantifiers[i].is_known = 0;
	}
	for (size_t i = 0; i < n; i++)
		if (ask_record(q, &records[i]) == 0)
			break;
	while (at > 1) {
		const struct outer_step *s = &q->outer[at];

		at = q->quantifiers[s->quantifier].holds ? s->yes : s->no;
	}
	return (int)at;
}

/*
 * Goes all ways that a record may go: steps lead to lower ones, so that one
 * pass downwards finds them all.
 */
int
query_may(const struct query *q, const struct rec *r)
{
	unsigned char reached[2 + 2 * QUERY_TESTS_MAX];
	int holds;

	memset(reached, 0, q->entry + 1);
	reached[q->entry] = 1;
	for (uint32_t at = q->entry; at > 1; at--) {
		const struct step *s = &q->steps[at];

		if (!reached[at])
			continue;
		holds = test_may(s->test, r);
		if (holds != 0)
			reached[s->yes] = 1;
		if (holds != 1)
			reached[s->no] = 1;
	}
	return reached[1];
}
