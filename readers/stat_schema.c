/*
 * stat_schema.c -- what sets have in common: names, kinds, help; and the
 * counters that they are added up in.
 *
 * Sets whose type, ident and schema are the same to the byte share one struct
 * stat_schema, so a schema is decoded once, however many workers there are.
 *
 * A counter is found by the name that is shown, labels included.  Two schemas
 * may have it in common (a program in its old and its new version): they are
 * summed if they agree on type, ident and kind.  If not, the newest set's
 * definition is the one that counts, and the sets that disagree are left out of
 * this counter.  A retained set defines only what no worker does.
 */
#include "readers/stat_collect.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "readers/buffer.h"
#include "readers/option.h"
#include "readers/stat_past.h"

/* What the labels may take in the names of all its items: so much, or as many
 * times as long as the schema is. */
#define LABELS_MAX ((uint64_t)64 << 10)
#define LABELS_TIMES 16

static int
stat_counter_cmp(struct stat_counter *a, struct stat_counter *b)
{
	return strcmp(a->name, b->name);
}

static int
stat_schema_cmp(struct stat_schema *a, struct stat_schema *b)
{
	int r;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	r = strcmp(a->type, b->type);
	if (r == 0)
		r = strcmp(a->ident, b->ident);
	if (r == 0)
		r = memcmp(a->bytes, b->bytes, a->length);
	return r;
}

RB_GENERATE(stat_counters, stat_counter, entry, stat_counter_cmp)
RB_GENERATE(stat_schemas, stat_schema, entry, stat_schema_cmp)

const char *
stat_kind_text(enum schema_kind kind)
{
	switch (kind) {
	case SCHEMA_LABEL:
		return "label";
	case SCHEMA_COUNTER:
		return "counter";
	case SCHEMA_GAUGE:
		return "gauge";
	case SCHEMA_BITMAP:
		return "bitmap";
	case SCHEMA_HISTOGRAM:
		return "histogram";
	case SCHEMA_UPDOWN:
		return "updown";
	}
	return "unknown";
}

const char *
stat_level_text(uint8_t level)
{
	static const char *const text[] = { "info", "diag", "debug" };

	return level < 3 ? text[level] : "unknown";
}

/* FNV-1a by words, for speed; length is a multiple of 8. */
static uint64_t
hash_bytes(const uint8_t *bytes, size_t length)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325), word;

	for (size_t i = 0; i + 8 <= length; i += 8) {
		memcpy(&word, bytes + i, 8);
		h = (h ^ word) * UINT64_C(0x100000001b3);
		h ^= h >> 32;
	}
	return h;
}

/* "{key=value,...}" of all labels, or "". */
static char *
make_labels(const uint8_t *bytes, size_t length)
{
	struct schema_item item;
	size_t offset = 0;
	struct buffer text;
	char before = '{';

	buffer_init(&text, -1);
	while (schema_next(bytes, length, &offset, &item) == 1) {
		if (item.kind != SCHEMA_LABEL)
			continue;
		buffer_byte(&text, before);
		buffer_text(&text, item.name);
		buffer_byte(&text, '=');
		buffer_text(&text, item.help);
		before = ',';
	}
	if (before == ',')
		buffer_byte(&text, '}');
	buffer_byte(&text, '\0');
	buffer_fit(&text);
	return text.data;
}

/* Puts a string at *to, which it moves on, and returns where that was. */
static char *
put_string(char **to, const char *text, size_t n)
{
	char *at = *to;

	memcpy(at, text, n);
	at[n] = '\0';
	*to += n + 1;
	return at;
}

/* How much put_definition() takes. */
static size_t
definition_size(const struct schema_item *item)
{
	return strlen(item->name) + strlen(item->unit) + strlen(item->help) + 3;
}

/* Makes an item, whose strings go where `to' is, the definition of its counter.
 */
static void
put_definition(struct stat_schema *s, struct stat_counter *k, char *to,
    const struct schema_item *item, uint64_t created)
{
	k->item = put_string(&to, item->name, strlen(item->name));
	k->unit = put_string(&to, item->unit, strlen(item->unit));
	k->help = put_string(&to, item->help, strlen(item->help));
	if (k->kind != item->kind) /* what it was cannot be compared */
		k->pass = 0;
	k->kind = item->kind;
	k->level = item->level;
	k->owner = s;
	k->defined = created;
	k->warned = 0;
}

static void
define(struct stat_schema *s, struct stat_counter *k,
    const struct schema_item *item, uint64_t created)
{
	char *text = malloc(definition_size(item));

	if (text == NULL)
		err(1, "memory");
	put_definition(s, k, text, item, created);
	free(k->redefined);
	k->redefined = text;
}

