/*
 * test_stat_print.c -- which counters are wanted, and how they are printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/histogram.h"
#include "readers/stat_format.h"
#include "tests/unit/fake.h"

#define HELP "a \"quoted\" \\ help \303\266 \377 <&>"

static const struct schema_item items[] = {
	{ SCHEMA_LABEL, 0, 0, 0, "host", "", "a\"b\\\303" },
	{ SCHEMA_COUNTER, 0, 0, 1, "requests", "", HELP },
	{ SCHEMA_GAUGE, 1, 0, 1, "open", "files", "" },
	{ SCHEMA_BITMAP, 2, 0, 1, "up", "", "Which are up" },
};

/* A pass over a segment, printed; buffer_free() it. */
static void
print(struct fake *f, const struct stat_format *format,
    const struct stat_options *o, int passes, struct buffer *b)
{
	static const struct stat_options none;
	struct stat_head head = { .first = 1 };
	struct stat_collect c;
	struct attach a;

	stop_init();
	attach_init(&a);
	a.quiet = 1;
	ck_assert_int_eq(attach_open(&a, f->path, 0), ATTACH_OK);
	head.attach = &a;
	stat_collect_init(&c, o == NULL ? &none : o);
	buffer_init(b, -1);
	for (int i = 0; i < passes; i++, head.first = 0) {
		stat_collect_gather(&c, &a.segment);
		stat_collect_add(&c);
		stat_print(b, format, &c, &head);
	}
	buffer_byte(b, '\0');
	stat_collect_fini(&c);
	attach_close(&a);
}

static void
make(struct fake *f)
{
	const struct fake_set set = { .type = "t",
		.ident = "i",
		.items = items + 1,
		.n = 3,
		.created = clock_real() - 10 * NSEC };
	uint32_t at;

	fake_begin(f);
	at = fake_set(f, &set);
	fake_store(f, at, 0, 1000);
	fake_store(f, at, 1, (uint64_t)-3);
	fake_store(f, at, 2, 1 | UINT64_C(1) << 63);
	fake_show(f);
}

/* Runs of blanks become one. */
static void
press(char *p)
{
	char *to = p;

	for (; *p != '\0'; p++)
		if (*p != ' ' || p[1] != ' ')
			*to++ = *p;
	*to = '\0';
}

START_TEST(a_line_has_name_value_rate_and_description)
{
	static const char begin[] = "t.i.open -3 . \nt.i.requests 1000 ";
	static const char end[] = " a \"quoted\" \\ help \303\266 \\xff <&>\n"
				  "t.i.up 9223372036854775809 . Which are up\n";
	struct buffer b;
	struct fake f;
	double rate;
	char *p;

	make(&f);
	print(&f, &stat_text, NULL, 1, &b);
	press(b.data);
	ck_assert_int_eq(strncmp(b.data, begin, strlen(begin)), 0);
	rate = strtod(b.data + strlen(begin), &p);
	ck_assert(rate > 90 && rate < 101);
	ck_assert_str_eq(p, end);
	buffer_free(&b);
	print(&f, &stat_text, NULL, 2, &b);
	ck_assert_ptr_nonnull(strstr(b.data, "up\n\nt.i.open"));
	buffer_free(&b);
	print(&f, &stat_names, NULL, 1, &b);
	ck_assert_ptr_null(strstr(b.data, "1000"));
	ck_assert_ptr_nonnull(strstr(b.data, " Which are up\n"));
	buffer_free(&b);
	fake_end(&f);
}
END_TEST

static const struct schema_item timed[] = {
	{ SCHEMA_LABEL, 0, 0, 0, "host", "", "a" },
	{ SCHEMA_HISTOGRAM, 0, 0, HISTOGRAM_WORDS, "took", "ms",
	    "Time it took" },
	{ SCHEMA_HISTOGRAM, 1, 0, HISTOGRAM_WORDS, "idle", "", "" },
};

/* 98 times 10, 17 once, 39 once; and one that observed nothing. */
static void
make_timed(struct fake *f)
{
	uint32_t at;

	fake_begin(f);
	for (uint32_t i = 1; i < 3; i++) {
		const struct schema_item it[] = { timed[0], timed[i] };

		at = fake_set(
		    f, &(struct fake_set){
			   .type = "t", .ident = "i", .items = it, .n = 2 });
		if (i == 2)
			continue;
		fake_store(f, at, 0, 98 * 10 + 17 + 39);
		fake_store(f, at, 1 + histogram_bucket(10), 98);
		fake_store(f, at, 1 + histogram_bucket(17), 1);
		fake_store(f, at, 1 + histogram_bucket(39), 1);
	}
	fake_show(f);
}

