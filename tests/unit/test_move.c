/*
 * test_move.c -- a set's words on their way to another section, and the banks
 * of retained sums.
 */
#include "common/move.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/bank.h"
#include "common/shared.h"
#include "tests/unit/unit.h"

static const uint8_t kinds[] = { SCHEMA_COUNTER, SCHEMA_UPDOWN, SCHEMA_GAUGE,
	SCHEMA_BITMAP, SCHEMA_HISTOGRAM };

#define WORDS 5

struct move {
	struct set_plan p;
	void *from, *to;
	uint64_t copied[WORDS];
};

static void *
make(struct set_plan *p, uint32_t banks)
{
	uint64_t length = set_plan(p, WORDS, WORDS, 1, banks, 0);
	void *section = unit_zeros(length);

	set_create(section, p, "");
	return section;
}

static void
begin(struct move *m)
{
	m->from = make(&m->p, 1);
	m->to = make(&m->p, 1);
	for (uint32_t w = 0; w < WORDS; w++)
		*set_word(m->from, &m->p, 0, 0, w) = 100 + w;
}

static void
end(struct move *m)
{
	free(m->from);
	free(m->to);
}

static uint64_t
total(const struct move *m, uint32_t w)
{
	return set_total(m->to, &m->p, kinds[w], w);
}

START_TEST(what_was_there_is_there_as_soon_as_the_new_set_is_listed)
{
	struct move m;

	begin(&m);
	*set_carry(m.from, &m.p, 0) = 1000;
	set_move_begin(m.to, m.from, &m.p, kinds, m.copied);
	ck_assert_uint_eq(total(&m, 0), 1100);
	for (uint32_t w = 1; w < WORDS; w++)
		ck_assert_uint_eq(total(&m, w), 100 + w);
	ck_assert_int_eq(set_is_carried(m.to), 0);
	end(&m);
}
END_TEST

START_TEST(what_changes_in_both_meanwhile_is_added_up)
{
	struct move m;

	begin(&m);
	set_move_begin(m.to, m.from, &m.p, kinds, m.copied);
	*set_word(m.from, &m.p, 0, 0, 0) += 7;
	*set_word(m.from, &m.p, 0, 0, 1) -= 3;
	*set_word(m.from, &m.p, 0, 0, 4) += 9;
	*set_word(m.to, &m.p, 0, 0, 0) += 10;
	*set_word(m.to, &m.p, 0, 0, 1) -= 200;
	set_move_finish(m.to, m.from, &m.p, kinds, m.copied);
	ck_assert_uint_eq(total(&m, 0), 117);
	ck_assert_int_eq((int64_t)total(&m, 1), 101 - 3 - 200);
	ck_assert_uint_eq(total(&m, 4), 113);
	ck_assert_int_eq(set_is_carried(m.to), 1);
	/* doing it twice changes nothing */
	set_move_finish(m.to, m.from, &m.p, kinds, m.copied);
	ck_assert_uint_eq(total(&m, 0), 117);
	end(&m);
}
END_TEST

START_TEST(a_gauge_has_the_value_that_was_set_last)
{
	struct move m;

	/* set in the old place after it was copied */
	begin(&m);
	set_move_begin(m.to, m.from, &m.p, kinds, m.copied);
	*set_word(m.from, &m.p, 0, 0, 2) = 55;
	set_move_finish(m.to, m.from, &m.p, kinds, m.copied);
	ck_assert_uint_eq(total(&m, 2), 55);
	end(&m);
	/* and then again in the new one */
	begin(&m);
	set_move_begin(m.to, m.from, &m.p, kinds, m.copied);
	*set_word(m.from, &m.p, 0, 0, 2) = 55;
	*set_word(m.to, &m.p, 0, 0, 2) = 66;
	set_move_finish(m.to, m.from, &m.p, kinds, m.copied);
	ck_assert_uint_eq(total(&m, 2), 66);
	end(&m);
}
END_TEST

START_TEST(each_bit_of_a_bitmap_is_what_it_was_made_last)
{
	struct move m;

	begin(&m);
	*set_word(m.from, &m.p, 0, 0, 3) = 0x0f;
	set_move_begin(m.to, m.from, &m.p, kinds, m.copied);
	*set_word(m.from, &m.p, 0, 0, 3) = 0x3c; /* 0, 1 off; 4, 5 on */
	*set_word(m.to, &m.p, 0, 0, 3) ^= 0x114; /* 2 off; 4, 8 on */
	set_move_finish(m.to, m.from, &m.p, kinds, m.copied);
	ck_assert_uint_eq(total(&m, 3), 0x138);
	end(&m);
}
END_TEST

