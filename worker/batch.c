/*
 * batch.c -- records of one transaction, put together and published at once.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "worker/print.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

/* bytes, or a lane's quarter if that is less */
#define BATCH_MAX (UINT64_C(256) << 10)

#define LANE_TRIES 4

#define RECORD UINT64_C(0x100000000) /* one more, in fill */

struct shmlog_batch {
	struct shmlog_stream *stream; /* first: shmlog_batch_masked_() */
	uint64_t size;                /* of bytes[] */
	uint64_t limit;   /* the same; 0 while there is nothing in it */
	uint64_t fill;    /* bytes in use, and RECORD times the records
			     that they are: one word, for that is quicker */
	uint64_t dropped; /* since the last commit */
	uint64_t time;    /* with one_time: of the first record */
	int one_time;
	int look;      /* whatever the clock's version is */
	uint32_t cut;  /* of these, records that were */
	uint64_t dict; /* bytes of dictionary that the formats need */
	uint64_t bytes[];
};

_Static_assert(offsetof(struct shmlog_batch, stream) == 0, "abi");

struct shmlog_batch *
shmlog_batch(struct shmlog_stream *s)
{
	uint64_t size;
	struct shmlog_batch *b;

	if (s == NULL) {
		errno = EINVAL;
		return NULL;
	}
	size = s->plan.lane_size / 4;
	if (size > BATCH_MAX)
		size = BATCH_MAX;
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	memset(b, 0, sizeof(*b));
	b->stream = s;
	b->size = size;
	return b;
}

/*
 * A lane whose place has the formats of the batch, as the target has them all
 * (dict.c).  A lane that could not move there, because just then there was
 * another target, does so the next time.
 */
static struct lane *
take_lane(struct shmlog_batch *b)
{
	struct lane *lane;

	for (int i = 0; i < LANE_TRIES; i++) {
		lane = lane_take(b->stream);
		if (lane == NULL || lane_has(b->stream, lane, b->dict))
			return lane;
		lane_give(lane);
	}
	return NULL;
}

static void
flush(struct shmlog_batch *b)
{
	struct lane *lane;

	if (b->fill == 0)
		return;
	lane = take_lane(b);
	if (lane == NULL) {
		stream_drop(b->stream, b->fill / RECORD);
		b->dropped += b->fill / RECORD;
	} else {
		ring_append_batch(&lane->writer, b->bytes, (uint32_t)b->fill,
		    b->fill / RECORD);
		lane_count(lane, b->fill / RECORD, (uint32_t)b->fill);
		if (b->cut != 0)
			shared_add_single(&lane->figures[FIGURE_CUT], b->cut);
		lane_give(lane);
	}
	b->fill = b->limit = b->dict = 0;
	b->cut = 0;
}

void
shmlog_batch_one_time(struct shmlog_batch *b, int on)
{
	if (b != NULL)
		b->one_time = on;
}

/* A record whose text fits; n is what it takes. */
static inline void
batch_add(struct shmlog_batch *b, uint64_t word, uint64_t id, uint64_t time,
    uint64_t n)
{
	uint8_t *to = (uint8_t *)b->bytes + (uint32_t)b->fill;

	*(uint64_t *)(to + n - 8) = 0;
	ring_head(to, word, id, time);
	b->fill += RECORD + n;
}

/* The time; if it is not from an anchor, a commit cannot go by their version,
 * which may be the same for ever. */
static uint64_t
batch_time(struct shmlog_batch *b)
{
	uint64_t cycles = clock_cycles(), time;

	if (clock_at(clock_version(), cycles, &time))
		return time;
	b->look = 1;
	return clock_slow(cycles);
}

/* Adds a record's head, and makes room before; returns where its payload of
 * `length' bytes goes. */
static uint8_t *
batch_room(struct shmlog_batch *b, int tag, int level, uint64_t id,
    size_t length, uint8_t flags)
{
	uint32_t n = (uint32_t)(sizeof(struct record) + length);
	uint8_t *to;

	if (round_up(n, 8) > b->size - (uint32_t)b->fill)
		flush(b);
	if (b->fill == 0 || !b->one_time)
		b->time = batch_time(b);
	b->limit = b->size;
	b->cut += (flags & RECORD_CUT) != 0;
	flags |= stream_flags(level);
	to = (uint8_t *)b->bytes + (uint32_t)b->fill + sizeof(struct record);
	batch_add(b,
	    record_word(n, stream_tag(tag), stream_level(level), flags), id,
	    b->time, round_up(n, 8));
	return to;
}

static int
batch_text(struct shmlog_batch *b, int tag, int level, uint64_t id,
    const void *text, size_t length, uint8_t flags)
{
	uint8_t *to;

	if (mask_look(b->stream, stream_tag(tag), stream_level(level)))
		return 1;
	flags |= stream_cut(b->stream, &length);
	to = batch_room(b, tag, level, id, length, flags);
	if (length > 0)
		memcpy(to, text, length);
	return 1;
}

/* What may be in the way of shmlog_batch_put(), which begins anew here: with
 * what is out of bounds; */
static __attribute__((noinline)) int
batch_odd(struct shmlog_batch *b, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	return batch_text(b, tag, level, id, text, length, 0);
}

/* and from the word that it has made of tag, level and length. */
static __attribute__((noinline)) int
batch_slow(struct shmlog_batch *b, uint64_t word, uint64_t id, const void *text)
{
	return batch_text(b, record_tag(word), record_level(word), id, text,
	    record_length(word) - sizeof(struct record), 0);
}