START_TEST(a_histogram_has_a_line_for_each_of_its_figures)
{
	static const char idle[] = "t.i.idle.count{host=a} 0 0.00 \n"
				   "t.i.idle.mean{host=a} . . \n"
				   "t.i.idle.p50{host=a} . . \n";
	static const char took[] =
	    "t.i.took.mean{host=a} 10.36 . Time it took [ms]\n"
	    "t.i.took.p50{host=a} 10 . Time it took [ms]\n"
	    "t.i.took.p90{host=a} 10 . Time it took [ms]\n"
	    "t.i.took.p99{host=a} 17 . Time it took [ms]\n"
	    "t.i.took.p99.9{host=a} 39 . Time it took [ms]\n"
	    "t.i.took.max{host=a} 39 . Time it took [ms]\n";
	struct buffer b;
	struct fake f;

	make_timed(&f);
	print(&f, &stat_text, NULL, 2, &b);
	press(b.data);
	ck_assert_int_eq(strncmp(b.data, idle, strlen(idle)), 0);
	ck_assert_ptr_nonnull(strstr(b.data, "\nt.i.took.count{host=a} 100 "));
	ck_assert_ptr_nonnull(strstr(b.data, " Time it took\nt.i.took.mean"));
	ck_assert_ptr_nonnull(strstr(b.data, took));
	buffer_free(&b);
	print(&f, &stat_names, NULL, 1, &b);
	press(b.data);
	ck_assert_str_eq(
	    b.data, "t.i.idle{host=a} \nt.i.took{host=a} Time it took\n");
	buffer_free(&b);
	fake_end(&f);
}
END_TEST

/* What jq(1) makes of it. */
static void
jq(const char *json, const char *filter, const char *wanted)
{
	char path[] = "/dev/shm/shmlog.json.XXXXXX", command[512], line[512];
	int fd = mkstemp(path);
	FILE *f;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, json, strlen(json)), (ssize_t)strlen(json));
	close(fd);
	snprintf(command, sizeof(command), "jq -r '%s' <%s 2>&1", filter, path);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_int_eq(pclose(f), 0);
	unlink(path);
	line[strcspn(line, "\n")] = '\0';
	ck_assert_str_eq(line, wanted);
}

START_TEST(json_has_what_is_documented_and_numbers_are_numbers)
{
	struct buffer b;
	struct fake f;

	make(&f);
	print(&f, &stat_json, NULL, 1, &b);
	jq(b.data, ".version", "1");
	jq(b.data, ".path", f.path);
	jq(b.data, ".timestamp | test(\"^[0-9-]{10}T[0-9:]{8}[.][0-9]{9}Z$\")",
	    "true");
	jq(b.data, ".daemon.state", "runs");
	jq(b.data, ".segment.generation", "1");
	jq(b.data, ".counters | length", "3");
	jq(b.data, ".counters[\"t.i.open\"].value", "-3");
	jq(b.data, ".counters[\"t.i.open\"] | .unit, .rate | tostring",
	    "files");
	jq(b.data, ".counters[\"t.i.open\"].rate", "null");
	jq(b.data, ".counters[\"t.i.requests\"].rate | . > 90 and . < 101",
	    "true");
	jq(b.data,
	    ".counters[\"t.i.up\"] | .type + .ident + .counter + .kind + "
	    ".level",
	    "tiupbitmapdebug");
	jq(b.data, ".counters[\"t.i.requests\"].description",
	    "a \"quoted\" \\ help \303\266 \303\277 <&>");
	buffer_free(&b);
	fake_end(&f);
}
END_TEST

