/*
 * test_store.c -- the life of sections: reserved, listed, cooling, given up.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/shared.h"
#include "daemon/extent.h"
#include "tests/unit/depot.h"

static struct depot d;

/* What the steps of a change look like from outside. */
static struct {
	uint64_t changing, seen, last;
} watched;

static void
watch(void *arg, const char *where)
{
	uint64_t seq;

	(void)arg;
	if (d.map.base == NULL)
		return;
	seq = directory_seq(&d.map);
	if (strcmp(where, "done") == 0) {
		expect(seq > watched.last);
		watched.last = seq;
		watched.seen++;
	} else if (strcmp(where, "open") != 0) {
		expect_eq(seq, 0);
		watched.changing++;
	}
}

START_TEST(alloc_seq_is_zero_during_a_change_and_new_afterwards)
{
	struct store_owner o = depot_process(1);
	struct message_section m;

	depot_begin(&d);
	d.options.step = watch;
	d.options.first_seq = 41;
	depot_open(&d);
	expect_eq(directory_seq(&d.map), 42);
	watched.last = 42;
	m = depot_stream(&d, &o);
	store_client_gone(d.store, &o, d.now);
	store_client_came(d.store, &o, d.now);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	depot_pass(&d, DEPOT_COOLING);
	store_tick(d.store, d.now);
	expect(watched.changing >= 10);
	expect_eq(watched.seen, 5);
	depot_end(&d);
}
END_TEST

START_TEST(nobody_sees_an_alloc_seq_before_the_doors_open)
{
	struct store_taken taken;

	depot_begin(&d);
	d.store = store_create(&d.options, NULL, d.now);
	expect(d.store != NULL);
	expect(segment_map(&d.map, d.dirfd, "segment.new") == SEGMENT_OK);
	expect_eq(directory_seq(&d.map), 0);
	store_takeover(d.store, NULL, 0, d.now, &taken);
	expect_eq(directory_seq(&d.map), 0);
	store_open_for_business(d.store, d.now);
	expect_eq(directory_seq(&d.map), 1);
	depot_end(&d);
}
END_TEST

START_TEST(the_header_says_who_made_it_and_after_what)
{
	struct segment_plan old = { .created = UINT64_MAX / 2,
		.generation = 4 };

	depot_begin(&d);
	d.store = store_create(&d.options, &old, d.now);
	expect(segment_map(&d.map, d.dirfd, "segment.new") == SEGMENT_OK);
	expect_eq(d.map.plan.created, old.created + 1);
	expect_eq(d.map.plan.generation, 5);
	expect_eq(d.map.plan.master_pid, 999);
	store_heartbeat(d.store);
	expect_eq(d.map.head->heartbeat, 1);
	store_end(d.store);
	expect_eq(d.map.head->master_pid, 0);
	depot_end(&d);
}
END_TEST

START_TEST(a_reserved_section_is_not_listed_a_published_one_is)
{
	struct store_owner o = depot_process(1);
	struct message_section m;
	struct directory_entry e;

	depot_begin(&d);
	depot_open(&d);
	expect_eq(depot_alloc(&d, &o, "mine", "x", 5000, &m), MESSAGE_OK);
	expect_eq(m.length, 8192);
	expect(!depot_find(&d, m.serial, &e));
	expect_eq(depot_publish(&d, &o, &m), MESSAGE_OK);
	expect(depot_find(&d, m.serial, &e));
	expect_eq(e.index, m.index);
	expect(e.d.owner_pid == 1 && e.d.owner_uid == 1000);
	expect(strcmp(e.d.owner, "worker") == 0);
	expect(descriptor_is(&e.d, "mine"));
	/* the answer was lost: the same again */
	expect_eq(depot_publish(&d, &o, &m), MESSAGE_OK);
	depot_end(&d);
}
END_TEST

