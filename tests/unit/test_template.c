/*
 * test_template.c -- `-o FORMAT': what templates make of a record, and what is
 * said of those that are none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "readers/template.h"
#include "tests/unit/shown.h"

static struct records rs;
static const struct record_of of = { 0, "Tag", 3, 17 };

static void
begin(void)
{
	setenv("TZ", "UTC-1", 1);
	tzset();
	records_begin(&rs);
}

/* The last record by a template. */
static const char *
show(const char *template)
{
	struct record *head = &rs.heads[rs.n - 1];
	const char *fault = out_template_set(template);

	ck_assert_msg(fault == NULL, "%s: %s", template, fault);
	head->time = UINT64_C(1795458001000000789);
	return shown_last(&rs, &out_template, NULL);
}

static const char *
of_text(const char *template, const char *text)
{
	(void)records_text(&rs, &of, text, strlen(text));
	return show(template);
}

START_TEST(each_element_has_its_value)
{
	static const struct {
		const char *template, *text, *shown;
	} cases[] = {
		{ "%{time:iso}|%{time}", "",
		    "2026-11-23T18:20:01.000000789Z|"
		    "2026-11-23T18:20:01.000000789Z" },
		{ "%{time:unix} %{time:unix_ns}", "",
		    "1795458001 1795458001000000789" },
		{ "%{time:%d/%b %T %z}", "", "23/Nov 19:20:01 +0100" },
		{ "%{level} %{tag} %{stream} %{type} %{ident} %{pid} %{id}", "",
		    "err Tag http.front http front 100 17" },
		{ "%{cursor}", "", "0000000000000007-1-0-0" },
		{ "%%{%{text}%%}\\n\\t\\\\", "x", "%{x%}\n\t\\" },
		{ "%{2},%{1},%{3}", "a \"b c\"", "b c,a,-" },
		{ "%{3:-none}%{3:-}", "a b", "none" },
		{ "%{a} %{b} %{c} %{d:-x:-y}", "a=1 b=\"2 3\" a=4",
		    "4 2 3 - x:-y" },
		{ "%{a}|%{b}|%{n}|%{t}|%{e}",
		    "{\"a\":[1, 2],\"b\":\"\\u00e4\","
		    "\"n\":null,\"t\":true,\"e\":\"\"}",
		    "[1, 2]|\xc3\xa4|-|true|" },
		{ "%{field:level} %{level} %{field:x.y-z:-0}", "level=high",
		    "high err 0" },
		{ "%{odd name}", "{\"odd name\":1}", "1" },
		{ "%{text}|%{a}|%{1}", "a=\033[2J\xff",
		    "a=\\x1b[2J\\xff|\\x1b[2J\\xff|a=\\x1b[2J\\xff" },
	};

	begin();
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const char *shown = of_text(cases[i].template, cases[i].text);
		char wanted[256];

		snprintf(wanted, sizeof(wanted), "%s\n", cases[i].shown);
		ck_assert_str_eq(shown, wanted);
	}
	records_end(&rs);
}
END_TEST

START_TEST(what_a_record_lacks_is_a_dash)
{
	static const struct record_of bare = { 2, NULL, 9, 0 };

	begin();
	(void)records_text(&rs, &bare, "", 0);
	ck_assert_str_eq(
	    show("%{tag} %{id} %{level} %{1} %{x} %{tag:-none} %{id:-0} "
		 "%{parent}"),
	    "- - ? - - none 0 -\n");
	records_end(&rs);
}
END_TEST

START_TEST(arguments_are_fields)
{
	begin();
	(void)records_args(&rs, &of, "GET us=%d f=%.1f s=%s n=%s",
	    (uint64_t[]){ (uint64_t)-5, records_bits(0.25), records_word("a b"),
		records_word(NULL) });
	ck_assert_str_eq(
	    show("%{us} %{f} %{s} %{n} %{1}"), "-5 0.25 a b - GET\n");
	records_end(&rs);
}
END_TEST

START_TEST(a_mistake_is_told_with_its_place)
{
	static const struct {
		const char *template, *fault;
	} cases[] = {
		{ "%{", "%{ without a }, at character 1" },
		{ "ab %{text", "%{ without a }, at character 4" },
		{ "%{}", "%{} without a name, at character 1" },
		{ "%{text}%{:-x}", "%{} without a name, at character 8" },
		{ "%{field:}", "%{} without a name, at character 1" },
		{ "%{text} 5%",
		    "a % that neither { nor % follows, at character 10" },
		{ "%d %{text}",
		    "a % that neither { nor % follows, at character 1" },
		{ "%{text}\\d",
		    "a \\ that neither n, t nor \\ follows, at character 8" },
		{ "%{text}\\",
		    "a \\ that neither n, t nor \\ follows, at character 8" },
		{ "%{time:}",
		    "%{time:} is neither iso, unix, unix_ns nor has it a % for "
		    "strftime(3), at character 1" },
		{ "%{time:ISO}",
		    "%{time:ISO} is neither iso, unix, unix_ns nor has it a % "
		    "for strftime(3), at character 1" },
		{ "%{time:%c%c%c%c%c}",
		    "%{time:%c%c%c%c%c} makes nothing, or too much, "
		    "at character 1" },
		{ "%{0}",
		    "%{0}: words are numbered from 1 to 9999, at character 1" },
		{ "%{10000}", "%{10000}: words are numbered from 1 to 9999, "
			      "at character 1" },
		{ "%{1x}", "%{1x}: words are numbered from 1 to 9999, "
			   "at character 1" },
		{ "%{tag:x}", "%{tag:x}: only time: and field: have a colon, "
			      "at character 1" },
	};
	const char *fault;

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		ck_assert_ptr_null(template_compile(cases[i].template, &fault));
		ck_assert_str_eq(fault, cases[i].fault);
	}
	ck_assert_ptr_null(out_choose("%{", -1, &fault));
	ck_assert_str_eq(fault, cases[0].fault);
	ck_assert_ptr_null(out_choose("xml", -1, &fault));
	ck_assert_str_eq(fault, "not a format: " OUT_NAMES);
}
END_TEST

