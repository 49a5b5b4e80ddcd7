/*
 * group_node.h -- the parts of grouping: transactions that are waited for, and
 * where their records are kept.  Only for group*.c.
 *
 * Ids and links are strangers' words.  So the table is hashed with a secret,
 * links that would make a circle, or a tree too deep, do not count, nothing
 * here calls itself, and what a record costs is bounded by GROUP_DEPTH.
 */
#ifndef SHMLOG_READERS_GROUP_NODE_H
#define SHMLOG_READERS_GROUP_NODE_H

#include <sys/queue.h>

#include "readers/group.h"

/*
 * group_store.c: copies of records, one behind the other in slabs, of which a
 * transaction has a list.  Slabs are used again.
 */
#define SLAB_SMALL ((size_t)1 << 10)
#define SLAB_CLASSES 8 /* up to 128 KiB: any record fits in */
#define SLAB_GROW 6    /* the largest that is taken before it must be */
#define SPARE_MAX ((size_t)16 << 20)

struct slab {
	struct slab *next;
	uint32_t class;
	uint32_t fill; /* bytes */
	uint64_t data[];
};

struct store {
	struct slab *spare[SLAB_CLASSES];
	size_t spared; /* bytes of these */
	size_t used;   /* bytes of those in use */
};

/* A transaction's; all zero: none. */
struct copies {
	struct slab *first, *last;
	size_t n;
	struct rec_stream *stream; /* the last one's */
	size_t held;               /* references, to that one and others */
};

/* Returns how many bytes that took. */
size_t store_put(struct store *, struct copies *, const struct rec *);
/* Makes records of them, c->n; they point into the slabs. */
void store_take(const struct copies *, struct rec *to, uint32_t depth);
void store_free(struct store *, struct copies *);
void store_fini(struct store *);

/*
 * A transaction, or a place for one that a link has named.
 */
struct node {
	/* what each record looks at comes first */
	struct node *chain; /* the next one of its bucket */
	uint64_t id;
	uint64_t start; /* its process */
	uint32_t pid;
	uint8_t begun, ended; /* by flags */
	struct copies copies;
	struct node *parent;
	/* of a root, for all of its tree: */
	size_t open; /* transactions that have not ended */
	size_t records;
	size_t bytes;
	size_t nodes;
	unsigned part;

	unsigned height; /* of what is below it, at least */
	TAILQ_ENTRY(node) age;
	uint64_t hash;
	uint64_t began; /* clock_mono() */
	uint64_t seq;   /* in the order in which they came */
	TAILQ_HEAD(node_list, node) children;
	TAILQ_ENTRY(node) sibling;
	struct node *before; /* while a tree is gone through */
};

static inline struct node *
tree_root(struct node *n)
{
	while (n->parent != NULL)
		n = n->parent;
	return n;
}

/* The next one of a tree, parents before their children; NULL: that was all.
 * *depth is the node's. */
struct node *tree_next(const struct node *root, struct node *, uint32_t *depth);

/* Puts one that has no parent below another one; 0, or -1: that makes a circle,
 * or a tree too deep or too large. */
int tree_attach(struct node *parent, struct node *);

/* Takes one that has no children from its parent. */
void tree_detach(struct node *);

#endif
