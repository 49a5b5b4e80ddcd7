/*
 * test_counters.c -- words that are there once for each CPU, and words that one
 * thread alone adds to.
 */
#include <sys/mman.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/set.h"
#include "common/shared.h"
#include "common/trylock.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"

enum { COUNTER, GAUGE, BITMAP, UPDOWN, HISTOGRAM, N };

static const struct shmlog_def defs[N] = {
	[COUNTER] = { "counter", SHMLOG_COUNTER, 0, NULL, NULL },
	[GAUGE] = { "gauge", SHMLOG_GAUGE, 0, NULL, NULL },
	[BITMAP] = { "bitmap", SHMLOG_BITMAP, 0, NULL, NULL },
	[UPDOWN] = { "updown", SHMLOG_UPDOWN, 0, NULL, NULL },
	[HISTOGRAM] = { "histogram", SHMLOG_HISTOGRAM, 0, NULL, NULL },
};

static struct shmlog_set *
make(struct shmlog *log, unsigned shards)
{
	const struct shmlog_set_options o = { .shards = shards };

	return shmlog_set(log, "t", "i", defs, N, &o);
}

/* Lets the thread run on one CPU alone; 0: it may not run there. */
static int
run_on(unsigned cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) == 0;
}

static uint64_t *
word_of(const struct shmlog_sharded *s, unsigned cpu)
{
	return s->first + (cpu & s->mask) * s->stride;
}

