/*
 * test_query_known.c -- what a query remembers of tags and formats, and where
 * it reads arguments instead of making their text, changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sixteen.h"

/* More than are remembered of anything. */
#define MANY 300

static int
ask(struct query *q, struct rec *r)
{
	records_again(r);
	return query_record(q, r);
}

/* Arguments of a format of that id, which the stream may not know. */
static struct rec *
payload(const struct record_of *of, uint32_t format, uint64_t word)
{
	const uint64_t words[] = { format_pair(format, 0), word };

	return records_payload(&sixteen, of, words, sizeof(words));
}

static void
learn(unsigned stream, uint32_t id, const char *format)
{
	dict_learn(&sixteen.streams[stream].dict, DICT_FORMAT, id, format,
	    strlen(format), NULL, NULL);
}

START_TEST(a_format_learned_later_counts_from_then_on)
{
	struct query *q = sixteen_compile("n == 5 or Num == 5", 0);
	struct rec *named, *whole;

	records_begin(&sixteen);
	named = payload(OF(0, "T", 6, 0), 1, 5);
	whole = payload(OF(0, "Num", 6, 0), 2, 5);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ask(q, named), 0);
		ck_assert_int_eq(ask(q, whole), 0);
	}
	learn(0, 1, "n=%d");
	learn(0, 2, "%d");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ask(q, named), 1);
		ck_assert_int_eq(ask(q, whole), 1);
	}
	query_free(q);
	records_end(&sixteen);
}
END_TEST

START_TEST(an_id_is_its_own_stream_s)
{
	static const char *const formats[RECORDS_STREAMS] = { "m=%d", "n=%d",
		"n=%d x" };
	struct query *q = sixteen_compile("n == 5", 0);
	struct rec *r[RECORDS_STREAMS];

	records_begin(&sixteen);
	for (unsigned i = 0; i < RECORDS_STREAMS; i++) {
		learn(i, 1, formats[i]);
		r[i] = payload(OF(i, "T", 6, 0), 1, 5);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ask(q, r[0]), 0);
		ck_assert_int_eq(ask(q, r[1]), 1);
		ck_assert_int_eq(ask(q, r[2]), 1);
	}
	query_free(q);
	records_end(&sixteen);
}
END_TEST

/* The next stream may have its tags and formats where those were. */
START_TEST(a_stream_that_goes_is_no_other_s_past)
{
	struct query *q = sixteen_compile("n == 5 or Num == 5", 0);

	records_begin(&sixteen);
	for (int i = 0; i < MANY; i++) {
		const char *tag = i % 3 == 0 ? "Num" : "Abc";
		const char *format = i % 2 == 0 ? "m=%d" : "n=%d";
		struct rec *r;

		learn(0, 1, format);
		r = payload(OF(0, tag, 6, 0), 1, 5);
		ck_assert_int_eq(ask(q, r), i % 2 != 0);
		learn(0, 2, "%d");
		r = payload(OF(0, tag, 6, 0), 2, 5);
		ck_assert_int_eq(ask(q, r), i % 3 == 0);
		records_drop(&sixteen, 2);
		dict_free(&sixteen.streams[0].dict);
	}
	query_free(q);
	records_end(&sixteen);
}
END_TEST

/* As one of a capture is, when the block that tells of it comes late. */
START_TEST(a_stream_that_is_described_anew_is_asked_anew)
{
	struct query *q = sixteen_compile("stream eq \"http.front\"", 0);
	struct rec *r;

	records_begin(&sixteen);
	r = payload(OF(0, "T", 6, 0), 1, 5);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(ask(q, r), 1);
	strcpy(sixteen.d[0].ident, "rear");
	sixteen.streams[0].described += 1600; /* also at the same place */
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(ask(q, r), 0);
	query_free(q);
	records_end(&sixteen);
}
END_TEST

START_TEST(there_may_be_more_than_are_remembered)
{
	struct query *q = sixteen_compile("n == 5 or Num == 5", 0);
	struct rec *r[MANY];
	char format[32];

	records_begin(&sixteen);
	for (uint32_t i = 0; i < MANY; i++) {
		(void)snprintf(format, sizeof(format),
		    i % 5 == 0   ? "%%d"
		    : i % 5 == 1 ? "n=%%d x%u"
				 : "m=%%d x%u",
		    i);
		learn(i % RECORDS_STREAMS, i + 1, format);
		r[i] = payload(
		    OF(i % RECORDS_STREAMS, i % 5 == 0 ? "Num" : "T", 6, 0),
		    i + 1, 5);
	}
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++)
			ck_assert_int_eq(ask(q, r[i]), i % 5 < 2);
	query_free(q);
	records_end(&sixteen);
}
END_TEST

