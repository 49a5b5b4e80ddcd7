/*
 * test_openmetrics.c -- names, units, numbers and texts of OpenMetrics, and
 * what a client of HTTP takes.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "readers/stat_listen.h"
#include "readers/stat_openmetrics.h"
#include "tests/unit/unit.h"

START_TEST(a_family_is_type_item_and_base_unit)
{
	static const struct {
		const char *type, *item, *unit, *name;
		enum om_type kind;
	} rows[] = {
		{ "http", "requests", "", "http_requests", OM_COUNTER },
		{ "http", "a.b-c:d", "", "http_a_b_c_d", OM_GAUGE },
		{ "http", "took", "us", "http_took_seconds", OM_HISTOGRAM },
		{ "http", "took_us", "us", "http_took_seconds", OM_HISTOGRAM },
		{ "http", "took.seconds", "s", "http_took_seconds", OM_GAUGE },
		{ "http", "bytes", "bytes", "http_bytes", OM_COUNTER },
		{ "http", "bytes_free", "B", "http_free_bytes", OM_GAUGE },
		{ "http", "sent_total", "", "http_sent", OM_COUNTER },
		{ "http", "sent_total", "", "http_sent_total", OM_GAUGE },
		{ "http", "b_bytes_total", "bytes", "http_b_bytes",
		    OM_COUNTER },
		{ "http", "open", "files", "http_open_files", OM_GAUGE },
		{ "http", "took", "nsec", "http_took_seconds", OM_HISTOGRAM },
		{ "http", "cache", "KiB", "http_cache_KiB", OM_GAUGE },
		{ "http", "flow", "1/s", "http_flow_1_s", OM_GAUGE },
		{ "http", "x", "/_ ", "http_x", OM_GAUGE },
		{ "http", "load", "%", "http_load_ratio", OM_GAUGE },
		{ "1a", "x", "", "_1a_x", OM_GAUGE },
		/* of a damaged directory */
		{ "", "total", "", "_", OM_COUNTER },
		{ "x-y", "x", "", "x_y_x", OM_GAUGE },
		{ "http", "log.bytes", "bytes", "shmlog_log_bytes",
		    OM_COUNTER },
	};
	char name[OM_NAME_MAX];
	struct om_unit unit;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		om_unit(&unit, rows[i].unit);
		om_family(name, rows[i].type, rows[i].item, rows[i].kind, &unit,
		    rows[i].unit);
		ck_assert_str_eq(name, rows[i].name);
	}
}
END_TEST

START_TEST(the_longest_names_fit)
{
	char type[TYPE_MAX], item[SCHEMA_NAME_MAX], as[SCHEMA_UNIT_MAX];
	char name[OM_NAME_MAX];
	struct om_unit unit;

	memset(type, '0', sizeof(type));
	memset(item, 'b', sizeof(item));
	memset(as, 'c', sizeof(as));
	type[sizeof(type) - 1] = '\0';
	item[sizeof(item) - 1] = as[sizeof(as) - 1] = '\0';
	om_unit(&unit, as);
	om_family(name, type, item, OM_COUNTER, &unit, as);
	ck_assert_uint_eq(
	    strlen(name), 1 + strlen(type) + 1 + strlen(item) + 1 + strlen(as));
	ck_assert_uint_lt(strlen(name) + strlen("_created"), OM_NAME_MAX);
}
END_TEST

