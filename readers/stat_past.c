/*
 * stat_past.c -- averages and samples of a counter: see stat_past.h.
 *
 * Without libm: to load it would take as long as a quarter of shmstat -1, which
 * has no use for it.
 */
#include "readers/stat_past.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "readers/attach.h"

const unsigned stat_spans[STAT_SPANS] = { 10, 100, 1000 };

/* exp(-0.001 / span): what is left after a millisecond. */
static const double keep_ms[STAT_SPANS] = {
	0.99990000499983334,
	0.99999000004999983,
	0.99999900000050000,
};

static double
power(double base, uint64_t n)
{
	double p = 1;

	while (n > 0) {
		if (n & 1)
			p *= base;
		base *= base;
		n >>= 1;
	}
	return p;
}

void
stat_decay(struct stat_decay *d, uint64_t ns)
{
	/* of a millisecond; it is a line there, to 1e-9 */
	double rest = (double)(ns % MSEC) / (double)MSEC;

	for (unsigned i = 0; i < STAT_SPANS; i++)
		d->keep[i] = power(keep_ms[i], ns / MSEC) *
			     (1 - (1 - keep_ms[i]) * rest);
}

static struct stat_past *
past_new(void)
{
	struct stat_past *p = calloc(1, sizeof(*p));

	if (p == NULL)
		err(1, "memory");
	return p;
}

static void
add_sample(struct stat_past *p, double sample)
{
	if (p->samples == NULL) {
		if (sample == 0)
			return;
		p->samples = calloc(STAT_SAMPLES, sizeof(*p->samples));
		if (p->samples == NULL)
			err(1, "memory");
	}
	p->last = (p->last + 1) % STAT_SAMPLES;
	p->samples[p->last] = (float)sample;
}

/* What it has more than before, a second. */
static double
change_of(const struct stat_counter *k, uint64_t ns)
{
	uint64_t more = k->value - k->before;

	if (stat_is_level(k))
		return (double)(int64_t)more * 1e9 / (double)ns;
	return kind_is_retained(k->kind) ? k->rate : 0;
}

void
stat_past_take(struct stat_counter *k, const struct stat_decay *d, uint64_t ns)
{
	struct stat_past *p = k->past;
	double sample;

	if (p == NULL)
		p = k->past = past_new();
	p->moved |= k->value != 0;
	p->known = ns != 0 && k->known;
	p->change = p->known ? change_of(k, ns) : 0;
	if (!p->known || k->kind == SCHEMA_BITMAP)
		return;
	sample = stat_is_level(k) ? (double)(int64_t)k->value : p->change;
	for (unsigned i = 0; i < STAT_SPANS; i++) {
		double weight = 1 - d->keep[i];

		p->sums[i] = p->sums[i] * d->keep[i] + sample * weight;
		p->weights[i] = p->weights[i] * d->keep[i] + weight;
	}
	add_sample(p, sample);
}

void
stat_past_reset(struct stat_past *p)
{
	memset(p->sums, 0, sizeof(p->sums));
	memset(p->weights, 0, sizeof(p->weights));
}

int
stat_past_average(const struct stat_past *p, unsigned span, double *average)
{
	if (!(p->weights[span] > 0))
		return -1;
	*average = p->sums[span] / p->weights[span];
	return 0;
}

double
stat_past_sample(const struct stat_past *p, uint32_t i)
{
	if (p->samples == NULL || i >= STAT_SAMPLES)
		return 0;
	return (double)p->samples[(p->last + STAT_SAMPLES - i) % STAT_SAMPLES];
}

void
stat_past_free(struct stat_past *p)
{
	if (p == NULL)
		return;
	free(p->samples);
	free(p);
}
