/*
 * stream_reader.c -- all that shmtail copies out of a section.
 *
 * A section may be freed, zeroed and given to somebody else while it is read.
 * So everything here has one shape: copy, stream_still(), believe.  What was
 * copied from a section that is gone is thrown away, and what its lanes had
 * beyond our seats is counted from its tombstone.
 */
#include <err.h>
#include <stdlib.h>

#include "common/shared.h"
#include "readers/tail.h"

#define CHANGING_MAX NSEC
#define LAPPED_MAX NSEC /* that a writer is faster than who wants a seat */
#define FETCH_TRIES 4

/*
 * directory_still(), but bounded: a descriptor that is in change for a second
 * belongs to a daemon that was stopped or killed in the act.  Before a daemon
 * touches pages that it took back it has buried a tombstone and ended the
 * change; so as long as there is none, and none can have been overwritten since
 * the descriptor was seen, the bytes are the section's own.
 */
enum section_state
stream_still(struct tail *t, struct tail_stream *s)
{
	const struct segment *seg = s->source->segment;
	enum section_state state = directory_still(seg, s->seq, &s->entry);
	struct tombstone tomb;

	if (segment_torn(seg))
		return SECTION_GONE;
	if (state != SECTION_CHANGING) {
		s->changing = 0;
		return state;
	}
	if (s->changing == 0)
		s->changing = t->now;
	if (t->now - s->changing < CHANGING_MAX)
		return SECTION_CHANGING;
	if (directory_tombstone(seg, s->serial, &tomb) != 0 &&
	    shared_load(&seg->head->tomb_next) - s->tombs <
		seg->plan.tomb_count)
		return SECTION_SAME;
	return SECTION_GONE;
}

/* Takes the seat behind the newest record, if need be by the writer's word;
 * anyhow: also if it laps us. */
static enum ring_result
seat_end(struct ring_reader *r, int anyhow)
{
	enum ring_result result = ring_seat_end(r);

	if (result != RING_CORRUPT && !(anyhow && result == RING_LAPPED))
		return result;
	r->pos = shared_load(&r->head->commit);
	r->number = shared_load(&r->head->records);
	return RING_DATA;
}

/* It is read up to what is there now. */
static void
lane_bound(struct tail_lane *l, const struct ring_reader *end)
{
	l->bounded = 1;
	l->end_pos = end->pos;
	l->end_number = end->number;
}

void
lane_end_now(struct tail_lane *l)
{
	struct ring_reader end = l->ring;

	if (!l->bounded && seat_end(&end, 1) == RING_DATA)
		lane_bound(l, &end);
}

/* Where the cursor says, or at the first record. */
static int
cursor_seat(struct tail *t, struct tail_lane *l, int anyhow)
{
	const struct cursor_lane *at = cursor_lane(t->cursor,
	    l->stream->source->created, l->stream->serial, l->number);
	struct ring_reader end = l->ring;

	if (t->dump && seat_end(&end, anyhow) != RING_DATA)
		return -1;
	if (t->dump)
		lane_bound(l, &end);
	if (at == NULL)
		return 0;
	l->from = at->number;
	if (ring_seat_oldest(&l->ring) == RING_LAPPED && !anyhow)
		return -1;
	if (l->ring.number > at->number)
		l->missed = l->ring.number - at->number;
	return 0;
}

/* 0, or -1: the writer was faster each time; not if there is to be a seat
 * anyhow. */
static int
lane_seat(struct tail *t, struct tail_lane *l, int anyhow)
{
	struct ring_reader end = l->ring;

	if (t->start == START_CURSOR && l->stream->late == LATE_KNOWN)
		return cursor_seat(t, l, anyhow);
	if (l->stream->late)
		return 0;
	if (seat_end(&end, anyhow) != RING_DATA)
		return -1;
	if (t->start == START_END) {
		/* what came before is no news, only how much it was */
		if (end.pos != l->ring.pos) {
			ring_load_pred(&l->ring, &l->pred);
			l->has_pred = 1;
			l->state = LANE_OPEN;
		}
		l->ring = end;
		return 0;
	}
	lane_bound(l, &end);
	switch (ring_seat_oldest(&l->ring)) {
	case RING_DATA:
	case RING_EMPTY:
		return 0;
	case RING_LAPPED:
		if (!anyhow)
			return -1;
		break;
	case RING_CORRUPT:
		break;
	}
	l->ring = end;
	return 0;
}

