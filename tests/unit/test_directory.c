/*
 * test_directory.c -- the list of sections: a daemon's mapping that changes it
 * and a reader's, of the same file, that looks on.
 */
#include "common/directory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/shared.h"
#include "tests/unit/pair.h"

static struct descriptor
make(struct pair *p, const char *class, uint64_t serial, uint32_t next)
{
	struct descriptor d;

	memset(&d, 0, sizeof(d));
	shared_store(&d.serial, serial);
	d.offset = p->s.plan.data_offset + serial % 16 * SEGMENT_PAGE;
	d.length = SEGMENT_PAGE;
	d.next = next;
	memcpy(d.class, class, strlen(class));
	strcpy(d.type, "type");
	strcpy(d.ident, "ident");
	return d;
}

/* Lists `count' sections: 1 behind 0, 2 behind 1, ..., serials from 1 on. */
static void
list(struct pair *p, uint32_t count)
{
	struct descriptor d;

	directory_begin(&p->dir);
	for (uint32_t i = 0; i < count; i++) {
		d = make(p, CLASS_LOG, i + 1, i + 1 < count ? i + 2 : 0);
		directory_store(&p->dir, i, &d);
	}
	directory_link(&p->dir, PAIR_SECTIONS, count == 0 ? 0 : 1, 0);
	directory_end(&p->dir);
}

static enum directory_result
look(struct pair *p)
{
	return directory_read(&p->s, p->entries, &p->n, &p->seq);
}

START_TEST(a_new_directory_is_in_change_until_it_is_ended)
{
	struct pair p;

	pair_begin(&p, 0);
	ck_assert_uint_eq(directory_seq(&p.s), 0);
	ck_assert_int_eq(look(&p), DIRECTORY_CHANGING);
	directory_end(&p.dir);
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	ck_assert_uint_eq(p.n, 0);
	ck_assert_uint_eq(p.seq, 1);
	pair_end(&p);
}
END_TEST

START_TEST(what_is_listed_is_read_in_its_order)
{
	struct pair p;
	struct descriptor d;

	pair_begin(&p, 0);
	list(&p, PAIR_SECTIONS);
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	ck_assert_uint_eq(p.n, PAIR_SECTIONS);
	for (uint32_t i = 0; i < PAIR_SECTIONS; i++) {
		d = make(
		    &p, CLASS_LOG, i + 1, i + 1 < PAIR_SECTIONS ? i + 2 : 0);
		ck_assert_uint_eq(p.entries[i].index, i);
		ck_assert_uint_eq(shared_load(&p.entries[i].d.serial), i + 1);
		ck_assert_mem_eq(&p.entries[i].d.offset, &d.offset,
		    sizeof(d) - offsetof(struct descriptor, offset));
	}
	/* out of the middle, by a link alone */
	directory_begin(&p.dir);
	directory_link(&p.dir, 2, 5, 0);
	directory_end(&p.dir);
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	ck_assert_uint_eq(p.n, PAIR_SECTIONS - 1);
	ck_assert_uint_eq(p.entries[3].index, 4);
	pair_end(&p);
}
END_TEST

START_TEST(alloc_seq_is_zero_during_a_change_and_new_after_it)
{
	uint64_t seen[4] = { 0 };
	struct pair p;

	/* it passes 2^64 and leaves zero out */
	pair_begin(&p, UINT64_MAX - 2);
	for (int i = 0; i < 4; i++) {
		list(&p, 2);
		ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
		seen[i] = p.seq;
		ck_assert_uint_ne(seen[i], 0);
		for (int j = 0; j < i; j++)
			ck_assert_uint_ne(seen[i], seen[j]);
		directory_begin(&p.dir);
		ck_assert_uint_eq(directory_seq(&p.s), 0);
		ck_assert_int_eq(look(&p), DIRECTORY_CHANGING);
	}
	pair_end(&p);
}
END_TEST

