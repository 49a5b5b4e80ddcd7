/*
 * test_stat_change.c -- counter sets added up while they come, go and lie.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/bank.h"
#include "common/shared.h"
#include "common/trylock.h"
#include "tests/unit/view.h"

START_TEST(a_list_that_stays_in_change_is_read_and_counts_each_set_once)
{
	uint64_t sums[4] = { 107, 0, 0, 0 }, began;
	uint32_t retained, dead;
	struct set_plan p;
	struct fake f;
	struct view v;

	fake_begin(&f);
	retained = view_put(&f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    100, 0, 0, 0);
	dead = view_put(&f, &(struct fake_set){ A_SET, .id = 1 }, 7, 0, 0, 0);
	view_put(&f,
	    &(struct fake_set){ A_SET, .id = 2, .flags = DESC_PLACEHOLDER },
	    1000, 0, 0, 0);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 1107);

	/* folded, but its descriptor does not say so yet; joined, and the
	 * placeholder still there */
	directory_begin(&f.dir);
	p = fake_plan(&f, retained);
	bank_write(fake_section(&f, retained), &p, 1, sums, 4,
	    shared_load(&f.d[dead].serial));
	bank_turn(fake_section(&f, retained), 1);
	view_put(&f, &(struct fake_set){ A_SET, .id = 2 }, 1001, 0, 0, 0);
	fake_list(&f);
	began = clock_mono();
	view_pass(&v);
	ck_assert_uint_lt(clock_mono() - began, 2 * NSEC);
	ck_assert_int_eq(v.c.scanned, 1);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 1108);

	/* a descriptor that is just being written: not lower than before */
	directory_clear(&f.dir, dead);
	directory_clear(&f.dir, retained);
	view_pass(&v);
	ck_assert_int_eq(v.c.scanned, 1);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 1108);
	view_end(&v);
	fake_end(&f);
}
END_TEST

/* A worker dies and is folded while the pass is at another one's schema. */
struct death {
	struct fake f;
	uint32_t worker;
	uint32_t retained;
	int done;
};

static int
die_meanwhile(const void *arg, const char *plain, const char *name)
{
	struct death *t = (struct death *)(uintptr_t)arg;
	uint64_t sums[4] = { 107, 0, 0, 0 };
	struct fake *f = &t->f;
	struct set_plan p = fake_plan(f, t->retained);

	(void)name;
	if (t->done || strcmp(plain, "other.set.requests") != 0)
		return 1;
	t->done = 1;
	directory_begin(&f->dir);
	bank_write(fake_section(f, t->retained), &p, 1, sums, 4,
	    shared_load(&f->d[t->worker].serial));
	bank_turn(fake_section(f, t->retained), 1);
	strcpy(f->d[t->worker].class, CLASS_COOL);
	strcpy(f->d[t->worker].former, CLASS_STAT);
	f->d[t->worker].flags = DESC_FOLDED;
	fake_list(f);
	directory_end(&f->dir);
	return 1;
}

START_TEST(a_worker_that_dies_in_mid_pass_counts_once)
{
	struct death *t = calloc(1, sizeof(*t));
	const struct stat_options o = { .wanted = die_meanwhile, .arg = t };
	struct fake *f = &t->f;
	struct view v;

	fake_begin(f);
	t->worker = view_put(f, &(struct fake_set){ A_SET }, 7, 0, 0, 0);
	(void)fake_set(f,
	    &(struct fake_set){
		.type = "other", .ident = "set", .items = view_items, .n = 4 });
	t->retained = view_put(f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    100, 0, 0, 0);
	fake_show(f);
	view_begin(&v, f, &o);
	view_pass(&v);
	ck_assert_int_eq(t->done, 1);
	ck_assert_int_eq(v.c.scanned, 0);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 107);
	view_end(&v);
	fake_end(f);
	free(t);
}
END_TEST

/*
 * Workers of one increment each are born, die and are folded as fast as it
 * goes: the sum is always the number of those ever born.
 */
struct births {
	struct fake f;
	struct shared_number born;  /* workers whose change is done */
	struct shared_number begun; /* and those whose change has begun */
	struct shared_number stop;
};

static void *
live_and_die(void *arg)
{
	struct births *b = arg;
	struct fake *f = &b->f;
	uint64_t sums[4] = { 0 }, bank = 0;
	uint32_t retained, list[8], n = 0;
	struct set_plan p;

	retained = view_put(f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 }, 0,
	    0, 0, 0);
	p = fake_plan(f, retained);
	while (number_get(&b->stop) == 0) {
		for (n = 0; n < 8; n++) {
			list[n] = view_put(
			    f, &(struct fake_set){ A_SET }, 1, 0, 0, 0);
			(void)number_add(&b->begun, 1);
			fake_show(f);
			(void)number_add(&b->born, 1);
		}
		while (n > 0) {
			n--;
			directory_begin(&f->dir);
			sums[0]++;
			bank ^= 1;
			bank_write(fake_section(f, retained), &p, bank, sums, 4,
			    shared_load(&f->d[list[n]].serial));
			bank_turn(fake_section(f, retained), bank);
			strcpy(f->d[list[n]].class, CLASS_COOL);
			strcpy(f->d[list[n]].former, CLASS_STAT);
			f->d[list[n]].flags = DESC_FOLDED;
			fake_list(f);
			directory_end(&f->dir);
		}
		for (n = 0; n < 8; n++)
			fake_drop(f, list[n]);
	}
	return NULL;
}

