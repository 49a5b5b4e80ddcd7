/*
 * test_query_bad.c -- what is wrong with a query is told, and where.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/query.h"
#include "tests/unit/unit.h"

static const struct {
	const char *query;
	size_t at;
	const char *message;
} rows[] = {
	{ "", 0, "nothing is asked for" },
	{ "  \t", 0, "nothing is asked for" },
	{ "# only a comment", 0, "nothing is asked for" },
	{ "status ==", 9, "expected a value, not the end" },
	{ "status == ", 10, "expected a value, not the end" },
	{ "(status == )", 11, "expected a value, not \")\"" },
	{ "status == and x", 10, "expected a value, not \"and\"" },
	{ "status == or", 10, "expected a value, not \"or\"" },
	{ "status == == 5", 10, "expected a value, not \"==\"" },
	{ "status ==\n5", 9, "expected a value, not the end of the line" },
	{ "path ~", 6, "expected a pattern, not the end" },
	{ "path ~ )", 7, "expected a pattern, not \")\"" },
	{ "status = 200", 7, "there is no operator \"=\": use ==" },
	{ "status === 200", 7, "there is no operator \"===\": use ==" },
	{ "path =~ x", 5, "there is no operator \"=~\": use ~" },
	{ "status <> 200", 7, "there is no operator \"<>\": use !=" },
	{ "status => 200", 7, "there is no operator \"=>\": use >=" },
	{ "status =< 200", 7, "there is no operator \"=<\": use <=" },
	{ "status !>= 1", 7, "there is no operator \"!>=\"" },
	{ "a && b", 2, "there is no operator \"&&\": use and" },
	{ "a || b", 2, "there is no operator \"||\": use or" },
	{ "a == 1 && b", 7, "expected \"and\", \"or\" or the end, not \"&&\"" },
	{ "! a", 0, "expected a tag or a field, not \"!\"" },
	{ "status 200", 7,
	    "expected an operator, \"and\", \"or\" or the end, not \"200\"" },
	{ "(status 200)", 8,
	    "expected an operator, \"and\", \"or\" or \")\", not \"200\"" },
	{ "status == 200 300", 14,
	    "expected \"and\", \"or\" or the end, not \"300\"" },
	{ "status == 200)", 13,
	    "expected \"and\", \"or\" or the end, not \")\"" },
	{ "(status == 200", 14,
	    "expected \"and\", \"or\" or \")\", not the end" },
	{ "(a or (b)", 9, "expected \"and\", \"or\" or \")\", not the end" },
	{ "()", 1, "expected a tag or a field, not \")\"" },
	{ "a and", 5, "expected a tag or a field, not the end" },
	{ "a or or b", 5, "expected a tag or a field, not \"or\"" },
	{ "and a", 0, "expected a tag or a field, not \"and\"" },
	{ "not", 3, "expected a tag or a field, not the end" },
	{ "eq eq eq", 0, "expected a tag or a field, not \"eq\"" },
	{ "200 == status", 0, "expected a tag or a field, not \"200\"" },
	{ "any", 3, "expected \"(\", not the end" },
	{ "all status", 4, "expected \"(\", not \"status\"" },
	{ "any == 1", 4, "expected \"(\", not \"==\"" },
	{ "any(a and all(b))", 10,
	    "any() and all() cannot stand in one another: within them it is "
	    "one record" },
	{ "any(a", 5,
	    "expected an operator, \"and\", \"or\" or \")\", not the end" },
	{ "any()", 4, "expected a tag or a field, not \")\"" },
	{ "a == \"x", 5, "this quote is not closed" },
	{ "a == 'x", 5, "this quote is not closed" },
	{ "a == \"x\\", 5, "this quote is not closed" },
	{ "a == \"x\\\"", 5, "this quote is not closed" },
	{ "a == \"x\ny\"", 5, "this quote is not closed" },
	{ "a == \"x\\qy\"", 7,
	    "there is no such escape: there are \\\\ \\\" \\' \\n \\t \\r "
	    "\\xHH" },
	{ "a == \"\\x4\"", 6,
	    "there is no such escape: there are \\\\ \\\" \\' \\n \\t \\r "
	    "\\xHH" },
	{ "\"\" == 1", 0, "an empty name" },
	{ "\"a", 0, "this quote is not closed" },
	{ "Tag. == 1", 4, "expected the name of a field, not a blank" },
	{ "Tag.", 4, "expected the name of a field, not the end" },
	{ ".", 1, "expected the name of a field, not the end" },
	{ ".a*b == 1", 2, "the name of a field is a whole one: no * and ?" },
	{ "\"R\".a?b == 1", 5,
	    "the name of a field is a whole one: no * and ?" },
	{ "Tag[", 4, "expected the number of a word, not the end" },
	{ "Tag[]", 4, "expected the number of a word, not \"]\"" },
	{ "Tag[x]", 4, "expected the number of a word, not \"x\"" },
	{ "Tag[-1]", 4, "expected the number of a word, not \"-1\"" },
	{ "Tag[0]", 4, "words are numbered from 1 to 65535" },
	{ "Tag[65536]", 4, "words are numbered from 1 to 65535" },
	{ "Tag[99999999999999999999]", 4,
	    "words are numbered from 1 to 65535" },
	{ "Tag[2", 5, "expected \"]\", not the end" },
	{ "Tag[2 ]", 5, "expected \"]\", not a blank" },
	{ "Tag:", 4, "expected a prefix, not the end" },
	{ "Tag: x", 4, "expected a prefix, not a blank" },
	{ ".a[2]", 2, "only a tag's text has a word: Tag[2]" },
	{ "level[2]", 5, "only a tag's text has a word: Tag[2]" },
	{ ".a:b", 2, "only a tag's text has a prefix: Tag:prefix" },
	{ "\"T\".a:b", 5, "only a tag's text has a prefix: Tag:prefix" },
	{ "Tag[2][3]", 6,
	    "expected an operator, \"and\", \"or\" or the end, not \"[\"" },
	{ "status < abc", 9, "expected a number, not \"abc\"" },
	{ "status >= \"5\"", 10, "expected a number, not the text \"5\"" },
	{ "status > 5x", 9, "expected a number, not \"5x\"" },
	{ "status > 5.", 9, "expected a number, not \"5.\"" },
	{ "status > 5msB", 9, "expected a number, not \"5msB\"" },
	{ "pid == abc", 7, "expected a number, not \"abc\"" },
	{ "id == \"7\"", 6, "expected a number, not the text \"7\"" },
	{ "level == loud", 9,
	    "expected a level (emerg alert crit err warning notice info debug, "
	    "0 to 7), not \"loud\"" },
	{ "level <= 8", 9,
	    "expected a level (emerg alert crit err warning notice info debug, "
	    "0 to 7), not \"8\"" },
	{ "level eq \"\"", 9,
	    "expected a level (emerg alert crit err warning notice info debug, "
	    "0 to 7), not \"\"" },
	{ "stream < 5", 9, "stream is text: < <= > >= compare numbers" },
	{ "tag >= a", 7, "tag is text: < <= > >= compare numbers" },
	{ "a ~ \"(x\"", 7, "missing closing parenthesis" },
	{ "a ~ '[a-'", 8, "missing terminating ] for character class" },
	{ "a ~ *x", 4, "quantifier does not follow a repeatable item" },
	{ "a ~ \"(*UTF)x\"", 11, "using UTF is disabled by the application" },
	{ "a\nb ==\nc", 6, "expected a value, not the end of the line" },
	{ "a == 1 ;", 7, "expected \"and\", \"or\" or the end, not \";\"" },
	{ "a \x01", 2,
	    "expected an operator, \"and\", \"or\" or the end, not \"?\"" },
	{ "aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 17,
	    "expected an operator, \"and\", \"or\" or the end, not "
	    "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...\"" },
};

START_TEST(each_mistake_has_its_message_and_its_place)
{
	struct query_error e;

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct query *q =
		    query_compile(rows[i].query, strlen(rows[i].query), 0, &e);

		if (q != NULL)
			ck_abort_msg("%s is compiled", rows[i].query);
		if (e.at != rows[i].at ||
		    strcmp(e.message, rows[i].message) != 0)
			ck_abort_msg("%s: at %zu: %s; not at %zu: %s",
			    rows[i].query, e.at, e.message, rows[i].at,
			    rows[i].message);
	}
}
END_TEST

static const char *
describe(const char *text, size_t n)
{
	static char shown[1024];
	struct query_error e;
	struct buffer b;

	ck_assert_ptr_null(query_compile(text, n, 0, &e));
	buffer_init(&b, -1);
	query_describe(&b, "-q", text, n, &e);
	ck_assert_uint_lt(b.n, sizeof(shown));
	memcpy(shown, b.data, b.n);
	shown[b.n] = '\0';
	buffer_free(&b);
	return shown;
}

START_TEST(the_line_is_shown_with_a_caret_below)
{
	char longer[400];

	ck_assert_str_eq(describe("(status == )", 12),
	    "-q: expected a value, not \")\"\n"
	    "  (status == )\n"
	    "             ^\n");
	ck_assert_str_eq(describe("status ==", 9),
	    "-q: expected a value, not the end\n"
	    "  status ==\n"
	    "           ^\n");
	ck_assert_str_eq(describe("a\nb = 1\nc", 9),
	    "-q:2: there is no operator \"=\": use ==\n"
	    "  b = 1\n"
	    "    ^\n");
	/* tabs and what a terminal would obey are shown, and counted so */
	ck_assert_str_eq(describe("\xc3\xa4\t\x1b[m", 6),
	    "-q: expected an operator, \"and\", \"or\" or the end, not \"?\"\n"
	    "  \xc3\xa4\\t\\x1b[m\n"
	    "     ^\n");
	/* of a long line its surroundings */
	memset(longer, 'x', sizeof(longer));
	memcpy(longer + 200, " = ", 3);
	ck_assert_str_eq(describe(longer, sizeof(longer)),
	    "-q: there is no operator \"=\": use ==\n"
	    "  ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = "
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxx\n"
	    "                                                     ^\n");
}
END_TEST

