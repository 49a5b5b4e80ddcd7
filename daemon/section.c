/*
 * section.c -- slots, pages, the list, and how sections cool.
 *
 * GIVING UP the pages of those that cooled, in this order: tombstone and
 * descriptor go in one change of the list, and only when alloc_seq has its new
 * value are the pages zeroed (at the next allocation that takes them, or in the
 * background).  A reader that copied from them sees either the old bytes or the
 * new alloc_seq.
 *
 * WHEN SPACE IS SHORT those that cooled for STORE_COOLING_MIN go first, the
 * oldest first: their pages are given back in private until there is a run that
 * is long enough.  Only then is anything given up; if there is none, it is all
 * taken back, and who could be read before still can.
 */
#include <string.h>

#include "common/ring.h"
#include "common/shared.h"

#include "daemon/store_private.h"

#define EXPIRE_MAX 256 /* sections a call: the loop has other things to do */

uint8_t *
section_memory(const struct store *s, const struct section *sec)
{
	return s->base + s->plan.data_offset + sec->page * SEGMENT_PAGE;
}

void
step(struct store *s, const char *where)
{
	if (s->options.step != NULL)
		s->options.step(s->options.step_arg, where);
}

void
section_begin(struct store *s)
{
	if (s->changing++ == 0 && s->open) {
		directory_begin(&s->dir);
		step(s, "begin");
	}
}

void
section_end(struct store *s)
{
	must(s->changing > 0);
	if (--s->changing == 0 && s->open) {
		step(s, "end");
		directory_end(&s->dir);
		step(s, "done");
	}
}

/* Links what stands before a section (or the head) to `next'. */
static void
link_before(struct store *s, struct section *sec, uint32_t next)
{
	struct section *before = TAILQ_PREV(sec, section_list, list);

	if (before == NULL) {
		directory_link(&s->dir, s->plan.desc_count, next, 0);
		return;
	}
	before->d.next = next;
	directory_link(&s->dir, before->index, next, before->d.flags);
}

void
section_list(struct store *s, struct section *sec)
{
	must(sec->magic == SECTION_MAGIC && !sec->listed);
	must(sec->state == SLOT_RESERVED && s->changing > 0);
	figure(s, sec, -1);
	sec->state = SLOT_LISTED;
	sec->listed = 1;
	figure(s, sec, 1);
	sec->d.next = 0;
	TAILQ_INSERT_TAIL(&s->list, sec, list);
	directory_store(&s->dir, sec->index, &sec->d);
	step(s, "listed");
	link_before(s, sec, sec->index + 1);
}

void
section_unlist(struct store *s, struct section *sec)
{
	must(sec->listed && s->changing > 0);
	link_before(s, sec, sec->d.next);
	TAILQ_REMOVE(&s->list, sec, list);
	sec->listed = 0;
	directory_clear(&s->dir, sec->index);
	step(s, "cleared");
}

void
section_update(struct store *s, const struct section *sec)
{
	must(sec->listed && s->changing > 0);
	directory_store(&s->dir, sec->index, &sec->d);
}

void
section_flags(struct store *s, struct section *sec, uint32_t flags)
{
	if (sec->d.flags == flags)
		return;
	figure(s, sec, -1);
	sec->d.flags = flags;
	figure(s, sec, 1);
	if (!sec->listed)
		return;
	/* one word: a daemon killed here leaves the descriptor whole */
	section_begin(s);
	directory_link(&s->dir, sec->index, sec->d.next, flags);
	section_end(s);
}

/* Zeroes what is not zero of a run of pages. */
static void
wash(struct store *s, uint64_t from, uint64_t pages)
{
	uint64_t page, n;

	while (extent_wash(s->extents, from, from + pages, pages, &page, &n)) {
		memset(s->base + s->plan.data_offset + page * SEGMENT_PAGE, 0,
		    n * SEGMENT_PAGE);
		s->work += n * SEGMENT_PAGE / 16;
	}
}

int
store_background(struct store *s, size_t budget)
{
	uint64_t most = budget / SEGMENT_PAGE, page, n;
	int more = mask_sweep(s, NULL);

	while (most > 0 && extents_pages_soiled(s->extents) > 0) {
		if (!extent_wash(
			s->extents, s->background, s->pages, most, &page, &n)) {
			s->background = 0;
			continue;
		}
		memset(s->base + s->plan.data_offset + page * SEGMENT_PAGE, 0,
		    n * SEGMENT_PAGE);
		s->background = page + n;
		most -= n;
	}
	return more || extents_pages_soiled(s->extents) > 0;
}

