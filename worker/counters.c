/*
 * counters.c -- counter sets: words at addresses that stay the same.
 *
 * A set's pages are mapped twice: at `base', and at `again'.  In the beginning
 * they are zeros that belong to nobody.  When there is a section for it in a
 * segment, that is filled in, published, and mapped over base (MAP_FIXED): for
 * the threads that add to the words it is one moment, before which they add to
 * the old pages and after which to the new ones.  The old ones are still there
 * at `again', at rest, so that what they amount to can be moved
 * (common/move.c).
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/rseq.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/move.h"
#include "worker/internal.h"
#include "worker/shmlog.h"

struct shmlog_set {
	struct part part; /* first: the ops cast */
	struct set_plan plan;
	uint8_t *base;  /* part.length bytes */
	uint8_t *again; /* the same ones */
	uint8_t *schema;
	uint8_t *kinds;  /* for set_move_begin(): of each word */
	uint32_t *words; /* of each definition, its first word */
	unsigned n;      /* definitions */
};

/* For those who ask for a word of a set that could not be made. */
static uint64_t nowhere[HISTOGRAM_WORDS];

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
	set_move_begin(part->next.map, set->again, &set->plan, set->kinds);
	return 0;
}

static int
move(struct part *part)
{
	struct shmlog_set *set = set_of(part);
	void *new = mmap(set->base, part->length, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_FIXED, part->log->segment,
	    (off_t)part->next.offset);

	if (new == MAP_FAILED)
		return -1;
	set_move_finish(set->base, set->again, &set->plan, set->kinds);
	munmap(set->again, part->length);
	set->again = part->next.map;
	part->next.map = NULL;
	return 0;
}

static void
tidy(struct part *part)
{
	(void)part;
}

static void
mark(struct part *part, void *next)
{
	if (next != NULL)
		set_freed(next);
	/* else base is memory of our own */
	if (part->place.created != 0)
		set_freed(set_of(part)->base);
}

/* Over what is there, if there is something. */
static int
fixed(const uint8_t *at)
{
	return at == NULL ? 0 : MAP_FIXED;
}

/* Maps new pages at base and at again: those of `fd', or -1: of no file. */
static int
map_twice(struct shmlog_set *set, int fd)
{
	const int rw = PROT_READ | PROT_WRITE;
	int anonymous = fd == -1 ? MAP_ANONYMOUS : 0;
	int move = MREMAP_MAYMOVE | (set->again == NULL ? 0 : MREMAP_FIXED);
	size_t length = set->part.length;
	void *map = mmap(set->base, length, rw,
	    MAP_SHARED | anonymous | fixed(set->base), fd, 0);

	if (map == MAP_FAILED)
		return -1;
	set->base = map;
	/* of none of shared pages: maps them once more */
	map = fd == -1 ? mremap(set->base, 0, length, move, set->again)
		       : mmap(set->again, length, rw,
			     MAP_SHARED | fixed(set->again), fd, 0);
	if (map == MAP_FAILED)
		return -1;
	set->again = map;
	return 0;
}

/*
 * Pages of zeros, at base and at again; over what is there if that is not NULL.
 * 0, or -1 with errno.  It takes a descriptor only where mremap(2) is refused,
 * which valgrind does.  There may be none left; and a file that is longer than
 * a process' may be is SIGXFSZ, which is the end of most.
 */
static int
map_fresh(struct shmlog_set *set)
{
	struct rlimit most;
	int fd, r = -1, saved = errno;

	if (map_twice(set, -1) == 0)
		return 0;
	if (getrlimit(RLIMIT_FSIZE, &most) == 0 &&
	    most.rlim_cur < set->part.length) {
		errno = EFBIG;
		return -1;
	}
	fd = fd_above(memfd_create("shmlog", MFD_CLOEXEC));
	if (fd == -1)
		return -1;
	if (ftruncate(fd, (off_t)set->part.length) == 0)
		r = map_twice(set, fd);
	if (r == -1)
		saved = errno;
	close(fd);
	errno = saved;
	return r;
}

