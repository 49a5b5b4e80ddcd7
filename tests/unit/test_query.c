/*
 * test_query.c -- what queries select: a table of them, over sixteen records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/query.h"
#include "tests/unit/records.h"

static struct records s;

#define REQUEST "method=%s path=%s status=%d us=%lu"
#define JSON                                                                   \
	"{\"status\":403,\"ok\":false,\"user\":\"Ann \\\"A\\\" Lee\","         \
	"\"ratio\":0.75,\"none\":null,\"list\":[\"x\",{\"y\":1}],"             \
	"\"a.b\":7,\"two words\":1}"
#define OF(...) (&(struct record_of){ __VA_ARGS__ })

static void
request(const struct record_of *of, const char *method, const char *path,
    int status, uint64_t us)
{
	(void)records_args(&s, of, REQUEST,
	    (uint64_t[]){ records_word(method), records_word(path),
		(uint64_t)status, us });
}

static void
text(const struct record_of *of, const char *line)
{
	(void)records_text(&s, of, line, strlen(line));
}

/* They are called a, b, c ... */
static void
begin(void)
{
	const uint64_t bad[] = { format_pair(999, 0), 1 };

	records_begin(&s);
	/* a to c */
	request(OF(0, "Req", 6, 1), "GET", "/index.html", 200, 1500);
	request(OF(0, "Req", 4, 2), "POST", "/login", 403, 250000);
	request(OF(0, "Req", 3, 3), "GET", "/a b", 500, 3000000);
	/* d to g */
	text(OF(0, "Resp", 6, 1),
	    "status=200 bytes=5120 msg=\"all is \\\"well\\\"\" took=1.5ms");
	text(OF(1, "Resp", 5, 2), JSON);
	text(OF(1, "Header", 6, 1), "Host: example.com");
	text(OF(1, "Header", 6, 1), "Accept:  text/html \"en us\" q=1");
	/* h: no tag; i: a tag with a dot */
	text(OF(2, NULL, 7, 0), "plain text");
	text(OF(2, "Job.nightly", 5, 0), "state=done n=-5 size=3.5MiB");
	/* j */
	(void)records_args(&s, OF(2, "Job", 2, 9),
	    "nightly=%s load=%.1f left=%+d p=%p c=%c t=\"%s %d\"",
	    (uint64_t[]){ 0, records_bits(0.26), (uint64_t)-7, 16, 'q',
		records_word("x"), 1 });
	/* k: a tag that elsewhere is a field */
	text(OF(0, "status", 1, 4), "12");
	/* l: what only whole numbers tell apart */
	(void)records_args(&s, OF(1, "Big", 6, UINT64_MAX), "n=%lu m=%ld",
	    (uint64_t[]){ UINT64_MAX, (uint64_t)INT64_MIN });
	/* m, n: bytes, and none; o: cut short; p: cannot be read */
	(void)records_text(&s, OF(2, "Raw", 0, 0), "\xff\0\x01 z", 5);
	text(OF(2, "Empty", 7, 0), "");
	text(OF(1, "Cut", 6, 5), "{\"status\":201,\"half\":12");
	(void)records_payload(&s, OF(0, "Bad", 6, 6), bad, sizeof(bad));
}

static struct query *
compile(const char *line, int caseless)
{
	struct query_error e;
	struct query *q = query_compile(line, strlen(line), caseless, &e);

	if (q == NULL)
		ck_abort_msg("%s: at %zu: %s", line, e.at, e.message);
	return q;
}

