/*
 * store_private.h -- what the files of the store share with one another.
 *
 *	store.c		the file: made, opened for business, checked, closed
 *	section.c	descriptors and their list, pages, cooling
 *	owner.c		whose sections they are; shares
 *	request.c	ALLOC, PUBLISH, FREE and the owners' events
 *	family.c	sets of one type, ident and schema, and their sums
 *	carry.c		sets that move between segments, and placeholders
 *	mask.c		which records are not wanted
 *	freed.c		what was given up while nobody listened
 *	old.c		old segments, mapped as long as they are needed
 *	takeover.c	what old segments hold
 *	figures.c	the daemon's own counters, the dump
 *
 * A SECTION is in one slot (descriptor) from ALLOC until its pages are given
 * up: FREE -> RESERVED -> LISTED -> COOLING -> FREE.  Slots never move; those
 * that are free and those that cool stand in queues, those that are listed in a
 * mirror of the public list, those that somebody owns in a list of his: no
 * operation walks along any of them.
 */
#ifndef SHMLOG_DAEMON_STORE_PRIVATE_H
#define SHMLOG_DAEMON_STORE_PRIVATE_H

#include <sys/queue.h>

#include <string.h>

#include "common/directory.h"
#include "common/set.h"
#include "common/stream.h"

#include "daemon/extent.h"
#include "daemon/must.h"
#include "daemon/store.h"
#include "daemon/tree.h"

#define STORE_MAGIC 0x53544f52u
#define SECTION_MAGIC 0x53454354u
#define OWNER_MAGIC 0x4f574e52u
#define FAMILY_MAGIC 0x46414d59u
#define OLD_MAGIC 0x4f4c4453u

#define SECOND UINT64_C(1000000000) /* ns */

enum slot_state {
	SLOT_FREE,
	SLOT_RESERVED,
	SLOT_LISTED,
	SLOT_COOLING,
};

/* What a uid has. */
struct user {
	RB_ENTRY(user) tree;
	uid_t uid;
	struct store_use use;
};

/* A process that has sections. */
struct owner {
	uint32_t magic;
	uint32_t placeholders;
	RB_ENTRY(owner) tree;
	pid_t pid;
	uint64_t start;
	struct store_use use;
	uint32_t sections; /* in the list, placeholders included */
	TAILQ_HEAD(owned_list, section) owned;
};

struct old_slot {
	uint64_t serial;
	uint32_t index;
};

/* An old segment that is still read. */
struct old {
	uint32_t magic;
	uint32_t users; /* sources in it */
	int own;        /* no old one: sets that move within this segment */
	int held;       /* see olds_look() */
	struct segment map;
	struct old_slot *slots; /* descriptors in use, by serial */
	size_t nslots;
	LIST_ENTRY(old) list;
};

/* A set's words in an old segment.  old is NULL if there is none (any more). */
struct source {
	struct old *old;
	const uint8_t *section;
	struct set_plan plan;
	uint64_t serial;
};

/*
 * A set that moves between segments may be caught with its words in a section
 * of which the carry is not final: then what the section amounts to is told by
 * that one and by the one that it came from, and so on.
 */
#define PLACES 4

/* What is private to a listed counter set. */
struct set {
	struct set_plan plan;
	struct family *family;
	RB_ENTRY(section) tree; /* by pid, start, id and origin */
	pid_t pid;              /* 0: a placeholder of another pid namespace */
	uint64_t start;
	uint64_t id;
	uint64_t origin; /* pid 0: the serial that it comes from, else 0; two
			    may have been started in one tick */
	/* a placeholder: where its words are; a set whose carry is not final:
	 * where it came from */
	struct source places[PLACES];
	uint64_t until;  /* not to be read any more after this; 0: for ever */
	uint64_t *shown; /* of a placeholder */
	int moving;      /* in one of the next lists */
	TAILQ_ENTRY(section) move; /* placeholders, or joining sets */
};

/* A stream that rules are about, and its mask as it was written. */
struct masked {
	struct section *section;
	TAILQ_ENTRY(masked) all;
	uint64_t levels;
	uint64_t tags[TAGS_MAX / 64];
	uint64_t seen; /* bytes of its dictionary */
	int by_tag;    /* there are rules about its tags */
};

TAILQ_HEAD(masked_queue, masked);

struct masks {
	uint32_t n;
	struct mask_rule rules[MASK_RULES_MAX];
	struct masked_queue streams; /* who was looked at last is the last */
	/* a change is carried out: for streams that match this, from this slot
	 * on (desc_count: done) */
	char about[MASK_GLOB_MAX];
	uint32_t next;
};

