/*
 * test_stat_stream.c -- pass after pass: columns of CSV, lines of JSON, what
 * changed, and what of it is shown.
 */
#include <stdlib.h>
#include <string.h>

#include "common/histogram.h"
#include "readers/stat_show.h"
#include "tests/unit/view.h"

/* A view that is printed. */
struct stream {
	struct view v;
	struct stat_head head;
	struct buffer out;
};

static void
stream_begin(struct stream *s, struct fake *f, const struct stat_options *o)
{
	view_begin(&s->v, f, o);
	s->head =
	    (struct stat_head){ .attach = &s->v.a, .first = 1, .stream = 1 };
	buffer_init(&s->out, -1);
}

static void
stream_end(struct stream *s, const struct stat_format *format)
{
	stat_print_end(format, &s->head);
	buffer_free(&s->out);
	view_end(&s->v);
}

/* What a pass prints, until the next call; times are T. */
static char *
stream_pass(struct stream *s, const struct stat_format *format)
{
	char time[TIME_LENGTH + 1] = "", *at;

	view_pass(&s->v);
	s->out.n = 0;
	stat_print(&s->out, format, &s->v.c, &s->head);
	s->head.first = 0;
	buffer_byte(&s->out, '\0');
	*time_put(time, s->v.c.real) = '\0';
	while ((at = strstr(s->out.data, time)) != NULL) {
		*at = 'T';
		memmove(at + 1, at + TIME_LENGTH, strlen(at + TIME_LENGTH) + 1);
	}
	return s->out.data;
}

static const struct schema_item one[] = { { SCHEMA_COUNTER, 0, 0, 1, "n", "",
    "" } };
static const struct schema_item level[] = {
	{ SCHEMA_COUNTER, 0, 0, 1, "info", "", "" },
	{ SCHEMA_COUNTER, 1, 0, 1, "diag", "", "" },
	{ SCHEMA_COUNTER, 2, 0, 1, "debug", "", "" },
};

#define A_ONE(i) .type = "t", .ident = (i), .items = one, .n = 1

START_TEST(a_counter_keeps_its_column_and_a_new_one_comes_last)
{
	uint32_t b, c, x;
	struct stream s;
	struct fake f;

	fake_begin(&f);
	b = fake_set(&f, &(struct fake_set){ A_ONE("b") });
	x = view_put(&f, &(struct fake_set){ A_SET }, 1, -2, 3, -4);
	fake_store(&f, b, 0, 18);
	fake_show(&f);
	stream_begin(&s, &f, NULL);
	ck_assert_str_eq(stream_pass(&s, &stat_csv),
	    "time,http.front.active,http.front.open,http.front.requests,"
	    "http.front.up,t.b.n\n"
	    "T,-4,-2,1,3,18\n");
	ck_assert_str_eq(stream_pass(&s, &stat_csv), "T,-4,-2,1,3,18\n");
	fake_drop(&f, x);
	fake_show(&f);
	ck_assert_str_eq(stream_pass(&s, &stat_csv), "T,,,,,18\n");
	c = fake_set(&f, &(struct fake_set){ A_ONE("a") });
	fake_store(&f, c, 0, 9);
	fake_drop(&f, b);
	fake_show(&f);
	ck_assert_str_eq(stream_pass(&s, &stat_csv),
	    "time,http.front.active,http.front.open,http.front.requests,"
	    "http.front.up,t.b.n,t.a.n\n"
	    "T,,,,,,9\n");
	view_put(&f, &(struct fake_set){ A_SET }, 5, 6, 7, 8);
	fake_show(&f);
	ck_assert_str_eq(stream_pass(&s, &stat_csv), "T,8,6,5,7,,9\n");
	stream_end(&s, &stat_csv);
	fake_end(&f);
}
END_TEST

