/*
 * counters.c -- counter sets: words at addresses that stay the same.
 *
 * A set's section is mapped at `base', in the beginning as pages of zeros that
 * belong to nobody.  When there is a section for it in a segment, that is
 * filled in, published, and mapped over base (MAP_FIXED): for the threads that
 * add to the words it is one moment, before which they add to the old pages and
 * after which to the new ones.  The old ones are mapped a second time before,
 * so that what they amount to at rest can be moved (common/move.c).
 */
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/move.h"
#include "worker/internal.h"
#include "worker/shmlog.h"

struct shmlog_set {
	struct part part; /* first: the ops cast */
	struct set_plan plan;
	uint8_t *base; /* part.length bytes */
	uint8_t *schema;
	uint8_t *kinds;   /* enum schema_kind of each word */
	uint64_t *copied; /* for set_move_finish() */
};

/* A word for those who ask for one of a set that could not be made. */
static uint64_t nowhere;

static struct shmlog_set *
set_of(struct part *part)
{
	return (struct shmlog_set *)part;
}

static int
prepare(struct part *part)
{
	struct shmlog_set *set = set_of(part);

	set->plan.origin_created = part->place.created;
	set->plan.origin_serial = part->place.serial;
	set_create(part->next.map, &set->plan, set->schema);
	set_move_begin(
	    part->next.map, set->base, &set->plan, set->kinds, set->copied);
	return 0;
}

static int
move(struct part *part)
{
	struct shmlog_set *set = set_of(part);
	/* from size 0: a second mapping of the same pages, mremap(2) */
	void *old = mremap(set->base, 0, part->length, MREMAP_MAYMOVE), *new;

	if (old == MAP_FAILED)
		return -1;
	new = mmap(set->base, part->length, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_FIXED, part->log->segment,
	    (off_t)part->next.offset);
	if (new == MAP_FAILED) {
		munmap(old, part->length);
		return -1;
	}
	set_move_finish(set->base, old, &set->plan, set->kinds, set->copied);
	munmap(old, part->length);
	munmap(part->next.map, part->length);
	part->next.map = NULL;
	return 0;
}

static void
tidy(struct part *part)
{
	(void)part;
}

static void
forget(struct part *part)
{
	struct shmlog_set *set = set_of(part);

	/* if this fails there is no way to keep the parent's words apart */
	(void)mmap(set->base, part->length, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(&part->place, 0, sizeof(part->place));
	part_abandon(part);
}

static void
destroy(struct part *part)
{
	struct shmlog_set *set = set_of(part);
	struct shmlog *log = part->log;

	if (log != NULL) {
		log_lock(log);
		join_remove(part);
		log_unlock(log);
	}
	if (set->base != NULL)
		munmap(set->base, part->length);
	free(set->schema);
	free(set->kinds);
	free(set->copied);
	free(set);
}

static const struct part_ops set_ops = {
	.prepare = prepare,
	.move = move,
	.tidy = tidy,
	.forget = forget,
	.destroy = destroy,
};

/* Encodes "key=value,key=value"; how many, or -1 with EINVAL. */
static int
put_labels(uint8_t *buf, size_t *length, const char *labels)
{
	char name[SCHEMA_NAME_MAX], value[SCHEMA_HELP_MAX];
	int n = 0;

	while (labels != NULL && *labels != '\0') {
		size_t whole = strcspn(labels, ","), key = strcspn(labels, "=");

		if (key >= whole || key >= sizeof(name) ||
		    whole - key - 1 >= sizeof(value))
			goto bad;
		memcpy(name, labels, key);
		name[key] = '\0';
		memcpy(value, labels + key + 1, whole - key - 1);
		value[whole - key - 1] = '\0';
		if (schema_item_check(SCHEMA_LABEL, 0, name, "", value) != 0)
			goto bad;
		schema_put(buf, length, SCHEMA_LABEL, 0, 0, 0, name, "", value);
		n++;
		labels += whole;
		if (*labels == ',')
			labels++;
	}
	return n;
bad:
	errno = EINVAL;
	return -1;
}

/* Encodes labels and definitions; how many entries, or -1 with EINVAL. */
static int
put_schema(uint8_t *buf, size_t *length, const struct shmlog_def *defs,
    unsigned n, const char *labels)
{
	int entries = put_labels(buf, length, labels);

	for (unsigned i = 0; i < n && entries != -1; i++, entries++) {
		const struct shmlog_def *d = &defs[i];
		enum schema_kind kind = (enum schema_kind)d->kind;
		const char *unit = d->unit == NULL ? "" : d->unit;
		const char *help = d->help == NULL ? "" : d->help;

		if (kind == SCHEMA_LABEL || kind == SCHEMA_HISTOGRAM ||
		    d->name == NULL ||
		    schema_item_check(
			kind, (uint8_t)d->level, d->name, unit, help) != 0) {
			errno = EINVAL;
			return -1;
		}
		schema_put(buf, length, kind, (uint8_t)d->level, i, 1, d->name,
		    unit, help);
	}
	return entries;
}

static int
set_fill(struct shmlog_set *set, const struct shmlog_def *defs, unsigned n,
    const char *labels)
{
	size_t length = 0;
	int entries = put_schema(NULL, &length, defs, n, labels);

	if (entries == -1 || n > SET_WORDS_MAX)
		return -1;
	set->part.length =
	    set_plan(&set->plan, (uint32_t)entries, n, 1, 1, length);
	if (set->part.length == 0)
		return -1;
	set->plan.id = next_id();
	set->schema = malloc(length + 1);
	set->kinds = malloc((size_t)n + 1);
	set->copied = calloc((size_t)n + 1, sizeof(*set->copied));
	set->base = map_zeros(set->part.length, 1);
	if (set->schema == NULL || set->kinds == NULL || set->copied == NULL ||
	    set->base == NULL)
		return -1;
	for (unsigned i = 0; i < n; i++)
		set->kinds[i] = (uint8_t)defs[i].kind;
	length = 0;
	(void)put_schema(set->schema, &length, defs, n, labels);
	return 0;
}

struct shmlog_set *
shmlog_set(struct shmlog *log, const char *type, const char *ident,
    const struct shmlog_def *defs, unsigned n,
    const struct shmlog_set_options *options)
{
	struct shmlog_set *set;
	int saved;

	if (log == NULL || (defs == NULL && n > 0)) {
		errno = EINVAL;
		return NULL;
	}
	set = calloc(1, sizeof(*set));
	if (set == NULL)
		return NULL;
	set->part.ops = &set_ops;
	if (part_name(&set->part, CLASS_STAT, type, ident) != 0 ||
	    set_fill(set, defs, n, options == NULL ? NULL : options->labels) !=
		0) {
		saved = errno;
		destroy(&set->part);
		errno = saved;
		return NULL;
	}
	part_add(log, &set->part);
	return set;
}

void
shmlog_set_free(struct shmlog_set *set)
{
	if (set != NULL)
		destroy(&set->part);
}

uint64_t *
shmlog_counter(const struct shmlog_set *set, unsigned i)
{
	if (set == NULL || i >= set->plan.words)
		return &nowhere;
	return set_word(set->base, &set->plan, 0, 0, i);
}

uint64_t
shmlog_value(const struct shmlog_set *set, unsigned i)
{
	if (set == NULL || i >= set->plan.words)
		return 0;
	return set_total(
	    set->base, &set->plan, (enum schema_kind)set->kinds[i], i);
}
