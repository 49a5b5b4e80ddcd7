/*
 * test_out.c -- what each output format makes of a record, and that nothing a
 * stranger writes gets through to a terminal or spoils what reads it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "readers/json_copy.h"
#include "tests/unit/shown.h"

#define TIME UINT64_C(1795458001000000789) /* 2026-11-23 */
#define CURSOR "0000000000000007-1-2-5"

static struct records rs;
static const struct record_of of = { 0, "Tag", 3, 17 };
static char wanted[4096];

static void
begin(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	records_begin(&rs);
	rs.d[0].owner_uid = 33;
	strcpy(rs.d[0].owner, "httpd");
}

/* The record that all tests begin with. */
static struct rec *
change(struct rec *r)
{
	struct record *head = &rs.heads[rs.n - 1];

	head->time = TIME;
	r->lane = 2;
	r->number = 5;
	return r;
}

static void
put(const char *text)
{
	(void)change(records_text(&rs, &of, text, strlen(text)));
}

static const char *
show(const struct out *out, const char *text)
{
	put(text);
	return shown_last(&rs, out, NULL);
}

/* What out_json has between the text and the cursor. */
static const char *
json_of_last(void)
{
	static const char head[] =
	    "{\"time\":\"2026-11-23T18:20:01.000000789Z\",\"stream\":\"front\","
	    "\"type\":\"http\",\"pid\":100,\"tag\":\"Tag\",\"level\":\"err\","
	    "\"id\":17,\"text\":";
	static const char tail[] = ",\"cursor\":\"" CURSOR "\"}\n";
	static char text[8192];
	size_t n;
	const char *line = shown_last(&rs, &out_json, &n);

	ck_assert_int_eq(strncmp(line, head, strlen(head)), 0);
	ck_assert_uint_ge(n, strlen(head) + strlen(tail));
	ck_assert_str_eq(line + n - strlen(tail), tail);
	snprintf(text, sizeof(text), "%.*s",
	    (int)(n - strlen(head) - strlen(tail)), line + strlen(head));
	return text;
}

static const char *
json(const char *text)
{
	put(text);
	return json_of_last();
}

START_TEST(short_is_a_line_with_time_stream_tag_and_text)
{
	begin();
	ck_assert_str_eq(show(&out_short, "GET \x1b[2J\n"),
	    "Nov 23 18:20:01.000000 http.front[100] Tag(err) 17: "
	    "GET \\x1b[2J\\n\n");
	put("x");
	rs.heads[rs.n - 1].flags = RECORD_CUT;
	rs.heads[rs.n - 1].id = 0;
	ck_assert_str_eq(shown_last(&rs, &out_short, NULL),
	    "Nov 23 18:20:01.000000 http.front[100] Tag(err) -: x[cut]\n");
	records_end(&rs);
}
END_TEST

START_TEST(each_level_has_its_colour)
{
	static const char *const colours[] = { "\033[1;31m", "\033[1;31m",
		"\033[1;31m", "\033[1;31m", "\033[1;33m", "\033[1m", "",
		"\033[2m", "" };

	begin();
	for (unsigned i = 0; i < UNIT_COUNT(colours); i++) {
		put("t\033[0m");
		rs.heads[rs.n - 1].level = (uint8_t)i;
		snprintf(wanted, sizeof(wanted),
		    "Nov 23 18:20:01.000000 http.front[100] %sTag(%s) 17: "
		    "t\\x1b[0m%s\n",
		    colours[i], level_name((uint8_t)i),
		    *colours[i] != '\0' ? "\033[0m" : "");
		ck_assert_str_eq(
		    shown_last(&rs, &out_short_colours, NULL), wanted);
	}
	records_end(&rs);
}
END_TEST

START_TEST(colours_are_for_terminals_that_want_them)
{
	const char *fault;
	int pipes[2], terminal = posix_openpt(O_RDWR | O_NOCTTY);

	ck_assert_int_ne(terminal, -1);
	ck_assert_int_eq(pipe(pipes), 0);
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "", 1);
	ck_assert_ptr_eq(
	    out_choose("short", terminal, &fault), &out_short_colours);
	ck_assert_ptr_eq(out_choose("short", pipes[1], &fault), &out_short);
	ck_assert_ptr_eq(out_choose("json", terminal, &fault), &out_json);
	setenv("NO_COLOR", "1", 1);
	ck_assert_ptr_eq(out_choose("short", terminal, &fault), &out_short);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	ck_assert_ptr_eq(out_choose("short", terminal, &fault), &out_short);
	unsetenv("TERM");
	ck_assert_ptr_eq(out_choose("short", terminal, &fault), &out_short);
	close(pipes[0]);
	close(pipes[1]);
	close(terminal);
}
END_TEST

