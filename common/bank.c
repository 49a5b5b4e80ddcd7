/*
 * bank.c -- turn over the banks of retained sums.
 */
#include "common/bank.h"

#include "common/shared.h"

void
bank_write(void *section, const struct set_plan *p, uint64_t bank,
    const uint64_t *sums, uint32_t words, uint64_t serial)
{
	struct set_header *h = section;

	shared_words_store(set_word(section, p, bank, 0, 0), sums, words);
	shared_store(&h->folded[bank], serial);
}

void
bank_turn(void *section, uint64_t bank)
{
	struct set_header *h = section;

	/* pairs with the acquire loads in set_total_with() and bank_folded() */
	atomic_store_explicit(&h->bank, bank, memory_order_release);
	/* the set's descriptor changes after this; pairs with the acquire
	 * load of `changes' in directory_entry() */
	atomic_thread_fence(memory_order_release);
}

uint64_t
bank_folded(const void *section)
{
	const struct set_header *h = section;
	/* pairs with the release store in bank_turn() */
	uint64_t bank = atomic_load_explicit(&h->bank, memory_order_acquire);

	return shared_load(&h->folded[bank & 1]);
}

int
set_is_carried(const void *section)
{
	const struct set_header *h = section;

	/* pairs with the release store in set_carried() */
	return atomic_load_explicit(&h->carried, memory_order_acquire) == 1;
}

void
set_carried(void *section)
{
	struct set_header *h = section;

	/* pairs with the acquire load in set_is_carried() */
	atomic_store_explicit(&h->carried, 1, memory_order_release);
}

int
set_is_freed(const void *section)
{
	const struct set_header *h = section;

	/* pairs with the release store in set_freed() */
	return atomic_load_explicit(&h->freed, memory_order_acquire) == 1;
}

void
set_freed(void *section)
{
	struct set_header *h = section;

	/* pairs with the acquire load in set_is_freed() */
	atomic_store_explicit(&h->freed, 1, memory_order_release);
}
