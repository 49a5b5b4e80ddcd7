/*
 * stat_collect.c -- read all counter sets of a segment at one moment and add
 * them up.
 *
 * ONE MOMENT.  What a sum must never do is count a worker's set twice or not at
 * all: when the worker dies, its counters move to a retained set.  So the
 * list of sections must be the same before and after the values were read
 * (alloc_seq).  If it changed, the sets that are still in it need not be read
 * again: what was read is their own, and a counter's value a moment ago is a
 * value that it had.  Only what is new is read, and the retained sets, which
 * may have grown by what is gone.  So a second look costs little, and with a
 * hundred changes a second one or two of them do.
 *
 * A LIST THAT STANDS IN CHANGE for a second (its daemon was stopped or killed)
 * is scanned (listing.c).  It may then show a set both by itself and in its
 * retained set, or twice under one identity: `folded' and `id' tell.  It may
 * lack one as well, whose descriptor is just being written; so a sum is not
 * shown lower than before while this lasts.
 *
 * NOTHING IS BELIEVED of a set but what set_check() and set_check_schema()
 * bounded, once, in private copies that are kept by the section's serial; the
 * values are whatever they are.  What a directory lists can be no more than the
 * file has room for, which bounds the memory that is used.
 */
#include "readers/stat_collect.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/bank.h"
#include "common/shared.h"
#include "readers/option.h"

#define GATHER_NS (1 * NSEC) /* as long as the list keeps changing */

#define SAID_SCANNED 1u
#define SAID_BUSY 2u
#define SAID_OVERLAP 4u

void
stat_name(char *to, const char *from, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i] > ' ' && from[i] < 0x7f ? from[i] : '?';
	to[i] = '\0';
}

/* Whether a descriptor is of a set whose values count (by themselves). */
static int
counts(const struct descriptor *d)
{
	return descriptor_was(d, CLASS_STAT) &&
	       !(descriptor_is(d, CLASS_COOL) && (d->flags & DESC_FOLDED));
}

static uint64_t
entry_serial(const struct directory_entry *e)
{
	uint64_t serial;

	memcpy(&serial, &e->d.serial, sizeof(serial));
	return serial;
}

static void
nap(uint64_t ns)
{
	struct timespec t = { .tv_nsec = (long)ns };

	nanosleep(&t, NULL);
}

static void
say_once(struct stat_collect *c, unsigned what, const char *text)
{
	if (!(c->said & what))
		warnx("%s", text);
	c->said |= what;
}

void
stat_collect_init(struct stat_collect *c, const struct stat_options *o)
{
	memset(c, 0, sizeof(*c));
	c->options = *o;
	RB_INIT(&c->counters);
	RB_INIT(&c->schemas);
}

static void
set_free(struct stat_collect *c, struct stat_set *set)
{
	if (set->schema != NULL)
		stat_schema_put(c, set->schema);
	free(set->values);
	free(set);
}

static void
cache_free(struct stat_collect *c, struct stat_cache *cache)
{
	for (uint32_t i = 0; i < cache->n; i++)
		if (cache->sets[i] != NULL)
			set_free(c, cache->sets[i]);
	free(cache->sets);
	memset(cache, 0, sizeof(*cache));
}

void
stat_collect_fini(struct stat_collect *c)
{
	cache_free(c, &c->old);
	cache_free(c, &c->cache);
	listing_free(&c->list);
	must(RB_EMPTY(&c->counters) && RB_EMPTY(&c->schemas));
}

/* Another segment?  The sets of the old one are kept until the new one's are
 * there, so that counters that go on are the same ones. */
static void
cache_begin(struct stat_collect *c, const struct segment *s)
{
	if (c->cache.created == s->plan.created &&
	    c->cache.room == s->plan.desc_count)
		return;
	if (c->old.sets == NULL) {
		c->old = c->cache;
		memset(&c->cache, 0, sizeof(c->cache));
	} else
		cache_free(c, &c->cache);
	c->cache.created = s->plan.created;
	c->cache.room = s->plan.desc_count;
}

/* The place of an index, which is below `room'. */
static struct stat_set **
cache_place(struct stat_cache *cache, uint32_t index)
{
	uint32_t n = index < 32 ? 64 : 2 * index;

	must(index < cache->room);
	if (index >= cache->n) {
		if (index >= cache->room / 2 || n > cache->room)
			n = cache->room;
		cache->sets =
		    reallocarray(cache->sets, n, sizeof(struct stat_set *));
		if (cache->sets == NULL)
			err(1, "memory");
		memset(cache->sets + cache->n, 0,
		    (n - cache->n) * sizeof(struct stat_set *));
		cache->n = n;
	}
	return &cache->sets[index];
}

