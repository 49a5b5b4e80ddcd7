/*
 * merge.c -- the records of all lanes, in the order of their times.
 *
 * A heap holds the lanes that have a record, by that record's time.  A record
 * is held back until it is WINDOW old, so that one of another lane that was
 * written before it, but seen after it, still comes first; a record from the
 * future is held back no longer than that either.
 *
 * A lane that waits for its predecessor has records, but they are not to be
 * delivered yet; those of other lanes that are later than its first one wait
 * with it, or a thread that went from one lane to the other would be shown
 * backwards.  The predecessor's own may be later, for a thread takes its time
 * before it takes a lane: up to there all go on.  And nobody waits for long,
 * but the time that it takes to deliver what goes before is no waiting: a
 * reader that was stopped has much of that.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/tail.h"

/* That lanes wait for one that waits: while nothing is delivered, and in all.
 */
#define HOLD_MAX (50 * MSEC)
#define HOLD_LONG (2 * NSEC)
#define HOLD_ROUND (10 * MSEC) /* at most, between two rounds */

/* Records in a round; then signals and the file are looked at. */
#define ROUND_MAX 200000

static void
sift_down(struct tail *t, size_t i)
{
	struct heap_item moving = t->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < t->heap_n) {
		if (child + 1 < t->heap_n &&
		    t->heap[child + 1].time < t->heap[child].time)
			child++;
		if (moving.time <= t->heap[child].time)
			break;
		t->heap[i] = t->heap[child];
		i = child;
	}
	t->heap[i] = moving;
}

static void
push(struct tail *t, struct tail_lane *l)
{
	uint64_t time = l->next.head.time;
	size_t i;

	if (t->heap_n == t->heap_size) {
		t->heap_size = t->heap_size == 0 ? 64 : t->heap_size * 2;
		t->heap = reallocarray(t->heap, t->heap_size, sizeof(*t->heap));
		if (t->heap == NULL)
			err(1, "memory");
	}
	for (i = t->heap_n++; i > 0 && t->heap[(i - 1) / 2].time > time;
	     i = (i - 1) / 2)
		t->heap[i] = t->heap[(i - 1) / 2];
	t->heap[i] = (struct heap_item){ time, l };
	l->in_heap = 1;
}

static void
pop(struct tail *t)
{
	t->heap[0].lane->in_heap = 0;
	t->heap[0] = t->heap[--t->heap_n];
	if (t->heap_n != 0)
		sift_down(t, 0);
}

/* Nothing is delivered that is later than what waits, nor than what that waits
 * for. */
static void
hold(struct tail *t, const struct tail_lane *l)
{
	const struct tail_lane *pred = t->waits_for;
	uint64_t time = l->next.head.time;

	if (!l->has_next)
		return;
	if (pred != NULL && pred->has_next && pred->next.head.time > time)
		time = pred->next.head.time;
	if (time < t->held)
		t->held = time;
}

/* Whether the lane has a record to be merged. */
static int
lane_ready(struct tail *t, struct tail_lane *l)
{
	if (l->in_heap || l->state == LANE_DONE)
		return 0;
	if (l->chunk == NULL && !l->stream->gone)
		(void)lane_fetch(t, l);
	if (l->state == LANE_WAITS && !chain_try(t, l)) {
		hold(t, l);
		return 0;
	}
	return l->has_next;
}

static void
gather_stream(struct tail *t, struct tail_stream *s)
{
	if (!s->opened)
		return;
	for (uint32_t i = 0; i < s->plan.lanes; i++)
		if (lane_ready(t, &s->lanes[i]))
			push(t, &s->lanes[i]);
	if (s->gone && !s->told_gone)
		stream_settle(t, s);
}

static void
gather(struct tail *t)
{
	struct tail_source *src;
	struct tail_stream *s;

	TAILQ_FOREACH(src, &t->sources, link)
		TAILQ_FOREACH(s, &src->streams, link)
			gather_stream(t, s);
}

/* When the second of the heap is due. */
static uint64_t
second_time(const struct tail *t)
{
	uint64_t time = UINT64_MAX;

	for (size_t i = 1; i < 3 && i < t->heap_n; i++)
		if (t->heap[i].time < time)
			time = t->heap[i].time;
	return time;
}

static void
deliver_one(struct tail *t, struct tail_lane *l)
{
	struct tail_stream *s = l->stream;
	struct rec r;

	t->passed++;
	if (l->ring.number + l->taken < l->from)
		return; /* an earlier run has shown it */
	r = (struct rec){
		.head = &l->next.head,
		.stream = s->as,
		.tag = show_tag(t->show, s->as, l->next.head.tag),
		.payload = { l->next.payload, l->next.length },
		.lane = l->number,
		.number = lane_number(l),
	};
	show_record(t->show, &r);
}

/* Delivers the first lane's records as long as it stays the first. */
static void
deliver(struct tail *t, uint64_t horizon)
{
	struct tail_lane *l = t->heap[0].lane;
	uint64_t second = second_time(t);

	do {
		deliver_one(t, l);
		l->taken++;
		t->round++;
		lane_step(t, l);
		if (!l->has_next && lane_fetch(t, l) != FETCH_DATA) {
			pop(t);
			return;
		}
	} while (l->next.head.time <= second && l->next.head.time <= horizon &&
		 l->next.head.time <= t->held && !t->show->done &&
		 t->round < ROUND_MAX);
	t->heap[0].time = l->next.head.time;
	sift_down(t, 0);
}

/*
 * Whether what is to be held is held still.  Of the time since the last round a
 * part counts: it may have been spent delivering, and who was stopped for long
 * has not looked yet whether there is more.
 */
static int
may_hold(struct tail *t, int went_on)
{
	uint64_t passed = t->now - t->held_at;

	t->held_at = t->now;
	if (t->held == UINT64_MAX) {
		t->held_for = t->held_idle = 0;
		return 1;
	}
	if (passed > HOLD_ROUND)
		passed = HOLD_ROUND;
	t->held_for += passed;
	t->held_idle = went_on ? 0 : t->held_idle + passed;
	return t->held_idle <= HOLD_MAX && t->held_for <= HOLD_LONG;
}

void
merge_round(struct tail *t, uint64_t horizon)
{
	int went_on = t->round != 0;

	t->round = 0;
	t->held = UINT64_MAX;
	gather(t);
	if (!may_hold(t, went_on))
		t->held = UINT64_MAX;
	while (t->heap_n != 0 && !t->show->done && t->round < ROUND_MAX) {
		if (t->heap[0].time > t->held)
			break;
		if (t->heap[0].time > horizon &&
		    t->now - t->heap[0].lane->read_at < WINDOW)
			break;
		deliver(t, horizon);
	}
	if (t->round != 0)
		t->busy = 1;
	if (t->heap_n != 0)
		t->pending = 1;
}
