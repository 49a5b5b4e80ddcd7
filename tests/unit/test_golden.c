/*
 * test_golden.c -- a segment that an earlier build wrote is read as it was
 * meant.  It is the one that tests/tools/golden.c tells of.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/directory.h"
#include "common/ring.h"
#include "common/set.h"
#include "common/shared.h"
#include "common/stream.h"
#include "tests/unit/unit.h"

static struct segment s;
static struct directory_entry entries[8];
static uint64_t copy[RECORD_MAX / 8];

/* Opens the segment and reads its list; the run is from the root. */
static void
open_golden(void)
{
	int fd = open("tests/golden", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t seq;
	size_t n;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(segment_map(&s, fd, "segment-1.0"), SEGMENT_OK);
	close(fd);
	ck_assert_int_eq(
	    directory_read(&s, entries, &n, &seq), DIRECTORY_WHOLE);
	ck_assert_uint_eq(n, 4);
	ck_assert_uint_eq(seq, 1);
}

static const uint8_t *
section(size_t i)
{
	return s.base + entries[i].d.offset;
}

START_TEST(its_header_says_what_it_said)
{
	open_golden();
	ck_assert_uint_eq(s.plan.segment_size, 448 << 10);
	ck_assert_uint_eq(s.plan.desc_count, 8);
	ck_assert_uint_eq(s.plan.cooling, 60);
	ck_assert_uint_eq(s.plan.created, 1000000007);
	ck_assert_uint_eq(s.plan.generation, 3);
	ck_assert_uint_eq(s.plan.master_pid, 0);
	ck_assert_uint_eq(s.plan.master_start, 4711);
	ck_assert_uint_eq(s.plan.pid_ns, 4026531836);
	ck_assert_mem_eq(s.plan.boot_id, "0123456789abcdef", 16);
	ck_assert_str_eq(s.plan.instance, "golden");
	segment_unmap(&s);
}
END_TEST

START_TEST(its_sections_are_listed)
{
	static const char *const idents[] = { "cooled", "counters", "counters",
		"live" };
	const struct descriptor *d;

	open_golden();
	for (size_t i = 0; i < 4; i++) {
		d = &entries[i].d;
		ck_assert_uint_eq(shared_load(&d->serial), 400 - 100 * i);
		ck_assert_str_eq(d->ident, idents[i]);
		ck_assert_str_eq(d->type, "golden");
		ck_assert_str_eq(d->owner, "tool-golden");
		ck_assert_uint_eq(d->owner_pid, 999);
		ck_assert_uint_eq(d->owner_uid, 1000);
		ck_assert_uint_eq(d->owner_start, 12345);
		ck_assert_uint_eq(d->created, 1000000103 - i);
		ck_assert_uint_eq(d->flags, i == 1 ? DESC_RETAINED : 0);
	}
	ck_assert(descriptor_is(&entries[0].d, CLASS_COOL));
	ck_assert(descriptor_was(&entries[0].d, CLASS_LOG));
	ck_assert_uint_eq(entries[0].d.cooled, 1000000200);
	ck_assert(descriptor_is(&entries[1].d, CLASS_STAT));
	ck_assert(descriptor_is(&entries[3].d, CLASS_LOG));
	segment_unmap(&s);
}
END_TEST

/* Reads a lane to its end; returns how many records it has in all. */
static uint64_t
read_lane(size_t i, uint32_t lane)
{
	struct stream_plan p;
	struct ring_reader r;
	struct ring_record record;
	enum ring_result result;
	uint64_t lost = 0, n;
	size_t length, offset;
	char text[64];

	ck_assert_int_eq(stream_check(section(i), entries[i].d.length, &p), 0);
	ring_reader_init(&r, stream_lane(section(i), &p, lane), p.lane_size);
	while ((result = ring_read(&r, copy, sizeof(copy), &length)) !=
	       RING_EMPTY) {
		if (result == RING_LAPPED) {
			ck_assert_int_eq(ring_reseat(&r, &lost), RING_DATA);
			continue;
		}
		ck_assert_int_eq(result, RING_DATA);
		n = offset = 0;
		while (
		    ring_next(copy, length, &offset, &record) == RING_RECORD) {
			(void)snprintf(text, sizeof(text), "record %ju",
			    (uintmax_t)(r.number + n));
			expect_eq(record.length, strlen(text));
			expect(
			    memcmp(record.payload, text, record.length) == 0);
			expect_eq(record.head.tag, 1 + (r.number + n) % 2);
			expect_eq(record.head.level, (r.number + n) % 8);
			expect_eq(record.head.id, (r.number + n) / 10);
			expect_eq(record.head.time, 2000000000 + r.number + n);
			n++;
		}
		ring_advance(&r, offset, n);
	}
	return r.number;
}

START_TEST(its_records_are_read)
{
	const struct lane_header *h;
	struct stream_plan p;
	struct dict_item item;
	uint64_t offset = 0;

	open_golden();
	ck_assert_uint_eq(read_lane(3, 0), 5000);
	ck_assert_uint_eq(read_lane(3, 1), 10);
	ck_assert_uint_eq(read_lane(0, 0), 20);
	ck_assert_int_eq(stream_check(section(3), entries[3].d.length, &p), 0);
	ck_assert_uint_eq(p.lanes, 2);
	h = stream_lane(section(3), &p, 1);
	ck_assert_uint_eq(h->pred_created, 999);
	ck_assert_uint_eq(h->pred_serial, 55);
	ck_assert_uint_eq(h->pred_lane, 1);
	ck_assert_uint_eq(h->pred_records, 66);
	ck_assert_uint_eq(h->pred_total, 77);
	ck_assert_uint_eq(p.id, 33);
	ck_assert_uint_eq(p.born, 1000000042);
	for (uint32_t id = 1; id <= 2; id++) {
		ck_assert_int_eq(dict_next(section(3), &p, &offset, &item), 1);
		ck_assert_int_eq(item.kind, DICT_TAG);
		ck_assert_uint_eq(item.id, id);
		ck_assert_mem_eq(
		    item.text, id == 1 ? "Begin" : "End", item.length);
	}
	ck_assert_int_eq(dict_next(section(3), &p, &offset, &item), 0);
	segment_unmap(&s);
}
END_TEST

START_TEST(its_counters_amount_to_what_they_did)
{
	struct schema_item item;
	struct set_plan p;
	size_t offset = 0;

	open_golden();
	ck_assert_int_eq(set_check(section(2), entries[2].d.length, &p), 0);
	ck_assert_uint_eq(p.id, 5);
	ck_assert_uint_eq(p.shards, 2);
	ck_assert_int_eq(set_check_schema(&p, section(2) + p.schema_offset), 0);
	ck_assert_uint_eq(set_total(section(2), &p, SCHEMA_COUNTER, 0), 41);
	ck_assert_int_eq(
	    (int64_t)set_total(section(2), &p, SCHEMA_GAUGE, 1), -7);
	ck_assert_uint_eq(set_total(section(2), &p, SCHEMA_BITMAP, 2), 0x8001);
	ck_assert_int_eq(set_is_carried(section(2)), 1);
	ck_assert_int_eq(schema_next(section(2) + p.schema_offset,
			     p.schema_length, &offset, &item),
	    1);
	ck_assert_int_eq(item.kind, SCHEMA_LABEL);
	ck_assert_str_eq(item.name, "site");
	ck_assert_str_eq(item.help, "north");
	ck_assert_int_eq(schema_next(section(2) + p.schema_offset,
			     p.schema_length, &offset, &item),
	    1);
	ck_assert_str_eq(item.name, "requests");
	ck_assert_int_eq(set_check(section(1), entries[1].d.length, &p), 0);
	ck_assert_uint_eq(p.banks, 2);
	ck_assert_uint_eq(set_total(section(1), &p, SCHEMA_COUNTER, 0), 1000);
	ck_assert_uint_eq(bank_folded(section(1)), 42);
	segment_unmap(&s);
}
END_TEST

/* Bucket numbers, not histogram_bucket(): they are the layout, too. */
START_TEST(its_histogram_has_what_it_had)
{
	static const struct {
		size_t section;
		uint32_t word;
		uint64_t total;
	} t[] = {
		{ 2, 0, 17 * 7 + 123456 * 11 },
		{ 2, 1 + 17, 7 },
		{ 2, 1 + 222, 11 },
		{ 2, 1 + 960, 0 },
		{ 1, 0, 33 },
		{ 1, 1 + 17, 2 },
		{ 1, 1 + 222, 0 },
		{ 1, 1 + 960, 1 },
	};
	struct schema_item item = { 0 };
	struct set_plan p;
	size_t offset = 0;

	open_golden();
	ck_assert_int_eq(set_check(section(2), entries[2].d.length, &p), 0);
	while (schema_next(section(2) + p.schema_offset, p.schema_length,
		   &offset, &item) == 1)
		continue;
	ck_assert_int_eq(item.kind, SCHEMA_HISTOGRAM);
	ck_assert_str_eq(item.name, "took");
	ck_assert_uint_eq(item.words, 962);
	for (size_t i = 0; i < UNIT_COUNT(t); i++) {
		const uint8_t *from = section(t[i].section);

		ck_assert_int_eq(
		    set_check(from, entries[t[i].section].d.length, &p), 0);
		ck_assert_uint_eq(set_total(from, &p, SCHEMA_HISTOGRAM,
				      item.word + t[i].word),
		    t[i].total);
	}
	segment_unmap(&s);
}
END_TEST

START_TEST(its_tombstone_is_found)
{
	struct tombstone t;

	open_golden();
	ck_assert_int_eq(directory_tombstone(&s, 77, &t), 0);
	ck_assert_uint_eq(t.lanes, 2);
	ck_assert_uint_eq(t.freed, 1000000300);
	ck_assert_uint_eq(t.records[0], 123);
	ck_assert_uint_eq(t.records[1], 456);
	ck_assert_uint_eq(t.owner_pid, 998);
	ck_assert_uint_eq(t.created, 1000000050);
	ck_assert_str_eq(t.type, "golden");
	ck_assert_str_eq(t.ident, "buried");
	ck_assert_uint_eq(directory_buried(&s), 1);
	ck_assert_int_eq(directory_tombstone_at(&s, 0, &t), 0);
	segment_unmap(&s);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		its_header_says_what_it_said,
		its_sections_are_listed,
		its_records_are_read,
		its_counters_amount_to_what_they_did,
		its_histogram_has_what_it_had,
		its_tombstone_is_found,
	};

	return UNIT_RUN("golden", tests);
}
