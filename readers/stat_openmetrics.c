/*
 * stat_openmetrics.c -- counters as OpenMetrics 1.0 or Prometheus text 0.0.4,
 * piece by piece.
 *
 *	# TYPE http_requests counter
 *	# HELP http_requests Requests answered
 *	http_requests_total{instance="default",type="http",ident="front"} 12
 *	http_requests_created{...} 1795651200.123456789
 *
 * HISTOGRAMS.  Of their 977 buckets those are sent that end below a power of
 * two: `le' is 0, 1, 3, 7, ... in the unit of the values, up to what om_unit()
 * says.  These are all sent, always, and the same ones for all histograms with
 * this unit: Prometheus adds buckets of several series up by `le', and takes a
 * new `le' for a new series, whose past is not known.  Values are integers, so
 * that the counts are exact.
 */
#include "readers/stat_openmetrics.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "common/digits.h"
#include "common/histogram.h"
#include "common/instance.h"
#include "readers/option.h"
#include "readers/stat_format.h"

#define PIECE ((size_t)128 << 10)

const char *
om_instance(const struct attach *a)
{
	return a->name != NULL ? a->name : INSTANCE_DEFAULT;
}

void
om_put_header(struct buffer *b, enum om_text text, const char *name,
    const char *type, const char *unit, const char *help)
{
	buffer_text(b, "# TYPE ");
	buffer_text(b, name);
	buffer_byte(b, ' ');
	buffer_text(b, type);
	if (unit[0] != '\0' && text == OM_OPENMETRICS) {
		buffer_text(b, "\n# UNIT ");
		buffer_text(b, name);
		buffer_byte(b, ' ');
		buffer_text(b, unit);
	}
	buffer_text(b, "\n# HELP ");
	buffer_text(b, name);
	buffer_byte(b, ' ');
	if (help[0] == '\0')
		help = "Not described";
	om_escape(b, help, strlen(help), text == OM_OPENMETRICS);
	buffer_byte(b, '\n');
}

static void
put_family(struct buffer *b, enum om_text text, const struct om_map *m,
    const struct om_family *f, const char *help)
{
	static const char *const types[] = {
		[OM_COUNTER] = "counter",
		[OM_GAUGE] = "gauge",
		[OM_HISTOGRAM] = "histogram",
	};
	char name[OM_NAME_MAX + 8];

	(void)strlcpy(name, om_map_text(m, f->name), sizeof(name));
	if (f->type == OM_COUNTER && text == OM_PROMETHEUS)
		(void)strlcat(name, "_total", sizeof(name));
	om_put_header(
	    b, text, name, types[f->type], om_map_text(m, f->unit), help);
}

/* What each line of a series is made of; there is room for any of them. */
struct line {
	const char *name;
	size_t name_length;
	const char *labels;
	size_t labels_length;
};

#define LINE_MORE 96 /* suffix, le, value, braces */

static char *
put_text(char *to, const char *text, size_t n)
{
	memcpy(to, text, n);
	return to + n;
}

/* NAME_suffix{labels */
static char *
line_begin(char *to, const struct line *l, const char *suffix, size_t n)
{
	to = put_text(to, l->name, l->name_length);
	to = put_text(to, suffix, n);
	*to++ = '{';
	return put_text(to, l->labels, l->labels_length);
}

#define LINE_BEGIN(to, line, suffix)                                           \
	line_begin((to), (line), (suffix), sizeof(suffix) - 1)

static char *
line_end(char *to, uint64_t v, unsigned shift)
{
	*to++ = '}';
	*to++ = ' ';
	to = om_decimal(to, v, shift);
	*to++ = '\n';
	return to;
}

static char *
put_created(char *to, const struct line *l, const struct stat_counter *k,
    enum om_text text)
{
	if (text == OM_PROMETHEUS)
		return to;
	to = LINE_BEGIN(to, l, "_created");
	return line_end(to, k->created, 9);
}

static char *
put_gauge(char *to, const struct line *l, const struct om_series *s)
{
	uint64_t v = s->counter->value;
	int less = s->counter->kind != SCHEMA_BITMAP && (int64_t)v < 0;

	to = LINE_BEGIN(to, l, "");
	*to++ = '}';
	*to++ = ' ';
	if (less)
		*to++ = '-';
	to = om_decimal(to, less ? -v : v, s->shift);
	*to++ = '\n';
	return to;
}

/* `le' of 2^bits - 1: always with a point, as is canonical. */
static char *
put_le(char *to, unsigned bits, unsigned shift)
{
	const char *begin;

	to = put_text(to, ",le=\"", 5);
	begin = to;
	to = om_decimal(to, (UINT64_C(1) << bits) - 1, shift);
	if (memchr(begin, '.', (size_t)(to - begin)) == NULL)
		to = put_text(to, ".0", 2);
	*to++ = '"';
	return to;
}

static void
put_histogram(struct buffer *b, const struct line *l, const struct om_series *s,
    enum om_text text)
{
	const struct stat_counter *k = s->counter;
	size_t room = l->name_length + l->labels_length + LINE_MORE;
	char *to = buffer_room(b, (s->last + 5u) * room);
	uint64_t seen = 0;
	uint32_t bucket = 0;

