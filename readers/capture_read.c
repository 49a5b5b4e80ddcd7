/*
 * capture_read.c -- a capture's blocks into what shows records.
 *
 * A block is believed as far as its sums go: they tell damage, not malice.  So
 * each length and number in it is bounded like all that is read, and what does
 * not fit ends its block.
 *
 * The walk over a block is a loop over its items, in which a record that -i and
 * -x leave out costs a look at its tag and no more.
 */
#include <sys/tree.h>

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "readers/attach.h"
#include "readers/capture.h"
#include "readers/capture_block.h"
#include "readers/option.h"
#include "readers/show.h"

#define PLACES_MAX 10                    /* that are told one by one */
#define MEMORY_MAX (UINT64_C(256) << 20) /* for what the streams are */
#define STREAM_COST 1024                 /* about, each */
#define ENTRY_COST(n) (256 + 8 * (n))    /* the same; a tag is in JSON, too */

struct in_stream {
	RB_ENTRY(in_stream) tree;
	struct capture_name name;
	int known; /* its STREAM block was there */
	uint64_t cost;
	uint32_t last_tag, last_format; /* ids */
	struct descriptor d;
	struct rec_stream *as;
	/* of each tag, which of its records a walk leaves out: one look, where
	 * the dictionary takes three.  The last is of all that are no id. */
	uint8_t hidden[TAGS_MAX + 1];
};

RB_HEAD(in_tree, in_stream);

struct lane {
	struct in_stream *stream;
	uint32_t number;
	uint64_t next; /* record */
};

struct capture_in {
	const char *name;
	struct show *show;
	struct block_reader blocks;
	struct in_tree streams;
	uint64_t memory;
	struct lane *lanes;     /* of a block */
	struct rec_stream **of; /* the streams of these */
	size_t lanes_size;
	struct rec rec; /* the one that is shown; runs are short */
	struct record head;
	int failed;     /* it cannot be gone on with */
	uint64_t after; /* records up to here, if known */
	int has_after;
	int hurt; /* something was damaged since then */
	int open; /* and how many records that had nobody can say yet */
	/* what was wrong */
	uint64_t places, bytes, missing, unknown;
	int unsure; /* there may be more missing */
};

static int
in_cmp(const struct in_stream *a, const struct in_stream *b)
{
	if (a->name.created != b->name.created)
		return a->name.created < b->name.created ? -1 : 1;
	return a->name.serial < b->name.serial   ? -1
	       : a->name.serial > b->name.serial ? 1
						 : 0;
}

RB_PROTOTYPE(in_tree, in_stream, tree, in_cmp)
RB_GENERATE(in_tree, in_stream, tree, in_cmp)

/* Something is wrong at a place; how: "is damaged". */
static void
complain(struct capture_in *in, uint64_t at, const char *how)
{
	if (++in->places < PLACES_MAX)
		warnx("%s: %s at byte %" PRIu64, in->name, how, at);
	else if (in->places == PLACES_MAX)
		warnx("%s: %s at byte %" PRIu64
		      "; no more places like this are told",
		    in->name, how, at);
}

static void
give_up(struct capture_in *in, const char *why)
{
	warnx(
	    "%s: %s: given up at byte %" PRIu64, in->name, why, in->blocks.at);
	in->failed = 1;
}

/* Takes so much of what there is for streams; 0, or -1: there is no more. */
static int
afford(struct capture_in *in, struct in_stream *s, uint64_t cost)
{
	if (in->memory + cost > MEMORY_MAX) {
		give_up(in, "has more streams, or larger dictionaries, than "
			    "there is memory for");
		return -1;
	}
	in->memory += cost;
	s->cost += cost;
	return 0;
}

static struct in_stream *
find(struct capture_in *in, const struct capture_name *name)
{
	struct in_stream key = { .name = *name };

	return RB_FIND(in_tree, &in->streams, &key);
}

/* After the dictionary has a tag more: others may be hidden now. */
static void
note_hidden(const struct capture_in *in, struct in_stream *s)
{
	for (uint16_t id = 0; id < s->as->dict.tags_size && id < TAGS_MAX; id++)
		s->hidden[id] = show_tag(in->show, s->as, id)->hidden != 0;
}

