/*
 * test_join.c -- the library gets its sections from a daemon that refuses,
 * hangs up, is mute or lies, and from the next one.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/histogram.h"
#include "common/ring.h"
#include "common/set.h"
#include "common/shared.h"
#include "common/stream.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/join.h"

/* Records in a fake's stream, over all lanes. */
static uint64_t
records(const struct fake_daemon *f, uint32_t i)
{
	struct stream_plan plan;
	struct ring_reader r;
	uint64_t n, sum = 0;

	expect_eq(stream_check(section(f, i), f->section[i].length, &plan), 0);
	for (uint32_t lane = 0; lane < plan.lanes; lane++) {
		ring_reader_init(&r, stream_lane(section(f, i), &plan, lane),
		    plan.lane_size);
		expect_eq(ring_count(&r, &n), RING_DATA);
		sum += n;
	}
	return sum;
}

static uint64_t
born(const struct fake_daemon *f, uint32_t i)
{
	struct stream_plan plan;

	expect_eq(stream_check(section(f, i), f->section[i].length, &plan), 0);
	return plan.born;
}

static uint64_t
total(const struct fake_daemon *f, uint32_t i, uint32_t word)
{
	struct set_plan plan;

	expect_eq(set_check(section(f, i), f->section[i].length, &plan), 0);
	return set_total(section(f, i), &plan,
	    (enum schema_kind)defs[word].kind, words[word]);
}

START_TEST(everything_works_detached)
{
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_stream *s = shmlog_stream(log, "t", "i", NULL);
	struct shmlog_set *set = shmlog_set(log, "t", "i", defs, N, NULL);

	ck_assert_ptr_nonnull(log);
	ck_assert_int_eq(shmlog_tag(s, "A"), 1);
	ck_assert_int_eq(shmlog_tag(s, "B"), 2);
	ck_assert_int_eq(shmlog_tag(s, "A"), 1);
	errno = EXDEV;
	ck_assert_int_eq(shmlog_puts(s, 1, SHMLOG_INFO, 0, "x"), 0);
	ck_assert_int_eq(errno, EXDEV);
	ck_assert_uint_eq(shmlog_dropped(log), 1);
	shmlog_add(shmlog_counter(set, REQUESTS), 7);
	ck_assert_uint_eq(shmlog_value(set, REQUESTS), 7);
	ck_assert_int_eq(shmlog_dispatch(log), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(shmlog_wait(log, 10), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_stream_options odd = { .lane_size = 100000 };
	struct shmlog_set_options label = { .labels = "nothing" };
	struct shmlog_def kind = { "x", (enum shmlog_kind)6, 0, "", "" };
	struct shmlog_stream *s = shmlog_stream(log, "t", "i", NULL);

	ck_assert_ptr_null(shmlog_open("../up"));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(shmlog_stream(log, "", "i", NULL));
	ck_assert_ptr_null(shmlog_stream(log, "a b", "i", NULL));
	ck_assert_ptr_null(shmlog_stream(log, "sixteen-bytes-16", "i", NULL));
	ck_assert_ptr_null(shmlog_stream(log, "t", "i", &odd));
	ck_assert_ptr_null(shmlog_set(log, "t", "i", defs, N, &label));
	ck_assert_ptr_null(shmlog_set(log, "t", "i", &kind, 1, NULL));
	ck_assert_ptr_null(shmlog_set(NULL, "t", "i", defs, N, NULL));
	ck_assert_int_eq(shmlog_tag(s, ""), 0);
	ck_assert_int_eq(shmlog_tag(s, "no spaces"), 0);
	ck_assert_int_eq(shmlog_put(NULL, 1, 1, 1, "x", 1), 0);
	shmlog_add(shmlog_counter(NULL, 3), 1);
	shmlog_close(NULL);
	shmlog_stream_free(NULL);
	shmlog_set_free(NULL);
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

START_TEST(two_counters_of_one_name_are_refused)
{
	enum { MANY = 1000 };
	static char names[MANY][16];
	static struct shmlog_def many[MANY];
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_set *set;

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "n%d", i);
		many[i].name = names[i];
		many[i].kind = SHMLOG_COUNTER;
	}
	set = shmlog_set(log, "t", "i", many, MANY, NULL);
	ck_assert_ptr_nonnull(set);
	/* the first and the last of them, of another kind at that */
	many[MANY - 1].name = names[0];
	many[MANY - 1].kind = SHMLOG_GAUGE;
	errno = 0;
	ck_assert_ptr_null(shmlog_set(log, "t", "i", many, MANY, NULL));
	ck_assert_int_eq(errno, EINVAL);
	/* another set may have them */
	ck_assert_ptr_nonnull(shmlog_set(log, "t", "i", many, 1, NULL));
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

START_TEST(a_record_is_there_when_put_returns)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct shmlog_stream *s;

	daemon_start(&f, NULL, 1);
	log = shmlog_open(f.dir);
	s = shmlog_stream(log, "t", "i", NULL);
	attach(log);
	ck_assert_int_eq(
	    shmlog_puts(s, shmlog_tag(s, "A"), SHMLOG_INFO, 1, "x"), 1);
	ck_assert_uint_eq(records(&f, 0), 1);
	ck_assert_int_eq(shmlog_put(s, 0, SHMLOG_INFO, 0, NULL, 0), 1);
	ck_assert_uint_eq(records(&f, 0), 2);
	shmlog_close(log);
	daemon_kill(&f);
	ck_assert_int_eq(f.section[0].published, 1);
	ck_assert_int_eq(f.section[0].freed, 1);
	daemon_free(&f, 1);
}
END_TEST

START_TEST(counts_from_before_the_daemon_are_taken_along)
{
	struct fake_daemon f;
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_set *set = shmlog_set(log, "t", "i", defs, N, NULL);
	uint64_t *word = shmlog_counter(set, REQUESTS);

	shmlog_add(word, 41);
	shmlog_gauge(shmlog_counter(set, LOAD), -5);
	shmlog_bit_set(shmlog_counter(set, BITS), 63);
	shmlog_add(shmlog_counter(set, OPEN), 3);
	shmlog_sub(shmlog_counter(set, OPEN), 5);
	daemon_start(&f, dir, 1);
	attach(log);
	shmlog_add(word, 1);
	ck_assert_ptr_eq(word, shmlog_counter(set, REQUESTS));
	ck_assert_uint_eq(total(&f, 0, REQUESTS), 42);
	ck_assert_uint_eq(shmlog_value(set, REQUESTS), 42);
	ck_assert_int_eq((int64_t)total(&f, 0, LOAD), -5);
	ck_assert_uint_eq(total(&f, 0, BITS), UINT64_C(1) << 63);
	ck_assert_int_eq((int64_t)total(&f, 0, OPEN), -2);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 0);
	unit_rmdir(dir, fd);
}
END_TEST

