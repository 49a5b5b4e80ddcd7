/*
 * record.c -- a record's text, of what was stored; and streams, which live as
 * long as records of theirs are kept.
 */
#include "readers/record.h"

#include <err.h>
#include <stdlib.h>

#include "readers/capture.h"

struct rec_stream *
rec_stream_new(void)
{
	struct rec_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err(1, "memory");
	s->refs = 1;
	return s;
}

void
rec_stream_drop(struct rec_stream *s)
{
	if (--s->refs != 0)
		return;
	capture_forget(s);
	dict_free(&s->dict);
	if (s->d != NULL)
		buffer_free(&s->label);
	free(s);
}

void
renderer_init(struct renderer *m)
{
	memset(m, 0, sizeof(*m));
	buffer_init(&m->text, -1);
}

void
renderer_fini(struct renderer *m)
{
	buffer_free(&m->text);
	free(m->spans);
}

static void
more_spans(struct renderer *m, size_t n)
{
	m->spans = reallocarray(m->spans, n, sizeof(*m->spans));
	if (m->spans == NULL)
		err(1, "memory");
	m->spans_size = n;
}

/* Puts arguments into words; 0, or -1: they cannot be read. */
static int
render(struct rec *r)
{
	const struct bytes args = r->payload;
	const struct rec_format *of =
	    dict_format(&r->stream->dict, format_id(args.text, args.n));
	struct renderer *m = r->renderer;
	struct buffer *b = &m->text;
	int n;

	if (of == NULL)
		return -1;
	if (of->fields > m->spans_size)
		more_spans(m, of->fields);
	m->of = r;
	(void)buffer_room(b, args.n + FORMAT_SPARE);
	n = format_render_spans(
	    of->compiled, args.text, args.n, b->data, b->size, m->spans);
	if (n >= 0 && (size_t)n >= b->size) {
		(void)buffer_room(b, (size_t)n + 1);
		n = format_render_spans(of->compiled, args.text, args.n,
		    b->data, b->size, m->spans);
	}
	if (n < 0)
		return -1;
	r->format = of->compiled;
	r->spans = m->spans;
	r->text = (struct bytes){ b->data, (size_t)n };
	return 0;
}

static int
link_text(struct rec *r)
{
	uint64_t parent;

	if (!rec_parent(r, &parent))
		return -1;
	r->text.text += sizeof(parent);
	r->text.n -= sizeof(parent);
	return 0;
}

void
rec_text(struct rec *r)
{
	static const char text[] = "[unreadable record]";

	if (r->has_text && (r->format == NULL || r->renderer->of == r))
		return;
	r->has_text = 1;
	r->format = NULL;
	r->unreadable = 0;
	/* by its members: of two words that were just stored, a load of both
	 * would wait until they have left the store buffer */
	r->text.text = r->payload.text;
	r->text.n = r->payload.n;
	switch (r->head->flags & (RECORD_ARGS | RECORD_LINK)) {
	case 0:
		return;
	case RECORD_ARGS:
		if (render(r) == 0)
			return;
		break;
	case RECORD_LINK:
		if (link_text(r) == 0)
			return;
		break;
	}
	r->unreadable = 1;
	r->text = (struct bytes){ text, sizeof(text) - 1 };
}