START_TEST(full_says_all_that_is_known)
{
	begin();
	ck_assert_str_eq(show(&out_full, "hello \xff"),
	    "Mon 2026-11-23 18:20:01.000000789 +0000 [" CURSOR "]\n"
	    "    stream: http.front\n    pid: 100\n    uid: 33\n"
	    "    process: httpd\n    tag: Tag\n    level: err\n    id: 17\n"
	    "    text: hello \\xff\n");
	(void)change(records_args(&rs, &of, "a=%d b=\"%s\"",
	    (uint64_t[]){ (uint64_t)-1, records_word("x\ny") }));
	rs.heads[rs.n - 1].id = 0;
	rs.heads[rs.n - 1].flags |= RECORD_BEGIN | RECORD_CUT;
	ck_assert_str_eq(strstr(shown_last(&rs, &out_full, NULL), "    level"),
	    "    level: err\n    flags: begin, cut\n"
	    "    format: a=%d b=\"%s\"\n    text: a=-1 b=\"x\\ny\"\n"
	    "    field a: -1\n    field b: x\\ny\n");
	records_end(&rs);
}
END_TEST

START_TEST(json_of_a_text_has_its_fields)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a == b", "\"a == b\"" },
		{ "1=2", "\"1=2\"" },
		{ "GET a=1 b=\"x \\\"y\" a=02",
		    "\"GET a=1 b=\\\"x \\\\\\\"y\\\" a=02\",\"fields\":"
		    "{\"b\":\"x \\\"y\",\"a\":\"02\"}" },
		{ "a=\xff", "\"a=\\u00ff\",\"fields\":{\"a\":\"\\u00ff\"},"
			    "\"invalid_utf8\":true" },
		{ "\xc3\xa4", "\"\xc3\xa4\"" },
		{ "\xc3", "\"\\u00c3\",\"invalid_utf8\":true" },
		{ " {\"a\": [1, {\"b\": -0.5e+3}],\n\"c\": null}",
		    "\" {\\\"a\\\": [1, {\\\"b\\\": -0.5e+3}],\\n"
		    "\\\"c\\\": null}\",\"fields\":"
		    "{\"a\":[1,{\"b\":-0.5e+3}],\"c\":null}" },
		/* one that goes wrong has what comes before that */
		{ "{\"a\":[01],\"b\":true,",
		    "\"{\\\"a\\\":[01],\\\"b\\\":true,\",\"fields\":"
		    "{\"a\":\"[01]\",\"b\":true}" },
		{ "{}", "\"{}\",\"fields\":{}" },
		{ "{", "\"{\"" },
	};

	begin();
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		ck_assert_str_eq(json(cases[i].text), cases[i].json);
	records_end(&rs);
}
END_TEST

/* Whatever is kept of the record before: each member is changed by itself. */
START_TEST(json_of_each_record_has_its_own_id_level_and_cursor)
{
	static const struct {
		uint64_t id;
		uint8_t level;
		uint64_t created, serial;
		uint32_t lane;
		uint64_t number;
		const char *json, *cursor;
	} rows[] = {
		{ 0, 0, 0, 0, 0, 0, "\"level\":\"emerg\",\"id\":0,\"text\"",
		    "0000000000000000-0-0-0" },
		{ 17, 0, 0, 0, 0, 1, "\"level\":\"emerg\",\"id\":17,\"text\"",
		    "0000000000000000-0-0-1" },
		{ 17, 4, 9, 0, 0, 1, "\"level\":\"warning\",\"id\":17,\"text\"",
		    "0000000000000009-0-0-1" },
		{ 18, 4, 9, 8, 0, 1, "\"level\":\"warning\",\"id\":18,\"text\"",
		    "0000000000000009-8-0-1" },
		{ 18, 8, 9, 8, 7, 1, "\"level\":\"?\",\"id\":18,\"text\"",
		    "0000000000000009-8-7-1" },
		{ UINT64_MAX, 255, UINT64_MAX, UINT64_MAX, UINT32_MAX,
		    UINT64_MAX,
		    "\"level\":\"?\",\"id\":18446744073709551615,\"text\"",
		    "ffffffffffffffff-18446744073709551615-4294967295-"
		    "18446744073709551615" },
	};
	const char *line;
	char cursor[128];

	begin();
	for (size_t i = 0; i < 2 * UNIT_COUNT(rows); i++) {
		size_t k = i % UNIT_COUNT(rows);
		struct rec *r = records_text(&rs, &of, "x", 1);

		rs.heads[rs.n - 1].id = rows[k].id;
		rs.heads[rs.n - 1].level = rows[k].level;
		r->stream->created = rows[k].created;
		r->stream->serial = rows[k].serial;
		r->lane = rows[k].lane;
		r->number = rows[k].number;
		line = shown_last(&rs, &out_json, NULL);
		ck_assert_ptr_nonnull(strstr(line, rows[k].json));
		(void)snprintf(cursor, sizeof(cursor), "\"cursor\":\"%s\"}\n",
		    rows[k].cursor);
		ck_assert_ptr_nonnull(strstr(line, cursor));
	}
	records_end(&rs);
}
END_TEST

