/*
 * tale.h -- a capture made by hand, of some length, and its copy.
 */
#ifndef SHMLOG_TESTS_TALE_H
#define SHMLOG_TESTS_TALE_H

#include "readers/capture_block.h"
#include "tests/unit/album.h"

#define HEAD sizeof(struct capture_block)
#define FILE_HEAD sizeof(struct capture_header)

extern struct album tale;
extern struct reading tale_read;
extern char tale_copy[96], tale_other[96]; /* files beside it */
extern struct copying tale_at_once;        /* to tale_copy */

/* An empty one, with some tags and formats; ends with tale_end(). */
void tale_begin(void);
/* A record, of a tag and perhaps a format of which some are in no dictionary.
 */
void tale_put_any(struct unit_random *, uint64_t number);
/* What it has become: n bytes.  Each block of records is marked where nobody
 * looks: in the padding of a slot. */
uint8_t *tale_end_story(size_t *n);
/* All of these: full blocks, with losses and streams that go in between. */
uint8_t *tale_story(uint64_t seed, int records, size_t *n);
void tale_end(uint8_t *bytes);

/* The bytes of the copy, to be freed. */
uint8_t *tale_copied_bytes(size_t *n);
/* How many lines of a reading's text are records. */
size_t tale_records_in(const char *text);
/* The first block that is large, its payload, and the streams of its slots. */
const uint8_t *tale_first_large(
    const uint8_t *bytes, struct capture_block *, struct rec_stream **of);

#endif
