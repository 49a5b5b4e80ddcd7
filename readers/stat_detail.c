/*
 * stat_detail.c -- the pane below, of the selected counter.
 *
 *	-- name ---------------------------------------
 *	what it counts, as its program says
 *	kind, level, unit, value, sets		if there is room
 *	a chart: of the last intervals; of a histogram, of its buckets; bits
 */
#include <curses.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/histogram.h"
#include "readers/stat_screen.h"

#define LABEL 10 /* columns at the left of a chart */
#define WIDEST 4 /* columns of a bucket */
#define FACTS 4  /* so many rows have room for them */

void
stat_shape(const struct stat_screen *s, const struct stat_counter *k,
    struct stat_shape *shape)
{
	int ever = s->ever || !k->past->known;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t now = k->words[1 + i], before = k->words_before[1 + i];

		shape->counts[i] = ever ? now : now > before ? now - before : 0;
	}
	shape->n = histogram_count(shape->counts);
}

void
stat_quantile_text(const struct stat_screen *s, const struct stat_counter *k,
    const struct stat_shape *shape, uint32_t thousandths,
    char to[STAT_UNIT_MAX])
{
	uint64_t value =
	    histogram_quantile(shape->counts, shape->n, thousandths);

	if (s->scale == SCALE_RAW)
		(void)snprintf(to, STAT_UNIT_MAX, "%" PRIu64, value);
	else
		stat_unit_double(to, (double)value, k->unit, s->scale, 5);
}

static void
put_text(int row, const struct buffer *b)
{
	(void)terminal_put(row, 0, COLS, b->data, b->n);
}

static void
put_title(struct stat_screen *s, int row, const struct stat_counter *k)
{
	const char *line = terminal_unicode(s->terminal) ? "\342\224\200" : "-";
	int column;

	for (column = 0; column < COLS; column++)
		(void)terminal_put(row, column, 1, line, strlen(line));
	if (k == NULL || COLS < 8)
		return;
	stat_look(s, LOOK_STRONG);
	s->text.n = 0;
	buffer_byte(&s->text, ' ');
	buffer_safe(&s->text, k->name, strlen(k->name));
	buffer_byte(&s->text, ' ');
	(void)terminal_put(row, 2, COLS - 4, s->text.data, s->text.n);
	stat_look(s, LOOK_PLAIN);
}

/* All that is known of it. */
static void
put_facts(struct stat_screen *s, int row, const struct stat_counter *k)
{
	struct buffer *b = &s->text;
	char age[32];

	b->n = 0;
	buffer_printf(
	    b, "%s, %s", stat_kind_text(k->kind), stat_level_text(k->level));
	if (k->unit[0] != '\0') {
		buffer_text(b, ", in ");
		buffer_safe(b, k->unit, strlen(k->unit));
	}
	buffer_text(b, ": ");
	if (stat_is_level(k))
		buffer_signed(b, (int64_t)k->value);
	else
		buffer_number(b, k->value);
	stat_age(age, sizeof(age),
	    s->collect.real > k->created ? s->collect.real - k->created : 0);
	buffer_printf(b, "  (%" PRIu32 " %s, %s%s)", k->sets,
	    k->sets == 1 ? "set" : "sets", k->sets == 1 ? "" : "the oldest ",
	    age);
	put_text(row, b);
}

static void
put_quantiles(struct stat_screen *s, int row, const struct stat_counter *k,
    const struct stat_shape *shape)
{
	struct buffer *b = &s->text;
	char text[STAT_UNIT_MAX];
	size_t whole;

	b->n = 0;
	buffer_text(b, s->ever || !k->past->known ? "all" : "last interval");
	buffer_printf(b, ": %" PRIu64 " values", shape->n);
	for (size_t i = 0; i < STAT_QUANTILES && shape->n > 0; i++) {
		stat_quantile_text(
		    s, k, shape, stat_quantiles[i].thousandths, text);
		whole = b->n;
		buffer_printf(b, "  %s %s", stat_quantiles[i].name, text);
		/* half a number would be another one */
		if (terminal_width(b->data, b->n) > (size_t)COLS)
			b->n = whole;
	}
	put_text(row, b);
}

/* A number at the left of a chart, with what it is of. */
static void
put_label(
    struct stat_screen *s, int row, double value, const struct stat_counter *k)
{
	char text[STAT_UNIT_MAX];

	stat_unit_double(text, value, k->unit, SCALE_ALL, LABEL - 3);
	s->text.n = 0;
	buffer_printf(&s->text, "%*s%s", LABEL - 3, text,
	    kind_is_retained(k->kind) ? "/s" : "");
	stat_look(s, LOOK_WEAK);
	(void)terminal_put(row, 0, LABEL - 1, s->text.data, s->text.n);
	stat_look(s, LOOK_PLAIN);
}

static void
widen(struct stat_chart *c, double value)
{
	if (value > c->high)
		c->high = value;
	if (value < c->low)
		c->low = value;
}

