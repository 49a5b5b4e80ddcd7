/*
 * takeover.c -- what the segment of the daemon before holds for this one.
 *
 * Of its counter sets: the retained sums are carried on; sets whose owners are
 * dead, or have freed them, are added to them, unless that daemon had done so;
 * for each of the others a placeholder is listed.  Nobody can see any of it
 * yet.
 *
 * That daemon may have been killed at any instruction: a set may have been
 * added to its sums while its descriptor does not say so (the bank's serial
 * does), and two sections may have one owner and one id (the later one counts).
 *
 * Everything is input.  The work is bounded: sections that together are longer
 * than the segment are not looked at.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/shared.h"

#include "daemon/store_private.h"

/* A set, by its owner's name for it. */
struct named {
	uint32_t pid;
	uint64_t start;
	uint64_t id;
	uint64_t serial;
};

struct takeover {
	struct store *s;
	struct old *old;
	struct store_time now;
	struct store_taken *taken;
	uint64_t budget; /* bytes of sections still to be looked at */
	uint64_t *folded;
	size_t nfolded;
	struct named *named;
	size_t nnamed;
	int same_boot;
	int same_ns;
};

static int
serial_cmp(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return TREE_ORDER(*x, *y);
}

static int
name_cmp(const struct named *x, const struct named *y)
{
	if (x->pid != y->pid)
		return TREE_ORDER(x->pid, y->pid);
	if (x->start != y->start)
		return TREE_ORDER(x->start, y->start);
	return TREE_ORDER(x->id, y->id);
}

static int
named_cmp(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = name_cmp(x, y);

	return c != 0 ? c : TREE_ORDER(x->serial, y->serial);
}

static const uint8_t *
memory_of(const struct takeover *t, const struct descriptor *d)
{
	return t->old->map.base + d->offset;
}

/* Whether this is a counter set that can be worked on at all. */
static int
check_set(struct takeover *t, const struct descriptor *d, struct set_plan *plan)
{
	if (!descriptor_was(d, CLASS_STAT))
		return -1;
	if (d->length > t->budget)
		goto out;
	t->budget -= d->length;
	if (set_check(memory_of(t, d), d->length, plan) == 0)
		return 0;
out:
	t->taken->damaged++;
	return -1;
}

/* First pass: which were added to sums, and who has which ids. */
static int
look_over(struct takeover *t)
{
	struct descriptor d;
	struct set_plan plan;

	t->folded = calloc(t->old->nslots + 1, sizeof(*t->folded));
	t->named = calloc(t->old->nslots + 1, sizeof(*t->named));
	if (t->folded == NULL || t->named == NULL)
		return -1;
	for (size_t i = 0; i < t->old->nslots; i++) {
		if (directory_entry(&t->old->map, t->old->slots[i].index, &d) !=
			0 ||
		    !descriptor_is(&d, CLASS_STAT) ||
		    set_check(memory_of(t, &d), d.length, &plan) != 0)
			continue;
		if (d.flags & DESC_RETAINED)
			t->folded[t->nfolded++] = bank_folded(memory_of(t, &d));
		else
			t->named[t->nnamed++] = (struct named){
				.pid = d.owner_pid,
				.start = d.owner_start,
				.id = plan.id,
				.serial = shared_load(&d.serial),
			};
	}
	qsort(t->folded, t->nfolded, sizeof(*t->folded), serial_cmp);
	qsort(t->named, t->nnamed, sizeof(*t->named), named_cmp);
	return 0;
}

/* Whether it had been added to the sums, or another one took its place. */
static int
is_settled(const struct takeover *t, const struct descriptor *d,
    const struct set_plan *plan)
{
	uint64_t serial = shared_load(&d->serial);
	struct named key = { .pid = d->owner_pid,
		.start = d->owner_start,
		.id = plan->id,
		.serial = serial };
	const struct named *n;

	if ((d->flags & DESC_FOLDED) || bsearch(&serial, t->folded, t->nfolded,
					    sizeof(serial), serial_cmp) != NULL)
		return 1;
	if (!descriptor_is(d, CLASS_STAT) || plan->id == 0 || t->nnamed == 0)
		return 0;
	n = bsearch(&key, t->named, t->nnamed, sizeof(key), named_cmp);
	return n != NULL && n + 1 < t->named + t->nnamed &&
	       name_cmp(n, n + 1) == 0;
}