START_TEST(sums_are_right_while_workers_are_born_and_die)
{
	struct births *b = calloc(1, sizeof(*b));
	uint64_t before, after, last = 0, until, scans = 0, passes = 0;
	pthread_t thread;
	struct view v;
	int64_t sum;

	fake_begin(&b->f);
	view_begin(&v, &b->f, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, live_and_die, b), 0);
	for (until = clock_mono() + 2 * NSEC; clock_mono() < until; passes++) {
		before = number_get(&b->born);
		view_pass(&v);
		after = number_get(&b->begun);
		if (view_find(&v, "http.front.requests") == NULL)
			continue;
		sum = view_value(&v, "http.front.requests");
		scans += (uint64_t)v.c.scanned;
		expect(v.c.scanned || (uint64_t)sum >= before);
		expect(v.c.scanned || (uint64_t)sum <= after);
		expect((uint64_t)sum >= last);
		last = (uint64_t)sum;
	}
	number_set(&b->stop, 1);
	pthread_join(thread, NULL);
	view_pass(&v);
	ck_assert_uint_eq((uint64_t)view_value(&v, "http.front.requests"),
	    number_get(&b->born));
	ck_assert_uint_gt(number_get(&b->born), 100);
	ck_assert_uint_gt(passes, 2);
	view_end(&v);
	fake_end(&b->f);
	free(b);
}
END_TEST

START_TEST(rubbish_in_sets_is_left_out)
{
	struct unit_random r = { 4711 };
	uint32_t at[6];
	struct fake f;
	struct view v;

	/* its complaints are many */
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	fake_begin(&f);
	view_begin(&v, &f, NULL);
	view_put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	for (int round = 0; round < 3000; round++) {
		for (int i = 0; i < 6; i++) {
			uint8_t *section;
			size_t from;

			at[i] = view_put(&f,
			    &(struct fake_set){ .type = "bad",
				.ident = "set",
				.items = view_items,
				.n = 4,
				.banks = 1 + (uint32_t)i % 2,
				.flags = i == 1 ? DESC_RETAINED : 0,
				.shards = 1 + (uint32_t)i },
			    1, 1, 1, 1);
			section = fake_section(&f, at[i]);
			from = 8 * unit_below(&r, 60);
			unit_rubbish(&r, section + from,
			    8 * (1 + unit_below(&r, i < 3 ? 2 : 60)));
		}
		fake_show(&f);
		view_pass(&v);
		expect_eq(view_value(&v, "http.front.requests"), 5);
		for (int i = 0; i < 6; i++)
			fake_drop(&f, at[i]);
	}
	fake_show(&f);
	view_pass(&v);
	ck_assert_uint_eq(view_count(&v), 4);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(rubbish_in_the_directory_is_survived)
{
	struct unit_random r = { 42 };
	uint8_t *table, *saved;
	struct fake f;
	struct view v;
	size_t size;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	fake_begin(&f);
	for (int i = 0; i < 10; i++)
		view_put(&f, &(struct fake_set){ A_SET }, 1, 0, 0, 0);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	table = f.base + f.plan.desc_offset;
	size = (size_t)f.plan.desc_stride * f.plan.desc_count;
	saved = malloc(size);
	ck_assert_ptr_nonnull(saved);
	memcpy(saved, table, size);
	for (int round = 0; round < 2000; round++) {
		memcpy(table, saved, size);
		for (int i = 0; i < 4; i++)
			unit_rubbish(
			    &r, table + 8 * unit_below(&r, 10 * 32), 8);
		/* what it shows is nobody's promise */
		directory_begin(&f.dir);
		directory_end(&f.dir);
		view_pass(&v);
		expect(view_count(&v) < 100);
	}
	for (uint32_t i = 0; i < 10; i++)
		fake_drop(&f, i);
	for (int i = 0; i < 10; i++)
		view_put(&f, &(struct fake_set){ A_SET }, 1, 0, 0, 0);
	fake_show(&f);
	view_pass(&v);
	ck_assert_int_eq(view_value(&v, "http.front.requests"), 10);
	free(saved);
	view_end(&v);
	fake_end(&f);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_list_that_stays_in_change_is_read_and_counts_each_set_once,
		a_worker_that_dies_in_mid_pass_counts_once,
		sums_are_right_while_workers_are_born_and_die,
		rubbish_in_sets_is_left_out,
		rubbish_in_the_directory_is_survived,
	};

	return UNIT_RUN("stat_change", tests);
}
