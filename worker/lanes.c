/*
 * lanes.c -- take a lane, and move lanes from one section to the next.
 *
 * A writing thread takes the lane of the CPU it runs on by trying its lock, or
 * else the next one; if all are held it yields and tries again, a bounded
 * number of times.  So threads on different CPUs do not meet, and a lane whose
 * holder was preempted, or interrupted by a signal handler that logs, holds up
 * nobody.
 *
 * MOVING.  join.c publishes a section and makes it the target.  A lane moves
 * when somebody who holds it sees that it is elsewhere: the joiner for all
 * lanes it can take, and for the others their next holder, between two records.
 * Then nobody writes to the lane's old ring any more, so how many records that
 * has is final, and is named in the new one as its predecessor.
 *
 * A place is unmapped when no lane is in it.  `users' counts them; who is about
 * to move adds itself first and then looks whether the target is still the
 * same, while the joiner first changes the target and then looks at users: in
 * one order for all (seq_cst), one of the two sees the other.
 */
#include <sys/mman.h>

#include <sched.h>
#include <string.h>

#include "common/shared.h"
#include "worker/stream.h"

#define PATIENCE 1024 /* rounds of yielding before a record is dropped */

/* A lane is in a place no more, unless a handler has forked meanwhile, and the
 * places are a child's who counts anew. */
static void
leave(struct shmlog_stream *s, const struct lane *bank, struct lane_place *p)
{
	if (p != NULL && s->lanes == bank)
		(void)number_enter(&p->users, (uint64_t)-1);
}

/*
 * The lane is ours: moves it to the target if it is elsewhere.  A signal
 * handler may fork at any instruction of this; in the child the lane is none of
 * the stream's then, and stays where it is.
 */
static void
lane_move(struct shmlog_stream *s, struct lane *lane)
{
	uint64_t target = number_look(&s->target);
	const struct lane *bank = s->lanes;
	size_t n = (size_t)(lane - bank);
	struct lane_place *from = NULL, *to;
	struct ring_writer w;
	void *map = NULL;

	if (target == lane->at || target == 0 || n >= s->plan.lanes)
		return;
	to = &s->places[target - 1];
	(void)number_enter(&to->users, 1);
	/* not before that: the joiner may be giving it up; and a child's places
	 * are empty */
	if (number_look(&s->target) == target)
		map = to->place.map;
	if (map == NULL || s->lanes != bank) {
		leave(s, bank, to);
		return; /* next time */
	}
	ring_create(
	    &w, stream_lane(map, &s->plan, (uint32_t)n), s->plan.lane_size, 0);
	if (lane->at != 0) {
		from = &s->places[lane->at - 1];
		lane->total += lane->writer.records;
		ring_set_pred(
		    &w, &(struct ring_pred){ .created = from->place.created,
			    .serial = from->place.serial,
			    .lane = n,
			    .records = lane->writer.records,
			    .total = lane->total });
	}
	lane->writer = w;
	lane->at = (uint32_t)target;
	lane->dict = number_get(&to->dict);
	leave(s, bank, from);
}

static struct lane *
lane_try(struct shmlog_stream *s, unsigned from)
{
	unsigned lanes = s->plan.lanes, n = from % lanes;

	for (unsigned i = 0; i < lanes; i++) {
		struct lane *lane = &s->lanes[n];

		if (trylock_take(&lane->lock)) {
			shared_add_single(&lane->figures[FIGURE_COLLISIONS], i);
			return lane;
		}
		if (++n == lanes)
			n = 0;
	}
	return NULL;
}

struct lane *
lane_settle(struct shmlog_stream *s, struct lane *lane)
{
	if (lane->at != number_look(&s->target))
		lane_move(s, lane);
	if (lane->at == 0) {
		lane_give(lane);
		return NULL;
	}
	return lane;
}

struct lane *
lane_take_other(struct shmlog_stream *s)
{
	uint64_t rounds = number_get(&s->patience);
	struct lane *lane;

	if (number_look(&s->target) == 0)
		return NULL;
	lane = lane_try(s, this_cpu());
	for (uint64_t i = 0; lane == NULL && i < rounds; i++) {
		sched_yield();
		lane = lane_try(s, this_cpu());
	}
	if (lane == NULL) {
		/* all are lost, perhaps: do not try that hard again */
		if (rounds > 1)
			number_set(&s->patience, rounds / 2);
		return NULL;
	}
	if (rounds != PATIENCE)
		number_set(&s->patience, PATIENCE);
	return lane_settle(s, lane);
}

int
lanes_retarget(
    struct shmlog_stream *s, const struct place *place, uint64_t dict)
{
	uint64_t free = 0;

	for (uint64_t i = 1; i <= PLACES_MAX && free == 0; i++)
		if (s->places[i - 1].place.map == NULL)
			free = i;
	if (free == 0)
		return -1;
	s->places[free - 1].place = *place;
	number_set(&s->places[free - 1].dict, dict);
	number_put(&s->target, free);
	lanes_sweep(s);
	return 0;
}

void
lanes_sweep(struct shmlog_stream *s)
{
	uint64_t target = number_look(&s->target);

	s->unswept = 0;

	for (uint32_t n = 0; n < s->plan.lanes; n++)
		if (trylock_take(&s->lanes[n].lock)) {
			lane_move(s, &s->lanes[n]);
			trylock_give(&s->lanes[n].lock);
		}
	for (uint64_t i = 1; i <= PLACES_MAX; i++) {
		struct lane_place *p = &s->places[i - 1];

		if (i == target || p->place.map == NULL)
			continue;
		/* below zero by one that left just when it was forked */
		if ((int64_t)number_look(&p->users) > 0) {
			s->unswept = 1;
			continue;
		}
		munmap(p->place.map, p->place.length);
		memset(&p->place, 0, sizeof(p->place));
	}
}

/* Nobody holds a lane, and none is anywhere. */
static void
begin(struct shmlog_stream *s, struct lane *bank)
{
	number_put(&s->target, 0);
	memset(bank, 0, LANES_MAX * sizeof(*bank));
	s->lanes = bank;
	figures_assign(s);
	for (uint32_t i = 0; i < PLACES_MAX; i++) {
		number_set(&s->places[i].users, 0);
		number_set(&s->places[i].dict, 0);
		memset(&s->places[i].place, 0, sizeof(s->places[i].place));
	}
	number_set(&s->patience, PATIENCE);
	s->unswept = 0;
}

void
lanes_reset(struct shmlog_stream *s)
{
	for (uint32_t i = 0; i < PLACES_MAX; i++)
		if (s->places[i].place.map != NULL)
			munmap(
			    s->places[i].place.map, s->places[i].place.length);
	begin(s, s->banks[0]);
}

static int
is_any_held(const struct shmlog_stream *s)
{
	for (uint32_t n = 0; n < s->plan.lanes; n++)
		if (trylock_is_held(&s->lanes[n].lock))
			return 1;
	return 0;
}

void
lanes_fork(struct shmlog_stream *s)
{
	struct lane *bank = s->lanes;

	/* a signal handler that forks may have interrupted an append, which
	 * goes on in the child: in memory that is nobody's, and in a lane of
	 * the bank that is not used any more; nor in the child's child, unless
	 * a put was interrupted there, too, and the handler forks again */
	for (uint32_t i = 0; i < PLACES_MAX; i++)
		if (s->places[i].place.map != NULL)
			(void)mmap(s->places[i].place.map,
			    s->places[i].place.length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED,
			    -1, 0);
	if (is_any_held(s))
		bank = bank == s->banks[0] ? s->banks[1] : s->banks[0];
	begin(s, bank);
}
