/*
 * stat_print.c -- the formats of counters, and a pass in one of them.
 */
#include <string.h>

#include "common/digits.h"
#include "readers/stat_format.h"

static const struct stat_format *const formats[] = {
	&stat_text,
	&stat_json,
	&stat_csv,
	&stat_names,
	&stat_openmetrics,
};

const struct stat_format *
stat_format_named(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

void
stat_put_name(
    struct buffer *b, const struct stat_counter *k, const char *figure)
{
	size_t length = strlen(k->name), labels = strlen(k->owner->labels);

	buffer_safe(b, k->name, length - labels);
	buffer_text(b, figure);
	buffer_safe(b, k->name + length - labels, labels);
}

/* Mostly it is small enough to be a whole number of the last decimal: printf(3)
 * would take most of our time. */
void
stat_put_fixed(struct buffer *b, double v, unsigned decimals)
{
	const uint64_t unit = decimals == 2 ? 100 : 1000;
	char *to, *end;
	uint64_t n;

	must(decimals == 2 || decimals == 3);
	if (!(v < 1e10)) {
		buffer_printf(b, "%.*f", (int)decimals, v);
		return;
	}
	n = (uint64_t)(v * (double)unit + 0.5);
	to = buffer_room(b, DIGITS_MAX + 4);
	end = digits_number(to, n / unit);
	*end++ = '.';
	end = digits_last(end, (uint32_t)(n % unit), decimals);
	b->n += (size_t)(end - to);
}

void
stat_put_value(struct buffer *b, const struct stat_counter *k)
{
	if (k->kind == SCHEMA_GAUGE || k->kind == SCHEMA_UPDOWN)
		buffer_signed(b, (int64_t)k->value);
	else
		buffer_number(b, k->value);
}

static void
widen(struct stat_head *h, const struct stat_counter *k)
{
	size_t length = strlen(k->name);

	if (k->kind == SCHEMA_HISTOGRAM)
		length += strlen(".count");
	if (length > h->width)
		h->width = length;
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
	h->width = 0;
	for (k = stat_first(c); k != NULL; k = stat_next(c, k))
		widen(h, k);
	f->head(b, h);
	for (k = stat_first(c); k != NULL; k = stat_next(c, k))
		f->counter(b, h, k, n++);
	f->tail(b);
}

void
stat_print_list(struct buffer *b, const struct stat_format *f,
    struct stat_counter *const *list, size_t n, struct stat_head *h)
{
	must(f->pass == NULL);
	h->width = 0;
	for (size_t i = 0; i < n; i++)
		widen(h, list[i]);
	f->head(b, h);
	for (size_t i = 0; i < n; i++)
		f->counter(b, h, list[i], i);
	f->tail(b);
}

void
stat_print_end(const struct stat_format *f, struct stat_head *h)
{
	if (f->end != NULL && h->state != NULL)
		f->end(h->state);
	h->state = NULL;
}
