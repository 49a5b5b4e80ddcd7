/*
 * hist.c -- buckets, slots and quantiles.
 */
#include "readers/hist.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>

double
hist_low(uint32_t bucket)
{
	uint32_t i = bucket - 1;

	if (bucket == 0)
		return 0;
	return ldexp(1 + (i % 16) / 16.0, (int)(i / 16) + HIST_LEAST);
}

double
hist_end(uint32_t bucket)
{
	return bucket + 1 < HIST_BUCKETS ? hist_low(bucket + 1)
					 : (double)INFINITY;
}

double
hist_first(const struct hist_counts *c, uint32_t bucket)
{
	double low = hist_low(bucket);

	if (c->fractions == 0)
		low = ceil(low);
	return low > c->min ? low : c->min;
}

double
hist_last(const struct hist_counts *c, uint32_t bucket)
{
	double end = hist_end(bucket);

	if (c->fractions == 0)
		end = ceil(end) - 1;
	return end < c->max ? end : c->max;
}

struct hist *
hist_new(void)
{
	struct hist *h = calloc(1, sizeof(*h));

	if (h == NULL)
		err(1, "memory");
	return h;
}

void
hist_add(struct hist *h, double value)
{
	struct hist_counts *c = &h->slots[h->at];

	if (value == 0)
		value = 0; /* -0 has a sign, which is no part of a bucket's */
	if (c->n++ == 0)
		c->min = c->max = value;
	if (value < c->min)
		c->min = value;
	if (value > c->max)
		c->max = value;
	c->fractions += value < 0x1p53 && value != (double)(int64_t)value;
	c->sum += value;
	c->buckets[hist_bucket(value)]++;
}

void
hist_turn(struct hist *h)
{
	h->at = (h->at + 1) % HIST_SLOTS;
	if (h->slots[h->at].n != 0)
		memset(&h->slots[h->at], 0, sizeof(h->slots[h->at]));
}

static void
add_counts(struct hist_counts *to, const struct hist_counts *from)
{
	if (from->n == 0)
		return;
	if (to->n == 0 || from->min < to->min)
		to->min = from->min;
	if (to->n == 0 || from->max > to->max)
		to->max = from->max;
	to->n += from->n;
	to->fractions += from->fractions;
	to->sum += from->sum;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
}

void
hist_merge(struct hist *to, const struct hist *from)
{
	for (unsigned i = 0; i < HIST_SLOTS; i++)
		add_counts(&to->slots[i], &from->slots[i]);
}

void
hist_clear(struct hist *h)
{
	for (unsigned i = 0; i < HIST_SLOTS; i++)
		if (h->slots[i].n != 0)
			memset(&h->slots[i], 0, sizeof(h->slots[i]));
}

void
hist_sum(const struct hist *h, struct hist_counts *to)
{
	memset(to, 0, sizeof(*to));
	for (unsigned i = 0; i < HIST_SLOTS; i++)
		add_counts(to, &h->slots[i]);
}

double
hist_quantile(const struct hist_counts *c, uint32_t thousandths)
{
	/* of the values in order, from 1: n * thousandths / 1000, up */
	uint64_t rank = c->n / 1000 * thousandths +
			(c->n % 1000 * thousandths + 999) / 1000;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		seen += c->buckets[i];
		if (seen >= rank)
			return hist_last(c, i);
	}
	return c->max;
}