/* The same, made if it is not there; NULL: given up. */
static struct in_stream *
find_or_make(struct capture_in *in, const struct capture_name *name)
{
	struct in_stream *s = find(in, name);

	if (s != NULL)
		return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		err(1, "memory");
	s->name = *name;
	s->as = rec_stream_new();
	s->as->created = name->created;
	s->as->serial = name->serial;
	if (afford(in, s, sizeof(*s) + STREAM_COST) != 0) {
		rec_stream_drop(s->as);
		free(s);
		return NULL;
	}
	/* until it is told: a STREAM block may be damaged */
	memcpy(s->d.type, "?", 2);
	memcpy(s->d.ident, "?", 2);
	memset(s->hidden, in->show->no_tag->hidden, sizeof(s->hidden));
	RB_INSERT(in_tree, &in->streams, s);
	show_stream(in->show, s->as, &s->d);
	return s;
}

static void
drop(struct capture_in *in, struct in_stream *s)
{
	RB_REMOVE(in_tree, &in->streams, s);
	in->memory -= s->cost;
	rec_stream_drop(s->as);
	free(s);
}

static void
put_descriptor(struct descriptor *d, const struct capture_stream_info *i)
{
	memset(d, 0, sizeof(*d));
	d->owner_start = i->owner_start;
	d->created = i->created;
	d->owner_pid = i->owner_pid;
	d->owner_uid = i->owner_uid;
	memcpy(d->class, CLASS_LOG, sizeof(CLASS_LOG));
	memcpy(d->type, i->type, sizeof(d->type) - 1);
	memcpy(d->owner, i->owner, sizeof(d->owner) - 1);
	memcpy(d->ident, i->ident, sizeof(d->ident) - 1);
}

/* Copies what a block begins with; 0, or -1: it is shorter. */
static int
get(const struct block_reader *b, void *to, size_t n)
{
	if (b->head.length < n)
		return -1;
	memcpy(to, b->payload, n);
	return 0;
}

static int
take_stream(struct capture_in *in)
{
	struct capture_stream_info i;
	struct in_stream *s;

	if (get(&in->blocks, &i, sizeof(i)) != 0)
		return -1;
	s = find_or_make(in, &i.name);
	if (s == NULL || s->known)
		return 0;
	s->known = 1;
	put_descriptor(&s->d, &i);
	/* -w has told of it by now, as of one that nobody knows */
	capture_forget(s->as);
	buffer_free(&s->as->label);
	show_stream(in->show, s->as, &s->d);
	return 0;
}

/* What an entry costs: an id that is higher than all before makes a table
 * longer. */
static uint64_t
entry_cost(struct in_stream *s, const struct capture_entry *e)
{
	uint32_t *last = e->kind == DICT_TAG ? &s->last_tag : &s->last_format;
	uint64_t cost = ENTRY_COST((uint64_t)e->text_length);

	if (e->id > *last && e->id < FORMATS_MAX) {
		cost += (e->id - *last) * sizeof(void *);
		*last = e->id;
	}
	return cost;
}

static int
has_entry(const struct dict *d, const struct capture_entry *e)
{
	if (e->kind == DICT_TAG)
		return e->id < d->tags_size && d->tags[e->id] != NULL;
	return e->id < d->formats_size && d->formats[e->id] != NULL;
}

static int
take_entry(struct capture_in *in)
{
	struct capture_entry e;
	struct in_stream *s;

	if (get(&in->blocks, &e, sizeof(e)) != 0 ||
	    e.text_length > in->blocks.head.length - sizeof(e))
		return -1;
	if (e.kind != DICT_TAG && e.kind != DICT_FORMAT)
		return 0;
	s = find_or_make(in, &e.name);
	if (s == NULL || has_entry(&s->as->dict, &e) ||
	    afford(in, s, entry_cost(s, &e)) != 0)
		return 0;
	show_learn(in->show, s->as, (enum dict_kind)e.kind, e.id,
	    (const char *)in->blocks.payload + sizeof(e), e.text_length);
	if (e.kind == DICT_TAG) {
		show_learned(in->show, s->as);
		note_hidden(in, s);
	}
	return 0;
}

static int
take_loss(struct capture_in *in)
{
	struct capture_loss l;
	struct descriptor d;

	if (get(&in->blocks, &l, sizeof(l)) != 0)
		return -1;
	put_descriptor(&d, &l.of);
	show_lost(in->show, l.known ? &d : NULL, l.records, l.at_least != 0);
	return 0;
}

static int
take_gone(struct capture_in *in)
{
	struct capture_name name;
	struct in_stream *s;

	if (get(&in->blocks, &name, sizeof(name)) != 0)
		return -1;
	s = find(in, &name);
	/* -l still has records of it */
	if (s != NULL && in->show->last == NULL)
		drop(in, s);
	return 0;
}