START_TEST(only_the_same_process_may_publish_or_free)
{
	struct store_owner o = depot_process(1), other = depot_process(2);
	struct store_owner reborn = o;
	struct message_section m, wrong;

	depot_begin(&d);
	depot_open(&d);
	reborn.start++;
	expect_eq(depot_alloc(&d, &o, "mine", "x", 1, &m), MESSAGE_OK);
	expect_eq(depot_publish(&d, &other, &m), MESSAGE_NOT_YOURS);
	expect_eq(depot_publish(&d, &reborn, &m), MESSAGE_NOT_YOURS);
	wrong = m;
	wrong.index = UINT32_MAX;
	expect_eq(depot_publish(&d, &o, &wrong), MESSAGE_NOT_YOURS);
	wrong = m;
	wrong.serial++;
	expect_eq(depot_publish(&d, &o, &wrong), MESSAGE_NOT_YOURS);
	/* the daemon's own set is nobody's */
	wrong = (struct message_section){ .serial = 1, .index = 0 };
	expect_eq(store_free(d.store, &o, &wrong, d.now), MESSAGE_NOT_YOURS);
	expect_eq(store_free(d.store, &other, &m, d.now), MESSAGE_NOT_YOURS);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_NOT_YOURS);
	depot_end(&d);
}
END_TEST

START_TEST(what_cannot_be_is_refused_and_changes_nothing)
{
	struct store_owner o = depot_process(1);
	struct message_section m;
	struct store_figures before, after;
	struct message_alloc a;
	static const struct {
		uint64_t length;
		enum message_status status;
		char class[CLASS_MAX + 1];
		char type[TYPE_MAX + 1];
		char ident[IDENT_MAX + 1];
	} cases[] = {
		{ 1, MESSAGE_BAD_ARGUMENT, "", "t", "i" },
		{ 1, MESSAGE_BAD_ARGUMENT, "Cool", "t", "i" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a\0b", "t", "i" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a b", "t", "i" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a", "", "i" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a", "0123456789abcdef", "i" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a", "t\0t", "i" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a", "t", "" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a", "t", "\xff" },
		{ 1, MESSAGE_BAD_ARGUMENT, "a", "t", "i\n" },
		{ 0, MESSAGE_BAD_ARGUMENT, "a", "t", "i" },
		{ DEPOT_SIZE, MESSAGE_NO_SPACE, "a", "t", "i" },
		{ UINT64_C(1) << 63, MESSAGE_NO_SPACE, "a", "t", "i" },
		{ UINT64_MAX, MESSAGE_NO_SPACE, "a", "t", "i" },
	};

	depot_begin(&d);
	depot_open(&d);
	before = depot_figures(&d);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&a, 0, sizeof(a));
		memcpy(a.class, cases[i].class, CLASS_MAX);
		memcpy(a.type, cases[i].type, TYPE_MAX);
		memcpy(a.ident, cases[i].ident, IDENT_MAX);
		a.length = cases[i].length;
		expect_eq(
		    store_alloc(d.store, &o, &a, d.now, &m), cases[i].status);
	}
	after = depot_figures(&d);
	expect(memcmp(&before, &after, sizeof(before)) == 0);
	expect_eq(store_owner_sections(d.store, o.pid, o.start), 0);
	depot_end(&d);
}
END_TEST

START_TEST(no_space_and_no_sections_leave_all_as_it_was)
{
	struct store_owner o = depot_process(1);
	struct message_section m;
	struct store_figures before, after;

	depot_begin(&d);
	depot_open(&d);
	before = depot_figures(&d);
	expect_eq(
	    depot_alloc(&d, &o, "a", "x", before.largest, &m), MESSAGE_OK);
	expect_eq(depot_alloc(&d, &o, "a", "x", 1, &m), MESSAGE_NO_SPACE);
	after = depot_figures(&d);
	expect_eq(after.bytes_free, 0);
	expect_eq(after.reserved, 1);
	depot_end(&d);

	depot_begin(&d);
	depot_open(&d);
	for (int i = 1; i < DEPOT_SECTIONS; i++)
		expect_eq(depot_alloc(&d, &o, "a", "x", 1, &m), MESSAGE_OK);
	before = depot_figures(&d);
	expect_eq(depot_alloc(&d, &o, "a", "x", 1, &m), MESSAGE_NO_SECTIONS);
	after = depot_figures(&d);
	expect(memcmp(&before, &after, sizeof(before)) == 0);
	depot_end(&d);
}
END_TEST

