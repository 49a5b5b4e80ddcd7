/*
 * hist_by.c -- who of the keys has a histogram of its own.
 */
#include "readers/hist_by.h"

#include <stdlib.h>

#define CHOOSE_EVERY 65536 /* values */

void
by_init(struct by *b, uint64_t window)
{
	memset(b, 0, sizeof(*b));
	arc4random_buf(&b->seed, sizeof(b->seed));
	top_init(&b->top, BY_COUNTERS, KEY_CELL, window);
	b->other = hist_new();
}

void
by_fini(struct by *b)
{
	top_fini(&b->top);
	for (size_t i = 0; i < b->n; i++)
		free(b->of[i]);
	free(b->other);
	memset(b, 0, sizeof(*b));
}

static size_t
place_of(const struct by *b, uint64_t hash)
{
	size_t i = 0;

	while (i < b->n && b->hashes[i] != hash)
		i++;
	return i;
}

struct hist *
by_find(struct by *b, struct key *k)
{
	uint64_t hash = key_hash(k, b->seed);
	char *cell = top_add(&b->top, hash);
	size_t i;

	if (cell != NULL)
		key_pack(k, cell);
	if (++b->added >= CHOOSE_EVERY)
		by_choose(b);
	i = place_of(b, hash);
	if (i < b->n)
		return b->of[i];
	if (b->n == BY_MAX) {
		b->had_others = 1;
		return b->other;
	}
	b->hashes[i] = hash;
	key_pack(k, b->cells[i]);
	b->of[i] = hist_new();
	b->of[i]->at = b->other->at;
	b->n++;
	return b->of[i];
}

static size_t
rarest(const struct by *b, double *weight)
{
	size_t least = 0;
	double w;

	for (size_t i = 0; i < b->n; i++) {
		w = top_weight(&b->top, b->hashes[i]);
		if (i == 0 || w < *weight) {
			least = i;
			*weight = w;
		}
	}
	return least;
}

void
by_choose(struct by *b)
{
	struct top_row rows[BY_MAX];
	size_t n = top_rank(&b->top, rows, BY_MAX), i;
	double weight = 0;

	b->added = 0;
	if (b->n < BY_MAX)
		return;
	for (size_t r = 0; r < n; r++) {
		if (place_of(b, rows[r].hash) < b->n)
			continue;
		i = rarest(b, &weight);
		if (rows[r].weight < 2 * weight)
			break; /* nor has one that comes behind it */
		hist_merge(b->other, b->of[i]);
		hist_clear(b->of[i]);
		b->hashes[i] = rows[r].hash;
		memcpy(b->cells[i], rows[r].cell, KEY_CELL);
	}
}

void
by_turn(struct by *b)
{
	for (size_t i = 0; i < b->n; i++)
		hist_turn(b->of[i]);
	hist_turn(b->other);
	by_choose(b);
}
