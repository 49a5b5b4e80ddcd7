/*
 * lane.c -- fill a lane with records that tell their own number, and read them.
 */
#include "tests/unit/lane.h"

#include <stdlib.h>
#include <string.h>

#include "common/shared.h"

#define COPY_SIZE ((size_t)RECORD_MAX)

void
lane_begin(struct lane *l, uint64_t size, uint64_t start)
{
	memset(l, 0, sizeof(*l));
	l->size = size;
	l->memory = unit_zeros(sizeof(struct lane_header) + size);
	l->copy = unit_zeros(COPY_SIZE);
	ring_create(&l->w, l->memory, size, start);
	ring_reader_init(&l->r, l->memory, size);
}

void
lane_end(struct lane *l)
{
	free(l->memory);
	free(l->copy);
}

/* What byte i of record `number' is. */
static char
byte_of(uint64_t number, uint64_t i)
{
	return (char)(number * 31 + i * 7);
}

static struct record
make(uint64_t number, uint64_t n, char *payload)
{
	struct record r = {
		.length = (uint32_t)(sizeof(r) + n),
		.tag = (uint16_t)(number % TAGS_MAX),
		.level = (uint8_t)(number % 8),
		.id = number * 3,
		.time = number * 1000,
	};

	memcpy(payload, &number, 8);
	for (uint64_t i = 8; i < n; i++)
		payload[i] = byte_of(number, i);
	return r;
}

void
lane_put(struct lane *l, uint64_t n)
{
	char payload[RECORD_MAX];
	struct record r = make(l->written, n < 8 ? 8 : n, payload);

	ring_append(&l->w, &r, payload);
	l->written++;
}

uint64_t
lane_batch_put(struct lane *l, uint64_t *to, uint64_t n)
{
	char payload[RECORD_MAX];
	struct record r = make(l->written, n < 8 ? 8 : n, payload);

	memset(to, 0, round_up(r.length, 8));
	memcpy(to, &r, sizeof(r));
	memcpy((char *)to + sizeof(r), payload, r.length - sizeof(r));
	l->written++;
	return round_up(r.length, 8);
}

void
lane_check_record(const struct ring_record *r, uint64_t number)
{
	uint64_t told;

	expect(r->length >= 8);
	memcpy(&told, r->payload, 8);
	expect_eq(told, number);
	expect_eq(r->head.tag, number % TAGS_MAX);
	expect_eq(r->head.level, number % 8);
	expect_eq(r->head.id, number * 3);
	expect_eq(r->head.time, number * 1000);
	for (uint64_t i = 8; i < r->length; i++)
		if (r->payload[i] != byte_of(number, i))
			ck_abort_msg("record %ju: byte %ju is torn",
			    (uintmax_t)number, (uintmax_t)i);
}

/* Takes all records out of the copy; 0, or -1 at one that is none. */
static int
take(struct lane *l, size_t length)
{
	enum ring_step step;
	struct ring_record r;
	uint64_t n = 0;
	size_t offset = 0;

	while (
	    (step = ring_next(l->copy, length, &offset, &r)) == RING_RECORD) {
		lane_check_record(&r, l->r.number + n);
		n++;
	}
	l->padded += offset > length;
	ring_advance(&l->r, offset, n);
	l->read += n;
	return step == RING_BAD || offset == 0 ? -1 : 0;
}

enum ring_result
lane_step(struct lane *l)
{
	enum ring_result result;
	size_t length;

	result = ring_read(&l->r, l->copy, COPY_SIZE, &length);
	switch (result) {
	case RING_DATA:
		if (take(l, length) == 0)
			return RING_DATA;
		return ring_skip(&l->r, &l->lost);
	case RING_LAPPED:
		return ring_reseat(&l->r, &l->lost);
	case RING_CORRUPT:
		return ring_skip(&l->r, &l->lost);
	case RING_EMPTY:
		break;
	}
	return RING_EMPTY;
}

enum ring_result
lane_drain(struct lane *l)
{
	enum ring_result result;

	while ((result = lane_step(l)) == RING_DATA)
		continue;
	return result;
}