/* 0, or -1: not all lanes have a seat.  Who laps us for ever must not have us
 * wait for ever: streams of the next segment may wait for those of this one. */
static int
lanes_make(struct tail *t, struct tail_stream *s)
{
	const uint8_t *section = s->source->segment->base + s->entry.d.offset;
	int anyhow = s->lapped != 0 && t->now - s->lapped >= LAPPED_MAX;

	s->lanes = calloc(s->plan.lanes, sizeof(*s->lanes));
	if (s->lanes == NULL)
		err(1, "memory");
	for (uint32_t i = 0; i < s->plan.lanes; i++) {
		struct tail_lane *l = &s->lanes[i];

		l->stream = s;
		l->number = i;
		ring_reader_init(&l->ring, stream_lane(section, &s->plan, i),
		    s->plan.lane_size);
		if (lane_seat(t, l, anyhow) != 0) {
			if (s->lapped == 0)
				s->lapped = t->now;
			return -1;
		}
	}
	return 0;
}

static void
opened(struct tail *t, struct tail_stream *s)
{
	s->opened = 1;
	s->source->unopened--;
	s->as->created = s->source->created;
	s->as->serial = s->serial;
	show_stream(t->show, s->as, &s->entry.d);
	t->busy = 1;
	for (uint32_t i = 0; i < s->plan.lanes; i++)
		if (s->lanes[i].missed != 0)
			show_lost(t->show, &s->entry.d, s->lanes[i].missed, 0);
}

/* It went before we had read anything of it. */
static void
never_opened(struct tail *t, struct tail_stream *s)
{
	struct tombstone tomb;
	uint64_t lost;
	int unknown;

	s->gone = s->told_gone = 1;
	s->source->unopened--;
	if (!s->late)
		return;
	if (directory_tombstone(s->source->segment, s->serial, &tomb) != 0) {
		show_lost(t->show, &s->entry.d, 0, 1);
		return;
	}
	unknown = tomb_records(&tomb, &lost);
	if (lost != 0 || unknown)
		show_lost(t->show, &s->entry.d, lost, unknown);
}

void
stream_open(struct tail *t, struct tail_stream *s)
{
	const void *section = s->source->segment->base + s->entry.d.offset;
	uint64_t offset = 0;
	int is_one, seated = 0, dict = 0;

	is_one = stream_check(section, s->entry.d.length, &s->plan) == 0;
	if (is_one) {
		seated = lanes_make(t, s) == 0;
		dict = dict_stage(t, s, &offset);
	}
	switch (stream_still(t, s)) {
	case SECTION_SAME:
	case SECTION_COOLED:
		if (is_one && seated) {
			dict_believe(t, s, offset);
			s->dict_bad = dict != 0;
			opened(t, s);
			return;
		}
		if (!is_one) {
			show_complain(t->show, &s->entry.d, "is no stream");
			s->gone = s->told_gone = 1;
			s->source->unopened--;
			return;
		}
		break;
	case SECTION_GONE:
		never_opened(t, s);
		break;
	case SECTION_CHANGING:
		break;
	}
	t->pending = 1;
	free(s->lanes);
	s->lanes = NULL;
}

void
stream_free(struct tail *t, struct tail_stream *s)
{
	for (uint32_t i = 0; s->lanes != NULL && i < s->plan.lanes; i++) {
		must(!s->lanes[i].in_heap);
		if (s->lanes[i].chunk != NULL)
			chunk_put(t, s->lanes[i].chunk);
	}
	free(s->lanes);
	rec_stream_drop(s->as);
	free(s);
}

void
stream_gone(struct tail *t, struct tail_stream *s, int quiet)
{
	if (s->gone)
		return;
	if (!s->opened) {
		never_opened(t, s);
		return;
	}
	s->gone = 1;
	/* of a file that was cut short there is nothing to be counted */
	if (quiet || segment_torn(s->source->segment))
		s->told_gone = 1;
	else
		s->has_tomb = directory_tombstone(
				  s->source->segment, s->serial, &s->tomb) == 0;
}

/* What a lane of a gone stream had beyond what we took of it. */
static uint64_t
lane_rest(const struct tail_stream *s, struct tail_lane *l)
{
	uint64_t number = lane_number(l), end = s->tomb.records[l->number];

	/* TOMB_UNKNOWN is more than any number */
	if (l->bounded && end > l->end_number)
		end = l->end_number;
	if (l->number >= s->tomb.lanes || end <= number || end == TOMB_UNKNOWN)
		return 0;
	l->ring.number = end;
	l->taken = 0;
	return end - number;
}

