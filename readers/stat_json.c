/*
 * stat_json.c -- a pass as one JSON object.
 *
 *	{
 *	"version": 1,			grows if a member changes its meaning
 *	"timestamp": "2026-11-23T18:20:00.123456789Z",
 *	"instance": "default",		what -n named
 *	"path": "/run/shmlog/default",
 *	"daemon": {"state": "runs", "pid": 123},
 *	"segment": {"created": "2026-...Z", "generation": 3},
 *	"counters": {
 *	"http.front.requests": {
 *		"type": "http", "ident": "front", "counter": "requests",
 *		"labels": {"vhost": "a"},
 *		"pid": null,		of one worker (-a)
 *		"retained": false,	of no worker that lives (-a)
 *		"kind": "counter", "level": "info", "unit": "",
 *		"description": "Requests served",
 *		"value": 12, "rate": 0.5, rate: null if it only is what it is
 *		"sets": 4,		sections summed
 *		"created": "2026-...Z"	of the oldest of them
 *	}, ...
 *	}}
 *
 * The lines end so, but in a stream (-w), where the object is one line.  With
 * --diff, `"diff": 10.000', seconds, stands behind `path': each value is a
 * change in that time.
 *
 * The value of a histogram is an object; its rate is that of the count:
 *
 *		"value": {"count": 3, "sum": 66, "mean": 22.0,
 *			"p50": 17, "p90": 39, "p99": 39, "p99.9": 39,
 *			"max": 39,	these and mean: null if count is 0
 *			"buckets": [[10, 1], [17, 1], [39, 1]]
 *		}, of each bucket that is not empty: its largest value, count
 *
 * Numbers are numbers; a counter has 64 bits, more than a double takes. Members
 * are added; none goes or changes without `version'.
 */
#include <inttypes.h>
#include <string.h>

#include "common/histogram.h"
#include "common/set.h"
#include "common/shared.h"
#include "readers/stat_format.h"

static void
json_time(struct buffer *b, uint64_t ns)
{
	buffer_byte(b, '"');
	buffer_time(b, ns);
	buffer_byte(b, '"');
}

static void
json_text(struct buffer *b, const char *text)
{
	buffer_json(b, text, strlen(text));
}

/* ,"key":"text" */
static void
json_member(struct buffer *b, const char *key, const char *text)
{
	buffer_text(b, ",\"");
	buffer_text(b, key);
	buffer_text(b, "\":");
	json_text(b, text);
}

static void
json_head(struct buffer *b, const struct stat_head *h)
{
	const struct segment *s = &h->attach->segment;
	const char *line = h->stream ? "" : "\n";

	buffer_text(b, "{\"version\":1,\"timestamp\":");
	json_time(b, h->real);
	json_member(b, "instance",
	    h->attach->name != NULL ? h->attach->name : INSTANCE_DEFAULT);
	json_member(b, "path", h->attach->path);
	if (h->diff > 0)
		buffer_printf(b, ",\"diff\":%.3f", h->diff);
	buffer_printf(b, ",%s\"daemon\":{\"state\":", line);
	json_text(b, daemon_state_text(h->attach->state));
	buffer_printf(b, ",\"pid\":%" PRIu64 "},%s\"segment\":{\"created\":",
	    shared_load(&s->head->master_pid), line);
	json_time(b, s->plan.created);
	buffer_printf(b, ",\"generation\":%" PRIu64 "},%s\"counters\":{",
	    s->plan.generation, line);
}

static void
json_labels(struct buffer *b, const struct stat_schema *s)
{
	struct schema_item item;
	size_t offset = 0;
	const char *before = "";

	buffer_text(b, ",\"labels\":{");
	while (s->labels[0] != '\0' &&
	       schema_next(s->bytes, s->length, &offset, &item) == 1) {
		if (item.kind != SCHEMA_LABEL)
			continue;
		buffer_text(b, before);
		json_text(b, item.name);
		buffer_byte(b, ':');
		json_text(b, item.help);
		before = ",";
	}
	buffer_byte(b, '}');
}

/* ,"key":number, or null */
static void
json_number(struct buffer *b, const char *key, int is_known, uint64_t v)
{
	buffer_text(b, ",\"");
	buffer_text(b, key);
	buffer_text(b, "\":");
	if (is_known)
		buffer_number(b, v);
	else
		buffer_text(b, "null");
}

static void
json_histogram(struct buffer *b, const struct stat_counter *k)
{
	const char *before = "[";

	buffer_text(b, "{\"count\":");
	buffer_number(b, k->value);
	json_number(b, "sum", 1, k->words[0]);
	buffer_text(b, ",\"mean\":");
	if (k->value == 0)
		buffer_text(b, "null");
	else
		stat_put_fixed(b, stat_histogram_mean(k), 3);
	for (size_t i = 0; i < STAT_QUANTILES; i++) {
		const struct stat_quantile *q = &stat_quantiles[i];

		json_number(b, q->name, k->value > 0,
		    k->value > 0 ? stat_histogram_quantile(k, q) : 0);
	}
	buffer_text(b, ",\"buckets\":[");
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (k->words[1 + i] == 0)
			continue;
		buffer_text(b, before);
		buffer_number(b, histogram_high(i));
		buffer_byte(b, ',');
		buffer_number(b, k->words[1 + i]);
		buffer_byte(b, ']');
		before = ",[";
	}
	buffer_text(b, "]}");
}

static void
json_value(struct buffer *b, const struct stat_counter *k)
{
	buffer_text(b, ",\"value\":");
	if (k->kind == SCHEMA_HISTOGRAM)
		json_histogram(b, k);
	else
		stat_put_value(b, k);
	buffer_text(b, ",\"rate\":");
	if (kind_is_retained(k->kind))
		stat_put_fixed(b, k->rate, 3);
	else
		buffer_text(b, "null");
}

static void
json_counter(struct buffer *b, const struct stat_head *h,
    const struct stat_counter *k, size_t n)
{
	const struct stat_schema *s = k->owner;

	buffer_text(b, n > 0 ? "," : "");
	buffer_text(b, h->stream ? "" : "\n");
	json_text(b, k->name);
	buffer_text(b, ":{\"type\":");
	json_text(b, s->type);
	json_member(b, "ident", s->ident);
	json_member(b, "counter", k->item);
	json_labels(b, s);
	json_number(
	    b, "pid", s->pid != STAT_ALL && s->pid != STAT_RETAINED, s->pid);
	buffer_text(b, ",\"retained\":");
	buffer_text(b, s->pid == STAT_RETAINED ? "true" : "false");
	json_member(b, "kind", stat_kind_text(k->kind));
	json_member(b, "level", stat_level_text(k->level));
	json_member(b, "unit", k->unit);
	json_member(b, "description", k->help);
	json_value(b, k);
	json_number(b, "sets", 1, k->sets);
	buffer_text(b, ",\"created\":");
	json_time(b, k->created);
	buffer_byte(b, '}');
}

static void
json_tail(struct buffer *b)
{
	buffer_text(b, "}}\n");
}

const struct stat_format stat_json = {
	.name = "json",
	.head = json_head,
	.counter = json_counter,
	.tail = json_tail,
};
