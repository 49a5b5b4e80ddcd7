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

static void
text_head(struct buffer *b, const struct stat_head *h)
{
	if (!h->first)
		buffer_byte(b, '\n');
}

/* figure: of a histogram, as ".p99", before the labels; or "". */
static void
text_name(struct buffer *b, const struct stat_head *h,
    const struct stat_counter *k, const char *figure)
{
	size_t width = h->width > WIDTH_MIN ? h->width : WIDTH_MIN;
	size_t length = strlen(k->name), labels = strlen(k->owner->labels);

	buffer_safe(b, k->name, length - labels);
	buffer_text(b, figure);
	buffer_safe(b, k->name + length - labels, labels);
	length += strlen(figure);
	do
		buffer_byte(b, ' ');
	while (length++ < width);
}

static void
text_rate(struct buffer *b, const struct stat_counter *k)
{
	buffer_printf(b, " %12.2f ", k->rate);
}

static void
text_no_rate(struct buffer *b)
{
	buffer_text(b, "            . ");
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
	buffer_printf(b, "%12" PRIu64, k->value);
	text_rate(b, k);
	text_help(b, k);
	buffer_byte(b, '\n');
	text_name(b, h, k, ".mean");
	if (k->value == 0)
		buffer_printf(b, "%12s", ".");
	else
		buffer_printf(b, "%12.2f", stat_histogram_mean(k));
	figure_tail(b, k);
	for (size_t i = 0; i < STAT_QUANTILES; i++) {
		const struct stat_quantile *q = &stat_quantiles[i];

		(void)snprintf(figure, sizeof(figure), ".%s", q->name);
		text_name(b, h, k, figure);
		if (k->value == 0)
			buffer_printf(b, "%12s", ".");
		else
			buffer_printf(
			    b, "%12" PRIu64, stat_histogram_quantile(k, q));
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
	if (k->kind == SCHEMA_GAUGE || k->kind == SCHEMA_UPDOWN)
		buffer_printf(b, "%12" PRId64, (int64_t)k->value);
	else
		buffer_printf(b, "%12" PRIu64, k->value);
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
