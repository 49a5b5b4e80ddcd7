/*
 * family.c -- the sets of one type, ident and schema, and what is retained.
 *
 * A family's schema was copied from a section once, and checked; nothing of it
 * is read from the segment again.  Its sums are kept in private memory and
 * shown in a retained set of two banks (common/bank.h).  That is reserved when
 * the first set is published, so that a death never needs room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/shared.h"

#include "daemon/store_private.h"

#define RETAINED_MAX(sections) ((sections) / 4)

static int
family_cmp(const struct family *a, const struct family *b)
{
	int c;

	if ((c = strncmp(a->type, b->type, TYPE_MAX)) != 0 ||
	    (c = strncmp(a->ident, b->ident, IDENT_MAX)) != 0)
		return c;
	if (a->schema_length != b->schema_length)
		return TREE_ORDER(a->schema_length, b->schema_length);
	return a->schema_length == 0
		   ? 0
		   : memcmp(a->schema, b->schema, a->schema_length);
}

TREE_GENERATE(family_tree, family, tree, family_cmp)

static void
family_free(struct family *f)
{
	f->magic = 0;
	free(f->schema);
	free(f->items);
	free(f->sums);
	free(f->scratch);
	free(f);
}

/*
 * Decodes the schema: 0, EINVAL or ENOMEM.  Its words together must not be more
 * than there are: a schema that names each a thousand times would keep us busy
 * for ever.
 */
static int
decode(struct family *f, const struct set_plan *p)
{
	struct schema_item item;
	size_t offset = 0;
	uint64_t words = 0;

	if (set_check_schema(p, f->schema) != 0)
		return EINVAL;
	f->items = calloc(p->entries + 1u, sizeof(*f->items));
	f->sums = calloc(p->words + 1u, sizeof(*f->sums));
	f->scratch = calloc(p->words + 1u, sizeof(*f->scratch));
	if (f->items == NULL || f->sums == NULL || f->scratch == NULL)
		return ENOMEM;
	while (schema_next(f->schema, f->schema_length, &offset, &item) == 1) {
		must(f->entries < p->entries);
		f->items[f->entries++] = (struct item){ .kind = item.kind,
			.word = item.word,
			.words = item.words };
		words += item.words;
		if (item.word + item.words > f->words)
			f->words = item.word + item.words;
		if (kind_is_retained(item.kind) && item.words > 0)
			f->retains = 1;
	}
	return words <= p->words ? 0 : EINVAL;
}

int
family_join(struct store *s, const char *type, const char *ident,
    const void *section, const struct set_plan *p, struct family **out)
{
	struct family *f = calloc(1, sizeof(*f)), *known;
	int error;

	if (f == NULL)
		return -1;
	f->magic = FAMILY_MAGIC;
	copy_padded(f->type, type, TYPE_MAX - 1);
	copy_padded(f->ident, ident, IDENT_MAX - 1);
	f->schema_length = p->schema_length;
	f->schema = calloc(1, p->schema_length + 8);
	if (f->schema == NULL || p->schema_length % 8 != 0) {
		error = f->schema == NULL ? ENOMEM : EINVAL;
		goto out;
	}
	s->work += p->schema_length;
	shared_get(f->schema, (const uint8_t *)section + p->schema_offset,
	    p->schema_length);
	known = RB_FIND(family_tree, &s->families, f);
	if (known != NULL) {
		error = EINVAL;
		if (known->words > p->words || known->entries != p->entries)
			goto out;
		family_free(f);
		known->users++;
		*out = known;
		return 0;
	}
	if ((error = decode(f, p)) != 0)
		goto out;
	f->users = 1;
	must(RB_INSERT(family_tree, &s->families, f) == NULL);
	*out = f;
	return 0;
out:
	family_free(f);
	errno = error;
	return -1;
}

void
family_leave(struct store *s, struct family *f)
{
	must(f->magic == FAMILY_MAGIC && f->users > 0);
	if (--f->users > 0 || f->retained != NULL)
		return;
	RB_REMOVE(family_tree, &s->families, f);
	family_free(f);
}

void
families_free(struct store *s)
{
	struct family *f, *next;

	RB_FOREACH_SAFE(f, family_tree, &s->families, next) {
		RB_REMOVE(family_tree, &s->families, f);
		family_free(f);
	}
}

static void
reserve(struct store *s, struct family *f, struct store_time now)
{
	struct section *sec;
	uint64_t length;

	length =
	    set_plan(&f->plan, f->entries, f->words, 1, 2, f->schema_length);
	if (length == 0 ||
	    s->figures.retained >= RETAINED_MAX(s->plan.desc_count) ||
	    section_new(s, CLASS_STAT, f->type, f->ident, length, now, &sec) !=
		MESSAGE_OK) {
		store_count(s, STORE_RETAINED_REFUSED, 1);
		return;
	}
	figure(s, sec, -1);
	sec->d.flags = DESC_RETAINED;
	figure(s, sec, 1);
	sec->d.owner_pid = (uint32_t)s->options.pid;
	sec->d.owner_uid = geteuid();
	sec->d.owner_start = s->options.start;
	copy_padded(sec->d.owner, "shmlogd", OWNER_MAX - 1);
	set_create(section_memory(s, sec), &f->plan, f->schema);
	set_carried(section_memory(s, sec));
	f->retained = sec;
}

void
family_reserve(
    struct store *s, struct family *f, uint64_t created, struct store_time now)
{
	if (f->retained == NULL && f->retains)
		reserve(s, f, now);
	/* not once it is listed: readers have seen it */
	if (f->retained != NULL && !f->retained->listed &&
	    created < f->retained->d.created)
		f->retained->d.created = created;
}

int
family_add(struct family *f, const uint64_t *words)
{
	if (f->retained == NULL)
		return -1;
	for (uint32_t e = 0; e < f->entries; e++)
		for (uint32_t w = f->items[e].word;
		     w < f->items[e].word + f->items[e].words; w++)
			if (kind_is_retained(f->items[e].kind))
				f->sums[w] += words[w];
	return 0;
}

void
family_show(struct store *s, struct family *f, uint64_t serial)
{
	uint8_t *memory = section_memory(s, f->retained);
	uint64_t bank = !f->bank;

	must(s->changing > 0);
	if (!f->retained->listed)
		section_list(s, f->retained);
	step(s, "fold");
	bank_write(memory, &f->plan, bank, f->sums, f->words, serial);
	step(s, "written");
	bank_turn(memory, bank);
	f->folded[bank] = serial;
	f->bank = bank;
	step(s, "turned");
}

void
families_rewrite(struct store *s)
{
	struct family *f;

	RB_FOREACH(f, family_tree, &s->families) {
		if (f->retained == NULL)
			continue;
		set_create(section_memory(s, f->retained), &f->plan, f->schema);
		set_carried(section_memory(s, f->retained));
		if (f->retained->listed)
			family_show(s, f, f->folded[f->bank]);
	}
}

int
family_fold(
    struct store *s, struct family *f, const uint64_t *words, uint64_t serial)
{
	if (family_add(f, words) != 0)
		return -1;
	family_show(s, f, serial);
	return 0;
}

void
family_totals(struct store *s, const struct family *f, const void *section,
    const struct set_plan *p, uint64_t *words)
{
	s->work += (uint64_t)f->words * p->shards * sizeof(*words);
	for (uint32_t e = 0; e < f->entries; e++)
		for (uint32_t w = f->items[e].word;
		     w < f->items[e].word + f->items[e].words; w++)
			words[w] = set_total(section, p, f->items[e].kind, w);
}
