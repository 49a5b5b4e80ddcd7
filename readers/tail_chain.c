/*
 * tail_chain.c -- from a lane in an old segment to the one that goes on for it.
 *
 * The writer puts the predecessor's name and its number of records into the new
 * lane before its first commit, and writes no more to the old one.  So whoever
 * sees a record in the new lane sees all of the old one.
 *
 * The predecessor may be in a segment that we never had: more than one daemon
 * came and went while we were stopped.  Then the same stream is looked for by
 * its owner and id in the segments that we did have.  A lane knows how many
 * records all before it had together, and so what was missed is that less what
 * we had, or what we had counted, up to there.
 */
#include "readers/tail.h"

/* Whether there is more to come of a lane before another one goes on for it. */
enum end { AT_END, NOT_YET };

static int
lane_opens(struct tail_lane *l)
{
	l->state = LANE_OPEN;
	return 1;
}

/* What was missed of a lane is counted: it is not to be counted again when its
 * stream is found gone, nor delivered when an end that was set is no more. */
static void
skip_to(struct tail_lane *l, uint64_t number)
{
	l->ring.number = number;
	l->taken = 0;
	l->state = LANE_DONE;
}

static enum end
lane_end(struct tail *t, struct tail_lane *l)
{
	if (l->chunk != NULL || l->state == LANE_WAITS)
		return NOT_YET;
	switch (lane_fetch(t, l)) {
	case FETCH_DATA:
	case FETCH_LATER:
		return NOT_YET;
	case FETCH_EMPTY:
	case FETCH_DONE:
		break;
	}
	/* one without records has a predecessor, too */
	(void)lane_learn_pred(t, l);
	return l->state == LANE_WAITS ? NOT_YET : AT_END;
}

/* The same lane of the same stream, in the newest segment before l's in which
 * we know it; NULL: in none. */
static struct tail_lane *
find_ancestor(struct tail *t, const struct tail_lane *l)
{
	const struct tail_stream *own = l->stream;
	const struct descriptor *d = &own->entry.d;
	struct tail_source *src;
	struct tail_stream *s;

	TAILQ_FOREACH_REVERSE(src, &t->sources, tail_sources, link) {
		if (src->created >= own->source->created)
			continue;
		TAILQ_FOREACH(s, &src->streams, link)
			if (s->opened && s->plan.id == own->plan.id &&
			    s->plan.id != 0 && l->number < s->plan.lanes &&
			    s->entry.d.owner_pid == d->owner_pid &&
			    s->entry.d.owner_start == d->owner_start)
				return &s->lanes[l->number];
	}
	return NULL;
}

/* What an earlier run had of the lane, and of those before it; 0, or -1: it
 * knew nothing of it. */
static int
had_before(const struct tail *t, const struct tail_lane *l, uint64_t *had)
{
	const struct cursor_lane *k = cursor_ancestor(t->cursor, l);

	if (k == NULL)
		return -1;
	*had = k->total;
	return 0;
}

/* The predecessor is in no segment that we know. */
static int
count_missing(struct tail *t, struct tail_lane *l)
{
	const struct descriptor *d = &l->stream->entry.d;
	struct tail_lane *before = find_ancestor(t, l);
	uint64_t had;

	/* what came before the start is no loss */
	if (!l->stream->late)
		return lane_opens(l);
	if (before == NULL && had_before(t, l, &had) == 0) {
		if (l->pred.total > had)
			show_lost(t->show, d, l->pred.total - had, 0);
		return lane_opens(l);
	}
	if (before == NULL && l->stream->plan.born >= t->began) {
		if (l->pred.total != 0)
			show_lost(t->show, d, l->pred.total, 0);
		return lane_opens(l);
	}
	if (before != NULL && lane_end(t, before) == NOT_YET) {
		t->waits_for = before;
		t->pending = 1;
		return 0;
	}
	if (before != NULL)
		before->named = 1;
	if (before == NULL || !before->has_pred) {
		/* how much of it is from before the start nobody knows */
		if (l->pred.total != 0)
			show_lost(t->show, d, l->pred.records, 1);
		return lane_opens(l);
	}
	had = before->pred.total + lane_number(before);
	if (l->pred.total > had) {
		show_lost(t->show, d, l->pred.total - had, 0);
		skip_to(before, l->pred.total - before->pred.total);
	}
	return lane_opens(l);
}

/* The predecessor; NULL: we do not know it, or not yet, and then we wait. */
static struct tail_lane *
find_pred(struct tail *t, const struct tail_lane *l, enum end *end)
{
	struct tail_source *src = source_find(t, l->pred.created);
	struct tail_stream *s;

	*end = AT_END;
	if (src == NULL && l->stream->late)
		src = source_search(t, l->pred.created);
	if (src == NULL)
		return NULL;
	if (src->segment != NULL && (!src->listed || src->unopened != 0)) {
		*end = NOT_YET;
		return NULL;
	}
	s = stream_find(src, l->pred.serial);
	if (s == NULL || !s->opened || l->pred.lane >= s->plan.lanes)
		return NULL;
	return &s->lanes[l->pred.lane];
}

int
chain_try(struct tail *t, struct tail_lane *l)
{
	struct tail_lane *pred;
	enum end end;
	uint64_t number;

	must(l->state == LANE_WAITS);
	t->waits_for = NULL;
	/* only an older segment's: so no lane waits for itself */
	if (l->pred.created >= l->stream->source->created) {
		show_complain(t->show, &l->stream->entry.d,
		    "names an impossible predecessor");
		return lane_opens(l);
	}
	pred = find_pred(t, l, &end);
	if (pred == NULL && end == AT_END)
		return count_missing(t, l);
	if (pred != NULL) {
		pred->named = 1;
		if (l->pred.records != 0 &&
		    lane_number(pred) >= l->pred.records)
			return lane_opens(l);
		end = lane_end(t, pred);
	}
	if (end == NOT_YET) {
		t->waits_for = pred;
		t->pending = 1;
		return 0;
	}
	number = lane_number(pred);
	if (l->pred.records > number) {
		show_lost(
		    t->show, &l->stream->entry.d, l->pred.records - number, 0);
		skip_to(pred, l->pred.records);
	}
	return lane_opens(l);
}
