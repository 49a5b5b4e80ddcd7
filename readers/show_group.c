/*
 * show_group.c -- -g: records of transactions are shown together.
 */
#include <err.h>
#include <inttypes.h>

#include "readers/query.h"
#include "readers/show.h"

/* Where the format has no words for it. */
static void
tell_mark(struct show *s, const struct group *g)
{
	struct buffer text;

	if (group_word(g) == NULL || s->marks++ >= SHOW_TOLD_MAX)
		return;
	buffer_init(&text, -1);
	buffer_stream(&text, g->of);
	group_why(&text, g);
	warnx("transaction %" PRIu64 " of %.*s%s", g->id, (int)text.n,
	    text.data,
	    s->marks == SHOW_TOLD_MAX ? "; no more of these are told" : "");
	buffer_free(&text);
}

/* Whether one of the queries selects the group, of which all records count. */
static int
is_asked_for(const struct show *s, struct group *g)
{
	for (unsigned i = 0; i < s->nqueries; i++)
		if (query_group(s->queries[i], g->records, g->n))
			return 1;
	return s->nqueries == 0;
}

static int
is_chosen(struct show *s, struct rec *r)
{
	return !r->tag->hidden && (s->any || choose_record(&s->choose, r));
}

/* How many records -i, -x and others leave of a group. */
static size_t
count_members(struct show *s, struct group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += is_chosen(s, &g->records[i]) != 0;
	return n;
}

/* -w: puts these; how many that are. */
static size_t
capture_members(struct show *s, struct group *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if (is_chosen(s, &g->records[i])) {
			show_capture(s, &g->records[i]);
			n++;
		}
	return n;
}

/* The same where they are shown. */
static size_t
put_members(struct show *s, struct buffer *to, struct group *g)
{
	size_t n = 0;

	for (struct rec *r = g->records; r < g->records + g->n; r++) {
		if (!is_chosen(s, r))
			continue;
		if (n++ == 0 && s->out->group != NULL)
			s->out->group(to, g);
		show_put(s, to, r);
	}
	return n;
}

/* A group of which nothing is left takes nothing of the rate. */
static int
is_in_rate(struct show *s, struct group *g)
{
	size_t n;

	if (s->rate.most == 0)
		return 1;
	n = count_members(s, g);
	return n != 0 && show_in_rate(&s->rate, g->records[0].head->time, n);
}

static void
show_group(void *arg, struct group *g)
{
	struct show *s = arg;
	struct buffer *to = s->last != NULL ? &s->last->text : &s->to;
	size_t before = to->n, n;

	if (s->done)
		return;
	/* show_put() does that again; before it only some look at texts */
	for (size_t i = 0; (!s->any || s->nqueries != 0) && i < g->n; i++)
		g->records[i].renderer = &s->renderer;
	if (!is_asked_for(s, g) || !is_in_rate(s, g))
		return;
	n = s->capture != NULL ? capture_members(s, g) : put_members(s, to, g);
	if (n == 0)
		return;
	if (s->capture == NULL && s->out->group == NULL)
		tell_mark(s, g);
	if (s->capture == NULL && s->out->group_end != NULL)
		s->out->group_end(to, g);
	/* with -w they were counted one by one */
	if (s->last != NULL)
		last_push(s, before, n);
	else if (s->capture == NULL)
		show_count(s, n);
}

void
show_grouping(
    struct show *s, enum grouping how, uint64_t limit, uint64_t patience)
{
	if (how != GROUP_RAW)
		s->groups = groups_new(how, limit, patience, show_group, s);
}

void
show_time(struct show *s, uint64_t now)
{
	if (s->groups != NULL)
		groups_time(s->groups, now);
}

void
show_incomplete(struct show *s)
{
	if (s->groups != NULL)
		groups_flush(s->groups);
}

void
show_member(struct show *s, struct rec *r)
{
	if (groups_add(s->groups, r) != 0)
		show_complain(s, r->stream->d,
		    "links transactions in a circle, or too many or too deep");
}