START_TEST(a_name_is_one_cell_and_a_histogram_has_seven)
{
	static const struct schema_item items[] = {
		{ SCHEMA_LABEL, 0, 0, 0, "a", "", "\"x,y\"" },
		{ SCHEMA_LABEL, 0, 0, 0, "b", "", "\303\266" },
		{ SCHEMA_HISTOGRAM, 0, 0, HISTOGRAM_WORDS, "took", "", "" },
	};
#define CELL(figure) ",\"t.i.took." figure "{a=\"\"x,y\"\",b=\303\266}\""
	static const char header[] = "time" CELL("count") CELL("sum")
	    CELL("p50") CELL("p90") CELL("p99") CELL("p99.9") CELL("max") "\n";
	struct stream s;
	struct fake f;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(
	    &f, &(struct fake_set){
		    .type = "t", .ident = "i", .items = items, .n = 3 });
	fake_show(&f);
	stream_begin(&s, &f, NULL);
	ck_assert_int_eq(
	    strncmp(stream_pass(&s, &stat_csv), header, strlen(header)), 0);
	ck_assert_str_eq(s.out.data + strlen(header), "T,0,0,,,,,\n");
	fake_store(&f, at, 0, 98 * 10 + 17 + 39);
	fake_store(&f, at, 1 + histogram_bucket(10), 98);
	fake_store(&f, at, 1 + histogram_bucket(17), 1);
	fake_store(&f, at, 1 + histogram_bucket(39), 1);
	ck_assert_str_eq(
	    stream_pass(&s, &stat_csv), "T,100,1036,10,10,17,39,39\n");
	stream_end(&s, &stat_csv);
	fake_end(&f);
}
END_TEST

/* Ten thousand processes, fifty at a time. */
START_TEST(columns_of_what_is_gone_do_not_grow_for_ever)
{
	const struct stat_options apart = { .apart = 1 };
	uint32_t at[50], pid = 1, headers = 0;
	size_t longest = 0;
	struct stream s;
	struct fake f;

	fake_begin(&f);
	fake_show(&f);
	stream_begin(&s, &f, &apart);
	for (int pass = 0; pass < 200; pass++) {
		const char *text;

		for (int i = 0; i < 50; i++) {
			at[i] = fake_set(
			    &f, &(struct fake_set){ A_ONE("x"), .pid = pid });
			fake_store(&f, at[i], 0, 1);
			pid++;
		}
		fake_show(&f);
		text = stream_pass(&s, &stat_csv);
		headers += strncmp(text, "time,", 5) == 0;
		longest = strlen(text) > longest ? strlen(text) : longest;
		/* all that are there are in the line, and in the header */
		expect_eq(strspn(strrchr(text, 'T') + 1, ",1\n"),
		    strlen(strrchr(text, 'T') + 1));
		text = strrchr(text, 'T');
		for (size_t i = 0, n = 0; i <= strlen(text); i++) {
			n += text[i] == '1';
			expect(text[i] != '\0' || n == 50);
		}
		for (int i = 0; i < 50; i++)
			fake_drop(&f, at[i]);
	}
	expect_eq(headers, 200);
	/* `,t.x[12345].n' and a comma each */
	expect(longest < (size_t)(1000 + 3 * 50) * 20);
	stream_end(&s, &stat_csv);
	fake_end(&f);
}
END_TEST

START_TEST(in_a_stream_json_is_an_object_a_line)
{
	struct stream s;
	struct fake f;
	const char *text;

	fake_begin(&f);
	view_put(&f, &(struct fake_set){ A_SET }, 1, -2, 3, -4);
	fake_show(&f);
	stream_begin(&s, &f, NULL);
	for (int pass = 0; pass < 3; pass++) {
		text = stream_pass(&s, &stat_json);
		ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
		ck_assert_int_eq(strncmp(text, "{\"version\":1,", 13), 0);
		ck_assert_ptr_nonnull(strstr(text, "}}}\n"));
	}
	stream_end(&s, &stat_json);
	fake_end(&f);
}
END_TEST

