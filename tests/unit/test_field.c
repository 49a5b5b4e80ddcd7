/*
 * test_field.c -- the fields and words of records of every sort, and values.
 */
#include "readers/field.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/records.h"

#define OF(n) (&(struct record_of){ .stream = (n) })

static struct records s;
static struct buffer scratch;

static void
begin(void)
{
	records_begin(&s);
	buffer_init(&scratch, -1);
}

static void
end(void)
{
	records_end(&s);
	buffer_free(&scratch);
}

static struct bytes
bytes(const char *text)
{
	return (struct bytes){ text, strlen(text) };
}

static const struct {
	const char *text, *is; /* kind and value; "": no number */
} numbers[] = {
	{ "0", "u0" },
	{ "17", "u17" },
	{ "+5", "u5" },
	{ "-5", "i-5" },
	{ "00012", "u12" },
	{ "18446744073709551615", "u18446744073709551615" },
	{ "18446744073709551616", "d1.8446744073709552e+19" },
	{ "-9223372036854775808", "i-9223372036854775808" },
	{ "-9223372036854775809", "d-9.223372036854776e+18" },
	{ "1.5", "d1.5" },
	{ "-0.25e2", "d-25" },
	{ "1e3", "d1000" },
	{ "1E+3", "d1000" },
	{ "0x1f", "u31" },
	{ "-0XfF", "i-255" },
	{ "0xffffffffffffffff", "u18446744073709551615" },
	{ "0x10000000000000000", "" },
	{ "1e999", "dinf" },
	{ "", "" },
	{ "-", "" },
	{ ".5", "" },
	{ "5.", "" },
	{ "0x", "" },
	{ "1e", "" },
	{ "1e+", "" },
	{ "1.5.2", "" },
	{ "1,5", "" },
	{ " 1", "" },
	{ "1 ", "" },
	{ "nan", "" },
	{ "inf", "" },
	{ "0x1p3", "" },
	{ "--1", "" },
};

static const char *
written(const struct value *v)
{
	static char text[2048];
	char to[32];
	struct bytes b = value_text(v, to);

	(void)snprintf(
	    text, sizeof(text), "%c%.*s", "-niudbt"[v->kind], (int)b.n, b.text);
	return text;
}

START_TEST(text_that_is_a_number_as_a_whole_is_one)
{
	char long_one[100];
	struct value v, n;
	double d;

	for (size_t i = 0; i < UNIT_COUNT(numbers); i++) {
		v = value_of(bytes(numbers[i].text));
		ck_assert_int_eq(value_exact(&v, &n), value_number(&v, &d));
		ck_assert_str_eq(
		    value_exact(&v, &n) == 0 ? written(&n) : "", numbers[i].is);
	}
	/* what is too long is none, wherever the digits stand */
	memset(long_one, '0', sizeof(long_one));
	v = value_of((struct bytes){ long_one, sizeof(long_one) });
	ck_assert_int_eq(value_exact(&v, &n), 0);
	long_one[1] = '.';
	ck_assert_int_eq(value_exact(&v, &n), -1);
}
END_TEST

START_TEST(numbers_are_compared_exactly)
{
	/* in their order; those of one line are the same */
	static const char *const order[][3] = {
		{ "-1e999" },
		{ "-1e19" },
		{ "-9223372036854775808", "-9223372036854775808.0" },
		{ "-9223372036854775807" },
		{ "-2", "-2.0" },
		{ "-1.5" },
		{ "-1", "-1e0" },
		{ "-0.5" },
		{ "0", "-0.0", "0.0" },
		{ "0.5" },
		{ "1", "1.0", "0x1" },
		{ "9007199254740992", "9007199254740992.0" },
		{ "9007199254740993" },
		{ "9223372036854775807" },
		{ "9223372036854775808", "9223372036854775808.0" },
		{ "18446744073709551615" },
		{ "18446744073709551616" },
		{ "1e999" },
	};
	const struct value nan_value = { .kind = VALUE_FLOAT, .d = NAN };
	struct value v[3 * UNIT_COUNT(order)], text;
	size_t rank[3 * UNIT_COUNT(order)], n = 0;
	int want;

	for (size_t i = 0; i < UNIT_COUNT(order); i++)
		for (size_t k = 0; k < 3 && order[i][k] != NULL; k++) {
			text = value_of(bytes(order[i][k]));
			ck_assert_int_eq(value_exact(&text, &v[n]), 0);
			rank[n++] = i;
		}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			want = (rank[i] > rank[k]) - (rank[i] < rank[k]);
			ck_assert_int_eq(number_compare(&v[i], &v[k]), want);
		}
		ck_assert_int_eq(number_compare(&v[i], &nan_value), 2);
		ck_assert_int_eq(number_compare(&nan_value, &v[i]), 2);
	}
}
END_TEST

