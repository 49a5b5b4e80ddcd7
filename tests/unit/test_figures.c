/*
 * test_figures.c -- what a stream counts of itself.
 */
#include <sys/wait.h>

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/join.h"
#include "worker/figures.h"
#include "worker/stream.h"

static struct fake_daemon f;
static struct shmlog *handle;
static struct shmlog_stream *s;

static void
begin(const struct shmlog_stream_options *o)
{
	daemon_start(&f, NULL, 1);
	figures_wanted = 1;
	handle = shmlog_open(f.dir);
	s = shmlog_stream(handle, "t", "i", o);
	attach(handle);
}

static void
end(void)
{
	shmlog_close(handle);
	daemon_kill(&f);
	daemon_free(&f, 1);
}

static uint64_t
figure(enum figure n)
{
	return shmlog_value(s->figures, n);
}

START_TEST(records_and_the_bytes_they_take_are_counted)
{
	struct shmlog_batch *b;
	uint64_t commit = 0;

	begin(NULL);
	b = shmlog_batch(s);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(shmlog_puts(s, 0, 6, 0, "hello"), 1);
	for (int i = 0; i < 50; i++)
		(void)shmlog_batch_put(b, 0, 6, 0, "hello, too", 10);
	ck_assert_uint_eq(shmlog_batch_commit(b), 0);
	for (unsigned i = 0; i < s->plan.lanes; i++)
		commit += s->lanes[i].writer.commit;
	expect_eq(figure(FIGURE_RECORDS), 150);
	expect_eq(figure(FIGURE_BYTES), 100 * 32 + 50 * 40);
	expect_eq(figure(FIGURE_BYTES), commit);
	shmlog_batch_free(b);
	end();
}
END_TEST

START_TEST(what_is_cut_is_counted)
{
	struct shmlog_batch *b;
	size_t n;
	char *text;

	begin(NULL);
	b = shmlog_batch(s);
	n = shmlog_record_max(s);
	text = calloc(1, n + 1);
	(void)shmlog_put(s, 0, 6, 0, text, n);
	expect_eq(figure(FIGURE_CUT), 0);
	(void)shmlog_put(s, 0, 6, 0, text, n + 1);
	(void)shmlog_batch_put(b, 0, 6, 0, text, n + 1);
	(void)shmlog_batch_commit(b);
	expect_eq(figure(FIGURE_CUT), 2);
	free(text);
	shmlog_batch_free(b);
	end();
}
END_TEST

START_TEST(what_is_dropped_is_counted_from_the_beginning)
{
	struct shmlog *log = shmlog_open("/nowhere/to/be/found");

	figures_wanted = 1;
	s = shmlog_stream(log, "t", "i", NULL);
	for (int i = 0; i < 7; i++)
		ck_assert_int_eq(shmlog_puts(s, 0, 6, 0, "hello"), 0);
	expect_eq(figure(FIGURE_DROPPED), 7);
	expect_eq(figure(FIGURE_RECORDS), 0);
	shmlog_close(log);
}
END_TEST

START_TEST(lanes_that_are_held_are_counted)
{
	struct shmlog_stream_options o = { .lanes = 2 };

	begin(&o);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(trylock_take(&s->lanes[i].lock), 1);
		for (int k = 0; k < 10; k++)
			ck_assert_int_eq(shmlog_puts(s, 0, 6, 0, "hello"), 1);
		trylock_give(&s->lanes[i].lock);
	}
	/* of whichever CPU's lane was held, ten times at least */
	expect(figure(FIGURE_COLLISIONS) >= 10);
	expect(figure(FIGURE_COLLISIONS) <= 20);
	expect_eq(figure(FIGURE_RECORDS), 20);
	end();
}
END_TEST

START_TEST(tags_without_room_are_counted)
{
	struct shmlog_stream_options o = { .dict_size = 64 };

	begin(&o);
	(void)shmlog_tag(s, "a-tag-that-has-room");
	expect_eq(figure(FIGURE_UNNAMED), 0);
	(void)shmlog_tag(s, "a-tag-that-has-none-any-more");
	expect_eq(figure(FIGURE_UNNAMED), 1);
	end();
}
END_TEST

START_TEST(they_go_on_with_the_next_daemon)
{
	struct fake_daemon next;

	begin(NULL);
	for (int i = 0; i < 5; i++)
		(void)shmlog_puts(s, 0, 6, 0, "hello");
	daemon_kill(&f);
	daemon_start(&next, f.dir, 2);
	daemon_supersede(&f, 2);
	attach(handle);
	expect_eq(figure(FIGURE_RECORDS), 5);
	for (int i = 0; i < 5; i++)
		(void)shmlog_puts(s, 0, 6, 0, "hello");
	expect_eq(figure(FIGURE_RECORDS), 10);
	shmlog_close(handle);
	daemon_kill(&next);
	daemon_free(&next, 0);
	daemon_free(&f, 1);
}
END_TEST

START_TEST(a_child_counts_its_own)
{
	int status;
	pid_t pid;

	begin(NULL);
	(void)shmlog_puts(s, 0, 6, 0, "hello");
	pid = fork();
	if (pid == 0) {
		if (figure(FIGURE_RECORDS) != 0)
			_exit(1);
		(void)shmlog_puts(s, 0, 6, 0, "hello");
		_exit(figure(FIGURE_RECORDS) + figure(FIGURE_DROPPED) == 1 ? 0
									   : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	expect_eq(figure(FIGURE_RECORDS), 1);
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		records_and_the_bytes_they_take_are_counted,
		what_is_cut_is_counted,
		what_is_dropped_is_counted_from_the_beginning,
		lanes_that_are_held_are_counted,
		tags_without_room_are_counted,
		they_go_on_with_the_next_daemon,
		a_child_counts_its_own,
	};

	return UNIT_RUN("figures", tests);
}
