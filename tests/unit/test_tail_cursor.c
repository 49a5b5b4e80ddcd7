/*
 * test_tail_cursor.c -- what a shmtail has of the one before it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/scene.h"

#define LANE (UINT64_C(64) << 10)

static struct scene sc;
static char path[80];

static void
begin(struct scene_stream *a)
{
	scene_begin(&sc);
	(void)snprintf(path, sizeof(path), "%s/cursor", sc.path);
	sc.cursor = cursor_open(path);
	ck_assert_int_eq(cursor_is_set(sc.cursor), 0);
	scene_stream(&sc, a, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
}

/* The run ends, and the next one begins. */
static void
next_run(void)
{
	ck_assert_int_eq(cursor_save(sc.cursor, &sc.t, 1), 0);
	scene_untail(&sc);
	cursor_free(sc.cursor);
	sc.cursor = cursor_open(path);
	ck_assert_int_eq(cursor_is_set(sc.cursor), 1);
}

static void
resume(void)
{
	scene_tail(&sc, &scene_out, START_CURSOR);
}

static void
end(void)
{
	cursor_free(sc.cursor);
	sc.cursor = NULL;
	(void)unlink(path);
	scene_end(&sc);
}

static void
go_on(struct scene_stream *to, const struct scene_stream *from)
{
	scene_restart(&sc);
	scene_join(&sc, to, from, "a");
}

START_TEST(it_goes_on_where_the_last_one_was)
{
	struct scene_stream a, b;

	begin(&a);
	scene_put(&a, 0, 0, 1, "1");
	scene_put(&a, 0, 0, 2, "2");
	ck_assert_str_eq(scene_read(&sc), "1\n2\n");
	next_run();
	scene_put(&a, 0, 0, 3, "3");
	scene_stream(&sc, &b, "b", 1, LANE);
	scene_put(&b, 0, 0, 4, "new");
	resume();
	scene_put(&a, 0, 0, 5, "5");
	ck_assert_str_eq(scene_read(&sc), "3\nnew\n5\n");
	next_run();
	resume();
	ck_assert_str_eq(scene_read(&sc), "");
	end();
}
END_TEST

START_TEST(what_was_overwritten_is_counted)
{
	struct scene_stream a;
	uint64_t n, written = 0;
	char *text;

	begin(&a);
	scene_put(&a, 0, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "1\n");
	next_run();
	while (written < 2 * LANE) {
		scene_put(&a, 0, 0, 2, "x");
		written += 32;
	}
	resume();
	text = (char *)(uintptr_t)scene_read(&sc);
	ck_assert_int_eq(sscanf(text, "lost %" SCNu64, &n), 1);
	for (text = strchr(text, '\n') + 1; *text != '\0'; text += 2)
		n++;
	ck_assert_uint_eq(n, written / 32);
	end();
}
END_TEST

/* Two daemons later, and the segment in between is nowhere any more. */
START_TEST(what_was_in_a_segment_that_is_gone_is_counted)
{
	struct scene_stream s[3];

	begin(&s[0]);
	scene_put(&s[0], 0, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "1\n");
	next_run();
	scene_put(&s[0], 0, 0, 2, "never seen");
	go_on(&s[1], &s[0]);
	scene_put(&s[1], 0, 0, 3, "never seen");
	scene_put(&s[1], 0, 0, 4, "never seen");
	go_on(&s[2], &s[1]);
	scene_put(&s[2], 0, 0, 5, "5");
	ck_assert_int_eq(unlinkat(sc.dirfd, SEGMENT_PREV_FILE, 0), 0);
	resume();
	ck_assert_str_eq(scene_read(&sc), "unknown 0+\nlost 3\n5\n");
	end();
}
END_TEST

/* The same with the segment before: it is read to its end. */
START_TEST(the_segment_before_is_read_to_its_end)
{
	struct scene_stream a, b;

	begin(&a);
	scene_put(&a, 0, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "1\n");
	next_run();
	scene_put(&a, 0, 0, 2, "2");
	go_on(&b, &a);
	scene_put(&b, 0, 0, 3, "3");
	resume();
	ck_assert_str_eq(scene_read(&sc), "2\n3\n");
	end();
}
END_TEST

START_TEST(what_a_stream_that_is_gone_had_is_counted_once)
{
	struct scene_stream a, before, between;

	begin(&a);
	scene_stream(&sc, &before, "before", 1, LANE);
	scene_stream(&sc, &between, "between", 1, LANE);
	scene_put(&before, 0, 0, 1, "b");
	scene_put(&between, 0, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "b\n1\n");
	scene_put(&before, 0, 0, 2, "never seen");
	scene_reuse(&before, 1);
	ck_assert_str_eq(scene_read(&sc), "lost 1\n");
	next_run();
	scene_put(&between, 0, 0, 2, "never seen");
	scene_put(&between, 0, 0, 3, "never seen");
	scene_reuse(&between, 1);
	resume();
	ck_assert_str_eq(scene_read(&sc), "lost 2\n");
	end();
}
END_TEST

/* What it says by now about when it was written. */
static uint64_t
written(void)
{
	struct cursor *c = cursor_open(path);
	uint64_t time = cursor_time(c);

	cursor_free(c);
	return time;
}

/* A second after it was last written down. */
static void
save_when_due(void)
{
	while (!cursor_due(sc.cursor))
		stop_nap(10 * MSEC);
	ck_assert_int_eq(cursor_save(sc.cursor, &sc.t, 0), 0);
}

START_TEST(a_loss_alone_is_written_down)
{
	struct scene_stream a;
	uint64_t before;

	begin(&a);
	ck_assert_str_eq(scene_read(&sc), "");
	save_when_due();
	ck_assert_uint_eq(written(), 0); /* nothing came */
	scene_put(&a, 0, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "1\n");
	save_when_due();
	before = written();
	ck_assert_uint_ne(before, 0);
	scene_put(&a, 0, 0, 2, "never seen");
	scene_reuse(&a, 1);
	ck_assert_str_eq(scene_read(&sc), "lost 1\n");
	save_when_due();
	ck_assert_uint_gt(written(), before);
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		it_goes_on_where_the_last_one_was,
		what_was_overwritten_is_counted,
		what_was_in_a_segment_that_is_gone_is_counted,
		the_segment_before_is_read_to_its_end,
		what_a_stream_that_is_gone_had_is_counted_once,
		a_loss_alone_is_written_down,
	};

	return UNIT_RUN("tail_cursor", tests);
}
