/*
 * show.c -- a record's way from where it was read to where it is shown.
 */
#include "readers/show.h"

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>

#include "readers/attach.h"
#include "readers/capture.h"
#include "readers/query.h"

#define TELL_EVERY (10 * NSEC)

static struct rec_tag *
make_tag(void *arg, const char *name, size_t n)
{
	struct show *s = arg;
	struct rec_tag *tag;
	struct buffer b;
	char *text;

	buffer_init(&b, -1);
	s->out->tag(&b, name, n);
	tag = malloc(sizeof(*tag) + n + 1 + b.n + TEXT_SLACK);
	if (tag == NULL)
		err(1, "memory");
	tag->number = rec_tag_number();
	memcpy(tag->name, name, n);
	tag->name[n] = '\0';
	tag->length = n;
	text = tag->name + n + 1;
	memcpy(text, b.data, b.n);
	tag->text = (struct bytes){ text, b.n };
	tag->hidden = tag->included = 0;
	buffer_free(&b);
	return tag;
}

void
show_init(struct show *s, const struct out *out, int fd)
{
	memset(s, 0, sizeof(*s));
	s->out = out;
	buffer_init(&s->to, fd);
	renderer_init(&s->renderer);
}

void
show_begin(struct show *s)
{
	s->no_tag = make_tag(s, "-", 1);
	s->no_tag->hidden = choose_hides_tag(&s->choose, "-");
	s->no_tag->included = !s->no_tag->hidden && s->choose.include.n != 0 &&
			      globs_match(&s->choose.include, "-") != -1;
	s->any = choose_all(&s->choose);
}

void
show_query(struct show *s, struct query *q)
{
	s->queries =
	    reallocarray(s->queries, s->nqueries + 1, sizeof(*s->queries));
	if (s->queries == NULL)
		err(1, "memory");
	s->queries[s->nqueries++] = q;
}

void
show_fini(struct show *s)
{
	if (s->groups != NULL)
		groups_free(s->groups);
	renderer_fini(&s->renderer);
	free(s->no_tag);
	choose_free(&s->choose);
	for (unsigned i = 0; i < s->nqueries; i++)
		query_free(s->queries[i]);
	free(s->queries);
	buffer_free(&s->to);
}

void
show_stream(
    struct show *s, struct rec_stream *stream, const struct descriptor *d)
{
	static uint64_t numbers;

	stream->copy = *d;
	stream->described = ++numbers;
	stream->d = &stream->copy;
	stream->hidden = choose_hides_stream(&s->choose, d);
	buffer_init(&stream->label, -1);
	s->out->stream(&stream->label, d);
	buffer_fit(&stream->label);
}

void
show_learn(struct show *s, struct rec_stream *stream, enum dict_kind kind,
    uint32_t id, const char *text, size_t n)
{
	dict_learn(&stream->dict, kind, id, text, n, make_tag, s);
}

void
show_learned(struct show *s, struct rec_stream *stream)
{
	choose_tags(&s->choose, &stream->dict);
}

void
show_count(struct show *s, size_t records)
{
	s->delivered += records;
	if (s->stop_after != 0 && s->delivered >= s->stop_after)
		s->done = 1;
}

static void
tell_left_out(struct rate *rate)
{
	if (rate->left_out != 0)
		warnx("%" PRIu64 " record%s left out by -R", rate->left_out,
		    rate->left_out == 1 ? "" : "s");
	rate->left_out = 0;
}

int
show_in_rate(struct rate *rate, uint64_t time, size_t records)
{
	uint64_t now;

	/* times may go back a little, from lane to lane */
	if (rate->n == 0 ||
	    (int64_t)(time - rate->began) >= (int64_t)rate->every) {
		/* one from the future would have all others left out */
		now = clock_real();
		rate->began = time < now ? time : now;
		rate->n = 0;
	}
	if (rate->n++ < rate->most)
		return 1;
	if (rate->left_out == 0)
		rate->since = clock_mono();
	rate->left_out += records;
	return 0;
}

/* How many there were of which not all were told. */
static void
tell_sum(uint64_t n, const char *what)
{
	if (n > SHOW_TOLD_MAX)
		warnx("%" PRIu64 " %s in all", n, what);
}

