/*
 * request.c -- what workers ask for, and what becomes of them.
 *
 * Whatever a worker wrote to its section is input: it is bounded when the
 * section is published, and only what was bounded then is used later.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/bank.h"
#include "common/shared.h"

#include "daemon/store_private.h"

uint64_t
store_work(struct store *s)
{
	uint64_t work = s->work;

	must(s->magic == STORE_MAGIC);
	s->work = 0;
	return work;
}

void
store_worked(struct store *s, uint64_t bytes)
{
	s->work += bytes;
}

/* The length of a zero-padded name of [A-Za-z0-9_.:-]; 0: it is none. */
static size_t
name_length(const char *name, size_t size)
{
	size_t n = 0;

	while (n < size && name[n] != '\0') {
		if (!isascii((unsigned char)name[n]) ||
		    (!isalnum((unsigned char)name[n]) &&
			strchr("_.:-", name[n]) == NULL))
			return 0;
		n++;
	}
	for (size_t i = n; i < size; i++)
		if (name[i] != '\0')
			return 0;
	return n;
}

int
name_is_good(const char *name, size_t size)
{
	size_t n = name_length(name, size);

	return n > 0 && n < size;
}

enum message_status
store_alloc(struct store *s, const struct store_owner *owner,
    const struct message_alloc *m, struct store_time now,
    struct message_section *answer)
{
	static const char cool[CLASS_MAX] = CLASS_COOL;
	enum message_status status;
	struct section *sec;

	must(s->magic == STORE_MAGIC);
	/* a class may be as long as its field is */
	if (name_length(m->class, CLASS_MAX) == 0 ||
	    memcmp(m->class, cool, CLASS_MAX) == 0 ||
	    !name_is_good(m->type, TYPE_MAX) ||
	    !name_is_good(m->ident, IDENT_MAX) || m->length == 0)
		return MESSAGE_BAD_ARGUMENT;
	status =
	    section_new(s, m->class, m->type, m->ident, m->length, now, &sec);
	if (status != MESSAGE_OK)
		return status;
	if (owner_take(s, sec, owner) != 0) {
		section_drop(s, sec);
		return MESSAGE_NO_SPACE;
	}
	answer->serial = sec->serial;
	answer->offset = sec->d.offset;
	answer->length = sec->d.length;
	answer->index = sec->index;
	answer->pad_44 = 0;
	own_set_show(s);
	return MESSAGE_OK;
}

/* Lists a section; `from' goes in the same change, and after it: a daemon
 * killed in between leaves two with one id, not none. */
static void
list_instead_of(struct store *s, struct section *sec, struct section *from,
    struct store_time now)
{
	section_begin(s);
	/* what it counts began with that one */
	if (from != NULL)
		sec->d.created = from->d.created;
	section_list(s, sec);
	if (from != NULL) {
		step(s, "both");
		if (from->d.flags & DESC_PLACEHOLDER)
			section_drop(s, from);
		else
			section_cool(s, from, DESC_FOLDED, now);
	}
	section_end(s);
}

static enum message_status
publish_set(struct store *s, struct section *sec,
    const struct store_owner *owner, struct store_time now)
{
	uint8_t *memory = section_memory(s, sec);
	struct section *from;
	struct set_plan plan;
	struct family *f;

	if (set_check(memory, sec->d.length, &plan) != 0 || plan.banks != 1 ||
	    plan.id == 0)
		return MESSAGE_BAD_SECTION;
	if (family_join(s, sec->d.type, sec->d.ident, memory, &plan, &f) != 0)
		return errno == ENOMEM ? MESSAGE_NO_SPACE : MESSAGE_BAD_SECTION;
	from = set_find(s, owner, &plan);
	/* what it would bring along is in the sums already, see freed.c */
	if (from == NULL && plan.origin_serial != 0 && set_is_freed(memory)) {
		family_leave(s, f);
		return MESSAGE_BAD_SECTION;
	}
	sec->set = set_new(f, &plan);
	if (sec->set == NULL) {
		family_leave(s, f);
		return MESSAGE_NO_SPACE;
	}
	if (carry_join(s, sec, from, now) != 0) {
		set_free(s, sec);
		return MESSAGE_NO_SPACE;
	}
	family_reserve(
	    s, f, from != NULL ? from->d.created : sec->d.created, now);
	list_instead_of(s, sec, from, now);
	set_name(s, sec, owner->pid, owner->start, plan.id);
	old_sweep(s);
	return MESSAGE_OK;
}

static enum message_status
publish(struct store *s, struct section *sec, const struct store_owner *owner,
    struct store_time now)
{
	if (descriptor_is(&sec->d, CLASS_STAT))
		return publish_set(s, sec, owner, now);
	if (descriptor_is(&sec->d, CLASS_LOG)) {
		if (stream_check(section_memory(s, sec), sec->d.length,
			&sec->stream) != 0)
			return MESSAGE_BAD_SECTION;
		sec->is_stream = 1;
		mask_join(s, sec);
	}
	list_instead_of(s, sec, NULL, now);
	return MESSAGE_OK;
}

/* A section of a process is that client's from now on; 0: an orphan. */
static void
set_client(struct store *s, struct section *sec, uint64_t client)
{
	uint32_t flags = sec->d.flags & ~DESC_ORPHAN;

	sec->client = client;
	section_flags(s, sec, client != 0 ? flags : flags | DESC_ORPHAN);
}

