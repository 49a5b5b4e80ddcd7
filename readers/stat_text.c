/*
 * stat_text.c -- counters as lines of text: name, value, rate, description.
 *
 * Blanks stand between them, and what there is none of is a dot, so that awk(1)
 * finds each in its place.  A histogram has a line for each of its figures.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "readers/stat_format.h"

#define WIDTH_MIN 32
#define NUMBER_WIDTH 12
#define NUMBER_MAX 64 /* bytes of a number and its blanks, more than both */

static void
text_head(struct buffer *b, const struct stat_head *h)
{
	if (!h->first)
		buffer_byte(b, '\n');
}

static void
text_name(struct buffer *b, const struct stat_head *h,
    const struct stat_counter *k, const char *figure)
{
	size_t width = h->width > WIDTH_MIN ? h->width : WIDTH_MIN;
	size_t length = strlen(k->name) + strlen(figure);
	size_t blanks = length < width ? width - length + 1 : 1;

	stat_put_name(b, k, figure);
	memset(buffer_room(b, blanks), ' ', blanks);
	b->n += blanks;
}

/* Where a number will begin: it and its blanks stay in one piece. */
static size_t
text_begin(struct buffer *b)
{
	(void)buffer_room(b, NUMBER_MAX);
	return b->n;
}

/* What stands behind `from', to the right of NUMBER_WIDTH columns. */
static void
text_right(struct buffer *b, size_t from)
{
	size_t n = b->n - from, blanks;

	if (n >= NUMBER_WIDTH)
		return;
	blanks = NUMBER_WIDTH - n;
	(void)buffer_room(b, blanks);
	memmove(b->data + from + blanks, b->data + from, n);
	memset(b->data + from, ' ', blanks);
	b->n += blanks;
}

static void
text_value(struct buffer *b, const struct stat_counter *k)
{
	size_t from = text_begin(b);

	stat_put_value(b, k);
	text_right(b, from);
}

static void
text_hundredths(struct buffer *b, double v)
{
	size_t from = text_begin(b);

	stat_put_fixed(b, v, 2);
	text_right(b, from);
}

static void
text_quantile(struct buffer *b, const struct stat_counter *k,
    const struct stat_quantile *q)
{
	size_t from = text_begin(b);

	buffer_number(b, stat_histogram_quantile(k, q));
	text_right(b, from);
}

static void
text_nothing(struct buffer *b)
{
	buffer_text(b, "           .");
}

static void
text_rate(struct buffer *b, const struct stat_counter *k)
{
	buffer_byte(b, ' ');
	text_hundredths(b, k->rate);
	buffer_byte(b, ' ');
}

static void
text_no_rate(struct buffer *b)
{
	buffer_byte(b, ' ');
	text_nothing(b);
	buffer_byte(b, ' ');
}

static void
text_help(struct buffer *b, const struct stat_counter *k)
{
	buffer_safe(b, k->help, strlen(k->help));
}

/* Help and unit of a figure. */
static void
figure_tail(struct buffer *b, const struct stat_counter *k)
{
	text_no_rate(b);
	text_help(b, k);
	if (k->unit[0] != '\0') {
		buffer_text(b, k->help[0] != '\0' ? " [" : "[");
		buffer_safe(b, k->unit, strlen(k->unit));
		buffer_byte(b, ']');
	}
	buffer_byte(b, '\n');
}

static void
text_histogram(
    struct buffer *b, const struct stat_head *h, const struct stat_counter *k)
{
	char figure[16];

	text_name(b, h, k, ".count");
	text_value(b, k);
	text_rate(b, k);
	text_help(b, k);
	buffer_byte(b, '\n');
	text_name(b, h, k, ".mean");
	if (k->value == 0)
		text_nothing(b);
	else
		text_hundredths(b, stat_histogram_mean(k));
	figure_tail(b, k);
	for (size_t i = 0; i < STAT_QUANTILES; i++) {
		const struct stat_quantile *q = &stat_quantiles[i];

		(void)snprintf(figure, sizeof(figure), ".%s", q->name);
		text_name(b, h, k, figure);
		if (k->value == 0)
			text_nothing(b);
		else
			text_quantile(b, k, q);
		figure_tail(b, k);
	}
}

static void
text_counter(struct buffer *b, const struct stat_head *h,
    const struct stat_counter *k, size_t n)
{
	(void)n;
	if (k->kind == SCHEMA_HISTOGRAM) {
		text_histogram(b, h, k);
		return;
	}
	text_name(b, h, k, "");
	text_value(b, k);
	if (k->kind == SCHEMA_COUNTER)
		text_rate(b, k);
	else
		text_no_rate(b);
	text_help(b, k);
	buffer_byte(b, '\n');
}

static void
names_counter(struct buffer *b, const struct stat_head *h,
    const struct stat_counter *k, size_t n)
{
	(void)n;
	text_name(b, h, k, "");
	text_help(b, k);
	buffer_byte(b, '\n');
}

static void
text_tail(struct buffer *b)
{
	(void)b;
}

const struct stat_format stat_text = {
	.name = "text",
	.head = text_head,
	.counter = text_counter,
	.tail = text_tail,
};
const struct stat_format stat_names = {
	.name = "names",
	.head = text_head,
	.counter = names_counter,
	.tail = text_tail,
};