static void
define_again(
    struct stat_schema *s, const struct stat_item *it, uint64_t created)
{
	struct schema_item item;
	size_t offset = it->offset;

	if (it->counter->owner == s) {
		it->counter->defined = created;
		return;
	}
	must(schema_next(s->bytes, s->length, &offset, &item) == 1);
	define(s, it->counter, &item, created);
}

/* A set made at `created' has this schema: is it the newest? */
static void
claim(struct stat_schema *s, uint64_t created)
{
	if (s->newest > created)
		return;
	s->newest = created;
	for (size_t i = 0; i < s->n; i++) {
		struct stat_counter *k = s->items[i].counter;

		/* NOLINTNEXTLINE: link_item() made items and n */
		if (k->owner == NULL || k->defined <= created)
			define_again(s, &s->items[i], created);
	}
}

/* That of an item, found by its name (length is the name's), or made: mostly it
 * is a new one. */
static struct stat_counter *
counter_get(struct stat_collect *c, struct stat_schema *s, const char *name,
    size_t length, const struct schema_item *item)
{
	struct stat_counter *k =
	    malloc(sizeof(*k) + length + 1 + definition_size(item));
	struct stat_counter *there;

	if (k == NULL)
		err(1, "memory");
	memset(k, 0, sizeof(*k));
	k->name = (char *)(k + 1);
	memcpy(k->name, name, length + 1);
	there = RB_INSERT(stat_counters, &c->counters, k);
	if (there != NULL) {
		free(k);
		if (there->owner == NULL)
			define(s, there, item, 0);
		return there;
	}
	put_definition(s, k, k->name + length + 1, item, 0);
	return k;
}

static void
counter_put(struct stat_collect *c, struct stat_counter *k)
{
	if (--k->refs > 0)
		return;
	RB_REMOVE(stat_counters, &c->counters, k);
	free(k->redefined);
	stat_histogram_free(k);
	stat_past_free(k->past);
	free(k);
}

/* "type.ident[pid]." */
static void
put_prefix(struct buffer *b, const struct stat_schema *s)
{
	buffer_text(b, s->type);
	buffer_byte(b, '.');
	buffer_text(b, s->ident);
	if (s->pid == STAT_RETAINED)
		buffer_text(b, "[retained]");
	else if (s->pid != STAT_ALL) {
		buffer_byte(b, '[');
		buffer_number(b, s->pid);
		buffer_byte(b, ']');
	}
	buffer_byte(b, '.');
}

/* Gives an item its counter, of that name. */
static void
link_item(struct stat_collect *c, struct stat_schema *s,
    const struct buffer *name, const struct schema_item *item, size_t offset)
{
	struct stat_counter *k =
	    counter_get(c, s, name->data, name->n - 1, item);

	if (k->later == s)
		return; /* twice in one schema: the first one counts */
	k->later = s;
	k->refs++;
	s->items[s->n++] = (struct stat_item){
		.counter = k,
		.offset = (uint32_t)offset,
		.word = item->word,
		.words = item->kind == SCHEMA_HISTOGRAM ? item->words : 1,
		.at = s->nvalues,
		.kind = item->kind,
	};
	s->nvalues += s->items[s->n - 1].words;
}

/* Of a histogram with other buckets we know nothing. */
static int
can_show(const struct schema_item *item)
{
	return item->kind == SCHEMA_HISTOGRAM ? item->words == HISTOGRAM_WORDS
					      : item->kind != SCHEMA_LABEL;
}

/* The name with labels, or NULL: its counter is not wanted.  `name' has the
 * prefix, of n bytes, and anything behind it. */
static const struct buffer *
make_name(const struct stat_collect *c, const struct stat_schema *s,
    const char *item, size_t n, struct buffer *name, struct buffer *plain)
{
	name->n = n;
	buffer_text(name, item);
	plain->n = 0;
	if (c->options.wanted != NULL) {
		buffer_put(plain, name->data, name->n);
		buffer_byte(plain, '\0');
	}
	buffer_put(name, s->labels, strlen(s->labels) + 1);
	if (c->options.wanted == NULL ||
	    c->options.wanted(c->options.arg, plain->data, name->data))
		return name;
	return NULL;
}

