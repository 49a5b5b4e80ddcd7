/*
 * test_store_sums.c -- sums over workers: freed, killed, and killed in the
 * middle of either; the daemon after.
 *
 * A daemon is killed between two of its stores by copying the segment there:
 * the next one takes over from the copy.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/shared.h"
#include "tests/unit/depot.h"

#define COPIES_MAX 64

static struct depot d;

static struct {
	struct depot *of;
	int fds[COPIES_MAX];
	char where[COPIES_MAX][16];
	int n;
} copies;

static void
copy(void *arg, const char *where)
{
	(void)arg;
	if (copies.of == NULL)
		return;
	expect(copies.n < COPIES_MAX);
	copies.fds[copies.n] = depot_copy(copies.of);
	(void)strncpy(copies.where[copies.n++], where, 15);
}

/* The sums that the next daemon shows that takes over from a copy. */
static uint64_t
sum_after(int copied, uint32_t word)
{
	struct depot next, old;
	uint64_t sum;

	depot_begin(&next);
	depot_open(&next);
	depot_restart(&next, &copied, 1, &old);
	expect_eq(next.taken.damaged, 0);
	sum = depot_sum(&next, word);
	depot_forget(&old);
	depot_end(&next);
	return sum;
}

static void
begin(void)
{
	depot_begin(&d);
	d.options.step = copy;
	depot_open(&d);
}

static struct message_section
counting(const struct store_owner *o, uint64_t id, uint64_t hits)
{
	struct message_section m = depot_set(&d, o, id, NULL, NULL);

	depot_add(&d, &m, DEPOT_HITS, hits);
	depot_add(&d, &m, DEPOT_TIMES, 100 * hits);
	depot_add(&d, &m, DEPOT_SHORT, hits);
	depot_add(&d, &m, DEPOT_LONG, 2 * hits);
	depot_add(&d, &m, DEPOT_LOAD, 1000);
	expect_eq(depot_publish(&d, o, &m), MESSAGE_OK);
	return m;
}

/* The sum of hits; the histogram's words are those of counting(), too. */
static uint64_t
hits(void)
{
	uint64_t n = depot_sum(&d, DEPOT_HITS);

	expect_eq(depot_sum(&d, DEPOT_TIMES), 100 * n);
	expect_eq(depot_sum(&d, DEPOT_SHORT), n);
	expect_eq(depot_sum(&d, DEPOT_LONG), 2 * n);
	return n;
}

START_TEST(what_was_freed_stays_in_the_sums)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct message_section a, b;
	struct directory_entry e;

	begin();
	a = counting(&o, 1, 10);
	b = counting(&p, 1, 5);
	(void)counting(&o, 2, 3);
	expect_eq(hits(), 18);
	expect_eq(store_free(d.store, &o, &a, d.now), MESSAGE_OK);
	expect_eq(hits(), 18);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 2000);
	expect(depot_find(&d, a.serial, &e));
	expect_eq(e.d.flags, DESC_FOLDED);
	store_owner_died(d.store, p.pid, p.start, d.now);
	expect(depot_find(&d, b.serial, &e));
	expect_eq(e.d.flags, DESC_FOLDED);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(hits(), 18);
	expect_eq(depot_sum(&d, DEPOT_LOAD), 0);
	expect_eq(depot_figures(&d).retained, 1);
	depot_pass(&d, DEPOT_COOLING);
	store_tick(d.store, d.now);
	expect_eq(depot_figures(&d).live, 2);
	expect_eq(hits(), 18);
	depot_end(&d);
}
END_TEST

START_TEST(a_schema_that_its_set_has_no_words_for_is_refused)
{
	struct store_owner o = depot_process(1);
	struct message_section m;
	struct set_header *h;

	begin();
	for (uint64_t i = 1; i <= 4; i++) {
		m = depot_set(&d, &o, i, NULL, NULL);
		h = depot_memory(&d, &m);
		switch (i) {
		case 1:
			h->words = DEPOT_WORDS - 1;
			break;
		case 2:
			h->entries = DEPOT_ENTRIES + 1;
			break;
		case 3:
			h->banks = 2;
			break;
		default:
			h->id = 0;
		}
		/* once while the schema is new, once while it is known */
		expect_eq(depot_publish(&d, &o, &m), MESSAGE_BAD_SECTION);
		(void)counting(&o, 10 + i, 1);
		expect_eq(depot_publish(&d, &o, &m), MESSAGE_BAD_SECTION);
	}
	depot_end(&d);
}
END_TEST

START_TEST(death_needs_no_room)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct message_section m;

	begin();
	(void)counting(&o, 1, 10);
	expect_eq(depot_alloc(&d, &p, "a", "x", depot_figures(&d).largest, &m),
	    MESSAGE_OK);
	while (depot_alloc(&d, &p, "a", "x", 1, &m) == MESSAGE_OK)
		;
	expect_eq(depot_figures(&d).bytes_free, 0);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	depot_end(&d);
}
END_TEST

