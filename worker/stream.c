/*
 * stream.c -- streams: making them, tags, and putting records.
 */
#include "worker/stream.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shmlog.h"

#define LANES_MIN 3
#define LANE_SIZE (UINT64_C(256) << 10)
#define DICT_SIZE (UINT64_C(32) << 10)

static struct shmlog_stream *
stream_of(struct part *part)
{
	return (struct shmlog_stream *)((char *)part -
					offsetof(struct shmlog_stream, part));
}

static int
prepare(struct part *part)
{
	stream_create(part->next.map, &stream_of(part)->plan);
	return 0;
}

static int
move(struct part *part)
{
	struct shmlog_stream *s = stream_of(part);
	int r;

	/* who enters a tag or a format does so in the target: not while it
	 * changes */
	if (!trylock_take(&s->tag_lock))
		return -1;
	if (mask_map(s, part->next.index) != 0) {
		trylock_give(&s->tag_lock);
		return -1;
	}
	r = lanes_retarget(s, &part->next, dict_fill(s, part->next.map));
	if (r == 0)
		mask_switch(s);
	trylock_give(&s->tag_lock);
	return r;
}

static void
tidy(struct part *part)
{
	struct shmlog_stream *s = stream_of(part);

	if (s->unswept)
		lanes_sweep(s);
}

static void
mark(struct part *part, void *next)
{
	struct shmlog_stream *s = stream_of(part);

	if (next != NULL)
		stream_freed(next);
	for (uint32_t i = 0; i < PLACES_MAX; i++)
		if (s->places[i].place.map != NULL)
			stream_freed(s->places[i].place.map);
}

static void
forget(struct part *part)
{
	struct shmlog_stream *s = stream_of(part);

	lanes_fork(s);
	mask_fork(s);
	/* all was well with the parent: the child's first put is to join */
	number_set(&s->looked, 0);
	/* another stream than the parent's: no record came before it */
	s->plan.born = clock_real();
	memset(&part->place, 0, sizeof(part->place));
	part_abandon(part);
	s->tag_lock = (struct trylock){ 0 };
}

/* What stream_new() made, or began to make. */
static void
stream_release(struct shmlog_stream *s)
{
	mask_fini(s);
	dict_fini(s);
	free(s);
}

static void
destroy(struct part *part)
{
	struct shmlog_stream *s = stream_of(part);
	struct shmlog *log = part->log;

	log_lock(log);
	join_remove(part);
	lanes_reset(s);
	log_unlock(log);
	figures_close(s);
	stream_release(s);
}

static const struct part_ops stream_ops = {
	.prepare = prepare,
	.move = move,
	.tidy = tidy,
	.mark = mark,
	.forget = forget,
	.destroy = destroy,
};

static unsigned
default_lanes(void)
{
	cpu_set_t cpus;
	unsigned n = LANES_MAX; /* more CPUs than the set has room for */
	int saved = errno;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = (unsigned)CPU_COUNT(&cpus) + 1;
	errno = saved;
	if (n < LANES_MIN)
		n = LANES_MIN;
	return n > LANES_MAX ? LANES_MAX : n;
}

static struct shmlog_stream *
stream_new(const char *type, const char *ident,
    const struct shmlog_stream_options *options)
{
	static const struct shmlog_stream_options none;
	const struct shmlog_stream_options *o =
	    options == NULL ? &none : options;
	struct shmlog_stream *s =
	    aligned_alloc(_Alignof(struct shmlog_stream), sizeof(*s));

	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->part.ops = &stream_ops;
	s->part.length =
	    stream_plan(&s->plan, o->lanes == 0 ? default_lanes() : o->lanes,
		o->lane_size == 0 ? LANE_SIZE : o->lane_size,
		sizeof(struct dict_header) +
		    (o->dict_size == 0 ? DICT_SIZE : o->dict_size));
	if (s->part.length == 0 || dict_init(s) != 0 ||
	    part_name(&s->part, CLASS_LOG, type, ident) != 0 ||
	    mask_init(s) != 0) {
		stream_release(s);
		return NULL;
	}
	s->plan.id = next_id();
	s->plan.born = clock_real();
	s->record_max = ring_record_max(s->plan.lane_size);
	s->cpu_offset =
	    __rseq_offset + (ptrdiff_t)offsetof(struct rseq, cpu_id);
	lanes_reset(s);
	return s;
}

