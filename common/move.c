/*
 * move.c -- move the words of a counter set to another section.
 *
 * COUNTERS start at zero in the new section; what they amounted to is stored in
 * its carry, once before it is published, so that readers' sums do not go back,
 * and once more when the old words are at rest.  Each is one store of a value
 * that only grows, so a worker killed between any two of them, or before the
 * last, has lost nothing: the daemon can do the rest from the old section.
 *
 * GAUGES are copied; if the old word changed after that, the new one is set to
 * it by compare-and-swap from the value copied: it fails only if the new word
 * was set meanwhile, and then that is the later value.  BITMAPS likewise, bit
 * by bit: a bit that changed in the old word is taken over unless it changed in
 * the new one, too.
 */
#include "common/move.h"

#include "common/shared.h"

static int
is_carried(uint8_t kind)
{
	return kind == SCHEMA_COUNTER || kind == SCHEMA_HISTOGRAM ||
	       kind == SCHEMA_UPDOWN;
}

void
set_move_begin(void *to, const void *from, const struct set_plan *p,
    const uint8_t *kinds, uint64_t *copied)
{
	for (uint32_t w = 0; w < p->words; w++) {
		if (is_carried(kinds[w])) {
			shared_store(set_carry(to, p, w),
			    set_total(from, p, kinds[w], w));
			continue;
		}
		copied[w] = shared_load(set_word(from, p, 0, 0, w));
		shared_store(set_word(to, p, 0, 0, w), copied[w]);
	}
}

/* Takes over the bits that changed from `copied' to `last'. */
static void
move_bits(uint64_t *to, uint64_t copied, uint64_t last)
{
	_Atomic uint64_t *word = (_Atomic uint64_t *)to;
	uint64_t now = atomic_load_explicit(word, memory_order_relaxed), take;

	do {
		/* a bit that is not as copied was changed later */
		take = (copied ^ last) & ~(copied ^ now);
	} while (!atomic_compare_exchange_weak_explicit(word, &now, now ^ take,
	    memory_order_relaxed, memory_order_relaxed));
}

void
set_move_finish(void *to, const void *from, const struct set_plan *p,
    const uint8_t *kinds, const uint64_t *copied)
{
	struct set_header *h = to;
	uint64_t last, expected;

	for (uint32_t w = 0; w < p->words; w++) {
		if (is_carried(kinds[w])) {
			shared_store(set_carry(to, p, w),
			    set_total(from, p, kinds[w], w));
			continue;
		}
		last = shared_load(set_word(from, p, 0, 0, w));
		if (kinds[w] == SCHEMA_BITMAP) {
			move_bits(set_word(to, p, 0, 0, w), copied[w], last);
			continue;
		}
		expected = copied[w];
		(void)atomic_compare_exchange_strong_explicit(
		    (_Atomic uint64_t *)set_word(to, p, 0, 0, w), &expected,
		    last, memory_order_relaxed, memory_order_relaxed);
	}
	/* pairs with the daemon's acquire load when the owner has died */
	atomic_store_explicit(&h->carried, 1, memory_order_release);
}