static uint64_t
set_pid(const struct stat_collect *c, const struct descriptor *d)
{
	if (!c->options.apart)
		return STAT_ALL;
	return d->flags & DESC_RETAINED ? STAT_RETAINED : d->owner_pid;
}

/* Checks a section and copies its schema: the one time that it is looked at. */
static struct stat_set *
set_make(struct stat_collect *c, const struct segment *s,
    const struct directory_entry *e)
{
	const uint8_t *section = s->base + e->d.offset;
	struct stat_set *set = calloc(1, sizeof(*set));
	uint8_t *bytes;

	if (set == NULL)
		err(1, "memory");
	set->serial = entry_serial(e);
	set->offset = e->d.offset;
	set->length = e->d.length;
	if (set_check(section, e->d.length, &set->plan) != 0 ||
	    set->plan.schema_length % 8 != 0)
		return set;
	bytes = malloc(set->plan.schema_length + 1);
	if (bytes == NULL)
		err(1, "memory");
	shared_get(
	    bytes, section + set->plan.schema_offset, set->plan.schema_length);
	set->schema =
	    stat_schema_get(c, &e->d, &set->plan, bytes, set_pid(c, &e->d));
	if (set->schema == NULL)
		return set;
	set->values = calloc(set->schema->nvalues + 1, sizeof(*set->values));
	if (set->values == NULL)
		err(1, "memory");
	return set;
}

static void
set_read(struct stat_collect *c, const struct segment *s,
    const struct directory_entry *e, struct stat_set *set)
{
	const uint8_t *section = s->base + e->d.offset;
	const struct stat_schema *schema = set->schema;

	set->pass = c->pass;
	if (schema == NULL)
		return;
	for (size_t i = 0; i < schema->n; i++) {
		const struct stat_item *it = &schema->items[i];

		for (uint32_t w = 0; w < it->words; w++)
			set->values[it->at + w] = set_total(
			    section, &set->plan, it->kind, it->word + w);
	}
	if ((e->d.flags & DESC_RETAINED) && set->plan.banks > 1)
		set->folded = bank_folded(section);
}

/* Its plan is bounded by this very place: a damaged directory may move it. */
static int
is_of(const struct stat_set *set, const struct directory_entry *e)
{
	return set->serial == entry_serial(e) && set->offset == e->d.offset &&
	       set->length == e->d.length;
}

/* Reads the sets of the list that were not read in this pass. */
static void
read_sets(struct stat_collect *c, const struct segment *s)
{
	uint64_t room = s->plan.segment_size;

	for (c->n = 0; c->n < c->list.n; c->n++) {
		const struct directory_entry *e = &c->list.entries[c->n];
		struct stat_set **set;

		if (!counts(&e->d))
			continue;
		if (e->d.length > room) {
			say_once(c, SAID_OVERLAP,
			    "the list of sections is damaged: some overlap, "
			    "and are left out");
			break;
		}
		room -= e->d.length;
		set = cache_place(&c->cache, e->index);
		if (*set != NULL && !is_of(*set, e)) {
			set_free(c, *set);
			*set = NULL;
		}
		if (*set == NULL)
			*set = set_make(c, s, e);
		if ((*set)->pass != c->pass || (e->d.flags & DESC_RETAINED))
			set_read(c, s, e, *set);
	}
}

void
stat_collect_gather(struct stat_collect *c, const struct segment *s)
{
	uint64_t until = clock_mono() + GATHER_NS, pause = 20000;

	c->pass++;
	c->scanned = 0;
	cache_begin(c, s);
	for (;; nap(pause), pause += pause < MSEC ? pause / 4 : 0) {
		if (listing_poll(&c->list, s) == LISTING_LATER)
			continue;
		read_sets(c, s);
		if (directory_unchanged(s, c->list.seq))
			break;
		c->scanned = 1;
		if (c->list.seq == 0) {
			say_once(c, SAID_SCANNED,
			    "the list of sections is in change for more than a "
			    "second (is shmlogd stopped?): going on with it as "
			    "it stands");
			break;
		}
		if (clock_mono() >= until) {
			say_once(c, SAID_BUSY,
			    "the list of sections changes all the time: sums "
			    "may lack what changed meanwhile");
			break;
		}
		c->scanned = 0;
	}
	c->mono = clock_mono();
	c->real = clock_real();
}