	for (unsigned bits = 0; bits <= s->last; bits++) {
		while (histogram_high(bucket) < UINT64_C(1) << bits)
			seen = histogram_more(seen, k->words[1 + bucket++]);
		to = LINE_BEGIN(to, l, "_bucket");
		to = line_end(put_le(to, bits, s->shift), seen, 0);
	}
	to = LINE_BEGIN(to, l, "_bucket");
	to = put_text(to, ",le=\"+Inf\"", 10);
	to = line_end(to, k->value, 0);
	to = line_end(LINE_BEGIN(to, l, "_sum"), k->words[0], s->shift);
	to = line_end(LINE_BEGIN(to, l, "_count"), k->value, 0);
	to = put_created(to, l, k, text);
	b->n = (size_t)(to - b->data);
}

static void
put_series(struct buffer *b, const struct om_map *m, const struct om_series *s,
    enum om_text text)
{
	const struct line l = {
		.name = om_map_text(m, s->name),
		.name_length = m->families[s->family].name_length,
		.labels = om_map_text(m, s->labels),
		.labels_length = strlen(om_map_text(m, s->labels)),
	};
	char *to;

	if (s->type == OM_HISTOGRAM) {
		put_histogram(b, &l, s, text);
		return;
	}
	to = buffer_room(b, 2 * (l.name_length + l.labels_length + LINE_MORE));
	if (s->type == OM_COUNTER) {
		to = LINE_BEGIN(to, &l, "_total");
		to = line_end(to, s->counter->value, s->shift);
		to = put_created(to, &l, s->counter, text);
	} else {
		to = put_gauge(to, &l, s);
	}
	b->n = (size_t)(to - b->data);
}

static char *
copy_text(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		err(1, "memory");
	return copy;
}

/* Notes where it stopped, for a map may be made anew meanwhile. */
static void
cursor_stop(struct om_cursor *cur, const struct om_map *m)
{
	const struct om_series *s;

	om_cursor_free(cur);
	if (cur->put == 0)
		return;
	s = &m->series[cur->put - 1];
	cur->name = copy_text(om_map_text(m, s->name));
	cur->labels = copy_text(om_map_text(m, s->labels));
}

/* Goes on in a map that is another one. */
static void
cursor_resume(struct om_cursor *cur, const struct om_map *m)
{
	const struct om_series *s;
	size_t first;

	if (cur->built == m->built)
		return;
	cur->built = m->built;
	cur->header = 0;
	cur->at = cur->put = 0;
	if (cur->name == NULL)
		return;
	cur->at = om_map_behind(m, cur->name, cur->labels);
	first = om_map_behind(m, cur->name, NULL);
	if (first == m->n)
		return;
	s = &m->series[first];
	if (strcmp(om_map_text(m, s->name), cur->name) != 0)
		return;
	cur->header = s->family + 1;
	if (s->type == cur->type)
		return;
	/* it was begun as something else */
	while (cur->at < m->n && m->series[cur->at].family == s->family)
		cur->at++;
}

void
om_render(
    struct om_cursor *cur, struct om_source *src, struct buffer *b, size_t size)
{
	const struct om_map *m = &src->map;

	if (!cur->begun)
		om_own_put(b, src, cur->text);
	cur->begun = 1;
	cursor_resume(cur, m);
	for (; cur->at < m->n && b->n < size; cur->at++) {
		const struct om_series *s = &m->series[cur->at];
		const struct om_family *f = &m->families[s->family];

		if (!stat_is_shown(src->collect, s->counter))
			continue;
		if (cur->header != s->family + 1)
			put_family(b, cur->text, m, f, s->counter->help);
		cur->header = s->family + 1;
		cur->type = f->type;
		put_series(b, m, s, cur->text);
		cur->put = cur->at + 1;
	}
	if (cur->at < m->n) {
		cursor_stop(cur, m);
		return;
	}
	if (cur->text == OM_OPENMETRICS)
		buffer_text(b, "# EOF\n");
	cur->done = 1;
}

void
om_cursor_free(struct om_cursor *cur)
{
	free(cur->name);
	free(cur->labels);
	cur->name = cur->labels = NULL;
}

static void
openmetrics_pass(struct buffer *b, struct stat_head *h, struct stat_collect *c)
{
	struct om_source *src = h->state;
	struct om_cursor cur = { .text = OM_OPENMETRICS };

	if (src == NULL) {
		src = h->state = calloc(1, sizeof(*src));
		if (src == NULL)
			err(1, "memory");
		om_map_init(&src->map);
	}
	src->attach = h->attach;
	src->collect = c;
	om_map_update(&src->map, c, om_instance(h->attach));
	while (!cur.done) {
		om_render(&cur, src, b, PIECE);
		(void)buffer_flush(b);
	}
	om_cursor_free(&cur);
}

static void
openmetrics_end(void *state)
{
	struct om_source *src = state;

	om_map_free(&src->map);
	free(src);
}

const struct stat_format stat_openmetrics = {
	.name = "openmetrics",
	.pass = openmetrics_pass,
	.end = openmetrics_end,
};
