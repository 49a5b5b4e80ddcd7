/*
 * tail_source.c -- the segments that are followed, and the streams in them.
 *
 * The current one is the attachment's.  An older one is followed as well, for
 * its cooling time and for as long as the owner of a stream in it may still
 * write there: until each of its lanes was named as a predecessor, or its owner
 * is dead.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/process.h"
#include "common/shared.h"
#include "readers/tail.h"

#define CHECK_EVERY (10 * NSEC)

struct tail_source *
source_find(struct tail *t, uint64_t created)
{
	struct tail_source *src;

	TAILQ_FOREACH(src, &t->sources, link)
		if (src->created == created)
			return src;
	return NULL;
}

static int
stream_cmp(struct tail_stream *a, struct tail_stream *b)
{
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

RB_GENERATE(stream_tree, tail_stream, tree, stream_cmp)

struct tail_stream *
stream_find(struct tail_source *src, uint64_t serial)
{
	struct tail_stream key = { .serial = serial };

	return RB_FIND(stream_tree, &src->by_serial, &key);
}

/* Sources stand in the order in which they were created. */
static struct tail_source *
source_add(struct tail *t, uint64_t created)
{
	struct tail_source *src = calloc(1, sizeof(*src)), *other;

	if (src == NULL)
		err(1, "memory");
	src->kept.fd = -1;
	src->created = created;
	src->young = !t->starting;
	TAILQ_INIT(&src->streams);
	RB_INIT(&src->by_serial);
	TAILQ_FOREACH_REVERSE(other, &t->sources, tail_sources, link)
		if (other->created <= created)
			break;
	if (other != NULL)
		TAILQ_INSERT_AFTER(&t->sources, other, src, link);
	else
		TAILQ_INSERT_HEAD(&t->sources, src, link);
	t->nsources++;
	return src;
}

static void
stream_remove(struct tail *t, struct tail_stream *s)
{
	RB_REMOVE(stream_tree, &s->source->by_serial, s);
	TAILQ_REMOVE(&s->source->streams, s, link);
	s->source->n--;
	s->source->bytes -= s->entry.d.length;
	if (!s->opened && !s->gone)
		s->source->unopened--;
	stream_free(t, s);
}

/* Whether records that we copied wait in it. */
static int
stream_holds(const struct tail_stream *s)
{
	for (uint32_t i = 0; s->opened && i < s->plan.lanes; i++)
		if (s->lanes[i].chunk != NULL)
			return 1;
	return 0;
}

static int
source_holds(const struct tail_source *src)
{
	struct tail_stream *s;

	TAILQ_FOREACH(s, &src->streams, link)
		if (stream_holds(s))
			return 1;
	return 0;
}

/* Reads no more of it; what was copied is still delivered. */
static void
source_unmap(struct tail *t, struct tail_source *src)
{
	struct tail_stream *s;

	TAILQ_FOREACH(s, &src->streams, link)
		stream_gone(t, s, 1);
	listing_free(&src->listing);
	if (src->segment == &src->kept)
		segment_drop(&src->kept);
	src->segment = NULL;
}

static void
source_free(struct tail *t, struct tail_source *src)
{
	struct tail_stream *s;

	if (src->segment != NULL)
		source_unmap(t, src);
	while ((s = TAILQ_FIRST(&src->streams)) != NULL)
		stream_remove(t, s);
	TAILQ_REMOVE(&t->sources, src, link);
	t->nsources--;
	free(src);
}

void
sources_free(struct tail *t)
{
	struct tail_source *src;

	for (size_t i = 0; i < t->heap_n; i++)
		t->heap[i].lane->in_heap = 0;
	t->heap_n = 0;
	while ((src = TAILQ_FIRST(&t->sources)) != NULL)
		source_free(t, src);
}

static unsigned
sources_mapped(const struct tail *t)
{
	const struct tail_source *src;
	unsigned n = 0;

	TAILQ_FOREACH(src, &t->sources, link)
		n += src->segment != NULL;
	return n;
}

/* Maps a file of the instance, unless it is known; NULL: it is not taken. */
static struct tail_source *
take_file(struct tail *t, const char *name, uint64_t least, uint64_t most)
{
	struct tail_source *src;
	struct segment s;

	if (sources_mapped(t) >= SOURCES_TAKE ||
	    segment_attach(&s, t->attach.dirfd, name) != 0)
		return NULL;
	if (s.plan.created < least || s.plan.created > most ||
	    source_find(t, s.plan.created) != NULL) {
		segment_drop(&s);
		return NULL;
	}
	src = source_add(t, s.plan.created);
	src->kept = s;
	src->segment = &src->kept;
	src->tombs = directory_buried(src->segment);
	src->since = t->now;
	return src;
}

