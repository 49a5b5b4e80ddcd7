/*
 * stat_openmetrics_own.c -- what is told of the instance itself: its daemon,
 * its segment, and counters that are no series.
 */
#include <string.h>

#include "common/set.h"
#include "common/shared.h"
#include "readers/option.h"
#include "readers/stat_openmetrics.h"

#define INFO "shmlog_instance"

/* What the directory says, a listing's copy of it. */
struct room {
	uint64_t all; /* bytes of data pages */
	uint64_t used;
	uint64_t cooling; /* of these */
	uint64_t sections;
};

static void
look(struct room *r, const struct om_source *s)
{
	const struct segment_plan *p = &s->attach->segment.plan;
	const struct listing *list = &s->collect->list;

	*r = (struct room){ .all = p->segment_size - p->data_offset,
		.sections = list->n };
	for (size_t i = 0; i < list->n; i++) {
		const struct descriptor *d = &list->entries[i].d;

		/* a damaged directory may have them overlap */
		if (d->length > r->all - r->used)
			continue;
		r->used += d->length;
		if (descriptor_is(d, CLASS_COOL))
			r->cooling += d->length;
	}
}

enum own {
	OWN_UP,
	OWN_GENERATION,
	OWN_START,
	OWN_SIZE,
	OWN_FREE,
	OWN_COOLING,
	OWN_SECTIONS,
	OWN_SECTIONS_MAX,
	OWN_LEFT_OUT,
	OWN_MAX
};

static const struct {
	const char *name;
	const char *unit;
	const char *help;
	unsigned shift;
} own[OWN_MAX] = {
	[OWN_UP] = { "shmlog_daemon_up", "",
	    "Whether shmlogd runs (1); 0: it ended, or stands still", 0 },
	[OWN_GENERATION] = { "shmlog_segment_generation", "",
	    "Grows by one with each start of shmlogd", 0 },
	[OWN_START] = { "shmlog_segment_start_time_seconds", "seconds",
	    "When the segment was made, since the epoch", 9 },
	[OWN_SIZE] = { "shmlog_segment_size_bytes", "bytes",
	    "Room for sections", 0 },
	[OWN_FREE] = { "shmlog_segment_free_bytes", "bytes",
	    "Room that no listed section has", 0 },
	[OWN_COOLING] = { "shmlog_segment_cooling_bytes", "bytes",
	    "Room of sections that were freed and can still be read", 0 },
	[OWN_SECTIONS] = { "shmlog_segment_sections", "",
	    "Sections in the directory", 0 },
	[OWN_SECTIONS_MAX] = { "shmlog_segment_sections_max", "",
	    "Sections that the directory has room for", 0 },
	[OWN_LEFT_OUT] = { "shmlog_left_out_series", "series",
	    "Counters that are no series, since names would clash", 0 },
};

int
om_own_has(const char *name)
{
	if (strncmp(name, "shmlog_", 7) != 0)
		return 0;
	for (size_t i = 0; i < OWN_MAX; i++)
		if (strcmp(name, own[i].name) == 0)
			return 1;
	return strcmp(name, INFO) == 0 || strcmp(name, INFO "_info") == 0;
}

/* 0: it is not known. */
static int
value_of(enum own which, const struct om_source *s, const struct room *r,
    uint64_t *v)
{
	const struct segment_plan *p = &s->attach->segment.plan;

	switch (which) {
	case OWN_UP:
		*v = s->attach->state == DAEMON_RUNS;
		return s->attach->state != DAEMON_UNKNOWN;
	case OWN_GENERATION:
		*v = p->generation;
		break;
	case OWN_START:
		*v = p->created;
		break;
	case OWN_SIZE:
		*v = r->all;
		break;
	case OWN_FREE:
		*v = r->all - r->used;
		break;
	case OWN_COOLING:
		*v = r->cooling;
		break;
	case OWN_SECTIONS:
		*v = r->sections;
		break;
	case OWN_SECTIONS_MAX:
		*v = p->desc_count;
		break;
	case OWN_LEFT_OUT:
		*v = s->map.left_out;
		break;
	case OWN_MAX:
		return 0;
	}
	return 1;
}

static void
put_instance(struct buffer *b, const struct om_source *s)
{
	const char *name = om_instance(s->attach);

	buffer_text(b, "{instance=\"");
	om_escape(b, name, strlen(name), 1);
	buffer_byte(b, '"');
}

static void
put_info(struct buffer *b, const struct om_source *s, enum om_text text)
{
	if (text == OM_OPENMETRICS)
		om_put_header(b, text, INFO, "info", "", "Whose counters");
	else
		om_put_header(
		    b, text, INFO "_info", "gauge", "", "Whose counters");
	buffer_text(b, INFO "_info");
	put_instance(b, s);
	buffer_text(b, ",version=\"" SHMLOG_VERSION "\",path=\"");
	om_escape(b, s->attach->path, strlen(s->attach->path), 1);
	buffer_text(b, "\"} 1\n");
}

void
om_own_put(struct buffer *b, struct om_source *s, enum om_text text)
{
	struct room room;
	uint64_t v = 0;

	look(&room, s);
	put_info(b, s, text);
	for (size_t i = 0; i < OWN_MAX; i++) {
		if (!value_of((enum own)i, s, &room, &v))
			continue;
		om_put_header(
		    b, text, own[i].name, "gauge", own[i].unit, own[i].help);
		buffer_text(b, own[i].name);
		put_instance(b, s);
		buffer_put(b, "} ", 2);
		b->n = (size_t)(om_decimal(buffer_room(b, OM_DECIMAL_MAX), v,
				    own[i].shift) -
				b->data);
		buffer_byte(b, '\n');
	}
}