START_TEST(a_list_without_an_end_is_corrupt)
{
	struct pair p;

	pair_begin(&p, 0);
	list(&p, 3);
	for (uint32_t to = 1; to <= 3; to++) {
		directory_begin(&p.dir);
		directory_link(&p.dir, 2, to, 0);
		directory_end(&p.dir);
		ck_assert_int_eq(look(&p), DIRECTORY_CORRUPT);
		ck_assert_uint_le(p.n, PAIR_SECTIONS);
	}
	pair_end(&p);
}
END_TEST

START_TEST(a_list_that_leaves_the_table_is_corrupt)
{
	static const uint32_t out[] = { PAIR_SECTIONS + 1, PAIR_SECTIONS + 2,
		100000, UINT32_MAX };
	struct pair p;

	pair_begin(&p, 0);
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
		list(&p, 3);
		directory_begin(&p.dir);
		directory_link(
		    &p.dir, i % 2 == 0 ? 2 : PAIR_SECTIONS, out[i], 0);
		directory_end(&p.dir);
		ck_assert_int_eq(look(&p), DIRECTORY_CORRUPT);
	}
	/* and one that leads to an unused descriptor */
	list(&p, 3);
	directory_begin(&p.dir);
	directory_link(&p.dir, 2, 6, 0);
	directory_end(&p.dir);
	ck_assert_int_eq(look(&p), DIRECTORY_CORRUPT);
	pair_end(&p);
}
END_TEST

START_TEST(a_section_outside_of_the_data_pages_is_none)
{
	struct pair p;
	struct descriptor d;
	uint64_t data, bad[7][2];

	pair_begin(&p, 0);
	data = p.s.plan.data_offset;
	memcpy(bad,
	    (uint64_t[7][2]){ { 0, SEGMENT_PAGE },
		{ data - SEGMENT_PAGE, SEGMENT_PAGE },
		{ data + 8, SEGMENT_PAGE }, { PAIR_SIZE, SEGMENT_PAGE },
		{ data, PAIR_SIZE }, { data, UINT64_MAX },
		{ UINT64_MAX - SEGMENT_PAGE + 1, 2 * SEGMENT_PAGE } },
	    sizeof(bad));
	for (size_t i = 0; i < 7; i++) {
		list(&p, 1);
		d = make(&p, CLASS_LOG, 1, 0);
		d.offset = bad[i][0];
		d.length = bad[i][1];
		directory_begin(&p.dir);
		directory_store(&p.dir, 0, &d);
		directory_end(&p.dir);
		ck_assert_int_eq(directory_entry(&p.s, 0, &d), -1);
		ck_assert_int_eq(look(&p), DIRECTORY_CORRUPT);
		directory_scan(&p.s, p.entries, &p.n);
		ck_assert_uint_eq(p.n, 0);
	}
	ck_assert_int_eq(directory_entry(&p.s, PAIR_SECTIONS, &d), -1);
	ck_assert_int_eq(directory_entry(&p.s, UINT32_MAX, &d), -1);
	pair_end(&p);
}
END_TEST

START_TEST(names_without_an_end_get_one)
{
	struct pair p;
	struct descriptor d;

	pair_begin(&p, 0);
	d = make(&p, CLASS_LOG, 1, 0);
	memset(d.class, 'x', sizeof(d.class));
	memset(d.type, 'x', sizeof(d.type));
	memset(d.owner, 'x', sizeof(d.owner));
	memset(d.ident, 'x', sizeof(d.ident));
	directory_store(&p.dir, 0, &d);
	ck_assert_int_eq(directory_entry(&p.s, 0, &d), 0);
	ck_assert_uint_eq(strlen(d.type), TYPE_MAX - 1);
	ck_assert_uint_eq(strlen(d.owner), OWNER_MAX - 1);
	ck_assert_uint_eq(strlen(d.ident), IDENT_MAX - 1);
	ck_assert_int_eq(descriptor_is(&d, CLASS_LOG), 0);
	pair_end(&p);
}
END_TEST