/* A bitmap, a histogram, a counter. */
static void
add_to_all(struct shmlog_set *set)
{
	uint64_t *h = shmlog_counter(set, 1);

	shmlog_bit_set(shmlog_counter(set, 0), 3);
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		shmlog_observe(h, histogram_low(i));
	shmlog_add(shmlog_counter(set, 2), 7);
}

START_TEST(every_word_of_a_histogram_is_taken_along)
{
	static const struct shmlog_def timed[] = {
		{ "a", SHMLOG_BITMAP, 0, NULL, NULL },
		{ "b", SHMLOG_HISTOGRAM, 0, NULL, NULL },
		{ "c", SHMLOG_COUNTER, 0, NULL, NULL },
	};
	struct fake_daemon f;
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_set *set = shmlog_set(log, "t", "i", timed, 3, NULL);
	struct set_plan p;

	ck_assert_ptr_nonnull(set);
	add_to_all(set);
	daemon_start(&f, dir, 1);
	attach(log);
	add_to_all(set);
	ck_assert_uint_eq(shmlog_value(set, 0), 8);
	ck_assert_uint_eq(shmlog_value(set, 1), 2 * HISTOGRAM_BUCKETS);
	ck_assert_uint_eq(shmlog_value(set, 2), 14);
	ck_assert_int_eq(set_check(section(&f, 0), f.section[0].length, &p), 0);
	for (uint32_t w = 1; w < HISTOGRAM_WORDS; w++)
		expect_eq(
		    set_total(section(&f, 0), &p, SCHEMA_HISTOGRAM, 2 + w), 2);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 0);
	unit_rmdir(dir, fd);
}
END_TEST