/* n times a text, and another text. */
static char *
repeated(const char *text, size_t n, const char *end, size_t *length)
{
	size_t one = strlen(text), last = strlen(end);
	char *all = malloc(n * one + last);

	ck_assert_ptr_nonnull(all);
	for (size_t i = 0; i < n; i++)
		memcpy(all + i * one, text, one);
	memcpy(all + n * one, end, last);
	*length = n * one + last;
	return all;
}

static void
check_bound(
    const char *text, size_t times, const char *end, const char *message)
{
	struct query_error e = { 0, "" };
	struct query *q;
	char *all;
	size_t n;

	all = repeated(text, times, end, &n);
	q = query_compile(all, n, 0, &e);
	if (q != NULL)
		ck_assert_str_eq(message, "");
	else
		ck_assert_str_eq(e.message, message);
	query_free(q);
	free(all);
}

START_TEST(all_is_bounded)
{
	check_bound("(", 64, "a",
	    "expected an operator, \"and\", \"or\" or \")\", not the end");
	check_bound("(", 65, "a", "more than 64 parentheses in one another");
	check_bound("(", 65536, "", "more than 64 parentheses in one another");
	check_bound(
	    "not(", 16384, "", "more than 64 parentheses in one another");
	check_bound("not ", 16383, "a", "");
	check_bound("a or ", 4095, "a", "");
	check_bound("a or ", 4096, "a", "more than 4096 comparisons");
	check_bound("a\n", 4096, "", "");
	check_bound("a\n", 4097, "", "more than 4096 comparisons");
	check_bound("a", 65536, "", "");
	check_bound("a", 65537, "", "a query has 65536 bytes at most");
	check_bound(".", 65536, "", "");
	check_bound(
	    "a.", 32768, "", "expected the name of a field, not the end");
	check_bound("\"", 65535, "", "an empty name");
	check_bound("a ~ '((((x{1,200}){1,200}){1,200}){1,200})'\n", 1, "",
	    "regular expression is too large");
}
END_TEST

