/*
 * mask.c -- what administrators do not want of which streams.
 *
 * RULES are few, each about one thing (the lowest level, or one tag) of the
 * streams whose type.ident matches a glob.  They stand in the order in which
 * they were given; of those that speak of the same thing of a stream, the last
 * one decides.
 *
 * A STREAM'S MASK is made when it is published, made again when a rule that is
 * about it changes, and has its tags added to once a second, as its worker
 * registers them: its dictionary is input, and read bit by bit.  What we wrote
 * is kept in private, for the segment may be truncated.
 *
 * A change of the rules is carried out for so many sections at once as take a
 * few milliseconds; the background does the rest.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store_private.h"

#define SWEEP_SLOTS 262144 /* slots passed by in one call, */
#define SWEEP_WORK 1048576 /* and work done, see store_work() */
#define TICK_STREAMS 4096  /* dictionaries looked at in one tick */
#define TICK_ENTRIES 16384 /* entries read in one tick, */
#define LOOK_ENTRIES 1024  /* and of one stream in one look */

#define NAME_MAX_ (TYPE_MAX + IDENT_MAX) /* with the dot and its zero */

/* fnmatch(3) of one name costs as much as copying so many bytes. */
#define NAME_WORK 64

static void
stream_name(char to[NAME_MAX_], const struct section *sec)
{
	(void)snprintf(to, NAME_MAX_, "%s.%s", sec->d.type, sec->d.ident);
}

static int
glob_is_good(const char glob[MASK_GLOB_MAX])
{
	size_t n = strnlen(glob, MASK_GLOB_MAX);

	for (size_t i = 0; i < n; i++)
		if (!isascii((unsigned char)glob[i]) ||
		    !isgraph((unsigned char)glob[i]))
			return 0;
	return n > 0 && n < MASK_GLOB_MAX;
}

int
mask_rule_is_good(const struct mask_rule *r)
{
	if (!glob_is_good(r->glob))
		return 0;
	switch (r->what) {
	case MASK_LEVEL:
		return r->level < 8;
	case MASK_SHOW:
	case MASK_HIDE:
		return name_is_good(r->tag, TAG_NAME_MAX);
	case MASK_CLEAR:
		return 1;
	}
	return 0;
}

/* Whether they speak of the same thing of the same glob. */
static int
is_same(const struct mask_rule *a, const struct mask_rule *b)
{
	if (strcmp(a->glob, b->glob) != 0)
		return 0;
	if (a->what == MASK_LEVEL || b->what == MASK_LEVEL)
		return a->what == b->what;
	return strcmp(a->tag, b->tag) == 0;
}

/* Takes out what the new rule replaces, or all of its glob; how many. */
static uint32_t
remove_rules(struct masks *m, const struct mask_rule *r)
{
	uint32_t kept = 0, n = m->n;

	for (uint32_t i = 0; i < n; i++)
		if (r->what == MASK_CLEAR
			? strcmp(m->rules[i].glob, r->glob) != 0
			: !is_same(&m->rules[i], r))
			m->rules[kept++] = m->rules[i];
	m->n = kept;
	return n - kept;
}

static void
add_rule(struct masks *m, const struct mask_rule *r)
{
	struct mask_rule *to = &m->rules[m->n++];

	memset(to, 0, sizeof(*to));
	to->what = r->what;
	copy_padded(to->glob, r->glob, MASK_GLOB_MAX - 1);
	if (r->what == MASK_LEVEL)
		to->level = r->level;
	else
		copy_padded(to->tag, r->tag, TAG_NAME_MAX - 1);
}

/* Whether a stream of that name has that tag masked. */
static int
hides(const struct masks *m, const char *name, const char *tag)
{
	for (uint32_t i = m->n; i-- > 0;) {
		const struct mask_rule *r = &m->rules[i];

		if (r->what != MASK_LEVEL && strcmp(r->tag, tag) == 0 &&
		    fnmatch(r->glob, name, 0) == 0)
			return r->what == MASK_HIDE;
	}
	return 0;
}

void
mask_show(struct store *s, const struct section *sec)
{
	const struct masked *k = sec->masked;

	if (k != NULL)
		directory_mask(&s->dir, sec->index, k->levels, k->tags);
}

void
mask_leave(struct store *s, struct section *sec)
{
	if (sec->masked == NULL)
		return;
	TAILQ_REMOVE(&s->masks.streams, sec->masked, all);
	free(sec->masked);
	sec->masked = NULL;
}

/* A tag of the dictionary: 1 if it changes the mask. */
static int
take_tag(const struct masks *m, struct masked *k, const char *name,
    const struct dict_item *item)
{
	uint32_t id = item->id, n = item->length;
	char tag[TAG_NAME_MAX];
	uint64_t bit, before;

	if (item->kind != DICT_TAG || id == 0 || id >= TAGS_MAX || n == 0 ||
	    n >= sizeof(tag))
		return 0;
	memcpy(tag, item->text, n);
	tag[n] = '\0';
	bit = UINT64_C(1) << id % 64;
	before = k->tags[id / 64];
	k->tags[id / 64] = hides(m, name, tag) ? before | bit : before & ~bit;
	return k->tags[id / 64] != before;
}

