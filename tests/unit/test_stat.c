/*
 * test_stat.c -- counter sets added up, at one moment, from anybody's bytes.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/shared.h"
#include "common/trylock.h"
#include "readers/stat_collect.h"
#include "tests/unit/fake.h"

static const struct schema_item items[] = {
	{ SCHEMA_COUNTER, 0, 0, 1, "requests", "", "Requests served" },
	{ SCHEMA_GAUGE, 1, 0, 1, "open", "files", "Files that are open" },
	{ SCHEMA_BITMAP, 0, 0, 1, "up", "", "Which are up" },
	{ SCHEMA_UPDOWN, 0, 0, 1, "active", "", "Requests in work" },
};

static const struct schema_item old_items[] = {
	{ SCHEMA_COUNTER, 0, 0, 1, "requests", "", "Requests, as it was" },
	{ SCHEMA_COUNTER, 0, 0, 1, "open", "files", "Files ever opened" },
};

#define A_SET                                                                  \
	.type = "http", .ident = "front", .items = items, .n = 4, .pid = 100

/* A reader. */
struct view {
	struct attach a;
	struct stat_collect c;
};

static void
view_begin(struct view *v, struct fake *f, const struct stat_options *o)
{
	static const struct stat_options none;

	stop_init();
	attach_init(&v->a);
	v->a.quiet = 1;
	ck_assert_int_eq(attach_open(&v->a, f->path, 0), ATTACH_OK);
	stat_collect_init(&v->c, o == NULL ? &none : o);
}

static void
view_end(struct view *v)
{
	stat_collect_fini(&v->c);
	attach_close(&v->a);
}

static void
view_pass(struct view *v)
{
	(void)attach_look(&v->a, NULL);
	stat_collect_gather(&v->c, &v->a.segment);
	stat_collect_add(&v->c);
}

