/*
 * capture_write.c -- records into blocks.
 *
 * A block of records is put together in memory: runs at its front, the table of
 * slots apart until it is full.  What it needs (streams, entries of their
 * dictionaries) is in blocks of their own that are written before it, when a
 * record needs them for the first time in this file.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/attach.h"
#include "readers/capture_block.h"
#include "readers/capture_parts.h"
#include "readers/option.h"

#define HEAD sizeof(struct capture_block)
#define FIRST_MAX ((size_t)64 << 10)
#define DELAY (100 * MSEC)

/* so a run's count needs no look */
_Static_assert(
    CAPTURE_RUNS_MAX / sizeof(struct capture_item) < UINT16_MAX, "layout");

/* A block of another type than RECORDS, to be written before the one begun. */
static void
put_block(struct capture *c, enum capture_type type, const void *info, size_t n,
    const void *text, size_t length)
{
	struct capture_block h = { .type = (uint16_t)type,
		.before = c->before };
	uint8_t *p;

	h.length = (uint32_t)(n + capture_padded(length));
	p = (uint8_t *)buffer_room(&c->first, HEAD + h.length);
	memset(p + HEAD, 0, h.length);
	memcpy(p + HEAD, info, n);
	if (length != 0)
		memcpy(p + HEAD + n, text, length);
	block_seal(&h, p + HEAD);
	memcpy(p, &h, HEAD);
	c->first.n += HEAD + h.length;
}

void
capture_begin(struct capture *c, int empty)
{
	struct capture_stream *s;
	struct capture_header h;

	while ((s = TAILQ_FIRST(&c->streams)) != NULL) {
		TAILQ_REMOVE(&c->streams, s, link);
		s->of->capture = NULL;
		free(s);
	}
	if (!empty)
		return;
	block_file_header(&h);
	buffer_put(&c->first, &h, sizeof(h));
}

static struct capture_name
name_of(const struct rec_stream *s)
{
	return (struct capture_name){ s->created, s->serial };
}

static void
describe(struct capture_stream_info *i, const struct descriptor *d)
{
	i->owner_start = d->owner_start;
	i->created = d->created;
	i->owner_pid = d->owner_pid;
	i->owner_uid = d->owner_uid;
	memcpy(i->type, d->type, sizeof(i->type));
	memcpy(i->owner, d->owner, sizeof(i->owner));
	memcpy(i->ident, d->ident, sizeof(i->ident));
}

static void
set(uint64_t *bits, uint32_t id)
{
	bits[id / 64] |= UINT64_C(1) << id % 64;
}

static struct capture_stream *
add_stream(struct capture *c, struct rec_stream *of)
{
	struct capture_stream_info i = { .name = name_of(of) };
	struct capture_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err(1, "memory");
	s->of = of;
	s->in = c;
	set(s->tags, 0); /* no tag, which needs no entry */
	of->capture = s;
	TAILQ_INSERT_TAIL(&c->streams, s, link);
	describe(&i, of->d);
	put_block(c, CAPTURE_STREAM, &i, sizeof(i), NULL, 0);
	return s;
}

static void
add_entry(struct capture *c, const struct capture_stream *s,
    enum dict_kind kind, uint32_t id, struct bytes text)
{
	struct capture_entry e = { .name = name_of(s->of),
		.kind = (uint32_t)kind,
		.id = id,
		.text_length = (uint32_t)text.n };

	put_block(c, CAPTURE_DICT, &e, sizeof(e), text.text, text.n);
}

/* The record's tag, if the dictionary has it by now. */
static void
add_tag(struct capture *c, struct capture_stream *s, uint16_t id)
{
	const struct rec_tag *tag = dict_tag(&s->of->dict, id);

	if (id >= TAGS_MAX || tag == NULL)
		return;
	set(s->tags, id);
	add_entry(c, s, DICT_TAG, id, (struct bytes){ tag->name, tag->length });
}

static void
add_format(struct capture *c, struct capture_stream *s, uint32_t id)
{
	const struct dict *d = &s->of->dict;

	if (id >= FORMATS_MAX || id >= d->formats_size ||
	    d->formats[id] == NULL)
		return;
	set(s->formats, id);
	add_entry(c, s, DICT_FORMAT, id,
	    (struct bytes){ d->formats[id]->text, d->formats[id]->n });
}

struct capture_stream *
capture_prepare(
    struct capture *c, struct rec_stream *of, uint16_t tag, uint32_t format)
{
	struct capture_stream *s = of->capture;

	if (s == NULL)
		s = add_stream(c, of);
	if (!capture_has_tag(s, tag))
		add_tag(c, s, tag);
	if (format != 0 && !capture_has_format(s, format))
		add_format(c, s, format);
	return s;
}

/* Ends the run that is begun: now it is known how many items it has. */
static void
end_run(struct capture *c)
{
	if (c->run_at != 0) {
		memcpy(c->block.data + c->run_at, &c->run, sizeof(c->run));
		c->next[c->run.slot] = c->run_next;
	}
	c->run_at = 0;
	c->run_stream = NULL;
}

void
capture_begin_block(struct capture *c)
{
	c->block.n = HEAD;
	c->number++;
	c->count = 0;
	c->nslots = 0;
	c->run_at = 0;
	c->run_stream = NULL;
}

int
capture_end_block(struct capture *c, int later)
{
	struct capture_block h = { .type = CAPTURE_RECORDS,
		.slots = (uint16_t)c->nslots,
		.count = c->count,
		.before = c->before };
	int result;

	if (c->count == 0) {
		c->block.n = 0;
	} else {
		end_run(c);
		buffer_put(
		    &c->block, c->slots, c->nslots * sizeof(c->slots[0]));
		h.length = (uint32_t)(c->block.n - HEAD);
		memcpy(c->block.data, &h, HEAD);
	}
	result = capture_put_out(c, later);
	capture_begin_block(c);
	return result;
}

