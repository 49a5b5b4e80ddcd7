/*
 * test_choose.c -- which records shmtail's options leave out.
 */
#include <string.h>

#include "tests/unit/scene.h"

#define LANE (UINT64_C(64) << 10)

static struct scene sc;
static struct scene_stream st;

/* A record of its own level, at its own time. */
static void
put(uint16_t tag, uint8_t level, uint64_t id, uint64_t time, const char *text)
{
	struct record r = {
		.length = (uint32_t)(sizeof(r) + strlen(text)),
		.tag = tag,
		.level = level,
		.id = id,
		.time = time,
	};

	ring_append(&st.w[0], &r, text);
}

static void
put_all(void)
{
	scene_tag(&st, 1, "Req");
	scene_tag(&st, 2, "ReqHeader");
	scene_tag(&st, 3, "Resp");
	put(1, 6, 7, 1, "GET /");
	put(2, 7, 7, 2, "Host: x");
	put(3, 3, 8, 3, "error");
	put(0, 4, 0, 4, "bare");
}

/* What is shown of these if the options are so. */
static const char *
shown(void (*choose)(struct choose *))
{
	static char text[256];

	scene_begin(&sc);
	memset(&sc.show.choose, 0, sizeof(sc.show.choose));
	choose(&sc.show.choose);
	scene_stream(&sc, &st, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	put_all();
	(void)snprintf(text, sizeof(text), "%s", scene_read(&sc));
	scene_end(&sc);
	return text;
}

#define ALL "Req=GET /\nReqHeader=Host: x\nResp=error\nbare\n"

#define CHOICE(name, what)                                                     \
	static void name(struct choose *c)                                     \
	{                                                                      \
		what;                                                          \
	}

static void
is_good(const char *fault)
{
	ck_assert_ptr_null(fault);
}

CHOICE(nothing, (void)c)
CHOICE(exact, is_good(globs_add(&c->include, "Req")))
CHOICE(prefix, is_good(globs_add(&c->include, "Res")))
CHOICE(ambiguous, is_good(globs_add(&c->include, "Re")))
CHOICE(glob, is_good(globs_add(&c->include, "Re*")))
CHOICE(longer, is_good(globs_add(&c->include, "ReqH")))
CHOICE(not_prefix, is_good(globs_add(&c->exclude, "Res,-")))
CHOICE(no_tag, is_good(globs_add(&c->include, "-")))
CHOICE(levels, is_good(choose_levels(c, "err..warning")))
CHOICE(up_to, is_good(choose_levels(c, "warning")))
CHOICE(backwards, is_good(choose_levels(c, "7..info")))
CHOICE(of_id, c->id = 7)
CHOICE(of_pid, c->pid = 1u << 30)
CHOICE(later, c->since = 3)
CHOICE(earlier, c->until = 2)
CHOICE(regex, is_good(choose_regex_add(c, 1, "^[Ge]", 0)))
CHOICE(of_tag, is_good(choose_regex_add(c, 1, "Res*:r", 0)))
CHOICE(tag_or_regex, is_good(globs_add(&c->include, "-"));
       is_good(choose_regex_add(c, 1, "Host", 0)))
CHOICE(caseless, is_good(choose_regex_add(c, 1, "host", 1)))
CHOICE(not_regex, is_good(choose_regex_add(c, 0, "o", 0)))
CHOICE(colon, is_good(choose_regex_add(c, 1, ": x", 0)))
CHOICE(streams, is_good(globs_add(&c->streams, "*.a")))
CHOICE(other_streams, is_good(globs_add(&c->streams, "*.b")))

START_TEST(what_is_not_wanted_is_left_out)
{
	static const struct {
		void (*choose)(struct choose *);
		const char *want;
	} cases[] = {
		{ nothing, ALL },
		{ exact, "Req=GET /\n" },
		{ prefix, "Resp=error\n" },
		{ ambiguous, "" },
		{ glob, "Req=GET /\nReqHeader=Host: x\nResp=error\n" },
		{ longer, "ReqHeader=Host: x\n" },
		{ not_prefix, "Req=GET /\nReqHeader=Host: x\n" },
		{ no_tag, "bare\n" },
		{ levels, "Resp=error\nbare\n" },
		{ up_to, "Resp=error\nbare\n" },
		{ backwards, "Req=GET /\nReqHeader=Host: x\n" },
		{ of_id, "Req=GET /\nReqHeader=Host: x\n" },
		{ of_pid, "" },
		{ later, "Resp=error\nbare\n" },
		{ earlier, "Req=GET /\nReqHeader=Host: x\n" },
		{ regex, "Req=GET /\nResp=error\n" },
		{ of_tag, "Resp=error\n" },
		{ tag_or_regex, "ReqHeader=Host: x\nbare\n" },
		{ caseless, "ReqHeader=Host: x\n" },
		{ not_regex, "Req=GET /\nbare\n" },
		{ colon, "ReqHeader=Host: x\n" },
		{ streams, ALL },
		{ other_streams, "" },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		ck_assert_msg(
		    strcmp(shown(cases[i].choose), cases[i].want) == 0,
		    "case %zu: %s", i, shown(cases[i].choose));
}
END_TEST

START_TEST(what_makes_no_sense_is_told)
{
	struct choose c;

	memset(&c, 0, sizeof(c));
	ck_assert_ptr_nonnull(choose_levels(&c, "loud"));
	ck_assert_ptr_nonnull(choose_levels(&c, "err.."));
	ck_assert_ptr_nonnull(choose_levels(&c, "..err"));
	ck_assert_ptr_nonnull(choose_levels(&c, "err-warning"));
	ck_assert_str_eq(choose_regex_add(&c, 1, "a(b", 0),
	    "not a regular expression: missing closing parenthesis, at "
	    "character 4");
	ck_assert_ptr_nonnull(choose_regex_add(&c, 1, "a[:x", 0));
	choose_free(&c);
}
END_TEST

/* In each stretch of their own times so many, and the rest is counted. */
START_TEST(a_rate_lets_so_many_through)
{
	scene_begin(&sc);
	scene_stream(&sc, &st, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	sc.show.rate = (struct rate){ .most = 2, .every = 100 };
	for (uint64_t time = 1; time < 200; time += 30)
		put(0, 6, 0, time, "x");
	ck_assert_str_eq(scene_read(&sc), "x\nx\nx\nx\n");
	ck_assert_uint_eq(sc.show.rate.left_out, 3);
	sc.show.rate.left_out = 0;
	scene_end(&sc);
}
END_TEST

/* Else whoever writes one has all that others write left out for ever. */
START_TEST(a_record_from_the_future_does_not_use_up_the_rate)
{
	struct rate rate = { .most = 1, .every = NSEC };
	uint64_t now = clock_real();

	ck_assert_int_eq(show_in_rate(&rate, now + 1000000 * NSEC, 1), 1);
	ck_assert_int_eq(show_in_rate(&rate, now, 1), 0);
	ck_assert_int_eq(show_in_rate(&rate, now + 3600 * NSEC, 1), 1);
}
END_TEST

START_TEST(what_a_rate_left_out_is_told_also_without_traffic)
{
	uint64_t now = clock_mono();

	scene_begin(&sc);
	scene_tail(&sc, &scene_out, START_END);
	sc.show.rate = (struct rate){ .most = 1, .every = NSEC };
	(void)show_in_rate(&sc.show.rate, 1, 1);
	(void)show_in_rate(&sc.show.rate, 1, 1);
	show_tick(&sc.show, now + 9 * NSEC);
	ck_assert_uint_eq(sc.show.rate.left_out, 1);
	show_tick(&sc.show, now + 1000 * NSEC);
	ck_assert_uint_eq(sc.show.rate.left_out, 0);
	scene_end(&sc);
}
END_TEST

/* A name that is shortened means one tag, until there is another such. */
START_TEST(a_prefix_that_is_not_unique_any_more_means_nothing)
{
	scene_begin(&sc);
	is_good(globs_add(&sc.show.choose.include, "Re"));
	scene_stream(&sc, &st, "a", 1, LANE);
	scene_tail(&sc, &scene_out, START_END);
	scene_tag(&st, 1, "Req");
	put(1, 6, 0, 1, "1");
	ck_assert_str_eq(scene_read(&sc), "Req=1\n");
	scene_tag(&st, 2, "Resp");
	put(1, 6, 0, 2, "2");
	ck_assert_str_eq(scene_read(&sc), "");
	scene_end(&sc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_not_wanted_is_left_out,
		what_makes_no_sense_is_told,
		a_rate_lets_so_many_through,
		a_record_from_the_future_does_not_use_up_the_rate,
		what_a_rate_left_out_is_told_also_without_traffic,
		a_prefix_that_is_not_unique_any_more_means_nothing,
	};

	return UNIT_RUN("choose", tests);
}
