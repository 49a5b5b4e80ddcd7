/*
 * test_query.c -- what queries select: a table of them, over sixteen records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/query.h"
#include "tests/unit/sixteen.h"

/* The letters of the records that are selected. */
static const char *
select_from(struct query *q)
{
	static char letters[RECORDS_MAX];
	size_t n = 0;
	int holds;

	for (size_t i = 0; i < sixteen.n; i++) {
		records_again(&sixteen.list[i]);
		holds = query_record(q, &sixteen.list[i]);
		if (holds)
			letters[n++] = (char)('a' + i);
		/* a group of one is that one; what may not does not */
		records_again(&sixteen.list[i]);
		expect_eq(query_group(q, &sixteen.list[i], 1), holds);
		expect(!holds || query_may(q, &sixteen.list[i]));
	}
	letters[n] = '\0';
	return letters;
}

struct row {
	const char *query;
	const char *selects;
};

static void
check_rows(const struct row *rows, size_t n, int caseless)
{
	const char *got;
	struct query *q;

	sixteen_begin();
	for (size_t i = 0; i < n; i++) {
		q = sixteen_compile(rows[i].query, caseless);
		got = select_from(q);
		if (strcmp(got, rows[i].selects) != 0)
			ck_abort_msg("%s selects \"%s\", not \"%s\"",
			    rows[i].query, got, rows[i].selects);
		ck_assert_uint_eq(query_gave_up(q), 0);
		query_free(q);
	}
	sixteen_end();
}

#define CHECK_ROWS(rows) check_rows(rows, UNIT_COUNT(rows), 0)

static const struct row numbers[] = {
	{ "status == 200", "ad" },
	{ "status==200", "ad" },
	{ ".status == 200", "ad" },
	{ "status != 200", "bceko" },
	{ ".status != 200", "bceo" },
	{ "not status == 200", "bcefghijklmnop" },
	{ "not (status == 200)", "bcefghijklmnop" },
	{ "status > 200", "bceo" },
	{ "status >= 200", "abcdeo" },
	{ "status < 403", "adko" },
	{ "status <= 403", "abdeko" },
	{ "status <= 4e2", "adko" },
	{ "status == 403.0", "be" },
	{ "status == 0xc8", "ad" },
	{ "status == +200", "ad" },
	{ "status == \"200\"", "ad" },
	{ "status == '200'", "ad" },
	{ "status == \"0xc8\"", "" },
	{ "status < 200.5", "adk" },
	{ "status == 12", "k" },
	{ "us == 1500", "a" },
	{ "us >= 250k", "bc" },
	{ "us == 250K", "b" },
	{ "us > 0.25M", "c" },
	{ "us >= 250ms", "bc" },
	{ "us < 2ms", "a" },
	{ "us == 1500us", "a" },
	{ "us == 1500000ns", "a" },
	{ "us >= 3s", "c" },
	{ "us < 1m", "abc" },
	{ "us < 1min", "abc" },
	{ "us > 1h", "" },
	{ "us < 1d", "abc" },
	{ "us == 1.5ms", "a" },
	{ "took == 1.5ms", "d" },
	{ "took < 2ms", "d" },
	{ "took > 1400us", "d" },
	{ "took > 1", "" },
	{ "took < 100M", "" },
	{ "bytes == 5KiB", "d" },
	{ "bytes == 5Ki", "d" },
	{ "bytes == 5.12kB", "d" },
	{ "bytes == 5120B", "d" },
	{ "bytes < 1MiB", "d" },
	{ "size == 3.5MiB", "i" },
	{ "size > 3MB", "i" },
	{ "size < 1Gi", "i" },
	{ "size < 4000000", "" },
	{ "ratio == 0.75", "e" },
	{ "ratio > 0.7", "e" },
	{ "ratio > 1", "" },
	{ "n == -5", "i" },
	{ "n < 0", "i" },
	{ "n > 0", "l" },
	{ "n == 18446744073709551615", "l" },
	{ "n == 18446744073709551614", "" },
	{ "n >= 18446744073709551616", "" },
	{ "n < 18446744073709551616", "il" },
	{ "m == -9223372036854775808", "l" },
	{ "m < -9223372036854775807", "l" },
	{ "m < -9223372036854775808", "" },
	{ "m >= -9.3e18", "l" },
	{ "load == 0.26", "j" },
	{ "load == 0.3", "" },
	{ "left == -7", "j" },
	{ "left < 0", "j" },
	{ "p == 0x10", "j" },
	{ "p == 16", "j" },
	{ "a.b == 7", "e" },
	{ ".a.b == 7", "e" },
	{ ".\"two words\" == 1", "e" },
	{ "*.status == 403", "be" },
	{ "half == 12", "" },
	{ "ok == 0", "" },
	{ "none == 0", "" },
	{ "nosuch == 0", "" },
	{ "nosuch != 0", "" },
	{ "q == 1", "g" },
};

