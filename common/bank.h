/*
 * bank.h -- the words of a set's header that two processes, or two daemons one
 * after the other, agree by: the banks of retained sums, `carried', `freed'.
 *
 * FOLDING.  The daemon writes the new sums and the serial of the set that they
 * have now to the bank that is not shown, and then turns `bank' over with one
 * store: killed at any instruction, it did that wholly or not at all.  Only
 * then does it change the descriptor of the set that was added, and only then
 * may it fold another one.
 */
#ifndef SHMLOG_COMMON_BANK_H
#define SHMLOG_COMMON_BANK_H

#include <stdint.h>

#include "common/set.h"

/* Writes `words' sums to a bank that is not shown. */
void bank_write(void *section, const struct set_plan *, uint64_t bank,
    const uint64_t *sums, uint32_t words, uint64_t serial);

/* Shows a bank. */
void bank_turn(void *section, uint64_t bank);

/* The serial of the last set that was added to what is shown; 0: none. */
uint64_t bank_folded(const void *section);

/* Whether the carry is final, and saying so after it was stored. */
int set_is_carried(const void *section);
void set_carried(void *section);

/* Whether the owner has given it up, and saying so after the last change. */
int set_is_freed(const void *section);
void set_freed(void *section);

#endif
