/*
 * freed.c -- sections whose owners gave them up while nobody listened.
 *
 * A worker that frees a section says so in it before it says so on the socket.
 * A daemon that was away or stopped, or had dropped the client, finds it there:
 * takeover.c in the old segment, store_refresh() where the words of
 * placeholders are, store_client_came() and store_client_gone() in what the
 * process has, and once a second we look through the orphans.
 *
 * It is input: who says so and does not mean it loses his own section.  The old
 * segments that nobody's words are in after that go with the next carry_poll().
 *
 * ONCE.  A set that is on its way to us when it is freed is in two sections.
 * The worker says so in the new one first, so when a placeholder was added to
 * the sums for what its old one says, the new one says it, too, and is not
 * listed any more: its carry is in the sums.
 */
#include "common/bank.h"

#include "daemon/store_private.h"

#define WALK_SLOTS 4096 /* looked at in a tick */
#define WALK_FREED 64   /* of these retired */

int
section_is_freed(const struct store *s, const struct section *sec)
{
	const uint8_t *memory = section_memory(s, sec);

	/* what is reserved may be rubbish, but is a page at least */
	if (descriptor_is(&sec->d, CLASS_LOG))
		return stream_is_freed(memory);
	return descriptor_is(&sec->d, CLASS_STAT) && set_is_freed(memory);
}

int
places_freed(const struct source *places)
{
	for (int i = 0; i < PLACES && places[i].old != NULL; i++)
		if (set_is_freed(places[i].section))
			return 1;
	return 0;
}

void
freed_poll(struct store *s, struct store_time now)
{
	uint32_t n = s->plan.desc_count, most = WALK_FREED;
	struct section *sec;

	if (n > WALK_SLOTS)
		n = WALK_SLOTS;
	if (s->figures.orphaned == 0)
		return;
	for (; n > 0 && most > 0; n--) {
		sec = &s->slots[s->walk];
		s->walk = (s->walk + 1) % s->plan.desc_count;
		if ((sec->state != SLOT_RESERVED &&
			sec->state != SLOT_LISTED) ||
		    !(sec->d.flags & DESC_ORPHAN) || !section_is_freed(s, sec))
			continue;
		section_begin(s);
		section_retire(s, sec, now);
		section_end(s);
		most--;
	}
}

/* A placeholder is not kept for its cooling: no time is asked for. */
void
store_refresh(struct store *s)
{
	static const struct store_time never;
	struct section *sec, *next;
	int some = 0;

	TAILQ_FOREACH_SAFE(sec, &s->placeholders, set->move, next) {
		if (!places_freed(sec->set->places)) {
			placeholder_refresh(s, sec);
			continue;
		}
		section_begin(s);
		section_retire(s, sec, never);
		section_end(s);
		some = 1;
	}
	if (some)
		own_set_show(s);
}