struct shmlog_stream *
shmlog_stream(struct shmlog *log, const char *type, const char *ident,
    const struct shmlog_stream_options *options)
{
	struct shmlog_stream *s;
	int saved;

	if (log == NULL) {
		errno = EINVAL;
		return NULL;
	}
	s = stream_new(type, ident, options);
	if (s == NULL)
		return NULL;
	s->look.superseded_ = (const uint64_t *)&log->head->superseded;
	s->look.look_at_ = (const uint64_t *)&log->look_at.value;
	part_add(log, &s->part);
	if (figures_open(s) != 0) {
		saved = errno;
		destroy(&s->part);
		errno = saved;
		return NULL;
	}
	return s;
}

void
shmlog_stream_free(struct shmlog_stream *s)
{
	if (s != NULL)
		s->part.ops->destroy(&s->part);
}

/* With the tag lock. */
static int
find_tag(struct shmlog_stream *s, const char *name)
{
	for (uint32_t i = 0; i < s->tags; i++)
		if (strcmp(s->names[i], name) == 0)
			return (int)i + 1;
	if (s->tags == TAGS_MAX - 1) {
		errno = ENOSPC;
		return 0;
	}
	/* counted when it is there: a fork may come in between */
	strcpy(s->names[s->tags], name);
	s->tags++;
	dict_enter_tags(s);
	return (int)s->tags;
}

int
shmlog_tag(struct shmlog_stream *s, const char *name)
{
	int id;

	if (s == NULL || !tag_is_good(name)) {
		errno = EINVAL;
		return 0;
	}
	while (!trylock_take(&s->tag_lock))
		sched_yield();
	id = find_tag(s, name);
	trylock_give(&s->tag_lock);
	return id;
}

void
stream_drop(struct shmlog_stream *s, uint64_t records)
{
	(void)number_add(&s->part.log->dropped, records);
	shared_add(&s->lanes[0].figures[FIGURE_DROPPED], records);
}

int
stream_put(struct shmlog_stream *s, int tag, int level, uint64_t id,
    const void *text, size_t length, uint8_t flags)
{
	struct lane *lane;
	uint64_t time, word;

	if (s == NULL)
		return 0;
	if (mask_look(s, stream_tag(tag), stream_level(level)))
		return 1;
	time = clock_now();
	stream_look(s, time);
	flags |= stream_cut(s, &length) | stream_flags(level);
	word = record_word((uint32_t)(sizeof(struct record) + length),
	    stream_tag(tag), stream_level(level), flags);
	lane = lane_take(s);
	if (lane == NULL) {
		stream_drop(s, 1);
		return 0;
	}
	lane_put(lane, word, id, time, text, length);
	return 1;
}

/* All that may be in the way of shmlog_put(), which begins anew here: with what
 * is out of bounds or long; */
static __attribute__((noinline)) int
put_odd(struct shmlog_stream *s, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	return stream_put(s, tag, level, id, text, length, 0);
}

/* from the word that it has made of tag, level and length; */
static __attribute__((noinline)) int
put_slow(struct shmlog_stream *s, uint64_t word, uint64_t id, const void *text)
{
	return stream_put(s, record_tag(word), record_level(word), id, text,
	    record_length(word) - sizeof(struct record), 0);
}

/* and while it holds a lane. */
static __attribute__((noinline)) int
put_held(struct shmlog_stream *s, struct lane *lane, uint64_t word, uint64_t id,
    uint64_t time, const void *text)
{
	lane = lane_settle(s, lane);
	if (lane == NULL) {
		stream_drop(s, 1);
		return 0;
	}
	lane_put(lane, word, id, time, text,
	    record_length(word) - sizeof(struct record));
	return 1;
}