/* Links all items that are wanted to their counters. */
static void
link_items(struct stat_collect *c, struct stat_schema *s)
{
	size_t offset = 0, at = 0, prefix;
	struct buffer name, plain;
	struct schema_item item;
	uint32_t words;

	buffer_init(&name, -1);
	buffer_init(&plain, -1);
	put_prefix(&name, s);
	prefix = name.n;
	s->items = calloc(s->entries + 1, sizeof(*s->items));
	if (s->items == NULL)
		err(1, "memory");
	for (; schema_next(s->bytes, s->length, &offset, &item) == 1;
	     at = offset) {
		if (!can_show(&item))
			continue;
		if (make_name(c, s, item.name, prefix, &name, &plain) != NULL)
			link_item(c, s, &name, &item, at);
		words = item.kind == SCHEMA_HISTOGRAM ? item.words : 1;
		if (item.word + words > s->words)
			s->words = item.word + words;
	}
	buffer_free(&plain);
	buffer_free(&name);
}

/* The labels are in each item's name: many of both would take as much as a
 * stranger likes. */
static int
names_are_short(const struct stat_schema *s)
{
	uint64_t each = strlen(s->labels), bytes = 0;
	struct schema_item item;
	size_t offset = 0;

	if (each == 0)
		return 1;
	while (schema_next(s->bytes, s->length, &offset, &item) == 1)
		bytes += item.kind != SCHEMA_LABEL ? each : 0;
	return bytes <= LABELS_MAX || bytes <= LABELS_TIMES * s->length;
}

struct stat_schema *
stat_schema_get(struct stat_collect *c, const struct descriptor *d,
    const struct set_plan *plan, uint8_t *bytes, uint64_t pid)
{
	/* a retained set defines only what no worker does */
	uint64_t created = d->flags & DESC_RETAINED ? 0 : d->created;
	struct stat_schema find, *s;

	memset(&find, 0, sizeof(find));
	stat_name(find.type, d->type, sizeof(find.type));
	stat_name(find.ident, d->ident, sizeof(find.ident));
	find.pid = pid;
	find.bytes = bytes;
	find.length = plan->schema_length;
	find.entries = plan->entries;
	find.hash = hash_bytes(bytes, find.length);
	s = RB_FIND(stat_schemas, &c->schemas, &find);
	if (s != NULL && s->entries == plan->entries &&
	    s->words <= plan->words) {
		free(bytes);
		s->refs++;
		claim(s, created);
		return s;
	}
	if (s != NULL || set_check_schema(plan, bytes) != 0) {
		free(bytes);
		return NULL;
	}
	s = malloc(sizeof(*s));
	if (s == NULL)
		err(1, "memory");
	*s = find;
	s->refs = 1;
	s->labels = make_labels(bytes, s->length);
	if (!names_are_short(s)) {
		free(s->labels);
		free(bytes);
		free(s);
		return NULL;
	}
	link_items(c, s);
	c->changes++;
	RB_INSERT(stat_schemas, &c->schemas, s);
	claim(s, created);
	return s;
}

void
stat_schema_put(struct stat_collect *c, struct stat_schema *s)
{
	if (--s->refs > 0)
		return;
	RB_REMOVE(stat_schemas, &c->schemas, s);
	c->changes++;
	for (size_t i = 0; i < s->n; i++) {
		struct stat_counter *k = s->items[i].counter;

		if (k->owner == s)
			k->owner = NULL; /* whoever has it next */
		if (k->later == s)
			k->later = NULL;
		counter_put(c, k);
	}
	free(s->items);
	free(s->labels);
	free(s->bytes);
	free(s);
}

/* The name has the labels, and in these may be whatever is no ASCII. */
static void
warn_clash(const struct stat_schema *s, const struct stat_item *it)
{
	const struct stat_counter *k = it->counter;
	struct buffer name;

	buffer_init(&name, -1);
	buffer_safe(&name, k->name, strlen(k->name));
	warnx("%.*s: some sets define it otherwise (%s of %s.%s, not %s "
	      "of %s.%s): they are left out",
	    (int)name.n, name.data, stat_kind_text(it->kind), s->type, s->ident,
	    stat_kind_text(k->kind), k->owner->type, k->owner->ident);
	buffer_free(&name);
}

int
stat_item_fits(struct stat_schema *s, const struct stat_item *it)
{
	struct stat_counter *k = it->counter;

	if (k->owner == s)
		return 1;
	if (k->owner == NULL) {
		define_again(s, it, s->newest);
		return 1;
	}
	if (k->kind == it->kind && strcmp(k->owner->type, s->type) == 0 &&
	    strcmp(k->owner->ident, s->ident) == 0)
		return 1;
	if (!k->warned)
		warn_clash(s, it);
	k->warned = 1;
	return 0;
}