struct listing {
	char text[8192];
	size_t n;
};

static int
list_one(void *arg, struct bytes name, const struct value *v)
{
	struct listing *l = arg;
	int n;

	n = snprintf(l->text + l->n, sizeof(l->text) - l->n, "%.*s:%s|",
	    (int)name.n, name.text, written(v));
	expect(n >= 0 && (size_t)n < sizeof(l->text) - l->n);
	l->n += (size_t)n;
	return 0;
}

/* Fields with their kinds; each is also found by its name. */
static const char *
list(struct rec *r)
{
	static struct listing l;

	l.n = 0;
	l.text[0] = '\0';
	ck_assert_int_eq(field_each(r, &scratch, list_one, &l), 0);
	return l.text;
}

static const struct {
	const char *text, *fields;
} texts[] = {
	/* logfmt */
	{ "a=1 b=two", "a:t1|b:ttwo|" },
	{ "a=1  b=2\tc=3\nd=4", "a:t1|b:t2|c:t3|d:t4|" },
	{ "GET a=1 / b", "a:t1|" },
	{ "a= b=\"\"", "a:t|b:t|" },
	{ "a=\"x y\" b=\"z\"", "a:tx y|b:tz|" },
	{ "a=\"x \\\"y\\\" \\\\ C:\\t\"", "a:tx \"y\" \\ C:\\t|" },
	{ "a=\"x y", "a:t\"x|" },
	{ "a=\"x\"y b=1", "a:t\"x\"y|b:t1|" },
	{ "a=b=c", "a:tb=c|" },
	{ "=1 1a=2 a!=3 x.y-z_1=4", "x.y-z_1:t4|" },
	{ "a=1 a=2", "a:t1|a:t2|" },
	{ "plain", "" },
	{ "", "" },
	{ "(a=1) b=1", "b:t1|" },
	/* JSON */
	{ "{}", "" },
	{ " { } ", "" },
	{ "{\"a\":1}", "a:u1|" },
	{ "{ \"a\" : 1 , \"b\" : \"x\" }\r\n", "a:u1|b:tx|" },
	{ "{\"a\":-1,\"b\":1.5,\"c\":1e3}", "a:i-1|b:d1.5|c:d1000|" },
	{ "{\"a\":true,\"b\":false,\"c\":null}", "a:btrue|b:bfalse|c:nnull|" },
	{ "{\"a\":[1,{\"b\":\"]\"}],\"c\":{\"d\":\"\\\"}\"}}",
	    "a:t[1,{\"b\":\"]\"}]|c:t{\"d\":\"\\\"}\"}|" },
	{ "{\"a\":\"\\u0041\\n\\/\\\"\\\\\"}", "a:tA\n/\"\\|" },
	{ "{\"a\":\"\\u00e4\\u20ac\\ud83d\\ude00\"}",
	    "a:t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80|" },
	{ "{\"a\":\"\\ud83d \\ude00 \\ud83dx\"}",
	    "a:t\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbdx|" },
	{ "{\"a\":\"\\u12 \\q\"}", "a:t\\u12 \\q|" },
	{ "{\"st\\u0061te\":1}", "state:u1|" },
	{ "{\"two words\":1,\"\":2}", "two words:u1|:u2|" },
	{ "{\"a\":18446744073709551615,\"b\":18446744073709551616}",
	    "a:u18446744073709551615|b:d1.8446744073709552e+19|" },
	/* what goes wrong ends it */
	{ "{\"a\":1", "" },
	{ "{\"a\":1,", "a:u1|" },
	{ "{\"a\":1,\"b", "a:u1|" },
	{ "{\"a\":1,\"b\":\"x", "a:u1|" },
	{ "{\"a\":1,\"b\":[", "a:u1|" },
	{ "{\"a\":1,\"b\":nul}", "a:u1|" },
	{ "{\"a\":1 \"b\":2}", "" },
	{ "{\"a\":1}{\"b\":2}", "a:u1|" },
	{ "{\"a\"}", "" },
	{ "{\"a\":}", "" },
	/* and what is none */
	{ "[{\"a\":1}]", "" },
	{ "{a=1 b=2}", "b:t2}|" },
	{ "x {\"a\":1}", "" },
};

