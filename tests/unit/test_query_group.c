/*
 * test_query_group.c -- what queries select of groups, what they tell early,
 * and what is remembered of streams and formats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sixteen.h"

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
		to[n] = sixteen.list[letters[n] - 'a'];
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

	sixteen_begin();
	for (size_t i = 0; i < UNIT_COUNT(groups); i++) {
		struct query *q = sixteen_compile(groups[i].query, 0);

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
	sixteen_end();
}
END_TEST

START_TEST(of_no_records_all_is_true_and_any_is_not)
{
	struct query *q = sixteen_compile("all(Req)", 0);

	ck_assert_int_eq(query_group(q, NULL, 0), 1);
	query_free(q);
	q = sixteen_compile("Req or any(Req)", 0);
	ck_assert_int_eq(query_group(q, NULL, 0), 0);
	query_free(q);
}
END_TEST

/* Those that query_may() lets through. */
static const struct {
	const char *query;
	const char *selects;
} early[] = {
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

	sixteen_begin();
	for (size_t i = 0; i < UNIT_COUNT(early); i++) {
		struct query *q = sixteen_compile(early[i].query, 0);

		n = 0;
		for (size_t k = 0; k < sixteen.n; k++)
			if (query_may(q, &sixteen.list[k]))
				got[n++] = (char)('a' + k);
		got[n] = '\0';
		if (strcmp(got, early[i].selects) != 0)
			ck_abort_msg("%s lets \"%s\" through, not \"%s\"",
			    early[i].query, got, early[i].selects);
		query_free(q);
	}
	sixteen_end();
}
END_TEST

/* Of a record of 64 KiB that is made for it. */
START_TEST(a_pattern_that_would_spin_gives_up_and_is_counted)
{
	static const char *const spinning[] = { "* ~ \"(a|aa)+[bc]$\"",
		"* ~ \"(?:(a)|b)*+[xy]\"", "* !~ \"(a*)*[bc]\"" };
	char *many = malloc(RECORD_MAX);
	struct query *q;

	ck_assert_ptr_nonnull(many);
	records_begin(&sixteen);
	memset(many, 'a', RECORD_MAX);
	(void)records_text(&sixteen, OF(0, "Req", 6, 1), many, RECORD_MAX);
	for (size_t i = 0; i < UNIT_COUNT(spinning); i++) {
		q = sixteen_compile(spinning[i], 0);
		ck_assert_int_eq(query_record(q, &sixteen.list[0]), 0);
		ck_assert_uint_eq(query_gave_up(q), 1);
		query_free(q);
	}
	free(many);
	sixteen_end();
}
END_TEST

START_TEST(long_texts_are_searched_to_their_ends)
{
	static const char *const found[] = { "* ~ \"[xy]$\"", "* ~ \"^b\"",
		"* ~ \"^ba+x$\"", "* ~ \"[xy]\"", "* ~ \"a{20}[x-z]\"",
		"* ~ \"$\"", "* !~ \"[xy].\"", "* !~ \"^a\"", "* !~ \"^[xy]\"",
		"* !~ \"\\Aa\"" };
	char *many = malloc(RECORD_MAX);
	struct query *q;

	ck_assert_ptr_nonnull(many);
	records_begin(&sixteen);
	memset(many, 'a', RECORD_MAX);
	many[0] = 'b';
	for (size_t n = 2040; n <= RECORD_MAX; n += n < 2060 ? 1 : 12345) {
		many[n - 1] = 'x';
		(void)records_text(&sixteen, OF(0, "Req", 6, 1), many, n);
		many[n - 1] = 'a';
		for (size_t i = 0; i < UNIT_COUNT(found); i++) {
			q = sixteen_compile(found[i], 0);
			if (query_record(q, &sixteen.list[0]) != 1)
				ck_abort_msg("%s of %zu", found[i], n);
			query_free(q);
		}
		records_drop(&sixteen, 1);
	}
	free(many);
	sixteen_end();
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

	records_begin(&sixteen);
	(void)records_args(&sixteen, OF(0, "Req", 6, 1), "%m %c%s %s", words);
	for (size_t i = 0; i < UNIT_COUNT(asked); i++) {
		q = sixteen_compile(asked[i].query, 0);
		records_again(&sixteen.list[0]);
		if (query_record(q, &sixteen.list[0]) != asked[i].holds)
			ck_abort_msg("%s is wrong", asked[i].query);
		query_free(q);
	}
	sixteen_end();
}
END_TEST

START_TEST(a_stream_is_judged_by_its_own_name)
{
	struct query *q = sixteen_compile("stream eq http.front", 0);
	struct rec *r;

	sixteen_begin();
	r = &sixteen.list[0];
	ck_assert_int_eq(query_record(q, r), 1);
	/* others where it was, at the same place among the verdicts, too */
	sixteen.streams[0].described += 1600;
	strcpy(sixteen.d[0].ident, "x");
	ck_assert_int_eq(query_record(q, r), 0);
	sixteen.streams[0].described++;
	strcpy(sixteen.d[0].ident, "front");
	ck_assert_int_eq(query_record(q, r), 1);
	/* names that no zero ends */
	sixteen.streams[0].described++;
	memset(sixteen.d[0].type, 't', TYPE_MAX);
	memset(sixteen.d[0].ident, 'i', IDENT_MAX);
	ck_assert_int_eq(query_record(q, r), 0);
	query_free(q);
	sixteen_end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		groups_are_selected_by_any_and_all_of_their_records,
		of_no_records_all_is_true_and_any_is_not,
		what_cannot_hold_is_told_early,
		a_pattern_that_would_spin_gives_up_and_is_counted,
		long_texts_are_searched_to_their_ends,
		what_is_in_no_payload_is_found_in_the_text,
		a_stream_is_judged_by_its_own_name,
	};

	return UNIT_RUN("query_group", tests);
}
