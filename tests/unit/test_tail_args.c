/*
 * test_tail_args.c -- shmtail shows records whose arguments were stored, and
 * survives those that nobody can have stored.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/format.h"
#include "common/shared.h"
#include "tests/unit/scene.h"

#define LANE (UINT64_C(64) << 10)
#define UNREADABLE "[unreadable record]\n"

static struct scene sc;
static struct scene_stream st;

static void
begin(const struct out *out)
{
	scene_begin(&sc);
	scene_stream(&sc, &st, "a", 1, LANE);
	scene_tail(&sc, out, START_END);
}

static void
enter(uint32_t id, const char *format)
{
	ck_assert_int_eq(dict_add(st.section, &st.plan, &st.dict_used,
			     DICT_FORMAT, id, format, (uint32_t)strlen(format)),
	    0);
}

/* A record with a payload of n bytes. */
static void
put_payload(const void *payload, size_t n, uint8_t flags)
{
	static uint64_t time = 1;
	struct record r = {
		.length = (uint32_t)(sizeof(r) + n),
		.level = 6,
		.flags = RECORD_ARGS | flags,
		.time = time,
	};

	time++;
	ring_append(&st.w[0], &r, payload);
}

/* The same, put together as a writer does. */
static void
put_args(uint32_t id, const char *format, const uint64_t *args)
{
	uint64_t payload[1024], heads[FORMAT_ARGS_MAX] = { 0 };
	uint64_t words[FORMAT_ARGS_MAX] = { 0 };
	struct format_args a;
	int count = format_parse(format, strlen(format), &a);
	uint32_t n;

	ck_assert_int_ge(count, 0);
	memcpy(words, args, (size_t)count * sizeof(*words));
	n = format_measure(&a, words, sizeof(payload), heads);
	format_encode(payload, &a, words, heads, id, 0);
	put_payload(payload, n, 0);
}

static uint64_t
word(const void *p)
{
	return (uintptr_t)p;
}

static uint64_t
bits(double d)
{
	uint64_t w;

	memcpy(&w, &d, sizeof(w));
	return w;
}

START_TEST(arguments_are_shown_as_printf_writes_them)
{
	const char *format = "a=%d b=%s";

	begin(&scene_out);
	enter(4095, "%%");
	enter(7, format);
	put_args(7, format, (uint64_t[]){ (uint64_t)-1, word("x y") });
	put_args(4095, "%%", (uint64_t[]){ 0 });
	ck_assert_str_eq(scene_read(&sc), "a=-1 b=x y\n%\n");
	/* one that comes while it is followed, and one that is long */
	enter(8, "%*d");
	put_args(8, "%*d", (uint64_t[]){ 100000, 5 });
	ck_assert_uint_eq(strlen(scene_read(&sc)), 100001);
	put_args(7, format, (uint64_t[]){ 2, word(NULL) });
	ck_assert_str_eq(scene_read(&sc), "a=2 b=(null)\n");
	scene_end(&sc);
}
END_TEST

START_TEST(tags_and_formats_count_apart)
{
	begin(&scene_out);
	scene_tag(&st, 1, "Tag");
	enter(1, "one=%d");
	put_args(1, "%d", (uint64_t[]){ 1 });
	ck_assert_str_eq(scene_read(&sc), "one=1\n");
	/* the first entry of an id is the one that counts */
	enter(1, "two=%d");
	put_args(1, "%d", (uint64_t[]){ 1 });
	ck_assert_str_eq(scene_read(&sc), "one=1\n");
	scene_end(&sc);
}
END_TEST

START_TEST(what_does_not_fit_its_format_is_told)
{
	uint64_t good[] = { 0, 1, 0, 0 };

	begin(&scene_out);
	enter(1, "%d");
	enter(2, "%n");
	enter(3, "%s");
	put_payload(good, 0, 0); /* no id */
	put_payload(good, 4, 0);
	put_payload(good, 16, 0); /* 0 is no format */
	for (uint32_t id = 2; id <= 5000; id += 2499) {
		good[0] = format_pair(id, 0); /* %n, unknown, too large */
		put_payload(good, 16, 0);
	}
	good[0] = format_pair(1, 0);
	put_payload(good, 8, 0);  /* too short */
	put_payload(good, 24, 0); /* and too long */
	good[0] = format_pair(3, 0);
	good[1] = format_pair(UINT32_MAX, 0);
	put_payload(good, 24, 0); /* a string beyond the end */
	good[0] = format_pair(1, 0);
	good[1] = 1;
	put_payload(good, 16, 0);
	ck_assert_str_eq(scene_read(&sc),
	    UNREADABLE UNREADABLE UNREADABLE UNREADABLE UNREADABLE UNREADABLE
		UNREADABLE UNREADABLE UNREADABLE "1\n");
	ck_assert_uint_eq(sc.show.complaints, 9);
	scene_end(&sc);
}
END_TEST