/* A tag of many formats, a format of many tags; and texts. */
START_TEST(a_pair_of_tag_and_format_is_not_another_one)
{
	struct query *q = sixteen_compile("n == 5 or Num == 5", 0);
	struct rec *formats[MANY], *r;
	char format[32];

	records_begin(&sixteen);
	for (uint32_t i = 0; i < MANY; i++) {
		(void)snprintf(format, sizeof(format),
		    i < MANY / 2 ? "m=%%d x%u" : "n=%%d x%u", i);
		learn(0, i + 1, format);
		formats[i] = payload(OF(0, "T", 6, 0), i + 1, 5);
		formats[i]->tag = formats[0]->tag;
	}
	for (int round = 0; round < 3; round++)
		for (uint32_t i = 0; i < MANY; i++)
			ck_assert_int_eq(ask(q, formats[i]), i >= MANY / 2);
	r = records_text(&sixteen, OF(0, "T", 6, 0), "n=5", 3);
	r->tag = formats[0]->tag;
	ck_assert_int_eq(ask(q, r), 1);
	records_drop(&sixteen, MANY + 1);
	learn(0, MANY + 1, "%d");
	for (uint32_t i = 0; i < MANY; i++)
		formats[i] = payload(
		    OF(0, i < MANY / 2 ? "Abc" : "Num", 6, 0), MANY + 1, 5);
	for (int round = 0; round < 3; round++)
		for (uint32_t i = 0; i < MANY; i++)
			ck_assert_int_eq(ask(q, formats[i]), i >= MANY / 2);
	records_end(&sixteen);
	query_free(q);
}
END_TEST

/* Of one tag, and all of one format, where the query depends on neither. */
START_TEST(what_differs_from_record_to_record_is_not_remembered)
{
	struct query *q =
	    sixteen_compile("level <= err and (T or pid == 200)", 0);
	struct rec *r[4];

	records_begin(&sixteen);
	for (uint32_t i = 0; i < UNIT_COUNT(r); i++) {
		learn(i / 2, 1, "n=%d");
		r[i] = payload(OF(i / 2, "T", i % 2 == 0 ? 6 : 3, 0), 1, 5);
		r[i]->tag = r[0]->tag;
	}
	for (int round = 0; round < 3; round++)
		for (uint32_t i = 0; i < UNIT_COUNT(r); i++)
			ck_assert_int_eq(ask(q, r[i]), i % 2);
	query_free(q);
	records_end(&sixteen);
}
END_TEST

/* Compares a query's outcome for arguments with that for what printf(3) makes
 * of them. */
static void
compare(struct query *q, const char *query, const char *format, uint64_t word)
{
	struct rec *args, *text;

	args = records_args(
	    &sixteen, OF(0, "T", 6, 0), format, (uint64_t[]){ word, 0 });
	rec_text(args);
	text = records_text(
	    &sixteen, OF(0, "T", 6, 0), args->text.text, args->text.n);
	for (int i = 0; i < 2; i++)
		if (ask(q, args) != ask(q, text))
			ck_abort_msg("%s for %s of %llx", query, format,
			    (unsigned long long)word);
	records_drop(&sixteen, 2);
}

START_TEST(one_argument_is_what_its_text_is)
{
	static const char *const numbers[] = { "%d", "%i", "%u", "%hhd", "%hhu",
		"%hd", "%ld", "%lu", "%zu", "%jd", "%5d", "%-5d", "%05d", "%+d",
		"% d", "%.3d", "%.0d", "%x", "%#x", "%o", "%c", "%p", "%d ",
		"%d us", "%dk", "%d%%", "n=%d" };
	static const char *const strings[] = { "%s", "%.1s", "%.3s", "%.0s",
		"%5s", "%-5s", "%s us" };
	static const uint64_t words[] = { 0, 1, 7, 42, 255, 200000, INT32_MAX,
		(uint64_t)INT32_MIN, (uint64_t)-1, INT64_MAX,
		(uint64_t)INT64_MIN, (uint64_t)-42 };
	static const char *const texts[] = { "", "0", "42", " 42", "042", "4.2",
		"-1", "+7", "1e2", "1ms", "7k", "abc", "0x2a", NULL };
	static const char *const queries[] = { "T == 42", "T != 42", "T < 7",
		"T <= 255", "T > 100us", "T >= 1k", "T eq 42", "T ne \"42\"",
		"T == -1", "T > -5", "T == 1.5", "T == 18446744073709551615",
		"T > 9223372036854775806", "T", "T ~ 4", "T !~ \"^4\"",
		"* eq 42", "T*== 42", "\"T\" eq \"(null)\"", "T eq \"\"",
		"T == 7k", "T[1] == 42", "* == 255", "not T == 42" };

	records_begin(&sixteen);
	for (size_t i = 0; i < UNIT_COUNT(queries); i++) {
		struct query *q = sixteen_compile(queries[i], 0);

		for (size_t k = 0; k < UNIT_COUNT(numbers); k++)
			for (size_t w = 0; w < UNIT_COUNT(words); w++)
				compare(q, queries[i], numbers[k], words[w]);
		for (size_t k = 0; k < UNIT_COUNT(strings); k++)
			for (size_t w = 0; w < UNIT_COUNT(texts); w++)
				compare(q, queries[i], strings[k],
				    records_word(texts[w]));
		query_free(q);
	}
	records_end(&sixteen);
}
END_TEST