#define AT "[23/Nov/2026:19:20:01 +0100]"

START_TEST(web_servers_formats_are_made_of_conventional_names)
{
	static const struct {
		const char *template, *text, *shown;
	} cases[] = {
		{ "ncsa", "method=GET path=/ status=200 bytes=5",
		    "- - - " AT " \"GET /\" 200 5\n" },
		{ "ncsa",
		    "remote=::1 user=a url=/?a=b verb=PUT protocol=HTTP/1.1 "
		    "status=404 size=0",
		    "::1 - a " AT " \"PUT /?a=b HTTP/1.1\" 404 -\n" },
		/* the first name counts, wherever it stands */
		{ "ncsa",
		    "client=c request=\"GET / HTTP/2\" remote_addr=r host=h "
		    "method=M",
		    "r - - " AT " \"GET / HTTP/2\" - -\n" },
		{ "combined",
		    "path=/ referer=http://x/ agent=\"Moz \\\"y\\\" \xc3\xa4\"",
		    "- - - " AT " \"/\" - - \"http://x/\" "
		    "\"Moz \\\"y\\\" \\xc3\\xa4\"\n" },
		{ "combined",
		    "{\"http.request.method\":\"GET\",\"url.path\":\"/"
		    "\\n\\\\\","
		    "\"http.response.status_code\":200,\"user.name\":\"a "
		    "b\\\"\","
		    "\"user_agent.original\":\"\"}",
		    "- - a\\x20b\\\" " AT " \"GET /\\x0a\\\\\" 200 - \"-\" "
		    "\"-\"\n" },
		/* no request */
		{ "ncsa", "status=200 bytes=5", "" },
		{ "ncsa", "hello", "" },
	};

	begin();
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		ck_assert_str_eq(
		    of_text(cases[i].template, cases[i].text), cases[i].shown);
	records_end(&rs);
}
END_TEST

/* No field can end its own. */
START_TEST(a_web_servers_line_keeps_its_columns)
{
	struct unit_random rnd = { 31 };
	char text[120];
	const char *line;
	size_t n;

	begin();
	ck_assert_ptr_null(out_template_set("combined"));
	for (int i = 0; i < UNIT_TIMES(20000); i++) {
		int blanks = 0, quotes = 0;

		n = shown_nasty(&rnd, text, sizeof(text) - 1);
		text[n] = '\0';
		(void)records_args(&rs, &of,
		    "remote=\"%s\" user=\"%s\" method=GET path=/ agent=\"%s\"",
		    (uint64_t[]){ records_word(text), records_word(text),
			records_word(text) });
		line = shown_last(&rs, &out_template, &n);
		for (size_t k = 0; k + 1 < n; k++) {
			expect(line[k] >= ' ' && line[k] <= '~');
			if (line[k] == '\\')
				k++;
			else if (line[k] == '"')
				quotes++;
			else if (line[k] == ' ' && quotes % 2 == 0)
				blanks++;
		}
		expect(line[n - 1] == '\n');
		expect_eq(quotes, 6);
		expect_eq(blanks, 9);
	}
	records_end(&rs);
}
END_TEST

START_TEST(anything_is_a_template_or_a_message)
{
	static const char *const pieces[] = { "%{", "}", "%", "text",
		"time:", ":-", "\\n", "\\", "5", "field:", "iso", "a b", "%H" };
	struct unit_random rnd = { 41 };
	struct template *t;
	const char *fault;
	char text[64];
	int good = 0;

	for (int i = 0; i < UNIT_TIMES(50000); i++) {
		text[0] = '\0';
		for (uint64_t k = unit_below(&rnd, 8); k > 0; k--)
			strcat(
			    text, pieces[unit_below(&rnd, UNIT_COUNT(pieces))]);
		t = template_compile(text, &fault);
		expect((t == NULL) == (fault != NULL));
		if (t == NULL) {
			expect(strlen(fault) > 0);
			continue;
		}
		good++;
		template_free(t);
	}
	expect(good > UNIT_TIMES(1000));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		each_element_has_its_value,
		what_a_record_lacks_is_a_dash,
		arguments_are_fields,
		a_mistake_is_told_with_its_place,
		web_servers_formats_are_made_of_conventional_names,
		a_web_servers_line_keeps_its_columns,
		anything_is_a_template_or_a_message,
	};

	return UNIT_RUN("template", tests);
}
