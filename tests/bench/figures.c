/*
 * figures.c -- what samples come to, and which of them were disturbed.
 */
#include <math.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

#define FLOORS_APART 0.10 /* before and after, of one sample */
#define FLOOR_OFF 0.15    /* from the run's median */

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *v, unsigned n)
{
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), compare);
	return n % 2 != 0 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static size_t
payload_of(const struct entry *e)
{
	return e->floor == 0 ? TEXT : e->floor;
}

double
floor_median(const struct report *r, size_t payload)
{
	double *all = calloc((size_t)r->results * ROUNDS_MAX, 2 * sizeof(*all));
	double middle;
	unsigned n = 0;

	for (unsigned i = 0; all != NULL && i < r->results; i++) {
		const struct result *one = &r->result[i];

		if (payload_of(one->entry) != payload)
			continue;
		for (unsigned j = 0; j < one->samples; j++) {
			all[n++] = one->sample[j].floor[0];
			all[n++] = one->sample[j].floor[1];
		}
	}
	middle = median(all, n);
	free(all);
	return middle;
}

static double
sample_floor(const struct sample *s)
{
	return (s->floor[0] + s->floor[1]) / 2;
}

static int
is_good(const struct sample *s, double floor)
{
	double mine = sample_floor(s);

	return !s->disturbed &&
	       fabs(s->floor[0] - s->floor[1]) <= FLOORS_APART * mine &&
	       fabs(mine - floor) <= FLOOR_OFF * floor;
}

void
figures_of(
    struct figures *f, const struct report *report, const struct result *r)
{
	double floor = floor_median(report, payload_of(r->entry));
	double ns[ROUNDS_MAX], ratio[ROUNDS_MAX], against[ROUNDS_MAX];
	unsigned n = 0;

	*f = (struct figures){ 0 };
	for (unsigned i = 0; i < r->samples; i++)
		f->good += (unsigned)is_good(&r->sample[i], floor);
	f->disturbed = r->samples - f->good;
	f->noisy = f->disturbed > f->good;
	for (unsigned i = 0; i < r->samples; i++) {
		const struct sample *s = &r->sample[i];

		if (f->good > 0 && !is_good(s, floor))
			continue;
		ns[n] = s->ns;
		ratio[n] = s->ns / sample_floor(s);
		against[n++] = s->against > 0 ? s->ns / s->against : 0;
	}
	f->median = median(ns, n);
	f->min = n > 0 ? ns[0] : 0;
	f->max = n > 0 ? ns[n - 1] : 0;
	f->ratio = r->entry->flags & ENTRY_FLOOR ? 0 : median(ratio, n);
	f->against = median(against, n);
}