START_TEST(texts_have_pairs_or_members)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		struct rec *r = records_text(
		    &s, OF(0), texts[i].text, strlen(texts[i].text));

		ck_assert_str_eq(list(r), texts[i].fields);
		records_drop(&s, 1);
	}
	end();
}
END_TEST

START_TEST(formats_have_what_their_conversions_are)
{
	struct rec *r;

	begin();
	r = records_args(&s, OF(0),
	    "a=%d b=%s c=%x d=%.1f e=%c f=\"%s!\" g=%p h=ed i=%s j=%5hhd a=%u",
	    (uint64_t[]){ (uint64_t)-1, records_word("x y"), 255,
		records_bits(0.26), 'q', records_word("z"), 16, 0, 300, 7 });
	ck_assert_str_eq(list(r),
	    "a:i-1|b:tx y|c:u255|d:d0.26|e:tq|f:tz!|g:t0x10|h:ted|i:nnull|"
	    "j:i44|a:u7|");
	r = records_args(&s, OF(0), "a=%.2s b=%*d c=%.*s d=%Lf e=%m",
	    (uint64_t[]){ records_word("xyz"), 5, 1, 1, records_word("xyz"),
		records_word(&(long double){ 1.5L }) });
	ck_assert_str_eq(list(r), "a:txy|b:i1|c:tx|d:d1.5|e:tSuccess|");
	r = records_args(&s, OF(0), "no {\"a\":%d}", (uint64_t[]){ 1 });
	ck_assert_str_eq(list(r), "");
	r = records_payload(&s, OF(0), "rubbish", 7);
	ck_assert_str_eq(list(r), "");
	end();
}
END_TEST

struct wanted {
	struct bytes name;
	struct listing l;
};

static int
list_wanted(void *arg, struct bytes name, const struct value *v)
{
	struct wanted *w = arg;

	if (name.n != w->name.n || memcmp(name.text, w->name.text, name.n) != 0)
		return 0;
	w->l.n = 0;
	return list_one(&w->l, name, v);
}

/* field_find() says what is the last of field_each(). */
static void
check_found(struct field *f, struct rec *r)
{
	static struct wanted w;
	struct listing found = { .n = 0 };
	struct value v;

	w.name = f->name;
	w.l.n = 0;
	w.l.text[0] = '\0';
	records_again(r);
	ck_assert_int_eq(field_each(r, &scratch, list_wanted, &w), 0);
	for (int again = 0; again < 2; again++) {
		found.n = 0;
		found.text[0] = '\0';
		records_again(r);
		field_find(f, r, &v);
		if (v.kind != VALUE_NONE)
			(void)list_one(&found, f->name, &v);
		if (strcmp(found.text, w.l.text) != 0)
			ck_abort_msg("\"%s\" is found, not \"%s\", in %.*s",
			    found.text, w.l.text, (int)r->payload.n,
			    r->payload.text);
	}
}

static const char *const names[] = { "a", "b", "state", "two words", "",
	"x.y-z_1", "nosuch" };
static struct field fields[UNIT_COUNT(names)];

static void
begin_fields(void)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(names); i++)
		field_init(&fields[i], bytes(names[i]), &scratch);
}

