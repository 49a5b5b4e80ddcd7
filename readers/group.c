/*
 * group.c -- records into groups: see group.h.
 *
 * Transactions are found by a hash of process and id.  All that wait, be they
 * records or places for what links have named, stand in a list by age: the
 * oldest one's tree is what -T and -L give up.  A tree that has grown too large
 * is handed on, and then goes on without records, and without what has ended.
 *
 * LOSSES.  Who lost records when is kept by a hash of the process, as the
 * number of the youngest transaction then: so a loss costs the same however
 * many wait, and now and then it is taken for another process', too.
 *
 * SHOWN.  The hashes of what was handed on lately, so that a part which begins
 * after the whole has ended does not wait for it.
 */
#include "readers/group.h"

#include <err.h>
#include <stdlib.h>

#include "readers/attach.h"
#include "readers/group_node.h"
#include "readers/option.h"

#define BUCKETS_MIN 256
#define OWNERS 4096
#define SHOWN 8192
#define MEMORY_MIN ((size_t)4 << 20)

struct node_key {
	uint64_t id;
	uint64_t start;
	uint32_t pid;
	uint64_t hash;
};

struct groups {
	enum grouping how;
	uint64_t limit, patience;
	size_t memory; /* for slabs */
	void (*done)(void *, struct group *);
	void *arg;
	uint64_t now; /* by groups_time() */
	uint64_t seq;
	uint64_t secret[4];
	struct node **table;
	size_t buckets; /* a power of two */
	size_t nodes;
	TAILQ_HEAD(, node) ages; /* the oldest first */
	struct node *spare;
	struct node *last; /* that a record was added to */
	struct store store;
	struct rec *records; /* of the group that is handed on */
	size_t records_size;
	uint64_t lost_any;        /* seq at the last loss of anybody's */
	uint64_t lost_at[OWNERS]; /* the same of a process' */
	uint64_t shown[SHOWN];
};

static void *
memory(void *p)
{
	if (p == NULL)
		err(1, "memory");
	return p;
}