START_TEST(no_room_for_the_file_leaves_nothing_behind)
{
	depot_begin(&d);
	d.options.size = UINT64_C(1) << 50;
	expect(store_create(&d.options, NULL, d.now) == NULL);
	expect(faccessat(d.dirfd, "segment.new", F_OK, 0) == -1);
	d.options.size = 8192;
	d.options.sections = 1000;
	expect(store_create(&d.options, NULL, d.now) == NULL);
	expect(faccessat(d.dirfd, "segment.new", F_OK, 0) == -1);
	depot_end(&d);
}
END_TEST

START_TEST(a_freed_section_cools_with_its_bytes_then_is_zeroed_and_reused)
{
	struct store_owner o = depot_process(1);
	struct message_section m, again;
	struct directory_entry e;
	struct store_figures f = { 0 };
	uint8_t *memory;

	depot_begin(&d);
	depot_open(&d);
	f = depot_figures(&d);
	expect_eq(depot_alloc(&d, &o, "a", "x", f.largest, &m), MESSAGE_OK);
	memory = depot_memory(&d, &m);
	memset(memory, 0x55, m.length);
	expect_eq(depot_publish(&d, &o, &m), MESSAGE_OK);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	depot_pass(&d, DEPOT_COOLING - 1);
	store_tick(d.store, d.now);
	(void)store_background(d.store, DEPOT_SIZE);
	expect(depot_find(&d, m.serial, &e));
	expect(descriptor_is(&e.d, CLASS_COOL) && descriptor_was(&e.d, "a"));
	expect(e.d.cooled != 0);
	for (uint64_t i = 0; i < m.length; i++)
		expect(memory[i] == 0x55);
	depot_pass(&d, 1);
	store_tick(d.store, d.now);
	expect(!depot_find(&d, m.serial, &e));
	expect_eq(depot_figures(&d).bytes_free, f.bytes_free);
	/* some in the background, the rest when they are needed */
	expect_eq(store_background(d.store, 10 * SEGMENT_PAGE), 1);
	expect_eq(memory[0], 0);
	expect_eq(memory[10 * SEGMENT_PAGE], 0x55);
	expect_eq(depot_alloc(&d, &o, "a", "x", f.largest, &again), MESSAGE_OK);
	expect(again.serial > m.serial);
	for (uint64_t i = 0; i < again.length; i++)
		expect(memory[i] == 0);
	expect_eq(store_background(d.store, DEPOT_SIZE), 0);
	depot_end(&d);
}
END_TEST

START_TEST(short_of_space_the_oldest_that_cooled_ten_seconds_go_first)
{
	struct store_owner o = depot_process(1);
	struct message_section m[4], next;
	struct directory_entry e;
	uint64_t quarter;

	depot_begin(&d);
	depot_open(&d);
	quarter = depot_figures(&d).largest / 4 & ~(uint64_t)4095;
	for (int i = 0; i < 4; i++) {
		expect_eq(
		    depot_alloc(&d, &o, "a", "x", quarter, &m[i]), MESSAGE_OK);
		expect_eq(depot_publish(&d, &o, &m[i]), MESSAGE_OK);
	}
	for (int i = 0; i < 4; i++) {
		/* the second one first */
		expect_eq(
		    store_free(d.store, &o, &m[i ^ 1], d.now), MESSAGE_OK);
		depot_pass(&d, 3);
	}
	/* they have cooled for 12, 9, 6 and 3 seconds */
	expect_eq(depot_alloc(&d, &o, "a", "x", 2 * quarter, &next),
	    MESSAGE_NO_SPACE);
	for (int i = 0; i < 4; i++)
		expect(depot_find(&d, m[i].serial, &e));
	expect_eq(depot_alloc(&d, &o, "a", "x", quarter, &next), MESSAGE_OK);
	expect_eq(next.offset, m[1].offset);
	expect(!depot_find(&d, m[1].serial, &e));
	expect(depot_find(&d, m[0].serial, &e));
	expect_eq(
	    depot_alloc(&d, &o, "a", "x", quarter, &next), MESSAGE_NO_SPACE);
	depot_pass(&d, 4);
	/* 13 (the second of them), 10, 7: together they make a run */
	expect_eq(depot_alloc(&d, &o, "a", "x", quarter, &next), MESSAGE_OK);
	expect_eq(next.offset, m[0].offset);
	depot_end(&d);
}
END_TEST

