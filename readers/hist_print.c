/*
 * hist_print.c -- a histogram's shape and figures.
 *
 * A scale of powers: each row has the same number of buckets, 1, 2, 4 ... 16
 * (which is a factor of two), 32 and so on, the fewest with which all of them
 * fit, and begins at a multiple of that.
 */
#include "readers/hist_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "readers/watch_print.h"

#define FIGURES 8
#define SIDE_WIDTH 16 /* of the figures */
#define ROWS_MAX 24   /* where there is no end */
#define BAR_LEAST 8

static const struct {
	const char *name;
	uint32_t thousandths;
} quantiles[] = { { "p50", 500 }, { "p90", 900 }, { "p99", 990 },
	{ "p99.9", 999 } };

#define QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

void
hist_range(const struct hist_counts *c, uint32_t *from, uint32_t *to)
{
	for (uint32_t i = 0; i < HIST_BUCKETS && c->n != 0; i++) {
		if (c->buckets[i] == 0)
			continue;
		if (i < *from)
			*from = i;
		if (i > *to)
			*to = i;
	}
}

/* The last bucket of the row that a bucket is in.  Bucket 0, of zeros, is one
 * by itself. */
static uint32_t
row_end(uint32_t bucket, uint32_t per)
{
	if (bucket == 0)
		return 0;
	return (bucket - 1) / per * per + per;
}

/* Whether no value can be in there, as all are whole. */
static int
is_hollow(const struct hist_counts *c, uint32_t from, uint32_t to)
{
	return hist_first(c, from) > hist_last(c, to);
}

static size_t
count_rows(
    const struct hist_counts *c, uint32_t from, uint32_t to, uint32_t per)
{
	size_t rows = 0;
	uint32_t end;

	for (uint32_t i = from; i <= to; i = end + 1) {
		end = row_end(i, per);
		if (end > to)
			end = to;
		rows += !is_hollow(c, i, end);
	}
	return rows;
}

static uint64_t
count_values(const struct hist_counts *c, uint32_t from, uint32_t to)
{
	uint64_t n = 0;

	for (uint32_t i = from; i <= to; i++)
		n += c->buckets[i];
	return n;
}

/* The figures, from the top: name and number. */
static void
figure(const struct hist_counts *c, size_t i, const char **name, double *value)
{
	static const char *const names[] = { "count", "mean", "min" };

	if (i >= 3 && i < 3 + QUANTILES) {
		*name = quantiles[i - 3].name;
		*value = hist_quantile(c, quantiles[i - 3].thousandths);
		return;
	}
	*name = i < 3 ? names[i] : "max";
	*value = i == 0   ? (double)c->n
		 : i == 1 ? c->sum / (double)c->n
		 : i == 2 ? c->min
			  : c->max;
}

static void
put_side(struct buffer *b, const struct hist_counts *c, size_t i)
{
	const char *name;
	char number[16];
	double value;

	if (i >= FIGURES)
		return;
	figure(c, i, &name, &value);
	watch_number(value, number);
	buffer_printf(b, "  %-5s %8s", name, number);
}

struct row {
	uint32_t from, to;
	uint64_t n;
};

static void
put_row(struct buffer *b, const struct hist_counts *c, const struct row *r,
    uint64_t most, size_t bar)
{
	size_t filled = (size_t)((double)r->n / (double)most * (double)bar);
	double first = hist_first(c, r->from), last = hist_last(c, r->to);
	char low[16], high[16], count[16];

	watch_number(first, low);
	watch_number(last, high);
	watch_number((double)r->n, count);
	if (first == last)
		buffer_printf(b, "%8s %12s %6s  ", low, "", count);
	else
		buffer_printf(b, "%8s .. %-8s  %6s  ", low, high, count);
	/* what there is can be seen */
	if (filled == 0 && r->n != 0)
		filled = 1;
	for (size_t i = 0; i < bar; i++)
		buffer_byte(b, i < filled ? '#' : ' ');
}

static void
trim(struct buffer *b)
{
	while (b->n > 0 && b->data[b->n - 1] == ' ')
		b->n--;
	buffer_byte(b, '\n');
}