struct section {
	uint32_t magic;
	uint32_t index;
	enum slot_state state;
	int listed;
	struct descriptor d; /* as published, or to be */
	uint64_t serial;
	uint64_t page;
	uint64_t pages;
	uint64_t cooled; /* monotonic, ns */
	uint64_t client; /* 0: orphan, or nobody's */
	struct owner *owner;
	struct user *user;
	TAILQ_ENTRY(section) list;
	TAILQ_ENTRY(section) queue;
	TAILQ_ENTRY(section) owned;
	int is_stream;
	struct stream_plan stream; /* bounded, when it was published */
	struct set *set;
	struct masked *masked; /* of a listed stream; NULL: no rule's */
};

struct item {
	enum schema_kind kind;
	uint32_t word;
	uint32_t words;
};

/* All sets of one type, ident and schema, and what is retained of them. */
struct family {
	uint32_t magic;
	uint32_t users; /* sets, the retained one not included */
	RB_ENTRY(family) tree;
	char type[TYPE_MAX];
	char ident[IDENT_MAX];
	uint8_t *schema;
	uint64_t schema_length;
	struct item *items;
	uint32_t entries; /* items, labels included */
	uint32_t words;   /* that items are about */
	int retains;      /* there are items to be retained */
	struct section *retained;
	struct set_plan plan; /* of the retained set */
	uint64_t *sums;
	uint64_t *scratch; /* `words' words: a death must not need memory */
	uint64_t bank;
	uint64_t folded[2];
};

TAILQ_HEAD(section_list, section);
TAILQ_HEAD(section_queue, section);
TAILQ_HEAD(moving_list, section);
RB_HEAD(owner_tree, owner);
RB_HEAD(user_tree, user);
RB_HEAD(family_tree, family);
RB_HEAD(set_tree, section);
LIST_HEAD(old_list, old);

struct store {
	uint32_t magic;
	int fd;
	struct store_options options;
	struct segment_plan plan;
	uint8_t *base;
	struct directory dir;
	uint64_t *changes;
	int changing; /* depth of nested changes */
	int open;     /* alloc_seq has had a value */
	uint64_t heartbeat;
	uint64_t born; /* monotonic, ns */
	uint64_t next_serial;
	uint64_t pages; /* data pages */

	struct extents *extents;
	struct section *slots;
	struct section_queue spare;   /* free slots */
	struct section_queue cooling; /* the longest first */
	struct section_list list;     /* as published */
	uint64_t background;          /* page at which washing goes on */
	uint32_t walk;                /* slot at which freed_poll() does */
	struct {
		uint64_t pages; /* the most that could be had; 0: unknown */
		uint64_t until; /* that was so at least until then, unless
				   pages were released; monotonic, ns */
	} most_room;
	uint64_t work; /* see store_work() */

	struct owner_tree owners;
	struct user_tree users;
	struct family_tree families;
	struct set_tree sets;
	struct old_list olds;
	struct moving_list placeholders;
	struct moving_list joining;
	struct masks masks;
	int superseded_fd; /* of the segment that was taken over, or -1 */

	struct store_figures figures; /* but those that extents know */
	struct section *own;          /* the daemon's own set */
	struct set_plan own_plan;
	uint64_t own_words[STORE_WORDS];
};

/* section.c */
uint8_t *section_memory(const struct store *, const struct section *);
void section_begin(struct store *); /* alloc_seq to zero; may be nested */
void section_end(struct store *);
void step(struct store *, const char *where); /* for tests */

/* Takes a slot and zeroed pages; the descriptor is filled but for its owner.
 * The section is RESERVED and nobody's.  now may give up what cooled. */
enum message_status section_new(struct store *, const char *class,
    const char *type, const char *ident, uint64_t length, struct store_time,
    struct section **);

void section_list(struct store *, struct section *);
void section_unlist(struct store *, struct section *);
void section_update(struct store *, const struct section *);
void section_flags(struct store *, struct section *, uint32_t flags);

/* To COOLING; a listed one becomes Cool, with `flags' added. */
void section_cool(
    struct store *, struct section *, uint32_t flags, struct store_time);

/* Gives back a section that no worker ever wrote to: at once. */
void section_drop(struct store *, struct section *);

/* Gives up those whose cooling is over, at most a few hundred. */
void section_expire(struct store *, struct store_time);

/* The section that a request means, if it is this process'. */
struct section *section_find(
    struct store *, const struct store_owner *, const struct message_section *);

/* mask.c */
void mask_join(struct store *, struct section *);  /* about to be listed */
void mask_leave(struct store *, struct section *); /* live no more */
void mask_show(struct store *, const struct section *);
void mask_tick(struct store *); /* looks for new tags */

/* Goes on with carrying out a change; counts the streams that it is about, if
 * streams is not NULL.  1: there is more to do. */
int mask_sweep(struct store *, uint32_t *streams);

/* owner.c */
int owner_take(struct store *, struct section *, const struct store_owner *);
int owner_take_placeholder(
    struct store *, struct section *, pid_t, uint64_t start);