enum life { DEAD, ALIVE, UNKNOWN };

static enum life
owner_life(const struct takeover *t, const struct descriptor *d)
{
	if (!descriptor_is(d, CLASS_STAT) || (d->flags & DESC_DAEMON) ||
	    !t->same_boot)
		return DEAD;
	if (!t->same_ns || (d->flags & DESC_FOREIGN))
		return UNKNOWN;
	if (d->owner_pid == 0 || d->owner_pid > INT_MAX)
		return DEAD;
	return t->s->options.runs((pid_t)d->owner_pid, d->owner_start) ? ALIVE
								       : DEAD;
}

/* The family of a set, with its retained set reserved. */
static struct family *
family_of(
    struct takeover *t, const struct descriptor *d, const struct set_plan *plan)
{
	char type[TYPE_MAX], ident[IDENT_MAX];
	struct family *f;

	copy_padded(type, d->type, TYPE_MAX);
	copy_padded(ident, d->ident, IDENT_MAX);
	if (!name_is_good(type, TYPE_MAX) || !name_is_good(ident, IDENT_MAX) ||
	    family_join(t->s, type, ident, memory_of(t, d), plan, &f) != 0) {
		t->taken->damaged++;
		return NULL;
	}
	family_reserve(t->s, f, d->created, t->now);
	return f;
}

static void
show_family(struct takeover *t, struct family *f)
{
	section_begin(t->s);
	family_show(t->s, f, 0);
	section_end(t->s);
}

static void
take_retained(struct takeover *t, const struct descriptor *d)
{
	struct set_plan plan;
	struct family *f;
	uint64_t *words;

	if (!(d->flags & DESC_RETAINED) || check_set(t, d, &plan) != 0 ||
	    (f = family_of(t, d, &plan)) == NULL)
		return;
	words = calloc(f->words + 1u, sizeof(*words));
	if (words != NULL) {
		family_totals(t->s, f, memory_of(t, d), &plan, words);
		if (family_add(f, words) == 0) {
			t->taken->retained++;
			show_family(t, f);
		} else {
			t->taken->refused++;
		}
	}
	free(words);
	family_leave(t->s, f);
}

/* A placeholder for a set whose owner lives; set->places and shown are its
 * own from here on.  0, or -1: no room. */
static int
add_placeholder(struct takeover *t, const struct descriptor *d, struct set *set,
    enum life life)
{
	struct store *s = t->s;
	struct family *f = set->family;
	uint64_t created = set->plan.origin_created;
	uint64_t serial = set->plan.origin_serial;
	uint64_t length =
	    set_plan(&set->plan, f->entries, f->words, 1, 1, f->schema_length);
	uint64_t start = d->owner_start;
	struct section *sec;

	set->plan.origin_created = created;
	set->plan.origin_serial = serial;
	set->plan.id = set->id;
	if (length == 0 || section_new(s, CLASS_STAT, f->type, f->ident, length,
			       t->now, &sec) != MESSAGE_OK)
		return -1;
	if (life == ALIVE &&
	    owner_take_placeholder(s, sec, (pid_t)d->owner_pid, start) != 0) {
		section_drop(s, sec);
		return -1;
	}
	sec->d.owner_pid = d->owner_pid;
	sec->d.owner_uid = d->owner_uid;
	sec->d.owner_start = d->owner_start;
	sec->d.created = d->created;
	copy_padded(sec->d.owner, d->owner, OWNER_MAX - 1);
	figure(s, sec, -1);
	sec->d.flags = DESC_PLACEHOLDER | (life == UNKNOWN ? DESC_FOREIGN : 0);
	figure(s, sec, 1);
	set_create(section_memory(s, sec), &set->plan, f->schema);
	set_carried(section_memory(s, sec));
	sec->set = set;
	set->id = 0;
	if (set->plan.id != 0)
		set_name(s, sec, life == ALIVE ? (pid_t)d->owner_pid : 0, start,
		    set->plan.id);
	placeholder_add(s, sec);
	placeholder_refresh(s, sec);
	section_begin(s);
	section_list(s, sec);
	section_end(s);
	return 0;
}