/*
 * The way that almost all records go, and no more than that: what else there
 * may be is done by the functions above, which are called last of all, so that
 * little need be saved on the stack for them.
 *
 * Of the 13.4 ns that a record of 64 bytes takes, the cycle counter has 11.  It
 * waits for what stands before it, as the lock does, and what stands behind it
 * is nearly free.  So before it are only the mask, for a masked record costs a
 * third of one, and which lane is ours, for the lock waits longest for that.
 * (With the lane behind the counter it is 14.0 ns, with the clock's anchor
 * before the lock 13.7, with the lock before the counter 14.5, with the bounds
 * first of all 14.8.)
 */
int(shmlog_put)(struct shmlog_stream *s, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	uint64_t cycles, time, word;
	struct ring_writer *w;
	struct lane *lane;
	uint8_t *to;
	uint32_t n;

	if (s == NULL)
		return 0;
	if (shmlog_hides_(&s->look, tag, level))
		return shmlog_settled_(&s->look)
			   ? 1
			   : put_odd(s, tag, level, id, text, length);
	lane = lane_near(s);
	cycles = clock_cycles();
	if (!stream_is_plain(tag, level) || length > SHARED_TEXT_MAX)
		return put_odd(s, tag, level, id, text, length);
	word = record_word((uint32_t)(sizeof(struct record) + length),
	    (uint16_t)tag, (uint8_t)level, 0);
	if (!trylock_grab(&lane->lock))
		return put_slow(s, word, id, text);
	/* nothing is due before there is a new anchor, see stream_look() */
	if (!clock_at(number_get(&s->looked), cycles, &time)) {
		lane_give(lane);
		return put_slow(s, word, id, text);
	}
	w = &lane->writer;
	n = (record_length(word) + 7) & ~7u;
	if (lane->at != number_look(&s->target) || !ring_is_easy(w, n))
		return put_held(s, lane, word, id, time, text);
	to = w->data + (w->commit & w->mask);
	ring_head(to, word, id, time);
	shared_text(to + sizeof(struct record), text, length);
	w->records++;
	ring_publish(w, w->commit + n);
	lane_count(lane, 1, n);
	lane_give(lane);
	return 1;
}

int(shmlog_puts)(
    struct shmlog_stream *s, int tag, int level, uint64_t id, const char *text)
{
	if (text == NULL)
		text = "";
	return shmlog_put(s, tag, level, id, text, strlen(text));
}

int
shmlog_link(struct shmlog_stream *s, int tag, int level, uint64_t id,
    uint64_t parent, const char *text)
{
	struct lane *lane;
	uint64_t time, word, pos;
	size_t n;
	uint8_t flags, *to;

	if (s == NULL)
		return 0;
	if (mask_look(s, stream_tag(tag), stream_level(level)))
		return 1;
	time = clock_now();
	stream_look(s, time);
	n = sizeof(parent) + (text == NULL ? 0 : strlen(text));
	flags = RECORD_LINK | stream_cut(s, &n) | stream_flags(level);
	word = record_word((uint32_t)(sizeof(struct record) + n),
	    stream_tag(tag), stream_level(level), flags);
	lane = lane_take(s);
	if (lane == NULL) {
		stream_drop(s, 1);
		return 0;
	}
	to = ring_begin(&lane->writer, record_length(word), &pos);
	ring_head(to, word, id, time);
	to += sizeof(struct record);
	shared_store(to, parent);
	if (n > sizeof(parent))
		shared_put(to + sizeof(parent), text, n - sizeof(parent));
	lane_end(lane, word, pos);
	return 1;
}

size_t
shmlog_record_max(const struct shmlog_stream *s)
{
	return s == NULL ? 0 : s->record_max - sizeof(struct record);
}

uint64_t
shmlog_id(struct shmlog_stream *s)
{
	return s == NULL ? 0 : next_id();
}