/* The lanes of a block of records; 0, or -1. */
static int
take_slots(struct capture_in *in)
{
	const struct block_reader *b = &in->blocks;
	const uint8_t *p = b->payload + b->head.length;
	struct capture_slot slot;
	struct lane *l;

	if (b->head.slots > in->lanes_size) {
		in->lanes_size = b->head.slots;
		in->lanes =
		    reallocarray(in->lanes, in->lanes_size, sizeof(*in->lanes));
		in->of = reallocarray(in->of, in->lanes_size, sizeof(*in->of));
		if (in->lanes == NULL || in->of == NULL)
			err(1, "memory");
	}
	p -= b->head.slots * sizeof(slot);
	for (l = in->lanes; l < in->lanes + b->head.slots; l++) {
		memcpy(&slot, p, sizeof(slot));
		p += sizeof(slot);
		if (slot.lane >= LANES_MAX)
			return -1;
		l->stream = find_or_make(in, &slot.name);
		if (l->stream == NULL)
			return 0;
		if (!l->stream->known)
			complain(in, b->at,
			    "has records of a stream that it does not tell of");
		in->of[l - in->lanes] = l->stream->as;
		l->number = slot.lane;
		l->next = slot.first;
	}
	return 0;
}

/*
 * The items of a run; returns where it ends, or NULL: from some place on they
 * make no sense.  Adds those before to *records.  What is the same for all of
 * them is put into the record once.
 */
static const uint8_t *
walk_run(struct capture_in *in, const struct capture_run *run, const uint8_t *p,
    const uint8_t *end, uint32_t *records)
{
	struct lane *l = &in->lanes[run->slot];
	const uint8_t *hidden = l->stream->hidden;
	struct show *show = in->show;
	struct record *head = &in->head;
	struct rec *r = &in->rec;
	struct capture_item i;
	const uint64_t number = l->next + run->skip;
	const uint8_t *next;
	uint32_t n;

	head->level = run->level;
	head->flags = run->flags;
	head->id = run->id;
	r->stream = l->stream->as;
	r->lane = l->number;
	for (n = 0; n < run->count && !show->done; n++) {
		/* behind the end is room, so one look at it will do */
		memcpy(&i, p, sizeof(i));
		next = p + sizeof(i) + capture_padded(i.length);
		if (next > end || i.length > CAPTURE_ITEM_MAX) {
			p = NULL;
			break;
		}
		if (!hidden[i.tag < TAGS_MAX ? i.tag : TAGS_MAX]) {
			r->tag = show_tag(show, l->stream->as, i.tag);
			r->number = number + n;
			head->length = (uint32_t)sizeof(*head) + i.length;
			head->tag = i.tag;
			head->time = run->time + i.after;
			r->payload.text = (const char *)p + sizeof(i);
			r->payload.n = i.length;
			r->has_text = 0;
			show_record(show, r);
		}
		p = next;
	}
	*records += n;
	l->next = number + n;
	return p;
}

/* All runs of a block; 0, or -1: from some place on they make no sense. */
static int
walk(struct capture_in *in, uint32_t *records)
{
	const struct block_reader *b = &in->blocks;
	const uint8_t *p = b->payload, *end;
	struct capture_run run;

	end = p + b->head.length -
	      (size_t)b->head.slots * sizeof(struct capture_slot);
	while (p < end && !in->show->done) {
		memcpy(&run, p, sizeof(run));
		if ((size_t)(end - p) < sizeof(run) ||
		    run.slot >= b->head.slots || run.count == 0 ||
		    (run.flags & RECORD_PAD) != 0 ||
		    run.count > b->head.count - *records)
			return -1;
		p = walk_run(in, &run, p + sizeof(run), end, records);
		if (p == NULL)
			return -1;
	}
	return 0;
}

static int
take_records(struct capture_in *in)
{
	const struct block_reader *b = &in->blocks;
	uint32_t records = 0;
	int result = take_slots(in);

	if (result == 0 && !in->failed &&
	    show_capture_block(in->show, &b->head, b->payload, in->of))
		return 0;
	if (result == 0 && !in->failed)
		result = walk(in, &records);
	if (!in->show->done && !in->failed)
		in->missing += in->blocks.head.count - records;
	return result;
}

/* How many records were in what is missing before this block, or in a damaged
 * one of which the header is there. */
static void
count(struct capture_in *in, const struct capture_block *h)
{
	if (in->has_after && h->before > in->after) {
		if (!in->hurt)
			complain(in, in->blocks.at, "lacks a block");
		in->missing += h->before - in->after;
	}
	in->hurt = 0;
	in->unsure |= in->open && !in->has_after;
	in->open = 0;
	in->has_after = 1;
	in->after = h->before + h->count;
}