static void
end_fields(void)
{
	for (size_t i = 0; i < UNIT_COUNT(names); i++)
		field_fini(&fields[i]);
	end();
}

static void
check_names(struct rec *r)
{
	for (size_t i = 0; i < UNIT_COUNT(names); i++)
		check_found(&fields[i], r);
}

START_TEST(the_last_of_a_name_is_found_in_what_is_cut_anywhere)
{
	begin_fields();
	for (size_t i = 0; i < UNIT_COUNT(texts); i++)
		for (size_t n = 0; n <= strlen(texts[i].text); n++) {
			check_names(records_text(&s, OF(0), texts[i].text, n));
			records_drop(&s, 1);
		}
	end_fields();
}
END_TEST

START_TEST(any_text_is_survived)
{
	static const char *const bits[] = { "{\"", "\"", "a",
		"\":", "a=", "=\"", " ", "\\", "\\u00", "\\\"", "1", ",", "}",
		"[", "{", "true", "b", ":", "\n", "-" };
	struct unit_random r = { 3 };
	char text[128];
	size_t n;

	begin_fields();
	for (int i = 0; i < UNIT_TIMES(20000); i++) {
		unit_rubbish(&r, text, sizeof(text));
		n = unit_below(&r, sizeof(text));
		if (i % 8 != 0)
			for (n = 0;
			     n < sizeof(text) - 8 && unit_below(&r, 24) != 0;) {
				const char *b = n == 0 && i % 2 == 0
						    ? "{\""
						    : bits[unit_below(&r,
							  UNIT_COUNT(bits))];

				memcpy(text + n, b, strlen(b));
				n += strlen(b);
			}
		check_names(records_text(&s, OF(0), text, n));
		records_drop(&s, 1);
	}
	end_fields();
}
END_TEST

START_TEST(many_formats_are_told_apart)
{
	char format[64];
	struct value v;
	struct field f;

	begin();
	field_init(&f, bytes("k"), &scratch);
	for (int i = 0; i < 200; i++) {
		(void)snprintf(format, sizeof(format),
		    i % 3 == 0   ? "x%d=%%d k=%%u"
		    : i % 3 == 1 ? "k=%%u x%d=%%d"
				 : "x%d=%%d y=%%d",
		    i);
		(void)records_args(
		    &s, OF((unsigned)i % 2), format, (uint64_t[]){ 10, 11 });
	}
	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < s.n; i++) {
			field_find(&f, &s.list[i], &v);
			ck_assert_str_eq(written(&v), i % 3 == 0   ? "u11"
						      : i % 3 == 1 ? "u10"
								   : "-");
		}
	field_fini(&f);
	end();
}
END_TEST

static const struct {
	const char *text;
	const char *words[5];
} worded[] = {
	{ "", { NULL } },
	{ "  ", { NULL } },
	{ "one", { "one" } },
	{ " a  b\tc\nd ", { "a", "b", "c", "d" } },
	{ "\"a b\" c", { "a b", "c" } },
	{ "a \"b c\"", { "a", "b c" } },
	{ "\"\" x", { "", "x" } },
	{ "k=\"a b\" c", { "k=\"a b\"", "c" } },
	{ "\"a b", { "\"a", "b" } },
	{ "\"a b\"c d", { "\"a", "b\"c", "d" } },
	{ "x\"a b\" c", { "x\"a", "b\"", "c" } },
	{ "\"a \\\" b\" c", { "a \\\" b", "c" } },
	{ "\"", { "\"" } },
	{ "a=\" b=\"", { "a=\" b=\"" } },
};

START_TEST(words_are_split_at_blanks_but_for_quotes)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(worded); i++) {
		struct rec *r = records_text(
		    &s, OF(0), worded[i].text, strlen(worded[i].text));

		for (unsigned k = 0; k < 5; k++) {
			const char *want = worded[i].words[k];
			struct value v;

			field_word(r, k + 1, &v);
			ck_assert_int_eq(v.kind == VALUE_NONE, want == NULL);
			if (want != NULL)
				ck_assert_str_eq(written(&v) + 1, want);
			if (want == NULL)
				break;
		}
	}
	end();
}
END_TEST