/* Whether a lane of a gone stream may have had more than we can tell. */
static int
lane_unsure(const struct tail_stream *s, const struct tail_lane *l)
{
	if (l->complete)
		return 0;
	return !s->has_tomb || (l->number < s->tomb.lanes && !l->bounded &&
				   s->tomb.records[l->number] == TOMB_UNKNOWN);
}

void
stream_settle(struct tail *t, struct tail_stream *s)
{
	uint64_t lost = 0;
	int unsure = 0;

	for (uint32_t i = 0; i < s->plan.lanes; i++)
		if (s->lanes[i].chunk != NULL)
			return;
	for (uint32_t i = 0; i < s->plan.lanes; i++) {
		if (s->has_tomb)
			lost += lane_rest(s, &s->lanes[i]);
		unsure |= lane_unsure(s, &s->lanes[i]);
		s->lanes[i].state = LANE_DONE;
	}
	if (!s->told_gone && (lost != 0 || unsure))
		show_lost(t->show, &s->entry.d, lost, unsure);
	s->told_gone = 1;
}

/* The bytes at the seat are no record: the next fetch passes them. */
static void
lane_bad(struct tail *t, struct tail_lane *l)
{
	show_complain(
	    t->show, &l->stream->entry.d, "holds bytes that are no record");
	l->bad = 1;
}

static void
chunk_end(struct tail *t, struct tail_lane *l)
{
	ring_advance(&l->ring, l->offset, l->taken);
	l->taken = 0;
	chunk_put(t, l->chunk);
	l->chunk = NULL;
}

void
lane_step(struct tail *t, struct tail_lane *l)
{
	l->has_next = 0;
	switch (ring_next(l->chunk->data, l->length, &l->offset, &l->next)) {
	case RING_RECORD:
		l->has_next = 1;
		return;
	case RING_PART:
		if (l->offset == 0)
			lane_bad(t, l);
		break;
	case RING_BAD:
		lane_bad(t, l);
		break;
	}
	chunk_end(t, l);
}

/* A lane's seat was moved over lost records. */
static void
moved(struct tail *t, struct tail_lane *l, const struct ring_reader *seat,
    uint64_t lost)
{
	uint64_t known =
	    l->from > l->ring.number ? l->from - l->ring.number : 0;

	l->bad = 0;
	lost = lost > known ? lost - known : 0;
	if (l->bounded && (int64_t)(seat->pos - l->end_pos) > 0) {
		lost = l->end_number > lane_number(l)
			   ? l->end_number - lane_number(l)
			   : 0;
		l->ring.pos = l->end_pos;
		l->ring.number = l->end_number;
	} else {
		l->ring = *seat;
	}
	t->busy = 1;
	if (lost != 0)
		show_lost(t->show, &l->stream->entry.d, lost, 0);
}

/* The lane has records: from now on it is known what came before it. */
static void
believe_pred(struct tail_lane *l, const struct ring_pred *p)
{
	if (!l->has_pred)
		l->pred = *p;
	l->has_pred = 1;
	if (l->state == LANE_FRESH)
		l->state = p->serial == 0 ? LANE_OPEN : LANE_WAITS;
}

int
lane_learn_pred(struct tail *t, struct tail_lane *l)
{
	struct ring_pred pred;

	if (l->has_pred || l->stream->gone)
		return l->has_pred ? 0 : -1;
	ring_load_pred(&l->ring, &pred);
	switch (stream_still(t, l->stream)) {
	case SECTION_SAME:
	case SECTION_COOLED:
		believe_pred(l, &pred);
		return 0;
	case SECTION_GONE:
		stream_gone(t, l->stream, 0);
		break;
	case SECTION_CHANGING:
		break;
	}
	return -1;
}

/* Copies what is there to a chunk of the pool; *length is 0 if there is none.
 * A chunk that takes no whole record is taken larger. */
static enum ring_result
copy(struct tail *t, struct tail_lane *l, struct chunk **chunk, size_t *length)
{
	size_t size =
	    t->larges_used < CHUNKS_LARGE_MAX ? CHUNK_LARGE : CHUNK_SMALL;
	enum ring_result result;
	struct ring_record first;
	struct chunk *small;
	size_t offset = 0;

	*chunk = chunk_get(t, size);
	result = ring_read(&l->ring, (*chunk)->data, size, length);
	if (result != RING_DATA)
		return result;
	if (size == CHUNK_SMALL && *length + RECORD_MAX > size &&
	    ring_next((*chunk)->data, *length, &offset, &first) == RING_PART &&
	    offset == 0) {
		chunk_put(t, *chunk);
		*chunk = chunk_get(t, CHUNK_LARGE);
		return ring_read(&l->ring, (*chunk)->data, CHUNK_LARGE, length);
	}
	if (size == CHUNK_LARGE && *length <= CHUNK_SMALL) {
		small = chunk_get(t, CHUNK_SMALL);
		memcpy(small->data, (*chunk)->data, *length);
		chunk_put(t, *chunk);
		*chunk = small;
	}
	return result;
}