START_TEST(rubbish_is_survived)
{
	static const char *const formats[] = { "%d %s", "%Lf %s %s", "%*.*f",
		"%-*s", "a=%c b=\"%s\" c=%p d=%g e=%m", "%s%s%s%s%s%s%s%s" };
	struct unit_random r = { 9 };
	uint64_t payload[64];
	size_t n;

	begin(&out_json);
	for (uint32_t i = 0; i < UNIT_COUNT(formats); i++)
		enter(i, formats[i]);
	for (int i = 0; i < UNIT_TIMES(2000); i++) {
		n = unit_below(&r, sizeof(payload));
		unit_rubbish(&r, payload, sizeof(payload));
		payload[0] = format_pair((uint32_t)unit_below(&r, 8), 0);
		if (i % 2 == 0)
			payload[1] =
			    format_pair((uint32_t)unit_below(&r, 32), 0);
		put_payload(payload, n, 0);
		if (i % 50 == 0)
			(void)scene_read(&sc);
	}
	scene_end(&sc);
}
END_TEST

/* What out_json shows of one record, from its text on up to the cursor. */
static const char *
json(uint32_t id, const char *format, const uint64_t *args)
{
	static char text[4096];
	const char *from, *to;

	enter(id, format);
	put_args(id, format, args);
	from = strstr(scene_read(&sc), "\"text\":");
	ck_assert_ptr_nonnull(from);
	to = strstr(from, ",\"cursor\"");
	ck_assert_ptr_nonnull(to);
	(void)snprintf(text, sizeof(text), "%.*s", (int)(to - from), from);
	return text;
}

START_TEST(json_has_typed_fields)
{
	begin(&out_json);
	ck_assert_str_eq(
	    json(1, "status=%d path=%s us=%lu c=%c",
		(uint64_t[]){ (uint64_t)-200, word("/\"x"), UINT64_MAX, 'q' }),
	    "\"text\":\"status=-200 path=/\\\"x us=18446744073709551615 c=q\","
	    "\"fields\":{\"status\":-200,\"path\":\"/\\\"x\","
	    "\"us\":18446744073709551615,\"c\":\"q\"}");
	ck_assert_str_eq(
	    json(2, "a=%.1f b=%g c=%g d=%f e=%f",
		(uint64_t[]){ bits(0.26), bits(1e100), bits(-0.1),
		    bits(__builtin_inf()), bits(-__builtin_nan("")) }),
	    "\"text\":\"a=0.3 b=1e+100 c=-0.1 d=inf e=-nan\",\"fields\":"
	    "{\"a\":0.26,\"b\":1e+100,\"c\":-0.1,\"d\":\"inf\",\"e\":\"nan\"}");
	ck_assert_str_eq(json(3, "GET s=%s p=%p x=%x t=\"%s %d\" fix=ed",
			     (uint64_t[]){ 0, 16, 255, word("a"), 1 }),
	    "\"text\":\"GET s=(null) p=0x10 x=ff t=\\\"a 1\\\" fix=ed\","
	    "\"fields\":{\"s\":null,\"p\":\"0x10\",\"x\":255,\"t\":\"a 1\","
	    "\"fix\":\"ed\"}");
	ck_assert_str_eq(json(4, "no fields %d", (uint64_t[]){ 1 }),
	    "\"text\":\"no fields 1\"");
	scene_end(&sc);
}
END_TEST

START_TEST(of_two_fields_of_one_name_json_has_the_last)
{
	begin(&out_json);
	ck_assert_str_eq(json(1, "a=%d b=%d a=%d", (uint64_t[]){ 1, 2, 3 }),
	    "\"text\":\"a=1 b=2 a=3\",\"fields\":{\"b\":2,\"a\":3}");
	scene_end(&sc);
}
END_TEST

START_TEST(json_says_what_is_cut_and_what_is_unreadable)
{
	uint64_t payload[] = { format_pair(1, 0), 5 };

	begin(&out_json);
	enter(1, "a=%d");
	put_payload(payload, 16, RECORD_CUT);
	ck_assert_ptr_nonnull(strstr(scene_read(&sc),
	    "\"text\":\"a=5\",\"fields\":{\"a\":5},\"cut\":true,"));
	put_payload(payload, 8, 0);
	ck_assert_ptr_nonnull(strstr(scene_read(&sc),
	    "\"text\":\"[unreadable record]\",\"unreadable\":true,"));
	scene_end(&sc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		arguments_are_shown_as_printf_writes_them,
		tags_and_formats_count_apart,
		what_does_not_fit_its_format_is_told,
		rubbish_is_survived,
		json_has_typed_fields,
		of_two_fields_of_one_name_json_has_the_last,
		json_says_what_is_cut_and_what_is_unreadable,
	};

	return UNIT_RUN("tail_args", tests);
}