START_TEST(levels_are_cumulative_and_may_change_between_two_passes)
{
	struct stream s;
	struct fake f;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(
	    &f, &(struct fake_set){
		    .type = "t", .ident = "i", .items = level, .n = 3 });
	fake_show(&f);
	stream_begin(&s, &f, &(struct stat_options){ .levels = 1 });
	view_pass(&s.v);
	ck_assert_uint_eq(view_count(&s.v), 1);
	ck_assert_ptr_nonnull(view_find(&s.v, "t.i.info"));
	s.v.c.options.levels = 2;
	ck_assert_uint_eq(view_count(&s.v), 2);
	ck_assert_ptr_nonnull(view_find(&s.v, "t.i.diag"));
	s.v.c.options.levels = STAT_LEVELS;
	ck_assert_uint_eq(view_count(&s.v), 3);
	/* what is hidden is added up all the same */
	s.v.c.options.levels = 1;
	fake_store(&f, at, 2, 1000);
	view_pass(&s.v);
	s.v.c.options.levels = 0;
	ck_assert_int_eq(view_value(&s.v, "t.i.debug"), 1000);
	ck_assert(view_find(&s.v, "t.i.debug")->rate > 0);
	stream_end(&s, &stat_text);
	fake_end(&f);
}
END_TEST

/* Runs of blanks become one. */
static char *
press(char *text)
{
	char *to = text;

	for (char *p = text; *p != '\0'; p++)
		if (*p != ' ' || p[1] != ' ')
			*to++ = *p;
	*to = '\0';
	return text;
}

static char *
changes(struct stream *s, double seconds)
{
	view_pass(&s->v);
	s->out.n = 0;
	s->head.diff = seconds;
	stat_print_changes(&s->out, &stat_text, &s->v.c, &s->head);
	buffer_byte(&s->out, '\0');
	return press(s->out.data);
}

START_TEST(what_changed_is_shown_the_most_first)
{
	uint32_t a, b, x;
	struct stream s;
	struct fake f;

	fake_begin(&f);
	x = view_put(&f, &(struct fake_set){ A_SET }, 100, 50, 5, 7);
	a = fake_set(&f, &(struct fake_set){ A_ONE("a") });
	(void)fake_set(&f, &(struct fake_set){ A_ONE("still") });
	fake_show(&f);
	stream_begin(&s, &f, NULL);
	view_pass(&s.v);
	ck_assert_str_eq(changes(&s, 10), "");
	fake_store(&f, x, 0, 130);
	fake_store(&f, x, 1, (uint64_t)-950);
	fake_store(&f, x, 2, 6);
	fake_store(&f, x, 3, 9);
	fake_store(&f, a, 0, 500);
	/* new ones began at nothing */
	b = fake_set(&f, &(struct fake_set){ A_ONE("b") });
	fake_store(&f, b, 0, 40);
	fake_show(&f);
	ck_assert_str_eq(changes(&s, 10),
	    "http.front.open -1000 . Files that are open\n"
	    "t.a.n 500 50.00 \n"
	    "t.b.n 40 4.00 \n"
	    "http.front.requests 30 3.00 Requests served\n"
	    "http.front.active 2 . Requests in work\n"
	    "http.front.up 3 . Which are up\n");
	ck_assert_str_eq(changes(&s, 10), "");
	stream_end(&s, &stat_text);
	fake_end(&f);
}
END_TEST

START_TEST(what_counts_and_has_less_than_before_began_anew)
{
	static const struct schema_item took[] = {
		{ SCHEMA_HISTOGRAM, 0, 0, HISTOGRAM_WORDS, "took", "", "Time" },
	};
	uint32_t a, at;
	struct stream s;
	struct fake f;

	fake_begin(&f);
	a = fake_set(&f, &(struct fake_set){ A_ONE("a") });
	fake_store(&f, a, 0, 500);
	at = fake_set(
	    &f, &(struct fake_set){
		    .type = "t", .ident = "i", .items = took, .n = 1 });
	fake_store(&f, at, 0, 1000 * 5);
	fake_store(&f, at, 1 + 5, 1000);
	fake_show(&f);
	stream_begin(&s, &f, NULL);
	view_pass(&s.v);
	fake_store(&f, a, 0, 30);
	fake_store(&f, at, 0, 4 * 5);
	fake_store(&f, at, 1 + 5, 4);
	ck_assert_str_eq(changes(&s, 10), "t.a.n 30 3.00 \n"
					  "t.i.took.count 4 0.40 Time\n"
					  "t.i.took.mean 5.00 . Time\n"
					  "t.i.took.p50 5 . Time\n"
					  "t.i.took.p90 5 . Time\n"
					  "t.i.took.p99 5 . Time\n"
					  "t.i.took.p99.9 5 . Time\n"
					  "t.i.took.max 5 . Time\n");
	stream_end(&s, &stat_text);
	fake_end(&f);
}
END_TEST