/* segment.prev, segment.7 */
static int
is_older(const char *name)
{
	static const char begin[] = SEGMENT_FILE ".";
	size_t n = sizeof(begin) - 1;

	return strcmp(name, SEGMENT_PREV_FILE) == 0 ||
	       (strncmp(name, begin, n) == 0 &&
		   name[n + strspn(name + n, "0123456789")] == '\0');
}

/* Those of them that were created between `least' and `most'. */
static void
take_files(struct tail *t, uint64_t least, uint64_t most)
{
	int fd =
	    openat(t->attach.dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (is_older(e->d_name))
			(void)take_file(t, e->d_name, least, most);
	closedir(dir);
}

struct tail_source *
source_search(struct tail *t, uint64_t created)
{
	struct tail_source *src;

	if (t->attach.dirfd == -1 || created == t->missing)
		return NULL;
	take_files(t, created, created);
	t->missing = created;
	src = source_find(t, created);
	if (src != NULL)
		src->young = 0; /* it was missed at the start */
	return src;
}

/* The source of what the attachment has mapped. */
static void
take_current(struct tail *t)
{
	struct segment *s = &t->attach.segment;
	struct tail_source *src;

	/* a daemon whose clock was set back; or a copy of a file */
	while (source_find(t, s->plan.created) != NULL)
		s->plan.created++;
	src = source_add(t, s->plan.created);
	src->segment = s;
	src->tombs = directory_buried(s);
}

/* Segments that an earlier run had done with are not read again. */
static void
heed_cursor(struct tail *t)
{
	struct tail_source *src, *next;

	t->began = cursor_time(t->cursor);
	TAILQ_FOREACH_SAFE(src, &t->sources, link, next)
		if (cursor_source(t->cursor, src) == -1 &&
		    src->segment == &src->kept)
			source_free(t, src);
	if (cursor_gap(t->cursor, t))
		show_lost(t->show, NULL, 0, 1);
}

void
sources_begin(struct tail *t)
{
	struct tail_source *src;

	t->starting = 1;
	t->now = clock_mono();
	t->began = clock_real();
	take_current(t);
	if (t->attach.dirfd != -1)
		take_files(t, 0, t->attach.segment.plan.created);
	if (t->start == START_CURSOR)
		heed_cursor(t);
	TAILQ_FOREACH(src, &t->sources, link)
		listing_wait(&src->listing, src->segment);
	sources_list(t);
	t->starting = 0;
}

/* Who lived in a segment alone that came and went, nobody knows. */
static void
tell_gap(struct tail *t, uint64_t from, uint64_t generation)
{
	const struct segment_plan *now = &t->attach.segment.plan;
	uint64_t between = 0;
	struct tail_source *src;

	TAILQ_FOREACH(src, &t->sources, link)
		between += src->created >= from && src->created < now->created;
	if (now->generation > generation &&
	    now->generation - generation - 1 > between)
		show_lost(t->show, NULL, 0, 1);
}

void
sources_renew(struct tail *t, const struct segment *old)
{
	struct tail_source *src;
	uint64_t from = 0;

	TAILQ_FOREACH(src, &t->sources, link)
		if (src->segment == &t->attach.segment) {
			src->kept = *old;
			src->segment = &src->kept;
			src->since = t->now;
			from = src->created + 1;
		}
	t->missing = 0;
	take_files(t, from, t->attach.segment.plan.created);
	tell_gap(t, from, old->plan.generation);
	take_current(t);
}

/* Whether its owner may still write to it. */
static int
may_be_written(const struct tail_stream *s)
{
	const struct segment_plan *p = &s->source->segment->plan;
	uint32_t named = 0;

	if (s->gone || descriptor_is(&s->entry.d, CLASS_COOL))
		return 0;
	for (uint32_t i = 0; s->opened && i < s->plan.lanes; i++)
		named += s->lanes[i].named != 0;
	if (s->opened && named == s->plan.lanes)
		return 0;
	if (p->pid_ns != process_pid_ns())
		return 1; /* its pid says nothing here */
	return process_runs(
	    (pid_t)s->entry.d.owner_pid, s->entry.d.owner_start);
}

static int
is_needed(struct tail *t, struct tail_source *src)
{
	struct tail_stream *s;

	if (src->since == 0 ||
	    t->now - src->since < src->kept.plan.cooling * NSEC)
		return 1;
	if (t->now < src->check_at)
		return 1;
	src->check_at = t->now + CHECK_EVERY;
	TAILQ_FOREACH(s, &src->streams, link)
		if (may_be_written(s))
			return 1;
	return source_holds(src);
}

void
sources_tend(struct tail *t)
{
	struct tail_source *src, *next;
	unsigned mapped = 0;

	t->tend_at = t->now + NSEC;
	TAILQ_FOREACH(src, &t->sources, link) {
		if (src->segment == &src->kept && segment_torn(&src->kept)) {
			warnx("an older segment was cut short while it was "
			      "read");
			source_unmap(t, src);
		}
		if (src->segment != NULL && !is_needed(t, src))
			source_unmap(t, src);
		mapped += src->segment != NULL;
	}
	TAILQ_FOREACH_SAFE(src, &t->sources, link, next) {
		if (mapped > SOURCES_MAPPED && src->segment == &src->kept) {
			source_unmap(t, src);
			mapped--;
		}
		/* kept for a while for what its lanes had been read up to */
		if (t->nsources > SOURCES_MAX && src->segment == NULL &&
		    !source_holds(src))
			source_free(t, src);
	}
}

static struct tail_stream *
stream_new(struct tail *t, struct tail_source *src,
    const struct directory_entry *e, uint64_t serial)
{
	struct tail_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err(1, "memory");
	s->source = src;
	s->as = rec_stream_new();
	s->entry = *e;
	s->serial = serial;
	if (!t->starting)
		s->late = LATE;
	else if (t->start == START_CURSOR)
		s->late = LATE_KNOWN;
	RB_INSERT(stream_tree, &src->by_serial, s);
	TAILQ_INSERT_TAIL(&src->streams, s, link);
	src->n++;
	src->bytes += e->d.length;
	src->unopened++;
	return s;
}

/*
 * Whether there can be one more: what is kept of streams is less than they have
 * room for, and sections do not overlap, nor do those that were in one listing.
 * What is gone is forgotten by the second listing after its last one (see
 * is_past()), and all may have changed in each.
 */
static int
has_room(struct tail *t, const struct tail_source *src, uint64_t length)
{
	if (length <= 3 * src->segment->plan.segment_size - src->bytes)
		return 1;
	if (!t->overlap)
		warnx("the list of sections is damaged: some overlap, and are "
		      "left out");
	t->overlap = 1;
	return 0;
}

/*
 * A section keeps its place as long as it has its serial, and what we know of
 * it is bounded by that place.  So whoever shows it elsewhere is no daemon of
 * ours, and it is read no more.
 */
static int
is_moved(struct tail *t, struct tail_stream *s, const struct directory_entry *e)
{
	if (e->d.offset == s->entry.d.offset &&
	    e->d.length == s->entry.d.length)
		return 0;
	if (!s->gone) {
		show_complain(t->show, &s->entry.d, "was moved by somebody");
		stream_gone(t, s, 1);
	}
	return 1;
}

/*
 * Whether a stream that is gone may be forgotten.  Its tombstone has been
 * looked at by the next listing only.  In an old segment others may go on for
 * it, and no daemon frees it; where more have gone than there is room for, that
 * was no daemon.
 */
static int
is_past(const struct tail_source *src, const struct tail_stream *s)
{
	return s->gone && s->told_gone && !stream_holds(s) &&
	       s->listed + 1 < src->listings &&
	       (src->since == 0 || src->n > src->segment->plan.desc_count);
}

/* Compares the new list with what we have. */
static void
absorb(struct tail *t, struct tail_source *src)
{
	const struct listing *list = &src->listing;
	struct tail_stream *s, *next;
	uint64_t serial;

	src->listings++;
	for (size_t i = 0; i < list->n; i++) {
		struct directory_entry *e = &list->entries[i];

		if (!descriptor_was(&e->d, CLASS_LOG))
			continue;
		serial = shared_load(&e->d.serial);
		s = stream_find(src, serial);
		if (s == NULL) {
			if (!has_room(t, src, e->d.length))
				continue;
			s = stream_new(t, src, e, serial);
		}
		s->listed = src->listings;
		if (is_moved(t, s, e))
			continue;
		s->entry = *e;
		s->seq = list->seq;
		s->tombs = src->tombs;
	}
	if (!src->listed)
		unseen_begin(src);
	src->listed = 1;
	unseen_look(t, src);
	TAILQ_FOREACH_SAFE(s, &src->streams, link, next) {
		if (s->listed == src->listings)
			continue;
		if (!s->gone && stream_still(t, s) == SECTION_GONE)
			stream_gone(t, s, 0);
		if (is_past(src, s))
			stream_remove(t, s);
	}
}

static void
list_source(struct tail *t, struct tail_source *src)
{
	struct tail_stream *s;

	if (src->listed)
		src->tombs = directory_buried(src->segment);
	switch (listing_poll(&src->listing, src->segment)) {
	case LISTING_NEW:
		absorb(t, src);
		break;
	case LISTING_LATER:
		t->pending = 1;
		break;
	case LISTING_SAME:
		/* by listing_wait() */
		if (!src->listed)
			absorb(t, src);
		break;
	}
	if (src->unopened == 0)
		return;
	TAILQ_FOREACH(s, &src->streams, link)
		if (!s->opened && !s->gone)
			stream_open(t, s);
}

void
sources_list(struct tail *t)
{
	struct tail_source *src;

	TAILQ_FOREACH(src, &t->sources, link)
		if (src->segment != NULL)
			list_source(t, src);
}
