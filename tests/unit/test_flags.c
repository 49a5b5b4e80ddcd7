/*
 * test_flags.c -- writers say where transactions begin and end, and of which
 * others they are a part.
 */
#include <string.h>
#include <unistd.h>

#include "common/ring.h"
#include "common/stream.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/shmlog.h"

#define BOTH (SHMLOG_BEGIN | SHMLOG_END)

static const struct shmlog_stream_options one = { .lanes = 1 };
static struct fake_daemon f;
static struct shmlog *handle;
static struct shmlog_stream *s;
static struct shmlog_batch *b;
static struct ring_reader reader;
static uint64_t copy[(128 << 10) / 8];
static size_t length, offset;

static void
begin(void)
{
	uint8_t *at;
	struct stream_plan plan;

	daemon_start(&f, NULL, 1);
	handle = shmlog_open(f.dir);
	s = shmlog_stream(handle, "t", "i", &one);
	b = shmlog_batch(s);
	ck_assert_int_eq(shmlog_wait(handle, 10000), 0);
	at = f.base + f.section[0].offset;
	ck_assert_int_eq(stream_check(at, f.section[0].length, &plan), 0);
	ring_reader_init(&reader, stream_lane(at, &plan, 0), plan.lane_size);
	ck_assert_int_eq(ring_seat_end(&reader), RING_DATA);
	length = offset = 0;
}

static void
end(void)
{
	shmlog_batch_free(b);
	shmlog_close(handle);
	daemon_kill(&f);
	daemon_free(&f, 1);
}

/* The next record of the stream. */
static struct ring_record
next(void)
{
	struct ring_record r;

	if (offset == length) {
		ring_advance(&reader, offset, 0);
		ck_assert_int_eq(
		    ring_read(&reader, copy, sizeof(copy), &length), RING_DATA);
		offset = 0;
	}
	ck_assert_int_eq(ring_next(copy, length, &offset, &r), RING_RECORD);
	return r;
}

static void
expect_next(uint8_t level, uint8_t flags)
{
	struct ring_record r = next();

	ck_assert_uint_eq(r.head.level, level);
	ck_assert_uint_eq(r.head.flags, flags);
	ck_assert_uint_eq(r.head.id, 7);
}

/* A record by each way, the functions' own if there are macros. */
static void
put_all(int level)
{
	static const char text[1000];
	char format[16] = "x=%d";

	expect_eq(shmlog_put(s, 0, level, 7, text, 10), 1);
	expect_eq((shmlog_put)(s, 0, level, 7, text, sizeof(text)), 1);
	expect_eq(shmlog_puts(s, 0, level, 7, "text"), 1);
	expect_eq(shmlog_batch_put(b, 0, level, 7, text, 10), 1);
	expect_eq((shmlog_batch_put)(b, 0, level, 7, text, sizeof(text)), 1);
	expect_eq(shmlog_batch_commit(b), 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	expect_eq(shmlog_printf(s, 0, level, 7, format, 1), 1);
	expect_eq(shmlog_batch_printf(b, 0, level, 7, format, 1), 1);
#pragma GCC diagnostic pop
	expect_eq(shmlog_batch_commit(b), 0);
	for (int i = 0; i < 2; i++) {
		expect_eq(shmlog_printf(s, 0, level, 7, "x=%d", i), 1);
		expect_eq(shmlog_batch_printf(b, 0, level, 7, "x=%d", i), 1);
		expect_eq(shmlog_batch_commit(b), 0);
	}
}

static void
expect_all(uint8_t level, uint8_t flags)
{
	for (int i = 0; i < 7; i++)
		expect_next(level, flags);
	for (int i = 0; i < 4; i++)
		expect_next(level, flags | RECORD_ARGS);
}

START_TEST(a_level_has_flags_by_each_way)
{
	static const struct {
		int level;
		uint8_t shown, flags;
	} rows[] = {
		{ SHMLOG_INFO, 6, 0 },
		{ SHMLOG_EMERG | SHMLOG_BEGIN, 0, RECORD_BEGIN },
		{ SHMLOG_INFO | SHMLOG_END, 6, RECORD_END },
		{ SHMLOG_DEBUG | BOTH, 7, RECORD_BEGIN | RECORD_END },
		/* beyond what there is: the level, and other bits */
		{ 8, 7, 0 },
		{ 255 | SHMLOG_END, 7, RECORD_END },
		{ 3 | 0x400 | 0x10000 | SHMLOG_BEGIN, 3, RECORD_BEGIN },
		{ INT32_MAX, 7, RECORD_BEGIN | RECORD_END },
		{ -1, 7, 0 },
		{ INT32_MIN, 7, 0 },
	};

	begin();
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		put_all(rows[i].level);
		expect_all(rows[i].shown, rows[i].flags);
	}
	end();
}
END_TEST

