/*
 * directory.c -- change the list of sections, and read it meanwhile.
 *
 * THE DAEMON stores zero in alloc_seq, then a release fence, then changes
 * descriptors and links, then stores a value that alloc_seq never had, with
 * release, then another release fence, before it may touch the pages of a
 * section that it has just given up.
 *
 * A READER loads alloc_seq (acquire), copies, fences (acquire), loads it again.
 * Both equal and not zero: the copy is of one moment.  Later, when it has
 * copied bytes of a section, it fences and loads alloc_seq once more: if a byte
 * was of the section's successor, the daemon's second fence came before that
 * byte, so the change of alloc_seq is seen.  Only then is the descriptor looked
 * at again, by its serial.
 *
 * A DESCRIPTOR by itself is a seqlock of two words: serial is zero while it is
 * filled in or emptied, and `changes' counts up, also when its section cools
 * and keeps its serial.  That serves readers that wait no longer for a daemon
 * that was stopped or killed while alloc_seq was zero.
 */
#include "common/directory.h"

#include <string.h>

#include "common/shared.h"

/* Behind what a descriptor's copy has; the mask is directory_mask()'s. */
#define MASK_WORD (offsetof(struct descriptor, levels) / 8)

void
directory_create(struct directory *dir, void *base,
    const struct segment_plan *p, uint64_t *changes, uint64_t seq)
{
	dir->head = base;
	dir->descriptors = (uint8_t *)base + p->desc_offset;
	dir->tombstones = (uint8_t *)base + p->tomb_offset;
	dir->desc_stride = p->desc_stride;
	dir->desc_count = p->desc_count;
	dir->tomb_stride = p->tomb_stride;
	dir->tomb_count = p->tomb_count;
	dir->seq = seq;
	dir->tomb_next = 0;
	dir->changes = changes;
}

void
directory_begin(struct directory *dir)
{
	atomic_store_explicit(&dir->head->alloc_seq, 0, SHARED_STORE);
	/* pairs with the fence in directory_read() */
	atomic_thread_fence(memory_order_release);
}

void
directory_end(struct directory *dir)
{
	if (++dir->seq == 0)
		dir->seq = 1;
	/* pairs with the acquire load in directory_read() */
	atomic_store_explicit(
	    &dir->head->alloc_seq, dir->seq, memory_order_release);
	/* pairs with the fence in directory_still() */
	atomic_thread_fence(memory_order_release);
}

static struct descriptor *
slot(const struct directory *dir, uint32_t index)
{
	return (struct descriptor *)(dir->descriptors +
				     (uint64_t)index * dir->desc_stride);
}

void
directory_store(
    struct directory *dir, uint32_t index, const struct descriptor *d)
{
	struct descriptor *to = slot(dir, index);
	uint64_t serial = atomic_load_explicit(
	    &((struct descriptor *)(uintptr_t)d)->serial, memory_order_relaxed);

	directory_clear(dir, index);
	shared_words_store(
	    (uint64_t *)to + 2, (const uint64_t *)d + 2, MASK_WORD - 2);
	/* pairs with the acquire load in directory_entry() */
	atomic_store_explicit(&to->serial, serial, memory_order_release);
}

/*
 * What readers look at only if the class is Cool goes first, then `changes',
 * and the class, one word, last: at each point the descriptor is whole.
 */
void
directory_cool(
    struct directory *dir, uint32_t index, const struct descriptor *d)
{
	struct descriptor *to = slot(dir, index);

	_Static_assert(CLASS_MAX == 8, "a class is one word");
	shared_store(&to->cooled, d->cooled);
	shared_words_store(to->former, d->former, 1);
	directory_link(dir, index, d->next, d->flags);
	/* pairs with the acquire load in directory_entry() */
	atomic_store_explicit(
	    &to->changes, ++dir->changes[index], memory_order_release);
	/* pairs with the fence in directory_entry() */
	atomic_thread_fence(memory_order_release);
	shared_words_store(to->class, d->class, 1);
}

void
directory_clear(struct directory *dir, uint32_t index)
{
	struct descriptor *to = slot(dir, index);

	atomic_store_explicit(&to->serial, 0, SHARED_STORE);
	atomic_store_explicit(
	    &to->changes, ++dir->changes[index], SHARED_STORE);
	/* pairs with the fence in directory_entry() */
	atomic_thread_fence(memory_order_release);
}

void
directory_link(
    struct directory *dir, uint32_t index, uint32_t next, uint32_t flags)
{
	uint32_t pair[2] = { next, flags };
	uint64_t word;