static struct stat_counter *
find(struct view *v, const char *name)
{
	struct stat_counter *k;

	for (k = stat_first(&v->c); k != NULL; k = stat_next(&v->c, k))
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

static int64_t
value(struct view *v, const char *name)
{
	struct stat_counter *k = find(v, name);

	if (k == NULL)
		ck_abort_msg("there is no %s", name);
	return (int64_t)k->value;
}

static size_t
count(struct view *v)
{
	struct stat_counter *k;
	size_t n = 0;

	for (k = stat_first(&v->c); k != NULL; k = stat_next(&v->c, k))
		n++;
	return n;
}

/* A set of `items' with these values. */
static uint32_t
put(struct fake *f, const struct fake_set *set, uint64_t requests, int64_t open,
    uint64_t up, int64_t active)
{
	uint32_t at = fake_set(f, set);

	fake_store(f, at, 0, requests);
	fake_store(f, at, 1, (uint64_t)open);
	fake_store(f, at, 2, up);
	fake_store(f, at, 3, (uint64_t)active);
	return at;
}

START_TEST(sets_of_one_schema_are_added_up)
{
	struct fake f;
	struct view v;

	fake_begin(&f);
	put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	put(&f, &(struct fake_set){ A_SET }, 7, -10, 6, -4);
	put(&f, &(struct fake_set){ A_SET, .shards = 3 }, 1, 0, 0, 0);
	put(&f,
	    &(struct fake_set){
		.type = "http", .ident = "back", .items = items, .n = 4 },
	    1000, 0, 0, 0);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_uint_eq(count(&v), 8);
	ck_assert_int_eq(value(&v, "http.front.requests"), 13);
	ck_assert_int_eq(value(&v, "http.front.open"), -7);
	ck_assert_int_eq(value(&v, "http.front.up"), 7);
	ck_assert_int_eq(value(&v, "http.front.active"), -2);
	ck_assert_int_eq(value(&v, "http.back.requests"), 1000);
	ck_assert_uint_eq(find(&v, "http.front.open")->sets, 3);
	ck_assert_str_eq(find(&v, "http.front.open")->unit, "files");
	ck_assert_str_eq(stat_first(&v.c)->name, "http.back.active");
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(the_dead_count_once_and_only_what_is_retained)
{
	struct fake f;
	struct view v;

	fake_begin(&f);
	put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	put(&f, &(struct fake_set){ A_SET, .flags = DESC_PLACEHOLDER }, 10, 30,
	    2, 20);
	put(&f, &(struct fake_set){ A_SET, .flags = DESC_ORPHAN }, 1, 1, 4, 1);
	put(&f, &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    100, 99, 8, 99);
	put(&f,
	    &(struct fake_set){
		A_SET, .class = CLASS_COOL, .flags = DESC_FOLDED },
	    4000, 99, 16, 99);
	put(&f, &(struct fake_set){ A_SET, .class = CLASS_COOL }, 1000, 99, 32,
	    99);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front.requests"), 1116);
	ck_assert_int_eq(value(&v, "http.front.open"), 34);
	ck_assert_int_eq(value(&v, "http.front.up"), 7);
	ck_assert_int_eq(value(&v, "http.front.active"), 23);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(carry_and_the_bank_that_is_shown_count)
{
	uint64_t sums[4] = { 77, 0, 0, 0 };
	struct set_plan p;
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	at = put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	p = fake_plan(&f, at);
	shared_store(set_carry(fake_section(&f, at), &p, 0), 100);
	shared_store(set_carry(fake_section(&f, at), &p, 3), (uint64_t)-3);
	at = put(&f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    1000, 0, 0, 0);
	p = fake_plan(&f, at);
	bank_write(fake_section(&f, at), &p, 1, sums, 4, 9);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front.requests"), 1105);
	ck_assert_int_eq(value(&v, "http.front.active"), -1);
	bank_turn(fake_section(&f, at), 1);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front.requests"), 182);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(apart_each_worker_has_a_line_and_the_retained_one)
{
	const struct stat_options apart = { .apart = 1 };
	struct fake f;
	struct view v;

	fake_begin(&f);
	put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	put(&f,
	    &(struct fake_set){ .type = "http",
		.ident = "front",
		.items = items,
		.n = 4,
		.pid = 200 },
	    7, 0, 0, 0);
	put(&f, &(struct fake_set){ A_SET, .flags = DESC_RETAINED }, 11, 0, 0,
	    0);
	fake_show(&f);
	view_begin(&v, &f, &apart);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front[100].requests"), 5);
	ck_assert_int_eq(value(&v, "http.front[200].requests"), 7);
	ck_assert_int_eq(value(&v, "http.front[retained].requests"), 11);
	ck_assert_ptr_null(find(&v, "http.front.requests"));
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(the_newest_set_defines_a_counter_and_others_that_clash_are_left_out)
{
	struct fake_set before = { .type = "http",
		.ident = "front",
		.items = old_items,
		.n = 2,
		.created = 1000 };
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(&f, &before);
	fake_store(&f, at, 0, 40);
	fake_store(&f, at, 1, 50);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front.open"), 50);
	at = put(&f, &(struct fake_set){ A_SET, .created = 2000 }, 2, 3, 0, 0);
	fake_show(&f);
	view_pass(&v);
	/* one kind: both; another kind: the newer one */
	ck_assert_int_eq(value(&v, "http.front.requests"), 42);
	ck_assert_str_eq(
	    find(&v, "http.front.requests")->help, "Requests served");
	ck_assert_int_eq(value(&v, "http.front.open"), 3);
	ck_assert_int_eq(find(&v, "http.front.open")->kind, SCHEMA_GAUGE);
	/* the newer one is gone for good: what is there counts again */
	fake_drop(&f, at);
	fake_show(&f);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front.open"), 50);
	ck_assert_int_eq(value(&v, "http.front.requests"), 40);
	ck_assert_uint_eq(count(&v), 2);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(labels_are_part_of_the_name)
{
	const struct schema_item a[] = {
		{ SCHEMA_LABEL, 0, 0, 0, "host", "", "a" },
		{ SCHEMA_COUNTER, 0, 0, 1, "n", "", "" },
		{ SCHEMA_LABEL, 0, 0, 0, "zone", "", "1" },
		{ SCHEMA_HISTOGRAM, 0, 0, 3, "h", "", "" },
		{ SCHEMA_COUNTER, 0, 0, 1, "n", "", "again: is left out" },
	};
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(&f, &(struct fake_set){
			      .type = "x", .ident = "y", .items = a, .n = 5 });
	fake_store(&f, at, 0, 3);
	fake_store(&f, at, 4, 5);
	at = fake_set(
	    &f, &(struct fake_set){
		    .type = "x", .ident = "y", .items = a + 1, .n = 1 });
	fake_store(&f, at, 0, 4);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_uint_eq(count(&v), 2);
	ck_assert_int_eq(value(&v, "x.y.n{host=a,zone=1}"), 3);
	ck_assert_int_eq(value(&v, "x.y.n"), 4);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(a_rate_is_the_average_first_and_then_between_passes)
{
	struct stat_counter *k;
	struct fake f;
	struct view v;
	uint64_t began;
	uint32_t at;

	fake_begin(&f);
	at = put(&f,
	    &(struct fake_set){ A_SET, .created = clock_real() - 10 * NSEC },
	    1000, 3, 1, 2);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	k = find(&v, "http.front.requests");
	ck_assert(k->rate > 90 && k->rate < 101);
	ck_assert(find(&v, "http.front.open")->rate == 0);
	began = clock_mono();
	while (clock_mono() - began < 100 * MSEC)
		usleep(1000);
	fake_store(&f, at, 0, 2000);
	view_pass(&v);
	/* 1000 in 0.1 s and then some */
	ck_assert(k->rate > 100 && k->rate < 10001);
	view_end(&v);
	fake_end(&f);
}
END_TEST

START_TEST(a_new_segment_goes_on_with_the_counters_of_the_old_one)
{
	struct stat_counter *k;
	struct fake f;
	struct view v;
	uint32_t at;

	fake_begin(&f);
	put(&f, &(struct fake_set){ A_SET }, 1000, 3, 1, 2);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	k = find(&v, "http.front.requests");
	fake_restart(&f);
	ck_assert_int_eq(attach_is_stale(&v.a), 1);
	at = put(&f, &(struct fake_set){ A_SET, .flags = DESC_PLACEHOLDER },
	    1500, 3, 1, 2);
	fake_show(&f);
	view_pass(&v);
	ck_assert_ptr_eq(find(&v, "http.front.requests"), k);
	ck_assert_int_eq(value(&v, "http.front.requests"), 1500);
	ck_assert_int_eq(k->known, 1);
	ck_assert_uint_eq(k->before, 1000);
	fake_drop(&f, at);
	fake_show(&f);
	view_pass(&v);
	ck_assert_uint_eq(count(&v), 0);
	ck_assert(RB_EMPTY(&v.c.counters));
	view_end(&v);
	fake_end(&f);
}
END_TEST

/*
 * A daemon that is killed in mid-change leaves alloc_seq at zero, whatever it
 * was about to do.
 */
START_TEST(a_list_that_stays_in_change_is_read_and_counts_each_set_once)
{
	uint64_t sums[4] = { 107, 0, 0, 0 }, began;
	uint32_t retained, dead;
	struct set_plan p;
	struct fake f;
	struct view v;

	fake_begin(&f);
	retained = put(&f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    100, 0, 0, 0);
	dead = put(&f, &(struct fake_set){ A_SET, .id = 1 }, 7, 0, 0, 0);
	put(&f, &(struct fake_set){ A_SET, .id = 2, .flags = DESC_PLACEHOLDER },
	    1000, 0, 0, 0);
	fake_show(&f);
	view_begin(&v, &f, NULL);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front.requests"), 1107);

	/* folded, but its descriptor does not say so yet; joined, and the
	 * placeholder still there */
	directory_begin(&f.dir);
	p = fake_plan(&f, retained);
	bank_write(fake_section(&f, retained), &p, 1, sums, 4,
	    shared_load(&f.d[dead].serial));
	bank_turn(fake_section(&f, retained), 1);
	put(&f, &(struct fake_set){ A_SET, .id = 2 }, 1001, 0, 0, 0);
	fake_list(&f);
	began = clock_mono();
	view_pass(&v);
	ck_assert_uint_lt(clock_mono() - began, 2 * NSEC);
	ck_assert_int_eq(v.c.scanned, 1);
	ck_assert_int_eq(value(&v, "http.front.requests"), 1108);

	/* a descriptor that is just being written: not lower than before */
	directory_clear(&f.dir, dead);
	directory_clear(&f.dir, retained);
	view_pass(&v);
	ck_assert_int_eq(v.c.scanned, 1);
	ck_assert_int_eq(value(&v, "http.front.requests"), 1108);
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
	t->worker = put(f, &(struct fake_set){ A_SET }, 7, 0, 0, 0);
	(void)fake_set(
	    f, &(struct fake_set){
		   .type = "other", .ident = "set", .items = items, .n = 4 });
	t->retained = put(f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 },
	    100, 0, 0, 0);
	fake_show(f);
	view_begin(&v, f, &o);
	view_pass(&v);
	ck_assert_int_eq(t->done, 1);
	ck_assert_int_eq(v.c.scanned, 0);
	ck_assert_int_eq(value(&v, "http.front.requests"), 107);
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

	retained = put(f,
	    &(struct fake_set){ A_SET, .flags = DESC_RETAINED, .banks = 2 }, 0,
	    0, 0, 0);
	p = fake_plan(f, retained);
	while (number_get(&b->stop) == 0) {
		for (n = 0; n < 8; n++) {
			list[n] =
			    put(f, &(struct fake_set){ A_SET }, 1, 0, 0, 0);
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
		if (find(&v, "http.front.requests") == NULL)
			continue;
		sum = value(&v, "http.front.requests");
		scans += (uint64_t)v.c.scanned;
		expect(v.c.scanned || (uint64_t)sum >= before);
		expect(v.c.scanned || (uint64_t)sum <= after);
		expect((uint64_t)sum >= last);
		last = (uint64_t)sum;
	}
	number_set(&b->stop, 1);
	pthread_join(thread, NULL);
	view_pass(&v);
	ck_assert_uint_eq(
	    (uint64_t)value(&v, "http.front.requests"), number_get(&b->born));
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
	put(&f, &(struct fake_set){ A_SET }, 5, 3, 1, 2);
	for (int round = 0; round < 3000; round++) {
		for (int i = 0; i < 6; i++) {
			uint8_t *section;
			size_t from;

			at[i] = put(&f,
			    &(struct fake_set){ .type = "bad",
				.ident = "set",
				.items = items,
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
		expect_eq(value(&v, "http.front.requests"), 5);
		for (int i = 0; i < 6; i++)
			fake_drop(&f, at[i]);
	}
	fake_show(&f);
	view_pass(&v);
	ck_assert_uint_eq(count(&v), 4);
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
		put(&f, &(struct fake_set){ A_SET }, 1, 0, 0, 0);
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
		expect(count(&v) < 100);
	}
	for (uint32_t i = 0; i < 10; i++)
		fake_drop(&f, i);
	for (int i = 0; i < 10; i++)
		put(&f, &(struct fake_set){ A_SET }, 1, 0, 0, 0);
	fake_show(&f);
	view_pass(&v);
	ck_assert_int_eq(value(&v, "http.front.requests"), 10);
	free(saved);
	view_end(&v);
	fake_end(&f);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		sets_of_one_schema_are_added_up,
		the_dead_count_once_and_only_what_is_retained,
		carry_and_the_bank_that_is_shown_count,
		apart_each_worker_has_a_line_and_the_retained_one,
		the_newest_set_defines_a_counter_and_others_that_clash_are_left_out,
		labels_are_part_of_the_name,
		a_rate_is_the_average_first_and_then_between_passes,
		a_new_segment_goes_on_with_the_counters_of_the_old_one,
		a_list_that_stays_in_change_is_read_and_counts_each_set_once,
		a_worker_that_dies_in_mid_pass_counts_once,
		sums_are_right_while_workers_are_born_and_die,
		rubbish_in_sets_is_left_out,
		rubbish_in_the_directory_is_survived,
	};

	return UNIT_RUN("stat", tests);
}