START_TEST(shards_are_a_power_of_two_up_to_64)
{
	static const unsigned shards[][2] = { { 0, 1 }, { 1, 1 }, { 2, 2 },
		{ 3, 4 }, { 33, 64 }, { 64, 64 } };
	static const unsigned bad[] = { 65, 128, 1u << 31, ~0u - 1 };
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);

	for (size_t i = 0; i < sizeof(shards) / sizeof(shards[0]); i++) {
		struct shmlog_sharded s =
		    shmlog_shards(make(log, shards[i][0]), HISTOGRAM);

		ck_assert_uint_eq(s.mask, shards[i][1] - 1);
		/* words on lines of their own: a CPU fetches two at a time */
		ck_assert_uint_eq(s.stride * 8 % 128, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		ck_assert_ptr_null(make(log, bad[i]));
		ck_assert_int_eq(errno, EINVAL);
	}
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

START_TEST(what_cpus_add_goes_to_shards_of_their_own)
{
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_set *set = make(log, SHMLOG_PER_CPU);
	uint64_t cpus = 0;

	ck_assert_ptr_nonnull(set);
	for (unsigned cpu = 0; cpu < 64; cpu++) {
		struct shmlog_sharded c = shmlog_shards(set, COUNTER);
		struct shmlog_sharded u = shmlog_shards(set, UPDOWN);
		struct shmlog_sharded h = shmlog_shards(set, HISTOGRAM);

		if (!run_on(cpu))
			continue;
		cpus++;
		shmlog_add_sharded(&c, 100 + cpu);
		shmlog_sub_sharded(&u, 7);
		shmlog_observe_sharded(&h, 1 + cpu);
		ck_assert_uint_eq(*word_of(&c, cpu), 100 + cpu);
		ck_assert_int_eq((int64_t)*word_of(&u, cpu), -7);
		ck_assert_uint_eq(*word_of(&h, cpu), 1 + cpu);
		/* where the kernel does not tell */
		c.cpu_offset = 0;
		shmlog_add_sharded(&c, 1);
		ck_assert_uint_eq(*word_of(&c, cpu), 101 + cpu);
		shmlog_sub(word_of(&c, cpu), 100 + cpu);
	}
	ck_assert_uint_ge(cpus, 1);
	ck_assert_uint_eq(shmlog_value(set, COUNTER), cpus);
	ck_assert_int_eq((int64_t)shmlog_value(set, UPDOWN), -7 * (int)cpus);
	ck_assert_uint_eq(shmlog_value(set, HISTOGRAM), cpus);
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

START_TEST(what_has_one_value_has_one_place)
{
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_set *set = make(log, 8);
	struct shmlog_sharded g = shmlog_shards(set, GAUGE);
	struct shmlog_sharded b = shmlog_shards(set, BITMAP);
	struct shmlog_sharded nowhere = shmlog_shards(NULL, 3);

	ck_assert_uint_eq(g.mask, 0);
	ck_assert_uint_eq(b.mask, 0);
	ck_assert_ptr_eq(shmlog_shard(&g), shmlog_counter(set, GAUGE));
	ck_assert_ptr_eq(shmlog_shard(&b), shmlog_counter(set, BITMAP));
	shmlog_observe_sharded(&nowhere, UINT64_MAX);
	nowhere = shmlog_shards(set, N);
	shmlog_observe_sharded(&nowhere, UINT64_MAX);
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

static uint64_t
total(struct fake_daemon *f, unsigned i)
{
	static const uint32_t words[N] = { 0, 1, 2, 4, 5 };
	const void *section = f->base + f->section[0].offset;
	struct set_plan p;

	ck_assert_int_eq(set_check(section, f->section[0].length, &p), 0);
	ck_assert_uint_eq(p.shards, 4);
	return set_total(section, &p, (enum schema_kind)defs[i].kind, words[i]);
}

/* Adds to each shard, and to the first one as who knows of none. */
static void
add_to_all(struct shmlog_set *set, uint64_t n)
{
	struct shmlog_sharded c = shmlog_shards(set, COUNTER);
	struct shmlog_sharded u = shmlog_shards(set, UPDOWN);
	struct shmlog_sharded h = shmlog_shards(set, HISTOGRAM);

	for (unsigned cpu = 0; cpu < 4; cpu++) {
		shmlog_add(word_of(&c, cpu), n << cpu);
		shmlog_sub(word_of(&u, cpu), n << cpu);
		shmlog_observe(word_of(&h, cpu), n << cpu);
	}
	shmlog_add(shmlog_counter(set, COUNTER), n);
	shmlog_gauge(shmlog_counter(set, GAUGE), -(int64_t)n);
	shmlog_bit_set(shmlog_counter(set, BITMAP), (unsigned)n);
}

START_TEST(all_shards_are_taken_along)
{
	struct fake_daemon f;
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_set *set = make(log, 4);

	add_to_all(set, 10);
	daemon_start(&f, dir, 1);
	ck_assert_int_eq(shmlog_wait(log, 10000), 0);
	ck_assert_uint_eq(total(&f, COUNTER), 160);
	ck_assert_int_eq((int64_t)total(&f, GAUGE), -10);
	add_to_all(set, 3);
	ck_assert_uint_eq(total(&f, COUNTER), 160 + 48);
	ck_assert_uint_eq(shmlog_value(set, COUNTER), 160 + 48);
	ck_assert_int_eq((int64_t)total(&f, UPDOWN), -150 - 45);
	ck_assert_uint_eq(total(&f, HISTOGRAM), 150 + 45);
	ck_assert_uint_eq(shmlog_value(set, HISTOGRAM), 8);
	ck_assert_int_eq((int64_t)total(&f, GAUGE), -3);
	ck_assert_int_eq((int64_t)shmlog_value(set, GAUGE), -3);
	ck_assert_uint_eq(total(&f, BITMAP), 1 << 10 | 1 << 3);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 0);
	unit_rmdir(dir, fd);
}
END_TEST

/*
 * ONE WRITER.  A thread adds while other pages are put in the place of its own,
 * as worker/counters.c does.
 */
struct adder {
	uint64_t *word;
	void (*add)(uint64_t *, uint64_t);
	_Atomic uint64_t added;
	_Atomic int stop;
};

static void *
add(void *arg)
{
	struct adder *a = arg;
	uint64_t n = 0;

	while (!atomic_load_explicit(&a->stop, memory_order_relaxed)) {
		a->add(a->word, 3);
		a->add(a->word, UINT64_C(1) << 40);
		n += 3 + (UINT64_C(1) << 40);
	}
	atomic_store(&a->added, n);
	return NULL;
}

static void
add_library(uint64_t *word, uint64_t n)
{
	shared_add_single(word, n);
}

START_TEST(one_writer_loses_nothing_when_its_page_is_replaced)
{
	void (*const ways[])(
	    uint64_t *, uint64_t) = { shmlog_add_single, add_library };
	enum { TURNS = 100, PAGE = 4096 };

#ifdef SHMLOG_TSAN
	return; /* it takes mmap(2) for a write to what is replaced */
#endif
	for (size_t i = 0; i < 2; i++) {
		struct adder a = { .add = ways[i] };
		int fd = memfd_create("pages", MFD_CLOEXEC);
		uint64_t sum = 0, *pages;
		pthread_t thread;

		ck_assert_int_eq(ftruncate(fd, TURNS * PAGE), 0);
		pages = mmap(NULL, TURNS * PAGE, PROT_READ, MAP_SHARED, fd, 0);
		a.word =
		    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ck_assert(pages != MAP_FAILED && a.word != MAP_FAILED);
		ck_assert_int_eq(pthread_create(&thread, NULL, add, &a), 0);
		for (int turn = 1; turn < TURNS; turn++) {
			expect(mmap(a.word, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, fd,
				   (off_t)turn * PAGE) == a.word);
			/* it is in use before there is another one */
			while (shared_load(a.word) == 0)
				sched_yield();
		}
		atomic_store(&a.stop, 1);
		pthread_join(thread, NULL);
		for (int turn = 0; turn < TURNS; turn++)
			sum += pages[turn * PAGE / 8];
		ck_assert_uint_eq(sum, a.added);
		munmap(pages, TURNS * PAGE);
		munmap(a.word, PAGE);
		close(fd);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		shards_are_a_power_of_two_up_to_64,
		what_cpus_add_goes_to_shards_of_their_own,
		what_has_one_value_has_one_place,
		all_shards_are_taken_along,
		one_writer_loses_nothing_when_its_page_is_replaced,
	};

	return UNIT_RUN("counters", tests);
}
