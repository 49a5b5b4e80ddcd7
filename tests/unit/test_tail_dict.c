/*
 * test_tail_dict.c -- how much of a stream's dictionary is read at once.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/scene.h"

#define NO_KIND ((enum dict_kind)3)
#define OWN_MAX (TAGS_MAX - 1 + FORMATS_MAX - 1)

static struct show show;
static struct tail t;
static struct tail_source source;
static struct tail_stream stream;
static struct segment segment;
static uint64_t used;

static void
begin(void)
{
	uint64_t length =
	    stream_plan(&stream.plan, 1, LANE_SIZE_MIN, DICT_SIZE_MAX);

	show_init(&show, &scene_out, -1);
	show_begin(&show);
	tail_init(&t, &show);
	segment.base = unit_zeros(length);
	source.segment = &segment;
	stream.source = &source;
	stream_create((void *)(uintptr_t)segment.base, &stream.plan);
}

static void
end(void)
{
	free((void *)(uintptr_t)segment.base);
	tail_fini(&t);
	show_fini(&show);
}

static void
enter(enum dict_kind kind, uint32_t id)
{
	expect_eq(dict_add((void *)(uintptr_t)segment.base, &stream.plan, &used,
		      kind, id, "text", 4),
	    0);
}

/* Each id twice, as after a fork. */
START_TEST(all_that_a_worker_may_register_is_read_at_once)
{
	uint64_t offset;

	begin();
	for (int times = 0; times < 2; times++) {
		for (uint32_t id = 1; id < TAGS_MAX; id++)
			enter(DICT_TAG, id);
		for (uint32_t id = 1; id < FORMATS_MAX; id++)
			enter(DICT_FORMAT, id);
	}
	expect_eq(dict_stage(&t, &stream, &offset), 0);
	expect_eq(t.staged_n, 2 * OWN_MAX);
	expect_eq(offset, used);
	end();
}
END_TEST

/* Entries that are not kept count as well. */
START_TEST(more_than_a_worker_may_register_is_not_read)
{
	static const struct {
		enum dict_kind kind;
		uint32_t id;
	} entries[] = { { NO_KIND, 1 }, { DICT_TAG, 0 }, { DICT_TAG, TAGS_MAX },
		{ DICT_FORMAT, FORMATS_MAX }, { DICT_TAG, 1 } };
	uint64_t offset;

	for (size_t i = 0; i < UNIT_COUNT(entries); i++) {
		begin();
		used = 0;
		for (int n = 0; n < 4 * OWN_MAX; n++)
			enter(entries[i].kind, entries[i].id);
		expect_eq(dict_stage(&t, &stream, &offset), (uintmax_t)-1);
		expect(offset > 0 && offset < used * 3 / 4);
		end();
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		all_that_a_worker_may_register_is_read_at_once,
		more_than_a_worker_may_register_is_not_read,
	};

	return UNIT_RUN("tail_dict", tests);
}