START_TEST(a_scan_finds_what_is_whole_while_alloc_seq_is_zero)
{
	struct pair p;

	pair_begin(&p, 0);
	list(&p, 4);
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	/* a daemon killed in mid-change: one is gone, the list is broken */
	directory_begin(&p.dir);
	directory_clear(&p.dir, 1);
	ck_assert_int_eq(look(&p), DIRECTORY_CHANGING);
	directory_scan(&p.s, p.entries, &p.n);
	ck_assert_uint_eq(p.n, 3);
	ck_assert_uint_eq(p.entries[0].index, 0);
	ck_assert_uint_eq(p.entries[1].index, 2);
	ck_assert_uint_eq(p.entries[2].index, 3);
	pair_end(&p);
}
END_TEST

START_TEST(a_section_is_the_same_until_its_descriptor_changes)
{
	struct pair p;
	struct descriptor d;

	pair_begin(&p, 0);
	list(&p, 3);
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_SAME);
	/* some other one changes: still the same, also during the change */
	directory_begin(&p.dir);
	directory_clear(&p.dir, 2);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_SAME);
	directory_link(&p.dir, 1, 0, 0);
	directory_end(&p.dir);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_SAME);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[2]), SECTION_GONE);
	/* it cools */
	d = make(&p, CLASS_COOL, 2, 0);
	memcpy(d.former, CLASS_LOG, sizeof(CLASS_LOG));
	directory_begin(&p.dir);
	directory_store(&p.dir, 1, &d);
	directory_end(&p.dir);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_COOLED);
	ck_assert_int_eq(
	    directory_still(&p.s, 0, &p.entries[1]), SECTION_COOLED);
	/* who saw it cool sees it the same */
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	ck_assert_int_eq(directory_still(&p.s, 0, &p.entries[1]), SECTION_SAME);
	/* it is given up, and its descriptor becomes another's */
	directory_begin(&p.dir);
	directory_clear(&p.dir, 1);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_CHANGING);
	d = make(&p, CLASS_LOG, 9, 0);
	directory_store(&p.dir, 1, &d);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_GONE);
	directory_end(&p.dir);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_GONE);
	pair_end(&p);
}
END_TEST

/* A daemon killed before the class is stored leaves a section that lives. */
START_TEST(a_section_keeps_its_serial_while_it_cools)
{
	struct pair p;
	struct descriptor d, seen;
	uint64_t changes;

	pair_begin(&p, 0);
	list(&p, 1);
	expect_eq(directory_entry(&p.s, 0, &seen), 0);
	changes = shared_load(&seen.changes);
	d = make(&p, CLASS_COOL, 1, 0);
	memcpy(d.former, CLASS_LOG, sizeof(CLASS_LOG));
	d.cooled = 17;
	d.flags = DESC_FOLDED;
	directory_begin(&p.dir);
	directory_cool(&p.dir, 0, &d);
	expect_eq(directory_entry(&p.s, 0, &seen), 0);
	directory_end(&p.dir);
	ck_assert(descriptor_is(&seen, CLASS_COOL));
	ck_assert(descriptor_was(&seen, CLASS_LOG));
	ck_assert_uint_eq(seen.cooled, 17);
	ck_assert_uint_eq(seen.flags, DESC_FOLDED);
	ck_assert_uint_eq(shared_load(&seen.serial), 1);
	ck_assert_uint_eq(shared_load(&seen.changes), changes + 1);
	pair_end(&p);
}
END_TEST

