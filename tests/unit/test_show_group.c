/*
 * test_show_group.c -- what shmtail shows of groups.
 */
#include <string.h>

#include "readers/attach.h"
#include "readers/show.h"
#include "tests/unit/unit.h"

static const struct descriptor front = {
	.owner_pid = 1, .owner_start = 7, .type = "t", .ident = "front"
};

/* What shmtail -g transaction -x Hidden makes of it; `stops' is -k. */
static struct show show;
static struct rec_stream *shown_in;

static void
show_start(uint64_t stops)
{
	show_init(&show, &out_short, -1);
	(void)globs_add(&show.choose.exclude, "Hidden");
	show.stop_after = stops;
	show_begin(&show);
	show_grouping(&show, GROUP_TRANSACTION, 9, UINT64_MAX);
	shown_in = rec_stream_new();
	show_learn(&show, shown_in, DICT_TAG, 1, "Hidden", 6);
	show_learned(&show, shown_in);
	show_stream(&show, shown_in, &front);
}

static void
show_one(uint64_t id, uint16_t number, uint8_t flags)
{
	struct record head = { .id = id, .flags = flags, .tag = number };
	struct rec r = { .head = &head,
		.stream = shown_in,
		.tag = show_tag(&show, shown_in, number),
		.payload = { "x", 1 } };

	show_record(&show, &r);
}

/* How often a text is in what was shown. */
static int
shows(const char *text)
{
	int n = 0;

	buffer_byte(&show.to, '\0');
	show.to.n--;
	for (const char *p = show.to.data; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

static void
show_close(void)
{
	rec_stream_drop(shown_in);
	show_fini(&show);
}

START_TEST(a_loss_is_said_of_groups_as_well)
{
	show_start(0);
	show_one(1, 0, RECORD_BEGIN);
	show_lost(&show, &front, 5, 0);
	show_one(1, 0, RECORD_END);
	ck_assert_int_eq(
	    shows("-- 1 t.front[1], records of it may be lost --\n"), 1);
	show_close();
}
END_TEST

START_TEST(a_loss_of_what_is_hidden_is_not_said)
{
	struct descriptor back = front;

	back.owner_pid = 2;
	show_start(0);
	show.choose.pid = 2;
	show_lost(&show, &front, 5, 0);
	ck_assert_int_eq(shows("lost"), 0);
	show_lost(&show, &back, 5, 0);
	ck_assert_int_eq(shows("-- 5 records of t.front[2] lost --\n"), 1);
	/* of no stream that is known */
	show_lost(&show, NULL, 6, 0);
	ck_assert_int_eq(shows("lost"), 2);
	show_close();
}
END_TEST

START_TEST(hidden_records_begin_and_end_groups)
{
	show_start(0);
	show_one(1, 1, RECORD_BEGIN);
	show_one(1, 0, 0);
	ck_assert_int_eq(shows("--"), 0);
	show_one(1, 1, RECORD_END);
	ck_assert_int_eq(shows("-- 1 t.front[1] --\n"), 1);
	ck_assert_int_eq(shows("(emerg)"), 1);
	/* nothing is left of it */
	show_one(2, 1, RECORD_BEGIN | RECORD_END);
	ck_assert_int_eq(shows("-- 2"), 0);
	ck_assert_int_eq(shows("\n\n"), 1);
	show_close();
}
END_TEST

START_TEST(k_counts_records_and_cuts_no_group)
{
	show_start(2);
	show_one(0, 0, 0);
	ck_assert_int_eq(show.done, 0);
	for (int i = 0; i < 3; i++)
		show_one(1, 0, i == 2 ? RECORD_END : 0);
	ck_assert_int_eq(show.done, 1);
	ck_assert_int_eq(shows("(emerg)"), 4);
	/* and that was all */
	show_one(2, 0, RECORD_BEGIN | RECORD_END);
	show_incomplete(&show);
	ck_assert_int_eq(shows("(emerg)"), 4);
	show_close();
}
END_TEST

START_TEST(a_rate_is_for_groups_of_which_something_is_left)
{
	show_start(0);
	show.rate = (struct rate){ .most = 1, .every = NSEC };
	show_one(1, 1, RECORD_BEGIN | RECORD_END);
	show_one(2, 0, RECORD_BEGIN | RECORD_END);
	ck_assert_int_eq(shows("-- 2 t.front[1] --\n"), 1);
	ck_assert_uint_eq(show.rate.left_out, 0);
	/* records are counted: those that would have been shown */
	show_one(3, 0, RECORD_BEGIN);
	show_one(3, 1, 0);
	show_one(3, 0, RECORD_END);
	ck_assert_int_eq(shows("-- 3"), 0);
	ck_assert_uint_eq(show.rate.left_out, 2);
	show_close();
}
END_TEST

START_TEST(a_stream_that_is_gone_has_its_name_still)
{
	show_start(0);
	show_one(1, 0, RECORD_BEGIN);
	rec_stream_drop(shown_in);
	show_incomplete(&show);
	ck_assert_int_eq(
	    shows("-- 1 t.front[1], incomplete: no end yet --\n"), 1);
	ck_assert_int_eq(shows(" t.front[1] -(emerg) 1: x\n"), 1);
	show_fini(&show);
}
END_TEST

/* Whatever is kept from the group before: each is of its own. */
START_TEST(groups_have_the_names_of_their_streams)
{
	static const struct {
		const char *type, *ident;
		uint32_t pid;
		const char *line;
	} rows[] = {
		{ "t", "front", 1, "-- 1 t.front[1] --\n" },
		{ "t", "back", 1, "-- 1 t.back[1] --\n" },
		{ "u", "back", 1, "-- 1 u.back[1] --\n" },
		{ "u", "back", 2, "-- 1 u.back[2] --\n" },
		{ "u", "back", 2, "-- 1 u.back[2] --\n" },
		{ "", "", 0, "-- 1 .[0] --\n" },
	};

	show_start(0);
	for (size_t i = 0; i < 2 * UNIT_COUNT(rows); i++) {
		size_t k = i % UNIT_COUNT(rows);
		struct descriptor d = front;

		strncpy(d.type, rows[k].type, sizeof(d.type) - 1);
		strncpy(d.ident, rows[k].ident, sizeof(d.ident) - 1);
		d.owner_pid = rows[k].pid;
		shown_in->copy = d;
		show.to.n = 0;
		show_one(1, 0, RECORD_BEGIN | RECORD_END);
		ck_assert_int_eq(shows(rows[k].line), 1);
	}
	show_close();
}
END_TEST

/* Links whose payload is too short, or that would have arguments. */
START_TEST(a_link_that_is_none_is_told)
{
	show_start(0);
	show_one(1, 0, RECORD_LINK | RECORD_BEGIN | RECORD_END);
	show_one(0, 0, RECORD_LINK | RECORD_ARGS);
	ck_assert_int_eq(shows("[unreadable record]"), 2);
	ck_assert_int_eq(shows(" in "), 0);
	show_close();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_loss_is_said_of_groups_as_well,
		a_loss_of_what_is_hidden_is_not_said,
		hidden_records_begin_and_end_groups,
		k_counts_records_and_cuts_no_group,
		a_rate_is_for_groups_of_which_something_is_left,
		a_stream_that_is_gone_has_its_name_still,
		groups_have_the_names_of_their_streams,
		a_link_that_is_none_is_told,
	};

	return UNIT_RUN("show_group", tests);
}