START_TEST(an_orphan_does_not_cool_until_its_process_is_dead)
{
	struct store_owner o = depot_process(1), again = o;
	struct message_section m, reserved;
	struct directory_entry e;

	depot_begin(&d);
	depot_open(&d);
	m = depot_stream(&d, &o);
	expect_eq(depot_alloc(&d, &o, "a", "x", 1, &reserved), MESSAGE_OK);
	store_client_gone(d.store, &o, d.now);
	depot_pass(&d, 2 * DEPOT_COOLING);
	store_tick(d.store, d.now);
	expect(depot_find(&d, m.serial, &e));
	expect(descriptor_is(&e.d, CLASS_LOG));
	expect_eq(e.d.flags, DESC_ORPHAN);
	expect_eq(depot_figures(&d).orphaned, 2);
	expect_eq(store_owner_sections(d.store, o.pid, o.start), 2);
	again.client = 77;
	store_client_came(d.store, &again, d.now);
	expect(depot_find(&d, m.serial, &e));
	expect_eq(e.d.flags, 0);
	/* what came through another connection stays what it is */
	store_client_gone(d.store, &o, d.now);
	expect_eq(depot_figures(&d).orphaned, 0);
	store_client_gone(d.store, &again, d.now);
	store_owner_died(d.store, o.pid, o.start + 1, d.now);
	expect_eq(depot_figures(&d).orphaned, 2);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect(depot_find(&d, m.serial, &e));
	expect(descriptor_is(&e.d, CLASS_COOL));
	expect_eq(e.d.flags, 0);
	expect_eq(depot_figures(&d).orphaned, 0);
	expect_eq(depot_figures(&d).cooling, 2);
	expect_eq(store_owner_sections(d.store, o.pid, o.start), 0);
	depot_end(&d);
}
END_TEST

START_TEST(a_tombstone_says_how_many_records_there_were)
{
	struct store_owner o = depot_process(1);
	struct message_section m, full;
	struct ring_writer w;
	struct tombstone t;

	depot_begin(&d);
	depot_open(&d);
	m = depot_stream(&d, &o);
	w = depot_lane(&d, &m);
	depot_put(&w, 12345); /* several laps */
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	depot_put(&w, 5); /* it was in mid-append */
	expect(directory_tombstone(&d.map, m.serial, &t) == -1);
	depot_pass(&d, 11);
	expect_eq(depot_alloc(&d, &o, "a", "x",
		      depot_figures(&d).largest + m.length, &full),
	    MESSAGE_OK);
	expect(directory_tombstone(&d.map, m.serial, &t) == 0);
	expect_eq(t.lanes, 1);
	expect_eq(t.records[0], 12350);
	expect(t.freed != 0);
	expect_eq(t.owner_pid, 1);
	expect(t.created != 0 && t.created < t.freed + 1);
	ck_assert_str_eq(t.type, "test");
	ck_assert_str_eq(t.ident, "log");
	depot_end(&d);
}
END_TEST