/* Too long, too short, and a string that is longer than its payload. */
START_TEST(arguments_that_cannot_be_read_are_what_their_text_says)
{
	static const struct {
		const char *format, *query;
		uint64_t words[4];
		size_t n;
		int holds;
	} rows[] = {
		{ "%d", "T == 5", { 0, 5 }, 16, 1 },
		{ "%d", "T == 5", { 0, 5, 5 }, 24, 0 },
		{ "%d", "T", { 0, 5, 5 }, 24, 1 },
		{ "%d", "T ne 5", { 0, 5, 5 }, 24, 1 },
		{ "%d", "T != 5", { 0, 5, 5 }, 24, 0 },
		{ "%d", "T eq \"[unreadable record]\"", { 0, 5 }, 12, 1 },
		{ "%d", "T == 5", { 0 }, 8, 0 },
		{ "%s", "T eq \"[unreadable record]\"", { 0, 9, 0 }, 24, 1 },
		{ "%s", "T ~ unreadable", { 0, 9, 0 }, 24, 1 },
		{ "%s", "T eq \"\"", { 0, 0 }, 16, 1 },
	};

	records_begin(&sixteen);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct query *q = sixteen_compile(rows[i].query, 0);
		uint64_t words[4];
		struct rec *r;

		memcpy(words, rows[i].words, sizeof(words));
		words[0] =
		    format_pair(records_format(&sixteen, 0, rows[i].format), 0);
		r = records_payload(
		    &sixteen, OF(0, "T", 6, 0), words, rows[i].n);
		for (int k = 0; k < 2; k++)
			if (ask(q, r) != rows[i].holds)
				ck_abort_msg("row %zu: %s", i, rows[i].query);
		query_free(q);
	}
	records_end(&sixteen);
}
END_TEST

START_TEST(of_what_cannot_be_a_link_and_arguments_there_is_no_number)
{
	static const struct {
		const char *query;
		int holds, of_link;
	} rows[] = {
		{ "n == 5", 1, 0 },
		{ "n", 1, 0 },
		{ "not n", 0, 1 },
		{ "Num == 5", 1, 0 },
		{ "Num ne 5", 0, 1 },
		{ "* > 4", 1, 0 },
		{ "* ~ unreadable", 0, 1 },
	};

	records_begin(&sixteen);
	learn(0, 1, "n=%d");
	learn(0, 2, "%d");
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct query *q = sixteen_compile(rows[i].query, 0);
		const char *tag = rows[i].query[0] == 'n' ? "T" : "Num";
		struct rec *r =
		    payload(OF(0, tag, 6, 0), *tag == 'T' ? 1 : 2, 5);
		struct record head = *r->head;

		for (int k = 0; k < 2; k++)
			ck_assert_int_eq(ask(q, r), rows[i].holds);
		head.flags |= RECORD_LINK;
		r->head = &head;
		for (int k = 0; k < 2; k++)
			if (ask(q, r) != rows[i].of_link)
				ck_abort_msg("%s", rows[i].query);
		query_free(q);
	}
	records_end(&sixteen);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_format_learned_later_counts_from_then_on,
		an_id_is_its_own_stream_s,
		a_stream_that_goes_is_no_other_s_past,
		a_stream_that_is_described_anew_is_asked_anew,
		there_may_be_more_than_are_remembered,
		a_pair_of_tag_and_format_is_not_another_one,
		what_differs_from_record_to_record_is_not_remembered,
		one_argument_is_what_its_text_is,
		arguments_that_cannot_be_read_are_what_their_text_says,
		of_what_cannot_be_a_link_and_arguments_there_is_no_number,
	};

	return UNIT_RUN("query_known", tests);
}
