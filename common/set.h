/*
 * set.h -- a section of class Stat: its schema and where its values are.
 */
#ifndef SHMLOG_COMMON_SET_H
#define SHMLOG_COMMON_SET_H

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"

/* One entry of a schema, in private memory; the strings end with a zero. */
struct schema_item {
	enum schema_kind kind;
	uint8_t level;
	uint32_t word;
	uint32_t words;
	char name[SCHEMA_NAME_MAX];
	char unit[SCHEMA_UNIT_MAX];
	char help[SCHEMA_HELP_MAX];
};

/*
 * Encodes an entry at buf + *length and moves *length on; buf may be NULL, to
 * learn the length.  The strings have been checked by schema_item_check().
 */
void schema_put(uint8_t *buf, size_t *length, enum schema_kind, uint8_t level,
    uint32_t word, uint32_t words, const char *name, const char *unit,
    const char *help);

/* 0, or -1 with EINVAL: a name of [A-Za-z0-9_.:-], printable UTF-8 in the rest,
 * each shorter than its maximum, a kind and level that there are. */
int schema_item_check(enum schema_kind, uint8_t level, const char *name,
    const char *unit, const char *help);

/*
 * Decodes the entry at *offset of a schema in private memory and moves it on.
 * 1: *item is one; 0: no more; -1: no writer of ours wrote this.  Text that is
 * no name is replaced byte by byte, so that it can be printed.
 */
int schema_next(const uint8_t *schema, size_t length, size_t *offset,
    struct schema_item *item);

/* A set's plan, bounded: every offset and length lies in the section. */
struct set_plan {
	uint32_t entries;
	uint32_t words;
	uint32_t shards;
	uint32_t banks;
	uint64_t schema_offset;
	uint64_t schema_length;
	uint64_t carry_offset;
	uint64_t values_offset;
	uint64_t shard_stride;
	uint64_t bank_stride;
	uint64_t origin_created;
	uint64_t origin_serial;
	uint64_t id;
};

/* Plans a set; returns the section's length, whole pages; 0: EINVAL.  The
 * origin and id are zero, for the caller to fill in. */
uint64_t set_plan(struct set_plan *, uint32_t entries, uint32_t words,
    uint32_t shards, uint32_t banks, uint64_t schema_length);

/* Writes header and schema of a section of zeros. */
void set_create(void *section, const struct set_plan *, const void *schema);

/*
 * Reads and bounds the header of a section of `length' bytes, written by
 * anybody.  0, or -1 if it is no set.  The schema is bounded, not yet decoded.
 */
int set_check(const void *section, uint64_t length, struct set_plan *);

/*
 * Decodes a private copy of the schema as a whole: 0 if the entries are as many
 * as the plan says and each one's words lie in a shard, else -1.
 */
int set_check_schema(const struct set_plan *, const uint8_t *schema);

/* The addresses of a word and of its carry. */
static inline uint64_t *
set_word(const void *section, const struct set_plan *p, uint64_t bank,
    uint32_t shard, uint32_t word)
{
	return (uint64_t *)((uint8_t *)(uintptr_t)section + p->values_offset +
			    bank * p->bank_stride + shard * p->shard_stride) +
	       word;
}

static inline uint64_t *
set_carry(const void *section, const struct set_plan *p, uint32_t word)
{
	return (uint64_t *)((uint8_t *)(uintptr_t)section + p->carry_offset) +
	       word;
}

/*
 * What a word amounts to, as layout.h has it; and what it would with another
 * carry.  Of a bitmap, `word' is the first one.
 */
uint64_t set_total(const void *section, const struct set_plan *,
    enum schema_kind, uint32_t word);
uint64_t set_total_with(const void *section, const struct set_plan *,
    enum schema_kind, uint32_t word, uint64_t carry);

/* Whether a set's words of this kind are added to retained sums. */
static inline int
kind_is_retained(enum schema_kind kind)
{
	return kind == SCHEMA_COUNTER || kind == SCHEMA_HISTOGRAM;
}

#endif
