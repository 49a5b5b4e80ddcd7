/*
 * test_format_fields.c -- the fields of a format, and their values.
 */
#include "common/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct format *
compile(const char *text)
{
	struct format *f = format_compile(text, strlen(text));

	ck_assert_msg(f != NULL, "%s is not compiled", text);
	return f;
}

/* A payload of the words given; the strings' bytes are among them. */
struct payload {
	uint64_t words[24];
	size_t length;
};

static void
add(struct payload *p, uint64_t word)
{
	if (p->length == 0)
		p->words[p->length++] = 1 | (uint64_t)ENOENT << 32;
	p->words[p->length++] = word;
}

static void
add_string(struct payload *p, const char *s)
{
	size_t n = strlen(s);

	add(p, n);
	memcpy(&p->words[p->length], s, n);
	p->length += (n + 7) / 8;
}

static void
add_double(struct payload *p, double d)
{
	uint64_t word;

	memcpy(&word, &d, 8);
	add(p, word);
}

/*
 * The fields as one text: name, kind (as a letter), value's argument and
 * conversion if it has one.
 */
static void
list(const char *text, char to[512])
{
	struct format *f = compile(text);
	const struct format_field *field;
	size_t n;

	*to = '\0';
	field = format_fields(f, &n);
	for (; n > 0; n--, field++) {
		char *end = to + strlen(to);

		end += sprintf(end, "%s%.*s:", *to ? " " : "",
		    (int)field->name_length, field->name);
		if (field->kind != FIELD_TEXT) {
			sprintf(end, "%c%d%c", "tiufcsp"[field->kind],
			    field -> argument, field -> conversion);
			continue;
		}
		sprintf(end, "text");
		ck_assert_int_eq(field->argument, -1);
		ck_assert_int_eq(field->conversion, 0);
	}
	format_free(f);
}

START_TEST(a_key_and_one_conversion_are_a_typed_field)
{
	static const struct {
		const char *text, *fields;
	} cases[] = {
		{ "", "" }, { "no field", "" }, { "a=%d", "a:i0d" },
		{ "a=%i b=%u c=%x d=%o", "a:i0i b:u1u c:u2x d:u3o" },
		{ "a=%f b=%Lg c=%a", "a:f0f b:f1g c:f2a" },
		{ "a=%s b=%c c=%p", "a:s0s b:c1c c:p2p" },
		{ "method=%s path=%s status=%d us=%lu",
		    "method:s0s path:s1s status:i2d us:u3u" },
		{ "a=%-5d b=% d c=%'d", "a:i0d b:i1d c:i2d" },
		{ "a=%*d b=%.*s c=%*.*f", "a:i1d b:s3s c:f6f" },
		{ "%s a=%d", "a:i1d" }, { "a=\"%s\" b=\"%d\"", "a:s0s b:i1d" },
		{ "text a=%d more b=%d done", "a:i0d b:i1d" },
		{ "a=%d\tb=%d\nc=%d", "a:i0d b:i1d c:i2d" },
		{ "  a=%d  ", "a:i0d" },
		{ "a-b.c_9=%d _=%d A=%d", "a-b.c_9:i0d _:i1d A:i2d" },
		/* more than one conversion, or other text */
		{ "a=%dms b=%d/%d c=x%d", "a:text b:text c:text" },
		{ "a=%d%% b=%%", "a:text b:text" },
		{ "a=constant b=", "a:text b:text" },
		{ "a= b=%d", "a:text b:i0d" },
		{ "a=\"\" b=\"%s and %s\" c=%d", "a:text b:text c:i2d" },
		{ "a=\"x=%d y=%d\" z=%d", "a:text z:i2d" },
		{ "a=\"\\\"%s\\\" \" b=%d", "a:text b:i1d" },
		{ "a=\"%s\"%d b=%d", "a:text b:i2d" },
		{ "a=\"%s b=%d", "a:text b:i1d" },
		{ "a=%m b=%d", "a:text b:i0d" }, { "a==%d", "a:text" },
		{ "a=\\", "a:text" }, { "a=\"\\", "a:text" },
		/* no keys */
		{ "9a=%d -a=%d .a=%d =%d", "" }, { "%sa=%d x,b=%d (c=%d", "" },
		{ "a b %d = c", "" },
		{ "x% a=%d", "" }, /* the flag is no blank, nor `a' a key */
	};
	char got[512];

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		list(cases[i].text, got);
		ck_assert_msg(strcmp(got, cases[i].fields) == 0,
		    "%s: %s, not %s", cases[i].text, got, cases[i].fields);
	}
}
END_TEST