/* Whatever the daemon hangs up at, done or not, the next connection mends it,
 * and nothing is asked for twice that need not be. */
START_TEST(a_hang_up_at_any_request_is_mended)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct shmlog_set *set;

	for (int op = MESSAGE_HELLO; op <= MESSAGE_PUBLISH; op++)
		for (int done = 0; done < 2; done++) {
			daemon_start(&f, NULL, 1);
			f.do_it_first = done;
			f.hang_up_at = op;
			log = shmlog_open(f.dir);
			set = shmlog_set(log, "t", "i", defs, N, NULL);
			shmlog_add(shmlog_counter(set, REQUESTS), 1);
			attach(log);
			shmlog_add(shmlog_counter(set, REQUESTS), 1);
			expect_eq(f.connections, 2);
			expect_eq(total(&f, f.sections - 1, REQUESTS), 2);
			if (op == MESSAGE_PUBLISH)
				expect_eq(f.sections, 1);
			shmlog_close(log);
			daemon_kill(&f);
			daemon_free(&f, 1);
		}
}
END_TEST

START_TEST(a_refusal_is_told_and_asked_again)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct shmlog_stream *s;

	daemon_start(&f, NULL, 1);
	f.refuse = MESSAGE_NO_SPACE;
	log = shmlog_open(f.dir);
	s = shmlog_stream(log, "t", "i", NULL);
	ck_assert_int_eq(shmlog_wait(log, 1000), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(shmlog_puts(s, 0, 6, 0, "x"), 0);
	f.refuse = 0;
	while (shmlog_wait(log, 1000) != 0)
		expect_eq(errno, ENOSPC);
	ck_assert_int_eq(shmlog_puts(s, 0, 6, 0, "x"), 1);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}
END_TEST

START_TEST(a_section_out_of_bounds_is_not_mapped)
{
	struct fake_daemon f;
	struct shmlog *log;

	daemon_start(&f, NULL, 1);
	f.rubbish = 1;
	log = shmlog_open(f.dir);
	(void)shmlog_stream(log, "t", "i", NULL);
	ck_assert_int_eq(shmlog_wait(log, 1000), -1);
	ck_assert_int_eq(errno, EPROTO);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}
END_TEST

START_TEST(why_nobody_can_be_reached_is_told)
{
	struct fake_daemon f;
	struct shmlog *log;

	daemon_start(&f, NULL, 1);
	f.refuse_hello = MESSAGE_DENIED;
	log = shmlog_open(f.dir);
	ck_assert_int_eq(shmlog_wait(log, 10000), -1);
	ck_assert_int_eq(errno, EACCES);
	f.refuse_hello = MESSAGE_BAD_VERSION;
	ck_assert_int_eq(shmlog_wait(log, 10000), -1);
	ck_assert_int_eq(errno, EPROTO);
	f.refuse_hello = 0;
	ck_assert_int_eq(shmlog_wait(log, 10000), 0);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}
END_TEST