START_TEST(what_is_cut_keeps_its_flags)
{
	static char text[RECORD_MAX + 1];

	begin();
	memset(text, 'x', sizeof(text) - 1);
	expect_eq(shmlog_puts(s, 0, 6 | SHMLOG_END, 7, text), 1);
	expect_next(6, RECORD_END | RECORD_CUT);
	expect_eq(
	    shmlog_batch_put(b, 0, 6 | SHMLOG_BEGIN, 7, text, sizeof(text)), 1);
	expect_eq(shmlog_batch_commit(b), 0);
	expect_next(6, RECORD_BEGIN | RECORD_CUT);
	end();
}
END_TEST

static void
expect_link(uint64_t parent, const char *text, uint8_t flags)
{
	struct ring_record r = next();
	size_t n = strlen(text);
	uint64_t got;

	ck_assert_uint_eq(r.head.flags, RECORD_LINK | flags);
	ck_assert_uint_eq(r.head.level, 5);
	ck_assert_uint_eq(r.head.tag, 1);
	ck_assert_uint_eq(r.head.id, 7);
	ck_assert_uint_eq(r.length, sizeof(got) + n);
	memcpy(&got, r.payload, sizeof(got));
	ck_assert_uint_eq(got, parent);
	ck_assert_int_eq(memcmp(r.payload + sizeof(got), text, n), 0);
}

START_TEST(a_link_names_the_parent_before_its_text)
{
	static const char *const texts[] = { NULL, "", "x", "a longer text" };

	begin();
	expect_eq(shmlog_tag(s, "Link"), 1);
	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		const char *shown = texts[i] == NULL ? "" : texts[i];

		expect_eq(shmlog_link(s, 1, 5, 7, 42, texts[i]), 1);
		expect_link(42, shown, 0);
		expect_eq(shmlog_batch_link(
			      b, 1, 5 | SHMLOG_BEGIN, 7, UINT64_MAX, texts[i]),
		    1);
		expect_eq(shmlog_batch_commit(b), 0);
		expect_link(UINT64_MAX, shown, RECORD_BEGIN);
	}
	expect_eq(shmlog_link(s, 1, 5 | BOTH, 7, 42, "x"), 1);
	expect_link(42, "x", RECORD_BEGIN | RECORD_END);
	expect_eq(shmlog_link(NULL, 1, 5, 7, 42, "x"), 0);
	expect_eq(shmlog_batch_link(NULL, 1, 5, 7, 42, "x"), 0);
	end();
}
END_TEST

START_TEST(a_link_is_cut_at_a_records_end)
{
	static char text[RECORD_MAX + 1], shown[RECORD_MAX];

	begin();
	expect_eq(shmlog_tag(s, "Link"), 1);
	memset(text, 'x', sizeof(text) - 1);
	memset(shown, 'x', shmlog_record_max(s) - 8);
	expect_eq(shmlog_link(s, 1, 5, 7, 42, text), 1);
	expect_link(42, shown, RECORD_CUT);
	expect_eq(shmlog_batch_link(b, 1, 5, 7, 42, text), 1);
	expect_eq(shmlog_batch_commit(b), 0);
	expect_link(42, shown, RECORD_CUT);
	end();
}
END_TEST

START_TEST(a_link_that_is_dropped_is_counted)
{
	char dir[64];
	int fd = unit_mkdir(dir);

	handle = shmlog_open(dir);
	s = shmlog_stream(handle, "t", "i", &one);
	expect_eq(shmlog_link(s, 0, 5, 7, 42, "x"), 0);
	expect_eq(shmlog_dropped(handle), 1);
	shmlog_close(handle);
	unit_rmdir(dir, fd);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_level_has_flags_by_each_way,
		what_is_cut_keeps_its_flags,
		a_link_names_the_parent_before_its_text,
		a_link_is_cut_at_a_records_end,
		a_link_that_is_dropped_is_counted,
	};

	return UNIT_RUN("flags", tests);
}