struct adder {
	struct move *m;
	uint64_t where; /* the word to add to now */
	uint64_t stop;
	uint64_t added;
};

/* Adds like a worker whose word is moved under it by MAP_FIXED. */
static void *
add(void *arg)
{
	struct adder *a = arg;

	while (shared_load(&a->stop) == 0) {
		uint64_t *word = (uint64_t *)(uintptr_t)shared_load(&a->where);

		(void)__atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
		(void)__atomic_fetch_add(&a->added, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

START_TEST(a_sum_never_goes_back_while_it_moves)
{
	struct adder a = { 0 };
	struct move m;
	uint64_t base = 0, before, now, done;
	pthread_t thread;

	for (int turn = 0; turn < 200; turn++) {
		begin(&m);
		*set_word(m.from, &m.p, 0, 0, 0) = base = 0;
		memset(&a, 0, sizeof(a));
		a.m = &m;
		a.where = (uintptr_t)set_word(m.from, &m.p, 0, 0, 0);
		ck_assert_int_eq(pthread_create(&thread, NULL, add, &a), 0);
		while (shared_load(&a.added) < 100)
			continue;
		set_move_begin(m.to, m.from, &m.p, kinds, m.copied);
		before = total(&m, 0);
		shared_store(
		    &a.where, (uintptr_t)set_word(m.to, &m.p, 0, 0, 0));
		/* at rest: two more were added, so one to the new word */
		done = shared_load(&a.added);
		while (shared_load(&a.added) < done + 2)
			continue;
		now = total(&m, 0);
		ck_assert_uint_ge(now, before);
		set_move_finish(m.to, m.from, &m.p, kinds, m.copied);
		ck_assert_uint_ge(total(&m, 0), now);
		shared_store(&a.stop, 1);
		pthread_join(thread, NULL);
		ck_assert_uint_eq(total(&m, 0), base + a.added);
		end(&m);
	}
}
END_TEST

START_TEST(a_fold_that_was_not_finished_is_not_there)
{
	uint64_t sums[WORDS] = { 1, 2, 3, 4, 5 };
	struct set_plan p;
	void *section = make(&p, 2);

	ck_assert_uint_eq(bank_folded(section), 0);
	bank_write(section, &p, 1, sums, WORDS, 44);
	/* killed here: nothing happened */
	ck_assert_uint_eq(bank_folded(section), 0);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_COUNTER, 4), 0);
	bank_turn(section, 1);
	ck_assert_uint_eq(bank_folded(section), 44);
	for (uint32_t w = 0; w < WORDS; w++)
		ck_assert_uint_eq(
		    set_total(section, &p, SCHEMA_COUNTER, w), sums[w]);
	sums[4] = 50;
	bank_write(section, &p, 0, sums, WORDS, 45);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_COUNTER, 4), 5);
	bank_turn(section, 0);
	ck_assert_uint_eq(set_total(section, &p, SCHEMA_COUNTER, 4), 50);
	ck_assert_uint_eq(bank_folded(section), 45);
	free(section);
}
END_TEST

START_TEST(a_carry_is_final_when_it_is_said)
{
	struct set_plan p;
	void *section = make(&p, 1);

	ck_assert_int_eq(set_is_carried(section), 0);
	set_carried(section);
	ck_assert_int_eq(set_is_carried(section), 1);
	/* and by no other number */
	shared_store((uint8_t *)section + offsetof(struct set_header, carried),
	    UINT64_MAX);
	ck_assert_int_eq(set_is_carried(section), 0);
	free(section);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_was_there_is_there_as_soon_as_the_new_set_is_listed,
		what_changes_in_both_meanwhile_is_added_up,
		a_gauge_has_the_value_that_was_set_last,
		each_bit_of_a_bitmap_is_what_it_was_made_last,
		a_sum_never_goes_back_while_it_moves,
		a_fold_that_was_not_finished_is_not_there,
		a_carry_is_final_when_it_is_said,
	};

	return UNIT_RUN("move", tests);
}