START_TEST(each_field_s_value_stands_where_its_span_says)
{
	static const char text[] = "%s a=%d%% b=\"%s\" c= d=%d/%d x e=\"f g\" "
				   "g=%m h=%5d";
	static const char *const values[] = { "-3%", "two words", "", "4/5",
		"f g", "No such file or directory", "    6" };
	struct format *f = compile(text);
	struct format_span spans[7];
	struct payload p = { .length = 0 };
	char got[256];
	size_t n;

	add_string(&p, "begin=%d");
	add(&p, (uint64_t)-3);
	add_string(&p, "two words");
	add(&p, 4);
	add(&p, 5);
	add(&p, 6);
	(void)format_fields(f, &n);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_gt(format_render_spans(
			     f, p.words, p.length * 8, got, sizeof(got), spans),
	    0);
	ck_assert_str_eq(got,
	    "begin=%d a=-3% b=\"two words\" c= d=4/5 x e=\"f g\" "
	    "g=No such file or directory h=    6");
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(
		    spans[i].end - spans[i].begin, strlen(values[i]));
		ck_assert_mem_eq(
		    got + spans[i].begin, values[i], strlen(values[i]));
	}
	format_free(f);
}
END_TEST

static struct format_value
value_of(const struct format *f, const struct payload *p, size_t i)
{
	struct format_value v;
	const struct format_field *fields;
	size_t n;

	fields = format_fields(f, &n);
	ck_assert_uint_lt(i, n);
	ck_assert_int_eq(
	    format_value(f, p->words, p->length * 8, &fields[i], &v), 0);
	ck_assert_int_eq(v.kind, fields[i].kind);
	return v;
}

START_TEST(a_value_is_read_without_rendering)
{
	struct format *f = compile("a=%d b=%s c=%hhd d=%hhu e=%x f=%ld g=%f "
				   "h=%Lf i=%c j=%p k=%lu");
	struct payload p = { .length = 0 };
	uint64_t w[2] = { 0, 0 };
	long double ld = 2.25L;

	memcpy(w, &ld, sizeof(ld));
	add(&p, UINT32_MAX);
	add_string(&p, "a longer string");
	add(&p, 511);
	add(&p, 511);
	add(&p, UINT64_MAX);
	add(&p, UINT64_MAX);
	add_double(&p, -0.5);
	add(&p, w[0]);
	add(&p, w[1] & 0xffff);
	add(&p, 0x141);
	add(&p, 0x1234);
	add(&p, UINT64_MAX);
	ck_assert_int_eq(value_of(f, &p, 0).i, -1);
	ck_assert_uint_eq(value_of(f, &p, 1).s.length, 15);
	ck_assert_mem_eq(value_of(f, &p, 1).s.text, "a longer string", 15);
	ck_assert_int_eq(value_of(f, &p, 1).s.cut, 0);
	ck_assert_int_eq(value_of(f, &p, 2).i, -1);
	ck_assert_uint_eq(value_of(f, &p, 3).u, 255);
	ck_assert_uint_eq(value_of(f, &p, 4).u, UINT32_MAX);
	ck_assert_int_eq(value_of(f, &p, 5).i, -1);
	ck_assert(value_of(f, &p, 6).d == -0.5);
	ck_assert(value_of(f, &p, 7).d == 2.25);
	ck_assert_uint_eq(value_of(f, &p, 8).u, 'A');
	ck_assert_uint_eq(value_of(f, &p, 9).u, 0x1234);
	ck_assert_uint_eq(value_of(f, &p, 10).u, UINT64_MAX);
	format_free(f);
}
END_TEST