START_TEST(numbers_are_compared_as_numbers)
{
	CHECK_ROWS(numbers);
}
END_TEST

static const struct row texts[] = {
	{ "method eq GET", "ac" },
	{ "method == GET", "ac" },
	{ "method == \"GET\"", "ac" },
	{ "method ne GET", "b" },
	{ "method != 'GET'", "b" },
	{ "method eq get", "" },
	{ "path eq /index.html", "a" },
	{ "path eq \"/a b\"", "c" },
	{ "path eq '/a b'", "c" },
	{ "path eq \"/a\\x20b\"", "c" },
	{ "status eq 200", "ad" },
	{ "status eq 200.0", "" },
	{ "status ne 200", "bceko" },
	{ "msg eq \"all is \\\"well\\\"\"", "d" },
	{ "msg eq 'all is \"well\"'", "d" },
	{ "user eq 'Ann \"A\" Lee'", "e" },
	{ "ok eq false", "e" },
	{ "ok == false", "e" },
	{ "ok == true", "" },
	{ "none eq null", "e" },
	{ "nightly eq null", "j" },
	{ "list eq '[\"x\",{\"y\":1}]'", "e" },
	{ "ratio eq 0.75", "e" },
	{ "load eq 0.26", "j" },
	{ "left eq -7", "j" },
	{ "p eq 0x10", "j" },
	{ "c eq q", "j" },
	{ "t eq \"x 1\"", "j" },
	{ "took eq 1.5ms", "d" },
	{ "state eq done", "i" },
	{ "nosuch ne x", "" },
	{ "Empty eq \"\"", "n" },
	{ "* eq \"\"", "n" },
	{ "Raw eq \"\\xff\\x00\\x01 z\"", "m" },
	{ "* eq 'plain text'", "h" },
	{ "* ne 'plain text'", "abcdefgijklmnop" },
	{ "user ne \"it's\"", "e" },
};

START_TEST(text_is_compared_byte_by_byte)
{
	CHECK_ROWS(texts);
}
END_TEST

static const struct row patterns[] = {
	{ "path ~ html", "a" },
	{ "path ~ \"^/[il]\"", "ab" },
	{ "path !~ \"^/[il]\"", "c" },
	{ "path ~ '\\.html$'", "a" },
	{ "path ~ \\.html", "a" },
	{ "status ~ \"^[45]\"", "bce" },
	{ "status ~ 00", "acd" },
	{ "* ~ zzz", "" },
	{ "* ~ \"\"", "abcdefghijklmnop" },
	{ "* !~ z", "abcdefghjklnop" },
	{ "* ~ z", "im" },
	{ "* ~ \"/login\"", "b" },
	{ "* ~ \"(GET|POST) *path\"", "abc" },
	{ "* ~ \"(GET|POST).*path=/[al]\"", "bc" },
	{ "* ~ \"\\xff\"", "m" },
	{ "* ~ \"^\\W\\x00\"", "m" },
	{ "* ~ unreadable", "p" },
	{ "* ~ \"all is \\\"\"", "" },
	{ "* ~ 'all is .\"well'", "d" },
	{ "* ~ \"(?i)PLAIN\"", "h" },
	{ "* ~ PLAIN", "" },
	{ "R* ~ \"=\"", "abcd" },
	{ "R?q ~ GET", "ac" },
	{ "Header ~ example", "f" },
	{ "Header !~ example", "g" },
	{ "nosuch ~ x", "" },
	{ "nosuch !~ x", "" },
	{ "not nosuch ~ x", "abcdefghijklmnop" },
	{ "user ~ '\"A\"'", "e" },
	{ "msg ~ '\"well\"'", "d" },
	{ "us ~ ^[0-9]+$", "abc" },
	{ "load ~ '\\.26$'", "j" },
	{ "ok ~ fal", "e" },
	{ "- ~ plain", "h" },
	{ "* ~ \"[^\\x00-\\x7f]\"", "m" },
};