START_TEST(ids_are_each_another_also_in_children)
{
	char dir[64];
	int fd = unit_mkdir(dir), to[2], status;
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_stream *s = shmlog_stream(log, "t", "i", NULL);
	uint64_t mine = shmlog_id(s), next = shmlog_id(s), childs;

	ck_assert_uint_eq(next, mine + 1);
	ck_assert_uint_lt(next, UINT64_C(1) << 53);
	ck_assert_uint_eq(mine >> 31, (uint64_t)getpid());
	ck_assert_int_eq(pipe(to), 0);
	if (fork() == 0) {
		childs = shmlog_id(s);
		_exit(write(to[1], &childs, sizeof(childs)) == sizeof(childs)
			  ? 0
			  : 1);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(to[0], &childs, sizeof(childs)), sizeof(childs));
	ck_assert_uint_ne(childs >> 31, mine >> 31);
	close(to[0]);
	close(to[1]);
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

START_TEST(a_mute_daemon_holds_up_no_put)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct shmlog_stream *s;
	struct timespec a, b;
	uint64_t n = 0;
	int64_t ns = 0;

	daemon_start(&f, NULL, 1);
	f.mute = 1;
	log = shmlog_open(f.dir);
	s = shmlog_stream(log, "t", "i", NULL);
	/* two seconds of puts: the waits of all of them together are bounded
	 * by 2 ms an attempt; by the thread's own CPU clock they are busy */
	clock_gettime(CLOCK_MONOTONIC, &a);
	while (ns < 2000000000) {
		expect_eq(shmlog_puts(s, 0, 6, 0, "x"), 0);
		n++;
		clock_gettime(CLOCK_MONOTONIC, &b);
		ns =
		    (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec;
	}
	expect_eq(shmlog_dropped(log), n);
	expect(f.connections <= 3);
	expect(f.requests[MESSAGE_HELLO] <= 3);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}
END_TEST

/* Records in the old one, then in the new one, which names the old one's. */
START_TEST(lanes_and_counters_go_to_the_next_daemon)
{
	struct fake_daemon a, b;
	struct shmlog_stream_options one = { .lanes = 1 };
	struct shmlog *log;
	struct shmlog_stream *s;
	struct shmlog_set *set;
	struct stream_plan plan;
	struct lane_header *lane;
	int tag;

	daemon_start(&a, NULL, 1);
	log = shmlog_open(a.dir);
	s = shmlog_stream(log, "t", "i", &one);
	set = shmlog_set(log, "t", "i", defs, N, NULL);
	attach(log);
	tag = shmlog_tag(s, "A");
	for (int i = 0; i < 3; i++)
		expect_eq(shmlog_puts(s, tag, 6, 0, "old"), 1);
	shmlog_add(shmlog_counter(set, REQUESTS), 3);
	daemon_kill(&a);
	expect_eq(shmlog_puts(s, tag, 6, 0, "no daemon"), 1);
	shmlog_add(shmlog_counter(set, REQUESTS), 1);
	ck_assert_uint_eq(records(&a, 0), 4);
	daemon_start(&b, a.dir, 2);
	daemon_supersede(&a, 2);
	expect_eq(shmlog_puts(s, tag, 6, 0, "this one joins"), 1);
	attach(log);
	expect_eq(shmlog_puts(s, shmlog_tag(s, "B"), 6, 0, "new"), 1);
	shmlog_add(shmlog_counter(set, REQUESTS), 1);
	ck_assert_uint_eq(records(&a, 0) + records(&b, 0), 6);
	ck_assert_uint_eq(total(&b, 1, REQUESTS), 5);
	ck_assert_uint_eq(total(&a, 1, REQUESTS), 4);
	stream_check(section(&b, 0), b.section[0].length, &plan);
	lane = stream_lane(section(&b, 0), &plan, 0);
	ck_assert_uint_eq(lane->pred_created, 1);
	ck_assert_uint_eq(lane->pred_serial, a.section[0].serial);
	ck_assert_uint_eq(lane->pred_records, records(&a, 0));
	ck_assert_int_eq(b.section[0].published, 1);
	shmlog_close(log);
	daemon_kill(&b);
	daemon_free(&b, 0);
	daemon_free(&a, 1);
}
END_TEST

START_TEST(a_child_counts_from_zero_and_joins_by_itself)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct shmlog_set *set;
	struct shmlog_stream *s;
	uint64_t *word;
	int status;
	pid_t pid;

	daemon_start(&f, NULL, 1);
	log = shmlog_open(f.dir);
	set = shmlog_set(log, "t", "i", defs, N, NULL);
	s = shmlog_stream(log, "t", "i", NULL);
	word = shmlog_counter(set, REQUESTS);
	attach(log);
	shmlog_add(word, 10);
	pid = fork();
	if (pid == 0) {
		shmlog_add(word, 1);
		_exit(shmlog_value(set, REQUESTS) == 1 &&
			      shmlog_wait(log, 10000) == 0 &&
			      shmlog_puts(s, 0, 6, 0, "child") == 1
			  ? 0
			  : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(f.sections, 4);
	ck_assert_uint_eq(total(&f, 0, REQUESTS), 10);
	ck_assert_uint_eq(total(&f, 2, REQUESTS), 1);
	ck_assert_uint_eq(records(&f, 1), 0);
	ck_assert_uint_eq(records(&f, 3), 1);
	ck_assert_uint_gt(born(&f, 3), born(&f, 1));
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}
END_TEST

/* No descriptor is left, and no file may be longer than 0 bytes, which the
 * kernel says with a signal. */
START_TEST(a_set_takes_no_descriptor_and_no_file)
{
	static const struct rlimit none = { 0, 0 };
	struct shmlog *log;
	struct shmlog_set *set;
	char dir[64];
	int fd = unit_mkdir(dir), status;
	pid_t pid = fork();

	if (pid == 0) {
		log = shmlog_open(dir);
		if (setrlimit(RLIMIT_FSIZE, &none) == -1 ||
		    setrlimit(RLIMIT_NOFILE, &none) == -1)
			_exit(1);
		set = shmlog_set(log, "t", "i", defs, N, NULL);
		if (set == NULL)
			_exit(2);
		shmlog_add(shmlog_counter(set, REQUESTS), 1);
		pid = fork();
		if (pid == 0)
			_exit(shmlog_value(set, REQUESTS) == 0 ? 0 : 3);
		_exit(waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 4);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	unit_rmdir(dir, fd);
}
END_TEST

/* With lanes held for ever, what a child of theirs still may do. */
START_TEST(a_long_record_is_cut_and_a_large_batch_is_split)
{
	struct fake_daemon f;
	struct shmlog_stream_options one = { .lanes = 1, .lane_size = 65536 };
	struct shmlog *log;
	struct shmlog_stream *s;
	struct shmlog_batch *b;
	static char text[100000];

	daemon_start(&f, NULL, 1);
	log = shmlog_open(f.dir);
	s = shmlog_stream(log, "t", "i", &one);
	b = shmlog_batch(s);
	attach(log);
	memset(text, 'x', sizeof(text));
	ck_assert_uint_eq(shmlog_record_max(s), 65536 / 4 - 24);
	ck_assert_int_eq(shmlog_put(s, 0, 6, 0, text, sizeof(text)), 1);
	for (int i = 0; i < 100; i++)
		expect_eq(shmlog_batch_put(b, 0, 6, 1, text, 1000), 1);
	ck_assert_uint_eq(shmlog_batch_commit(b), 0);
	ck_assert_uint_eq(records(&f, 0), 101);
	shmlog_batch_free(b);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}
END_TEST

START_TEST(the_descriptor_tells_when_to_dispatch)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct pollfd p = { .events = POLLIN };
	char dir[64];
	int fd = unit_mkdir(dir);

	log = shmlog_open(dir);
	(void)shmlog_set(log, "t", "i", defs, N, NULL);
	p.fd = shmlog_fd(log);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	daemon_start(&f, dir, 1);
	/* nothing but the descriptor says when */
	do
		ck_assert_int_eq(poll(&p, 1, 10000), 1);
	while (shmlog_dispatch(log) != 0);
	ck_assert_int_eq(f.section[0].published, 1);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	daemon_kill(&f);
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	ck_assert_int_eq(shmlog_dispatch(log), -1);
	shmlog_close(log);
	daemon_free(&f, 0);
	unit_rmdir(dir, fd);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		everything_works_detached,
		bad_arguments_are_refused,
		two_counters_of_one_name_are_refused,
		a_record_is_there_when_put_returns,
		counts_from_before_the_daemon_are_taken_along,
		every_word_of_a_histogram_is_taken_along,
		a_hang_up_at_any_request_is_mended,
		a_refusal_is_told_and_asked_again,
		a_section_out_of_bounds_is_not_mapped,
		why_nobody_can_be_reached_is_told,
		ids_are_each_another_also_in_children,
		a_mute_daemon_holds_up_no_put,
		lanes_and_counters_go_to_the_next_daemon,
		a_child_counts_from_zero_and_joins_by_itself,
		a_set_takes_no_descriptor_and_no_file,
		a_long_record_is_cut_and_a_large_batch_is_split,
		the_descriptor_tells_when_to_dispatch,
	};

	return UNIT_RUN("join", tests);
}
