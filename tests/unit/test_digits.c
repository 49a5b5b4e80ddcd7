/*
 * test_digits.c -- numbers are written as printf(3) writes them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/digits.h"
#include "tests/unit/unit.h"

/* In decimal, in hex, and its last digits. */
static void
compare(uint64_t v)
{
	char wanted[64], got[64];
	uint32_t part = (uint32_t)(v % 1000000000);

	(void)snprintf(wanted, sizeof(wanted), "%" PRIu64, v);
	memset(got, 'x', sizeof(got));
	*digits_number(got, v) = '\0';
	expect(strcmp(got, wanted) == 0);
	for (size_t i = DIGITS_MAX + 1; i < sizeof(got); i++)
		expect(got[i] == 'x');
	(void)snprintf(wanted, sizeof(wanted), "%016" PRIx64, v);
	*digits_hex(got, v) = '\0';
	expect(strcmp(got, wanted) == 0);
	(void)snprintf(wanted, sizeof(wanted), "%09" PRIu32, part);
	*digits_nine(got, part) = '\0';
	expect(strcmp(got, wanted) == 0);
	*digits_six(got, part) = '\0';
	expect(strcmp(got, wanted + 3) == 0);
	for (unsigned n = 1; n <= 9; n++) {
		*digits_last(got, part, n) = '\0';
		expect(strcmp(got, wanted + 9 - n) == 0);
	}
}

START_TEST(numbers_are_as_printf_has_them)
{
	struct unit_random rnd = { 51 };
	uint64_t v = 1;

	compare(0);
	compare(UINT64_MAX);
	for (int i = 0; i < 20; i++, v *= 10) {
		compare(v - 1);
		compare(v);
		compare(v + 1);
	}
	for (unsigned i = 0; i < 64; i++) {
		compare(UINT64_C(1) << i);
		compare((UINT64_C(1) << i) - 1);
	}
	for (int i = 0; i < UNIT_TIMES(100000); i++)
		compare(unit_random(&rnd) >> unit_below(&rnd, 64));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { numbers_are_as_printf_has_them };

	return UNIT_RUN("digits", tests);
}