START_TEST(json_has_64_fields_at_most)
{
	char text[2048];
	size_t n = 0;

	begin();
	for (int i = 0; i < 70; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "k%d=%d ", i, i);
	put(text);
	ck_assert_ptr_nonnull(strstr(json_of_last(), ",\"k63\":\"63\"}"));
	records_end(&rs);
}
END_TEST

START_TEST(json_of_arguments_is_typed)
{
	begin();
	(void)change(records_args(&rs, &of, "a=%u b=%g c=%f d=%s e=%s f=%c",
	    (uint64_t[]){ 7, records_bits(0.1), records_bits(-__builtin_inf()),
		records_word(NULL), records_word("\xff"), 'x' }));
	ck_assert_str_eq(json_of_last(),
	    "\"a=7 b=0.1 c=-inf d=(null) e=\\u00ff f=x\",\"fields\":"
	    "{\"a\":7,\"b\":0.1,\"c\":\"-inf\",\"d\":null,\"e\":\"\\u00ff\","
	    "\"f\":\"x\"},\"invalid_utf8\":true");
	records_end(&rs);
}
END_TEST

/* Strict, but for members more than once. */
static int
is_json_line(const char *text, size_t n)
{
	struct buffer b;
	int ok;

	if (n == 0 || memchr(text, '\n', n) != text + n - 1)
		return 0;
	buffer_init(&b, -1);
	ok = json_copy(&b, text, n) == 0;
	buffer_free(&b);
	return ok;
}

/* As -o json has it after a head, so also in what is nested. */
START_TEST(whatever_is_written_json_is_valid_and_the_rest_is_safe)
{
	static const struct out *const outs[] = { &out_short, &out_full,
		&out_json, &out_template };
	struct unit_random rnd = { 11 };
	char text[200];
	const char *line;
	size_t n;

	begin();
	ck_assert_ptr_null(out_template_set(
	    "%{time:iso} %{stream} %{tag} %{text} %{a} %{3} %{a:-none}"));
	for (unsigned i = 0; i < UNIT_TIMES(40000); i++) {
		const struct out *out = outs[i / 2 % UNIT_COUNT(outs)];

		n = shown_nasty(&rnd, text, sizeof(text) - 1);
		text[n] = '\0';
		if (i % 2 == 0)
			(void)change(records_text(&rs, &of, text, n));
		else
			(void)change(records_args(&rs, &of, "%s a=%s b=\"%s\"",
			    (uint64_t[]){ records_word(text),
				records_word(text), records_word(text) }));
		line = shown_last(&rs, out, &n);
		expect(shown_is_safe(line, n));
		if (out == &out_json)
			expect(is_json_line(line, n));
	}
	records_end(&rs);
}
END_TEST