/* What it did in the last intervals, the newest at the right. */
static void
put_samples(
    struct stat_screen *s, int row, int rows, const struct stat_counter *k)
{
	double values[STAT_SAMPLES];
	struct stat_chart c = {
		.row = row,
		.column = LABEL,
		.rows = rows,
		.n = COLS - LABEL < STAT_SAMPLES ? COLS - LABEL : STAT_SAMPLES,
		.values = values,
	};

	for (int i = 0; i < c.n; i++) {
		values[c.n - 1 - i] = stat_past_sample(k->past, (uint32_t)i);
		widen(&c, values[c.n - 1 - i]);
	}
	put_label(s, row, c.high, k);
	if (rows > 1)
		put_label(s, row + rows - 1, c.low, k);
	stat_chart(s, &c);
}

/* The limits of what a chart of buckets shows. */
static void
put_limits(struct stat_screen *s, int row, const struct stat_counter *k,
    uint32_t first, uint32_t last, int end)
{
	char text[STAT_UNIT_MAX];

	stat_look(s, LOOK_WEAK);
	stat_unit_double(
	    text, (double)histogram_low(first), k->unit, SCALE_ALL, 8);
	(void)terminal_put(row, LABEL, LABEL, text, strlen(text));
	stat_unit_double(
	    text, (double)histogram_high(last), k->unit, SCALE_ALL, 8);
	if (end - (int)strlen(text) > LABEL * 2)
		(void)terminal_put(
		    row, end - (int)strlen(text), LABEL, text, strlen(text));
	stat_look(s, LOOK_PLAIN);
}

/* How often which value came: buckets side by side, several in a column if
 * there is no room, and each in several if there is. */
static void
put_shape(struct stat_screen *s, int row, int rows,
    const struct stat_counter *k, const struct stat_shape *shape)
{
	double values[STAT_SAMPLES] = { 0 };
	struct stat_chart c = { .row = row, .column = LABEL, .values = values };
	uint32_t first = 0, last = HISTOGRAM_BUCKETS - 1, most, span, each;

	if (shape->n == 0 || COLS <= LABEL)
		return;
	most = COLS - LABEL < STAT_SAMPLES ? (uint32_t)(COLS - LABEL)
					   : STAT_SAMPLES;
	while (first < last && shape->counts[first] == 0)
		first++;
	while (last > first && shape->counts[last] == 0)
		last--;
	span = last - first + 1;
	each = span > most ? 1 : most / span < WIDEST ? most / span : WIDEST;
	c.n = (int)(span > most ? most : span * each);
	for (uint32_t i = 0; i < span; i++)
		for (uint32_t j = 0; j < each; j++)
			values[span > most ? i * most / span : i * each + j] +=
			    (double)shape->counts[first + i];
	for (int i = 0; i < c.n; i++)
		widen(&c, values[i]);
	c.rows = rows > 1 ? rows - 1 : rows;
	stat_chart(s, &c);
	if (rows > 1)
		put_limits(s, row + rows - 1, k, first, last, LABEL + c.n);
}

static void
put_histogram(
    struct stat_screen *s, int row, int rows, const struct stat_counter *k)
{
	struct stat_shape shape;

	stat_shape(s, k, &shape);
	put_quantiles(s, row, k, &shape);
	if (rows > 1)
		put_shape(s, row + 1, rows - 1, k, &shape);
}

/* All bits, in as many rows as they need. */
static void
put_bitmap(
    struct stat_screen *s, int row, int rows, const struct stat_counter *k)
{
	int groups = (COLS - 5) / 9, bits;
	char text[16];

	bits = groups < 1 ? 8 : groups > 8 ? 64 : groups * 8;
	for (int high = 64; high > 0 && rows > 0; rows--, row++) {
		int n = high % bits == 0 ? bits : high % bits;

		(void)snprintf(text, sizeof(text), "%2d", high - 1);
		(void)terminal_put(row, 0, 4, text, strlen(text));
		high -= n;
		stat_bits(s, row, 4, k->value >> high, n);
	}
}

void
stat_detail(struct stat_screen *s, int row, int rows)
{
	struct stat_counter *k = stat_view_counter(&s->view);
	const int end = row + rows;

	put_title(s, row++, k);
	if (k == NULL || row >= end)
		return;
	stat_put(s, row++, 0, COLS, k->help, strlen(k->help));
	if (rows > FACTS)
		put_facts(s, row++, k);
	if (row >= end)
		return;
	switch (k->kind) {
	case SCHEMA_HISTOGRAM:
		put_histogram(s, row, end - row, k);
		break;
	case SCHEMA_BITMAP:
		put_bitmap(s, row, end - row, k);
		break;
	case SCHEMA_COUNTER:
	case SCHEMA_GAUGE:
	case SCHEMA_UPDOWN:
		put_samples(s, row, end - row, k);
		break;
	case SCHEMA_LABEL:
		break;
	}
}
