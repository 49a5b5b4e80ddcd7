/*
 * move.h -- moving the words of a counter set from one section to another
 * while threads go on adding to them.
 *
 * The algorithm is told at the top of move.c.
 */
#ifndef SHMLOG_COMMON_MOVE_H
#define SHMLOG_COMMON_MOVE_H

#include <stdint.h>

#include "common/set.h"

/*
 * Prepares the new section (not published yet, of the same plan) from the old
 * words, which are in use.  kinds has an enum schema_kind a word: that of its
 * entry, but SCHEMA_LABEL for a bitmap's second word and for what is no
 * entry's.
 */
void set_move_begin(
    void *to, const void *from, const struct set_plan *, const uint8_t *kinds);

/*
 * Finishes the move when the old words are at rest and the new ones in use.
 */
void set_move_finish(
    void *to, const void *from, const struct set_plan *, const uint8_t *kinds);

#endif
