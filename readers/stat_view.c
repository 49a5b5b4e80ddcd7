/*
 * stat_view.c -- which counters are shown, in what order: see stat_view.h.
 *
 * A refresh goes through all counters, so what depends on a name alone is kept
 * with the counter (stat_past.filter), and what they are sorted by stands in
 * the rows: a radix sort of these touches no counter.  It is stable, and the
 * rows are in the order of names before it.
 */
#include "readers/stat_view.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 256
#define DIGITS 256 /* of a radix sort by bytes */

void
stat_view_init(struct stat_view *v)
{
	memset(v, 0, sizeof(*v));
	v->levels = STAT_LEVELS;
	v->filter_number = 1;
}

void
stat_view_fini(struct stat_view *v)
{
	free(v->all);
	free(v->rows);
	free(v->spare);
	free(v->selected);
	globs_free(&v->filter);
}

static void *
grow(void *old, size_t n, size_t size)
{
	void *p = reallocarray(old, n, size);

	if (p == NULL)
		err(1, "memory");
	return p;
}

static void
make_room(struct stat_view *v)
{
	v->room = v->room == 0 ? ROOM_MIN : v->room * 2;
	v->all = grow(v->all, v->room, sizeof(v->all[0]));
	v->rows = grow(v->rows, v->room, sizeof(v->rows[0]));
	v->spare = grow(v->spare, v->room, sizeof(v->spare[0]));
}

void
stat_view_pass(struct stat_view *v, struct stat_collect *c)
{
	struct stat_decay decay;
	struct stat_counter *k;

	v->ns = v->mono != 0 && c->mono > v->mono ? c->mono - v->mono : 0;
	v->mono = c->mono;
	v->nall = 0;
	stat_decay(&decay, v->ns);
	for (k = stat_first(c); k != NULL; k = stat_next(c, k)) {
		if (v->nall == v->room)
			make_room(v);
		stat_past_take(k, &decay, v->ns);
		v->all[v->nall++] = k;
	}
}

void
stat_view_forget(struct stat_view *v)
{
	v->nall = v->n = 0;
	v->mono = 0;
}

/*
 * CHOICE
 */

static int
matches(const struct globs *filter, const struct stat_counter *k)
{
	size_t length = strlen(k->name), labels = strlen(k->owner->labels);
	char *plain;
	int is;

	if (globs_match(filter, k->name) != -1)
		return 1;
	if (labels == 0)
		return 0;
	plain = strndup(k->name, length - labels);
	if (plain == NULL)
		err(1, "memory");
	is = globs_match(filter, plain) != -1;
	free(plain);
	return is;
}

static int
is_shown(const struct stat_view *v, const struct stat_counter *k)
{
	struct stat_past *p = k->past;

	if (k->level >= v->levels && v->levels < STAT_LEVELS)
		return 0;
	if (v->hide_still && !p->moved)
		return 0;
	if (v->filter.n == 0)
		return 1;
	if (p->filter != v->filter_number) {
		p->filter = v->filter_number;
		p->hidden = !matches(&v->filter, k);
	}
	return !p->hidden;
}

const char *
stat_view_filter(struct stat_view *v, const char *text)
{
	size_t n = strlen(text);
	const char *fault = NULL;
	struct globs fresh = { 0 };
	char *glob;

	if (n > 0) {
		glob = malloc(n + 3);
		if (glob == NULL)
			err(1, "memory");
		if (strpbrk(text, "*?[") != NULL)
			(void)strlcpy(glob, text, n + 3);
		else
			(void)snprintf(glob, n + 3, "*%s*", text);
		fault = globs_add_one(&fresh, glob);
		free(glob);
	}
	if (fault != NULL) {
		globs_free(&fresh);
		return fault;
	}
	globs_free(&v->filter);
	v->filter = fresh;
	v->filter_number++;
	return NULL;
}

/*
 * ORDER
 */

/* A number as one that is compared without its sign. */
static uint64_t
key_signed(int64_t i)
{
	return (uint64_t)i ^ (UINT64_C(1) << 63);
}