START_TEST(a_histogram_is_an_object_in_json)
{
	static const char took[] = ".counters[\"t.i.took{host=a}\"]";
	char filter[256];
	struct buffer b;
	struct fake f;

	make_timed(&f);
	print(&f, &stat_json, NULL, 1, &b);
	snprintf(filter, sizeof(filter), "%s.value | tojson", took);
	jq(b.data, filter,
	    "{\"count\":100,\"sum\":1036,\"mean\":10.36,\"p50\":10,\"p90\":10,"
	    "\"p99\":17,\"p99.9\":39,\"max\":39,"
	    "\"buckets\":[[10,98],[17,1],[39,1]]}");
	snprintf(
	    filter, sizeof(filter), "%s | .kind, (.rate > 0) | tostring", took);
	jq(b.data, filter, "histogram");
	snprintf(filter, sizeof(filter), "%s.rate > 0", took);
	jq(b.data, filter, "true");
	jq(b.data, ".counters[\"t.i.idle{host=a}\"].value | tojson",
	    "{\"count\":0,\"sum\":0,\"mean\":null,\"p50\":null,\"p90\":null,"
	    "\"p99\":null,\"p99.9\":null,\"max\":null,\"buckets\":[]}");
	buffer_free(&b);
	fake_end(&f);
}
END_TEST

START_TEST(json_is_valid_whatever_the_names_and_labels_are)
{
	struct unit_random r = { 5 };
	struct buffer b;
	struct fake f;
	uint32_t at;

	fake_begin(&f);
	for (int i = 0; i < 20; i++) {
		at = fake_set(&f,
		    &(struct fake_set){
			.type = "t", .ident = "i", .items = items, .n = 4 });
		/* past the lengths: names, labels, help; and the descriptor */
		for (int n = 0; n < 20; n++)
			((uint8_t *)fake_section(
			    &f, at))[192 + 24 + unit_below(&r, 13)] =
			    (uint8_t)unit_random(&r);
		unit_rubbish(&r, f.d[at].type, i % 2 == 0 ? 0 : 16);
		unit_rubbish(&r, f.d[at].ident, i % 3 == 0 ? 64 : 0);
	}
	fake_show(&f);
	print(&f, &stat_json, NULL, 1, &b);
	jq(b.data, ".counters | length > 10", "true");
	buffer_free(&b);
	print(&f, &stat_json, &(struct stat_options){ .apart = 1 }, 1, &b);
	jq(b.data, ".counters | length > 10", "true");
	buffer_free(&b);
	fake_end(&f);
}
END_TEST

START_TEST(nothing_is_printed_as_an_empty_object)
{
	struct buffer b;
	struct fake f;

	fake_begin(&f);
	print(&f, &stat_json, NULL, 1, &b);
	jq(b.data, ".counters", "{}");
	buffer_free(&b);
	fake_end(&f);
}
END_TEST

