/*
 * stat_text.c -- counters as lines of text: name, value, rate, description.
 *
 * Blanks stand between them, and a rate that there is none of is a dot, so that
 * awk(1) finds each in its place.
 */
#include <inttypes.h>
#include <string.h>

#include "readers/stat_format.h"

#define WIDTH_MIN 32

static void
text_head(struct buffer *b, const struct stat_head *h)
{
	if (!h->first)
		buffer_byte(b, '\n');
}

static void
text_name(
    struct buffer *b, const struct stat_head *h, const struct stat_counter *k)
{
	size_t width = h->width > WIDTH_MIN ? h->width : WIDTH_MIN;
	size_t length = strlen(k->name);

	buffer_safe(b, k->name, length);
	do
		buffer_byte(b, ' ');
	while (length++ < width);
}

static void
text_counter(struct buffer *b, const struct stat_head *h,
    const struct stat_counter *k, size_t n)
{
	(void)n;
	text_name(b, h, k);
	if (k->kind == SCHEMA_GAUGE || k->kind == SCHEMA_UPDOWN)
		buffer_printf(b, "%12" PRId64, (int64_t)k->value);
	else
		buffer_printf(b, "%12" PRIu64, k->value);
	if (k->kind == SCHEMA_COUNTER)
		buffer_printf(b, " %12.2f ", k->rate);
	else
		buffer_text(b, "            . ");
	buffer_safe(b, k->help, strlen(k->help));
	buffer_byte(b, '\n');
}

static void
names_counter(struct buffer *b, const struct stat_head *h,
    const struct stat_counter *k, size_t n)
{
	(void)n;
	text_name(b, h, k);
	buffer_safe(b, k->help, strlen(k->help));
	buffer_byte(b, '\n');
}

static void
text_tail(struct buffer *b)
{
	(void)b;
}

const struct stat_format stat_text = { text_head, text_counter, text_tail };
const struct stat_format stat_names = { text_head, names_counter, text_tail };

void
stat_print(struct buffer *b, const struct stat_format *f,
    struct stat_collect *c, struct stat_head *h)
{
	struct stat_counter *k;
	size_t n = 0, length;

	h->real = c->real;
	h->width = 0;
	for (k = stat_first(c); k != NULL; k = stat_next(c, k)) {
		length = strlen(k->name);
		if (length > h->width)
			h->width = length;
	}
	f->head(b, h);
	for (k = stat_first(c); k != NULL; k = stat_next(c, k))
		f->counter(b, h, k, n++);
	f->tail(b);
}
