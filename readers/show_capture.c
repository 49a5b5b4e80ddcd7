/*
 * show_capture.c -- records on their way to -w's file, by way of -l.
 *
 * While -l looks for the last N, records are kept as they are, for it is not
 * known yet which of them are written.
 */
#include "readers/capture.h"
#include "readers/capture_format.h"
#include "readers/show.h"

/* What last->text has of a record (its payload follows) or of a loss. */
struct kept {
	struct rec_stream *stream; /* NULL: a loss */
	struct record head;
	size_t n; /* of the payload */
	uint32_t lane;
	uint64_t number;
	/* of a loss: */
	struct descriptor of;
	int known;
	uint64_t records;
	int at_least;
};

static void
put_record(struct show *s, const struct rec *r)
{
	if (capture_record(s->capture, r) != 0)
		s->done = 1;
	else
		show_count(s, 1);
}

static void
put_lost(struct show *s, const struct out_loss *l)
{
	if (capture_lost(s->capture, l->of, l->records, l->at_least) != 0)
		s->done = 1;
}

static void
keep_record(struct show *s, const struct rec *r)
{
	struct kept k = { .stream = r->stream,
		.head = *r->head,
		.n = r->payload.n,
		.lane = r->lane,
		.number = r->number };

	buffer_put(&s->last->text, &k, sizeof(k));
	buffer_put(&s->last->text, r->payload.text, r->payload.n);
}

void
show_capture(struct show *s, const struct rec *r)
{
	if (s->last == NULL)
		put_record(s, r);
	else
		keep_record(s, r);
}

void
show_capture_lost(struct show *s, const struct out_loss *l)
{
	struct kept k = { .known = l->of != NULL,
		.records = l->records,
		.at_least = l->at_least };
	size_t before;

	if (s->last == NULL) {
		put_lost(s, l);
		return;
	}
	before = s->last->text.n;
	if (l->of != NULL)
		memcpy(&k.of, l->of, sizeof(k.of));
	buffer_put(&s->last->text, &k, sizeof(k));
	last_push(s, before, 0);
}

/* One of those; how long it is. */
static size_t
put_kept(struct show *s, const char *item)
{
	struct kept k;

	memcpy(&k, item, sizeof(k));
	if (k.stream == NULL)
		put_lost(s, &(struct out_loss){ k.known ? &k.of : NULL,
				k.records, k.at_least });
	else
		put_record(s, &(struct rec){
				  .head = &k.head,
				  .stream = k.stream,
				  .payload = { item + sizeof(k), k.n },
				  .lane = k.lane,
				  .number = k.number,
			      });
	return sizeof(k) + k.n;
}

void
show_capture_kept(struct show *s, const char *items, size_t n)
{
	size_t at = 0;

	while (at < n)
		at += put_kept(s, items + at);
}

/* Whether each record that is there is written, in the order in which it is. */
static int
is_copy(const struct show *s)
{
	return s->capture != NULL && s->any && s->nqueries == 0 &&
	       s->groups == NULL && s->last == NULL && s->taker == NULL &&
	       s->stop_after == 0 && s->rate.most == 0;
}

int
show_capture_block(struct show *s, const struct capture_block *h,
    const uint8_t *payload, struct rec_stream *const *of)
{
	int result = is_copy(s) ? capture_copy(s->capture, h, payload, of) : 0;

	if (result == 1)
		show_count(s, h->count);
	if (result == -1)
		s->done = 1;
	return result != 0;
}