static const char *const good[] = {
	"status == 200 and (path ~ \"^/[a-z]+\" or not us > 2ms)",
	"any(Req and us>=1s) and not all(level <= warning)",
	"Header:Host eq example.com or \"My Tag\"[2] ne 'x y'",
	"Req*.status != 0x1f and *[3] < -5.5e3 # why not",
	"(a)\nor_b.\"c d\" == \"\\x41\\\"\" and stream !~ '\\.front$'\n",
	"not(not(not(id == 18446744073709551615)))or size > 5MiB",
};

static const char *const pieces[] = { "(", ")", "\"", "'", "\\",
	"==", "!=", "<", "=", "~", "!~", "eq", " and ", " or ", "not ", "any(",
	"all(", "[", "]", "[2]", ":", ".", "*", "#", "\n", "\t", "level", "id",
	"5MiB", "2ms", "200", "(?", "(*", "{1,9}", "\xff", "\0", "$", "&&",
	"\"x\"", " " };

static void
mutate(struct unit_random *r, char *text, size_t *n, size_t size)
{
	size_t at = unit_below(r, *n + 1), k = unit_below(r, 12);
	const char *piece = pieces[unit_below(r, UNIT_COUNT(pieces))];
	size_t length = *piece == '\0' ? 1 : strlen(piece);

	switch (unit_below(r, 4)) {
	case 0: /* cut out */
		if (k > *n - at)
			k = *n - at;
		memmove(text + at, text + at + k, *n - at - k);
		*n -= k;
		break;
	case 1:
		if (at < *n)
			text[at] = (char)unit_random(r);
		break;
	case 2: /* cut off */
		if (unit_below(r, 4) == 0)
			*n = at;
		break;
	default:
		if (*n + length > size)
			return;
		memmove(text + at + length, text + at, *n - at);
		memcpy(text + at, piece, length);
		*n += length;
	}
}

