/*
 * test_ring_index.c -- the index of a lane against a model that walks every
 * record: batches and records of all lengths, in lanes of all sizes, at all
 * positions.
 */
#include <stdlib.h>

#include "common/ring_write.h"
#include "tests/unit/lane.h"

#define SIZES 4 /* of lanes, from LANE_SIZE_MIN on */
#define LAPS 8
#define HEAD sizeof(struct record)

/* What the lane is to be. */
struct model {
	uint64_t size;
	uint64_t block;
	uint64_t commit;
	uint64_t records;
	uint64_t noted[LANE_BLOCKS]; /* number of the block; plus one */
	uint64_t first[LANE_BLOCKS];
	uint64_t count[LANE_BLOCKS];
};

static void
model_note(struct model *m, uint64_t pos)
{
	uint64_t block = pos / m->block, i = block % LANE_BLOCKS;

	if (m->noted[i] == block + 1)
		return;
	m->noted[i] = block + 1;
	m->first[i] = pos;
	m->count[i] = m->records;
}

/* A record or a batch of n, which stands in one piece. */
static void
model_put(struct model *m, const uint64_t *lengths, uint64_t n)
{
	uint64_t whole = 0, left = m->size - m->commit % m->size;

	for (uint64_t i = 0; i < n; i++)
		whole += lengths[i];
	if (whole > left) {
		model_note(m, m->commit);
		m->commit += left;
	}
	for (uint64_t i = 0; i < n; i++) {
		model_note(m, m->commit);
		m->commit += lengths[i];
		m->records++;
	}
}

static void
compare(const struct lane *l, const struct model *m)
{
	const struct lane_header *h = l->w.head;

	expect_eq(h->commit, m->commit);
	expect_eq(h->records, m->records);
	expect_eq(h->claim, round_up(m->commit, m->block));
	for (uint32_t i = 0; i < LANE_BLOCKS; i++) {
		if (m->noted[i] == 0)
			continue;
		expect_eq(h->index[i].first, m->first[i]);
		expect_eq(h->index[i].count, m->count[i]);
	}
}

/* A length of `most' at most: any, short, or to a block's end or just past it.
 */
static uint64_t
length_of(
    struct unit_random *r, const struct model *m, uint64_t pos, uint64_t most)
{
	uint64_t n = m->block - pos % m->block, least = HEAD + 8;

	switch (unit_below(r, 4)) {
	case 0:
		n += 8 * unit_below(r, 4);
		break;
	case 1:
		n = unit_below(r, most);
		break;
	default:
		n = unit_below(r, 200);
		break;
	}
	n = round_up(n < least ? least : n, 8);
	return n > most ? most : n;
}

/* Puts a batch of `whole' bytes at most, or one record. */
static void
put_some(struct lane *l, struct model *m, struct unit_random *r,
    uint64_t *batch, uint64_t whole)
{
	static uint64_t lengths[(LANE_SIZE_MIN << SIZES) / HEAD];
	uint64_t most = ring_record_max(m->size), n = 0, at = 0;
	int alone = unit_below(r, 4) == 0;

	while (at + HEAD + 8 <= whole && (n == 0 || !alone)) {
		lengths[n] = length_of(r, m, m->commit + at,
		    whole - at < most ? whole - at : most);
		if (!alone)
			(void)lane_batch_put(
			    l, batch + at / 8, lengths[n] - HEAD);
		at += lengths[n++];
	}
	if (alone)
		lane_put(l, at - HEAD);
	else
		ring_append_batch(&l->w, batch, at, n);
	model_put(m, lengths, n);
}

static void
fill(struct unit_random *r, uint64_t size, uint64_t start)
{
	struct model m = {
		.size = size, .block = size / LANE_BLOCKS, .commit = start
	};
	uint64_t *batch = unit_zeros(size / 4), whole, most = size / 4;
	struct lane l;

	/* also those in which all batches are short */
	if (unit_below(r, 2) == 0)
		most = m.block / 2 + unit_below(r, 4 * m.block);
	lane_begin(&l, size, start);
	while (m.commit - start < LAPS * size) {
		whole = unit_below(r, 8) == 0 ? size / 4 : unit_below(r, most);
		if (whole < HEAD + 8)
			whole = HEAD + 8;
		put_some(&l, &m, r, batch, whole & ~UINT64_C(7));
		compare(&l, &m);
	}
	(void)lane_drain(&l);
	expect_eq(l.read + l.lost, l.written);
	lane_end(&l);
	free(batch);
}

START_TEST(the_index_is_what_a_walk_over_all_records_makes_it)
{
	struct unit_random r = { 17 };

	for (int i = 0; i < UNIT_TIMES(60); i++) {
		uint64_t size = LANE_SIZE_MIN << unit_below(&r, SIZES);

		fill(&r, size, 0);
		/* so that positions pass 2^64 */
		fill(&r, size,
		    0 - (size / LANE_BLOCKS) * (1 + unit_below(&r, 200)));
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_index_is_what_a_walk_over_all_records_makes_it,
	};

	return UNIT_RUN("ring_index", tests);
}
