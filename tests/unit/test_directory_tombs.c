/*
 * test_directory_tombs.c -- what is left of streams whose pages were given up.
 */
#include <string.h>

#include "common/shared.h"
#include "tests/unit/pair.h"

START_TEST(a_tombstone_is_found_until_its_slot_is_used_again)
{
	struct pair p;
	struct tombstone t, got;

	pair_begin(&p, 0);
	for (uint64_t i = 1; i <= PAIR_SECTIONS + 3; i++) {
		memset(&t, 0, sizeof(t));
		shared_store(&t.serial, i);
		t.lanes = LANES_MAX;
		t.freed = i * 7;
		for (uint64_t l = 0; l < LANES_MAX; l++)
			t.records[l] = i * 100 + l;
		directory_bury(&p.dir, &t);
	}
	for (uint64_t i = 1; i <= 3; i++)
		ck_assert_int_eq(directory_tombstone(&p.s, i, &got), -1);
	for (uint64_t i = 4; i <= PAIR_SECTIONS + 3; i++) {
		ck_assert_int_eq(directory_tombstone(&p.s, i, &got), 0);
		ck_assert_uint_eq(got.freed, i * 7);
		ck_assert_uint_eq(got.records[0], i * 100);
		ck_assert_uint_eq(
		    got.records[LANES_MAX - 1], i * 100 + LANES_MAX - 1);
	}
	ck_assert_uint_eq(shared_load(&p.s.head->tomb_next), PAIR_SECTIONS + 3);
	/* a number of lanes that cannot be is not believed */
	shared_store(&t.serial, 50);
	t.lanes = LANES_MAX + 1;
	directory_bury(&p.dir, &t);
	ck_assert_int_eq(directory_tombstone(&p.s, 50, &got), -1);
	/* no section has the serial 0 */
	pair_end(&p);
	pair_begin(&p, 0);
	ck_assert_int_eq(directory_tombstone(&p.s, 0, &got), -1);
	pair_end(&p);
}
END_TEST

START_TEST(tombstones_are_walked_by_their_number)
{
	struct pair p;
	struct tombstone t, got;

	pair_begin(&p, 0);
	ck_assert_uint_eq(directory_buried(&p.s), 0);
	ck_assert_int_eq(directory_tombstone_at(&p.s, 0, &got), -1);
	for (uint64_t n = 0; n < 2 * PAIR_SECTIONS + 3; n++) {
		ck_assert_uint_eq(directory_buried(&p.s), n);
		memset(&t, 0, sizeof(t));
		shared_store(&t.serial, 1000 - n);
		t.number = 77; /* is not what counts */
		t.owner_pid = (uint32_t)n + 1;
		t.created = n + 2;
		memset(t.type, 't', sizeof(t.type));
		memset(t.ident, 'i', sizeof(t.ident));
		directory_bury(&p.dir, &t);
		/* that of the round before stood there */
		ck_assert_int_eq(
		    directory_tombstone_at(&p.s, n - PAIR_SECTIONS, &got), -1);
		ck_assert_int_eq(directory_tombstone_at(&p.s, n, &got), 0);
		ck_assert_uint_eq(shared_load(&got.serial), 1000 - n);
		ck_assert_uint_eq(got.owner_pid, n + 1);
		ck_assert_uint_eq(got.created, n + 2);
		ck_assert_uint_eq(strlen(got.type), TYPE_MAX - 1);
		ck_assert_uint_eq(strlen(got.ident), IDENT_MAX - 1);
		/* not there yet */
		ck_assert_int_eq(directory_tombstone_at(&p.s, n + 1, &got), -1);
		ck_assert_int_eq(
		    directory_tombstone_at(&p.s, n + PAIR_SECTIONS, &got), -1);
	}
	for (uint64_t n = PAIR_SECTIONS + 3; n < 2 * PAIR_SECTIONS + 3; n++)
		ck_assert_int_eq(directory_tombstone_at(&p.s, n, &got), 0);
	/* one that its daemon was killed over */
	memset(p.base + p.s.plan.tomb_offset, 0, 8);
	ck_assert_int_eq(
	    directory_tombstone_at(&p.s, PAIR_SECTIONS * UINT64_C(2), &got),
	    -1);
	pair_end(&p);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_tombstone_is_found_until_its_slot_is_used_again,
		tombstones_are_walked_by_their_number,
	};

	return UNIT_RUN("directory_tombs", tests);
}
