/*
 * test_format_strange.c -- payloads that do not fit their format, or that ask
 * for too much.
 */
#include "common/format.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define ROOM 65536

/* A payload of words; its last ones may be left out. */
static int
rendered_length(const char *format, const uint64_t *words, size_t bytes)
{
	static char once[ROOM], twice[ROOM];
	struct format *f = format_compile(format, strlen(format));
	char *payload = malloc(bytes == 0 ? 1 : bytes);
	int length;

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(payload);
	memcpy(payload, words, bytes);
	length = format_render(f, payload, bytes, once, ROOM);
	ck_assert_int_eq(format_render_text(format, strlen(format), payload,
			     bytes, twice, ROOM),
	    length);
	if (length != -1)
		ck_assert_int_eq(memcmp(once, twice,
				     length < ROOM ? (size_t)length + 1 : ROOM),
		    0);
	format_free(f);
	free(payload);
	return length;
}

START_TEST(a_payload_that_does_not_fit_is_refused)
{
	uint64_t w[8] = { 1, 8, 0x4141414141414141 };
	const uint64_t top = UINT64_C(1) << 63;

	ck_assert_int_eq(rendered_length("", w, 0), -1);
	ck_assert_int_eq(rendered_length("", w, 7), -1);
	ck_assert_int_eq(rendered_length("", w, 8), 0);
	ck_assert_int_eq(rendered_length("", w, 9), -1);
	ck_assert_int_eq(rendered_length("%d", w, 15), -1);
	ck_assert_int_eq(rendered_length("%d", w, 16), 1);
	ck_assert_int_eq(rendered_length("%d", w, 24), -1);
	ck_assert_int_eq(rendered_length("%*d", w, 16), -1);
	ck_assert_int_eq(rendered_length("%s", w, 24), 8);
	ck_assert_int_eq(rendered_length("%s", w, 23), -1);
	ck_assert_int_eq(rendered_length("%s", w, 16), -1);
	ck_assert_int_eq(rendered_length("%s%d", w, 24), -1);
	w[1] = 7;
	ck_assert_int_eq(rendered_length("%s", w, 24), 7);
	w[1] = 9;
	ck_assert_int_eq(rendered_length("%s", w, 24), -1);
	w[1] = UINT32_MAX;
	ck_assert_int_eq(rendered_length("%s", w, 24), -1);
	w[1] = 8 | (uint64_t)ARGS_NULL << 32;
	ck_assert_int_eq(rendered_length("%s", w, 24), -1);
	w[1] = (uint64_t)ARGS_NULL << 32;
	ck_assert_int_eq(rendered_length("%s", w, 16), 6);
	ck_assert_int_eq(rendered_length("%Lf", w, 16), -1);
	/* an unnormal, which no x87 makes */
	w[1] = 5, w[2] = 0x4000;
	if (LDBL_MANT_DIG == 64)
		ck_assert_int_eq(rendered_length("%Lf", w, 24), -1);
	w[1] = top, w[2] = 0x3fff;
	if (LDBL_MANT_DIG == 64)
		ck_assert_int_eq(rendered_length("%Lf", w, 24), 8);
}
END_TEST

/* A string of a stranger's may have a zero, and be longer than allowed. */
START_TEST(a_strange_string_ends_at_its_zero_and_precision)
{
	uint64_t w[3] = { 1, 8, 0 };

	memcpy(&w[2], "ab\0cdefg", 8);
	ck_assert_int_eq(rendered_length("%s", w, 24), 2);
	ck_assert_int_eq(rendered_length("%9s", w, 24), 9);
	memcpy(&w[2], "abcdefgh", 8);
	ck_assert_int_eq(rendered_length("%.3s", w, 24), 3);
	w[1] = 8 | UINT64_C(0xfffffffd) << 32; /* flags of a later version */
	ck_assert_int_eq(rendered_length("%s", w, 24), 8);
}
END_TEST

START_TEST(a_width_or_precision_is_bounded)
{
	static const uint32_t large[] = { FORMAT_RENDER_MAX + 1, INT_MAX,
		(uint32_t)INT_MIN, (uint32_t)-FORMAT_RENDER_MAX - 1 };
	uint64_t w[4] = { 1, FORMAT_RENDER_MAX, 5, 5 };
	char text[FORMAT_TEXT_MAX + 1] = "";

	ck_assert_int_eq(rendered_length("%*d", w, 24), FORMAT_RENDER_MAX);
	ck_assert_int_eq(rendered_length("%*d.", w, 24), -1);
	ck_assert_int_eq(rendered_length("%.*x", w, 24), FORMAT_RENDER_MAX);
	for (size_t i = 0; i < UNIT_COUNT(large); i++) {
		w[1] = large[i];
		ck_assert_int_eq(rendered_length("%*d", w, 24), -1);
		ck_assert_int_eq(rendered_length("%*c", w, 24), -1);
		ck_assert_int_eq(rendered_length("%*p", w, 24), -1);
		ck_assert_int_eq(rendered_length("%*f", w, 24), -1);
		ck_assert_int_eq(rendered_length("%*m", w, 16), -1);
		if ((int32_t)large[i] < 0)
			continue;
		ck_assert_int_eq(rendered_length("%.*d", w, 24), -1);
		ck_assert_int_eq(rendered_length("%.*f", w, 24), -1);
	}
	/* and their sum, which takes no argument at all */
	while (strlen(text) < FORMAT_TEXT_MAX - 9)
		strcat(text, "%1000000m");
	ck_assert_int_eq(rendered_length(text, w, 8), -1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_payload_that_does_not_fit_is_refused,
		a_strange_string_ends_at_its_zero_and_precision,
		a_width_or_precision_is_bounded,
	};

	return UNIT_RUN("format_strange", tests);
}
