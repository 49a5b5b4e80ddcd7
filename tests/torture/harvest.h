/*
 * harvest.h -- all records of all streams of a segment at rest, with common/
 * alone, so that what is said of the writers does not hang on a reader.
 */
#ifndef SHMLOG_TESTS_HARVEST_H
#define SHMLOG_TESTS_HARVEST_H

#include "common/directory.h"
#include "common/ring.h"
#include "common/shared.h"
#include "common/stream.h"
#include "tests/torture/torture.h"

struct harvest {
	/* Called for each record; number is its own in the lane. */
	void (*record)(void *arg, const struct descriptor *, uint32_t lane,
	    uint64_t number, const struct ring_record *);
	void *arg;
	uint64_t streams;
	uint64_t records;
	uint64_t lost; /* overwritten */
	char why[256];
};

static inline void
harvest_copy(struct harvest *h, const struct descriptor *d, uint32_t lane,
    struct ring_reader *r, const void *buf, size_t length)
{
	struct ring_record record;
	size_t offset = 0;
	uint64_t n = 0;

	while (ring_next(buf, length, &offset, &record) == RING_RECORD) {
		h->record(h->arg, d, lane, r->number + n, &record);
		n++;
	}
	if (offset == 0)
		torture_blame(h->why, "lane %u of %s: no record at %llu", lane,
		    d->ident, (unsigned long long)r->number);
	ring_advance(r, offset, n);
	h->records += n;
}

static inline void
harvest_lane(struct harvest *h, const struct descriptor *d, uint32_t lane,
    const void *at, uint64_t size)
{
	static uint64_t buf[RECORD_MAX / 8];
	struct ring_reader r;
	uint64_t count;
	size_t length;

	ring_reader_init(&r, at, size);
	switch (ring_seat_oldest(&r)) {
	case RING_DATA:
		break;
	case RING_EMPTY:
		return;
	case RING_LAPPED:
	case RING_CORRUPT:
		torture_blame(
		    h->why, "lane %u of %s is corrupt", lane, d->ident);
		return;
	}
	h->lost += r.number;
	while (*h->why == '\0' &&
	       ring_read(&r, buf, sizeof(buf), &length) == RING_DATA)
		harvest_copy(h, d, lane, &r, buf, length);
	if (ring_count(&r, &count) != RING_DATA || count != r.number)
		torture_blame(h->why, "lane %u of %s ends at %llu", lane,
		    d->ident, (unsigned long long)r.number);
}

static inline void
harvest_stream(
    struct harvest *h, const struct segment *s, const struct descriptor *d)
{
	const uint8_t *section = s->base + d->offset;
	struct stream_plan plan;

	if (stream_check(section, d->length, &plan) == -1) {
		torture_blame(h->why, "%s is no stream", d->ident);
		return;
	}
	h->streams++;
	for (uint32_t i = 0; i < plan.lanes; i++)
		harvest_lane(
		    h, d, i, stream_lane(section, &plan, i), plan.lane_size);
}

/* Reads all streams, cooling ones included, of this type (NULL: any). */
static inline void
harvest_segment(struct harvest *h, const struct segment *s, const char *type)
{
	struct directory_entry *entries =
	    calloc(s->plan.desc_count, sizeof(*entries));
	uint64_t seq, end = torture_ns() + 2000000000u;
	size_t n;

	if (entries == NULL)
		torture_die("calloc");
	while (directory_read(s, entries, &n, &seq) != DIRECTORY_WHOLE) {
		if (torture_ns() > end) {
			torture_blame(h->why, "no whole list of sections");
			break;
		}
		torture_sleep(1000000);
	}
	for (size_t i = 0; i < n; i++)
		if (descriptor_was(&entries[i].d, CLASS_LOG) &&
		    (type == NULL || strcmp(entries[i].d.type, type) == 0))
			harvest_stream(h, s, &entries[i].d);
	free(entries);
}

#endif
