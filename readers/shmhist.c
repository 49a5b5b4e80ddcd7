/*
 * shmhist.c -- a histogram of a field's numbers: shmhist(1).
 */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/hist_by.h"
#include "readers/hist_print.h"
#include "readers/watch_print.h"

#define SHAPE_LEAST 8
#define SHAPE_MOST 32
#define VALUE_WIDTH 16

static const struct option_row rows[] = {
	WATCH_FLAGS,
	{ 'b', "fields", "a histogram for each of their values", NULL },
	WATCH_ROWS,
	{ 'f', NULL, NULL, "the field is a word of its own: us" },
	{ 0, NULL, NULL, NULL },
};

struct shmhist {
	struct key field;
	struct key by;
	int has_by;
	struct hist *all;
	struct by *groups; /* with -b */
	/* the window's slots; step 0: there is one only */
	uint64_t step;
	uint64_t turned; /* when the last one began */
	/* records that are in no histogram */
	uint64_t without, negative, no_number;
	struct hist_counts sum; /* of what is being shown */
};

static void
hist_option(void *arg, int letter, const char *value)
{
	struct shmhist *s = arg;

	if (letter != 'b')
		return;
	if (s->has_by)
		usage_errx(
		    "-b %s: there is one only: a,b is for two fields", value);
	s->has_by = 1;
	if (key_init(&s->by, value) != 0)
		usage_errx("-b %s: " KEY_RULE, value);
}

static void
hist_words(void *arg, char *const words[], int n)
{
	struct shmhist *s = arg;

	if (n == 0)
		usage_errx("needs a field, such as us (-h lists the options)");
	if (n > 1)
		usage_errx(
		    "%s: one field at a time: -b is for another one", words[1]);
	if (key_init(&s->field, words[0]) != 0 || s->field.n != 1)
		usage_errx("%s: not the name of a field", words[0]);
}

static void
hist_begin(void *arg, uint64_t window)
{
	struct shmhist *s = arg;

	s->all = hist_new();
	/* that of now is not full yet */
	s->step = window / (HIST_SLOTS - 1);
	if (!s->has_by)
		return;
	s->groups = malloc(sizeof(*s->groups));
	if (s->groups == NULL)
		err(1, "memory");
	by_init(s->groups, window);
}

static void
turn(struct shmhist *s, uint64_t now)
{
	uint64_t steps = (now - s->turned) / s->step;

	if (s->turned == 0 || steps > HIST_SLOTS) {
		/* all that there was is too old */
		steps = s->turned == 0 ? 0 : HIST_SLOTS;
		s->turned = now;
	} else {
		s->turned += steps * s->step;
	}
	for (; steps > 0; steps--) {
		hist_turn(s->all);
		if (s->groups != NULL)
			by_turn(s->groups);
	}
}

static void
hist_clock(struct shmhist *s, uint64_t now)
{
	if (s->step != 0 && now > s->turned && now - s->turned >= s->step)
		turn(s, now);
	if (s->groups != NULL)
		top_clock(&s->groups->top, now);
}

static void
hist_record(void *arg, struct rec *r, uint64_t now)
{
	struct shmhist *s = arg;
	double value;

	hist_clock(s, now);
	if (key_take(&s->field, r) == 0) {
		s->without++;
		return;
	}
	if (value_number(&s->field.parts[0].value, &value) != 0 ||
	    !isfinite(value)) {
		s->no_number++;
		return;
	}
	if (value < 0) {
		s->negative++;
		return;
	}
	hist_add(s->all, value);
	if (s->groups != NULL) {
		(void)key_take(&s->by, r);
		hist_add(by_find(s->groups, &s->by), value);
	}
}

/* How much time is in the histograms, in seconds. */
static double
seconds(const struct shmhist *s, const struct watch *w)
{
	uint64_t passed = w->now - w->began, most;

	if (s->step != 0) {
		most = s->step * (HIST_SLOTS - 1) + (w->now - s->turned);
		if (passed > most)
			passed = most;
	}
	return (double)passed / NSEC;
}

/*
 * TEXT
 */

static void
put_left_out(struct buffer *b, uint64_t n, const char *what)
{
	if (n != 0)
		buffer_printf(b, ", %" PRIu64 " %s", n, what);
}

static void
put_sums(struct shmhist *s, struct buffer *b, double span)
{
	const char *name = s->field.parts[0].name;
	char number[16];

	buffer_safe(b, name, strlen(name));
	watch_number((double)s->sum.n, number);
	buffer_printf(b, ": %s values", number);
	if (span > 0) {
		watch_number((double)s->sum.n / span, number);
		buffer_printf(b, ", %s/s", number);
	}
	put_left_out(b, s->negative, "negative");
	put_left_out(b, s->no_number, "no numbers");
	put_left_out(b, s->without, "records without");
	buffer_byte(b, '\n');
}

/* A key's texts, with blanks between them. */
static void
put_value(struct buffer *b, const struct shmhist *s, const char *cell)
{
	struct key_text t;

	for (size_t i = 0; i < s->by.n; i++) {
		t = key_part_of(cell, i, s->by.n);
		if (i != 0)
			buffer_byte(b, ' ');
		key_put_text(b, &t);
	}
}

/* Where a shape begins: all have the same scale, that of all values. */
struct shape {
	uint32_t from, to;
	size_t columns;
};