/* Notes whose a stream was and how many records it had. */
static void
bury(struct store *s, const struct section *sec)
{
	uint8_t *memory = section_memory(s, sec);
	struct tombstone t;
	struct ring_reader r;

	memset(&t, 0, sizeof(t));
	shared_store(&t.serial, sec->serial);
	t.lanes = sec->stream.lanes;
	t.owner_pid = sec->d.owner_pid;
	t.freed = sec->d.cooled;
	t.created = sec->d.created;
	memcpy(t.type, sec->d.type, TYPE_MAX);
	memcpy(t.ident, sec->d.ident, IDENT_MAX);
	for (uint32_t i = 0; i < t.lanes; i++) {
		ring_reader_init(&r, stream_lane(memory, &sec->stream, i),
		    sec->stream.lane_size);
		if (ring_count(&r, &t.records[i]) != RING_DATA)
			t.records[i] = TOMB_UNKNOWN; /* rubbish */
	}
	directory_bury(&s->dir, &t);
	step(s, "buried");
}

/* The slot and the pages are free; the pages not zero. */
static void
release(struct store *s, struct section *sec)
{
	figure(s, sec, -1);
	sec->state = SLOT_FREE;
	s->most_room.pages = 0;
	extent_soil(s->extents, sec->page, sec->pages);
	TAILQ_INSERT_TAIL(&s->spare, sec, queue);
}

/* Gives up the first n of the queue, whose pages are free by now. */
static void
give_up(struct store *s, uint32_t n)
{
	struct section *sec = TAILQ_FIRST(&s->cooling);
	uint32_t i;

	if (n == 0)
		return;
	section_begin(s);
	for (i = 0; i < n; i++, sec = TAILQ_NEXT(sec, queue)) {
		must(sec != NULL && sec->state == SLOT_COOLING);
		if (sec->listed && sec->is_stream)
			bury(s, sec);
		if (sec->listed)
			section_unlist(s, sec);
	}
	section_end(s);
	for (i = 0; i < n; i++) {
		sec = TAILQ_FIRST(&s->cooling);
		TAILQ_REMOVE(&s->cooling, sec, queue);
		owner_forget(s, sec);
		release(s, sec);
	}
}

void
section_expire(struct store *s, struct store_time now)
{
	uint64_t age = s->plan.cooling * SECOND;
	struct section *sec;
	uint32_t n = 0;

	TAILQ_FOREACH(sec, &s->cooling, queue) {
		if (n == EXPIRE_MAX || now.mono < sec->cooled + age)
			break;
		extent_release(s->extents, sec->page, sec->pages);
		n++;
	}
	give_up(s, n);
}

/* Makes room for a section of so many pages, if it can be had. */
static enum message_status
make_room(struct store *s, uint64_t pages, struct store_time now)
{
	struct section *sec = TAILQ_FIRST(&s->cooling);
	int slot = !TAILQ_EMPTY(&s->spare), space;
	uint64_t coolest = s->figures.bytes_cooling / SEGMENT_PAGE;
	uint32_t n = 0, i;

	if (extents_pages_free(s->extents) + coolest < pages ||
	    (s->most_room.pages != 0 && pages > s->most_room.pages &&
		now.mono < s->most_room.until))
		return MESSAGE_NO_SPACE;
	while (!(space = extents_largest(s->extents) >= pages) || !slot) {
		if (sec == NULL ||
		    now.mono < sec->cooled + STORE_COOLING_MIN * SECOND)
			break;
		extent_release(s->extents, sec->page, sec->pages);
		sec = TAILQ_NEXT(sec, queue);
		slot = 1;
		n++;
	}
	if (space && slot) {
		give_up(s, n);
		return MESSAGE_OK;
	}
	/* no need to try that again before something changes: what cools later
	 * than these can be taken later than that */
	if (slot) {
		s->most_room.pages = extents_largest(s->extents);
		s->most_room.until = (sec != NULL ? sec->cooled : now.mono) +
				     STORE_COOLING_MIN * SECOND;
	}
	sec = TAILQ_FIRST(&s->cooling);
	for (i = 0; i < n; i++, sec = TAILQ_NEXT(sec, queue))
		extent_retake(s->extents, sec->page, sec->pages);
	return slot ? MESSAGE_NO_SPACE : MESSAGE_NO_SECTIONS;
}

