/*
 * capture_copy.c -- blocks of records from one capture into another, as they
 * are.
 *
 * Nothing in such a block depends on where it stands but its header: streams
 * are named for ever, and so are tags and formats within them.  So it is looked
 * through once, whether it makes sense and what it needs, and is copied as a
 * whole; its payload's sum stays right.
 */
#include "readers/capture_parts.h"

/* Smaller ones are put together again, record by record. */
#define WHOLE_LEAST ((uint32_t)64 << 10)

/* A block that is looked through. */
struct whole {
	const uint8_t *end; /* of its runs */
	struct rec_stream *const *of;
	uint32_t slots;
	uint64_t records;
	struct capture *to; /* gets what it needs; NULL: that is only noted */
	int lacks;          /* the file has not all of that yet */
};

/* What a record needs, and may not be there. */
static void
need(struct whole *w, struct rec_stream *of, uint16_t tag, uint32_t format)
{
	if (w->to != NULL)
		(void)capture_prepare(w->to, of, tag, format);
	else
		w->lacks = 1;
}

/* The items of a run; returns where it ends, or NULL: they make no sense. */
static const uint8_t *
look_at_run(struct whole *w, const struct capture_run *run, const uint8_t *p)
{
	struct rec_stream *of = w->of[run->slot];
	const struct capture_stream *s = of->capture;
	struct capture_item i;
	const uint8_t *text;
	uint32_t format;

	for (uint32_t n = run->count; n != 0; n--) {
		/* behind the end is room, so one look at it will do */
		memcpy(&i, p, sizeof(i));
		text = p + sizeof(i);
		p = text + capture_padded(i.length);
		if (p > w->end || i.length > CAPTURE_ITEM_MAX)
			return NULL;
		format = capture_format(run->flags, text, i.length);
		if (!capture_has(s, i.tag, format))
			need(w, of, i.tag, format);
	}
	w->records += run->count;
	return p;
}

/* All runs; 0, or -1: they make no sense. */
static int
look_at_all(struct whole *w, const uint8_t *p)
{
	struct capture_run run;

	w->records = 0;
	while (p < w->end) {
		memcpy(&run, p, sizeof(run));
		if ((size_t)(w->end - p) < sizeof(run) ||
		    run.slot >= w->slots || run.count == 0 ||
		    (run.flags & RECORD_PAD) != 0)
			return -1;
		p = look_at_run(w, &run, p + sizeof(run));
		if (p == NULL)
			return -1;
	}
	/* of a slot that has no record here readers want to know, too */
	for (uint32_t i = 0; i < w->slots; i++)
		if (w->of[i]->capture == NULL)
			need(w, w->of[i], 0, 0);
	return 0;
}

int
capture_copy(struct capture *c, const struct capture_block *h,
    const uint8_t *payload, struct rec_stream *const *of)
{
	struct whole w = { .of = of, .slots = h->slots };
	struct capture_block head = *h;
	int result;

	if (c->error != 0)
		return -1;
	w.end = payload + h->length - h->slots * sizeof(struct capture_slot);
	if (h->length < WHOLE_LEAST || look_at_all(&w, payload) != 0 ||
	    w.records != h->count)
		return 0;
	/* those before it, and their streams with them */
	if (c->count != 0 && capture_end_block(c, 1) != 0)
		return -1;
	if (w.lacks) {
		w.to = c;
		(void)look_at_all(&w, payload);
	}
	result = capture_put_whole(
	    c, &head, (struct bytes){ (const char *)payload, h->length });
	capture_begin_block(c);
	return result == 0 ? 1 : -1;
}
