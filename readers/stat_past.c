/*
 * stat_past.c -- averages and samples of a counter: see stat_past.h.
 */
#include "readers/stat_past.h"

#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const unsigned stat_spans[STAT_SPANS] = { 10, 100, 1000 };

void
stat_decay(struct stat_decay *d, uint64_t ns)
{
	for (unsigned i = 0; i < STAT_SPANS; i++)
		d->keep[i] = exp(-(double)ns / NSEC / stat_spans[i]);
}

static struct stat_past *
past_new(uint64_t mono)
{
	struct stat_past *p = calloc(1, sizeof(*p));

	if (p == NULL)
		err(1, "memory");
	p->since = mono;
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
stat_past_take(struct stat_counter *k, const struct stat_decay *d, uint64_t ns,
    uint64_t mono)
{
	struct stat_past *p = k->past;
	double sample;

	if (p == NULL)
		p = k->past = past_new(mono);
	p->moved |= k->value != 0;
	p->known = ns != 0 && k->known;
	p->change = p->known ? change_of(k, ns) : 0;
	if (!p->known || k->kind == SCHEMA_BITMAP)
		return;
	sample = stat_is_level(k) ? (double)(int64_t)k->value : p->change;
	for (unsigned i = 0; i < STAT_SPANS; i++)
		p->sums[i] =
		    p->sums[i] * d->keep[i] + sample * (1 - d->keep[i]);
	add_sample(p, sample);
}

void
stat_past_reset(struct stat_past *p, uint64_t mono)
{
	p->since = mono;
	memset(p->sums, 0, sizeof(p->sums));
}

int
stat_past_average(
    const struct stat_past *p, unsigned span, uint64_t mono, double *average)
{
	double seconds;

	if (mono <= p->since)
		return -1;
	seconds = (double)(mono - p->since) / NSEC;
	/* 1 less what is left of a weight of 1 */
	*average = p->sums[span] / -expm1(-seconds / stat_spans[span]);
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
