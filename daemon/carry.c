/*
 * carry.c -- counter sets on their way from one segment to the next.
 *
 * A PLACEHOLDER is shown for a set whose owner lives and has not joined yet: a
 * copy of its words, refreshed from the section that they are in.
 *
 * A JOINING SET is in this segment, but its carry is not final: its owner may
 * still have to move what was added to the old words.  If it dies (or the set
 * is freed) before it says so, the carry is taken from the old section here.
 *
 * CHAINS.  The old section may itself be one whose carry is not final, because
 * a daemon was killed while its owner joined.  Then its words may be in use, or
 * those of the section that it came from.  Counters start at zero in a new
 * section, so either way it amounts to its values and what the older one
 * amounts to; never to less than itself.
 */
#include <stdlib.h>
#include <string.h>

#include "common/bank.h"
#include "common/guard.h"
#include "common/shared.h"

#include "daemon/store_private.h"

static int
set_cmp(const struct section *x, const struct section *y)
{
	const struct set *a = x->set, *b = y->set;

	if (a->pid != b->pid)
		return TREE_ORDER(a->pid, b->pid);
	if (a->start != b->start)
		return TREE_ORDER(a->start, b->start);
	if (a->id != b->id)
		return TREE_ORDER(a->id, b->id);
	return TREE_ORDER(a->origin, b->origin);
}

TREE_GENERATE(set_tree, section, set->tree, set_cmp)

static int
is_carried(enum schema_kind kind)
{
	return kind_is_retained(kind) || kind == SCHEMA_UPDOWN;
}

struct set *
set_new(struct family *f, const struct set_plan *plan)
{
	struct set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->plan = *plan;
	set->family = f;
	set->id = 0;
	return set;
}

void
set_name(struct store *s, struct section *sec, pid_t pid, uint64_t start,
    uint64_t id)
{
	must(sec->set->id == 0 && id != 0);
	sec->set->pid = pid;
	sec->set->start = start;
	sec->set->id = id;
	sec->set->origin = pid == 0 ? sec->set->plan.origin_serial : 0;
	/* a double can only come from an old segment that is damaged: it then
	 * goes without a name */
	if (RB_INSERT(set_tree, &s->sets, sec) != NULL)
		sec->set->id = 0;
}

static void
stop_moving(struct store *s, struct section *sec)
{
	struct set *set = sec->set;

	places_close(set->places);
	if (!set->moving)
		return;
	set->moving = 0;
	if (sec->d.flags & DESC_PLACEHOLDER)
		TAILQ_REMOVE(&s->placeholders, sec, set->move);
	else
		TAILQ_REMOVE(&s->joining, sec, set->move);
}

void
set_free(struct store *s, struct section *sec)
{
	struct set *set = sec->set;

	if (set == NULL)
		return;
	stop_moving(s, sec);
	if (set->id != 0)
		RB_REMOVE(set_tree, &s->sets, sec);
	family_leave(s, set->family);
	free(set->shown);
	free(set);
	sec->set = NULL;
}

struct section *
set_find(struct store *s, const struct store_owner *owner,
    const struct set_plan *plan)
{
	struct set set = {
		.pid = owner->pid, .start = owner->start, .id = plan->id
	};
	struct section key = { .set = &set }, *found;

	found = RB_FIND(set_tree, &s->sets, &key);
	if (found != NULL)
		return found;
	/* seen from another namespace, its start is the same, its pid is not */
	set.pid = 0;
	set.origin = plan->origin_serial;
	found = RB_FIND(set_tree, &s->sets, &key);
	if (found == NULL) {
		/* it moved once more meanwhile, or not yet */
		set.origin = 0;
		found = RB_NFIND(set_tree, &s->sets, &key);
		if (found != NULL &&
		    (found->set->pid != 0 || found->set->start != set.start ||
			found->set->id != set.id))
			found = NULL;
	}
	return found != NULL && found->d.owner_uid == owner->uid ? found : NULL;
}

void
places_open(struct store *s, const struct family *f, uint64_t created,
    uint64_t serial, struct source *places)
{
	memset(places, 0, PLACES * sizeof(*places));
	for (int i = 0; i < PLACES && serial != 0; i++) {
		if (source_open(old_find(s, created), serial, f, &places[i]))
			return;
		if (set_is_carried(places[i].section))
			return;
		created = places[i].plan.origin_created;
		serial = places[i].plan.origin_serial;
	}
}

void
places_close(struct source *places)
{
	for (int i = 0; i < PLACES; i++)
		source_close(&places[i]);
}

/* What a word amounts to in places[i], with those that it came from. */
static uint64_t
place_total(const struct source *places, int i, const uint8_t *carried,
    enum schema_kind kind, uint32_t word)
{
	const struct source *p = &places[i];
	uint64_t total = set_total(p->section, &p->plan, kind, word), deeper;

	if (carried[i] || i + 1 == PLACES || places[i + 1].old == NULL)
		return total;
	deeper = set_total_with(p->section, &p->plan, kind, word,
	    place_total(places, i + 1, carried, kind, word));
	return kind_is_retained(kind) && deeper < total ? total : deeper;
}

