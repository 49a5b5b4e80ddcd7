/*
 * fake.h -- a segment with counter sets, made by hand: what a daemon and its
 * workers would have written, at the moment a test wants.
 */
#ifndef SHMLOG_TESTS_FAKE_H
#define SHMLOG_TESTS_FAKE_H

#include <stdint.h>

#include "common/directory.h"
#include "common/segment.h"
#include "common/set.h"
#include "tests/unit/unit.h"

#define FAKE_SECTIONS 64
#define FAKE_SECTION_SIZE (UINT64_C(32) << 10)

struct fake {
	char path[64]; /* of the instance */
	int dirfd;
	struct segment_plan plan;
	uint8_t *base; /* mapped writable */
	struct directory dir;
	uint64_t changes[FAKE_SECTIONS];
	struct descriptor d[FAKE_SECTIONS]; /* serial 0: not listed */
	uint64_t serial;                    /* the last one given */
};

/* A segment with nothing in it; its list is not in change. */
void fake_begin(struct fake *);
/* Another segment in its place, as the next daemon makes one. */
void fake_restart(struct fake *);
void fake_end(struct fake *);

/* What a set is made of. */
struct fake_set {
	const char *type;
	const char *ident;
	const struct schema_item *items; /* `word' is counted by itself */
	uint32_t n;
	uint32_t pid;
	uint32_t flags;
	const char *class; /* NULL: Stat */
	uint64_t created;  /* 0: now */
	uint64_t id;
	uint32_t shards; /* 0: one */
	uint32_t banks;  /* 0: one */
};

/* Makes one, unlisted; returns its index. */
uint32_t fake_set(struct fake *, const struct fake_set *);
void *fake_section(struct fake *, uint32_t index);
struct set_plan fake_plan(struct fake *, uint32_t index);
/* Stores a value: bank 0, shard 0. */
void fake_store(struct fake *, uint32_t index, uint32_t word, uint64_t value);
/* Takes it out of the list; its place may be used again. */
void fake_drop(struct fake *, uint32_t index);

/* Between directory_begin() and directory_end(): lists what there is. */
void fake_list(struct fake *);
/* All in one change. */
void fake_show(struct fake *);

#endif