static void
put_group(struct shmhist *s, struct buffer *b, const struct hist *h,
    const char *cell, const struct shape *shape)
{
	hist_sum(h, &s->sum);
	hist_print_figures(b, &s->sum);
	buffer_text(b, "  ");
	hist_print_shape(b, &s->sum, shape->from, shape->to, shape->columns);
	buffer_text(b, "  ");
	if (cell != NULL)
		put_value(b, s, cell);
	else
		buffer_text(b, h == s->all ? "(all)" : "(other)");
	buffer_byte(b, '\n');
}

/* The groups by their weight, the first one first; returns how many. */
static size_t
sort_groups(const struct by *g, size_t order[BY_MAX])
{
	double weights[BY_MAX];

	for (size_t i = 0; i < g->n; i++) {
		double weight = top_weight(&g->top, g->hashes[i]);
		size_t at = i;

		for (; at > 0 && weights[at - 1] < weight; at--) {
			weights[at] = weights[at - 1];
			order[at] = order[at - 1];
		}
		weights[at] = weight;
		order[at] = i;
	}
	return g->n;
}

/* What the columns are, and of which fields the values at their end. */
static void
put_titles(const struct shmhist *s, struct buffer *b, const struct shape *shape)
{
	hist_print_titles(b);
	buffer_printf(b, "  %*s ", (int)shape->columns, "");
	for (size_t i = 0; i < s->by.n; i++) {
		const char *name = s->by.parts[i].name;

		buffer_byte(b, ' ');
		buffer_safe(b, name, strlen(name));
	}
	buffer_byte(b, '\n');
}

static void
put_groups(struct shmhist *s, struct buffer *b, size_t lines, size_t columns)
{
	size_t fixed = 8 * 7 + 4 + VALUE_WIDTH, order[BY_MAX], n;
	struct shape shape = { HIST_BUCKETS, 0, SHAPE_LEAST };
	const struct by *g = s->groups;
	size_t left = lines > 1 ? lines - 1 : 0;

	if (s->sum.n == 0)
		return;
	hist_range(&s->sum, &shape.from, &shape.to);
	if (columns > fixed + SHAPE_LEAST)
		shape.columns = columns - fixed;
	if (shape.columns > SHAPE_MOST)
		shape.columns = SHAPE_MOST;
	put_titles(s, b, &shape);
	n = sort_groups(g, order);
	for (size_t i = 0; i < n && left > 0; i++, left--)
		put_group(s, b, g->of[order[i]], g->cells[order[i]], &shape);
	if (g->had_others && left > 0) {
		put_group(s, b, g->other, NULL, &shape);
		left--;
	}
	if (left > 0)
		put_group(s, b, s->all, NULL, &shape);
}

static void
hist_text(void *arg, struct buffer *b, const struct watch *w, size_t lines,
    size_t columns)
{
	struct shmhist *s = arg;

	hist_clock(s, w->now);
	hist_sum(s->all, &s->sum);
	put_sums(s, b, seconds(s, w));
	if (lines != WATCH_ANY)
		lines -= lines != 0;
	if (s->groups != NULL)
		put_groups(s, b, lines, columns);
	else
		hist_print(b, &s->sum, lines, columns);
}

/*
 * JSON
 */

static void
json_groups(struct shmhist *s, struct buffer *b, double span)
{
	const struct by *g = s->groups;
	size_t order[BY_MAX], n = sort_groups(g, order);

	buffer_text(b, ",\"by\":");
	key_put_names(b, &s->by);
	buffer_text(b, ",\"values\":[");
	for (size_t i = 0; i < n; i++) {
		buffer_text(b, i == 0 ? "{\"value\":" : ",{\"value\":");
		key_put_array(b, g->cells[order[i]], s->by.n);
		hist_sum(g->of[order[i]], &s->sum);
		buffer_byte(b, ',');
		hist_print_json(b, &s->sum, span);
		buffer_byte(b, '}');
	}
	buffer_text(b, "],\"other\":{");
	hist_sum(g->other, &s->sum);
	hist_print_json(b, &s->sum, span);
	buffer_byte(b, '}');
}

static void
hist_json(void *arg, struct buffer *b, const struct watch *w)
{
	struct shmhist *s = arg;
	const char *name = s->field.parts[0].name;
	double span;

	hist_clock(s, w->now);
	span = seconds(s, w);
	buffer_text(b, ",\"field\":");
	buffer_json(b, name, strlen(name));
	buffer_printf(b,
	    ",\"without\":%" PRIu64 ",\"negative\":%" PRIu64
	    ",\"no_numbers\":%" PRIu64,
	    s->without, s->negative, s->no_number);
	buffer_text(b, ",\"all\":{");
	hist_sum(s->all, &s->sum);
	hist_print_json(b, &s->sum, span);
	buffer_byte(b, '}');
	if (s->groups != NULL)
		json_groups(s, b, span);
}

static void
hist_end_all(void *arg)
{
	struct shmhist *s = arg;

	key_fini(&s->field);
	key_fini(&s->by);
	free(s->all);
	if (s->groups != NULL)
		by_fini(s->groups);
	free(s->groups);
}

static const struct watch_program program = {
	.rows = rows,
	.help = "and then a field: us; or 1 for the first word of the text",
	.option = hist_option,
	.words = hist_words,
	.begin = hist_begin,
	.record = hist_record,
	.text = hist_text,
	.json = hist_json,
	.end = hist_end_all,
};

int
main(int argc, char *argv[])
{
	static struct shmhist s;
	static struct watch w = { .program = &program, .arg = &s };

	return watch_main(&w, argc, argv);
}