START_TEST(rubbish_is_not_published_and_stays_reserved)
{
	struct store_owner o = depot_process(1);
	struct unit_random r = { .state = 1 };
	struct message_section m;
	struct directory_entry e;

	depot_begin(&d);
	depot_open(&d);
	for (int i = 0; i < 2000; i++) {
		const char *class = i & 1 ? CLASS_LOG : CLASS_STAT;
		uint8_t *memory;

		expect_eq(
		    depot_alloc(&d, &o, class, "x", 8192, &m), MESSAGE_OK);
		memory = depot_memory(&d, &m);
		unit_rubbish(&r, memory, m.length);
		if (unit_below(&r, 2))
			*(uint64_t *)memory = i & 1 ? STREAM_MAGIC : SET_MAGIC;
		if (depot_publish(&d, &o, &m) == MESSAGE_BAD_SECTION)
			expect(!depot_find(&d, m.serial, &e));
		expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
		depot_pass(&d, DEPOT_COOLING);
		store_tick(d.store, d.now);
	}
	expect_eq(depot_figures(&d).cooling, 0);
	depot_end(&d);
}
END_TEST

START_TEST(shares_are_told_by_process_and_by_user)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct message_section m, n;
	struct store_use use;

	depot_begin(&d);
	depot_open(&d);
	expect_eq(depot_alloc(&d, &o, "a", "x", 4096, &m), MESSAGE_OK);
	expect_eq(depot_alloc(&d, &p, "a", "x", 8192, &n), MESSAGE_OK);
	store_use_process(d.store, o.pid, o.start, &use);
	expect(use.bytes == 4096 && use.sections == 1);
	store_use_uid(d.store, 1000, &use);
	expect(use.bytes == 12288 && use.sections == 2);
	expect_eq(store_free(d.store, &p, &n, d.now), MESSAGE_OK);
	store_use_uid(d.store, 1000, &use);
	expect(use.bytes == 4096 && use.sections == 1);
	expect(use.cooling_bytes == 8192 && use.cooling_sections == 1);
	depot_pass(&d, DEPOT_COOLING);
	store_tick(d.store, d.now);
	store_use_uid(d.store, 1000, &use);
	expect(use.cooling_bytes == 0 && use.cooling_sections == 0);
	store_use_uid(d.store, 1001, &use);
	expect(use.bytes == 0 && use.sections == 0);
	depot_end(&d);
}
END_TEST

START_TEST(ten_thousand_live_sections_do_not_make_an_alloc_dearer)
{
	struct store_owner o = depot_process(1);
	struct message_section m;
	uint64_t compared;

	depot_begin(&d);
	d.options.sections = 20000;
	d.options.size = UINT64_C(128) << 20;
	depot_open(&d);
	for (uint32_t i = 0; i < 20000 - 10; i++) {
		expect_eq(depot_alloc(&d, &o, "a", "x", 1, &m), MESSAGE_OK);
		/* every other one goes: 10,000 runs of one free page */
		if (i % 2 == 0)
			expect_eq(
			    store_free(d.store, &o, &m, d.now), MESSAGE_OK);
		else
			expect_eq(depot_publish(&d, &o, &m), MESSAGE_OK);
	}
	depot_pass(&d, DEPOT_COOLING);
	while (depot_figures(&d).cooling > 0)
		store_tick(d.store, d.now);
	expect(depot_figures(&d).live > 9990);
	compared = extents_compared();
	for (int i = 0; i < 100; i++) {
		expect_eq(depot_alloc(&d, &o, "a", "x", 8192, &m), MESSAGE_OK);
		expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	}
	/* a few walks down trees of 10,000 each: 2 * log2(10,000) is 27 */
	expect(extents_compared() - compared < 100 * 6 * 27);
	depot_end(&d);
}
END_TEST

