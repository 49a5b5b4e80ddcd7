/*
 * stat_diff.c -- what changed meanwhile (--diff).
 *
 * Counters are collected twice.  Each that changed is shown with its change for
 * a value: of a histogram, that of each of its words, so that its quantiles are
 * those of what was observed meanwhile; of a bitmap, the bits that changed.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "readers/stat_show.h"

/* A counter's change; it has the name and all else from the counter. */
struct change {
	struct stat_counter k;
	double size; /* they are sorted by */
};

static int
by_size(const void *a, const void *b)
{
	const struct change *x = *(const struct change *const *)a;
	const struct change *y = *(const struct change *const *)b;

	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return strcmp(x->k.name, y->k.name);
}

/* Whether it goes on from what it had before.  One that counts, and has less,
 * began anew: its instance was removed, or a segment is damaged. */
static int
goes_on(const struct stat_counter *k)
{
	return k->known && !(kind_is_retained(k->kind) && k->value < k->before);
}

/* That of a histogram, in words of its own. */
static uint64_t *
words_change(const struct stat_counter *k, int known)
{
	uint64_t *words = calloc(HISTOGRAM_WORDS, sizeof(*words));

	if (words == NULL)
		err(1, "memory");
	for (uint32_t w = 0; w < HISTOGRAM_WORDS; w++) {
		uint64_t before = known ? k->words_before[w] : 0;

		/* the sum may come round */
		if (w == 0 || k->words[w] > before)
			words[w] = k->words[w] - before;
	}
	return words;
}

/* NULL: it did not change. */
static struct change *
change_new(const struct stat_counter *k, double seconds)
{
	int known = goes_on(k);
	uint64_t before = known ? k->before : 0;
	struct change *x;

	if (k->value == before)
		return NULL;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		err(1, "memory");
	x->k = *k;
	x->k.words = x->k.words_before = NULL;
	x->k.value = k->value - before;
	x->size = (double)x->k.value;
	if (k->kind == SCHEMA_BITMAP) {
		x->k.value = k->value ^ before;
		x->size = 0;
	} else if (k->kind == SCHEMA_GAUGE || k->kind == SCHEMA_UPDOWN) {
		x->size = (double)(int64_t)x->k.value;
		x->size = x->size < 0 ? -x->size : x->size;
	} else if (k->kind == SCHEMA_HISTOGRAM)
		x->k.words = words_change(k, known);
	x->k.rate = kind_is_retained(k->kind) ? x->size / seconds : 0;
	return x;
}

static void
change_free(struct change *x)
{
	free(x->k.words);
	free(x);
}

void
stat_print_changes(struct buffer *out, const struct stat_format *f,
    struct stat_collect *c, struct stat_head *h)
{
	struct stat_counter *k, **list;
	struct change *x;
	size_t n = 0, most = 0;

	for (k = stat_first(c); k != NULL; k = stat_next(c, k))
		most++;
	list = calloc(most + 1, sizeof(*list));
	if (list == NULL)
		err(1, "memory");
	for (k = stat_first(c); k != NULL; k = stat_next(c, k)) {
		x = change_new(k, h->diff);
		if (x != NULL)
			list[n++] = &x->k;
	}
	qsort(list, n, sizeof(struct stat_counter *), by_size);
	h->real = c->real;
	stat_print_list(out, f, list, n, h);
	for (size_t i = 0; i < n; i++)
		change_free((struct change *)list[i]);
	free(list);
}

int
stat_diff(struct stat_args *args, struct attach *a, struct buffer *out)
{
	struct stat_head head = { .attach = a, .first = 1 };
	uint64_t when = clock_mono(), began;
	struct stat_collect c;
	int status = 1;

	stat_collect_init(&c, &args->collect);
	if (stat_pass(a, &c) == ATTACH_SAME) {
		began = c.mono;
		/* interrupted: what changed until now */
		(void)stat_wait(&when, args->diff);
		if (stat_pass(a, &c) == ATTACH_SAME) {
			head.diff = (double)(c.mono - began) / 1e9;
			stat_print_changes(out, args->format, &c, &head);
			status = 0;
		}
	}
	stat_collect_fini(&c);
	return status;
}
