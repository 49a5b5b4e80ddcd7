/*
 * test_stat_unit.c -- numbers in their units.
 */
#include <string.h>

#include "readers/stat_unit.h"
#include "tests/unit/unit.h"

static const struct {
	double d;
	const char *unit;
	enum stat_scale scale;
	size_t width;
	const char *text;
} doubles[] = {
	{ 0, "", SCALE_UNITS, 9, "0" },
	{ 0, "bytes", SCALE_UNITS, 9, "0" },
	{ 3.25, "", SCALE_UNITS, 9, "3.25" },
	{ 12.34, "", SCALE_UNITS, 9, "12.3" },
	{ 14047.9, "", SCALE_UNITS, 9, "14048" },
	{ 5.0000001, "", SCALE_UNITS, 9, "5" },
	{ 123456789012., "", SCALE_UNITS, 9, "123G" },
	{ -3.25, "", SCALE_UNITS, 9, "-3.25" },
	{ -1234567, "", SCALE_UNITS, 8, "-1234567" },
	{ -1234567, "", SCALE_UNITS, 7, "-1.23M" },
	{ 14047.9, "", SCALE_ALL, 9, "14.0k" },
	{ 14047.9, "requests", SCALE_UNITS, 9, "14048" },
	{ 100, "bytes", SCALE_UNITS, 9, "100B" },
	{ 999.5, "bytes", SCALE_UNITS, 9, "0.98KiB" },
	{ 1024, "bytes", SCALE_UNITS, 9, "1KiB" },
	{ 100000006, "bytes", SCALE_UNITS, 9, "95.4MiB" },
	{ 1.8446744e19, "bytes", SCALE_UNITS, 9, "16EiB" },
	{ 1536, "KiB", SCALE_UNITS, 9, "1.50MiB" },
	{ -2048, "bytes", SCALE_UNITS, 9, "-2KiB" },
	{ 1.25, "seconds", SCALE_UNITS, 9, "1.25s" },
	{ 3661, "seconds", SCALE_UNITS, 9, "1h01m" },
	{ 1e300, "seconds", SCALE_UNITS, 9, NULL },
	{ 1250, "us", SCALE_UNITS, 9, "1.25ms" },
	{ 17, "us", SCALE_UNITS, 9, "17us" },
	{ 250, "ns", SCALE_UNITS, 9, "250ns" },
	{ 0.001, "ns", SCALE_UNITS, 9, "0.00ns" },
	{ 2000, "milliseconds", SCALE_UNITS, 9, "2s" },
	{ 2000, "usec", SCALE_UNITS, 9, "2ms" },
	{ 2000, "\316\274s", SCALE_UNITS, 9, "2ms" },
	{ 45, "percent", SCALE_UNITS, 9, "45%" },
	{ 45.25, "%", SCALE_UNITS, 9, "45.2%" },
	{ 100000006, "bytes", SCALE_RAW, 14, "100000006.00" },
	{ 100000006, "bytes", SCALE_RAW, 9, "100000006" },
	{ 1e15, "bytes", SCALE_RAW, 9, "1e+15" },
};

START_TEST(a_number_is_shown_in_its_unit)
{
	char text[STAT_UNIT_MAX];

	for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
		stat_unit_double(text, doubles[i].d, doubles[i].unit,
		    doubles[i].scale, doubles[i].width);
		if (doubles[i].text != NULL)
			ck_assert_str_eq(text, doubles[i].text);
		else
			ck_assert_uint_lt(strlen(text), sizeof(text));
	}
}
END_TEST

static const struct {
	enum schema_kind kind;
	uint64_t value;
	const char *unit;
	enum stat_scale scale;
	const char *text;
} values[] = {
	{ SCHEMA_COUNTER, 100001, "requests", SCALE_UNITS, "100001" },
	{ SCHEMA_COUNTER, 100001, "requests", SCALE_ALL, "100k" },
	{ SCHEMA_COUNTER, 1234567890123, "", SCALE_UNITS, "1.23T" },
	{ SCHEMA_COUNTER, UINT64_MAX, "", SCALE_UNITS, "18.4E" },
	{ SCHEMA_COUNTER, 1234567890, "bytes", SCALE_RAW, "1234567890" },
	{ SCHEMA_GAUGE, (uint64_t)-17, "", SCALE_UNITS, "-17" },
	{ SCHEMA_GAUGE, (uint64_t)-17, "", SCALE_RAW, "-17" },
	{ SCHEMA_UPDOWN, (uint64_t)-2048, "bytes", SCALE_UNITS, "-2KiB" },
	{ SCHEMA_GAUGE, 45, "percent", SCALE_UNITS, "45%" },
	{ SCHEMA_HISTOGRAM, 12, "us", SCALE_UNITS, "12" },
	{ SCHEMA_BITMAP, 0x201, "", SCALE_UNITS, "0x201" },
	{ SCHEMA_BITMAP, 0x201, "", SCALE_RAW, "513" },
};

START_TEST(a_value_is_shown_as_its_kind_is)
{
	char text[STAT_UNIT_MAX], unit[16];
	struct stat_counter k = { .unit = unit };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		k.kind = values[i].kind;
		k.value = values[i].value;
		strcpy(unit, values[i].unit);
		stat_unit_value(text, &k, values[i].scale, 10);
		ck_assert_str_eq(text, values[i].text);
	}
}
END_TEST

START_TEST(no_number_is_longer_than_its_room_however_strange)
{
	static const char *const units[] = { "", "bytes", "seconds", "ns",
		"percent", "MiB" };
	struct unit_random r = { 5 };
	char text[STAT_UNIT_MAX];
	double d;

	for (int i = 0; i < UNIT_TIMES(100000); i++) {
		uint64_t bits = unit_random(&r);

		memcpy(&d, &bits, sizeof(d));
		stat_unit_double(text, d, units[i % 6],
		    (enum stat_scale)(i / 6 % 3), (size_t)i % 24);
		expect(strlen(text) < sizeof(text));
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_number_is_shown_in_its_unit,
		a_value_is_shown_as_its_kind_is,
		no_number_is_longer_than_its_room_however_strange,
	};

	return UNIT_RUN("stat_unit", tests);
}
