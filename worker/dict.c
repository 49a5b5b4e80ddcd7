/*
 * dict.c -- a stream's dictionary: its tags and the formats of its records.
 *
 * THE MIRROR.  A stream keeps all entries that it ever made in private memory,
 * laid out as they stand in a section.  Every section that it is in, or was in,
 * has the first so many bytes of the mirror as its dictionary (`dict' of the
 * place), and the target's has all of them: who makes an entry appends it to
 * the mirror and then to the target, and a section that becomes the target gets
 * a copy of the mirror before, all of it with the tag lock.
 *
 * A FORMAT has the number of its call site (print.c) as its id.  formats[] says
 * where in the mirror its entry ends; so a record of that format may be written
 * to a lane if the lane's place has that many bytes.  Only a lane that is not
 * in the target, because another thread or the joiner was in the way, may lack
 * them: then its record is formatted at once.
 *
 * Nothing here keeps a pointer to a call site: it may be in a plugin that is
 * unloaded.  A child after fork(2) goes on with what its copy of the mirror
 * holds; an entry that was being made in another thread at that instant is made
 * again, the same a second time at the worst, which readers do not mind.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "worker/print.h"
#include "worker/stream.h"

#define LOCK_TRIES 16 /* yielding in between, for a format's sake */

int
dict_init(struct shmlog_stream *s)
{
	s->names = calloc(TAGS_MAX, sizeof(*s->names));
	s->formats = calloc(FORMATS_MAX, sizeof(*s->formats));
	s->mirror = calloc(1, s->plan.dict_size);
	return s->names == NULL || s->formats == NULL || s->mirror == NULL ? -1
									   : 0;
}

void
dict_fini(struct shmlog_stream *s)
{
	free(s->names);
	free(s->formats);
	free(s->mirror);
}

/* Appends to the mirror; 0, or -1: it has no room.  With the tag lock, as the
 * next two. */
static int
append(struct shmlog_stream *s, enum dict_kind kind, uint32_t id,
    const char *text, size_t length)
{
	struct stream_plan mirror = { .dict_size = s->plan.dict_size };
	uint64_t used = number_get(&s->mirrored);
	int saved = errno, r;

	r = dict_add(
	    s->mirror, &mirror, &used, kind, id, text, (uint32_t)length);
	errno = saved;
	if (r == 0)
		number_set(&s->mirrored, used);
	else
		shared_add(&s->lanes[0].figures[FIGURE_UNNAMED], 1);
	return r;
}

/* Brings the target up to the mirror. */
static void
show(struct shmlog_stream *s)
{
	uint64_t target = number_look(&s->target);
	uint64_t used = number_get(&s->mirrored);
	struct lane_place *p;
	void *map;

	if (target == 0)
		return;
	p = &s->places[target - 1];
	map = p->place.map;
	/* a handler may have forked: a child's places are empty */
	if (map == NULL || number_look(&s->target) != target)
		return;
	dict_copy(map, &s->plan, s->mirror, number_get(&p->dict), used);
	number_set(&p->dict, used);
}

/*
 * What is not in the mirror yet.  A tag that has no room is counted; its
 * records name an id without a name then.
 */
void
dict_enter_tags(struct shmlog_stream *s)
{
	for (; s->entered < s->tags; s->entered++) {
		const char *name = s->names[s->entered];

		(void)append(s, DICT_TAG, s->entered + 1, name, strlen(name));
	}
	show(s);
}

uint64_t
dict_fill(struct shmlog_stream *s, void *section)
{
	uint64_t used = number_get(&s->mirrored);

	dict_copy(section, &s->plan, s->mirror, 0, used);
	return used;
}

/* A signal handler may have interrupted who holds it: not for ever. */
static int
lock_patiently(struct trylock *lock)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (trylock_take(lock))
			return 1;
		sched_yield();
	}
	return 0;
}

uint64_t
dict_format(struct shmlog_stream *s, const struct site *site)
{
	struct shared_number *entry = &s->formats[site->number];
	uint64_t end = number_get(entry);

	if (end != 0)
		return end == DICT_NO_ROOM ? 0 : end;
	if (!lock_patiently(&s->tag_lock))
		return 0;
	end = number_get(entry);
	if (end == 0) {
		end = append(s, DICT_FORMAT, site->number, site->format,
			  site->length) == 0
			  ? number_get(&s->mirrored)
			  : DICT_NO_ROOM;
		show(s);
		/* last: who sees it finds the entry in the target */
		number_set(entry, end);
	}
	trylock_give(&s->tag_lock);
	return end == DICT_NO_ROOM ? 0 : end;
}