/* Of one that is not negative: its bits are in its order. */
static uint64_t
key_positive(double d)
{
	uint64_t bits;

	d = d < 0 ? -d : d;
	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static uint64_t
key_of(const struct stat_view *v, const struct stat_counter *k)
{
	switch (v->sort) {
	case SORT_NAME:
		return 0;
	case SORT_VALUE:
		if (stat_is_level(k))
			return key_signed((int64_t)k->value);
		/* what is above 2^63 is at the end with what is nearly */
		return key_signed(
		    k->value > INT64_MAX ? INT64_MAX : (int64_t)k->value);
	case SORT_RATE:
		return key_positive(k->past->change);
	}
	return 0;
}

/* By one byte of the keys, the largest first; from rows to spare. */
static void
sort_byte(struct stat_view *v, const size_t counts[DIGITS], unsigned shift)
{
	size_t places[DIGITS], at = 0;
	struct stat_row *sorted = v->spare;

	for (unsigned d = DIGITS; d-- > 0; at += counts[d])
		places[d] = at;
	for (size_t i = 0; i < v->n; i++)
		sorted[places[v->rows[i].key >> shift & (DIGITS - 1)]++] =
		    v->rows[i];
	v->spare = v->rows;
	v->rows = sorted;
}

static void
sort_rows(struct stat_view *v)
{
	size_t counts[DIGITS];

	for (unsigned shift = 0; shift < 64; shift += 8) {
		memset(counts, 0, sizeof(counts));
		for (size_t i = 0; i < v->n; i++)
			counts[v->rows[i].key >> shift & (DIGITS - 1)]++;
		/* all have the same: nothing moves */
		if (counts[v->rows[0].key >> shift & (DIGITS - 1)] != v->n)
			sort_byte(v, counts, shift);
	}
}

static int
by_name(const void *name, const void *counter)
{
	return strcmp(name, (*(struct stat_counter *const *)counter)->name);
}

/* Where the selected counter stands now; if it does not, where it stood. */
static void
find_selected(struct stat_view *v)
{
	struct stat_counter **k = NULL;

	if (v->selected == NULL)
		v->at = 0;
	else if (v->nall > 0)
		k = bsearch(
		    v->selected, v->all, v->nall, sizeof(v->all[0]), by_name);
	for (size_t i = 0; k != NULL && i < v->n; i++)
		if (v->rows[i].counter == *k) {
			v->at = i;
			return;
		}
	if (v->at >= v->n)
		v->at = v->n > 0 ? v->n - 1 : 0;
}

void
stat_view_arrange(struct stat_view *v)
{
	v->n = 0;
	for (size_t i = 0; i < v->nall; i++) {
		struct stat_counter *k = v->all[i];

		if (is_shown(v, k))
			v->rows[v->n++] = (struct stat_row){ key_of(v, k), k };
	}
	if (v->sort != SORT_NAME && v->n > 0)
		sort_rows(v);
	find_selected(v);
	stat_view_fit(v, v->lines);
}

void
stat_view_reset(struct stat_view *v)
{
	for (size_t i = 0; i < v->nall; i++)
		stat_past_reset(v->all[i]->past);
}

/*
 * THE SELECTION
 */

struct stat_counter *
stat_view_counter(const struct stat_view *v)
{
	return v->at < v->n ? v->rows[v->at].counter : NULL;
}

void
stat_view_go(struct stat_view *v, size_t row)
{
	if (v->n == 0)
		return;
	v->at = row < v->n ? row : v->n - 1;
	free(v->selected);
	v->selected = strdup(v->rows[v->at].counter->name);
	if (v->selected == NULL)
		err(1, "memory");
	stat_view_fit(v, v->lines);
}

void
stat_view_move(struct stat_view *v, long rows)
{
	if (rows < 0 && (size_t)-rows > v->at)
		rows = -(long)v->at;
	stat_view_go(v, v->at + (size_t)rows);
}

void
stat_view_home(struct stat_view *v)
{
	free(v->selected);
	v->selected = NULL;
	v->at = 0;
	stat_view_fit(v, v->lines);
}

void
stat_view_fit(struct stat_view *v, size_t lines)
{
	v->lines = lines;
	if (v->at < v->top || lines == 0)
		v->top = v->at;
	else if (v->at - v->top >= lines)
		v->top = v->at - lines + 1;
	/* nothing is left empty that could be filled */
	if (v->n <= lines)
		v->top = 0;
	else if (v->top > v->n - lines)
		v->top = v->n - lines;
}

int
stat_view_search(
    struct stat_view *v, const char *text, size_t from, int backwards)
{
	for (size_t i = 0; i < v->n; i++) {
		size_t row = (from + (backwards ? v->n - i : i)) % v->n;

		if (strcasestr(v->rows[row].counter->name, text) != NULL) {
			stat_view_go(v, row);
			return 0;
		}
	}
	return -1;
}
