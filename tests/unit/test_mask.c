/*
 * test_mask.c -- what an administrator does not want is not put, and what he
 * wants again is.
 */
#include <sys/wait.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/ring.h"
#include "common/stream.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"

static const struct shmlog_stream_options one = { .lanes = 1 };
static struct fake_daemon f;
static struct shmlog *log_;
static struct shmlog_stream *stream;

/* What the daemon does: levels, and one tag (0: none). */
static void
mask(struct fake_daemon *d, uint32_t index, uint64_t levels, int tag)
{
	uint64_t changes[DAEMON_SECTIONS], tags[TAGS_MAX / 64] = { 0 };
	struct directory dir;

	if (tag != 0)
		tags[tag / 64] = UINT64_C(1) << tag % 64;
	directory_create(&dir, d->base, &d->plan, changes, 1);
	directory_mask(&dir, index, levels, tags);
}

static uint64_t
records(const struct fake_daemon *d, uint32_t i)
{
	uint8_t *at = d->base + d->section[i].offset;
	struct stream_plan plan;
	struct ring_reader r;
	uint64_t n;

	expect_eq(stream_check(at, d->section[i].length, &plan), 0);
	ring_reader_init(&r, stream_lane(at, &plan, 0), plan.lane_size);
	expect_eq(ring_count(&r, &n), RING_DATA);
	return n;
}

static void
begin(void)
{
	daemon_start(&f, NULL, 1);
	log_ = shmlog_open(f.dir);
	stream = shmlog_stream(log_, "t", "i", &one);
	expect_eq(shmlog_wait(log_, 10000), 0);
}

