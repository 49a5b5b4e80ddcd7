/*
 * query_run.c -- a query asked: of a record, of a group, of what is known of a
 * record beforehand.
 */
#include <string.h>

#include "readers/query_private.h"

/* Apart, so that who does not run it saves no registers. */
static __attribute__((noinline)) int
run(const struct query *q, uint32_t at, struct rec *r)
{
	while (at > 1) {
		const struct step *s = &q->steps[at];

		at = s->test->holds(s->test, r) ? s->yes : s->no;
	}
	return (int)at;
}

/*
 * Goes all ways that a record may go: steps lead to lower ones, so that one
 * pass downwards finds them all.  Returns whether it may come to 1.
 */
static int
reaches(const struct query *q, const struct rec *r,
    int (*may)(struct test *, const struct rec *, const struct rec_format *),
    const struct rec_format *of)
{
	unsigned char reached[2 + 2 * QUERY_TESTS_MAX];
	int holds;

	memset(reached, 0, q->entry + 1);
	reached[q->entry] = 1;
	for (uint32_t at = q->entry; at > 1; at--) {
		const struct step *s = &q->steps[at];

		if (!reached[at])
			continue;
		holds = may(s->test, r, of);
		if (holds != 0)
			reached[s->yes] = 1;
		if (holds != 1)
			reached[s->no] = 1;
	}
	return reached[1];
}

/* The verdict of a tag and format that none is known of, and the record's. */
static __attribute__((noinline)) int
find_verdict(struct query *q, struct rec *r, struct query_verdict *v)
{
	const struct rec_format *of = rec_format(r);

	if (r->tag->number != 0) {
		v->tag = r->tag->number;
		v->format = of != NULL ? of->number : 0;
		if (of != NULL)
			of = dict_format(&r->stream->dict,
			    format_id(r->payload.text, r->payload.n));
		v->never = !reaches(q, r, test_may_ever, of);
		if (v->never)
			return 0;
	}
	return run(q, q->entry, r);
}

/*
 * Tag and format tell of most records that they are not wanted.  What is
 * learned later has another number.
 */
int
query_record(struct query *q, struct rec *r)
{
	const struct rec_format *of;
	struct query_verdict *v;
	uint64_t tag, format;

	if (!q->has_verdicts)
		return run(q, q->entry, r);
	of = rec_format(r);
	format = of != NULL ? of->number : 0;
	tag = r->tag->number;
	v = &q->verdicts[(tag + 37 * format) % QUERY_VERDICTS];
	if (v->tag != tag || v->format != format)
		return find_verdict(q, r, v);
	return v->never ? 0 : run(q, q->entry, r);
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

static int
may(struct test *t, const struct rec *r, const struct rec_format *of)
{
	(void)of;
	return test_may(t, r);
}

int
query_may(const struct query *q, const struct rec *r)
{
	return reaches(q, r, may, NULL);
}
