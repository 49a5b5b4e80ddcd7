/*
 * test_json_copy.c -- JSON of strangers is taken whole and strictly, or not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/json_copy.h"
#include "tests/unit/shown.h"

/* What becomes of it, or NULL; read from memory with nothing behind it. */
static const char *
copy(const char *text, size_t n)
{
	static struct buffer b;
	char *exact = malloc(n == 0 ? 1 : n);
	int r;

	if (b.data == NULL)
		buffer_init(&b, -1);
	b.n = 0;
	expect(exact != NULL);
	memcpy(exact, text, n);
	r = json_copy(&b, exact, n);
	free(exact);
	buffer_byte(&b, '\0');
	return r == 0 ? b.data : NULL;
}

START_TEST(what_is_a_json_object_is_copied_without_blanks)
{
	static const struct {
		const char *text, *copy; /* NULL: as text */
	} cases[] = {
		{ "{}", NULL },
		{ " \t\r\n{ \t\r\n} \t\r\n", "{}" },
		{ "{\"\":0}", NULL },
		{ "{\"a\":[],\"b\":{},\"a\":[{}]}", NULL },
		{ "{\"a\" : [ 1 , -0 , 0.25 , 1E5 , -9.0e-07 ] }",
		    "{\"a\":[1,-0,0.25,1E5,-9.0e-07]}" },
		{ "{\"a\":[true,false,null,\"x\"]}", NULL },
		{ "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD800\"}",
		    NULL },
		{ "{\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}", NULL },
		{ "{\"\x7f\":\"\xc2\x9b\xe2\x80\xae\"}",
		    "{\"\\u007f\":\"\\u009b\\u202e\"}" },
	};
	const char *wanted;

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		wanted = copy(cases[i].text, strlen(cases[i].text));
		ck_assert_ptr_nonnull(wanted);
		ck_assert_str_eq(wanted,
		    cases[i].copy != NULL ? cases[i].copy : cases[i].text);
	}
}
END_TEST

START_TEST(what_is_none_is_refused)
{
	static const char *const cases[] = { "", " ", "{", "}", "[]", "1",
		"\"a\"", "null", "{}{}", "{} x", "{,}", "{\"a\"}", "{\"a\":}",
		"{\"a\":1,}", "{\"a\":1 \"b\":2}", "{a:1}", "{\"a\":1]",
		"{\"a\":[1}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":01}",
		"{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1e}",
		"{\"a\":-}", "{\"a\":1e+}", "{\"a\":0x1}", "{\"a\":tru}",
		"{\"a\":truE}", "{\"a\":nan}", "{\"a\":truex}", "{\"a\":'x'}",
		"{\"a\":\"x}", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u12", "{\"a\":\"\\",
		"{\"a\":\"\xff\"}", "{\"a\":\"\xc3\"}",
		"{\"a\":\"\xed\xa0\x80\"}", "{\"\t\":1}", "{1:1}", "{\"a\"=1}",
		"{\"a\":1}\f" };
	static const char zero[] = "{\"a\":\"\0\"}", tail[] = "{}";

	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		ck_assert_msg(
		    copy(cases[i], strlen(cases[i])) == NULL, "%s", cases[i]);
	ck_assert_ptr_null(copy(zero, sizeof(zero) - 1));
	ck_assert_ptr_null(copy(tail, sizeof(tail)));
}
END_TEST

/* Deeper than 64 levels: of arrays in an object, or of objects alone. */
static const char *
nested(int levels, int objects)
{
	static char text[1024];
	int n = 0;

	for (int i = 0; i < levels; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s",
		    objects || i == 0 ? "{\"a\":" : "[");
	text[n++] = '1';
	for (int i = levels - 1; i >= 0; i--)
		text[n++] = objects || i == 0 ? '}' : ']';
	return copy(text, (size_t)n);
}

START_TEST(so_is_what_other_readers_do_not_take)
{
	char text[128];

	for (int objects = 0; objects < 2; objects++) {
		ck_assert_ptr_nonnull(nested(64, objects));
		ck_assert_ptr_null(nested(65, objects));
		ck_assert_ptr_null(nested(128, objects));
	}
	for (int n = 64; n <= 65; n++) {
		snprintf(text, sizeof(text), "{\"a\":1%0*d}", n - 1, 0);
		ck_assert_int_eq(copy(text, strlen(text)) != NULL, n == 64);
	}
}
END_TEST

START_TEST(what_was_copied_is_copied_as_it_is)
{
	struct unit_random rnd = { 21 };
	char text[200], *first;
	const char *made;
	int taken = 0;
	size_t n;

	for (int i = 0; i < UNIT_TIMES(100000); i++) {
		memcpy(text, "{\"a\":\"", 6);
		n = 6 + shown_nasty(&rnd, text + 6, sizeof(text) - 8);
		memcpy(text + n, "\"}", 2);
		made = copy(text, n + 2);
		if (made == NULL)
			continue;
		taken++;
		first = strdup(made);
		expect(first != NULL);
		expect(shown_is_safe(first, strlen(first)));
		made = copy(first, strlen(first));
		expect(made != NULL && strcmp(made, first) == 0);
		free(first);
	}
	expect(taken > UNIT_TIMES(1000));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_a_json_object_is_copied_without_blanks,
		what_is_none_is_refused,
		so_is_what_other_readers_do_not_take,
		what_was_copied_is_copied_as_it_is,
	};

	return UNIT_RUN("json_copy", tests);
}