static void
take_block(struct capture_in *in)
{
	int result = 0;

	count(in, &in->blocks.head);
	switch ((enum capture_type)in->blocks.head.type) {
	case CAPTURE_STREAM:
		result = take_stream(in);
		break;
	case CAPTURE_DICT:
		result = take_entry(in);
		break;
	case CAPTURE_RECORDS:
		result = take_records(in);
		break;
	case CAPTURE_LOST:
		result = take_loss(in);
		break;
	case CAPTURE_GONE:
		result = take_gone(in);
		break;
	default:
		in->unknown++;
	}
	if (result != 0)
		complain(in, in->blocks.at, "has a block that makes no sense");
}

static void
take_file(struct capture_in *in)
{
	const struct capture_header *h = &in->blocks.file;

	in->unsure |= in->open;
	in->open = 0;
	in->has_after = 1;
	in->after = 0;
	if (h->major == CAPTURE_MAJOR)
		return;
	warnx("%s: is a capture of version %" PRIu16 ".%" PRIu16
	      "; this program knows %d",
	    in->name, h->major, h->minor, CAPTURE_MAJOR);
	in->failed = 1;
}

/* Bytes that are no block; `how' for complain(). */
static void
take_damage(struct capture_in *in, const char *how)
{
	struct block_reader *b = &in->blocks;

	complain(in, b->at, how);
	in->bytes += b->bytes;
	if (b->has_head) {
		count(in, &b->head);
		in->missing += b->head.count;
	}
	in->hurt = 1;
	in->open = !b->has_head;
}

/* A block, or what stands in its place; 0: there is more to come. */
static int
take(struct capture_in *in, enum block_result result)
{
	switch (result) {
	case BLOCK_GOOD:
		take_block(in);
		return 0;
	case BLOCK_FILE:
		take_file(in);
		return 0;
	case BLOCK_DAMAGED:
		take_damage(in, "is damaged");
		return 0;
	case BLOCK_CUT:
		take_damage(in, "is cut short");
		return 0;
	case BLOCK_NONE:
		warnx("%s: is not a capture", in->name);
		in->failed = 1;
		break;
	case BLOCK_ERROR:
		warn("%s", in->name);
		in->failed = 1;
		break;
	case BLOCK_END:
	case BLOCK_STOPPED:
		break;
	}
	return -1;
}

/* One line, however much it was. */
static void
sum_up(const struct capture_in *in)
{
	int unsure = in->unsure || in->open;

	if (in->unknown != 0)
		warnx("%s: %" PRIu64 " block%s of a newer version left out",
		    in->name, in->unknown, in->unknown == 1 ? "" : "s");
	if (in->places != 0)
		warnx("%s: %" PRIu64 " bytes cannot be read, at %" PRIu64
		      " place%s; %s%" PRIu64 " records are missing%s",
		    in->name, in->bytes, in->places, in->places == 1 ? "" : "s",
		    unsure ? "at least " : "", in->missing,
		    unsure ? ": nobody can say how many were there" : "");
}

/* What signals ask for, limits of time, and whether somebody reads us. */
static void
tend(struct show *show)
{
	if (flush_asked())
		show_incomplete(show);
	show_tick(show, clock_mono());
}

/* Nothing comes for now; whether we are to end. */
static int
when_idle(void *arg)
{
	struct show *show = arg;

	tend(show);
	(void)show_flush(show);
	stop_nap(0);
	return show->done || stop_asked();
}

int
capture_show(int fd, const char *name, struct show *show)
{
	struct capture_in in = { .name = name, .show = show };
	struct in_stream *s, *next;

	if (!capture_here()) {
		warnx("captures are not for machines of this byte order");
		close(fd);
		return -1;
	}
	RB_INIT(&in.streams);
	in.rec.head = &in.head;
	block_init(&in.blocks, fd);
	in.blocks.idle = when_idle;
	in.blocks.arg = show;
	while (!show->done && !in.failed && !stop_asked()) {
		if (take(&in, block_next(&in.blocks)) != 0)
			break;
		tend(show);
	}
	sum_up(&in);
	show_incomplete(show);
	/* before their streams go */
	if (show->last != NULL)
		last_end(show);
	RB_FOREACH_SAFE(s, in_tree, &in.streams, next)
		drop(&in, s);
	free(in.lanes);
	free(in.of);
	block_fini(&in.blocks);
	close(fd);
	return in.failed || in.places != 0 ? -1 : 0;
}
