/*
 * stat_histogram.c -- histograms added up, and what is shown of them.
 *
 * The words of all sets are added one by one: what is shown is told by the
 * sums.  A set may be read while somebody observes a value, between his two
 * adds; so the mean may be off by that one value for a moment.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "common/histogram.h"
#include "readers/stat_collect.h"

const struct stat_quantile stat_quantiles[STAT_QUANTILES] = {
	{ "p50", 500 },
	{ "p90", 900 },
	{ "p99", 990 },
	{ "p99.9", 999 },
	{ "max", 1000 },
};

static uint64_t *
words_new(void)
{
	uint64_t *words = calloc(HISTOGRAM_WORDS, sizeof(*words));

	if (words == NULL)
		err(1, "memory");
	return words;
}

void
stat_histogram_begin(struct stat_counter *k)
{
	uint64_t *words = k->words_before;

	if (words == NULL) {
		k->words = words_new();
		words = words_new();
	}
	k->words_before = k->words;
	k->words = words;
	memset(words, 0, HISTOGRAM_WORDS * sizeof(*words));
}

void
stat_histogram_add(struct stat_counter *k, const uint64_t *words)
{
	for (uint32_t w = 0; w < HISTOGRAM_WORDS; w++)
		k->words[w] += words[w];
}

void
stat_histogram_finish(struct stat_counter *k, int never_less)
{
	for (uint32_t w = 0; w < HISTOGRAM_WORDS && never_less; w++)
		if (k->words[w] < k->words_before[w])
			k->words[w] = k->words_before[w];
	k->value = histogram_count(k->words + 1);
}

void
stat_histogram_free(struct stat_counter *k)
{
	free(k->words);
	free(k->words_before);
	k->words = k->words_before = NULL;
}

uint64_t
stat_histogram_quantile(
    const struct stat_counter *k, const struct stat_quantile *q)
{
	return histogram_quantile(k->words + 1, k->value, q->thousandths);
}

double
stat_histogram_mean(const struct stat_counter *k)
{
	return (double)k->words[0] / (double)k->value;
}