START_TEST(a_number_in_base_units_loses_no_digit)
{
	static const struct {
		uint64_t v;
		unsigned shift;
		const char *text;
	} rows[] = {
		{ 0, 6, "0" },
		{ 1, 6, "0.000001" },
		{ 1500, 3, "1.5" },
		{ 1000000, 6, "1" },
		{ 123456789, 0, "123456789" },
		{ UINT64_MAX, 9, "18446744073.709551615" },
		{ UINT64_MAX, 0, "18446744073709551615" },
	};
	char text[OM_DECIMAL_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*om_decimal(text, rows[i].v, rows[i].shift) = '\0';
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

START_TEST(what_is_no_utf8_becomes_some)
{
	static const struct {
		const char *from, *to;
		int quote;
	} rows[] = {
		{ "a\"\\\n", "a\\\"\\\\\\n", 1 },
		{ "a\"\\\n", "a\"\\\\\\n", 0 },
		{ "\303\244\342\202\254", "\303\244\342\202\254", 1 },
		{ "\303", "\357\277\275", 1 },
		{ "\355\240\200", "\357\277\275\357\277\275\357\277\275", 1 },
	};
	struct buffer b;

	buffer_init(&b, -1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b.n = 0;
		om_escape(
		    &b, rows[i].from, strlen(rows[i].from), rows[i].quote);
		buffer_byte(&b, '\0');
		ck_assert_str_eq(b.data, rows[i].to);
	}
	buffer_free(&b);
}
END_TEST

START_TEST(openmetrics_is_for_who_asks_for_it)
{
	static const struct {
		const char *accept;
		enum om_text text;
	} rows[] = {
		{ NULL, OM_PROMETHEUS },
		{ "", OM_PROMETHEUS },
		{ "*/*", OM_PROMETHEUS },
		{ "application/openmetrics-text", OM_OPENMETRICS },
		{ "Application/OpenMetrics-Text ; Version=1.0.0",
		    OM_OPENMETRICS },
		{ "application/openmetrics-text;version=2.0.0", OM_PROMETHEUS },
		{ "application/openmetrics-text;q=0", OM_PROMETHEUS },
		{ "text/plain,application/openmetrics-text", OM_OPENMETRICS },
		{ "text/plain;q=.9,application/openmetrics-text;q=0.1",
		    OM_OPENMETRICS }, /* .9 makes no sense */
		{ "text/plain;q=0.9,application/openmetrics-text;q=0.1",
		    OM_PROMETHEUS },
		{ "*/*;q=0.9,text/plain;q=0.1,"
		  "application/openmetrics-text;q=0.5",
		    OM_OPENMETRICS },
		{ "text/*;q=0.9,application/openmetrics-text;q=0.5",
		    OM_PROMETHEUS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(accept_text(rows[i].accept) == rows[i].text, "%s",
		    rows[i].accept);
}
END_TEST

START_TEST(gzip_is_for_who_takes_it)
{
	static const struct {
		const char *accept;
		int gzip;
	} rows[] = { { NULL, 0 }, { "", 0 }, { "gzip", 1 }, { "GZIP", 1 },
		{ "deflate, gzip;q=1.0, *;q=0.5", 1 }, { "gzip;q=0", 0 },
		{ "*", 1 }, { "*;q=0", 0 }, { "gzip;q=0, *", 0 },
		{ "identity", 0 }, { "gzipped", 0 }, { "x-gzip;q=0.001", 1 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(accept_gzip(rows[i].accept) == rows[i].gzip, "%s",
		    rows[i].accept);
}
END_TEST

/* Ranges and parameters at random, none of which is known. */
static void
put_nonsense(char *to, size_t n, struct unit_random *r)
{
	static const char chars[] = "ab01q=;;,, \t./-v";

	for (size_t i = 0; i < n; i++)
		to[i] = chars[unit_random(r) % (sizeof(chars) - 1)];
	to[n] = '\0';
}

START_TEST(what_stands_around_a_range_does_not_hide_it)
{
	static const char om[] = ",application/openmetrics-text,",
			  gzip[] = ",gzip,";
	struct unit_random r = { 11 };

	for (int i = 0; i < UNIT_TIMES(100000); i++) {
		size_t before = (size_t)i % 12, behind = (size_t)i / 12 % 12;
		/* to the byte, for those who watch its bounds */
		char *text = malloc(before + sizeof(om) + behind);

		ck_assert_ptr_nonnull(text);
		put_nonsense(text, before, &r);
		expect(accept_text(text) == OM_PROMETHEUS);
		expect(!accept_gzip(text));
		strcpy(text + before, gzip);
		put_nonsense(text + strlen(text), behind, &r);
		expect(accept_gzip(text));
		strcpy(text + before, om);
		put_nonsense(text + strlen(text), behind, &r);
		expect(accept_text(text) == OM_OPENMETRICS);
		free(text);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_family_is_type_item_and_base_unit,
		the_longest_names_fit,
		a_number_in_base_units_loses_no_digit,
		what_is_no_utf8_becomes_some,
		openmetrics_is_for_who_asks_for_it,
		gzip_is_for_who_takes_it,
		what_stands_around_a_range_does_not_hide_it,
	};

	return UNIT_RUN("openmetrics", tests);
}
