/*
 * set.c -- encode and decode a counter set's schema; plan, write, check and
 * add up a set.  What the words mean is told in layout.h.
 */
#include "common/set.h"

#include <errno.h>
#include <string.h>

#include "common/shared.h"

static int
name_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' ||
	       c == '-';
}

/* Printable, or a byte of something longer in UTF-8. */
static int
text_char(unsigned char c)
{
	return c >= ' ' && c != 0x7f;
}

static int
check_text(const char *s, size_t max, int (*ok)(unsigned char))
{
	size_t n = strnlen(s, max);

	if (n == max)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!ok((unsigned char)s[i]))
			return -1;
	return 0;
}

int
schema_item_check(enum schema_kind kind, uint8_t level, const char *name,
    const char *unit, const char *help)
{
	if (kind > SCHEMA_UPDOWN || level > 2 || name[0] == '\0' ||
	    check_text(name, SCHEMA_NAME_MAX, name_char) != 0 ||
	    check_text(unit, SCHEMA_UNIT_MAX, text_char) != 0 ||
	    check_text(help, SCHEMA_HELP_MAX, text_char) != 0) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

void
schema_put(uint8_t *buf, size_t *length, enum schema_kind kind, uint8_t level,
    uint32_t word, uint32_t words, const char *name, const char *unit,
    const char *help)
{
	struct schema_entry e = {
		.kind = (uint8_t)kind,
		.level = level,
		.name_length = (uint16_t)strlen(name),
		.unit_length = (uint16_t)strlen(unit),
		.help_length = (uint16_t)strlen(help),
		.word = word,
		.words = words,
	};
	size_t text = (size_t)e.name_length + e.unit_length + e.help_length;
	uint8_t *to;

	e.length = (uint32_t)round_up(sizeof(e) + text, 8);
	if (buf != NULL) {
		to = buf + *length;
		memset(to + sizeof(e) + text, 0, e.length - sizeof(e) - text);
		memcpy(to, &e, sizeof(e));
		to += sizeof(e);
		memcpy(to, name, e.name_length);
		memcpy(to + e.name_length, unit, e.unit_length);
		memcpy(to + e.name_length + e.unit_length, help, e.help_length);
	}
	*length += e.length;
}

/* Copies text of a schema; what is not ok becomes a question mark. */
static void
copy_text(char *to, const uint8_t *from, size_t n, int (*ok)(unsigned char))
{
	for (size_t i = 0; i < n; i++)
		to[i] = ok(from[i]) ? (char)from[i] : '?';
	to[n] = '\0';
}

/* The entry at *offset, bounded, without its text; as schema_next(). */
static int
entry_next(const uint8_t *schema, size_t length, size_t *offset,
    struct schema_entry *e)
{
	size_t left = length - *offset;

	if (left == 0)
		return 0;
	if (left < sizeof(*e))
		return -1;
	memcpy(e, schema + *offset, sizeof(*e));
	if (e->length > left || e->length % 8 != 0 ||
	    e->length <
		sizeof(*e) + e->name_length + e->unit_length + e->help_length)
		return -1;
	if (e->kind > SCHEMA_UPDOWN || e->level > 2 || e->name_length == 0 ||
	    e->name_length >= SCHEMA_NAME_MAX ||
	    e->unit_length >= SCHEMA_UNIT_MAX ||
	    e->help_length >= SCHEMA_HELP_MAX)
		return -1;
	*offset += e->length;
	return 1;
}

int
schema_next(const uint8_t *schema, size_t length, size_t *offset,
    struct schema_item *item)
{
	const uint8_t *text = schema + *offset + sizeof(struct schema_entry);
	struct schema_entry e;
	int r = entry_next(schema, length, offset, &e);

	if (r != 1)
		return r;
	item->kind = e.kind;
	item->level = e.level;
	item->word = e.word;
	item->words = e.words;
	copy_text(item->name, text, e.name_length, name_char);
	text += e.name_length;
	copy_text(item->unit, text, e.unit_length, text_char);
	text += e.unit_length;
	copy_text(item->help, text, e.help_length, text_char);
	return 1;
}

uint64_t
set_plan(struct set_plan *p, uint32_t entries, uint32_t words, uint32_t shards,
    uint32_t banks, uint64_t schema_length)
{
	uint64_t bytes = (uint64_t)words * 8;

	if (words > SET_WORDS_MAX || entries > SET_WORDS_MAX || shards < 1 ||
	    shards > SHARDS_MAX || banks < 1 || banks > 2 ||
	    schema_length > SCHEMA_MAX || schema_length % 8 != 0) {
		errno = EINVAL;
		return 0;
	}
	memset(p, 0, sizeof(*p));
	p->entries = entries;
	p->words = words;
	p->shards = shards;
	p->banks = banks;
	p->schema_offset = sizeof(struct set_header);
	p->schema_length = schema_length;
	p->carry_offset =
	    round_up(p->schema_offset + schema_length, CACHE_LINE);
	p->values_offset = round_up(p->carry_offset + bytes, 2 * CACHE_LINE);
	p->shard_stride = round_up(bytes, 2 * CACHE_LINE);
	p->bank_stride = shards * p->shard_stride;
	return round_up(
	    p->values_offset + banks * p->bank_stride, SEGMENT_PAGE);
}

void
set_create(void *section, const struct set_plan *p, const void *schema)
{
	struct set_header h = {
		.magic = SET_MAGIC,
		.entries = p->entries,
		.words = p->words,
		.shards = p->shards,
		.banks = p->banks,
		.schema_offset = p->schema_offset,
		.schema_length = p->schema_length,
		.carry_offset = p->carry_offset,
		.values_offset = p->values_offset,
		.shard_stride = p->shard_stride,
		.bank_stride = p->bank_stride,
		.origin_created = p->origin_created,
		.origin_serial = p->origin_serial,
		.id = p->id,
	};

	shared_words_store(section, &h, sizeof(h) / 8);
	shared_put(
	    (uint8_t *)section + p->schema_offset, schema, p->schema_length);
}

/* n bytes at `offset', a multiple of 8, lie in `length'. */
static int
lies_in(uint64_t offset, uint64_t n, uint64_t length)
{
	return offset <= length && n <= length - offset && offset % 8 == 0;
}

int
set_check(const void *section, uint64_t length, struct set_plan *p)
{
	struct set_header h;

	if (length < sizeof(h))
		return -1;
	shared_words_load(&h, section, sizeof(h) / 8);
	if (h.magic != SET_MAGIC || h.words > SET_WORDS_MAX ||
	    h.entries > SET_WORDS_MAX || h.shards < 1 ||
	    h.shards > SHARDS_MAX || h.banks < 1 || h.banks > 2 ||
	    h.schema_length > SCHEMA_MAX || h.schema_length % 8 != 0)
		return -1;
	if (h.shard_stride < (uint64_t)h.words * 8 ||
	    h.shard_stride > length / h.shards || h.shard_stride % 8 != 0 ||
	    h.bank_stride < h.shards * h.shard_stride ||
	    h.bank_stride > length || h.bank_stride % 8 != 0)
		return -1;
	if (!lies_in(h.schema_offset, h.schema_length, length) ||
	    !lies_in(h.carry_offset, (uint64_t)h.words * 8, length) ||
	    !lies_in(h.values_offset, h.banks * h.bank_stride, length))
		return -1;
	*p = (struct set_plan){
		.entries = h.entries,
		.words = h.words,
		.shards = h.shards,
		.banks = h.banks,
		.schema_offset = h.schema_offset,
		.schema_length = h.schema_length,
		.carry_offset = h.carry_offset,
		.values_offset = h.values_offset,
		.shard_stride = h.shard_stride,
		.bank_stride = h.bank_stride,
		.origin_created = h.origin_created,
		.origin_serial = h.origin_serial,
		.id = h.id,
	};
	return 0;
}

int
set_check_schema(const struct set_plan *p, const uint8_t *schema)
{
	struct schema_entry e;
	uint32_t entries = 0;
	uint64_t words = 0;
	size_t offset = 0;
	int r;

	while ((r = entry_next(schema, p->schema_length, &offset, &e)) == 1) {
		if (e.word > p->words || e.words > p->words - e.word)
			return -1;
		if ((e.kind == SCHEMA_LABEL) != (e.words == 0))
			return -1;
		if (e.kind != SCHEMA_HISTOGRAM &&
		    e.words > (e.kind == SCHEMA_BITMAP ? 2u : 1u))
			return -1;
		/* one that names the same words over and over is no schema */
		words += e.words;
		if (words > p->words)
			return -1;
		entries++;
	}
	return r == 0 && entries == p->entries ? 0 : -1;
}

uint64_t
set_total_with(const void *section, const struct set_plan *p,
    enum schema_kind kind, uint32_t word, uint64_t carry)
{
	const struct set_header *h = section;
	uint64_t bank = 0, total = 0, touched = 0, v;

	if (p->banks > 1) /* pairs with the release store in bank_turn() */
		bank = atomic_load_explicit(&h->bank, memory_order_acquire) & 1;
	for (uint32_t s = 0; s < p->shards; s++) {
		v = shared_load(set_word(section, p, bank, s, word));
		total = kind == SCHEMA_BITMAP ? total | v : total + v;
	}
	if (kind == SCHEMA_GAUGE)
		return total == GAUGE_UNSET ? carry : total;
	if (kind != SCHEMA_BITMAP)
		return total + carry;
	if (word + 1 < p->words)
		touched = shared_load(set_word(section, p, bank, 0, word + 1));
	return total ^ (carry & ~touched);
}

uint64_t
set_total(const void *section, const struct set_plan *p, enum schema_kind kind,
    uint32_t word)
{
	return set_total_with(
	    section, p, kind, word, shared_load(set_carry(section, p, word)));
}