START_TEST(retained_sets_are_bounded_and_refusals_counted)
{
	struct store_owner o = depot_process(1);
	struct message_section m[DEPOT_SECTIONS];
	uint8_t buf[256];
	char name[16];
	int n = DEPOT_SECTIONS / 4 + 3;
	struct directory_entry e;
	struct set_plan p;

	begin();
	for (int i = 0; i < n; i++) {
		uint64_t length;
		size_t size = 0;

		(void)snprintf(name, sizeof(name), "c%d", i);
		schema_put(buf, &size, SCHEMA_COUNTER, 0, 0, 1, name, "", "");
		length = set_plan(&p, 1, 1, 1, 1, size);
		expect_eq(depot_alloc(&d, &o, CLASS_STAT, "x", length, &m[i]),
		    MESSAGE_OK);
		p.id = (uint64_t)i + 1;
		set_create(depot_memory(&d, &m[i]), &p, buf);
		expect_eq(depot_publish(&d, &o, &m[i]), MESSAGE_OK);
	}
	expect_eq(depot_figures(&d).retained, DEPOT_SECTIONS / 4);
	expect(depot_find(&d, 1, &e));
	expect(set_check(d.map.base + e.d.offset, e.d.length, &p) == 0);
	expect_eq(set_total(d.map.base + e.d.offset, &p, SCHEMA_COUNTER,
		      STORE_RETAINED_REFUSED),
	    3);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect(depot_find(&d, m[0].serial, &e));
	expect_eq(e.d.flags, DESC_FOLDED);
	expect(depot_find(&d, m[n - 1].serial, &e));
	expect_eq(e.d.flags, 0);
	depot_end(&d);
}
END_TEST

/* What the retained set shows at each step: the old sums, then the new. */
static uint64_t shown[2];

static void
look(void *arg, const char *where)
{
	struct directory_entry e[DEPOT_SECTIONS];
	struct set_plan p;
	size_t n;

	(void)arg;
	if (d.map.base == NULL)
		return;
	directory_scan(&d.map, e, &n);
	for (size_t i = 0; i < n; i++) {
		if (!(e[i].d.flags & DESC_RETAINED) ||
		    set_check(d.map.base + e[i].d.offset, e[i].d.length, &p))
			continue;
		if (strcmp(where, "written") == 0)
			shown[0] = set_total(d.map.base + e[i].d.offset, &p,
			    SCHEMA_COUNTER, DEPOT_HITS);
		if (strcmp(where, "turned") == 0)
			shown[1] = set_total(d.map.base + e[i].d.offset, &p,
			    SCHEMA_COUNTER, DEPOT_HITS);
	}
}

START_TEST(sums_change_all_at_once_and_not_word_by_word)
{
	struct store_owner o = depot_process(1);
	struct message_section m;

	depot_begin(&d);
	d.options.step = look;
	depot_open(&d);
	for (uint64_t i = 1; i <= 4; i++) {
		m = counting(&o, i, 10);
		expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
		expect_eq(shown[0], 10 * i - 10);
		expect_eq(shown[1], 10 * i);
	}
	depot_end(&d);
}
END_TEST

START_TEST(a_daemon_killed_anywhere_in_a_fold_counts_it_once)
{
	struct store_owner o = depot_process(1), p = depot_process(2);
	struct message_section m;

	begin();
	m = counting(&o, 1, 10);
	(void)counting(&o, 2, 20);
	(void)counting(&p, 1, 40);
	(void)counting(&p, 2, 80);
	copies.of = &d;
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	store_owner_died(d.store, p.pid, p.start, d.now);
	store_owner_died(d.store, o.pid, o.start, d.now);
	copies.of = NULL;
	/* the next one finds all of them dead, but for the copies in which
	 * the first one was freed by a process that lives */
	depot_kill(2);
	for (int i = 0; i < copies.n; i++) {
		uint64_t sum = sum_after(dup(copies.fds[i]), DEPOT_HITS);

		if (sum != 150)
			ck_abort_msg("%d, %s: %ju", i, copies.where[i], sum);
		expect_eq(sum_after(dup(copies.fds[i]), DEPOT_LONG), 300);
	}
	depot_kill(1);
	for (int i = 0; i < copies.n; i++) {
		uint64_t sum = sum_after(copies.fds[i], DEPOT_HITS);

		if (sum != 150)
			ck_abort_msg("%d, %s: %ju", i, copies.where[i], sum);
	}
	expect(copies.n > 20);
	depot_end(&d);
}
END_TEST