/* The letters of the records that are selected. */
static const char *
select_from(struct query *q)
{
	static char letters[RECORDS_MAX];
	size_t n = 0;
	int holds;

	for (size_t i = 0; i < s.n; i++) {
		records_again(&s.list[i]);
		holds = query_record(q, &s.list[i]);
		if (holds)
			letters[n++] = (char)('a' + i);
		/* a group of one is that one; what may not does not */
		records_again(&s.list[i]);
		expect_eq(query_group(q, &s.list[i], 1), holds);
		expect(!holds || query_may(q, &s.list[i]));
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

	begin();
	for (size_t i = 0; i < n; i++) {
		q = compile(rows[i].query, caseless);
		got = select_from(q);
		if (strcmp(got, rows[i].selects) != 0)
			ck_abort_msg("%s selects \"%s\", not \"%s\"",
			    rows[i].query, got, rows[i].selects);
		ck_assert_uint_eq(query_gave_up(q), 0);
		query_free(q);
	}
	records_end(&s);
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

START_TEST(there_are_150_of_them)
{
	ck_assert_uint_ge(UNIT_COUNT(numbers) + UNIT_COUNT(texts) +
			      UNIT_COUNT(patterns) + UNIT_COUNT(operands) +
			      UNIT_COUNT(heads) + UNIT_COUNT(logic),
	    150);
}
END_TEST

/* Groups: a and d to g (of id 1), b and e (of 2), c alone, h i m n. */
static const struct {
	const char *query;
	const char *selects; /* of 1, 2, 3, 4 */
} groups[] = {
	{ "status == 200", "1" },
	{ "status == 403", "2" },
	{ "all(status == 403)", "2" },
	{ "all(status)", "23" },
	{ "all(status != 200)", "23" },
	{ "not any(status == 200)", "234" },
	{ "not status == 200", "234" },
	{ "any(status != 200)", "23" },
	{ "any(Req and us > 1s)", "3" },
	{ "Req and us > 1s", "3" },
	/* each by itself, or of one record */
	{ "Header and status == 200", "1" },
	{ "any(Header and status == 200)", "" },
	{ "Header:Host and Header:Accept", "1" },
	{ "any(Header:Host and Header:Accept)", "" },
	{ "any(Header:Host) and any(Header:Accept)", "1" },
	{ "all(id == 1)", "1" },
	{ "all(not id)", "4" },
	{ "all(level >= notice)", "1" },
	{ "not all(level >= notice)", "234" },
	{ "level == emerg and level == debug", "4" },
	{ "all(level == emerg or level == debug)", "" },
	{ "all(level < 0 or Req or Resp)", "23" },
	{ "* ~ zzz or all(* ~ e)", "123" },
	{ "(any(Req) or Raw) and not all(Req)", "124" },
};

static size_t
take_group(struct rec *to, const char *letters)
{
	size_t n = 0;

	for (; letters[n] != '\0'; n++) {
		to[n] = s.list[letters[n] - 'a'];
		records_again(&to[n]);
	}
	return n;
}

START_TEST(groups_are_selected_by_any_and_all_of_their_records)
{
	static const char *const members[] = { "adfg", "be", "c", "himn" };
	struct rec group[RECORDS_MAX];
	char got[8];
	size_t n;

	begin();
	for (size_t i = 0; i < UNIT_COUNT(groups); i++) {
		struct query *q = compile(groups[i].query, 0);

		n = 0;
		for (size_t k = 0; k < UNIT_COUNT(members); k++)
			if (query_group(
				q, group, take_group(group, members[k])))
				got[n++] = (char)('1' + k);
		got[n] = '\0';
		if (strcmp(got, groups[i].selects) != 0)
			ck_abort_msg("%s selects \"%s\", not \"%s\"",
			    groups[i].query, got, groups[i].selects);
		query_free(q);
	}
	records_end(&s);
}
END_TEST

START_TEST(of_no_records_all_is_true_and_any_is_not)
{
	struct query *q = compile("all(Req)", 0);

	ck_assert_int_eq(query_group(q, NULL, 0), 1);
	query_free(q);
	q = compile("Req or any(Req)", 0);
	ck_assert_int_eq(query_group(q, NULL, 0), 0);
	query_free(q);
}
END_TEST

/* Those that query_may() lets through. */
static const struct row early[] = {
	{ "\"Req\"", "abc" },
	{ "not \"Req\"", "defghijklmnop" },
	/* it may be a field of the others */
	{ "Req", "abcdefghijklmnop" },
	{ "not Req", "defghijklmnop" },
	{ "Req.status == 5", "abcdefghijklmnop" },
	{ "\"Req\".status == 200", "abc" },
	{ "level <= err", "cjkm" },
	{ "stream eq http.back and status == 1", "efglo" },
	{ "pid == 300 or \"Req\".us > 1", "abchijmn" },
	{ "Header:Host", "fg" },
	{ "Header[2] == 5 and level == debug", "" },
	{ "not (Header ~ x)", "abcdefghijklmnop" },
	{ "not (Header or id == 5)", "abcdehijklmnop" },
	{ "id == 1", "abcdefghijklmnop" },
	{ "all(\"Raw\") and any(* ~ x)", "m" },
	{ "tag ~ \"^R\"", "abcdem" },
};

START_TEST(what_cannot_hold_is_told_early)
{
	char got[32];
	size_t n;

	begin();
	for (size_t i = 0; i < UNIT_COUNT(early); i++) {
		struct query *q = compile(early[i].query, 0);

		n = 0;
		for (size_t k = 0; k < s.n; k++)
			if (query_may(q, &s.list[k]))
				got[n++] = (char)('a' + k);
		got[n] = '\0';
		if (strcmp(got, early[i].selects) != 0)
			ck_abort_msg("%s lets \"%s\" through, not \"%s\"",
			    early[i].query, got, early[i].selects);
		query_free(q);
	}
	records_end(&s);
}
END_TEST

START_TEST(a_pattern_that_would_spin_gives_up_and_is_counted)
{
	char many[5000];
	struct query *q;

	records_begin(&s);
	memset(many, 'a', sizeof(many));
	(void)records_text(&s, OF(0, "Req", 6, 1), many, sizeof(many));
	q = compile("* ~ \"^(a+)+$x|(a*)*b\" or * !~ \"(a|aa)+[bc]$\"", 0);
	(void)query_record(q, &s.list[0]);
	ck_assert_uint_ge(query_gave_up(q), 1);
	query_free(q);
	records_end(&s);
}
END_TEST

/* A byte that no number becomes is looked for in payload and format alone. */
START_TEST(what_is_in_no_payload_is_found_in_the_text)
{
	static const struct {
		const char *query;
		int holds;
	} asked[] = {
		{ "* ~ Success", 1 }, /* what %m became */
		{ "* ~ Sxccess", 0 },
		{ "* ~ \"S.*k\"", 1 },
		{ "* ~ kz", 1 },
		{ "* ~ z", 1 },
		{ "* ~ w", 0 },
		{ "* ~ null", 1 },
	};
	const uint64_t words[] = { 'k', records_word("z"), 0 };
	struct query *q;

	records_begin(&s);
	(void)records_args(&s, OF(0, "Req", 6, 1), "%m %c%s %s", words);
	for (size_t i = 0; i < UNIT_COUNT(asked); i++) {
		q = compile(asked[i].query, 0);
		records_again(&s.list[0]);
		if (query_record(q, &s.list[0]) != asked[i].holds)
			ck_abort_msg("%s is wrong", asked[i].query);
		query_free(q);
	}
	records_end(&s);
}
END_TEST

START_TEST(a_stream_is_judged_by_its_own_name)
{
	struct query *q = compile("stream eq http.front", 0);
	struct rec *r;

	begin();
	r = &s.list[0];
	ck_assert_int_eq(query_record(q, r), 1);
	/* another one where it was, and another segment's of its serial */
	s.streams[0].serial += 16;
	strcpy(s.d[0].ident, "x");
	ck_assert_int_eq(query_record(q, r), 0);
	s.streams[0].created++;
	strcpy(s.d[0].ident, "front");
	ck_assert_int_eq(query_record(q, r), 1);
	/* names that no zero ends */
	s.streams[0].created++;
	memset(s.d[0].type, 't', TYPE_MAX);
	memset(s.d[0].ident, 'i', IDENT_MAX);
	ck_assert_int_eq(query_record(q, r), 0);
	query_free(q);
	records_end(&s);
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
		there_are_150_of_them,
		groups_are_selected_by_any_and_all_of_their_records,
		of_no_records_all_is_true_and_any_is_not,
		what_cannot_hold_is_told_early,
		a_pattern_that_would_spin_gives_up_and_is_counted,
		what_is_in_no_payload_is_found_in_the_text,
		a_stream_is_judged_by_its_own_name,
	};

	return UNIT_RUN("query", tests);
}