	_Static_assert(offsetof(struct descriptor, next) % 8 == 0 &&
			   offsetof(struct descriptor, flags) ==
			       offsetof(struct descriptor, next) + 4,
	    "one word");
	if (index == dir->desc_count) {
		atomic_store_explicit(
		    &dir->head->list_head, next, SHARED_STORE);
		return;
	}
	memcpy(&word, pair, sizeof(word));
	shared_store(&slot(dir, index)->next, word);
}

static struct tombstone *
grave(const struct directory *dir, uint64_t number)
{
	return (struct tombstone *)(dir->tombstones + number % dir->tomb_count *
							  dir->tomb_stride);
}

void
directory_bury(struct directory *dir, const struct tombstone *t)
{
	struct tombstone *to = grave(dir, dir->tomb_next), own = *t;
	uint64_t serial = shared_load(&own.serial);

	own.number = dir->tomb_next++;
	atomic_store_explicit(&to->serial, 0, SHARED_STORE);
	/* pairs with the fence in load_tombstone() */
	atomic_thread_fence(memory_order_release);
	shared_words_store(
	    (uint64_t *)to + 1, (const uint64_t *)&own + 1, TOMB_WORDS - 1);
	atomic_store_explicit(&to->serial, serial, memory_order_release);
	atomic_store_explicit(
	    &dir->head->tomb_next, dir->tomb_next, memory_order_release);
	/* whoever sees the descriptor cleared sees the tombstone: pairs with
	 * the acquire load in directory_entry() */
	atomic_thread_fence(memory_order_release);
}

void
directory_mask(struct directory *dir, uint32_t index, uint64_t levels,
    const uint64_t masked[TAGS_MAX / 64])
{
	struct descriptor *to = slot(dir, index);
	uint64_t any = 0;

	for (int i = 0; i < TAGS_MAX / 64; i++) {
		any |= masked[i];
		atomic_store_explicit(
		    &to->masked[i], masked[i], memory_order_relaxed);
	}
	atomic_store_explicit(&to->levels,
	    (levels & ~MASK_TAGS) | (any != 0 ? MASK_TAGS : 0),
	    memory_order_relaxed);
}

uint64_t
directory_seq(const struct segment *s)
{
	/* pairs with the release store in directory_end() */
	return atomic_load_explicit(&s->head->alloc_seq, memory_order_acquire);
}

static const struct descriptor *
look(const struct segment *s, uint32_t index)
{
	return (
	    const struct descriptor *)(s->base + s->plan.desc_offset +
				       (uint64_t)index * s->plan.desc_stride);
}

int
directory_entry(const struct segment *s, uint32_t index, struct descriptor *d)
{
	const struct descriptor *from = look(s, index);
	uint64_t serial, changes;

	if (index >= s->plan.desc_count)
		return -1;
	/* pairs with the release store in directory_store() */
	serial = atomic_load_explicit(&from->serial, memory_order_acquire);
	if (serial == 0)
		return -1;
	changes = atomic_load_explicit(&from->changes, memory_order_acquire);
	shared_words_load(d, from, DESC_WORDS);
	/* pairs with the fences in directory_clear() and directory_cool() */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&from->serial, SHARED_LOAD) != serial ||
	    atomic_load_explicit(&from->changes, SHARED_LOAD) != changes)
		return -1;
	atomic_store_explicit(&d->serial, serial, memory_order_relaxed);
	d->type[TYPE_MAX - 1] = d->owner[OWNER_MAX - 1] = '\0';
	d->ident[IDENT_MAX - 1] = '\0';
	/* a section outside of the data pages is none */
	return d->offset >= s->plan.data_offset &&
		       d->offset % SEGMENT_PAGE == 0 &&
		       d->offset <= s->plan.segment_size &&
		       d->length <= s->plan.segment_size - d->offset
		   ? 0
		   : -1;
}

enum directory_result
directory_read(const struct segment *s, struct directory_entry *entries,
    size_t *n, uint64_t *seq)
{
	uint64_t before = directory_seq(s), after;
	uint32_t next, steps = 0;
	int whole = 1;

	*n = 0;
	if (before == 0)
		return DIRECTORY_CHANGING;
	next = atomic_load_explicit(&s->head->list_head, SHARED_LOAD);
	for (; next != 0; steps++) {
		struct directory_entry *e = &entries[*n];

		if (next > s->plan.desc_count || steps == s->plan.desc_count) {
			whole = 0;
			break;
		}
		e->index = next - 1;
		if (directory_entry(s, e->index, &e->d) != 0) {
			whole = 0;
			break;
		}
		next = e->d.next;
		(*n)++;
	}
	/* pairs with the fence in directory_begin() */
	atomic_thread_fence(memory_order_acquire);
	after = atomic_load_explicit(&s->head->alloc_seq, SHARED_LOAD);
	if (after != before)
		return DIRECTORY_CHANGING;
	*seq = before;
	return whole ? DIRECTORY_WHOLE : DIRECTORY_CORRUPT;
}