enum message_status
store_publish(struct store *s, const struct store_owner *owner,
    const struct message_section *m, struct store_time now)
{
	struct section *sec = section_find(s, owner, m);
	enum message_status status;
	uint64_t before;

	must(s->magic == STORE_MAGIC);
	if (sec == NULL)
		return MESSAGE_NOT_YOURS;
	if (sec->state == SLOT_LISTED)
		return MESSAGE_OK; /* the answer was lost */
	before = sec->client;
	set_client(s, sec, owner->client);
	status = publish(s, sec, owner, now);
	if (status != MESSAGE_OK)
		set_client(s, sec, before);
	own_set_show(s);
	return status;
}

/*
 * Its counters to the retained sums, and then it cools, or goes if it is only a
 * placeholder.  In one change, set by set: of two that were folded the bank
 * would name the last one only.
 */
static void
retire(struct store *s, struct section *sec, struct store_time now)
{
	struct set *set = sec->set;
	uint32_t flags = 0;
	uint64_t *words;

	must(s->changing > 0);
	if (set != NULL) {
		words = set->family->scratch;
		memset(words, 0, set->family->words * sizeof(*words));
		if (set->shown != NULL) {
			placeholder_refresh(s, sec);
			memcpy(words, set->shown,
			    set->family->words * sizeof(*words));
		} else {
			carry_complete(s, sec);
			family_totals(s, set->family, section_memory(s, sec),
			    &set->plan, words);
		}
		if (family_fold(s, set->family, words, sec->serial) == 0)
			flags = DESC_FOLDED;
	}
	if (sec->d.flags & DESC_PLACEHOLDER)
		section_drop(s, sec);
	else
		section_cool(s, sec, flags, now);
	step(s, "cool");
}

void
section_retire(struct store *s, struct section *sec, struct store_time now)
{
	if (sec->listed)
		retire(s, sec, now);
	else
		section_cool(s, sec, 0, now);
}

static enum message_status
let_cool(struct store *s, struct section *sec, struct store_time now)
{
	must(s->magic == STORE_MAGIC);
	if (sec == NULL)
		return MESSAGE_NOT_YOURS;
	if (sec->listed) {
		section_begin(s);
		retire(s, sec, now);
		section_end(s);
	} else {
		section_cool(s, sec, 0, now);
	}
	old_sweep(s);
	own_set_show(s);
	return MESSAGE_OK;
}

enum message_status
store_free(struct store *s, const struct store_owner *owner,
    const struct message_section *m, struct store_time now)
{
	return let_cool(s, section_find(s, owner, m), now);
}

enum message_status
store_retire(
    struct store *s, const struct message_section *m, struct store_time now)
{
	struct store_owner owner = { .pid = 0 };

	if (m->index >= s->plan.desc_count || s->slots[m->index].owner == NULL)
		return MESSAGE_NOT_YOURS;
	owner.pid = s->slots[m->index].owner->pid;
	owner.start = s->slots[m->index].owner->start;
	return let_cool(s, section_find(s, &owner, m), now);
}

/* The sections of a process that are one client's (0: orphans) become that of
 * another.  Those that it has freed meanwhile are retired, whoever's they are.
 * Placeholders are no client's. */
static void
change_client(struct store *s, const struct store_owner *owner, uint64_t from,
    uint64_t to, struct store_time now)
{
	struct owner *o = owner_find(s, owner->pid, owner->start);
	struct section *sec, *next;

	if (o == NULL)
		return;
	section_begin(s);
	/* the owner goes with his last section */
	TAILQ_FOREACH_SAFE(sec, &o->owned, owned, next) {
		if (sec->d.flags & DESC_PLACEHOLDER)
			continue;
		if (section_is_freed(s, sec))
			section_retire(s, sec, now);
		else if (sec->client == from)
			set_client(s, sec, to);
	}
	section_end(s);
	old_sweep(s);
	own_set_show(s);
}

void
store_client_came(
    struct store *s, const struct store_owner *owner, struct store_time now)
{
	change_client(s, owner, 0, owner->client, now);
}

void
store_client_gone(
    struct store *s, const struct store_owner *owner, struct store_time now)
{
	change_client(s, owner, owner->client, 0, now);
}

void
store_owner_died(
    struct store *s, pid_t pid, uint64_t start, struct store_time now)
{
	struct owner *o = owner_find(s, pid, start);
	uint32_t left = o != NULL ? o->sections : 0;
	struct section *sec;

	if (left == 0)
		return;
	section_begin(s);
	/* the owner goes with his last section */
	for (; left > 0; left--) {
		sec = TAILQ_FIRST(&o->owned);
		section_retire(s, sec, now);
	}
	section_end(s);
	must(owner_find(s, pid, start) == NULL);
	old_sweep(s);
	own_set_show(s);
}

/* Whether somebody may still be counting in one of them. */
static int
places_are_held(const struct source *places)
{
	if (places[0].old == NULL)
		return 1; /* wherever it is */
	for (int i = 0; i < PLACES && places[i].old != NULL; i++)
		if (places[i].old->held)
			return 1;
	return 0;
}

void
foreign_poll(struct store *s, struct store_time now)
{
	struct section *sec, *next;
	int looked = 0;

	TAILQ_FOREACH_SAFE(sec, &s->placeholders, set->move, next) {
		if (!(sec->d.flags & DESC_FOREIGN))
			continue;
		if (!looked)
			olds_look(s);
		looked = 1;
		if (places_are_held(sec->set->places))
			continue;
		section_begin(s);
		section_retire(s, sec, now);
		section_end(s);
	}
	old_sweep(s);
}