/* Reads on in a stream's dictionary; how many entries. */
static uint32_t
read_tags(struct store *s, struct masked *k)
{
	struct section *sec = k->section;
	const uint8_t *memory = section_memory(s, sec);
	char name[NAME_MAX_];
	struct dict_item item;
	uint32_t n = 0;
	int changed = 0;

	stream_name(name, sec);
	while (n < LOOK_ENTRIES &&
	       dict_next(memory, &sec->stream, &k->seen, &item) == 1) {
		changed |= take_tag(&s->masks, k, name, &item);
		n++;
	}
	s->work += n * (sizeof(struct dict_entry) + s->masks.n / 2);
	if (changed)
		mask_show(s, sec);
	return n;
}

/* Makes a stream's mask anew: 1 if some rule is about it. */
static int
make_mask(struct store *s, struct section *sec)
{
	const struct masks *m = &s->masks;
	struct masked *k = sec->masked;
	char name[NAME_MAX_];
	uint64_t levels = 0;
	int about = 0, tags = 0;

	stream_name(name, sec);
	s->work += m->n * NAME_WORK;
	for (uint32_t i = 0; i < m->n; i++) {
		if (fnmatch(m->rules[i].glob, name, 0) != 0)
			continue;
		about = 1;
		if (m->rules[i].what != MASK_LEVEL)
			tags = 1;
		else
			levels = 0xfeu << m->rules[i].level & 0xff;
	}
	if (k == NULL && about) {
		k = calloc(1, sizeof(*k));
		if (k == NULL)
			return 0; /* all of it is shown, then */
		k->section = sec;
		TAILQ_INSERT_TAIL(&s->masks.streams, k, all);
		sec->masked = k;
	}
	if (k == NULL)
		return 0;
	k->levels = levels;
	k->by_tag = tags;
	k->seen = 0;
	memset(k->tags, 0, sizeof(k->tags));
	if (tags)
		(void)read_tags(s, k);
	mask_show(s, sec);
	if (!about)
		mask_leave(s, sec);
	return about;
}

void
mask_join(struct store *s, struct section *sec)
{
	must(sec->is_stream && sec->masked == NULL);
	if (s->masks.n > 0)
		(void)make_mask(s, sec);
}

int
mask_sweep(struct store *s, uint32_t *streams)
{
	struct masks *m = &s->masks;
	char name[NAME_MAX_];
	uint64_t before = s->work;
	uint32_t slots = 0;

	while (m->next < s->plan.desc_count && s->work - before < SWEEP_WORK &&
	       slots++ < SWEEP_SLOTS) {
		struct section *sec = &s->slots[m->next++];

		if (sec->state != SLOT_LISTED || !sec->is_stream)
			continue;
		s->work += NAME_WORK;
		stream_name(name, sec);
		if (fnmatch(m->about, name, 0) != 0)
			continue;
		(void)make_mask(s, sec);
		if (streams != NULL)
			++*streams;
	}
	return m->next < s->plan.desc_count;
}

void
mask_tick(struct store *s)
{
	struct masked *first = TAILQ_FIRST(&s->masks.streams), *k = first;
	uint32_t entries = 0, n = 0;

	if (first == NULL)
		return;
	do {
		TAILQ_REMOVE(&s->masks.streams, k, all);
		TAILQ_INSERT_TAIL(&s->masks.streams, k, all);
		if (k->by_tag)
			entries += read_tags(s, k);
		k = TAILQ_FIRST(&s->masks.streams);
	} while (k != first && ++n < TICK_STREAMS && entries < TICK_ENTRIES);
}

enum message_status
store_mask(
    struct store *s, const struct mask_rule *r, struct message_masked *answer)
{
	struct masks *m = &s->masks;
	int pending = m->next < s->plan.desc_count;

	must(s->magic == STORE_MAGIC);
	answer->rules = answer->streams = 0;
	if (!mask_rule_is_good(r))
		return MESSAGE_BAD_ARGUMENT;
	answer->rules = remove_rules(m, r);
	if (r->what != MASK_CLEAR) {
		if (m->n == MASK_RULES_MAX)
			return MESSAGE_OVER_LIMIT;
		add_rule(m, r);
		answer->rules = 1;
	}
	/* what was not carried out yet is, with this one: for all */
	copy_padded(m->about, pending ? "*" : r->glob, MASK_GLOB_MAX - 1);
	m->next = 0;
	(void)mask_sweep(s, &answer->streams);
	return MESSAGE_OK;
}

const struct mask_rule *
store_mask_rule(const struct store *s, uint64_t i)
{
	return i < s->masks.n ? &s->masks.rules[i] : NULL;
}