enum message_status
section_new(struct store *s, const char *class, const char *type,
    const char *ident, uint64_t length, struct store_time now,
    struct section **out)
{
	enum message_status status;
	uint64_t pages;
	struct section *sec;

	must(length > 0);
	if (length > s->pages * SEGMENT_PAGE)
		return MESSAGE_NO_SPACE;
	pages = round_up(length, SEGMENT_PAGE) / SEGMENT_PAGE;
	status = make_room(s, pages, now);
	if (status != MESSAGE_OK)
		return status;
	sec = TAILQ_FIRST(&s->spare);
	must(sec != NULL && sec->state == SLOT_FREE && !sec->listed);
	must0(extent_alloc(s->extents, pages, &sec->page));
	TAILQ_REMOVE(&s->spare, sec, queue);
	wash(s, sec->page, pages);
	sec->state = SLOT_RESERVED;
	sec->pages = pages;
	sec->serial = s->next_serial++;
	sec->client = 0;
	sec->is_stream = 0;
	must(sec->owner == NULL && sec->user == NULL && sec->set == NULL);
	memset(&sec->d, 0, sizeof(sec->d));
	shared_store(&sec->d.serial, sec->serial);
	sec->d.offset = s->plan.data_offset + sec->page * SEGMENT_PAGE;
	sec->d.length = pages * SEGMENT_PAGE;
	sec->d.created = now.real;
	copy_padded(sec->d.class, class, CLASS_MAX);
	copy_padded(sec->d.type, type, TYPE_MAX - 1);
	copy_padded(sec->d.ident, ident, IDENT_MAX - 1);
	/* its worker reads the mask before the section is listed */
	directory_mask(&s->dir, sec->index, 0, (uint64_t[TAGS_MAX / 64]){ 0 });
	figure(s, sec, 1);
	*out = sec;
	return MESSAGE_OK;
}

void
section_cool(
    struct store *s, struct section *sec, uint32_t flags, struct store_time now)
{
	must(sec->state == SLOT_RESERVED || sec->state == SLOT_LISTED);
	set_free(s, sec);
	mask_leave(s, sec);
	figure(s, sec, -1);
	sec->state = SLOT_COOLING;
	sec->cooled = now.mono;
	sec->client = 0;
	sec->d.flags = (sec->d.flags & ~DESC_ORPHAN) | flags;
	sec->d.cooled = now.real;
	memcpy(sec->d.former, sec->d.class, CLASS_MAX);
	copy_padded(sec->d.class, CLASS_COOL, CLASS_MAX);
	if (sec->listed) {
		section_begin(s);
		directory_cool(&s->dir, sec->index, &sec->d);
		section_end(s);
	}
	owner_leave(s, sec);
	TAILQ_INSERT_TAIL(&s->cooling, sec, queue);
	figure(s, sec, 1);
}

void
section_drop(struct store *s, struct section *sec)
{
	must(sec->state == SLOT_RESERVED || sec->state == SLOT_LISTED);
	if (sec->listed) {
		section_begin(s);
		section_unlist(s, sec);
		section_end(s);
	}
	set_free(s, sec);
	mask_leave(s, sec);
	owner_leave(s, sec);
	owner_forget(s, sec);
	extent_release(s->extents, sec->page, sec->pages);
	release(s, sec);
}

struct section *
section_find(struct store *s, const struct store_owner *owner,
    const struct message_section *m)
{
	struct section *sec;

	if (m->index >= s->plan.desc_count || m->serial == 0)
		return NULL;
	sec = &s->slots[m->index];
	must(sec->magic == SECTION_MAGIC);
	if ((sec->state != SLOT_RESERVED && sec->state != SLOT_LISTED) ||
	    sec->serial != m->serial || sec->owner == NULL ||
	    (sec->d.flags & DESC_PLACEHOLDER) ||
	    sec->owner->pid != owner->pid || sec->owner->start != owner->start)
		return NULL;
	return sec;
}
