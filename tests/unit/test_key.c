/*
 * test_key.c -- what records are counted by: each sort of value, when two are
 * the same, and what is kept of them.
 */
#include "readers/key.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/records.h"

static const struct record_of about = { 1, "Req", 4, 17 };
static const struct record_of bare = { 0, NULL, 6, 0 };
static struct records records;
static char shown[2048];

static struct rec *
text(const struct record_of *of, const char *s)
{
	return records_text(&records, of, s, strlen(s));
}

/* What is taken and kept, as JSON. */
static const char *
taken(const char *names, struct rec *r)
{
	char cell[KEY_CELL];
	struct buffer b;
	struct key k;

	buffer_init(&b, -1);
	ck_assert_int_eq(key_init(&k, names), 0);
	(void)key_take(&k, r);
	key_pack(&k, cell);
	key_put_array(&b, cell, k.n);
	ck_assert_uint_lt(b.n, sizeof(shown));
	memcpy(shown, b.data, b.n);
	shown[b.n] = '\0';
	buffer_free(&b);
	key_fini(&k);
	return shown;
}

static uint64_t
hash(const char *names, struct rec *r)
{
	struct key k;
	uint64_t h;

	ck_assert_int_eq(key_init(&k, names), 0);
	(void)key_take(&k, r);
	h = key_hash(&k, 99);
	key_fini(&k);
	return h;
}

START_TEST(each_name_is_what_it_says)
{
	records_begin(&records);
	static const char line[] = "GET /x level=high us=12 q=\"a b\"";
	struct rec *r = text(&about, line);

	ck_assert_str_eq(taken("tag,level,pid,id,stream", r),
	    "[\"Req\",\"warning\",\"200\",\"17\",\"http.back\"]");
	ck_assert_str_eq(
	    taken("text", r), "[\"GET /x level=high us=12 q=\\\"a b\\\"\"]");
	ck_assert_str_eq(
	    taken("us,q,none,2,9", r), "[\"12\",\"a b\",null,\"/x\",null]");
	ck_assert_str_eq(taken(".level,level", r), "[\"high\",\"warning\"]");
	r = text(&bare, "{\"a\":1.50,\"b\":null,\"c\":true,\"d\":\"\\u0041\"}");
	ck_assert_str_eq(taken("a,b,c,d", r), "[\"1.5\",null,\"true\",\"A\"]");
	ck_assert_str_eq(taken("tag,id", r), "[\"-\",null]");
	records_end(&records);
}
END_TEST

START_TEST(what_are_no_names_is_refused)
{
	static const char *const bad[] = { "", ",", "a,", ",a", "a,,b", ".",
		"a,b,c,d,e,f,g,h,i" };
	struct key k;

	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		ck_assert_int_eq(key_init(&k, bad[i]), -1);
		key_fini(&k);
	}
	ck_assert_int_eq(key_init(&k, "a,b,c,d,e,f,g,h"), 0);
	key_fini(&k);
}
END_TEST

START_TEST(the_same_texts_are_the_same_key_however_they_were_stored)
{
	struct rec *r;
	uint64_t h;

	records_begin(&records);
	h = hash("status,path", text(&about, "status=200 path=/x"));
	r = records_args(&records, &about, "status=%d path=%s",
	    (uint64_t[]){ 200, records_word("/x") });
	ck_assert_uint_eq(hash("status,path", r), h);
	r = text(&bare, "{\"path\":\"\\/x\",\"status\":200}");
	ck_assert_uint_eq(hash("status,path", r), h);
	ck_assert_uint_ne(hash("path,status", r), h);
	r = text(&about, "status=200 path=/y");
	ck_assert_uint_ne(hash("status,path", r), h);
	records_end(&records);
}
END_TEST

START_TEST(other_values_are_other_keys)
{
	static const char *const lines[] = { "a=x b=yz", "a=xy b=z", "a=xyz",
		"b=xyz", "a=xyz b=\"\"", "a=\"\" b=xyz", "a=null", "a=- b=-",
		"{\"a\":null}", "{\"a\":null,\"b\":null}", "{\"b\":null}",
		"none" };
	uint64_t hashes[UNIT_COUNT(lines)];

	records_begin(&records);
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		hashes[i] = hash("a,b", text(&about, lines[i]));
		for (size_t k = 0; k < i; k++)
			if (hashes[i] == hashes[k])
				ck_abort_msg("%s is %s", lines[i], lines[k]);
	}
	records_end(&records);
}
END_TEST

START_TEST(a_long_value_is_kept_in_part_and_counted_whole)
{
	char line[2048], cell[KEY_CELL];
	struct key_text t;
	struct key k;
	uint64_t first;
	size_t n;

	records_begin(&records);
	ck_assert_int_eq(key_init(&k, "a,b"), 0);
	memset(line, 'x', sizeof(line));
	memcpy(line, "b=short a=", 10);
	line[1000] = '1';
	(void)key_take(&k, records_text(&records, &about, line, 1001));
	first = key_hash(&k, 1);
	line[1000] = '2';
	(void)key_take(&k, records_text(&records, &about, line, 1001));
	ck_assert_uint_ne(key_hash(&k, 1), first);
	key_pack(&k, cell);
	t = key_part_of(cell, 0, 2);
	ck_assert(t.has && t.cut);
	ck_assert_uint_gt(t.text.n, 100);
	t = key_part_of(cell, 1, 2);
	ck_assert(t.has && !t.cut);
	ck_assert_uint_eq(t.text.n, 5);
	ck_assert_int_eq(memcmp(t.text.text, "short", 5), 0);
	/* of letters of two bytes each no half is kept */
	for (size_t from = 10; from < 12; from++) {
		for (n = from; n < 1000; n += 2)
			memcpy(line + n, "\xc3\xa4", 2);
		(void)key_take(&k, records_text(&records, &about, line, n));
		key_pack(&k, cell);
		t = key_part_of(cell, 0, 2);
		ck_assert(t.cut);
		ck_assert_int_eq(t.text.text[t.text.n - 1], '\xa4');
	}
	key_fini(&k);
	records_end(&records);
}
END_TEST

START_TEST(a_stream_that_is_described_anew_has_its_new_name)
{
	struct buffer b;
	struct rec *r;
	struct key k;
	char cell[KEY_CELL];

	records_begin(&records);
	r = text(&bare, "x");
	buffer_init(&b, -1);
	ck_assert_int_eq(key_init(&k, "stream"), 0);
	(void)key_take(&k, r);
	strcpy(records.d[0].ident, "rear");
	records.streams[0].described = 1000;
	(void)key_take(&k, r);
	key_pack(&k, cell);
	key_put_array(&b, cell, k.n);
	buffer_byte(&b, '\0');
	ck_assert_str_eq(b.data, "[\"http.rear\"]");
	buffer_free(&b);
	key_fini(&k);
	records_end(&records);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		each_name_is_what_it_says,
		what_are_no_names_is_refused,
		the_same_texts_are_the_same_key_however_they_were_stored,
		other_values_are_other_keys,
		a_long_value_is_kept_in_part_and_counted_whole,
		a_stream_that_is_described_anew_has_its_new_name,
	};

	return UNIT_RUN("key", tests);
}
