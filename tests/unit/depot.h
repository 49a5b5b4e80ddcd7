/*
 * depot.h -- a store without a daemon: a directory, a clock that the test sets,
 * workers and readers as the test plays them.
 */
#ifndef SHMLOG_TESTS_DEPOT_H
#define SHMLOG_TESTS_DEPOT_H

#include "common/directory.h"
#include "common/ring.h"
#include "common/set.h"
#include "common/stream.h"
#include "daemon/store.h"
#include "tests/unit/unit.h"

#define DEPOT_SECTIONS 64
#define DEPOT_SIZE (UINT64_C(4) << 20)
#define DEPOT_COOLING 60
#define NS UINT64_C(1000000000)

struct depot {
	char path[64];
	int dirfd;
	struct store_options options;
	struct store_time now;
	struct store *store;
	struct store_taken taken;
	struct segment map; /* as a reader has it */
	uint8_t *memory;    /* as a worker has it */
};

/* Makes the first segment; options may be changed before depot_open(). */
void depot_begin(struct depot *);
void depot_open(struct depot *);
void depot_end(struct depot *);
void depot_pass(struct depot *, uint64_t seconds);

/*
 * The daemon is killed and the next one takes over from `fds', or from
 * `segment' and `segment.prev' as they are if n is 0.  The old mapping is kept
 * in old (for depot_forget()), for its workers go on writing to it.
 */
void depot_restart(struct depot *, const int *fds, size_t n, struct depot *old);
void depot_forget(struct depot *old);

/* Processes that do not exist; depot_kill() lets runs() know. */
struct store_owner depot_process(pid_t pid);
void depot_kill(pid_t pid);

enum message_status depot_alloc(struct depot *, const struct store_owner *,
    const char *class, const char *ident, uint64_t length,
    struct message_section *);

/* A published stream of one lane of 64 KiB, and a record for it. */
struct message_section depot_stream(struct depot *, const struct store_owner *);
void depot_put(struct ring_writer *, uint32_t n);
struct ring_writer depot_lane(struct depot *, const struct message_section *);
void *depot_memory(struct depot *, const struct message_section *);

/* The words of depot_set()'s sets; the last three are a small histogram's. */
enum {
	DEPOT_HITS,
	DEPOT_BYTES,
	DEPOT_LOAD,
	DEPOT_DEPTH,
	DEPOT_TIMES,
	DEPOT_SHORT,
	DEPOT_LONG,
	DEPOT_WORDS,
	DEPOT_ENTRIES = DEPOT_TIMES + 1
};

/* ALLOCs a set and fills it, as a worker does: from the live words in `from'
 * (of depot `old'), or from nothing. */
struct message_section depot_set(struct depot *, const struct store_owner *,
    uint64_t id, struct depot *old, const struct message_section *from);
enum message_status depot_publish(
    struct depot *, const struct store_owner *, const struct message_section *);
/* What the worker does after PUBLISH. */
void depot_moved(struct depot *, const struct message_section *,
    struct depot *old, const struct message_section *from);
struct set_plan depot_plan(struct depot *, const struct message_section *);
void depot_add(
    struct depot *, const struct message_section *, uint32_t word, uint64_t n);

/* The directory, as a reader has it; entries[DEPOT_SECTIONS * 4]. */
size_t depot_read(struct depot *, struct directory_entry *entries);
/* The entry of a section: 0 if it is not listed. */
int depot_find(struct depot *, uint64_t serial, struct directory_entry *entry);
/* What readers add up to, over the sets of depot_set(). */
uint64_t depot_sum(struct depot *, uint32_t word);
struct store_figures depot_figures(struct depot *);

/* The segment as it is now, in a file without a name. */
int depot_copy(struct depot *);
/* The segment of that name, to be read by a store. */
int depot_fd(struct depot *, const char *name);

#endif
