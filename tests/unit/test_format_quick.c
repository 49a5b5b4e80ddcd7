/*
 * test_format_quick.c -- what is rendered quickly is what is rendered slowly.
 *
 * Which of the two it is goes by the room that there is: FORMAT_SPARE bytes, or
 * one less.
 */
#include "common/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/piece.h"
#include "tests/unit/unit.h"

#define TIMES UNIT_TIMES(200000)
#define FIELDS 16

struct text {
	char bytes[4096 + FORMAT_SPARE];
	int n;
	struct format_span spans[FIELDS];
};

/* Never reads beyond the payload, as ASan would see. */
static void
render(const struct format *f, const uint64_t *words, size_t n, size_t spare,
    struct text *to)
{
	uint8_t *payload = malloc(n + 1);

	expect(payload != NULL);
	memcpy(payload, words, n);
	memset(to, 0, sizeof(*to));
	to->n =
	    format_render_spans(f, payload, n, to->bytes, n + spare, to->spans);
	free(payload);
}

static void
both_agree(const char *text, const uint64_t *words, size_t n)
{
	struct format *f = format_compile(text, strlen(text));
	static struct text quick, slow;
	size_t fields;

	expect(f != NULL && f->quick);
	(void)format_fields(f, &fields);
	expect(fields <= FIELDS);
	render(f, words, n, FORMAT_SPARE, &quick);
	render(f, words, n, FORMAT_SPARE - 1, &slow);
	format_free(f);
	if (quick.n != slow.n ||
	    (slow.n >= 0 &&
		(memcmp(quick.bytes, slow.bytes, (size_t)slow.n + 1) != 0 ||
		    memcmp(quick.spans, slow.spans,
			fields * sizeof(*slow.spans)) != 0)))
		ck_abort_msg("`%s': %d `%s', not %d `%s'", text, quick.n,
		    quick.bytes, slow.n, slow.bytes);
}

/* A format of up to six pieces; what it takes goes into words. */
static size_t
make(struct unit_random *r, char text[512], uint64_t words[64])
{
	static const char *const literals[] = { "", " ", "key=", " a=", "=",
		" \"", "\" ", "sixteen bytes and more of text, and a word ",
		"%%" };
	static const char *const conversions[] = { "%d", "%i", "%ld", "%hhd",
		"%hd", "%u", "%lu", "%hhu", "%hu", "%x", "%lx", "%hhx", "%c",
		"%zu", "%s" };
	size_t n = 1, length = unit_below(r, 6), which;

	*text = '\0';
	words[0] = 1;
	for (size_t i = 0; i < length; i++) {
		strcat(text, literals[unit_below(r, UNIT_COUNT(literals))]);
		which = unit_below(r, UNIT_COUNT(conversions));
		strcat(text, conversions[which]);
		words[n] = unit_random(r) >> unit_below(r, 64);
		if (unit_below(r, 8) == 0)
			words[n] = -words[n];
		if (strcmp(conversions[which], "%s") == 0) {
			size_t bytes = unit_below(r, 41);

			words[n] = unit_below(r, 8) == 0
				       ? (uint64_t)ARGS_NULL << 32
				       : bytes;
			if (words[n] == bytes)
				for (size_t k = 0; k < (bytes + 7) / 8; k++)
					words[++n] =
					    unit_random(r) |
					    UINT64_C(0x0101010101010101);
		}
		n++;
	}
	strcat(text, literals[unit_below(r, UNIT_COUNT(literals))]);
	return n;
}

/* An empty field has no piece of its own. */
static int
is_quick(const char *text)
{
	struct format *f = format_compile(text, strlen(text));
	int quick;

	expect(f != NULL);
	quick = f->quick;
	for (size_t i = 0; i < f->n_fields && !quick; i++)
		if (f->fields[i].first == f->fields[i].end)
			quick = -1;
	expect(quick != 0);
	format_free(f);
	return quick == 1;
}

START_TEST(quick_and_slow_make_the_same_text_and_spans)
{
	struct unit_random r = { 20 };
	uint64_t words[64];
	char text[512];
	size_t n, quick = 0;

	for (int i = 0; i < TIMES; i++) {
		n = make(&r, text, words);
		if (!is_quick(text))
			continue;
		both_agree(text, words, n * 8);
		quick++;
	}
	ck_assert_uint_gt(quick, TIMES / 2);
}
END_TEST

START_TEST(quick_and_slow_refuse_the_same_payloads)
{
	struct unit_random r = { 21 };
	uint64_t words[64];
	char text[512];
	size_t n;

	for (int i = 0; i < TIMES; i++) {
		n = make(&r, text, words);
		if (!is_quick(text))
			continue;
		switch (unit_below(&r, 3)) {
		case 0:
			n = n * 8 - unit_below(&r, n * 8 + 1);
			break;
		case 1:
			words[unit_below(&r, n)] = unit_below(&r, 300);
			n *= 8;
			break;
		default:
			((char *)words)[unit_below(&r, n * 8)] =
			    (char)unit_below(&r, 3);
			n *= 8;
		}
		both_agree(text, words, n);
	}
}
END_TEST

START_TEST(the_longest_texts_have_room)
{
	char text[FORMAT_TEXT_MAX + 1];
	uint64_t words[FORMAT_ARGS_MAX + 1] = { 1 };

	memset(text, '.', sizeof(text) - 1);
	text[FORMAT_TEXT_MAX] = '\0';
	both_agree(text, words, 8);
	for (size_t i = 0; i < FORMAT_ARGS_MAX; i++) {
		memcpy(text + 4 * i, "%ld.", 4);
		words[i + 1] = UINT64_C(1) << 63;
	}
	both_agree(text, words, sizeof(words));
}
END_TEST

START_TEST(what_has_flags_or_the_like_is_slow)
{
	static const char *const texts[] = { "%5d", "%.3s", "%-s", "%f", "%m",
		"%p", "%X", "%o", "%*d", "%+d", "%#x", "a= b=%d" };

	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		struct format *f = format_compile(texts[i], strlen(texts[i]));

		ck_assert_ptr_nonnull(f);
		ck_assert_msg(!f->quick, "%s", texts[i]);
		format_free(f);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		quick_and_slow_make_the_same_text_and_spans,
		quick_and_slow_refuse_the_same_payloads,
		the_longest_texts_have_room,
		what_has_flags_or_the_like_is_slow,
	};

	return UNIT_RUN("format_quick", tests);
}