START_TEST(export_is_what_the_journal_reads)
{
	static const char head[] =
	    "__CURSOR=" CURSOR "\n__REALTIME_TIMESTAMP=1795458001000000\n"
	    "SHMLOG_TIME_NS=1795458001000000789\n"
	    "SYSLOG_IDENTIFIER=http.front\nSHMLOG_STREAM=http.front\n"
	    "_PID=100\n_UID=33\n_COMM=httpd\nSHMLOG_TAG=Tag\nPRIORITY=3\n"
	    "SHMLOG_ID=17\n";
	static const char binary[] = "MESSAGE\n\3\0\0\0\0\0\0\0a\nb\n\n";
	const char *entry;
	size_t n;

	begin();
	snprintf(wanted, sizeof(wanted),
	    "%sMESSAGE=us-1=5 \xc3\xa4\tb\nSHMLOG_FIELD_US_1=5\n\n", head);
	ck_assert_str_eq(show(&out_export, "us-1=5 \xc3\xa4\tb"), wanted);
	put("a\nb");
	entry = shown_last(&rs, &out_export, &n);
	ck_assert_uint_eq(n, strlen(head) + sizeof(binary) - 1);
	ck_assert_mem_eq(entry, head, strlen(head));
	ck_assert_mem_eq(entry + strlen(head), binary, sizeof(binary) - 1);
	put("x");
	rs.heads[rs.n - 1].level = 200;
	rs.heads[rs.n - 1].flags = RECORD_CUT;
	ck_assert_ptr_nonnull(strstr(shown_last(&rs, &out_export, NULL),
	    "\nPRIORITY=7\nSHMLOG_ID=17\nSHMLOG_CUT=1\nMESSAGE=x\n\n"));
	records_end(&rs);
}
END_TEST

START_TEST(a_link_shows_of_what_it_is_a_part)
{
	static const struct {
		const struct out *out;
		const char *shown;
	} cases[] = {
		{ &out_short, ") 17 in 4660: text\n" },
		{ &out_full,
		    "\n    id: 17\n    parent: 4660\n    flags: link\n" },
		{ &out_json, "\"text\":\"text\",\"parent\":4660," },
		{ &out_export, "\nSHMLOG_PARENT=4660\nMESSAGE=text\n" },
		{ &out_template, "4660 text\n" },
		{ &out_cat, "text\n" },
	};
	const uint64_t parent = 4660;
	char payload[12] = "        text";

	begin();
	memcpy(payload, &parent, sizeof(parent));
	ck_assert_ptr_null(out_template_set("%{parent} %{text}"));
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		(void)change(records_text(&rs, &of, payload, sizeof(payload)));
		rs.heads[rs.n - 1].flags = RECORD_LINK;
		ck_assert_ptr_nonnull(strstr(
		    shown_last(&rs, cases[i].out, NULL), cases[i].shown));
	}
	records_end(&rs);
}
END_TEST

START_TEST(lost_records_are_told_in_each_format)
{
	struct descriptor d = { .type = "t", .ident = "i\033", .owner_pid = 5 };
	const struct out_loss one = { &d, 1, 0 }, some = { &d, 7, 1 };
	const struct out_loss maybe = { &d, 0, 1 }, unknown = { NULL, 0, 1 };

	begin();
	ck_assert_str_eq(shown_lost(&out_short, &one),
	    "-- 1 record of t.i\\x1b[5] lost --\n");
	ck_assert_str_eq(shown_lost(&out_full, &some),
	    "-- at least 7 records of t.i\\x1b[5] lost --\n");
	ck_assert_str_eq(shown_lost(&out_short_colours, &maybe),
	    "-- records of t.i\\x1b[5] may be lost --\n");
	ck_assert_str_eq(shown_lost(&out_short, &unknown),
	    "-- records of streams that came and went may be lost --\n");
	ck_assert_str_eq(shown_lost(&out_json, &some),
	    "{\"lost\":7,\"stream\":\"i\\u001b\",\"type\":\"t\",\"pid\":5,"
	    "\"at_least\":true}\n");
	ck_assert_str_eq(shown_lost(&out_cat, &some), "");
	ck_assert_str_eq(shown_lost(&out_template, &some), "");
	d.ident[1] = '\0';
	ck_assert_ptr_nonnull(strstr(shown_lost(&out_export, &some),
	    "\n_PID=5\n_UID=0\n_COMM=\nPRIORITY=4\nSHMLOG_LOST=7\n"
	    "MESSAGE=at least 7 records of t.i[5] lost\n\n"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		short_is_a_line_with_time_stream_tag_and_text,
		each_level_has_its_colour,
		colours_are_for_terminals_that_want_them,
		full_says_all_that_is_known,
		json_of_a_text_has_its_fields,
		json_of_each_record_has_its_own_id_level_and_cursor,
		json_has_64_fields_at_most,
		json_of_arguments_is_typed,
		whatever_is_written_json_is_valid_and_the_rest_is_safe,
		export_is_what_the_journal_reads,
		a_link_shows_of_what_it_is_a_part,
		lost_records_are_told_in_each_format,
	};

	return UNIT_RUN("out", tests);
}
