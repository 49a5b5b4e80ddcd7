/*
 * tail_sink.c -- which records are shown, and where they go.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/tail.h"

#define COMPLAINTS_MAX 20

/* Behind what was just put into last->text, from `from' on. */
static void
last_push(struct tail *t, size_t from, int counted)
{
	struct last *last = t->last;
	struct last_item *i;

	if (last->head + last->n == last->size) {
		if (last->head > last->size / 2) {
			memmove(last->items, last->items + last->head,
			    last->n * sizeof(*last->items));
			last->head = 0;
		} else {
			last->size = last->size == 0 ? 256 : last->size * 2;
			last->items = reallocarray(
			    last->items, last->size, sizeof(*last->items));
			if (last->items == NULL)
				err(1, "memory");
		}
	}
	i = &last->items[last->head + last->n++];
	i->n = last->text.n - from;
	i->counted = counted;
	last->have += counted != 0;
	while (last->have > last->want) {
		i = &last->items[last->head++];
		last->n--;
		last->text_head += i->n;
		last->have -= i->counted != 0;
	}
	if (last->text_head > last->text.n / 2 && last->text_head > 65536) {
		last->text.n -= last->text_head;
		memmove(last->text.data, last->text.data + last->text_head,
		    last->text.n);
		last->text_head = 0;
	}
}

void
last_begin(struct tail *t, uint64_t want)
{
	t->last = calloc(1, sizeof(*t->last));
	if (t->last == NULL)
		err(1, "memory");
	t->last->want = want;
	buffer_init(&t->last->text, -1);
}

/* One record more is out; -k may have had enough. */
static void
count(struct tail *t)
{
	if (++t->delivered == t->stop_after)
		t->done = 1;
}

void
last_end(struct tail *t)
{
	struct last *last = t->last;
	const struct last_item *i;

	t->last = NULL;
	for (size_t k = 0; k < last->n && !t->done; k++) {
		i = &last->items[last->head + k];
		buffer_put(&t->to, last->text.data + last->text_head, i->n);
		last->text_head += i->n;
		if (i->counted)
			count(t);
	}
	buffer_free(&last->text);
	free(last->items);
	free(last);
}

static void
unreadable(struct tail *t, const struct tail_stream *s, struct out_record *r)
{
	static const char text[] = "[unreadable record]";

	sink_complain(t, s, "holds arguments that its formats do not fit");
	r->unreadable = 1;
	r->payload.text = text;
	r->payload.n = sizeof(text) - 1;
}

void
sink_record(struct tail *t, struct tail_lane *l)
{
	struct tail_stream *s = l->stream;
	const struct tail_tag *tag = tag_of(t, s, l->next.head.tag);
	struct buffer *to = t->last != NULL ? &t->last->text : &t->to;
	size_t before = to->n;
	struct out_record r = { .head = &l->next.head };

	if (tag->hidden)
		return;
	r.payload.text = l->next.payload;
	r.payload.n = l->next.length;
	r.stream.text = s->label.data;
	r.stream.n = s->label.n;
	r.tag.text = tag->text;
	r.tag.n = tag->n;
	r.created = s->source->created;
	r.serial = s->serial;
	r.lane = l->number;
	r.number = lane_number(l);
	if ((r.head->flags & RECORD_ARGS) != 0 && args_render(t, s, &r) == -1)
		unreadable(t, s, &r);
	t->out->record(to, &r);
	if (t->last != NULL)
		last_push(t, before, 1);
	else
		count(t);
}

void
sink_lost(
    struct tail *t, const struct descriptor *of, uint64_t records, int at_least)
{
	struct buffer *to = t->last != NULL ? &t->last->text : &t->to;
	struct out_loss loss = { of, records, at_least };
	size_t before = to->n;

	t->out->lost(to, &loss);
	if (t->last != NULL)
		last_push(t, before, 0);
}

void
sink_complain(struct tail *t, const struct tail_stream *s, const char *what)
{
	struct buffer name;

	if (t->complaints++ >= COMPLAINTS_MAX)
		return;
	buffer_init(&name, -1);
	buffer_stream(&name, &s->entry.d);
	warnx("stream %.*s %s%s", (int)name.n, name.data, what,
	    t->complaints == COMPLAINTS_MAX ? "; no more of these are told"
					    : "");
	buffer_free(&name);
}
