/*
 * tail_args.c -- records whose arguments were stored, made text.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/tail.h"

int
args_render(struct tail *t, struct tail_stream *s, struct out_record *r)
{
	const struct out_text args = r->payload;
	const struct format *f = format_of(s, format_id(args.text, args.n));
	struct buffer *b = &t->rendered;
	size_t fields;
	int n;

	if (f == NULL)
		return -1;
	(void)format_fields(f, &fields);
	if (fields > t->spans_size) {
		t->spans = reallocarray(t->spans, fields, sizeof(*t->spans));
		if (t->spans == NULL)
			err(1, "memory");
		t->spans_size = fields;
	}
	b->n = 0;
	n = format_render_spans(
	    f, args.text, args.n, b->data, b->size, t->spans);
	if (n >= 0 && (size_t)n >= b->size) {
		(void)buffer_room(b, (size_t)n + 1);
		n = format_render_spans(
		    f, args.text, args.n, b->data, b->size, t->spans);
	}
	if (n < 0)
		return -1;
	r->args = args;
	r->format = f;
	r->spans = t->spans;
	r->payload.text = b->data;
	r->payload.n = (size_t)n;
	return 0;
}