void owner_leave(struct store *, struct section *);  /* live no more */
void owner_forget(struct store *, struct section *); /* pages given up */
struct owner *owner_find(const struct store *, pid_t, uint64_t start);
void owners_free(struct store *);

/* family.c */

/*
 * Finds or makes the family of a set whose plan is bounded.  The schema is
 * copied from `section' once, and checked.  0; -1 with EINVAL or ENOMEM.
 * family_leave() gives it back.
 */
int family_join(struct store *, const char *type, const char *ident,
    const void *section, const struct set_plan *, struct family **);
void family_leave(struct store *, struct family *);

/* Reserves the retained set, if there is to be one; counts if it cannot.  What
 * that will have counted began when the oldest set did that this is called for:
 * the one made at `created'. */
void family_reserve(
    struct store *, struct family *, uint64_t created, struct store_time);

/* Adds up (words[] has family->words words): in private memory, and as shown,
 * in a change that the caller has begun.  0 if it is retained, else -1. */
int family_add(struct family *, const uint64_t *words);
int family_fold(
    struct store *, struct family *, const uint64_t *words, uint64_t serial);

/* Shows the sums of a retained set; list it first if it is not listed. */
void family_show(struct store *, struct family *, uint64_t serial);

/* What a set's words amount to, all kinds. */
void family_totals(struct store *, const struct family *, const void *section,
    const struct set_plan *, uint64_t *words);
void families_rewrite(struct store *); /* after a truncation */
void families_free(struct store *);

/* carry.c */
struct set *set_new(struct family *, const struct set_plan *);
void set_name(
    struct store *, struct section *, pid_t, uint64_t start, uint64_t id);
void set_free(struct store *, struct section *);

/* The section of that process that counts for the set of that plan, or NULL. */
struct section *set_find(
    struct store *, const struct store_owner *, const struct set_plan *);

/* Follows a set's words from the place named on, through old segments; places
 * are PLACES, here and below. */
void places_open(struct store *, const struct family *, uint64_t created,
    uint64_t serial, struct source *places);
void places_close(struct source *places);

/* Brings words[] up to date: 0, or -1 if no place can be read (any more). */
int places_read(
    const struct family *, const struct source *places, uint64_t *words);

/* The set in `sec', about to be listed, takes the place of `from' or NULL:
 * raises its carry, so that sums do not go back. */
int carry_join(struct store *, struct section *sec, struct section *from,
    struct store_time);

/* The owner is dead, or has freed it: finishes its carry. */
void carry_complete(struct store *, struct section *);

/* Forgets the places of those that have finished their carry. */
void carry_poll(struct store *, struct store_time);

/* Begins a placeholder; brings it up to date, and as shown. */
void placeholder_add(struct store *, struct section *);
void placeholder_refresh(struct store *, struct section *);

/* freed.c */

/* Whether the owner said in it that it is given up. */
int section_is_freed(const struct store *, const struct section *);

/* The same of a set, in any of the places of its words: read these later. */
int places_freed(const struct source *places);

/* Retires orphans that are freed, a bounded number a call. */
void freed_poll(struct store *, struct store_time);

/* old.c */

/* Maps an old segment, read-only and guarded; fd is its own from here on.
 * NULL if it is no segment, or is there already. */
struct old *old_add(struct store *, int fd);
struct old *old_find(const struct store *, uint64_t created);
void old_sweep(struct store *); /* closes those that nobody needs */

/*
 * Finds out which of them are held: somebody has it open or mapped for writing,
 * as has each worker that counts there, in whatever pid namespace, or it cannot
 * be told.  Nobody gets hold of it again once it is not.
 */
void olds_look(struct store *);
void olds_free(struct store *);

/* Finds a set's words in an old segment (NULL: nowhere): 0, or -1. */
int source_open(
    struct old *, uint64_t serial, const struct family *, struct source *);

/* The words of a set that is listed in this segment: 0, or -1. */
int source_own(struct store *, const struct section *, const struct family *,
    struct source *);
void source_close(struct source *);

/* request.c */

/* Folds the placeholders whose owners cannot be watched (another pid namespace)
 * once nobody can be counting there any more. */
void foreign_poll(struct store *, struct store_time);
int name_is_good(const char *name, size_t size);

/* As FREE or a death has it, listed or only reserved, in a change that the
 * caller has begun. */
void section_retire(struct store *, struct section *, struct store_time);

/* figures.c */
void figure(struct store *, const struct section *, int sign);
int own_set_new(struct store *, struct store_time);
void own_set_show(struct store *);

/* Copies at most `size' bytes of a name, and zeros up to there. */
static inline void
copy_padded(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size);

	memcpy(to, from, n);
	memset(to + n, 0, size - n);
}

#endif
