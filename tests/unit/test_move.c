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
#include "worker/shmlog.h"

static const uint8_t kinds[] = { SCHEMA_COUNTER, SCHEMA_UPDOWN, SCHEMA_GAUGE,
	SCHEMA_BITMAP, SCHEMA_LABEL, SCHEMA_HISTOGRAM, SCHEMA_HISTOGRAM };

enum { COUNTER, UPDOWN, GAUGE, BITMAP, TOUCHED, HISTOGRAM, BUCKET, WORDS };

#define SHARDS 2

struct move {
	struct set_plan p;
	void *from, *to;
};

static void *
make(struct set_plan *p, uint32_t banks)
{
	uint64_t length = set_plan(p, WORDS, WORDS, SHARDS, banks, 0);
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
		if (w != TOUCHED)
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
	set_move_begin(m.to, m.from, &m.p, kinds);
	ck_assert_uint_eq(total(&m, 0), 1100);
	for (uint32_t w = 1; w < WORDS; w++)
		if (w != TOUCHED)
			ck_assert_uint_eq(total(&m, w), 100 + w);
	ck_assert_int_eq(set_is_carried(m.to), 0);
	end(&m);
}
END_TEST

START_TEST(what_changes_in_both_meanwhile_is_added_up)
{
	struct move m;

	begin(&m);
	set_move_begin(m.to, m.from, &m.p, kinds);
	*set_word(m.from, &m.p, 0, 0, 0) += 7;
	*set_word(m.from, &m.p, 0, 0, 1) -= 3;
	*set_word(m.from, &m.p, 0, 0, HISTOGRAM) += 9;
	*set_word(m.from, &m.p, 0, 1, BUCKET) += 2;
	*set_word(m.to, &m.p, 0, 0, BUCKET) += 1;
	*set_word(m.to, &m.p, 0, 1, BUCKET) += 3;
	*set_word(m.to, &m.p, 0, 0, 0) += 10;
	*set_word(m.to, &m.p, 0, 0, 1) -= 200;
	set_move_finish(m.to, m.from, &m.p, kinds);
	ck_assert_uint_eq(total(&m, 0), 117);
	ck_assert_int_eq((int64_t)total(&m, 1), 101 - 3 - 200);
	ck_assert_uint_eq(total(&m, HISTOGRAM), 114);
	ck_assert_uint_eq(total(&m, BUCKET), 112);
	ck_assert_int_eq(set_is_carried(m.to), 1);
	/* doing it twice changes nothing */
	set_move_finish(m.to, m.from, &m.p, kinds);
	ck_assert_uint_eq(total(&m, 0), 117);
	end(&m);
}
END_TEST

/* Whatever is set when: in the old place, in the new one, back to what it was.
 */
START_TEST(a_gauge_has_the_value_that_was_set_last)
{
	static const struct {
		int64_t old, new; /* 0: not set there */
		int64_t last;
	} t[] = { { 0, 0, 102 }, { 55, 0, 55 }, { 0, 66, 66 }, { 55, 66, 66 },
		{ 55, 102, 102 }, { 102, 55, 55 }, { -1, 102, 102 } };
	struct move m;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		begin(&m);
		set_move_begin(m.to, m.from, &m.p, kinds);
		if (t[i].old != 0)
			*set_word(m.from, &m.p, 0, 0, GAUGE) =
			    (uint64_t)t[i].old;
		if (t[i].new != 0)
			*set_word(m.to, &m.p, 0, 0, GAUGE) = (uint64_t)t[i].new;
		set_move_finish(m.to, m.from, &m.p, kinds);
		ck_assert_int_eq((int64_t)total(&m, GAUGE), t[i].last);
		end(&m);
	}
}
END_TEST

/* What a program does to a bit, as shmlog.h has it. */
static void
change(void *section, const struct set_plan *p, int what, int bit)
{
	uint64_t *c = set_word(section, p, 0, 0, BITMAP);

	switch (what) {
	case 1:
		shmlog_bit_set(c, (unsigned)bit);
		break;
	case 2:
		shmlog_bit_clear(c, (unsigned)bit);
		break;
	case 3:
		shmlog_bit_flip(c, (unsigned)bit);
		break;
	}
}

static int
changed(int value, int what)
{
	return what == 0 ? value : what == 1 ? 1 : what == 2 ? 0 : !value;
}

/* All that can be done before the copy, after it, and in the new place twice:
 * 4 things each, on 64 bits at a time. */
START_TEST(each_bit_of_a_bitmap_is_what_it_was_made_last)
{
	struct move m, again;

	for (int n = 0; n < 256; n++) {
		const int what[] = { n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 };
		int value = 0;

		begin(&m);
		*set_word(m.from, &m.p, 0, 0, BITMAP) = 0;
		change(m.from, &m.p, what[0], n % 64);
		set_move_begin(m.to, m.from, &m.p, kinds);
		change(m.from, &m.p, what[1], n % 64);
		change(m.to, &m.p, what[2], n % 64);
		set_move_finish(m.to, m.from, &m.p, kinds);
		change(m.to, &m.p, what[3], n % 64);
		for (int i = 0; i < 4; i++)
			value = changed(value, what[i]);
		ck_assert_msg(total(&m, BITMAP) == (uint64_t)value << (n % 64),
		    "case %d: %#jx", n, (uintmax_t)total(&m, BITMAP));
		/* and once more, to the daemon after that one */
		again = m;
		again.from = m.to;
		again.to = make(&again.p, 1);
		set_move_begin(again.to, again.from, &m.p, kinds);
		set_move_finish(again.to, again.from, &m.p, kinds);
		change(again.to, &m.p, 3, n % 64);
		ck_assert_uint_eq(
		    total(&again, BITMAP), (uint64_t)!value << (n % 64));
		free(again.to);
		end(&m);
	}
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
		set_move_begin(m.to, m.from, &m.p, kinds);
		before = total(&m, 0);
		shared_store(
		    &a.where, (uintptr_t)set_word(m.to, &m.p, 0, 0, 0));
		/* at rest: two more were added, so one to the new word */
		done = shared_load(&a.added);
		while (shared_load(&a.added) < done + 2)
			continue;
		now = total(&m, 0);
		ck_assert_uint_ge(now, before);
		set_move_finish(m.to, m.from, &m.p, kinds);
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
	uint64_t sums[WORDS] = { 1, 2, 3, 4, 5, 6, 7 };
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
