/*
 * stat_openmetrics_map.c -- which counter is which series of which family.
 *
 * Counters are known by type.ident.name{labels}, of which many may become one
 * family (http.front.requests, http.back.requests), and a family stands in one
 * place, with one type.  So there is a list that is sorted by family, and by
 * labels in it.  It is made anew only if schemas came or went, or a counter is
 * defined by another one: not when a worker is replaced by one of its kind.
 *
 * WHAT WOULD BE INVALID IS LEFT OUT, and told once: a counter whose family has
 * another type (of these, counters come before gauges and these before
 * histograms), one whose family is called as another one's samples are
 * (x_total, where there is a counter x) or as ours, and one that would be a
 * series that is there already (a.b and a-b of one set).  The rule is of names
 * alone, so that it is always the same ones.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/option.h"
#include "readers/stat_openmetrics.h"

#define TOLD_MAX 20 /* lines about what is left out */

void
om_map_init(struct om_map *m)
{
	memset(m, 0, sizeof(*m));
	buffer_init(&m->text, -1);
}

void
om_map_free(struct om_map *m)
{
	free(m->series);
	free(m->families);
	buffer_free(&m->text);
	memset(m, 0, sizeof(*m));
}

static uint32_t
keep_text(struct om_map *m, const char *text)
{
	size_t at = m->text.n;

	if (at > UINT32_MAX)
		errx(1, "memory");
	buffer_put(&m->text, text, strlen(text) + 1);
	return (uint32_t)at;
}

static struct om_series *
new_series(struct om_map *m)
{
	if (m->n == m->room) {
		m->room = m->room == 0 ? 256 : m->room * 2;
		m->series =
		    reallocarray(m->series, m->room, sizeof(*m->series));
		if (m->series == NULL)
			err(1, "memory");
	}
	return &m->series[m->n++];
}

static void
add_counter(struct om_map *m, const struct stat_schema *s,
    struct stat_counter *k, uint32_t labels)
{
	struct om_series *series = new_series(m);
	enum om_type type = om_type(k->kind);
	char name[OM_NAME_MAX];
	struct om_unit unit;

	om_unit(&unit, k->unit);
	om_family(name, s->type, k->item, type, &unit, k->unit);
	*series = (struct om_series){
		.counter = k,
		.owner = s,
		.name = keep_text(m, name),
		.labels = labels,
		.unit = keep_text(m, unit.name),
		.type = (uint8_t)type,
		.shift = unit.shift,
		.last = unit.last,
	};
}

static void
add_schema(struct om_map *m, const struct stat_schema *s, const char *instance)
{
	uint32_t labels = 0;
	int have = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct stat_counter *k = s->items[i].counter;

		if (k->owner != s)
			continue;
		if (!have) {
			labels = keep_text(m, "");
			m->text.n--;
			om_labels(&m->text, s, instance);
			buffer_byte(&m->text, '\0');
			have = 1;
		}
		add_counter(m, s, k, labels);
	}
}

static int
series_cmp(const void *a, const void *b, void *arg)
{
	const struct om_series *x = a, *y = b;
	const struct om_map *m = arg;
	int r = strcmp(om_map_text(m, x->name), om_map_text(m, y->name));

	if (r == 0 && x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (r == 0 && x->labels != y->labels)
		r = strcmp(
		    om_map_text(m, x->labels), om_map_text(m, y->labels));
	return r != 0 ? r : strcmp(x->counter->name, y->counter->name);
}

/* A family's first series; NULL: there is none. */
static const struct om_series *
find_name(const struct om_map *m, const char *name)
{
	size_t at = om_map_behind(m, name, NULL);

	return at < m->n &&
		       strcmp(om_map_text(m, m->series[at].name), name) == 0
		   ? &m->series[at]
		   : NULL;
}

/* Whether a family is called as the samples of another one are. */
static int
is_sample_of_other(const struct om_map *m, const char *name)
{
	static const struct {
		const char *suffix;
		unsigned types;
	} suffixes[] = {
		{ "_total", 1u << OM_COUNTER },
		{ "_created", 1u << OM_COUNTER | 1u << OM_HISTOGRAM },
		{ "_bucket", 1u << OM_HISTOGRAM },
		{ "_count", 1u << OM_HISTOGRAM },
		{ "_sum", 1u << OM_HISTOGRAM },
	};
	const struct om_series *other;
	char base[OM_NAME_MAX];
	size_t n = strlen(name), w;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		w = strlen(suffixes[i].suffix);
		if (n <= w || strcmp(name + n - w, suffixes[i].suffix) != 0)
			continue;
		memcpy(base, name, n - w);
		base[n - w] = '\0';
		other = find_name(m, base);
		if (other != NULL && (suffixes[i].types & 1u << other->type))
			return 1;
	}
	return om_own_has(name);
}