struct groups *
groups_new(enum grouping how, uint64_t limit, uint64_t patience,
    void (*done)(void *, struct group *), void *arg)
{
	struct groups *gs = memory(calloc(1, sizeof(*gs)));
	uint64_t least = how == GROUP_TREE ? 2 : 1;

	must(how != GROUP_RAW && limit <= GROUP_LIMIT_MAX);
	gs->how = how;
	gs->limit = limit > least ? limit : least;
	gs->patience = patience;
	gs->memory = gs->limit * GROUP_SHARE;
	if (gs->memory < MEMORY_MIN)
		gs->memory = MEMORY_MIN;
	gs->done = done;
	gs->arg = arg;
	gs->now = clock_mono();
	arc4random_buf(gs->secret, sizeof(gs->secret));
	gs->buckets = BUCKETS_MIN;
	gs->table = memory(calloc(gs->buckets, sizeof(struct node *)));
	TAILQ_INIT(&gs->ages);
	return gs;
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t
hash_owner(const struct groups *gs, uint64_t start, uint32_t pid)
{
	return mix(start ^ gs->secret[0], pid ^ gs->secret[1]);
}

static struct node_key
key_of(const struct groups *gs, const struct descriptor *d, uint64_t id)
{
	struct node_key k = { id, d->owner_start, d->owner_pid, 0 };

	k.hash = mix(
	    id ^ gs->secret[2], hash_owner(gs, k.start, k.pid) ^ gs->secret[3]);
	return k;
}

static struct node **
bucket(const struct groups *gs, uint64_t hash)
{
	return &gs->table[hash & (gs->buckets - 1)];
}

static int
is_key(const struct node *n, const struct node_key *k)
{
	return n->id == k->id && n->start == k->start && n->pid == k->pid;
}

static struct node *
find(const struct groups *gs, const struct node_key *k)
{
	struct node *n = *bucket(gs, k->hash);

	while (n != NULL && !is_key(n, k))
		n = n->chain;
	return n;
}

static void
grow(struct groups *gs)
{
	struct node **old = gs->table, **to, *n;
	size_t count = gs->buckets;

	gs->buckets *= 2;
	gs->table = memory(calloc(gs->buckets, sizeof(struct node *)));
	for (size_t i = 0; i < count; i++)
		while ((n = old[i]) != NULL) {
			old[i] = n->chain;
			to = bucket(gs, n->hash);
			n->chain = *to;
			*to = n;
		}
	free(old);
}

static struct node *
node_new(struct groups *gs, const struct node_key *k)
{
	struct node *n = gs->spare, **to;

	if (n != NULL)
		gs->spare = n->chain;
	else
		n = memory(malloc(sizeof(*n)));
	if (gs->nodes == gs->buckets)
		grow(gs);
	to = bucket(gs, k->hash);
	*n = (struct node){
		.chain = *to,
		.hash = k->hash,
		.id = k->id,
		.start = k->start,
		.pid = k->pid,
		.began = gs->now,
		.seq = ++gs->seq,
		.nodes = 1,
		.open = 1,
		.part = 1,
	};
	*to = n;
	TAILQ_INIT(&n->children);
	TAILQ_INSERT_TAIL(&gs->ages, n, age);
	gs->nodes++;
	return n;
}

/* One without children. */
static void
node_free(struct groups *gs, struct node *n)
{
	struct node **at = bucket(gs, n->hash);

	store_free(&gs->store, &n->copies);
	tree_detach(n);
	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	TAILQ_REMOVE(&gs->ages, n, age);
	if (gs->last == n)
		gs->last = NULL;
	gs->nodes--;
	n->chain = gs->spare;
	gs->spare = n;
}

static uint64_t *
shown(struct groups *gs, uint64_t hash)
{
	return &gs->shown[hash % SHOWN];
}

/* What all the tree's records are; returns the oldest node's seq. */
static uint64_t
collect(struct groups *gs, struct node *root)
{
	uint64_t oldest = root->seq;
	uint32_t depth = 0;
	size_t n = 0;

	if (gs->records_size < root->records) {
		free(gs->records);
		gs->records_size = root->records + root->records / 2;
		gs->records =
		    memory(calloc(gs->records_size, sizeof(*gs->records)));
	}
	for (struct node *m = root; m != NULL; m = tree_next(root, m, &depth)) {
		store_take(&m->copies, gs->records + n, depth);
		n += m->copies.n;
		if (m->seq < oldest)
			oldest = m->seq;
		if (m->copies.n != 0)
			*shown(gs, m->hash) = m->hash;
	}
	must(n == root->records);
	return oldest;
}

/* What becomes of a tree that is complete. */
static enum group_end
completed(struct groups *gs, const struct node *root, uint64_t oldest)
{
	uint64_t owner = hash_owner(gs, root->start, root->pid);

	if (gs->lost_at[owner % OWNERS] >= oldest || gs->lost_any >= oldest)
		return GROUP_LOST;
	return root->begun ? GROUP_COMPLETE : GROUP_NO_BEGIN;
}

/* Hands on what there is of a tree. */
static void
show_tree(struct groups *gs, struct node *root, enum group_end end)
{
	struct group g = {
		.n = root->records,
		.part = root->part,
		.id = root->id,
		.limit = gs->limit,
		.patience = gs->patience,
		.memory = gs->memory,
	};
	uint64_t oldest;

	if (g.n == 0)
		return;
	oldest = collect(gs, root);
	g.records = gs->records;
	g.of = g.records[0].stream->d;
	g.end = end == GROUP_COMPLETE ? completed(gs, root, oldest) : end;
	gs->done(gs->arg, &g);
}

/* The last one of a tree; from there `before' leads to the root, children
 * before their parents. */
static struct node *
tree_back(struct node *root)
{
	struct node *before = NULL, *n = root;
	uint32_t depth = 0;

	while (n != NULL) {
		n->before = before;
		before = n;
		n = tree_next(root, n, &depth);
	}
	return before;
}

/* Hands a tree on, and is done with it. */
static __attribute__((noinline)) void
hand_on(struct groups *gs, struct node *root, enum group_end end)
{
	struct node *n, *before;

	show_tree(gs, root, end);
	for (n = tree_back(root); n != NULL; n = before) {
		before = n->before;
		node_free(gs, n);
	}
}

/* Hands on what there is of one that is too large, and goes on with it. */
static void
hand_on_part(struct groups *gs, struct node *root)
{
	struct node *n, *before, *parent;

	show_tree(gs, root, GROUP_LARGE);
	root->part++;
	root->records = root->bytes = 0;
	n = tree_back(root);
	for (struct node *m = n; m != NULL; m = m->before)
		m->height = 0;
	for (; n != NULL; n = before) {
		before = n->before;
		parent = n->parent;
		if (n->ended && TAILQ_EMPTY(&n->children)) {
			node_free(gs, n);
			root->nodes--;
			continue;
		}
		store_free(&gs->store, &n->copies);
		if (parent != NULL && parent->height <= n->height)
			parent->height = n->height + 1;
	}
}

static struct node *
oldest(const struct groups *gs)
{
	return tree_root(TAILQ_FIRST(&gs->ages));
}

/*
 * Where a record is to be added; `parent' is what it links to, or NULL.  Makes
 * room for both, which may be done with any of those that wait.
 */
static struct node *
settle(struct groups *gs, const struct node_key *k,
    const struct node_key *parent, int begins)
{
	struct node *n;
	size_t more;

	for (;;) {
		n = find(gs, k);
		more = n == NULL;
		if (parent != NULL && find(gs, parent) == NULL)
			more++;
		if (n != NULL && begins && n->begun)
			hand_on(gs, tree_root(n), GROUP_AGAIN);
		else if (gs->nodes + more > gs->limit)
			hand_on(gs, oldest(gs), GROUP_FULL);
		else if (gs->store.used > gs->memory)
			hand_on(gs, oldest(gs), GROUP_HEAVY);
		else
			return n != NULL ? n : node_new(gs, k);
	}
}

/* 0, or -1: it makes no sense. */
static int
link_to(struct groups *gs, struct node *n, const struct node_key *k)
{
	struct node *parent = find(gs, k);

	if (n->parent != NULL)
		return 0; /* the first one counts */
	if (parent == NULL) {
		if (*shown(gs, k->hash) == k->hash)
			return 0;
		if (n->height + 1 >= GROUP_DEPTH)
			return -1;
		parent = node_new(gs, k);
	}
	return tree_attach(parent, n);
}

/* A record of the node's; what that has become is handed on. */
static inline void
add_to(struct groups *gs, struct node *n, const struct rec *r)
{
	struct node *root = tree_root(n);

	root->bytes += store_put(&gs->store, &n->copies, r);
	root->records++;
	if ((r->head->flags & RECORD_END) != 0 && !n->ended) {
		n->ended = 1;
		root->open--;
	}
	if (root->open == 0)
		hand_on(gs, root, GROUP_COMPLETE);
	else if (root->records >= GROUP_RECORDS || root->bytes >= GROUP_BYTES)
		hand_on_part(gs, root);
}

/* What the last record was added to, if this one, which does not begin it,
 * belongs there, too: a stream that it holds is no other one meanwhile. */
static inline struct node *
same_as_last(const struct groups *gs, const struct rec *r)
{
	struct node *n = gs->last;

	if (n == NULL || n->copies.stream != r->stream ||
	    n->id != r->head->id ||
	    (r->head->flags & (RECORD_BEGIN | RECORD_LINK)) != 0 ||
	    gs->store.used > gs->memory)
		return NULL;
	return n;
}

static __attribute__((noinline)) int
add_found(struct groups *gs, const struct rec *r)
{
	const struct descriptor *d = r->stream->d;
	struct node_key k = key_of(gs, d, r->head->id), to;
	int begins = (r->head->flags & RECORD_BEGIN) != 0, bad = 0;
	uint64_t parent;
	int links = gs->how == GROUP_TREE && rec_parent(r, &parent);
	struct node *n;

	if (links)
		to = key_of(gs, d, parent);
	n = settle(gs, &k, links ? &to : NULL, begins);
	gs->last = n;
	n->begun |= (uint8_t)begins;
	if (links)
		bad = link_to(gs, n, &to);
	add_to(gs, n, r);
	return bad;
}

int
groups_add(struct groups *gs, const struct rec *r)
{
	struct node *n = same_as_last(gs, r);

	if (n == NULL)
		return add_found(gs, r);
	add_to(gs, n, r);
	return 0;
}

void
groups_time(struct groups *gs, uint64_t now)
{
	gs->now = now;
}

uint64_t
groups_tick(struct groups *gs, uint64_t now)
{
	const struct node *n;

	gs->now = now;
	if (gs->patience == UINT64_MAX)
		return UINT64_MAX;
	while ((n = TAILQ_FIRST(&gs->ages)) != NULL) {
		if (now - n->began < gs->patience)
			return n->began + gs->patience;
		hand_on(gs, oldest(gs), GROUP_LATE);
	}
	return UINT64_MAX;
}

void
groups_flush(struct groups *gs)
{
	while (!TAILQ_EMPTY(&gs->ages))
		hand_on(gs, oldest(gs), GROUP_ASKED);
}

void
groups_lost(struct groups *gs, const struct descriptor *d)
{
	if (d == NULL)
		gs->lost_any = gs->seq;
	else
		gs->lost_at[hash_owner(gs, d->owner_start, d->owner_pid) %
			    OWNERS] = gs->seq;
}

void
groups_free(struct groups *gs)
{
	struct node *n;

	while ((n = TAILQ_FIRST(&gs->ages)) != NULL) {
		TAILQ_REMOVE(&gs->ages, n, age);
		store_free(&gs->store, &n->copies);
		free(n);
	}
	while ((n = gs->spare) != NULL) {
		gs->spare = n->chain;
		free(n);
	}
	store_fini(&gs->store);
	free(gs->records);
	free(gs->table);
	free(gs);
}