/* What it amounts to: as far as this segment knows, and at its true place.
 * 1: its owner has freed it. */
static int
find_words(struct takeover *t, const struct descriptor *d,
    const struct set_plan *plan, struct set *set)
{
	uint64_t created = t->old->map.plan.created;
	uint64_t serial = shared_load(&d->serial);
	int freed;

	if (d->flags & DESC_PLACEHOLDER) {
		created = plan->origin_created;
		serial = plan->origin_serial;
	}
	set->plan.origin_created = created;
	set->plan.origin_serial = serial;
	places_open(t->s, set->family, created, serial, set->places);
	/* first this, then what it counted before it was freed */
	freed = places_freed(set->places);
	family_totals(t->s, set->family, memory_of(t, d), plan, set->shown);
	(void)places_read(set->family, set->places, set->shown);
	return freed;
}

static void
take_set(struct takeover *t, const struct descriptor *d)
{
	enum life life = owner_life(t, d);
	struct set_plan plan;
	struct family *f;
	struct set *set;

	if ((d->flags & DESC_RETAINED) || check_set(t, d, &plan) != 0 ||
	    is_settled(t, d, &plan) || (f = family_of(t, d, &plan)) == NULL)
		return;
	set = set_new(f, &plan);
	if (set == NULL ||
	    (set->shown = calloc(f->words + 1u, sizeof(*set->shown))) == NULL) {
		free(set);
		family_leave(t->s, f);
		return;
	}
	set->id = plan.id;
	if (find_words(t, d, &plan, set))
		life = DEAD;
	if (life != DEAD && add_placeholder(t, d, set, life) == 0) {
		t->taken->placeholders++;
		return;
	}
	if (life == DEAD && family_add(f, set->shown) == 0) {
		t->taken->folded++;
		show_family(t, f);
	} else if (life != DEAD || f->retains) {
		t->taken->refused++;
	}
	places_close(set->places);
	free(set->shown);
	free(set);
	family_leave(t->s, f);
}

static void
take_all(struct takeover *t)
{
	void (*const passes[])(struct takeover *,
	    const struct descriptor *) = { take_retained, take_set };
	struct descriptor d;

	if (look_over(t) != 0)
		return;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < t->old->nslots; i++)
			if (directory_entry(
				&t->old->map, t->old->slots[i].index, &d) == 0)
				passes[pass](t, &d);
}

void
store_takeover(struct store *s, const int *fds, size_t n, struct store_time now,
    struct store_taken *taken)
{
	struct takeover t = { .s = s, .now = now, .taken = taken };

	must(s->magic == STORE_MAGIC && !s->open);
	memset(taken, 0, sizeof(*taken));
	for (size_t i = 0; i < n; i++) {
		int fd = i == 0 ? fcntl(fds[0], F_DUPFD_CLOEXEC, 0) : -1;
		struct old *old = old_add(s, fds[i]);

		if (i > 0)
			continue;
		if ((t.old = old) != NULL)
			s->superseded_fd = fd;
		else if (fd != -1)
			(void)close(fd);
	}
	if (t.old != NULL) {
		const struct segment_plan *p = &t.old->map.plan;

		t.budget = p->segment_size;
		t.same_boot = memcmp(p->boot_id, s->plan.boot_id,
				  sizeof(p->boot_id)) == 0;
		t.same_ns = p->pid_ns == s->plan.pid_ns;
		take_all(&t);
	}
	free(t.folded);
	free(t.named);
	old_sweep(s);
	own_set_show(s);
	step(s, "taken");
}