static void
leave_out(struct om_map *m, struct stat_counter *k, const char *name)
{
	struct buffer text;

	if (m->left_out++ >= TOLD_MAX || k->left_out)
		return;
	k->left_out = 1;
	buffer_init(&text, -1);
	buffer_safe(&text, k->name, strlen(k->name));
	warnx("%.*s: left out of OpenMetrics: there it would be another %s",
	    (int)text.n, text.data, name);
	buffer_free(&text);
}

/* Whether a series goes behind `last', the last one of its family; NULL: it is
 * the first. */
static int
is_fit(const struct om_map *m, const struct om_series *last,
    const struct om_series *s)
{
	if (last == NULL)
		return !is_sample_of_other(m, om_map_text(m, s->name));
	return last->type == s->type && strcmp(om_map_text(m, last->labels),
					    om_map_text(m, s->labels)) != 0;
}

static void
new_family(struct om_map *m, const struct om_series *s)
{
	m->families[m->n_families++] = (struct om_family){
		.name = s->name,
		.unit = s->unit,
		.type = s->type,
		.name_length = strlen(om_map_text(m, s->name)),
	};
}

/* Makes families of what is sorted, and marks (name 0) what does not fit. */
static void
make_families(struct om_map *m)
{
	uint8_t *fits = calloc(m->n + 1, 1);
	const struct om_series *last = NULL;
	const char *name = "";
	size_t n = 0;

	free(m->families);
	m->families = calloc(m->n + 1, sizeof(*m->families));
	if (m->families == NULL || fits == NULL)
		err(1, "memory");
	m->n_families = 0;
	for (size_t i = 0; i < m->n; i++) {
		struct om_series *s = &m->series[i];

		if (strcmp(om_map_text(m, s->name), name) != 0)
			last = NULL;
		name = om_map_text(m, s->name);
		fits[i] = (uint8_t)is_fit(m, last, s);
		if (!fits[i]) {
			leave_out(m, s->counter, name);
			continue;
		}
		if (last == NULL)
			new_family(m, s);
		s->family = (uint32_t)m->n_families - 1;
		/* they may agree on the name only */
		if (strcmp(om_map_text(m, m->families[s->family].unit),
			om_map_text(m, s->unit)) != 0)
			m->families[s->family].unit = 0;
		last = s;
	}
	/* not before: those that are left out tell what else does not fit */
	for (size_t i = 0; i < m->n; i++)
		if (fits[i])
			m->series[n++] = m->series[i];
	m->n = n;
	free(fits);
}

/* Whether each counter is still defined by who it was. */
static int
is_as_it_was(const struct om_map *m, const struct stat_collect *c)
{
	if (m->built == 0 || m->changes != c->changes)
		return 0;
	for (size_t i = 0; i < m->n; i++)
		if (m->series[i].counter->owner != m->series[i].owner)
			return 0;
	return 1;
}

void
om_map_update(struct om_map *m, struct stat_collect *c, const char *instance)
{
	struct stat_schema *s;

	if (is_as_it_was(m, c))
		return;
	m->n = 0;
	m->text.n = 0;
	m->left_out = 0;
	(void)keep_text(m, ""); /* 0 */
	RB_FOREACH(s, stat_schemas, &c->schemas)
		add_schema(m, s, instance);
	if (m->n > 0)
		qsort_r(m->series, m->n, sizeof(*m->series), series_cmp, m);
	make_families(m);
	m->changes = c->changes;
	m->built++;
}

size_t
om_map_behind(const struct om_map *m, const char *name, const char *labels)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct om_series *s = &m->series[middle];
		int r = strcmp(om_map_text(m, s->name), name);

		if (r == 0 && labels != NULL)
			r = strcmp(om_map_text(m, s->labels), labels);
		if (r < 0 || (r == 0 && labels != NULL))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