/* What was copied is ours. */
static enum fetch_result
take(struct tail *t, struct tail_lane *l, struct chunk *chunk, size_t length)
{
	if (l->bounded && length > l->end_pos - l->ring.pos)
		length = l->end_pos - l->ring.pos;
	l->chunk = chunk;
	l->length = length;
	l->offset = 0;
	l->taken = 0;
	l->read_at = t->now;
	t->busy = 1;
	lane_step(t, l);
	return l->has_next ? FETCH_DATA : FETCH_LATER;
}

/* The seat is of no use: lapped, or rubbish stands there. */
static enum fetch_result
sit_elsewhere(struct tail *t, struct tail_lane *l, enum ring_result why)
{
	struct ring_reader seat = l->ring;
	uint64_t lost = 0;
	struct ring_pred pred;
	enum ring_result result;

	ring_load_pred(&l->ring, &pred);
	result = why == RING_LAPPED ? ring_reseat(&seat, &lost)
				    : ring_skip(&seat, &lost);
	switch (stream_still(t, l->stream)) {
	case SECTION_SAME:
	case SECTION_COOLED:
		break;
	case SECTION_GONE:
		stream_gone(t, l->stream, 0);
		return FETCH_DONE;
	case SECTION_CHANGING:
		return FETCH_LATER;
	}
	believe_pred(l, &pred);
	if (result == RING_DATA) {
		if (why == RING_CORRUPT && !l->bad)
			show_complain(t->show, &l->stream->entry.d,
			    "has an impossible lane");
		moved(t, l, &seat, lost);
	} else if (result == RING_CORRUPT) {
		show_complain(t->show, &l->stream->entry.d,
		    "has a lane that is given up");
		l->state = LANE_DONE;
		return FETCH_DONE;
	}
	return FETCH_LATER;
}

/* One try: FETCH_LATER with t->busy may be tried again at once. */
static enum fetch_result
fetch_once(struct tail *t, struct tail_lane *l)
{
	struct tail_stream *s = l->stream;
	struct chunk *chunk;
	struct ring_pred pred;
	uint64_t offset;
	size_t length;
	enum ring_result result;
	int dict;

	if (l->bad)
		return sit_elsewhere(t, l, RING_CORRUPT);
	result = copy(t, l, &chunk, &length);
	if (result != RING_DATA) {
		chunk_put(t, chunk);
		if (result != RING_EMPTY)
			return sit_elsewhere(t, l, result);
		l->complete = descriptor_is(&s->entry.d, CLASS_COOL);
		return FETCH_EMPTY;
	}
	ring_load_pred(&l->ring, &pred);
	dict = dict_stage(t, s, &offset);
	switch (stream_still(t, s)) {
	case SECTION_SAME:
	case SECTION_COOLED:
		break;
	case SECTION_GONE:
		chunk_put(t, chunk);
		stream_gone(t, s, 0);
		return FETCH_DONE;
	case SECTION_CHANGING:
		chunk_put(t, chunk);
		return FETCH_LATER;
	}
	dict_believe(t, s, offset);
	if (dict != 0 && !s->dict_bad) {
		show_complain(t->show, &s->entry.d, "has a damaged dictionary");
		s->dict_bad = 1;
	}
	believe_pred(l, &pred);
	return take(t, l, chunk, length);
}

enum fetch_result
lane_fetch(struct tail *t, struct tail_lane *l)
{
	enum fetch_result result = FETCH_LATER;

	must(!l->has_next && l->chunk == NULL);
	for (int i = 0; i < FETCH_TRIES && result == FETCH_LATER; i++) {
		if (l->stream->gone || l->state == LANE_DONE)
			return FETCH_DONE;
		if (l->bounded && (int64_t)(l->ring.pos - l->end_pos) >= 0)
			return FETCH_EMPTY;
		result = fetch_once(t, l);
	}
	if (result == FETCH_LATER)
		t->pending = 1;
	return result;
}