static void
end(void)
{
	shmlog_close(log_);
	daemon_kill(&f);
	daemon_free(&f, 1);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

/* One record by each way, and what was to be of it. */
static void
put_all(int tag, int level, int wanted)
{
	static const char text[1000];
	char format[] = "%d";
	struct shmlog_batch *b = shmlog_batch(stream);
	uint64_t before = records(&f, 0);

	expect_eq(shmlog_wants(stream, tag, level), wanted);
	/* the short way, and the one that is taken by what is long */
	expect_eq(shmlog_put(stream, tag, level, 0, text, 10), 1);
	expect_eq(shmlog_put(stream, tag, level, 0, text, sizeof(text)), 1);
	for (int i = 0; i < 3; i++)
		expect_eq(shmlog_batch_put(b, tag, level, 0, text, 10), 1);
	expect_eq(shmlog_batch_put(b, tag, level, 0, text, sizeof(text)), 1);
	/* and the same with formats, which may be no literals */
	for (int i = 0; i < 3; i++) {
		expect_eq(shmlog_printf(stream, tag, level, 0, "i=%d", i), 1);
		expect_eq(shmlog_batch_printf(b, tag, level, 0, "i=%d", i), 1);
	}
	expect_eq(shmlog_printf(stream, tag, level, 0, format, 1), 1);
	expect_eq(shmlog_batch_printf(b, tag, level, 0, format, 1), 1);
	expect_eq(shmlog_link(stream, tag, level, 1, 2, "x"), 1);
	expect_eq(shmlog_batch_link(b, tag, level, 1, 2, "x"), 1);
	expect_eq(shmlog_batch_commit(b), 0);
	expect_eq(records(&f, 0) - before, wanted ? 16 : 0);
	shmlog_batch_free(b);
}

START_TEST(masked_records_are_not_put_and_are_no_loss)
{
	int tag, other;

	begin();
	tag = shmlog_tag(stream, "A");
	other = shmlog_tag(stream, "B");
	put_all(tag, SHMLOG_DEBUG, 1);
	mask(&f, 0, 1 << SHMLOG_DEBUG, 0);
	put_all(tag, SHMLOG_DEBUG, 0);
	put_all(tag, SHMLOG_INFO, 1);
	mask(&f, 0, 0, tag);
	put_all(tag, SHMLOG_EMERG, 0);
	put_all(other, SHMLOG_EMERG, 1);
	put_all(0, SHMLOG_EMERG, 1);
	mask(&f, 0, 0, TAGS_MAX - 1);
	put_all(TAGS_MAX - 1, SHMLOG_INFO, 0);
	mask(&f, 0, 0, 0);
	put_all(tag, SHMLOG_EMERG, 1);
	ck_assert_uint_eq(shmlog_dropped(log_), 0);
	end();
}
END_TEST

START_TEST(what_is_out_of_bounds_is_masked_as_what_it_is_taken_for)
{
	begin();
	mask(&f, 0, 1 << SHMLOG_DEBUG, 0);
	put_all(-1, 8, 0);
	put_all(TAGS_MAX, INT32_MIN, 0);
	put_all(TAGS_MAX, SHMLOG_INFO, 1);
	end();
}
END_TEST

START_TEST(what_has_flags_is_masked_by_its_level_and_tag)
{
	int tag;

	begin();
	tag = shmlog_tag(stream, "A");
	mask(&f, 0, 1 << SHMLOG_INFO, 0);
	put_all(0, SHMLOG_INFO | SHMLOG_BEGIN, 0);
	put_all(0, SHMLOG_INFO | SHMLOG_BEGIN | SHMLOG_END, 0);
	put_all(0, SHMLOG_NOTICE | SHMLOG_END, 1);
	mask(&f, 0, 1 << SHMLOG_DEBUG, 0);
	put_all(0, SHMLOG_INFO | SHMLOG_END, 1);
	put_all(0, 99 | SHMLOG_END, 0);
	mask(&f, 0, 0, tag);
	put_all(tag, SHMLOG_INFO | SHMLOG_END, 0);
	put_all(0, SHMLOG_INFO | SHMLOG_END, 1);
	end();
}
END_TEST

START_TEST(before_it_joins_a_stream_wants_everything)
{
	char dir[64];
	int fd = unit_mkdir(dir);
	struct shmlog *log = shmlog_open(dir);
	struct shmlog_stream *s = shmlog_stream(log, "t", "i", NULL);

	for (int level = 0; level < 8; level++)
		ck_assert_int_eq(shmlog_wants(s, TAGS_MAX - 1, level), 1);
	ck_assert_int_eq(shmlog_wants(NULL, 1, 1), 0);
	shmlog_close(log);
	unit_rmdir(dir, fd);
}
END_TEST

/* In the child nothing of the parent's mask is left, and its own one counts. */
static int
in_child(void)
{
	if (!shmlog_wants(stream, 0, SHMLOG_DEBUG) ||
	    shmlog_wait(log_, 10000) != 0)
		return 1;
	if (!shmlog_wants(stream, 0, SHMLOG_DEBUG) ||
	    shmlog_puts(stream, 0, SHMLOG_DEBUG, 0, "child") != 1)
		return 2;
	mask(&f, 1, 1 << SHMLOG_INFO, 0);
	return shmlog_wants(stream, 0, SHMLOG_INFO) ||
	       !shmlog_wants(stream, 0, SHMLOG_DEBUG);
}

START_TEST(a_child_has_a_mask_of_its_own)
{
	int status;
	pid_t pid;

	begin();
	mask(&f, 0, 1 << SHMLOG_DEBUG, 0);
	pid = fork();
	if (pid == 0) {
		_exit(in_child());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(records(&f, 1), 1);
	ck_assert_int_eq(shmlog_wants(stream, 0, SHMLOG_DEBUG), 0);
	ck_assert_int_eq(shmlog_wants(stream, 0, SHMLOG_INFO), 1);
	end();
}
END_TEST

/* From one to the next, several times: both views are used again. */
START_TEST(a_stream_that_moves_looks_at_its_new_descriptor)
{
	enum { MOVES = 5 };
	static struct fake_daemon d[MOVES];
	struct shmlog *log = NULL;
	struct shmlog_stream *s = NULL;

	for (int i = 0; i < MOVES; i++) {
		daemon_start(&d[i], i == 0 ? NULL : d[0].dir, (uint64_t)i + 1);
		if (i == 0) {
			log = shmlog_open(d[0].dir);
			s = shmlog_stream(log, "t", "i", &one);
		} else {
			daemon_supersede(&d[i - 1], (uint64_t)i + 1);
		}
		expect_eq(shmlog_wait(log, 10000), 0);
		if (i > 0) {
			/* it may have looked at the old one: now it does not */
			while (shmlog_dispatch(log) != 0)
				expect_eq(errno, EAGAIN);
			mask(&d[i - 1], 0, 0xff, 0);
		}
		expect_eq(shmlog_wants(s, 0, SHMLOG_INFO), 1);
		expect_eq(shmlog_puts(s, 0, SHMLOG_INFO, 0, "x"), 1);
		expect_eq(records(&d[i], 0), 1);
		mask(&d[i], 0, 1 << SHMLOG_INFO, 0);
		expect_eq(shmlog_wants(s, 0, SHMLOG_INFO), 0);
		mask(&d[i], 0, 0, 0);
		daemon_kill(&d[i]);
	}
	shmlog_close(log);
	for (int i = MOVES; i-- > 0;)
		daemon_free(&d[i], i == 0);
}
END_TEST

/* Nothing but puts, all of them masked by a daemon that is gone. */
START_TEST(who_is_masked_altogether_joins_the_next_daemon)
{
	struct shmlog_batch *b;
	struct fake_daemon next;

	for (int by_batch = 0; by_batch < 2; by_batch++) {
		begin();
		b = shmlog_batch(stream);
		mask(&f, 0, 0xff, 0);
		daemon_kill(&f);
		daemon_start(&next, f.dir, 2);
		/* half way: HELLO was answered, and then it hangs up */
		next.hang_up_at = MESSAGE_ALLOC;
		daemon_supersede(&f, 2);
		do {
			if (by_batch) {
				(void)shmlog_batch_put(b, 0, 6, 0, "x", 1);
				(void)shmlog_batch_commit(b);
			} else {
				(void)shmlog_puts(stream, 0, 6, 0, "x");
			}
		} while (next.sections == 0 || next.section[0].published == 0);
		expect_eq(shmlog_wait(log_, 10000), 0);
		expect_eq(shmlog_puts(stream, 0, 6, 0, "x"), 1);
		expect(records(&next, 0) > 0);
		shmlog_batch_free(b);
		shmlog_close(log_);
		daemon_kill(&next);
		daemon_free(&next, 0);
		daemon_free(&f, 1);
	}
}
END_TEST

START_TEST(a_descriptor_out_of_bounds_is_not_mapped)
{
	struct shmlog *log;

	daemon_start(&f, NULL, 1);
	f.rubbish_index = 1;
	log = shmlog_open(f.dir);
	(void)shmlog_stream(log, "t", "i", NULL);
	ck_assert_int_eq(shmlog_wait(log, 1000), -1);
	ck_assert_int_eq(errno, EPROTO);
	shmlog_close(log);
	daemon_kill(&f);
	daemon_free(&f, 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		masked_records_are_not_put_and_are_no_loss,
		what_is_out_of_bounds_is_masked_as_what_it_is_taken_for,
		what_has_flags_is_masked_by_its_level_and_tag,
		before_it_joins_a_stream_wants_everything,
		a_child_has_a_mask_of_its_own,
		a_stream_that_moves_looks_at_its_new_descriptor,
		who_is_masked_altogether_joins_the_next_daemon,
		a_descriptor_out_of_bounds_is_not_mapped,
	};

	return UNIT_RUN("mask", tests);
}
