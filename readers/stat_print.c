/*
 * stat_print.c -- the formats of counters, and a pass in one of them.
 */
#include <string.h>

#include "readers/stat_format.h"

static const struct stat_format *const formats[] = {
	&stat_text,
	&stat_json,
	&stat_names,
};

const struct stat_format *
stat_format_named(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

static size_t
widest(struct stat_collect *c)
{
	size_t width = 0, length;
	struct stat_counter *k;

	for (k = stat_first(c); k != NULL; k = stat_next(c, k)) {
		length = strlen(k->name);
		if (k->kind == SCHEMA_HISTOGRAM)
			length += strlen(".count");
		if (length > width)
			width = length;
	}
	return width;
}

void
stat_print(struct buffer *b, const struct stat_format *f,
    struct stat_collect *c, struct stat_head *h)
{
	struct stat_counter *k;
	size_t n = 0;

	h->real = c->real;
	if (f->pass != NULL) {
		f->pass(b, h, c);
		return;
	}
	h->width = widest(c);
	f->head(b, h);
	for (k = stat_first(c); k != NULL; k = stat_next(c, k))
		f->counter(b, h, k, n++);
	f->tail(b);
}

void
stat_print_end(const struct stat_format *f, struct stat_head *h)
{
	if (f->end != NULL && h->state != NULL)
		f->end(h->state);
	h->state = NULL;
}
