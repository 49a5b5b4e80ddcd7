/*
 * tail_chain.c -- from a lane in an old segment to the one that goes on for it.
 *
 * The writer puts the predecessor's name and its number of records into the new
 * lane before its first commit, and writes no more to the old one.  So whoever
 * sees a record in the new lane sees all of the old one.
 */
#include "readers/tail.h"

static int
lane_opens(struct tail_lane *l)
{
	l->state = LANE_OPEN;
	return 1;
}

/* The predecessor cannot be read (any further): counts the rest of it. */
static int
count_rest(struct tail *t, struct tail_lane *l, struct tail_lane *pred)
{
	uint64_t number = lane_number(pred);

	if (l->pred_records > number) {
		sink_lost(t, &l->stream->entry.d, l->pred_records - number, 0);
		/* whoever else names it must not count that again */
		pred->ring.number = l->pred_records;
		pred->taken = 0;
		pred->state = LANE_DONE;
	}
	return lane_opens(l);
}

/* The predecessor is in no segment that we know. */
static int
count_all(struct tail *t, struct tail_lane *l)
{
	/* what came before the start is no loss */
	if (l->stream->late && l->pred_records != 0)
		sink_lost(t, &l->stream->entry.d, l->pred_records, 0);
	return lane_opens(l);
}

static struct tail_lane *
find_lane(struct tail_source *src, const struct tail_lane *l)
{
	struct tail_stream *s = stream_find(src, l->pred_serial);

	if (s == NULL || !s->opened || l->pred_lane >= s->plan.lanes)
		return NULL;
	return &s->lanes[l->pred_lane];
}

int
chain_try(struct tail *t, struct tail_lane *l)
{
	struct tail_source *src;
	struct tail_lane *pred;

	must(l->state == LANE_WAITS);
	/* only an older segment's: so no lane waits for itself */
	if (l->pred_created >= l->stream->source->created) {
		sink_complain(t, l->stream, "names an impossible predecessor");
		return lane_opens(l);
	}
	src = source_find(t, l->pred_created);
	if (src == NULL && l->stream->late)
		src = source_search(t, l->pred_created);
	if (src == NULL)
		return count_all(t, l);
	if (src->segment != NULL && (!src->listed || src->unopened != 0)) {
		t->pending = 1;
		return 0;
	}
	pred = find_lane(src, l);
	if (pred == NULL)
		return count_all(t, l);
	pred->named = 1;
	if (lane_number(pred) >= l->pred_records)
		return lane_opens(l);
	if (pred->chunk != NULL || pred->state == LANE_WAITS) {
		t->pending = 1;
		return 0;
	}
	switch (lane_fetch(t, pred)) {
	case FETCH_DATA:
	case FETCH_LATER:
		t->pending = 1;
		return 0;
	case FETCH_EMPTY:
	case FETCH_DONE:
		break;
	}
	if (pred->stream->gone && !pred->stream->told_gone) {
		t->pending = 1; /* its tombstone is counted first */
		return 0;
	}
	return count_rest(t, l, pred);
}