START_TEST(the_first_glob_that_matches_decides)
{
	static const struct {
		const char *globs[4];
		const char *name;
		int wanted;
	} table[] = {
		{ { NULL }, "a.b.c", 1 },
		{ { "a.*" }, "a.b.c", 1 },
		{ { "a.*" }, "b.b.c", 0 },
		{ { "^a.*" }, "a.b.c", 0 },
		{ { "^a.*" }, "b.b.c", 1 },
		{ { "^a.b.*", "a.*" }, "a.b.c", 0 },
		{ { "^a.b.*", "a.*" }, "a.c.c", 1 },
		{ { "^a.b.*", "a.*" }, "b.c.c", 0 },
		{ { "a.*", "^a.b.*" }, "a.b.c", 1 },
		{ { "a.b.c", "^*.b.*", "*" }, "a.b.c", 1 },
		{ { "a.b.c", "^*.b.*", "*" }, "a.b.d", 0 },
		{ { "a.b.c", "^*.b.*", "*" }, "x.y.z", 1 },
		{ { "a.b.[cd]" }, "a.b.d", 1 },
		{ { "a.b.?" }, "a.b.dd", 0 },
		{ { "a,b.*" }, "a.b.c", 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct stat_filter f;

		memset(&f, 0, sizeof(f));
		for (int g = 0; g < 4 && table[i].globs[g] != NULL; g++)
			ck_assert_ptr_null(
			    stat_filter_add(&f, 'f', table[i].globs[g]));
		if (stat_filter_wants(&f, table[i].name, table[i].name) !=
		    table[i].wanted)
			ck_abort_msg("row %zu: %s", i, table[i].name);
		stat_filter_free(&f);
	}
}
END_TEST

START_TEST(the_first_of_f_I_and_X_that_matches_decides)
{
	static const struct {
		const char *globs[3]; /* the option's letter first */
		const char *name;
		int wanted;
	} table[] = {
		{ { "Ia.*" }, "a.b", 1 },
		{ { "Ia.*" }, "b.b", 0 },
		{ { "Xa.*" }, "a.b", 0 },
		{ { "Xa.*" }, "b.b", 1 },
		{ { "Xa.b", "Ia.*" }, "a.b", 0 },
		{ { "Xa.b", "Ia.*" }, "a.c", 1 },
		{ { "Xa.b", "Ia.*" }, "b.c", 0 },
		{ { "Ia.*", "Xa.b" }, "a.b", 1 },
		{ { "f^a.b", "Ia.*", "X*" }, "a.b", 0 },
		{ { "fa.b", "Xa.*", "I*" }, "a.b", 1 },
		{ { "fa.b", "Xa.*", "I*" }, "a.c", 0 },
		{ { "fa.b", "Xa.*", "I*" }, "b.c", 1 },
		/* a ^ is one of -f's only */
		{ { "I^a.*" }, "^a.b", 1 },
		{ { "I^a.*" }, "a.b", 0 },
		{ { "X^a.*" }, "a.b", 1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct stat_filter f;

		memset(&f, 0, sizeof(f));
		for (int g = 0; g < 3 && table[i].globs[g] != NULL; g++)
			ck_assert_ptr_null(stat_filter_add(
			    &f, table[i].globs[g][0], table[i].globs[g] + 1));
		if (stat_filter_wants(&f, table[i].name, table[i].name) !=
		    table[i].wanted)
			ck_abort_msg("row %zu: %s", i, table[i].name);
		stat_filter_free(&f);
	}
}
END_TEST

START_TEST(a_glob_is_held_against_the_name_with_and_without_labels)
{
	struct stat_filter f;

	memset(&f, 0, sizeof(f));
	ck_assert_ptr_nonnull(stat_filter_add(&f, 'f', "^"));
	ck_assert_ptr_nonnull(stat_filter_add(&f, 'f', ""));
	ck_assert_ptr_nonnull(stat_filter_add(&f, 'f', "^x["));
	ck_assert_ptr_null(stat_filter_add(&f, 'f', "^*{host=a}"));
	ck_assert_ptr_null(stat_filter_add(&f, 'f', "x.y.n"));
	ck_assert_int_eq(stat_filter_wants(&f, "x.y.n", "x.y.n{host=a}"), 0);
	ck_assert_int_eq(stat_filter_wants(&f, "x.y.n", "x.y.n{host=b}"), 1);
	ck_assert_int_eq(stat_filter_wants(&f, "x.y.m", "x.y.m{host=b}"), 0);
	stat_filter_free(&f);
}
END_TEST

START_TEST(sections_are_listed_with_their_life_so_far)
{
	struct attach a;
	struct buffer b;
	struct fake f;
	char *p;

	make(&f);
	(void)fake_set(&f, &(struct fake_set){ .type = "t",
			       .ident = "z\033[2J",
			       .items = items,
			       .n = 4,
			       .class = CLASS_COOL,
			       .pid = 77,
			       .flags = DESC_FOLDED | DESC_FOREIGN,
			       .created = clock_real() - 3700 * NSEC });
	fake_show(&f);
	stop_init();
	attach_init(&a);
	a.quiet = 1;
	ck_assert_int_eq(attach_open(&a, f.path, 0), ATTACH_OK);
	buffer_init(&b, -1);
	stat_sections(&b, &a.segment, clock_real());
	buffer_byte(&b, '\0');
	ck_assert_ptr_nonnull(strstr(b.data, "\nStat     -        t "));
	ck_assert_ptr_nonnull(strstr(b.data, " 10s        1 -\n"));
	p = strstr(b.data, "\nCool     Stat     t               z?[2J ");
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(strstr(p, " tester[77] "));
	ck_assert_ptr_nonnull(
	    strstr(p, " 32768    1h01m        2 folded,foreign\n"));
	ck_assert_ptr_null(strchr(b.data, '\033'));
	buffer_free(&b);
	attach_close(&a);
	fake_end(&f);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_line_has_name_value_rate_and_description,
		a_histogram_has_a_line_for_each_of_its_figures,
		a_histogram_is_an_object_in_json,
		json_has_what_is_documented_and_numbers_are_numbers,
		json_is_valid_whatever_the_names_and_labels_are,
		nothing_is_printed_as_an_empty_object,
		the_first_glob_that_matches_decides,
		the_first_of_f_I_and_X_that_matches_decides,
		a_glob_is_held_against_the_name_with_and_without_labels,
		sections_are_listed_with_their_life_so_far,
	};

	return UNIT_RUN("stat_print", tests);
}
