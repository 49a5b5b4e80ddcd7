/*
 * shmtop.c -- rank what is logged, by any fields: shmtop(1).
 */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/top.h"
#include "readers/utf8.h"
#include "readers/watch_print.h"

#define WANT_DEFAULT 20
#define WANT_MAX 10000
#define PART_WIDTH_MAX 40  /* of a column that is not the last */
#define WEIGHT_LEAST 0.005 /* what has decayed to less is not shown */

enum { OPT_TOP = WATCH_OPTIONS };

static const struct option_row rows[] = {
	WATCH_FLAGS,
	WATCH_ROWS,
	{ OPT_TOP, "number", "show no more than so many (20; a screen: all)",
	    "top" },
	{ 'f', NULL, NULL, "the fields are words of their own: method,status" },
	{ 0, NULL, NULL, NULL },
};

struct shmtop {
	struct key key;
	struct top top;
	uint64_t seed;
	uint64_t want;    /* --top; 0: by itself */
	uint64_t without; /* records that have none of the fields */
	struct top_row *rows;
	struct buffer scratch;
};

static void
top_option(void *arg, int letter, const char *value)
{
	struct shmtop *s = arg;

	if (letter == OPT_TOP &&
	    parse_number(value, 1, WANT_MAX, &s->want) != 0)
		usage_errx("--top %s: not a whole number from 1 to %d", value,
		    WANT_MAX);
}

/* Several words are one list. */
static void
top_words(void *arg, char *const words[], int n)
{
	struct shmtop *s = arg;
	struct buffer *b = &s->scratch;

	buffer_init(b, -1);
	for (int i = 0; i < n; i++) {
		buffer_text(b, i == 0 ? "" : ",");
		buffer_text(b, words[i]);
	}
	if (n == 0)
		buffer_text(b, "tag");
	buffer_byte(b, '\0');
	if (key_init(&s->key, b->data) != 0)
		usage_errx("%s: " KEY_RULE, b->data);
}

static void
top_begin(void *arg, uint64_t window)
{
	struct shmtop *s = arg;

	arc4random_buf(&s->seed, sizeof(s->seed));
	top_init(&s->top, TOP_COUNTERS, KEY_CELL, window);
	s->rows = calloc(WANT_MAX, sizeof(*s->rows));
	if (s->rows == NULL)
		err(1, "memory");
}

static void
top_record(void *arg, struct rec *r, uint64_t now)
{
	struct shmtop *s = arg;
	char *cell;

	top_clock(&s->top, now);
	if (key_take(&s->key, r) == 0) {
		s->without++;
		return;
	}
	cell = top_add(&s->top, key_hash(&s->key, s->seed));
	if (cell != NULL)
		key_pack(&s->key, cell);
}

/* The best `want', as of now; returns how many there are. */
static size_t
rank(struct shmtop *s, const struct watch *w, size_t want)
{
	size_t n;

	top_turn(&s->top, w->now);
	n = top_rank(&s->top, s->rows, want < WANT_MAX ? want : WANT_MAX);
	while (n > 0 && s->rows[n - 1].weight < WEIGHT_LEAST)
		n--;
	return n;
}

/* What weights are to be divided by to be rates per second; 0: no time has
 * passed. */
static double
seconds(const struct shmtop *s, const struct watch *w)
{
	return top_span(&s->top, w->began) / NSEC;
}

/*
 * TEXT
 */

static size_t
width_of(struct buffer *scratch, const struct key_text *t)
{
	scratch->n = 0;
	key_put_text(scratch, t);
	return utf8_columns(scratch->data, scratch->n);
}

static void
part_widths(struct shmtop *s, size_t n, size_t widths[KEY_PARTS_MAX])
{
	struct key_text t;
	size_t width;

	for (size_t p = 0; p < s->key.n; p++) {
		widths[p] = strlen(s->key.parts[p].name);
		for (size_t i = 0; i < n; i++) {
			t = key_part_of(s->rows[i].cell, p, s->key.n);
			width = width_of(&s->scratch, &t);
			if (width > PART_WIDTH_MAX)
				width = PART_WIDTH_MAX;
			if (width > widths[p])
				widths[p] = width;
		}
	}
}

static void
put_part(
    struct shmtop *s, struct buffer *b, const struct key_text *t, size_t width)
{
	size_t has = width_of(&s->scratch, t);

	buffer_put(b, s->scratch.data, s->scratch.n);
	for (; has < width; has++)
		buffer_byte(b, ' ');
}