START_TEST(a_set_published_anew_takes_the_place_of_the_one_before)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;
	struct directory_entry e;

	begin();
	a = counting(&o, 1, 10);
	/* its connection broke: it moves within the segment */
	b = depot_set(&d, &o, 1, &d, &a);
	depot_add(&d, &a, DEPOT_HITS, 5);
	copies.of = &d;
	expect_eq(depot_publish(&d, &o, &b), MESSAGE_OK);
	copies.of = NULL;
	expect_eq(depot_sum(&d, DEPOT_HITS), 15);
	expect(depot_find(&d, a.serial, &e));
	expect(descriptor_is(&e.d, CLASS_COOL));
	depot_add(&d, &a, DEPOT_HITS, 2);
	depot_moved(&d, &b, &d, &a);
	expect_eq(depot_sum(&d, DEPOT_HITS), 17);
	depot_kill(1);
	for (int i = 0; i < copies.n; i++)
		expect_eq(sum_after(copies.fds[i], DEPOT_HITS), 15);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 17);
	depot_end(&d);
}
END_TEST

START_TEST(a_worker_killed_while_it_moves_within_the_segment_loses_nothing)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b;

	begin();
	a = counting(&o, 1, 10);
	b = depot_set(&d, &o, 1, &d, &a);
	expect_eq(depot_publish(&d, &o, &b), MESSAGE_OK);
	depot_add(&d, &a, DEPOT_HITS, 7);
	depot_add(&d, &a, DEPOT_DEPTH, (uint64_t)-3);
	depot_add(&d, &a, DEPOT_LONG, 14);
	depot_add(&d, &b, DEPOT_HITS, 100); /* mapped, carry not stored */
	depot_add(&d, &b, DEPOT_LONG, 200);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 117);
	expect_eq(depot_sum(&d, DEPOT_LONG), 234);
	expect_eq(depot_sum(&d, DEPOT_SHORT), 10);
	depot_end(&d);
}
END_TEST

/* How often this process has the segment mapped. */
static int
mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	int n = 0;

	expect(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, d.path) != NULL;
	(void)fclose(f);
	return n;
}

START_TEST(a_move_within_the_segment_maps_and_seeks_nothing)
{
	struct store_owner o = depot_process(1);
	struct message_section a, b, c, none;
	uint64_t sum;
	int before;

	begin();
	a = counting(&o, 1, 10);
	none = a;
	none.serial = 4711;
	before = mappings();
	expect(before > 0);
	b = depot_set(&d, &o, 1, &d, &a);
	expect_eq(depot_publish(&d, &o, &b), MESSAGE_OK);
	expect_eq(mappings(), before);
	/* and on from there, before the carry was final */
	c = depot_set(&d, &o, 1, &d, &b);
	expect_eq(depot_publish(&d, &o, &c), MESSAGE_OK);
	depot_add(&d, &a, DEPOT_HITS, 5);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), 15);
	/* from nowhere: it is one that begins */
	o = depot_process(2);
	b = depot_set(&d, &o, 1, &d, &a);
	((struct set_header *)depot_memory(&d, &b))->origin_serial =
	    none.serial;
	expect_eq(depot_publish(&d, &o, &b), MESSAGE_OK);
	expect_eq(mappings(), before);
	/* nor from the one that it takes the place of, if it says another */
	c = depot_set(&d, &o, 1, &d, &b);
	((struct set_header *)depot_memory(&d, &c))->origin_serial =
	    none.serial;
	expect_eq(depot_publish(&d, &o, &c), MESSAGE_OK);
	sum = depot_sum(&d, DEPOT_HITS);
	depot_add(&d, &b, DEPOT_HITS, 5);
	store_owner_died(d.store, o.pid, o.start, d.now);
	expect_eq(depot_sum(&d, DEPOT_HITS), sum);
	depot_end(&d);
}
END_TEST

START_TEST(what_is_known_of_the_past_outlives_a_truncation)
{
	struct store_owner o = depot_process(1);
	struct message_section m, stream;

	begin();
	m = counting(&o, 1, 10);
	stream = depot_stream(&d, &o);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	expect_eq(store_free(d.store, &o, &stream, d.now), MESSAGE_OK);
	depot_pass(&d, DEPOT_COOLING);
	store_tick(d.store, d.now);
	for (int i = 0; i < 3; i++)
		store_heartbeat(d.store);
	depot_forget(&d);
	expect(ftruncate(store_fd(d.store), 0) == 0);
	expect_eq(store_check(d.store), STORE_RESTORED);
	expect(segment_map(&d.map, d.dirfd, SEGMENT_FILE) == SEGMENT_OK);
	expect_eq(depot_sum(&d, DEPOT_HITS), 10);
	expect_eq(directory_buried(&d.map), 1);
	expect_eq(shared_load(&d.map.head->heartbeat), 3);
	depot_end(&d);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_was_freed_stays_in_the_sums,
		a_schema_that_its_set_has_no_words_for_is_refused,
		death_needs_no_room,
		retained_sets_are_bounded_and_refusals_counted,
		sums_change_all_at_once_and_not_word_by_word,
		a_daemon_killed_anywhere_in_a_fold_counts_it_once,
		a_set_published_anew_takes_the_place_of_the_one_before,
		a_worker_killed_while_it_moves_within_the_segment_loses_nothing,
		a_move_within_the_segment_maps_and_seeks_nothing,
		what_is_known_of_the_past_outlives_a_truncation,
	};

	return UNIT_RUN("store_sums", tests);
}