/* The slot of the record's lane, in which its number can be told. */
static uint16_t
find_slot(struct capture *c, struct capture_stream *s, const struct rec *r)
{
	uint16_t slot;

	must(r->lane < LANES_MAX);
	if (s->block != c->number) {
		memset(s->slots, 0, sizeof(s->slots));
		s->block = c->number;
	}
	slot = s->slots[r->lane];
	if (slot != 0 && r->number - c->next[slot - 1] <= UINT16_MAX)
		return slot - 1;
	slot = (uint16_t)c->nslots++;
	c->slots[slot] = (struct capture_slot){
		.name = name_of(r->stream),
		.lane = r->lane,
		.first = r->number,
	};
	c->next[slot] = r->number;
	s->slots[r->lane] = slot + 1;
	return slot;
}

static void
begin_run(struct capture *c, struct capture_stream *s, const struct rec *r)
{
	uint16_t slot;

	end_run(c);
	slot = find_slot(c, s, r);
	c->run = (struct capture_run){
		.slot = slot,
		.level = r->head->level,
		.flags = r->head->flags & (uint8_t)~RECORD_PAD,
		.skip = (uint16_t)(r->number - c->next[slot]),
		.id = r->head->id,
		.time = r->head->time,
	};
	c->run_at = c->block.n;
	c->run_stream = s;
	c->run_lane = r->lane;
	c->run_next = r->number;
	(void)buffer_room(&c->block, sizeof(c->run));
	c->block.n += sizeof(c->run);
}

static int
goes_on(const struct capture *c, const struct capture_stream *s,
    const struct rec *r)
{
	const struct record *h = r->head;

	return c->run_stream == s && c->run_next == r->number &&
	       c->run_lane == r->lane && c->run.id == h->id &&
	       c->run.level == h->level && c->run.flags == h->flags &&
	       h->time - c->run.time <= UINT32_MAX;
}

/* Whether what there is has to be written before another record comes. */
static int
is_full(const struct capture *c, size_t padded)
{
	return c->block.n + padded > CAPTURE_RUNS_MAX ||
	       c->nslots == CAPTURE_SLOTS_MAX || c->first.n > FIRST_MAX;
}

int
capture_record(struct capture *c, const struct rec *r)
{
	const size_t padded = capture_padded(r->payload.n);
	struct capture_stream *s;
	struct capture_item i;
	uint32_t format;
	char *p;

	if (c->error != 0)
		return -1;
	must(r->payload.n <= CAPTURE_ITEM_MAX);
	if (is_full(c, padded) && capture_end_block(c, 1) != 0)
		return -1;
	if (c->count == 0)
		c->since = clock_mono();
	format = capture_format(r->head->flags, r->payload.text, r->payload.n);
	s = r->stream->capture;
	if (!capture_has(s, r->head->tag, format))
		s = capture_prepare(c, r->stream, r->head->tag, format);
	if (!goes_on(c, s, r))
		begin_run(c, s, r);
	i = (struct capture_item){
		.length = (uint16_t)r->payload.n,
		.tag = r->head->tag,
		.after = (uint32_t)(r->head->time - c->run.time),
	};
	p = buffer_room(&c->block, sizeof(i) + padded);
	memcpy(p, &i, sizeof(i));
	if (padded != 0) {
		memset(p + sizeof(i) + padded - 8, 0, 8);
		memcpy(p + sizeof(i), r->payload.text, r->payload.n);
	}
	c->block.n += sizeof(i) + padded;
	c->run_next = r->number + 1;
	c->run.count++;
	c->count++;
	return 0;
}

int
capture_lost(struct capture *c, const struct descriptor *of, uint64_t records,
    int at_least)
{
	struct capture_loss l = { .records = records,
		.at_least = at_least != 0,
		.known = of != NULL };

	if (c->error != 0)
		return -1;
	/* behind the records before it */
	if (c->count != 0 && capture_end_block(c, 1) != 0)
		return -1;
	if (of != NULL)
		describe(&l.of, of);
	if (c->first.n == 0)
		c->since = clock_mono();
	put_block(c, CAPTURE_LOST, &l, sizeof(l), NULL, 0);
	return c->first.n < FIRST_MAX ? 0 : capture_end_block(c, 1);
}

void
capture_forget(struct rec_stream *of)
{
	struct capture_stream *s = of->capture;
	struct capture_name name = name_of(of);
	struct capture *c;

	if (s == NULL)
		return;
	c = s->in;
	if (s->block == c->number && c->count != 0)
		(void)capture_end_block(c, 1);
	if (c->error == 0)
		put_block(c, CAPTURE_GONE, &name, sizeof(name), NULL, 0);
	if (c->first.n >= FIRST_MAX)
		(void)capture_end_block(c, 1);
	TAILQ_REMOVE(&c->streams, s, link);
	of->capture = NULL;
	free(s);
}

int
capture_flush(struct capture *c)
{
	if (c->error != 0)
		return -1;
	return c->count != 0 || c->first.n != 0 ? capture_end_block(c, 0)
						: capture_settle(c);
}

int
capture_tick(struct capture *c)
{
	if (reopen_asked())
		return capture_reopen(c);
	if ((c->count == 0 && c->first.n == 0) ||
	    clock_mono() - c->since < DELAY)
		return c->error == 0 ? 0 : -1;
	return capture_flush(c);
}