START_TEST(classes_are_told_apart)
{
	struct pair p;
	struct descriptor d;

	pair_begin(&p, 0);
	d = make(&p, CLASS_COOL, 1, 0);
	memcpy(d.former, CLASS_STAT, sizeof(CLASS_STAT));
	ck_assert(descriptor_is(&d, CLASS_COOL));
	ck_assert(!descriptor_is(&d, CLASS_STAT));
	ck_assert(descriptor_was(&d, CLASS_STAT));
	ck_assert(!descriptor_was(&d, CLASS_LOG));
	/* a former class counts only while it is cool */
	memcpy(d.class, CLASS_LOG, sizeof(CLASS_LOG));
	ck_assert(!descriptor_was(&d, CLASS_STAT));
	ck_assert(descriptor_was(&d, CLASS_LOG));
	/* a class of all its bytes has no zero */
	memcpy(d.class, "LogLogLo", CLASS_MAX);
	ck_assert(!descriptor_is(&d, CLASS_LOG));
	ck_assert(descriptor_is(&d, "LogLogLo"));
	pair_end(&p);
}
END_TEST

START_TEST(a_list_is_unchanged_until_the_next_change_begins)
{
	struct pair p;

	pair_begin(&p, 0);
	list(&p, 2);
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	ck_assert(directory_unchanged(&p.s, p.seq));
	ck_assert(!directory_unchanged(&p.s, p.seq - 1));
	directory_begin(&p.dir);
	ck_assert(!directory_unchanged(&p.s, p.seq));
	/* what was scanned is never known to be */
	ck_assert(!directory_unchanged(&p.s, 0));
	directory_end(&p.dir);
	ck_assert(!directory_unchanged(&p.s, p.seq));
	pair_end(&p);
}
END_TEST

static int
has_masked(struct descriptor *d, const uint64_t masked[TAGS_MAX / 64])
{
	for (unsigned i = 0; i < TAGS_MAX / 64; i++)
		if (shared_load(&d->masked[i]) != masked[i])
			return 0;
	return 1;
}

START_TEST(a_mask_needs_no_change_of_the_list)
{
	uint64_t masked[TAGS_MAX / 64] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct descriptor d = { 0 };
	struct pair p;

	pair_begin(&p, 0);
	list(&p, 2);
	ck_assert_int_eq(look(&p), DIRECTORY_WHOLE);
	directory_mask(&p.dir, 1, 0x80, masked);
	ck_assert_int_eq(
	    directory_still(&p.s, p.seq, &p.entries[1]), SECTION_SAME);
	ck_assert_uint_eq(directory_seq(&p.s), p.seq);
	ck_assert_int_eq(directory_entry(&p.s, 1, &d), 0);
	expect_eq(shared_load(&d.levels), 0x80 | MASK_TAGS);
	expect(has_masked(&d, masked));
	/* and a change of the list leaves it alone */
	list(&p, 2);
	ck_assert_int_eq(directory_entry(&p.s, 1, &d), 0);
	expect_eq(shared_load(&d.levels), 0x80 | MASK_TAGS);
	expect(has_masked(&d, masked));
	pair_end(&p);
}
END_TEST

START_TEST(a_directory_of_rubbish_is_survived)
{
	struct unit_random r = { 40 };
	struct pair p;
	struct tombstone t;
	uint64_t first, whole = 0, seq;

	pair_begin(&p, 0);
	for (int i = 0; i < UNIT_TIMES(5000); i++) {
		unit_rubbish(&r, p.base + p.s.plan.desc_offset,
		    p.s.plan.data_offset - p.s.plan.desc_offset);
		seq = unit_random(&r) | 1;
		shared_store(&p.dir.head->alloc_seq, seq);
		directory_link(&p.dir, PAIR_SECTIONS,
		    (uint32_t)unit_below(&r, PAIR_SECTIONS + 3), 0);
		whole += look(&p) == DIRECTORY_WHOLE;
		expect(p.n <= PAIR_SECTIONS);
		directory_scan(&p.s, p.entries, &p.n);
		expect(p.n <= PAIR_SECTIONS);
		for (size_t e = 0; e < p.n; e++) {
			expect(p.entries[e].d.offset <= PAIR_SIZE);
			expect(p.entries[e].d.length <=
			       PAIR_SIZE - p.entries[e].d.offset);
			(void)directory_still(&p.s, 0, &p.entries[e]);
		}
		memcpy(&first, p.s.base + p.s.plan.tomb_offset, 8);
		(void)directory_tombstone(&p.s, first, &t);
		(void)directory_tombstone_at(&p.s, unit_random(&r), &t);
	}
	ck_assert_uint_gt(whole, 0);
	pair_end(&p);
}
END_TEST