START_TEST(the_change_of_a_histogram_is_what_was_observed_meanwhile)
{
	static const struct schema_item took[] = {
		{ SCHEMA_HISTOGRAM, 0, 0, HISTOGRAM_WORDS, "took", "us",
		    "Time" },
	};
	struct stream s;
	struct fake f;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(
	    &f, &(struct fake_set){
		    .type = "t", .ident = "i", .items = took, .n = 1 });
	fake_store(&f, at, 0, 1000 * 5);
	fake_store(&f, at, 1 + histogram_bucket(5), 1000);
	fake_show(&f);
	stream_begin(&s, &f, NULL);
	view_pass(&s.v);
	fake_store(&f, at, 0, 1000 * 5 + 3 * 10 + 20);
	fake_store(&f, at, 1 + histogram_bucket(10), 3);
	fake_store(&f, at, 1 + histogram_bucket(20), 1);
	ck_assert_str_eq(changes(&s, 2), "t.i.took.count 4 2.00 Time\n"
					 "t.i.took.mean 12.50 . Time [us]\n"
					 "t.i.took.p50 10 . Time [us]\n"
					 "t.i.took.p90 20 . Time [us]\n"
					 "t.i.took.p99 20 . Time [us]\n"
					 "t.i.took.p99.9 20 . Time [us]\n"
					 "t.i.took.max 20 . Time [us]\n");
	stream_end(&s, &stat_text);
	fake_end(&f);
}
END_TEST

/* The number behind `what' in a text, which moves on. */
static uint64_t
number_behind(const char **text, const char *what)
{
	*text = strstr(*text, what);
	ck_assert_ptr_nonnull(*text);
	*text += strlen(what);
	return strtoull(*text, NULL, 10);
}

START_TEST(buckets_are_cumulative_whatever_the_counts_are)
{
	static const struct schema_item took[] = {
		{ SCHEMA_HISTOGRAM, 0, 0, HISTOGRAM_WORDS, "n", "", "" },
	};
	uint64_t before = 0, now;
	const char *text;
	struct stream s;
	struct fake f;
	uint32_t at;

	fake_begin(&f);
	at = fake_set(
	    &f, &(struct fake_set){
		    .type = "t", .ident = "i", .items = took, .n = 1 });
	for (uint32_t i = 1; i < HISTOGRAM_WORDS; i++)
		fake_store(&f, at, i, UINT64_MAX / 3);
	fake_show(&f);
	stream_begin(&s, &f, NULL);
	text = stream_pass(&s, &stat_openmetrics);
	for (int i = 0; i <= 40; i++, before = now) {
		now = number_behind(&text, ".0\"} ");
		ck_assert_uint_ge(now, before);
	}
	now = number_behind(&text, "le=\"+Inf\"} ");
	ck_assert_uint_ge(now, before);
	(void)number_behind(&text, "t_n_count{");
	ck_assert_uint_eq(number_behind(&text, "} "), now);
	stream_end(&s, &stat_openmetrics);
	fake_end(&f);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_counter_keeps_its_column_and_a_new_one_comes_last,
		a_name_is_one_cell_and_a_histogram_has_seven,
		columns_of_what_is_gone_do_not_grow_for_ever,
		in_a_stream_json_is_an_object_a_line,
		levels_are_cumulative_and_may_change_between_two_passes,
		what_changed_is_shown_the_most_first,
		what_counts_and_has_less_than_before_began_anew,
		buckets_are_cumulative_whatever_the_counts_are,
		the_change_of_a_histogram_is_what_was_observed_meanwhile,
	};

	return UNIT_RUN("stat_stream", tests);
}