/* The rows that there are, one by one; 0: there is none any more. */
static int
next_row(const struct hist_counts *c, uint32_t *at, uint32_t to, uint32_t per,
    struct row *r)
{
	while (*at <= to) {
		r->from = *at;
		r->to = row_end(*at, per);
		if (r->to > to)
			r->to = to;
		*at = r->to + 1;
		if (is_hollow(c, r->from, r->to))
			continue;
		r->n = count_values(c, r->from, r->to);
		return 1;
	}
	return 0;
}

void
hist_print(
    struct buffer *b, const struct hist_counts *c, size_t rows, size_t columns)
{
	size_t fixed = 8 + 4 + 8 + 2 + 6 + 2, side = SIDE_WIDTH, bar, line = 0;
	uint32_t from = HIST_BUCKETS, to = 0, per = 1, at;
	uint64_t most = 0;
	struct row r;

	if (rows == WATCH_ANY)
		rows = ROWS_MAX;
	if (c->n == 0 || rows == 0)
		return;
	bar = columns > fixed + side + BAR_LEAST ? columns - fixed - side
						 : BAR_LEAST;
	hist_range(c, &from, &to);
	while (count_rows(c, from, to, per) > rows && per < HIST_BUCKETS)
		per *= 2;
	for (at = from; next_row(c, &at, to, per, &r);)
		if (r.n > most)
			most = r.n;
	for (at = from; next_row(c, &at, to, per, &r) && line < rows; line++) {
		put_row(b, c, &r, most, bar);
		put_side(b, c, line);
		trim(b);
	}
	for (; line < FIGURES && line < rows; line++) {
		buffer_printf(b, "%*s", (int)(fixed + bar), "");
		put_side(b, c, line);
		buffer_byte(b, '\n');
	}
}

void
hist_print_titles(struct buffer *b)
{
	static const char *const names[FIGURES] = { "count", "mean", "min",
		"p50", "p90", "p99", "p99.9", "max" };

	for (size_t i = 0; i < FIGURES; i++)
		buffer_printf(b, "%7s", names[i]);
}

void
hist_print_figures(struct buffer *b, const struct hist_counts *c)
{
	const char *name;
	char number[16];
	double value;

	for (size_t i = 0; i < FIGURES; i++) {
		if (c->n == 0) {
			buffer_printf(b, "%7s", i == 0 ? "0" : ".");
			continue;
		}
		figure(c, i, &name, &value);
		watch_number(value, number);
		buffer_printf(b, "%7s", number);
	}
}

void
hist_print_shape(struct buffer *b, const struct hist_counts *c, uint32_t from,
    uint32_t to, size_t columns)
{
	static const char steps[] = " .:-=+*#%@";
	uint64_t counts[HIST_BUCKETS] = { 0 }, most = 1;
	size_t step;

	for (uint32_t i = from; i <= to; i++) {
		uint64_t *n = &counts[(i - from) * columns / (to - from + 1)];

		*n += c->buckets[i];
		if (*n > most)
			most = *n;
	}
	for (size_t i = 0; i < columns; i++) {
		step = (size_t)((double)counts[i] / (double)most *
				(sizeof(steps) - 2));
		if (step == 0 && counts[i] != 0)
			step = 1;
		buffer_byte(b, steps[step]);
	}
}

void
hist_print_json(struct buffer *b, const struct hist_counts *c, double seconds)
{
	const char *name, *between = "";
	double value;

	buffer_printf(b, "\"count\":%" PRIu64, c->n);
	watch_json_number(b, "rate", (double)c->n / seconds);
	for (size_t i = 1; i < FIGURES; i++) {
		if (c->n == 0)
			value = (double)NAN;
		figure(c, i, &name, &value);
		watch_json_number(b, name, c->n == 0 ? (double)NAN : value);
	}
	buffer_text(b, ",\"buckets\":[");
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		if (c->buckets[i] == 0)
			continue;
		buffer_printf(b, "%s[%.10g,%.10g,%" PRIu64 "]", between,
		    hist_first(c, i), hist_last(c, i), c->buckets[i]);
		between = ",";
	}
	buffer_byte(b, ']');
}
