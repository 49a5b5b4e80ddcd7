/*
 * show.c -- a record's way from where it was read to where it is shown.
 */
#include "readers/show.h"

#include <err.h>
#include <stdlib.h>

#define COMPLAINTS_MAX 20

static int
is_hidden(const struct show *s, const char *name)
{
	if (s->include.n != 0 && globs_match(&s->include, name) == -1)
		return 1;
	return s->exclude.n != 0 && globs_match(&s->exclude, name) != -1;
}

static struct rec_tag *
make_tag(void *arg, const char *name, size_t n)
{
	struct show *s = arg;
	struct rec_tag *tag;
	struct buffer b;
	char *text;

	buffer_init(&b, -1);
	s->out->tag(&b, name, n);
	tag = malloc(sizeof(*tag) + n + 1 + b.n);
	if (tag == NULL)
		err(1, "memory");
	memcpy(tag->name, name, n);
	tag->name[n] = '\0';
	tag->length = n;
	text = tag->name + n + 1;
	memcpy(text, b.data, b.n);
	tag->text = (struct bytes){ text, b.n };
	tag->hidden = is_hidden(s, tag->name);
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
	s->any_tag = s->include.n == 0 && s->exclude.n == 0;
}

void
show_fini(struct show *s)
{
	renderer_fini(&s->renderer);
	free(s->no_tag);
	globs_free(&s->include);
	globs_free(&s->exclude);
	buffer_free(&s->to);
}

void
show_stream(
    struct show *s, struct rec_stream *stream, const struct descriptor *d)
{
	stream->d = d;
	buffer_init(&stream->label, -1);
	s->out->stream(&stream->label, d);
}

void
show_stream_fini(struct rec_stream *stream)
{
	dict_free(&stream->dict);
	if (stream->d != NULL)
		buffer_free(&stream->label);
	stream->d = NULL;
}

void
show_learn(struct show *s, struct rec_stream *stream, enum dict_kind kind,
    uint32_t id, const char *text, size_t n)
{
	dict_learn(&stream->dict, kind, id, text, n, make_tag, s);
}

const struct rec_tag *
show_tag(const struct show *s, const struct rec_stream *stream, uint16_t id)
{
	const struct rec_tag *tag = dict_tag(&stream->dict, id);

	return tag != NULL ? tag : s->no_tag;
}

void
show_count(struct show *s)
{
	if (++s->delivered == s->stop_after)
		s->done = 1;
}

void
show_record(struct show *s, struct rec *r)
{
	struct buffer *to = s->last != NULL ? &s->last->text : &s->to;
	size_t before = to->n;

	if (r->tag->hidden)
		return;
	r->renderer = &s->renderer;
	rec_text(r);
	if (r->unreadable)
		show_complain(s, r->stream->d,
		    "holds arguments that its formats do not fit");
	s->out->record(to, r);
	if (s->last != NULL)
		last_push(s, before, 1);
	else
		show_count(s);
}

void
show_lost(struct show *s, const struct descriptor *of, uint64_t records,
    int at_least)
{
	struct buffer *to = s->last != NULL ? &s->last->text : &s->to;
	struct out_loss loss = { of, records, at_least };
	size_t before = to->n;

	s->out->lost(to, &loss);
	if (s->last != NULL)
		last_push(s, before, 0);
}

void
show_complain(struct show *s, const struct descriptor *of, const char *what)
{
	struct buffer name;

	if (s->complaints++ >= COMPLAINTS_MAX)
		return;
	buffer_init(&name, -1);
	buffer_stream(&name, of);
	warnx("stream %.*s %s%s", (int)name.n, name.data, what,
	    s->complaints == COMPLAINTS_MAX ? "; no more of these are told"
					    : "");
	buffer_free(&name);
}