struct watch {
	struct pair *p;
	uint64_t stop;
	uint64_t seen; /* lists, whole or scanned */
	const char *why;
};

/* Fails if a copy is torn: its members belong together, and to its serial. */
static int
is_own(const struct descriptor *d)
{
	return d->created / 4 == shared_load(&d->serial) &&
	       d->cooled == ~d->created && d->owner_start == d->created * 3 &&
	       d->owner_pid == (uint32_t)d->created;
}

static void *
watch(void *arg)
{
	struct watch *w = arg;
	struct directory_entry entries[PAIR_SECTIONS];
	uint64_t seq;
	size_t n;

	while (shared_load(&w->stop) == 0) {
		switch (directory_read(&w->p->s, entries, &n, &seq)) {
		case DIRECTORY_CORRUPT:
			w->why = "a list that never was";
			continue;
		case DIRECTORY_CHANGING:
			directory_scan(&w->p->s, entries, &n);
			break;
		case DIRECTORY_WHOLE:
			if (n < PAIR_SECTIONS - 1)
				w->why = "too short a list";
			break;
		}
		for (size_t i = 0; i < n; i++)
			if (!is_own(&entries[i].d))
				w->why = "a torn descriptor";
		if (n != 0)
			shared_store(&w->seen, w->seen + 1);
	}
	return NULL;
}

START_TEST(a_reader_at_work_sees_no_list_that_never_was)
{
	struct pair p;
	struct watch w = { .p = &p };
	struct descriptor d;
	uint64_t made;
	pthread_t thread;
	uint32_t next;

	pair_begin(&p, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, watch, &w), 0);
	/* all are listed but the one that is replaced */
	for (uint64_t turn = 0;
	     turn < UNIT_TIMES(100000) || shared_load(&w.seen) < 10; turn++) {
		directory_begin(&p.dir);
		for (uint32_t i = 0; i < PAIR_SECTIONS; i++) {
			if (turn != 0 && i != turn % PAIR_SECTIONS)
				continue;
			next = i + 1 < PAIR_SECTIONS ? i + 2 : 0;
			/* three times it changes and keeps its serial */
			made = 4 + turn / PAIR_SECTIONS;
			d = make(&p, CLASS_LOG, made / 4, next);
			d.created = made;
			d.cooled = ~made;
			d.owner_start = made * 3;
			d.owner_pid = (uint32_t)made;
			directory_store(&p.dir, i, &d);
		}
		directory_link(&p.dir, PAIR_SECTIONS, turn % 3 == 0 ? 2 : 1, 0);
		directory_end(&p.dir);
	}
	shared_store(&w.stop, 1);
	pthread_join(thread, NULL);
	ck_assert_msg(w.why == NULL, "%s", w.why);
	pair_end(&p);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_new_directory_is_in_change_until_it_is_ended,
		what_is_listed_is_read_in_its_order,
		alloc_seq_is_zero_during_a_change_and_new_after_it,
		a_list_without_an_end_is_corrupt,
		a_list_that_leaves_the_table_is_corrupt,
		a_section_outside_of_the_data_pages_is_none,
		names_without_an_end_get_one,
		a_scan_finds_what_is_whole_while_alloc_seq_is_zero,
		a_section_keeps_its_serial_while_it_cools,
		a_section_is_the_same_until_its_descriptor_changes,
		classes_are_told_apart,
		a_list_is_unchanged_until_the_next_change_begins,
		a_mask_needs_no_change_of_the_list,
		a_directory_of_rubbish_is_survived,
		a_reader_at_work_sees_no_list_that_never_was,
	};

	return UNIT_RUN("directory", tests);
}