/* A message for people: of its place, and nothing that a terminal obeys. */
static void
check_error(const char *text, size_t n, const struct query_error *e)
{
	struct buffer b;
	unsigned lines = 0;

	expect(e->message[0] != '\0' && e->at <= n);
	expect(strlen(e->message) < sizeof(e->message));
	buffer_init(&b, -1);
	query_describe(&b, "-Q file", text, n, e);
	for (size_t i = 0; i < b.n; i++) {
		lines += b.data[i] == '\n';
		expect(b.data[i] == '\n' || (unsigned char)b.data[i] >= ' ');
	}
	expect_eq(lines, 3);
	expect(b.n > 2 && b.data[b.n - 2] == '^');
	buffer_free(&b);
}

START_TEST(thousands_of_bad_ones_are_told_and_none_crashes)
{
	struct unit_random r = { 4 };
	struct query_error e;
	struct query *q;
	char text[512], *exact;
	unsigned bad = 0, fine = 0;
	size_t n;

	while (bad < 5000) {
		const char *from = good[unit_below(&r, UNIT_COUNT(good))];

		n = strlen(from);
		memcpy(text, from, n);
		for (uint64_t k = 1 + unit_below(&r, 4); k > 0; k--)
			mutate(&r, text, &n, sizeof(text));
		/* so that a byte too far is seen */
		exact = malloc(n == 0 ? 1 : n);
		expect(exact != NULL);
		memcpy(exact, text, n);
		memset(&e, 0, sizeof(e));
		q = query_compile(exact, n, (int)unit_below(&r, 2), &e);
		if (q == NULL) {
			check_error(exact, n, &e);
			bad++;
		} else {
			fine++;
		}
		query_free(q);
		free(exact);
	}
	ck_assert_uint_gt(fine, 1000);
}
END_TEST

START_TEST(any_bytes_are_survived)
{
	struct unit_random r = { 11 };
	struct query_error e;
	struct query *q;
	char text[256];
	size_t n;

	for (int i = 0; i < UNIT_TIMES(20000); i++) {
		n = unit_below(&r, sizeof(text));
		unit_rubbish(&r, text, sizeof(text));
		if (i % 2 == 0)
			for (size_t k = 0; k < n; k++)
				text[k] = " ()ab\"'\\=~<>.:[]*#\n5"[unit_below(
				    &r, 21)];
		q = query_compile(text, n, 0, &e);
		if (q == NULL)
			check_error(text, n, &e);
		query_free(q);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		each_mistake_has_its_message_and_its_place,
		the_line_is_shown_with_a_caret_below,
		all_is_bounded,
		thousands_of_bad_ones_are_told_and_none_crashes,
		any_bytes_are_survived,
	};

	return UNIT_RUN("query_bad", tests);
}