/* As shmlog_put(): the way that almost all go. */
int(shmlog_batch_put)(struct shmlog_batch *b, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	uint64_t time, cycles = 0, word;
	uint8_t *to;
	uint32_t n;

	if (b == NULL)
		return 0;
	if (shmlog_hides_(&b->stream->look, tag, level))
		return shmlog_settled_(&b->stream->look)
			   ? 1
			   : batch_odd(b, tag, level, id, text, length);
	if (!b->one_time)
		cycles = clock_cycles();
	if (!stream_is_plain(tag, level) || length > SHARED_TEXT_MAX)
		return batch_odd(b, tag, level, id, text, length);
	word = record_word((uint32_t)(sizeof(struct record) + length),
	    (uint16_t)tag, (uint8_t)level, 0);
	n = (record_length(word) + 7) & ~7u;
	time = b->time;
	if ((uint32_t)b->fill + n > b->limit ||
	    (!b->one_time && !clock_at(clock_version(), cycles, &time)))
		return batch_slow(b, word, id, text);
	to = (uint8_t *)b->bytes + (uint32_t)b->fill + sizeof(struct record);
	batch_add(b, word, id, time, n);
	shared_text(to, text, length);
	return 1;
}

int
shmlog_batch_link(struct shmlog_batch *b, int tag, int level, uint64_t id,
    uint64_t parent, const char *text)
{
	size_t n;
	uint8_t flags, *to;

	if (b == NULL)
		return 0;
	if (mask_look(b->stream, stream_tag(tag), stream_level(level)))
		return 1;
	n = sizeof(parent) + (text == NULL ? 0 : strlen(text));
	flags = RECORD_LINK | stream_cut(b->stream, &n);
	to = batch_room(b, tag, level, id, n, flags);
	memcpy(to, &parent, sizeof(parent));
	if (n > sizeof(parent))
		memcpy(to + sizeof(parent), text, n - sizeof(parent));
	return 1;
}

static int
put_text(
    const struct sink *sink, const char *text, size_t length, uint8_t flags)
{
	return batch_text(
	    sink->to, sink->tag, sink->level, sink->id, text, length, flags);
}

int
shmlog_batch_text_(struct shmlog_batch *b, int tag, int level, uint64_t id,
    const char *format, ...)
{
	struct sink sink = { put_text, b, tag, level, id };
	va_list args;
	int r;

	if (b == NULL)
		return 0;
	if (mask_look(b->stream, stream_tag(tag), stream_level(level)))
		return 1;
	va_start(args, format);
	r = sink_print(&sink, format, args);
	va_end(args);
	return r;
}

static __attribute__((noinline)) int
batch_print_slow(struct shmlog_batch *b, const struct site *site, int tag,
    int level, uint64_t id, const uint64_t *words)
{
	struct sink sink = { put_text, b, tag, level, id };
	uint64_t heads[FORMAT_ARGS_MAX] = { 0 }, dict;
	int err = errno;
	uint32_t n;

	if (mask_look(b->stream, stream_tag(tag), stream_level(level)))
		return 1;
	dict = dict_format(b->stream, site);
	if (dict == 0)
		return sink_render(&sink, site, words, err);
	n = format_measure(&site->args, words,
	    b->stream->record_max - (uint32_t)sizeof(struct record), heads);
	format_encode(batch_room(b, tag, level, id, n,
			  RECORD_ARGS | print_cut(&site->args, heads)),
	    &site->args, words, heads, site->number, err);
	/* behind batch_room(), which may have begun anew */
	if (b->dict < dict)
		b->dict = dict;
	return 1;
}

/* As with shmlog_printf_(). */
int
shmlog_batch_printf_(struct shmlog_batch *b, const struct shmlog_site *here,
    int tag, int level, uint64_t id, const uint64_t *words)
{
	const struct site *site = (const struct site *)here;
	uint64_t time, dict;
	uint8_t *to, *end;

	if (b == NULL)
		return 0;
	if (!stream_is_plain(tag, level))
		return batch_print_slow(b, site, tag, level, id, words);
	if (shmlog_hides_(&b->stream->look, tag, level))
		return shmlog_settled_(&b->stream->look)
			   ? 1
			   : batch_print_slow(b, site, tag, level, id, words);
	dict = number_get(&b->stream->formats[site->number]);
	if (dict == 0 || dict == DICT_NO_ROOM || site->most == 0 ||
	    (uint32_t)b->fill + site->most > b->limit)
		return batch_print_slow(b, site, tag, level, id, words);
	if (b->one_time)
		time = b->time;
	else if (!clock_at(clock_version(), clock_cycles(), &time))
		return batch_print_slow(b, site, tag, level, id, words);
	to = (uint8_t *)b->bytes + (uint32_t)b->fill;
	end = encode_short(to + PRINT_ARGS, &site->args, words);
	if (end == NULL)
		return batch_print_slow(b, site, tag, level, id, words);
	ring_head(to,
	    record_word((uint32_t)(end - to), (uint16_t)tag, (uint8_t)level,
		RECORD_ARGS),
	    id, time);
	shared_store(to + sizeof(struct record), format_pair(site->number, 0));
	b->fill += RECORD + (uint64_t)(end - to);
	if (b->dict < dict)
		b->dict = dict;
	return 1;
}

uint64_t
shmlog_batch_commit(struct shmlog_batch *b)
{
	uint64_t dropped;

	if (b == NULL)
		return 0;
	/* nothing is due before the clock has its next anchor, which somebody
	 * must have asked for */
	if (b->look || b->fill == 0 ||
	    clock_version() != number_get(&b->stream->looked))
		stream_look(b->stream, clock_now());
	b->look = 0;
	flush(b);
	dropped = b->dropped;
	b->dropped = 0;
	return dropped;
}

void
shmlog_batch_free(struct shmlog_batch *b)
{
	free(b);
}