static void
fill(char *to, size_t n, const char *with)
{
	for (size_t i = 0; i < n; i++)
		to[i] = with[i % strlen(with)];
}

START_TEST(what_is_made_to_take_long_does_not)
{
	static const char *const with[] = { "[", "{\"a\":", "{", "\"", "a=\" ",
		"\\", "\\\"", "a=\"\\\" ", "a", " ", "\" ", "\"a\":1,", "=" };
	struct value v;
	char *text = malloc(RECORD_MAX);

	ck_assert_ptr_nonnull(text);
	begin_fields();
	for (size_t i = 0; i < UNIT_COUNT(with); i++)
		for (int json = 0; json < 2; json++) {
			struct rec *r;

			fill(text, RECORD_MAX, with[i]);
			if (json)
				memcpy(text, "{\"b\":", 5);
			r = records_text(&s, OF(0), text, RECORD_MAX);
			for (size_t k = 0; k < UNIT_COUNT(names); k++)
				field_find(&fields[k], r, &v);
			field_word(r, 65535, &v);
			records_drop(&s, 1);
		}
	end_fields();
	free(text);
}
END_TEST

/* Of a field the way and the long way say the same. */
static void
check_way(const struct format *f, const struct format_field *field,
    const void *payload, size_t n, int readable)
{
	struct format_value a, b;
	struct format_way w;
	int got;

	if (format_way(f, field, &w) == -1)
		return;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	got = format_way_value(&w, payload, n, &a);
	expect_eq(got, readable ? 0 : -1);
	if (got == -1)
		return;
	expect_eq(format_value(f, payload, n, field, &b), 0);
	expect_eq(a.kind, b.kind);
	if (a.kind != FIELD_STRING) {
		expect_eq(a.u, b.u);
		return;
	}
	expect(a.s.text == b.s.text && a.s.length == b.s.length);
	expect_eq(a.s.cut, b.s.cut);
}

START_TEST(a_fields_way_leads_where_the_long_way_does)
{
	static const char *const formats[] = { "a=%d b=%u", "a=%s b=%d c=%s",
		"a=%s b=%s c=%s d=%lx e=%f", "a=%hhd b=%hu c=%c d=%p e=%zu",
		"a=%.3s b=%d", "x=%5d y=%-10s z=%+ld", "a=%m b=%d",
		"a=%*d b=%d", "a=%Lf b=%d", "a=%.*s b=%d", "a=%9999d b=%d" };
	struct unit_random r = { 5 };
	uint64_t payload[16], *exact;
	char to[65536];
	size_t n, count;

	for (size_t i = 0; i < UNIT_COUNT(formats); i++) {
		struct format *f =
		    format_compile(formats[i], strlen(formats[i]));
		const struct format_field *all = format_fields(f, &count);

		for (int k = 0; k < UNIT_TIMES(20000); k++) {
			n = k % 4 == 0 ? unit_below(&r, sizeof(payload))
				       : 8 * unit_below(&r, 16);
			for (size_t w = 0; w < 16; w++)
				payload[w] = unit_random(&r) &
					     (unit_below(&r, 3) == 0
						     ? UINT64_MAX
						     : UINT64_C(0x30000000f));
			exact = malloc(n == 0 ? 1 : n);
			expect(exact != NULL);
			memcpy(exact, payload, n);
			for (size_t j = 0; j < count; j++)
				check_way(f, &all[j], exact, n,
				    format_render(
					f, exact, n, to, sizeof(to)) != -1);
			free(exact);
		}
		format_free(f);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		text_that_is_a_number_as_a_whole_is_one,
		numbers_are_compared_exactly,
		texts_have_pairs_or_members,
		formats_have_what_their_conversions_are,
		the_last_of_a_name_is_found_in_what_is_cut_anywhere,
		any_text_is_survived,
		many_formats_are_told_apart,
		words_are_split_at_blanks_but_for_quotes,
		what_is_made_to_take_long_does_not,
		a_fields_way_leads_where_the_long_way_does,
	};

	return UNIT_RUN("field", tests);
}
