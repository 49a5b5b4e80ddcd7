/*
 * show_last.c -- -l: the last N records of what is there.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/show.h"

/* Behind what was just put into last->text, from `from' on. */
void
last_push(struct show *s, size_t from, size_t counted)
{
	struct last *last = s->last;
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
	last->have += counted;
	while (last->have > last->want) {
		i = &last->items[last->head];
		if (last->have - i->counted < last->want)
			break;
		last->head++;
		last->n--;
		last->text_head += i->n;
		last->have -= i->counted;
	}
	if (last->text_head > last->text.n / 2 && last->text_head > 65536) {
		last->text.n -= last->text_head;
		memmove(last->text.data, last->text.data + last->text_head,
		    last->text.n);
		last->text_head = 0;
	}
}

void
last_begin(struct show *s, uint64_t want)
{
	s->last = calloc(1, sizeof(*s->last));
	if (s->last == NULL)
		err(1, "memory");
	s->last->want = want;
	buffer_init(&s->last->text, -1);
}

void
last_end(struct show *s)
{
	struct last *last = s->last;
	const struct last_item *i;

	s->last = NULL;
	for (size_t k = 0; k < last->n && !s->done; k++) {
		i = &last->items[last->head + k];
		if (s->capture != NULL) {
			show_capture_kept(
			    s, last->text.data + last->text_head, i->n);
		} else {
			buffer_put(
			    &s->to, last->text.data + last->text_head, i->n);
			show_count(s, i->counted);
		}
		last->text_head += i->n;
	}
	buffer_free(&last->text);
	free(last->items);
	free(last);
}