static void
forget(struct part *part)
{
	struct shmlog_set *set = set_of(part);

	/* without memory it counts for nobody until it joins, but the
	 * parent's words must be kept apart */
	if (map_fresh(set) != 0)
		for (int i = 0; i < 2; i++)
			(void)mmap(i == 0 ? set->base : set->again,
			    part->length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
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
	if (set->again != NULL)
		munmap(set->again, part->length);
	free(set->schema);
	free(set->kinds);
	free(set->words);
	free(set);
}

static const struct part_ops set_ops = {
	.prepare = prepare,
	.move = move,
	.tidy = tidy,
	.mark = mark,
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

/* How many words a counter of this kind takes. */
static uint32_t
kind_words(enum shmlog_kind kind)
{
	return kind == SHMLOG_HISTOGRAM ? HISTOGRAM_WORDS
	       : kind == SHMLOG_BITMAP  ? 2
					: 1;
}

static int
check_def(const struct shmlog_def *d)
{
	if (d->level > SHMLOG_STAT_DEBUG)
		return -1;
	switch (d->kind) {
	case SHMLOG_COUNTER:
	case SHMLOG_GAUGE:
	case SHMLOG_BITMAP:
	case SHMLOG_HISTOGRAM:
	case SHMLOG_UPDOWN:
		break;
	default:
		return -1;
	}
	return d->name == NULL ? -1
			       : schema_item_check((enum schema_kind)d->kind,
				     (uint8_t)d->level, d->name,
				     d->unit == NULL ? "" : d->unit,
				     d->help == NULL ? "" : d->help);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* 0, or -1 with errno: two are of one name, or there is no memory. */
static int
check_names(const struct shmlog_def *defs, unsigned n)
{
	const char **names = calloc((size_t)n + 1, sizeof(*names));
	int same = 0;

	if (names == NULL)
		return -1;
	for (unsigned i = 0; i < n; i++)
		names[i] = defs[i].name;
	qsort(names, n, sizeof(*names), by_name);
	for (unsigned i = 1; i < n && !same; i++)
		same = strcmp(names[i - 1], names[i]) == 0;
	free(names);
	if (!same)
		return 0;
	errno = EINVAL;
	return -1;
}

/* Encodes labels and definitions, whose words are words[0] to words[n - 1]; how
 * many entries, or -1 with EINVAL. */
static int
put_schema(uint8_t *buf, size_t *length, const struct shmlog_def *defs,
    unsigned n, const char *labels, const uint32_t *words)
{
	int entries = put_labels(buf, length, labels);

	for (unsigned i = 0; i < n && entries != -1; i++, entries++) {
		const struct shmlog_def *d = &defs[i];

		schema_put(buf, length, (enum schema_kind)d->kind,
		    (uint8_t)d->level, words[i], kind_words(d->kind), d->name,
		    d->unit == NULL ? "" : d->unit,
		    d->help == NULL ? "" : d->help);
	}
	return entries;
}

/* Gives each definition its words; how many there are, or -1 with errno. */
static int
set_words(struct shmlog_set *set, const struct shmlog_def *defs, unsigned n)
{
	uint32_t words = 0;

	set->words = calloc((size_t)n + 1, sizeof(*set->words));
	if (set->words == NULL)
		return -1;
	set->n = n;
	for (unsigned i = 0; i < n; i++) {
		if (check_def(&defs[i]) != 0 ||
		    words > SET_WORDS_MAX - HISTOGRAM_WORDS) {
			errno = EINVAL;
			return -1;
		}
		set->words[i] = words;
		words += kind_words(defs[i].kind);
	}
	return check_names(defs, n) == 0 ? (int)words : -1;
}

/* Says of each word how it moves.  0, or -1 with ENOMEM. */
static int
set_kinds(struct shmlog_set *set, const struct shmlog_def *defs, uint32_t words)
{
	/* all SCHEMA_LABEL at first */
	set->kinds = calloc((size_t)words + 1, sizeof(*set->kinds));
	if (set->kinds == NULL)
		return -1;
	for (unsigned i = 0; i < set->n; i++) {
		enum shmlog_kind kind = defs[i].kind;

		/* a bitmap's second word moves with the first */
		memset(set->kinds + set->words[i], (int)kind,
		    kind == SHMLOG_HISTOGRAM ? HISTOGRAM_WORDS : 1);
	}
	return 0;
}

/* As few as let no two CPUs that the process may use share one: a power of two,
 * for the CPU's number is masked. */
static uint32_t
shards_per_cpu(void)
{
	uint32_t shards = 1;
	uint64_t taken = 0;
	cpu_set_t cpus;
	int saved = errno;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0) {
		errno = saved;
		return SHARDS_MAX; /* more CPUs than cpu_set_t has room for */
	}
	for (uint32_t cpu = 0; cpu < CPU_SETSIZE && shards < SHARDS_MAX;) {
		uint64_t bit = UINT64_C(1) << (cpu & (shards - 1));

		if (!CPU_ISSET(cpu, &cpus)) {
			cpu++;
		} else if (taken & bit) {
			/* once more, with twice as many */
			shards *= 2;
			taken = 0;
			cpu = 0;
		} else {
			taken |= bit;
			cpu++;
		}
	}
	return shards;
}

/* Of options.shards; more than SHARDS_MAX is set_plan()'s to refuse. */
static uint32_t
shards_of(unsigned wanted)
{
	uint32_t shards = 1;

	if (wanted == SHMLOG_PER_CPU)
		return shards_per_cpu();
	while (shards < wanted && shards <= SHARDS_MAX)
		shards *= 2;
	return shards;
}

static int
set_fill(struct shmlog_set *set, const struct shmlog_def *defs, unsigned n,
    const struct shmlog_set_options *options)
{
	static const struct shmlog_set_options none;
	const struct shmlog_set_options *o = options == NULL ? &none : options;
	const char *labels = o->labels;
	size_t length = 0;
	int words = set_words(set, defs, n), entries;

	if (words == -1 || set_kinds(set, defs, (uint32_t)words) != 0)
		return -1;
	entries = put_schema(NULL, &length, defs, n, labels, set->words);
	if (entries == -1)
		return -1;
	set->part.length = set_plan(&set->plan, (uint32_t)entries,
	    (uint32_t)words, shards_of(o->shards), 1, length);
	if (set->part.length == 0)
		return -1;
	set->plan.id = next_id();
	set->schema = malloc(length + 1);
	if (set->schema == NULL || map_fresh(set) != 0)
		return -1;
	length = 0;
	(void)put_schema(set->schema, &length, defs, n, labels, set->words);
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
	    set_fill(set, defs, n, options) != 0) {
		saved = errno;
		destroy(&set->part);
		errno = saved;
		return NULL;
	}
	part_add(log, &set->part);
	parts_join(log);
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
	if (set == NULL || i >= set->n)
		return nowhere;
	return set_word(set->base, &set->plan, 0, 0, set->words[i]);
}

uint64_t *
set_shard(const struct shmlog_set *set, unsigned shard)
{
	return set_word(set->base, &set->plan, 0, shard % set->plan.shards, 0);
}

struct shmlog_sharded
shmlog_shards(const struct shmlog_set *set, unsigned i)
{
	struct shmlog_sharded s = { .first = shmlog_counter(set, i) };
	enum schema_kind kind;

	if (__rseq_size != 0)
		s.cpu_offset =
		    __rseq_offset + (ptrdiff_t)offsetof(struct rseq, cpu_id);
	if (set == NULL || i >= set->n)
		return s;
	kind = (enum schema_kind)set->kinds[set->words[i]];
	if (kind == SCHEMA_GAUGE || kind == SCHEMA_BITMAP)
		return s;
	s.stride = set->plan.shard_stride / sizeof(*s.first);
	s.mask = set->plan.shards - 1;
	return s;
}

unsigned
shmlog_cpu(void)
{
	int cpu = sched_getcpu();

	return cpu == -1 ? 0 : (unsigned)cpu;
}

static uint64_t
value_of(const struct shmlog_set *set, uint32_t word)
{
	enum schema_kind kind = (enum schema_kind)set->kinds[word];
	uint64_t value = 0;

	if (kind != SCHEMA_HISTOGRAM)
		return set_total(set->base, &set->plan, kind, word);
	for (uint32_t w = 1; w < HISTOGRAM_WORDS; w++)
		value += set_total(set->base, &set->plan, kind, word + w);
	return value;
}

uint64_t
shmlog_value(const struct shmlog_set *set, unsigned i)
{
	uint64_t value;
	int locked;

	if (set == NULL || i >= set->n)
		return 0;
	/* while it moves, what was added last is in no carry yet */
	locked = log_patiently(set->part.log);
	value = value_of(set, set->words[i]);
	if (locked)
		log_unlock(set->part.log);
	return value;
}