int
places_read(
    const struct family *f, const struct source *places, uint64_t *words)
{
	uint8_t carried[PLACES] = { 0 };
	uint64_t *copy;
	int hit = 0, i;

	if (places[0].old == NULL)
		return -1;
	copy = calloc(f->words + 1u, sizeof(*copy));
	if (copy == NULL)
		return -1;
	for (i = 0; i < PLACES && places[i].old != NULL; i++)
		carried[i] = (uint8_t)set_is_carried(places[i].section);
	for (uint32_t e = 0; e < f->entries; e++)
		for (uint32_t w = 0; w < f->items[e].words; w++)
			copy[f->items[e].word + w] = place_total(places, 0,
			    carried, f->items[e].kind, f->items[e].word + w);
	/* zeros instead of what was cut off?  believe none of it */
	for (i = 0; i < PLACES && places[i].old != NULL; i++)
		hit |= guard_hit(places[i].old->map.base);
	for (uint32_t e = 0; e < f->entries && !hit; e++)
		for (uint32_t w = f->items[e].word;
		     w < f->items[e].word + f->items[e].words; w++)
			if (!kind_is_retained(f->items[e].kind) ||
			    copy[w] > words[w])
				words[w] = copy[w];
	free(copy);
	return hit ? -1 : 0;
}

/* The words are in this segment, in `from'; if its own carry is not final
 * either, they are where its words were, too. */
static void
move_within(struct store *s, struct set *set, const struct section *from,
    struct store_time now)
{
	const struct set *before = from->set;

	if (source_own(s, from, set->family, &set->places[0]) != 0)
		return;
	set->until = now.mono + STORE_COOLING_MIN * SECOND;
	if (!before->moving || set_is_carried(set->places[0].section))
		return;
	for (int i = 1; i < PLACES && before->places[i - 1].old != NULL; i++) {
		if (before->places[i - 1].plan.words < set->family->words)
			break;
		set->places[i] = before->places[i - 1];
		set->places[i].old->users++;
	}
	if (before->until != 0 && before->until < set->until)
		set->until = before->until;
}

/*
 * Where the set in `sec' came from, as its header says.  Within this segment
 * that can only be `from', which it takes the place of.
 */
static void
find_origin(struct store *s, struct section *sec, const struct section *from,
    struct store_time now)
{
	struct set *set = sec->set;
	uint64_t created = set->plan.origin_created;
	uint64_t serial = set->plan.origin_serial;

	if (created != s->plan.created)
		places_open(s, set->family, created, serial, set->places);
	else if (from != NULL && from->serial == serial)
		move_within(s, set, from, now);
	if (set->places[0].old == NULL)
		return;
	set->moving = 1;
	TAILQ_INSERT_TAIL(&s->joining, sec, set->move);
}

/* Raises the carry so that the set amounts to at least words[]; exact: what may
 * go down is to amount to just that. */
static void
raise_carry(
    struct store *s, struct section *sec, const uint64_t *words, int exact)
{
	const struct family *f = sec->set->family;
	const struct set_plan *p = &sec->set->plan;
	uint8_t *memory = section_memory(s, sec);

	for (uint32_t e = 0; e < f->entries; e++) {
		const struct item *item = &f->items[e];

		for (uint32_t w = item->word;
		     w < item->word + item->words && is_carried(item->kind);
		     w++) {
			uint64_t *carry = set_carry(memory, p, w);
			uint64_t total = set_total(memory, p, item->kind, w);

			if (kind_is_retained(item->kind) ? words[w] <= total
							 : !exact)
				continue;
			shared_store(
			    carry, shared_load(carry) + words[w] - total);
		}
	}
}

int
carry_join(struct store *s, struct section *sec, struct section *from,
    struct store_time now)
{
	struct set *set = sec->set;
	uint64_t *words;

	if (from != NULL && from->set->family == set->family) {
		words = calloc(set->family->words + 1u, sizeof(*words));
		if (words == NULL)
			return -1;
		if (from->set->shown != NULL)
			memcpy(words, from->set->shown,
			    set->family->words * sizeof(*words));
		else
			family_totals(s, set->family, section_memory(s, from),
			    &from->set->plan, words);
		raise_carry(s, sec, words, 0);
		free(words);
	}
	if (!set_is_carried(section_memory(s, sec)))
		find_origin(s, sec, from, now);
	return 0;
}

void
carry_complete(struct store *s, struct section *sec)
{
	struct set *set = sec->set;
	uint8_t *memory = section_memory(s, sec);
	uint32_t n = set->family->words;
	uint64_t *words;

	if (!set->moving || (sec->d.flags & DESC_PLACEHOLDER))
		return;
	words = calloc(n + 1u, sizeof(*words));
	if (words != NULL && !set_is_carried(memory) &&
	    places_read(set->family, set->places, words) == 0) {
		/* of the origin; and what was counted here on top of that */
		for (uint32_t w = 0; w < n; w++)
			for (uint32_t i = 0; i < set->plan.shards; i++)
				words[w] += shared_load(
				    set_word(memory, &set->plan, 0, i, w));
		raise_carry(s, sec, words, 1);
		step(s, "carry");
		set_carried(memory);
	}
	free(words);
	stop_moving(s, sec);
}

void
carry_poll(struct store *s, struct store_time now)
{
	struct section *sec, *next;

	TAILQ_FOREACH_SAFE(sec, &s->joining, set->move, next) {
		if (set_is_carried(section_memory(s, sec)) ||
		    (sec->set->until != 0 && now.mono > sec->set->until))
			stop_moving(s, sec);
	}
	old_sweep(s);
}

void
placeholder_add(struct store *s, struct section *sec)
{
	must(sec->d.flags & DESC_PLACEHOLDER);
	must(sec->set->shown != NULL && !sec->set->moving);
	sec->set->moving = 1;
	TAILQ_INSERT_TAIL(&s->placeholders, sec, set->move);
}

void
placeholder_refresh(struct store *s, struct section *sec)
{
	struct set *set = sec->set;
	uint8_t *memory = section_memory(s, sec);

	if (set->places[0].old != NULL &&
	    places_read(set->family, set->places, set->shown) != 0)
		places_close(set->places);
	shared_words_store(set_word(memory, &set->plan, 0, 0, 0), set->shown,
	    set->family->words);
}
