/*
 * stat_csv.c -- a pass as a line of comma-separated values (RFC 4180).
 *
 * COLUMNS.  A header comes first: `time', and the names of the counters there
 * are; a histogram has seven columns.  A counter keeps its place: while it is
 * gone its fields are empty.  One that is new gets a place behind all others,
 * and a header is written again, which begins as the one before did; so each
 * line has the columns of the last header, and the first ones of any later one.
 *
 * With -a workers come and go for ever.  When the places of those that are gone
 * are many more than those that are used, all are given anew, with a header.
 */
#include <sys/tree.h>

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "readers/stat_format.h"

#define GONE_MAX 1000 /* more than there are counters */

/* The columns of a counter. */
struct csv_place {
	RB_ENTRY(csv_place) entry;
	char *name;
	int histogram;
	char *header;                 /* a cell, or seven */
	const struct stat_counter *k; /* in this pass, or NULL */
};

RB_HEAD(csv_tree, csv_place);

struct csv {
	struct csv_tree tree;
	struct csv_place **places; /* from left to right */
	size_t n;
	size_t room;
	struct buffer name, cells; /* while a place is made */
};

static int
csv_cmp(const struct csv_place *a, const struct csv_place *b)
{
	if (a->histogram != b->histogram)
		return a->histogram - b->histogram;
	return strcmp(a->name, b->name);
}

RB_PROTOTYPE(csv_tree, csv_place, entry, csv_cmp)
RB_GENERATE(csv_tree, csv_place, entry, csv_cmp)

static void
csv_forget(struct csv *csv)
{
	for (size_t i = 0; i < csv->n; i++) {
		free(csv->places[i]->name);
		free(csv->places[i]->header);
		free(csv->places[i]);
	}
	csv->n = 0;
	RB_INIT(&csv->tree);
}

static void
csv_end(void *state)
{
	struct csv *csv = state;

	csv_forget(csv);
	buffer_free(&csv->name);
	buffer_free(&csv->cells);
	free(csv->places);
	free(csv);
}

/* A comma and a name, in quotes if it must be. */
static void
csv_cell(struct csv *csv, const struct stat_counter *k, const char *figure)
{
	struct buffer *name = &csv->name, *b = &csv->cells;
	int quotes;

	name->n = 0;
	stat_put_name(name, k, figure);
	quotes = memchr(name->data, ',', name->n) != NULL ||
		 memchr(name->data, '"', name->n) != NULL;
	buffer_text(b, quotes ? ",\"" : ",");
	for (size_t i = 0; i < name->n; i++) {
		if (name->data[i] == '"')
			buffer_byte(b, '"');
		buffer_byte(b, name->data[i]);
	}
	if (quotes)
		buffer_byte(b, '"');
}

/* With a zero behind. */
static char *
csv_header(struct csv *csv, const struct stat_counter *k)
{
	char figure[16], *copy;

	csv->cells.n = 0;
	csv_cell(csv, k, k->kind == SCHEMA_HISTOGRAM ? ".count" : "");
	if (k->kind == SCHEMA_HISTOGRAM) {
		csv_cell(csv, k, ".sum");
		for (size_t i = 0; i < STAT_QUANTILES; i++) {
			(void)snprintf(figure, sizeof(figure), ".%s",
			    stat_quantiles[i].name);
			csv_cell(csv, k, figure);
		}
	}
	buffer_byte(&csv->cells, '\0');
	copy = strdup(csv->cells.data);
	if (copy == NULL)
		err(1, "memory");
	return copy;
}

static struct csv *
csv_new(void)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (csv == NULL)
		err(1, "memory");
	RB_INIT(&csv->tree);
	buffer_init(&csv->name, -1);
	buffer_init(&csv->cells, -1);
	return csv;
}

static struct csv_place *
csv_place_new(struct csv *csv, const struct stat_counter *k)
{
	struct csv_place *place = calloc(1, sizeof(*place));

	if (csv->n == csv->room) {
		csv->room += csv->room / 2 + 64;
		csv->places = reallocarray(
		    csv->places, csv->room, sizeof(struct csv_place *));
	}
	if (place == NULL || csv->places == NULL ||
	    (place->name = strdup(k->name)) == NULL)
		err(1, "memory");
	place->histogram = k->kind == SCHEMA_HISTOGRAM;
	place->header = csv_header(csv, k);
	RB_INSERT(csv_tree, &csv->tree, place);
	csv->places[csv->n++] = place;
	return place;
}

/* Gives each counter of the pass its place; returns how many counters there
 * are. */
static size_t
csv_seat(struct csv *csv, struct stat_collect *c)
{
	struct csv_place find, *place;
	struct stat_counter *k;
	size_t n = 0;

	for (size_t i = 0; i < csv->n; i++)
		csv->places[i]->k = NULL;
	for (k = stat_first(c); k != NULL; k = stat_next(c, k), n++) {
		find.name = k->name;
		find.histogram = k->kind == SCHEMA_HISTOGRAM;
		place = RB_FIND(csv_tree, &csv->tree, &find);
		if (place == NULL)
			place = csv_place_new(csv, k);
		place->k = k;
	}
	return n;
}

static void
csv_value(struct buffer *b, const struct csv_place *place)
{
	const struct stat_counter *k = place->k;

	buffer_byte(b, ',');
	if (k != NULL)
		stat_put_value(b, k);
	if (!place->histogram)
		return;
	buffer_byte(b, ',');
	if (k != NULL)
		buffer_number(b, k->words[0]);
	for (size_t i = 0; i < STAT_QUANTILES; i++) {
		buffer_byte(b, ',');
		if (k != NULL && k->value > 0)
			buffer_number(
			    b, stat_histogram_quantile(k, &stat_quantiles[i]));
	}
}

static void
csv_pass(struct buffer *b, struct stat_head *h, struct stat_collect *c)
{
	struct csv *csv = h->state;
	size_t before, n;

	if (csv == NULL)
		h->state = csv = csv_new();
	before = csv->n;
	n = csv_seat(csv, c);
	if (csv->n - n > n + GONE_MAX) {
		csv_forget(csv);
		before = 0;
		(void)csv_seat(csv, c);
	}
	if (h->first || csv->n != before) {
		buffer_text(b, "time");
		for (size_t i = 0; i < csv->n; i++)
			buffer_text(b, csv->places[i]->header);
		buffer_byte(b, '\n');
	}
	buffer_time(b, h->real);
	for (size_t i = 0; i < csv->n; i++)
		csv_value(b, csv->places[i]);
	buffer_byte(b, '\n');
}

const struct stat_format stat_csv = {
	.name = "csv",
	.pass = csv_pass,
	.end = csv_end,
};
