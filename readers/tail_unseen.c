/*
 * tail_unseen.c -- streams that came and went between two listings.
 *
 * A reader that was stopped for longer than the cooling time may never have met
 * a stream: all that is left of it is its tombstone.  So tomb_next is loaded
 * before each listing, and when that was absorbed, the tombstones between the
 * time before and this one are looked at: of a stream that we never had, all
 * records were lost.  A tombstone below tomb_next was written before the
 * listing, so its stream is not in any later one: nothing is told twice.  And a
 * stream that we had is known until a listing after the one that it was first
 * missing from, so that its tombstone has been looked at.
 *
 * What was buried before the first listing is no loss.  For that the tombstones
 * are counted before and behind that one; those in between are news only if
 * their serial is larger than all in it.
 */
#include "common/shared.h"
#include "readers/tail.h"

void
unseen_begin(struct tail_source *src)
{
	const struct listing *list = &src->listing;
	uint64_t serial;

	if (src->young)
		return;
	src->looked = src->tombs;
	src->sure = directory_buried(src->segment);
	for (size_t i = 0; i < list->n; i++) {
		serial = shared_load(&list->entries[i].d.serial);
		if (serial > src->newest)
			src->newest = serial;
	}
}

int
tomb_records(const struct tombstone *tomb, uint64_t *records)
{
	int unknown = 0;

	*records = 0;
	for (uint32_t i = 0; i < tomb->lanes; i++) {
		if (tomb->records[i] == TOMB_UNKNOWN)
			unknown = 1;
		else
			*records += tomb->records[i];
	}
	return unknown;
}

/* What an earlier run had of it, of lanes of which the tombstone knows. */
static uint64_t
had_before(const struct tail *t, const struct tail_source *src,
    const struct tombstone *tomb)
{
	const struct cursor_lane *k;
	uint64_t n = 0;

	for (uint32_t i = 0; i < tomb->lanes; i++) {
		k = cursor_lane(
		    t->cursor, src->created, shared_load(&tomb->serial), i);
		if (k != NULL && tomb->records[i] != TOMB_UNKNOWN)
			n += k->number;
	}
	return n;
}

static void
tell(
    struct tail *t, const struct tail_source *src, const struct tombstone *tomb)
{
	struct descriptor of = { .owner_pid = tomb->owner_pid };
	uint64_t lost, had = had_before(t, src, tomb);
	int unknown = tomb_records(tomb, &lost);

	lost = lost > had ? lost - had : 0;
	memcpy(of.type, tomb->type, TYPE_MAX);
	memcpy(of.ident, tomb->ident, IDENT_MAX);
	if (lost != 0 || unknown)
		show_lost(t->show, &of, lost, unknown);
}

void
unseen_look(struct tail *t, struct tail_source *src)
{
	const struct segment *s = src->segment;
	uint64_t from = src->looked, n = src->tombs - from, serial;
	int missed = 0;
	struct tombstone tomb;

	src->looked = src->tombs;
	if ((int64_t)n <= 0)
		return;
	if (n > s->plan.tomb_count) {
		from = src->tombs - s->plan.tomb_count;
		missed = 1;
	}
	for (; from != src->tombs; from++) {
		if (directory_tombstone_at(s, from, &tomb) != 0) {
			missed = 1;
			continue;
		}
		serial = shared_load(&tomb.serial);
		if (stream_find(src, serial) == NULL &&
		    (from >= src->sure || serial > src->newest))
			tell(t, src, &tomb);
	}
	if (missed && !segment_torn(s))
		show_lost(t->show, NULL, 0, 1);
}