/* A set in a list that may show it twice. */
struct identity {
	uint64_t pid_uid;
	uint64_t start;
	uint64_t id;
	uint64_t rank; /* the higher one counts */
	size_t at;     /* in the list */
};

static int
identity_cmp(const void *a, const void *b)
{
	const struct identity *x = a, *y = b;

	if (x->pid_uid != y->pid_uid)
		return x->pid_uid < y->pid_uid ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int
same_identity(const struct identity *x, const struct identity *y)
{
	return x->pid_uid == y->pid_uid && x->start == y->start &&
	       x->id == y->id;
}

static struct stat_set *
listed_set(struct stat_collect *c, size_t i)
{
	const struct directory_entry *e = &c->list.entries[i];
	struct stat_set *set;

	if (!counts(&e->d))
		return NULL;
	set = *cache_place(&c->cache, e->index);
	return set != NULL && set->pass == c->pass && is_of(set, e) ? set
								    : NULL;
}

/* Of the sections of one process with one id, all but one are marked. */
static void
mark_replaced(struct stat_collect *c, uint8_t *skip)
{
	struct identity *list = calloc(c->n + 1, sizeof(*list));
	size_t n = 0;

	if (list == NULL)
		err(1, "memory");
	for (size_t i = 0; i < c->n; i++) {
		const struct descriptor *d = &c->list.entries[i].d;
		const struct stat_set *set = listed_set(c, i);

		if (set == NULL || set->plan.id == 0 ||
		    (d->flags & DESC_RETAINED))
			continue;
		list[n++] = (struct identity){
			.pid_uid = (uint64_t)d->owner_pid << 32 | d->owner_uid,
			.start = d->owner_start,
			.id = set->plan.id,
			.rank = d->flags & DESC_PLACEHOLDER ? 0 : set->serial,
			.at = i,
		};
	}
	qsort(list, n, sizeof(*list), identity_cmp);
	for (size_t i = 0; i + 1 < n; i++)
		if (same_identity(&list[i], &list[i + 1]))
			skip[list[i].at] = 1;
	free(list);
}

/* A set that a retained one took in last has this serial, and its name. */
struct folded {
	uint64_t serial;
	const struct descriptor *d;
};

static int
folded_cmp(const void *a, const void *b)
{
	const struct folded *x = a, *y = b;
	int r;

	if (x->serial != y->serial)
		return x->serial < y->serial ? -1 : 1;
	r = memcmp(x->d->type, y->d->type, TYPE_MAX);
	return r != 0 ? r : memcmp(x->d->ident, y->d->ident, IDENT_MAX);
}

/* A set that is in a retained one already is marked. */
static void
mark_folded(struct stat_collect *c, uint8_t *skip)
{
	struct folded *list = calloc(c->n + 1, sizeof(*list)), key;
	size_t n = 0;

	if (list == NULL)
		err(1, "memory");
	for (size_t i = 0; i < c->n; i++) {
		const struct descriptor *d = &c->list.entries[i].d;
		const struct stat_set *into = listed_set(c, i);

		if (into != NULL && (d->flags & DESC_RETAINED) &&
		    into->folded != 0)
			list[n++] = (struct folded){ into->folded, d };
	}
	qsort(list, n, sizeof(*list), folded_cmp);
	for (size_t i = 0; i < c->n; i++) {
		const struct directory_entry *e = &c->list.entries[i];

		key = (struct folded){ entry_serial(e), &e->d };
		if (!(e->d.flags & DESC_RETAINED) &&
		    bsearch(&key, list, n, sizeof(*list), folded_cmp) != NULL)
			skip[i] = 1;
	}
	free(list);
}

static void
add_values(struct stat_counter *k, const uint64_t *values, int live)
{
	uint64_t value = values[0];

	switch (k->kind) {
	case SCHEMA_COUNTER:
		k->value += value;
		break;
	case SCHEMA_HISTOGRAM:
		stat_histogram_add(k, values);
		break;
	case SCHEMA_GAUGE:
	case SCHEMA_UPDOWN:
		/* what the dead have is no more */
		k->value += live ? value : 0;
		break;
	case SCHEMA_BITMAP:
		k->value |= live ? value : 0;
		break;
	case SCHEMA_LABEL:
		break;
	}
}

static void
add_set(struct stat_collect *c, const struct descriptor *d,
    const struct stat_set *set)
{
	int live = descriptor_is(d, CLASS_STAT) && !(d->flags & DESC_RETAINED);
	struct stat_schema *schema = set->schema;

	for (size_t i = 0; i < schema->n; i++) {
		struct stat_counter *k = schema->items[i].counter;

		if (!stat_item_fits(schema, &schema->items[i]))
			continue;
		if (k->pass != c->pass) {
			k->before = k->value;
			k->known = k->pass == c->added && c->added != 0;
			k->pass = c->pass;
			k->value = 0;
			k->created = d->created;
			k->sets = 0;
			if (k->kind == SCHEMA_HISTOGRAM)
				stat_histogram_begin(k);
		}
		add_values(k, &set->values[schema->items[i].at], live);
		k->sets++;
		if (d->created < k->created)
			k->created = d->created;
	}
}

static void
finish_counter(const struct stat_collect *c, struct stat_counter *k)
{
	uint64_t now = c->real;

	k->rate = 0;
	if (!kind_is_retained(k->kind))
		return;
	if (k->kind == SCHEMA_HISTOGRAM)
		stat_histogram_finish(k, c->scanned && k->known);
	else if (c->scanned && k->known && k->value < k->before)
		k->value = k->before;
	if (k->known && c->mono > c->mono_added) {
		if (k->value > k->before)
			k->rate = (double)(k->value - k->before) * 1e9 /
				  (double)(c->mono - c->mono_added);
	} else if (now > k->created)
		k->rate = (double)k->value * 1e9 / (double)(now - k->created);
}

static void
bad_set(const struct descriptor *d, struct stat_set *set)
{
	char type[TYPE_MAX], ident[IDENT_MAX], owner[OWNER_MAX];

	if (set->said)
		return;
	stat_name(type, d->type, sizeof(type));
	stat_name(ident, d->ident, sizeof(ident));
	stat_name(owner, d->owner, sizeof(owner));
	warnx("the set %s.%s of %s[%u] makes no sense: it is left out", type,
	    ident, owner, (unsigned)d->owner_pid);
	set->said = 1;
}

/* Frees what is listed no more. */
static void
sweep(struct stat_collect *c)
{
	cache_free(c, &c->old);
	for (uint32_t i = 0; i < c->cache.n; i++) {
		struct stat_set *set = c->cache.sets[i];

		if (set == NULL || set->pass == c->pass)
			continue;
		set_free(c, set);
		c->cache.sets[i] = NULL;
	}
}

void
stat_collect_add(struct stat_collect *c)
{
	uint8_t *skip = calloc(c->n + 1, 1);
	struct stat_counter *k;

	if (skip == NULL)
		err(1, "memory");
	/* first: who defines a counter must be there to be printed */
	sweep(c);
	if (c->scanned) {
		mark_replaced(c, skip);
		mark_folded(c, skip);
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct descriptor *d = &c->list.entries[i].d;
		struct stat_set *set = listed_set(c, i);

		if (set == NULL || skip[i])
			continue;
		if (set->schema == NULL)
			bad_set(d, set);
		else
			add_set(c, d, set);
	}
	free(skip);
	RB_FOREACH(k, stat_counters, &c->counters)
		if (k->pass == c->pass)
			finish_counter(c, k);
	c->added = c->pass;
	c->mono_added = c->mono;
}

int
stat_is_shown(const struct stat_collect *c, const struct stat_counter *k)
{
	unsigned levels = c->options.levels;

	return k->pass == c->pass &&
	       (levels == 0 || levels >= STAT_LEVELS || k->level < levels);
}

static struct stat_counter *
skip_hidden(const struct stat_collect *c, struct stat_counter *k)
{
	while (k != NULL && !stat_is_shown(c, k))
		k = RB_NEXT(stat_counters, &c->counters, k);
	return k;
}

struct stat_counter *
stat_first(struct stat_collect *c)
{
	return skip_hidden(c, RB_MIN(stat_counters, &c->counters));
}

struct stat_counter *
stat_next(const struct stat_collect *c, struct stat_counter *k)
{
	return skip_hidden(c, RB_NEXT(stat_counters, &c->counters, k));
}

struct stat_counter *
stat_behind(struct stat_collect *c, char *name)
{
	struct stat_counter find = { .name = name };
	struct stat_counter *k = RB_NFIND(stat_counters, &c->counters, &find);

	if (k != NULL && strcmp(k->name, name) == 0)
		k = RB_NEXT(stat_counters, &c->counters, k);
	return skip_hidden(c, k);
}