START_TEST(patterns_are_looked_for)
{
	CHECK_ROWS(patterns);
}
END_TEST

static const struct row caseless_rows[] = {
	{ "* ~ PLAIN", "h" },
	{ "* ~ WeLl", "d" },
	{ "* ~ Z", "im" },
	{ "method ~ get", "ac" },
	{ "method eq get", "" },
	{ "* ~ \"LOGIN|INDEX\"", "ab" },
	{ "* !~ \"E\"", "klmno" },
};

START_TEST(patterns_may_be_caseless)
{
	check_rows(caseless_rows, UNIT_COUNT(caseless_rows), 1);
}
END_TEST

static const struct row operands[] = {
	{ "Req", "abc" },
	{ "\"Req\"", "abc" },
	{ "Re*", "abcde" },
	{ "R*", "abcdem" },
	{ "*", "abcdefghijklmnop" },
	{ "?aw", "m" },
	{ "-", "h" },
	{ "not -", "abcdefgijklmnop" },
	{ "tag", "abcdefgijklmnop" },
	{ "not tag", "h" },
	{ "tag eq Req", "abc" },
	{ "tag ~ \"^J\"", "ij" },
	{ "tag == Job", "j" },
	{ "tag != Job", "abcdefghiklmnop" },
	{ "status", "abcdeko" },
	{ ".status", "abcdeo" },
	{ "\"status\"", "k" },
	{ "status and not \"status\"", "abcdeo" },
	{ "Req.status", "abc" },
	{ "Req.status == 500", "c" },
	{ "\"Req\".status == 500", "c" },
	{ "Req.\"status\" == 500", "c" },
	{ "Re*.status == 200", "ad" },
	{ "Resp.status == 403", "e" },
	{ "Resp.a.b == 7", "e" },
	{ "Req.nosuch", "" },
	{ "Nosuch", "" },
	{ "Nosuch.status == 200", "" },
	{ "Job.nightly", "ij" },
	{ "\"Job.nightly\"", "i" },
	{ "Job.\"nightly\"", "j" },
	{ "Job.nightly ~ state", "i" },
	{ "Job.nightly eq null", "j" },
	{ "Job.nightly.state eq done", "i" },
	{ "\"Job.nightly\".state", "i" },
	{ "Job*.n < 0", "i" },
	{ "Job.*", "i" },
	{ "none", "e" },
	{ "half", "" },
	{ "Req[1] eq method=GET", "ac" },
	{ "Req[2] eq path=/a", "c" },
	{ "Req[3] eq b", "c" },
	{ "*[2] eq text", "h" },
	{ "Header[2] eq example.com", "f" },
	{ "Header[3] eq \"en us\"", "g" },
	{ "*[3]", "abcdegij" },
	{ "*[9]", "" },
	{ "Resp[3] eq 'msg=\"all is \\\\\"well\\\\\"\"'", "d" },
	{ "Job.nightly[2] == n=-5", "i" },
	{ "status[1] == 12", "k" },
	{ "status[1] > 11.5", "k" },
	{ "Header:Host eq example.com", "f" },
	{ "Header:host eq example.com", "f" },
	{ "Header:Host", "f" },
	{ "Header:Hos", "" },
	{ "Header:\"Accept\"[1] eq text/html", "g" },
	{ "Header:Accept[2] == 'en us'", "g" },
	{ "Header:Accept ~ ^text", "g" },
	{ "*:accept[4]", "" },
	{ "*:accept[3] eq q=1", "g" },
	{ "Req:Host", "" },
};

START_TEST(operands_are_tags_fields_words_and_prefixes)
{
	CHECK_ROWS(operands);
}
END_TEST