void
directory_scan(
    const struct segment *s, struct directory_entry *entries, size_t *n)
{
	*n = 0;
	for (uint32_t i = 0; i < s->plan.desc_count; i++) {
		entries[*n].index = i;
		if (directory_entry(s, i, &entries[*n].d) == 0)
			(*n)++;
	}
}

int
directory_unchanged(const struct segment *s, uint64_t seq)
{
	/* pairs with the last fence in directory_end() */
	atomic_thread_fence(memory_order_acquire);
	return seq != 0 &&
	       atomic_load_explicit(&s->head->alloc_seq, SHARED_LOAD) == seq;
}

enum section_state
directory_still(
    const struct segment *s, uint64_t seq, const struct directory_entry *e)
{
	uint64_t serial = atomic_load_explicit(
	    &((struct descriptor *)(uintptr_t)&e->d)->serial,
	    memory_order_relaxed);
	struct descriptor d;
	uint64_t now, before;

	if (directory_unchanged(s, seq))
		return SECTION_SAME;
	before = directory_seq(s);
	now = atomic_load_explicit(
	    &look(s, e->index)->serial, memory_order_acquire);
	if (now != 0 && now != serial)
		return SECTION_GONE;
	if (directory_entry(s, e->index, &d) != 0) {
		/* unused for good, if the list was at rest meanwhile;
		 * pairs with the fence in directory_begin() */
		atomic_thread_fence(memory_order_acquire);
		now = atomic_load_explicit(&s->head->alloc_seq, SHARED_LOAD);
		return before != 0 && now == before ? SECTION_GONE
						    : SECTION_CHANGING;
	}
	if (atomic_load_explicit(&d.serial, memory_order_relaxed) != serial)
		return SECTION_GONE;
	return descriptor_is(&d, CLASS_COOL) &&
		       !descriptor_is(&e->d, CLASS_COOL)
		   ? SECTION_COOLED
		   : SECTION_SAME;
}

static const struct tombstone *
look_at_grave(const struct segment *s, uint64_t slot)
{
	return (const struct tombstone *)(s->base + s->plan.tomb_offset +
					  slot * s->plan.tomb_stride);
}

/* Copies one: 0, or -1 if it is unused, in change, or of no daemon of ours. */
static int
load_tombstone(const struct tombstone *from, struct tombstone *t)
{
	/* pairs with the release store in directory_bury() */
	uint64_t serial =
	    atomic_load_explicit(&from->serial, memory_order_acquire);

	if (serial == 0)
		return -1;
	shared_words_load(t, from, TOMB_WORDS);
	/* pairs with the fence in directory_bury() */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&from->serial, SHARED_LOAD) != serial ||
	    t->lanes > LANES_MAX)
		return -1;
	shared_store(&t->serial, serial);
	t->type[TYPE_MAX - 1] = t->ident[IDENT_MAX - 1] = '\0';
	return 0;
}

int
directory_tombstone(
    const struct segment *s, uint64_t serial, struct tombstone *t)
{
	/* an unused slot is nobody's */
	for (uint32_t i = 0; serial != 0 && i < s->plan.tomb_count; i++) {
		const struct tombstone *from = look_at_grave(s, i);

		if (atomic_load_explicit(&from->serial, SHARED_LOAD) == serial)
			return load_tombstone(from, t) == 0 &&
				       shared_load(&t->serial) == serial
				   ? 0
				   : -1;
	}
	return -1;
}

uint64_t
directory_buried(const struct segment *s)
{
	/* pairs with the release store in directory_bury() */
	return atomic_load_explicit(&s->head->tomb_next, memory_order_acquire);
}

int
directory_tombstone_at(
    const struct segment *s, uint64_t number, struct tombstone *t)
{
	uint64_t slot = number % s->plan.tomb_count;

	return load_tombstone(look_at_grave(s, slot), t) == 0 &&
		       t->number == number
		   ? 0
		   : -1;
}

int
descriptor_is(const struct descriptor *d, const char *class)
{
	return strncmp(d->class, class, CLASS_MAX) == 0;
}

int
descriptor_was(const struct descriptor *d, const char *class)
{
	return descriptor_is(d, class) ||
	       (descriptor_is(d, CLASS_COOL) &&
		   strncmp(d->former, class, CLASS_MAX) == 0);
}
