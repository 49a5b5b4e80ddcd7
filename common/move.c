/*
 * move.c -- move the words of a counter set to another section.
 *
 * The new words begin as if nothing had happened, and what the old ones amount
 * to is stored in the carry: once before the section is published, so that
 * readers' sums do not go back, and once more when the old words are at rest.
 * Each is one store a word, so a worker killed between any two of them, or
 * before the last, has lost nothing: the daemon can do the rest from the old
 * section.
 *
 * How word and carry are put together (layout.h) makes it exact whenever a
 * change falls: what was done to the old word is in the carry in the end, what
 * is done to the new one counts on top of it.  A counter's are added.  A gauge
 * that is set in the new place is no longer GAUGE_UNSET, and the carry does not
 * matter any more.  A bit that is set or cleared in the new place is marked as
 * touched, and so is itself; one that is only flipped there turns the carry's.
 */
#include "common/move.h"

#include "common/bank.h"
#include "common/shared.h"

static void
store_carry(
    void *to, const void *from, const struct set_plan *p, const uint8_t *kinds)
{
	for (uint32_t w = 0; w < p->words; w++)
		if (kinds[w] != SCHEMA_LABEL)
			shared_store(set_carry(to, p, w),
			    set_total(from, p, (enum schema_kind)kinds[w], w));
}

void
set_move_begin(
    void *to, const void *from, const struct set_plan *p, const uint8_t *kinds)
{
	for (uint32_t w = 0; w < p->words; w++)
		if (kinds[w] == SCHEMA_GAUGE)
			shared_store(set_word(to, p, 0, 0, w), GAUGE_UNSET);
	store_carry(to, from, p, kinds);
}

void
set_move_finish(
    void *to, const void *from, const struct set_plan *p, const uint8_t *kinds)
{
	store_carry(to, from, p, kinds);
	set_carried(to);
}