static void
put_row(struct shmtop *s, struct buffer *b, const struct top_row *row,
    double per, const size_t widths[KEY_PARTS_MAX])
{
	double total = top_total(&s->top);
	char weight[16], error[16];
	struct key_text t;

	watch_number(row->weight / per, weight);
	watch_number(row->error / per, error);
	buffer_printf(b, "%9s %6.2f%% %9s", weight,
	    total > 0 ? row->weight / total * 100 : 0, error);
	for (size_t p = 0; p < s->key.n; p++) {
		t = key_part_of(row->cell, p, s->key.n);
		buffer_text(b, "  ");
		put_part(s, b, &t, p + 1 < s->key.n ? widths[p] : 0);
	}
	buffer_byte(b, '\n');
}

static void
put_titles(struct shmtop *s, struct buffer *b, const char *what,
    const size_t widths[KEY_PARTS_MAX])
{
	struct key_text t = { .has = 1 };

	buffer_printf(b, "%9s %7s %9s", what, "share", "error");
	for (size_t p = 0; p < s->key.n; p++) {
		t.text = (struct bytes){ s->key.parts[p].name,
			strlen(s->key.parts[p].name) };
		buffer_text(b, "  ");
		put_part(s, b, &t, p + 1 < s->key.n ? widths[p] : 0);
	}
	buffer_byte(b, '\n');
}

static void
put_sums(struct shmtop *s, struct buffer *b, double span)
{
	int all = top_missed(&s->top) == 0; /* of the values are there */
	char number[16];

	watch_number(top_total(&s->top), number);
	buffer_printf(b, "%s records", number);
	if (span > 0) {
		watch_number(top_total(&s->top) / span, number);
		buffer_printf(b, ", %s/s", number);
	}
	watch_number(all ? s->top.n : TOP_COUNTERS, number);
	buffer_printf(b, ", %s%s values", all ? "" : "more than ", number);
	if (s->without != 0)
		buffer_printf(b, ", %" PRIu64 " records without", s->without);
	buffer_byte(b, '\n');
}

static void
top_text(void *arg, struct buffer *b, const struct watch *w, size_t lines,
    size_t columns)
{
	struct shmtop *s = arg;
	size_t widths[KEY_PARTS_MAX] = { 0 };
	double span = seconds(s, w);
	size_t n, want = lines > 2 ? lines - 2 : 0;

	(void)columns;
	if (lines == WATCH_ANY)
		want = WANT_DEFAULT;
	if (s->want != 0 && (lines == WATCH_ANY || s->want < want))
		want = s->want;
	n = rank(s, w, want);
	put_sums(s, b, span);
	part_widths(s, n, widths);
	/* all of a past is a count, what passes is a rate */
	put_titles(s, b, w->windowed ? "rate" : "count", widths);
	for (size_t i = 0; i < n; i++)
		put_row(s, b, &s->rows[i], w->windowed && span > 0 ? span : 1,
		    widths);
}

/*
 * JSON
 */

static void
top_json(void *arg, struct buffer *b, const struct watch *w)
{
	struct shmtop *s = arg;
	double span = seconds(s, w), total;
	size_t n = rank(s, w, s->want != 0 ? s->want : WANT_DEFAULT);

	total = top_total(&s->top);
	buffer_text(b, ",\"fields\":");
	key_put_names(b, &s->key);
	watch_json_number(b, "records", total);
	watch_json_number(b, "rate", total / span);
	buffer_printf(b, ",\"without\":%" PRIu64, s->without);
	watch_json_number(
	    b, "values", top_missed(&s->top) == 0 ? s->top.n : (double)NAN);
	watch_json_number(b, "missed", top_missed(&s->top));
	buffer_text(b, ",\"top\":[");
	for (size_t i = 0; i < n; i++) {
		const struct top_row *row = &s->rows[i];

		buffer_text(b, i == 0 ? "{\"value\":" : ",{\"value\":");
		key_put_array(b, row->cell, s->key.n);
		for (size_t p = 0; p < s->key.n; p++)
			if (key_part_of(row->cell, p, s->key.n).cut) {
				buffer_text(b, ",\"cut\":true");
				break;
			}
		watch_json_number(b, "count", row->weight);
		watch_json_number(b, "error", row->error);
		watch_json_number(b, "rate", row->weight / span);
		watch_json_number(b, "share", row->weight / total);
		buffer_byte(b, '}');
	}
	buffer_byte(b, ']');
}

static void
top_end(void *arg)
{
	struct shmtop *s = arg;

	key_fini(&s->key);
	top_fini(&s->top);
	free(s->rows);
	buffer_free(&s->scratch);
}

static const struct watch_program program = {
	.rows = rows,
	.help = "and then fields: method,status; or tag (it is so by itself), "
		"level, pid, id,\nstream, text, or 1 for the first word",
	.option = top_option,
	.words = top_words,
	.begin = top_begin,
	.record = top_record,
	.text = top_text,
	.json = top_json,
	.end = top_end,
};

int
main(int argc, char *argv[])
{
	static struct shmtop s;
	static struct watch w = { .program = &program, .arg = &s };

	return watch_main(&w, argc, argv);
}
