/*
 * top.c -- the most frequent keys: Space-Saving with purges, and decay.
 *
 * SPACE-SAVING (Metwally, Agrawal, El Abbadi: Efficient computation of frequent
 * and top-k elements in data streams, 2005).  Each of m counters has a key, how
 * often it came since it has the counter, and how often it may have come
 * before: as much as the least counter had when it was taken from its key.
 *
 * PURGES.  Finding the least counter for each new key needs a heap, which with
 * millions of keys is most of the work.  Instead, as in Anderson, Bevin, Lang,
 * Liberty, Rhodes, Thaler: A high-performance algorithm for identifying
 * frequent items in data streams, 2017, when all counters are taken the median
 * M of their upper bounds (weight + error) becomes `offset', and every counter
 * that has no more is free.  A new key may have had `offset' before.  Each
 * purge frees half of them, so a record costs a constant time.
 *
 * THE BOUND.  Let c be the sum over all counters of upper bound - offset, which
 * is never negative.  A record adds its weight to c.  A purge that raises
 * offset by d takes d from each of the m / 2 counters that are at least M.  So
 * offset times m / 2 is never more than all weight, N.
 *
 * DECAY is forward (Cormode, Shkapenyuk, Srivastava, Xu: Forward decay, 2009):
 * instead of all counters getting less with time, a record counts
 * e^((now - base) / window), and what is shown is divided by that.  The bounds
 * are linear in weights and hold as they are.  Before numbers become too large
 * all are divided, and base is moved.
 */
#include "readers/top.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_MAX 1e12
#define STEPS 256.0 /* a window is; within a step all count the same */

static void *
room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		err(1, "memory");
	return p;
}

void
top_init(struct top *t, uint32_t counters, size_t cell, uint64_t window)
{
	memset(t, 0, sizeof(*t));
	t->size = counters;
	t->items = room(counters, sizeof(*t->items));
	t->free = room(counters, sizeof(*t->free));
	t->index = room((size_t)counters * 2, sizeof(*t->index));
	t->scratch = room(counters, sizeof(*t->scratch));
	t->cells = room(counters, cell);
	t->cell = cell;
	t->window = (double)window;
	t->step = window == 0 ? UINT64_MAX : (uint64_t)(t->window / STEPS);
	t->unit = 1;
}

void
top_fini(struct top *t)
{
	free(t->items);
	free(t->free);
	free(t->index);
	free(t->scratch);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

static void
rescale(struct top *t)
{
	double by = 1 / t->unit;

	for (uint32_t i = 0; i < t->n + t->nfree; i++) {
		if (t->items[i].weight < 0)
			continue;
		t->items[i].weight *= by;
		t->items[i].error *= by;
	}
	t->offset *= by;
	t->total *= by;
	t->unit = 1;
	t->base = t->now;
}

void
top_turn(struct top *t, uint64_t now)
{
	if (now <= t->now)
		return;
	if (t->now == 0)
		t->base = now;
	t->now = now;
	if (t->window == 0)
		return;
	t->unit = exp((double)(now - t->base) / t->window);
	/* after a very long pause nothing is left, and no more than that */
	if (!(t->unit < 1e300))
		t->unit = 1e300;
	if (t->unit > UNIT_MAX)
		rescale(t);
}

static uint32_t *
slot_of(const struct top *t, uint64_t hash)
{
	uint32_t mask = t->size * 2 - 1, i = (uint32_t)hash & mask;

	while (t->index[i] != 0 && t->items[t->index[i] - 1].hash != hash)
		i = (i + 1) & mask;
	return &t->index[i];
}

/*
 * The n-th smallest (from 0), by Hoare's FIND with the median of three as
 * pivot; puts them into another order.
 */
static double
select_nth(double *v, ptrdiff_t size, ptrdiff_t n)
{
	ptrdiff_t low = 0, high = size - 1;

	while (low < high) {
		double a = v[low], b = v[low + (high - low) / 2], c = v[high];
		double pivot = fmax(fmin(a, b), fmin(fmax(a, b), c));
		ptrdiff_t i = low, j = high;

		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j) {
				a = v[i];
				v[i++] = v[j];
				v[j--] = a;
			}
		}
		/* [low, j] <= pivot, [i, high] >= pivot, between them: = */
		if (j < n)
			low = i;
		if (n < i)
			high = j;
	}
	return v[n];
}

static void
purge(struct top *t)
{
	uint32_t n = t->n;

	for (uint32_t i = 0; i < n; i++)
		t->scratch[i] = t->items[i].weight + t->items[i].error;
	t->offset = select_nth(t->scratch, n, n / 2);
	memset(t->index, 0, (size_t)t->size * 2 * sizeof(*t->index));
	for (uint32_t i = 0; i < n; i++) {
		struct top_item *item = &t->items[i];

		if (item->weight + item->error <= t->offset) {
			item->weight = -1;
			t->free[t->nfree++] = i;
			t->n--;
		} else {
			*slot_of(t, item->hash) = i + 1;
		}
	}
}

char *
top_add(struct top *t, uint64_t hash)
{
	uint32_t *slot = slot_of(t, hash), place;

	t->total += t->unit;
	if (*slot != 0) {
		t->items[*slot - 1].weight += t->unit;
		return NULL;
	}
	if (t->n == t->size) {
		purge(t);
		slot = slot_of(t, hash);
	}
	place = t->nfree != 0 ? t->free[--t->nfree] : t->n;
	t->n++;
	t->items[place] = (struct top_item){ hash, t->unit, t->offset };
	*slot = place + 1;
	return t->cells + place * t->cell;
}

/* a is before b. */
static int
is_better(const struct top_row *a, const struct top_row *b)
{
	if (a->weight != b->weight)
		return a->weight > b->weight;
	return a->cell < b->cell; /* any order that stays */
}

/* rows[0..n) is a heap with the worst one on top: puts `row' where `i' is. */
static void
sift_down(struct top_row *rows, size_t n, size_t i, struct top_row row)
{
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && is_better(&rows[child], &rows[child + 1]))
			child++;
		if (!is_better(&row, &rows[child]))
			break;
		rows[i] = rows[child];
		i = child;
	}
	rows[i] = row;
}

static int
by_weight(const void *a, const void *b)
{
	return is_better(a, b) ? -1 : 1;
}

size_t
top_rank(const struct top *t, struct top_row *rows, size_t want)
{
	size_t n = 0;

	for (uint32_t i = 0; i < t->n + t->nfree && want != 0; i++) {
		const struct top_item *item = &t->items[i];
		struct top_row row = { item->weight / t->unit,
			item->error / t->unit, item->hash,
			t->cells + i * t->cell };

		if (item->weight < 0)
			continue;
		if (n < want) {
			rows[n++] = row;
			for (size_t k = n / 2; n == want && k-- > 0;)
				sift_down(rows, n, k, rows[k]);
		} else if (is_better(&row, &rows[0])) {
			sift_down(rows, n, 0, row);
		}
	}
	qsort(rows, n, sizeof(*rows), by_weight);
	return n;
}

double
top_weight(const struct top *t, uint64_t hash)
{
	const uint32_t *slot = slot_of(t, hash);

	return *slot == 0 ? 0 : t->items[*slot - 1].weight / t->unit;
}

double
top_total(const struct top *t)
{
	return t->total / t->unit;
}

double
top_missed(const struct top *t)
{
	return t->offset / t->unit;
}

double
top_span(const struct top *t, uint64_t began)
{
	double passed = t->now > began ? (double)(t->now - began) : 0;

	if (t->window == 0)
		return passed;
	return t->window * -expm1(-passed / t->window);
}