void
show_end(struct show *s)
{
	uint64_t given_up = s->choose.given_up;

	for (unsigned i = 0; i < s->nqueries; i++)
		given_up += query_gave_up(s->queries[i]);
	tell_left_out(&s->rate);
	tell_sum(s->complaints, "complaints about streams");
	tell_sum(s->marks, "transactions that are not whole");
	if (given_up != 0)
		warnx("regular expressions took too long %" PRIu64
		      " times, and counted as not matching",
		    given_up);
}

/* Whether one of the queries selects it; mostly there is one. */
static int
is_asked_for(const struct show *s, struct rec *r)
{
	if (query_record(s->queries[0], r))
		return 1;
	for (unsigned i = 1; i < s->nqueries; i++)
		if (query_record(s->queries[i], r))
			return 1;
	return 0;
}

void
show_put(struct show *s, struct buffer *to, struct rec *r)
{
	r->renderer = &s->renderer;
	rec_text(r);
	if (r->unreadable)
		show_complain(s, r->stream->d,
		    "holds arguments that its formats do not fit");
	s->out->record(to, r);
}

/* One that was asked for; apart, so that those that were not, of which there
 * are more, cost less. */
static __attribute__((noinline)) void
show_wanted(struct show *s, struct rec *r)
{
	struct buffer *to = s->last != NULL ? &s->last->text : &s->to;
	size_t before = to->n;

	if (s->rate.most != 0 && !show_in_rate(&s->rate, r->head->time, 1))
		return;
	if (s->taker != NULL) {
		s->taker->record(s->taker->arg, r);
		show_count(s, 1);
		return;
	}
	if (s->capture != NULL) {
		show_capture(s, r);
	} else {
		show_put(s, to, r);
		if (s->last == NULL)
			show_count(s, 1);
	}
	if (s->last != NULL)
		last_push(s, before, 1);
}

void
show_record(struct show *s, struct rec *r)
{
	if (r->stream->hidden)
		return;
	if (s->groups != NULL && r->head->id != 0) {
		show_member(s, r);
		return;
	}
	if (r->tag->hidden)
		return;
	r->renderer = &s->renderer;
	if (!s->any && !choose_record(&s->choose, r))
		return;
	if (s->nqueries == 0 || is_asked_for(s, r))
		show_wanted(s, r);
}

void
show_lost(
    struct show *s, const struct descriptor *of, uint64_t records, int at_least)
{
	struct buffer *to = s->last != NULL ? &s->last->text : &s->to;
	struct out_loss loss = { of, records, at_least };
	size_t before = to->n;

	s->losses++;
	if (s->groups != NULL)
		groups_lost(s->groups, of);
	if (of != NULL && choose_hides_stream(&s->choose, of))
		return;
	if (s->taker != NULL) {
		s->taker->lost(s->taker->arg, &loss);
		return;
	}
	if (s->capture != NULL) {
		show_capture_lost(s, &loss);
		return;
	}
	s->out->lost(to, &loss);
	if (s->last != NULL)
		last_push(s, before, 0);
}

int
show_flush(struct show *s)
{
	if (s->capture != NULL)
		return capture_flush(s->capture);
	return buffer_flush(&s->to);
}

void
show_tick(struct show *s, uint64_t now)
{
	if (s->groups != NULL)
		(void)groups_tick(s->groups, now);
	/* `now' may be of before it */
	if (s->rate.left_out != 0 &&
	    (int64_t)(now - s->rate.since) >= (int64_t)TELL_EVERY)
		tell_left_out(&s->rate);
	if (s->capture != NULL ? capture_tick(s->capture) != 0
			       : s->to.error != 0)
		s->done = 1;
}

void
show_complain(struct show *s, const struct descriptor *of, const char *what)
{
	struct buffer name;

	if (s->complaints++ >= SHOW_TOLD_MAX)
		return;
	buffer_init(&name, -1);
	buffer_stream(&name, of);
	warnx("stream %.*s %s%s", (int)name.n, name.data, what,
	    s->complaints == SHOW_TOLD_MAX ? "; no more of these are told"
					   : "");
	buffer_free(&name);
}