START_TEST(a_string_s_value_is_what_is_shown_of_it)
{
	struct format *f = compile("a=%.3s b=%.*s c=%.*s d=%20s e=%s f=%s");
	struct payload p = { .length = 0 };

	add_string(&p, "abcdef");
	add(&p, 2);
	add_string(&p, "abcdef");
	add(&p, (uint64_t)-2);
	add_string(&p, "abcdef");
	add_string(&p, "abcdef");
	add(&p, (uint64_t)ARGS_NULL << 32);
	add(&p, 3 | (uint64_t)ARGS_CUT << 32);
	add(&p, 0x636261);
	ck_assert_uint_eq(value_of(f, &p, 0).s.length, 3);
	ck_assert_uint_eq(value_of(f, &p, 1).s.length, 2);
	ck_assert_uint_eq(value_of(f, &p, 2).s.length, 6);
	ck_assert_uint_eq(value_of(f, &p, 3).s.length, 6);
	ck_assert_ptr_null(value_of(f, &p, 4).s.text);
	ck_assert_uint_eq(value_of(f, &p, 4).s.length, 0);
	ck_assert_uint_eq(value_of(f, &p, 5).s.length, 3);
	ck_assert_int_eq(value_of(f, &p, 5).s.cut, 1);
	format_free(f);
}
END_TEST

START_TEST(a_value_that_the_payload_lacks_is_refused)
{
	struct format *f = compile("a=%s b=%d c=%d%%");
	struct payload p = { .length = 0 };
	const struct format_field *fields;
	struct format_value v;
	size_t n;

	add_string(&p, "12345678");
	add(&p, 5);
	fields = format_fields(f, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(format_value(f, p.words, 32, &fields[0], &v), 0);
	ck_assert_int_eq(format_value(f, p.words, 32, &fields[1], &v), 0);
	ck_assert_int_eq(format_value(f, p.words, 31, &fields[1], &v), -1);
	ck_assert_int_eq(format_value(f, p.words, 23, &fields[0], &v), -1);
	ck_assert_int_eq(format_value(f, p.words, 23, &fields[1], &v), -1);
	ck_assert_int_eq(format_value(f, p.words, 7, &fields[0], &v), -1);
	ck_assert_int_eq(format_value(f, p.words, 32, &fields[2], &v), -1);
	p.words[1] = UINT32_MAX;
	ck_assert_int_eq(format_value(f, p.words, 32, &fields[0], &v), -1);
	ck_assert_int_eq(format_value(f, p.words, 32, &fields[1], &v), -1);
	format_free(f);
}
END_TEST

/* As many pieces and fields as a text of that length can have. */
START_TEST(a_text_of_nothing_but_fields_has_room)
{
	static const char *const parts[] = { "a=", "a= ", "a=%d ", "=", "%%",
		"a=%%", "a=\"%m\" ", "a=b", "%m", "a=\"x\" ", "x%%" };
	char text[FORMAT_TEXT_MAX + 1], got[65536];
	const uint64_t head = 1;
	struct format *f;

	for (size_t i = 0; i < UNIT_COUNT(parts); i++) {
		size_t n = 0, k = strlen(parts[i]);

		for (; n + k <= FORMAT_TEXT_MAX; n += k)
			memcpy(text + n, parts[i], k + 1);
		if (strchr(text, 'd') != NULL) {
			text[FORMAT_ARGS_MAX * k] = '\0';
			ck_assert_int_eq(text[FORMAT_ARGS_MAX * k - 1], ' ');
		}
		f = compile(text);
		if (strchr(text, 'd') == NULL)
			ck_assert_int_ge(
			    format_render(f, &head, 8, got, sizeof(got)), 0);
		format_free(f);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_key_and_one_conversion_are_a_typed_field,
		each_field_s_value_stands_where_its_span_says,
		a_value_is_read_without_rendering,
		a_string_s_value_is_what_is_shown_of_it,
		a_value_that_the_payload_lacks_is_refused,
		a_text_of_nothing_but_fields_has_room,
	};

	return UNIT_RUN("format_fields", tests);
}