/* With a hole, with zeros, with rubbish in what is written once or later. */
START_TEST(what_a_worker_wrote_over_is_written_anew)
{
	const size_t at[] = { 0, 40, 130, 256, SEGMENT_PAGE,
		/* a descriptor's serial */ };
	struct store_owner o = depot_process(1);
	struct directory_entry e;
	struct message_section m;

	depot_begin(&d);
	depot_open(&d);
	m = depot_stream(&d, &o);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		expect_eq(store_check(d.store), STORE_WELL);
		expect(pwrite(store_fd(d.store), "rubbish!", 8, (off_t)at[i]) ==
		       8);
		expect_eq(store_check(d.store), STORE_REPAIRED);
		expect_eq(store_check(d.store), STORE_WELL);
		expect(depot_find(&d, m.serial, &e));
	}
	expect(ftruncate(store_fd(d.store), 0) == 0);
	expect(ftruncate(store_fd(d.store),
		   (off_t)store_plan(d.store)->segment_size) == 0);
	expect_eq(store_check(d.store), STORE_REPAIRED);
	expect(depot_find(&d, m.serial, &e));
	depot_end(&d);
}
END_TEST

START_TEST(a_truncated_file_is_restored_from_private_truth)
{
	struct store_owner o = depot_process(1);
	struct message_section m;
	struct directory_entry e;
	struct set_plan p;

	depot_begin(&d);
	depot_open(&d);
	m = depot_stream(&d, &o);
	expect_eq(store_check(d.store), STORE_WELL);
	depot_forget(&d);
	expect(ftruncate(store_fd(d.store), 0) == 0);
	store_count(d.store, STORE_REQUESTS, 7);
	store_heartbeat(d.store);
	store_tick(d.store, d.now);
	expect_eq(store_check(d.store), STORE_RESTORED);
	expect_eq(store_check(d.store), STORE_WELL);
	expect(segment_map(&d.map, d.dirfd, SEGMENT_FILE) == SEGMENT_OK);
	expect(depot_find(&d, m.serial, &e));
	expect(descriptor_is(&e.d, CLASS_LOG));
	expect(depot_find(&d, 1, &e));
	expect(e.d.flags == DESC_DAEMON);
	expect(set_check(d.map.base + e.d.offset, e.d.length, &p) == 0);
	expect_eq(set_total(d.map.base + e.d.offset, &p, SCHEMA_COUNTER,
		      STORE_REQUESTS),
	    7);
	expect(store_free(d.store, &o, &m, d.now) == MESSAGE_OK);
	expect(depot_find(&d, m.serial, &e));
	depot_end(&d);
}
END_TEST

static void
count_line(void *arg, const char *text)
{
	expect(strlen(text) > 10 && strchr(text, '\n') == NULL);
	(*(int *)arg)++;
}

START_TEST(a_dump_has_a_line_a_section)
{
	struct store_owner o = depot_process(1);
	int lines = 0;

	depot_begin(&d);
	depot_open(&d);
	(void)depot_stream(&d, &o);
	store_refused(d.store, MESSAGE_OK);
	store_refused(d.store, MESSAGE_NO_SPACE);
	store_dump(d.store, d.now, count_line, &lines);
	expect_eq(lines, 2 + 3);
	depot_end(&d);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		alloc_seq_is_zero_during_a_change_and_new_afterwards,
		nobody_sees_an_alloc_seq_before_the_doors_open,
		the_header_says_who_made_it_and_after_what,
		a_reserved_section_is_not_listed_a_published_one_is,
		only_the_same_process_may_publish_or_free,
		what_cannot_be_is_refused_and_changes_nothing,
		no_space_and_no_sections_leave_all_as_it_was,
		no_room_for_the_file_leaves_nothing_behind,
		a_freed_section_cools_with_its_bytes_then_is_zeroed_and_reused,
		short_of_space_the_oldest_that_cooled_ten_seconds_go_first,
		an_orphan_does_not_cool_until_its_process_is_dead,
		a_tombstone_says_how_many_records_there_were,
		rubbish_is_not_published_and_stays_reserved,
		shares_are_told_by_process_and_by_user,
		ten_thousand_live_sections_do_not_make_an_alloc_dearer,
		what_a_worker_wrote_over_is_written_anew,
		a_truncated_file_is_restored_from_private_truth,
		a_dump_has_a_line_a_section,
	};

	return UNIT_RUN("store", tests);
}