static const struct row heads[] = {
	{ "level", "abcdefghijklmnop" },
	{ "level == info", "adfglop" },
	{ "level eq info", "adfglop" },
	{ "level == \"info\"", "adfglop" },
	{ "level == 6", "adfglop" },
	{ "level != info", "bcehijkmn" },
	{ "level ne info", "bcehijkmn" },
	{ "level <= warning", "bcjkm" },
	{ "level < warning", "cjkm" },
	{ "level > notice", "adfghlnop" },
	{ "level >= debug", "hn" },
	{ "level < 1", "m" },
	{ "level ~ \"^(err|crit)$\"", "cj" },
	{ "level !~ e", "abdfgjlop" },
	{ "pid == 100", "abcdkp" },
	{ "pid != 100", "efghijlmno" },
	{ "pid > 100 and pid < 300", "efglo" },
	{ "pid eq 300", "hijmn" },
	{ "pid ~ ^[12]", "abcdefgklop" },
	{ "id", "abcdefgjklop" },
	{ "id == 0", "himn" },
	{ "not id", "himn" },
	{ "id == 1", "adfg" },
	{ "id == 18446744073709551615", "l" },
	{ "id > 0xfffffffffffffffe", "l" },
	{ "id eq 9", "j" },
	{ "stream eq http.front", "abcdkp" },
	{ "stream == http.front", "abcdkp" },
	{ "stream != http.front", "efghijlmno" },
	{ "stream ne \"http.front\"", "efghijlmno" },
	{ "stream ~ \"^http\\.\"", "abcdefgklop" },
	{ "stream !~ http", "hijmn" },
	{ "stream", "abcdefghijklmnop" },
};

START_TEST(heads_have_operands_of_their_own)
{
	CHECK_ROWS(heads);
}
END_TEST

static const struct row logic[] = {
	{ "status == 200 and Req", "a" },
	{ "status == 200 or status == 500", "acd" },
	{ "status == 200 or status == 500 and Resp", "ad" },
	{ "(status == 200 or status == 500) and Resp", "d" },
	{ "not Req and not Resp and status", "ko" },
	{ "not (Req or Resp) and status", "ko" },
	{ "not not Req", "abc" },
	{ "not not not Req", "defghijklmnop" },
	{ "not(Req)and status", "deko" },
	{ "Req and (us > 1s or method eq POST)", "bc" },
	{ "any(status == 200)", "ad" },
	{ "all(status == 200)", "ad" },
	{ "not any(status == 200)", "bcefghijklmnop" },
	{ "all(not status == 200)", "bcefghijklmnop" },
	{ "any (Req and us<2ms) or all( Raw )", "am" },
	{ "# nothing\nReq # requests\n", "abc" },
	{ "Req\nRaw", "abcm" },
	{ "\n\n  Req \n\n Raw and pid == 1\n#", "abc" },
	{ "(Req\n and\n us > 1s)\nRaw", "cm" },
	{ "Req \\\n and us > 1s", "c" },
	{ "((((((Req))))))", "abc" },
	{ "Req and Req and Req and Req", "abc" },
	{ "Raw or Empty or Bad or -", "hmnp" },
	{ "Req or not Req", "abcdefghijklmnop" },
	{ "Req and not Req", "" },
	{ "\tReq\r\n", "abc" },
};

START_TEST(not_binds_before_and_and_and_before_or)
{
	CHECK_ROWS(logic);
}
END_TEST

/* shmlog-query(7) has them. */
START_TEST(those_of_the_manual_are_queries)
{
	static const char file[] =
	    "# what wakes people\nlevel <= crit\n"
	    "stream ~ \"^http\\.\" and status >= 500 and not (\n"
	    "\tpath ~ \"^/health\"\t\t# probes\n"
	    "\tor method eq OPTIONS\n)\n";
	static const char *const lines[] = {
		"status >= 500 and not path ~ \"^/health\"",
		"status >= 500 or us > 250ms",
		"any(level <= err and stream eq http.front)",
		"not any(status < 400)",
		"Header:Host[2] eq www",
		"* ~ \"timed? out\"",
		file,
		"all(status != 200)",
		"any(Req and status == 500)",
		"Req*.status",
		".\"two words\"",
		"took_us > 2ms",
	};

	for (size_t i = 0; i < UNIT_COUNT(lines); i++)
		query_free(sixteen_compile(lines[i], 0));
}
END_TEST

START_TEST(there_are_150_of_them)
{
	ck_assert_uint_ge(UNIT_COUNT(numbers) + UNIT_COUNT(texts) +
			      UNIT_COUNT(patterns) + UNIT_COUNT(operands) +
			      UNIT_COUNT(heads) + UNIT_COUNT(logic),
	    150);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		numbers_are_compared_as_numbers,
		text_is_compared_byte_by_byte,
		patterns_are_looked_for,
		patterns_may_be_caseless,
		operands_are_tags_fields_words_and_prefixes,
		heads_have_operands_of_their_own,
		not_binds_before_and_and_and_before_or,
		those_of_the_manual_are_queries,
		there_are_150_of_them,
	};

	return UNIT_RUN("query", tests);
}
