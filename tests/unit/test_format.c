/*
 * test_format.c -- which formats can be deferred, what is stored of their
 * arguments, and that it reads as printf(3) would have written it.
 */
#include "common/format.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define ROOM 65536

/* ASan's checker of formats knows neither %b nor that `.' means `.0'. */
/* NOLINTNEXTLINE(cert-dcl51-cpp,bugprone-reserved-identifier) */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "check_printf=0";
}

/* A format's arguments as a writer fetches them. */
struct fetched {
	struct format_args args;
	uint64_t words[FORMAT_ARGS_MAX];
	long double longs[FORMAT_ARGS_MAX];
};

static void
fetch(struct fetched *f, const char *format, va_list ap)
{
	double d;
	int n;

	ck_assert_int_ge(format_parse(format, strlen(format), &f->args), 0);
	for (int i = 0; i < f->args.count; i++) {
		switch (f->args.types[i]) {
		case FORMAT_INT:
			n = va_arg(ap, int);
			f->words[i] = (uint64_t)n;
			break;
		case FORMAT_LONG:
			f->words[i] = (uint64_t)va_arg(ap, long);
			break;
		case FORMAT_DOUBLE:
			d = va_arg(ap, double);
			memcpy(&f->words[i], &d, 8);
			break;
		case FORMAT_LONG_DOUBLE:
			f->longs[i] = va_arg(ap, long double);
			f->words[i] = (uintptr_t)&f->longs[i];
			break;
		default:
			f->words[i] = (uintptr_t)va_arg(ap, void *);
		}
	}
}

/* Of exactly the length that it has, so that a sanitizer sees the end. */
struct payload {
	void *bytes;
	uint32_t length;
};

static struct payload
encode(const struct fetched *f, uint32_t limit, int err)
{
	uint64_t heads[FORMAT_ARGS_MAX] = { 0 };
	struct payload p;

	p.length = format_measure(&f->args, f->words, limit, heads);
	ck_assert_uint_ne(p.length, 0);
	ck_assert_uint_le(p.length, limit);
	p.bytes = malloc(p.length);
	ck_assert_ptr_nonnull(p.bytes);
	memset(p.bytes, 0xaa, p.length);
	format_encode(p.bytes, &f->args, f->words, heads, 7, err);
	return p;
}

static struct payload
make(const char *format, ...)
{
	struct fetched f = { .words = { 0 } };
	va_list ap;

	va_start(ap, format);
	fetch(&f, format, ap);
	va_end(ap);
	return encode(&f, ROOM, errno);
}

/* Renders in both ways, which must agree; the result is to be freed. */
static char *
render(const char *format, const struct payload *p, int *length)
{
	struct format *f = format_compile(format, strlen(format));
	char *text = malloc(ROOM), *again = malloc(ROOM);

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(again);
	*length = format_render(f, p->bytes, p->length, text, ROOM);
	ck_assert_int_eq(format_render_text(format, strlen(format), p->bytes,
			     p->length, again, ROOM),
	    *length);
	if (*length != -1)
		ck_assert_mem_eq(
		    text, again, *length < ROOM ? (size_t)*length + 1 : ROOM);
	free(again);
	format_free(f);
	return text;
}

static void
is_rendered(const char *format, struct payload p, const char *expected)
{
	int length;
	char *text = render(format, &p, &length);

	ck_assert_str_eq(text, expected);
	ck_assert_int_eq(length, (int)strlen(expected));
	free(text);
	free(p.bytes);
}

/* What printf makes of it is what is rendered. */
static void
same(const char *format, ...)
{
	char expected[8192];
	struct payload p;
	struct fetched f = { .words = { 0 } };
	va_list ap;
	char *text;
	int n, length;

	va_start(ap, format);
	n = vsnprintf(expected, sizeof(expected), format, ap);
	va_end(ap);
	va_start(ap, format);
	fetch(&f, format, ap);
	va_end(ap);
	p = encode(&f, ROOM, errno);
	text = render(format, &p, &length);
	if (n != length || memcmp(text, expected, (size_t)n + 1) != 0)
		ck_abort_msg("%s: [%s], not [%s]", format, text, expected);
	free(text);
	free(p.bytes);
}

static int
parse(const char *format)
{
	struct format_args a;

	return format_parse(format, strlen(format), &a);
}

/* Types as letters: i, l, d, D, p, s. */
static void
takes(const char *format, const char *types)
{
	static const char letters[] = "?ildDps";
	struct format_args a;
	int n = format_parse(format, strlen(format), &a);

	ck_assert_msg(n == (int)strlen(types), "%s takes %d", format, n);
	for (int i = 0; i < n; i++)
		ck_assert_msg(letters[a.types[i]] == types[i],
		    "%s: argument %d is %d", format, i, a.types[i]);
}

START_TEST(a_parse_tells_each_argument)
{
	takes("", "");
	takes("no conversion, 100%%", "");
	takes("%d%i%o%u%x%X%b%B%c", "iiiiiiiii");
	takes("%hhd%hd%hhu%hx", "iiii");
	takes("%ld%lld%qd%jd%zd%Zd%td%Ld", "llllllll");
	takes("%lu%llx%ju%zo%tX%lb", "llllll");
	takes("%a%A%e%E%f%F%g%G%lf", "ddddddddd");
	takes("%La%Le%Lf%LG", "DDDD");
	takes("%s%p%m%%", "sp");
	takes("%*d", "ii");
	takes("%*.*f", "iid");
	takes("%-*.*s|%.5s|%.*Lf", "iissiD");
	takes("%-+ #0'Id", "i");
	takes("%.d%.s%-5.3d", "isi");
	takes("%d%d%d%d%d%d%d%d%d%d%d%d%d%d%*d", "iiiiiiiiiiiiiiii");
}
END_TEST

START_TEST(a_format_that_cannot_be_deferred_is_refused)
{
	static const char *const bad[] = { "%n", "%hhn", "%1$d", "%1$*2$d",
		"%*1$d", "%.*1$d", "%ls", "%lc", "%S", "%C", "%", "abc %", "%5",
		"%-", "%.", "%l", "%y", "%w", "%hs", "%hf", "%llf", "%zs",
		"%lp", "%hhhd", "%lhd", "%llld", "%5%", "%*%", "% %", "%d%n",
		"%D", "%v", "%.-5d", "%5-d", "%2147483647d", "%.2147483647s",
		"%99999999999999999999d", "%1048577d", "%.1048577f",
		"%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%*d" };
	struct format_args a;
	char text[FORMAT_TEXT_MAX + 1];

	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		ck_assert_msg(parse(bad[i]) == -1, "%s is taken", bad[i]);
		errno = 0;
		ck_assert_ptr_null(format_compile(bad[i], strlen(bad[i])));
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_int_eq(format_parse("%d\0%d", 5, &a), -1);
	ck_assert_int_eq(format_parse("%\0d", 3, &a), -1);
	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(format_parse(text, FORMAT_TEXT_MAX, &a), 0);
	ck_assert_int_eq(format_parse(text, FORMAT_TEXT_MAX + 1, &a), -1);
	ck_assert_int_eq(parse("%1048576d %.2147483646s"), 2);
}
END_TEST

/* Nothing behind its length is looked at. */
START_TEST(a_format_ends_where_its_length_says)
{
	struct format_args a;

	ck_assert_int_eq(format_parse("%d%n", 2, &a), 1);
	ck_assert_int_eq(format_parse("%lld", 3, &a), -1);
	ck_assert_int_eq(format_parse("%ld", 2, &a), -1);
	ck_assert_int_eq(format_parse("%d", 1, &a), -1);
	ck_assert_int_eq(format_parse("%5.3d", 4, &a), -1);
}
END_TEST

START_TEST(a_payload_is_as_the_manual_says)
{
	struct payload p = make(
	    "%d %s %lu %s %Lf %.2s", -1, "123456789", 3ul, NULL, 1.5L, "abc");
	const uint8_t *b = p.bytes;
	const struct args_string *s;
	uint64_t w;
	long double ld;

	ck_assert_uint_eq(p.length, 8 + 8 + 24 + 8 + 8 + 16 + 16);
	ck_assert_uint_eq(((const struct args_head *)p.bytes)->format, 7);
	ck_assert_uint_eq(format_id(p.bytes, p.length), 7);
	ck_assert_uint_eq(format_id(p.bytes, 7), 0);
	memcpy(&w, b + 8, 8);
	ck_assert_uint_eq(w, UINT64_MAX);
	s = (const struct args_string *)(b + 16);
	ck_assert_uint_eq(s->length, 9);
	ck_assert_uint_eq(s->flags, 0);
	ck_assert_mem_eq(b + 24, "123456789\0\0\0\0\0\0\0", 16);
	memcpy(&w, b + 40, 8);
	ck_assert_uint_eq(w, 3);
	s = (const struct args_string *)(b + 48);
	ck_assert_uint_eq(s->length, 0);
	ck_assert_uint_eq(s->flags, ARGS_NULL);
	memset(&ld, 0, sizeof(ld));
	memcpy(&ld, b + 56, sizeof(ld));
	ck_assert(ld == 1.5L);
	s = (const struct args_string *)(b + 72);
	ck_assert_uint_eq(s->length, 2);
	ck_assert_uint_eq(s->flags, 0);
	ck_assert_mem_eq(b + 80, "ab\0\0\0\0\0\0", 8);
	free(p.bytes);
}
END_TEST

/* A string of n bytes at a block's end, with or without its zero. */
static char *
string_of(size_t n, int zero)
{
	char *s = malloc(n + (zero ? 1 : 0) + (n == 0));

	ck_assert_ptr_nonnull(s);
	memset(s, 'x', n);
	if (zero)
		s[n] = '\0';
	return s;
}

START_TEST(a_string_is_not_read_beyond_its_precision)
{
	char *s = string_of(5, 0);

	is_rendered("%.5s|", make("%.5s|", s), "xxxxx|");
	is_rendered("%.*s|", make("%.*s|", 5, s), "xxxxx|");
	is_rendered("%*.*s|", make("%*.*s|", 6, 3, s), "   xxx|");
	is_rendered("%.0s|", make("%.0s|", s), "|");
	free(s);
	is_rendered("%.*s", make("%.*s", -1, "all of it"), "all of it");
	is_rendered("%.*s", make("%.*s", INT_MAX, "all of it"), "all of it");
	is_rendered("%.*s", make("%.*s", INT_MIN, "all of it"), "all of it");
}
END_TEST

/* Encodes one string with room for `room' bytes of it; its head. */
static uint64_t
head_of(const char *format, const char *s, uint32_t room)
{
	struct format_args a;
	uint64_t word = (uintptr_t)s, head = 0;

	ck_assert_int_eq(format_parse(format, strlen(format), &a), 1);
	ck_assert_uint_le(
	    format_measure(&a, &word, 16 + room, &head), 16 + room);
	return head;
}

START_TEST(a_string_that_is_cut_is_marked)
{
	const uint64_t cut = (uint64_t)ARGS_CUT << 32;
	char *s = string_of(FORMAT_STRING_MAX, 1);
	char *t = string_of(FORMAT_STRING_MAX + 1, 1);

	ck_assert_uint_eq(head_of("%s", s, ROOM), FORMAT_STRING_MAX);
	ck_assert_uint_eq(head_of("%s", t, ROOM), FORMAT_STRING_MAX | cut);
	ck_assert_uint_eq(head_of("%.4096s", t, ROOM), FORMAT_STRING_MAX);
	ck_assert_uint_eq(head_of("%.4097s", t, ROOM), FORMAT_STRING_MAX | cut);
	ck_assert_uint_eq(head_of("%.9999s", s, ROOM), FORMAT_STRING_MAX);
	ck_assert_uint_eq(head_of("%s", "12345678", 8), 8);
	ck_assert_uint_eq(head_of("%s", "123456789", 8), 8 | cut);
	ck_assert_uint_eq(head_of("%s", "123456789", 15), 8 | cut);
	ck_assert_uint_eq(head_of("%s", "123456789", 16), 9);
	ck_assert_uint_eq(head_of("%.8s", "123456789", 8), 8);
	ck_assert_uint_eq(head_of("%s", "1", 0), 0 | cut);
	ck_assert_uint_eq(head_of("%s", "", 0), 0);
	ck_assert_uint_eq(head_of("%s", NULL, 0), (uint64_t)ARGS_NULL << 32);
	free(s);
	free(t);
}
END_TEST

START_TEST(a_limit_is_kept_and_the_last_strings_are_cut_first)
{
	struct format_args a;
	uint64_t heads[FORMAT_ARGS_MAX] = { 0 };
	uint64_t words[] = { (uintptr_t) "0123456789", 5,
		(uintptr_t) "0123456789" };

	ck_assert_int_eq(format_parse("%s %d %s", 8, &a), 3);
	ck_assert_uint_eq(a.fixed, 32);
	ck_assert_uint_eq(format_measure(&a, words, 31, heads), 0);
	for (uint32_t limit = 32; limit < 80; limit++)
		ck_assert_uint_le(
		    format_measure(&a, words, limit, heads), limit);
	ck_assert_uint_eq(format_measure(&a, words, 56, heads), 56);
	ck_assert_uint_eq(heads[0], 10);
	ck_assert_uint_eq(heads[2], 8 | (uint64_t)ARGS_CUT << 32);
	ck_assert_uint_eq(format_measure(&a, words, 64, heads), 64);
	ck_assert_uint_eq(heads[2], 10);
	ck_assert_int_eq(format_parse("%d %Lf", 6, &a), 2);
	ck_assert_uint_eq(format_measure(&a, words, 31, heads), 0);
	ck_assert_uint_eq(format_measure(&a, words, 32, heads), 32);
}
END_TEST

START_TEST(a_cut_string_shows_what_there_is)
{
	struct fetched f = { .words = { (uintptr_t) "0123456789" } };
	struct payload p;
	int length;
	char *text;

	ck_assert_int_eq(format_parse("<%-12s>", 7, &f.args), 1);
	p = encode(&f, 24, 0);
	text = render("<%-12s>", &p, &length);
	ck_assert_str_eq(text, "<01234567    >");
	free(text);
	free(p.bytes);
}
END_TEST

START_TEST(common_conversions_read_as_printf_has_them)
{
	same("");
	same("nothing");
	same("100%% %%");
	same("%d %d %i %d", 0, -1, INT_MIN, INT_MAX);
	same("%u %u %x %x", 0u, UINT_MAX, 0u, 0xdeadbeefu);
	same("%ld %ld %lu %lx", LONG_MIN, LONG_MAX, ULONG_MAX, ULONG_MAX);
	same("%lld %llu %zu %zd %ju %td", LLONG_MIN, ULLONG_MAX, SIZE_MAX,
	    (ssize_t)-1, UINTMAX_MAX, PTRDIFF_MIN);
	same("%hhd %hhu %hd %hu %hhx", 511, 511, 98304, 98304, -1);
	same("%s|%s|%s", "", "text", (char *)NULL);
	same("%c%c", 'a', 'b');
	same("method=%s path=%s status=%d us=%lu", "GET", "/", 200, 31ul);
}
END_TEST

START_TEST(all_other_conversions_do_too)
{
	same("%5d|%-5d|%05d|%+d|% d|%.3d|%+.0d|%8.3d", 1, 2, 3, 4, 5, 6, 0, 8);
	same("%*d|%-*d|%*d|%.*d|%.*d", 5, 1, 5, 2, -5, 3, 3, 4, -3, 5);
	same("%#x|%#X|%#o|%#b|%#B|%b|%o|%X", 255, 255, 8, 5, 5, 5, 8, 255);
	same("%010s|%-10s|%.2s|%10.2s|%+s", "ab", "cd", "efg", "hij", "k");
	same("%5c|%-5c|%05c", 'a', 'b', 'c');
	same("%'d %Id %'.2f", 1234567, 5, 1234567.0);
	same("%f %e %g %a %F %E %G %A", 1.5, 1.5, 1.5, 1.5, -0.0, 1e300, 1e-5,
	    1e10);
	same("%.3f|%10.2f|%-10.1f|%+.0e|%#.0f|%.*f|%lf", 3.14159, 2.5, 1.25,
	    12345.0, 3.0, 2, 1.0, 0.1);
	same("%f %F %e", (double)INFINITY, (double)NAN, -(double)INFINITY);
	same("%Lf %Lg %La %.20Le", 1.5L, LDBL_MAX, 0.1L, 1.0L / 3);
	same("%p %p %20p %-20p %+p", (void *)0, (void *)16, (void *)16,
	    (void *)0, (void *)1);
	same("%.5s|%.6s|%10s|%-10.7s|", NULL, NULL, NULL, NULL);
}
END_TEST

START_TEST(an_error_is_the_one_that_was_stored)
{
	static const int errs[] = { 0, ENOENT, EHWPOISON, 41, 9999, -3,
		INT_MIN };

	for (size_t i = 0; i < UNIT_COUNT(errs); i++) {
		errno = errs[i];
		same("%m");
		errno = errs[i];
		same("%30m|%-30m|%.4m|%10.3m|%030m");
		errno = errs[i];
		same("%#m|%#20m|%-#20m|%+#8.6m|%#08m");
	}
}
END_TEST

/* Those of a writer: it has no zeros in a string, but %c may be one. */
START_TEST(a_zero_character_is_rendered)
{
	struct payload p = make("<%c%3c>", 0, 0);
	int length;
	char *text = render("<%c%3c>", &p, &length);

	ck_assert_int_eq(length, 6);
	ck_assert_mem_eq(text, "<\0  \0>", 7);
	free(text);
	free(p.bytes);
}
END_TEST

START_TEST(a_small_buffer_gets_the_beginning_and_the_whole_length)
{
	static const char format[] = "%s-%5d-%f-%-5s|";
	struct format *f = format_compile(format, strlen(format));
	struct payload p = make(format, "string", 42, 2.5, "ab");
	static const char whole[] = "string-   42-2.500000-ab   |";

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(
	    format_render(f, p.bytes, p.length, NULL, 0), (int)strlen(whole));
	for (size_t size = 1; size <= sizeof(whole); size++) {
		char *to = malloc(size);

		ck_assert_ptr_nonnull(to);
		ck_assert_int_eq(format_render(f, p.bytes, p.length, to, size),
		    (int)strlen(whole));
		ck_assert_mem_eq(to, whole, size - 1);
		ck_assert_int_eq(to[size - 1], '\0');
		free(to);
	}
	format_free(f);
	free(p.bytes);
}
END_TEST

/* A reader in its user's language; shows something if there is such a locale
 * (localedef -i de_DE -f UTF-8 DIR/de_DE.UTF-8, LOCPATH=DIR). */
START_TEST(a_reader_s_locale_changes_nothing)
{
	static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8",
		"de_DE", "fr_FR.UTF-8", "fr_FR.utf8" };

	for (size_t i = 0; i < UNIT_COUNT(names); i++)
		if (setlocale(LC_ALL, names[i]) != NULL)
			break;
	errno = ENOENT;
	is_rendered("%.1f %Lf %'d %m", make("%.1f %Lf %'d %m", 1.5, 2.5L, 5000),
	    "1.5 2.500000 5000 No such file or directory");
	setlocale(LC_ALL, "C");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_parse_tells_each_argument,
		a_format_that_cannot_be_deferred_is_refused,
		a_format_ends_where_its_length_says,
		a_payload_is_as_the_manual_says,
		a_string_is_not_read_beyond_its_precision,
		a_string_that_is_cut_is_marked,
		a_limit_is_kept_and_the_last_strings_are_cut_first,
		a_cut_string_shows_what_there_is,
		common_conversions_read_as_printf_has_them,
		all_other_conversions_do_too,
		an_error_is_the_one_that_was_stored,
		a_zero_character_is_rendered,
		a_small_buffer_gets_the_beginning_and_the_whole_length,
		a_reader_s_locale_changes_nothing,
	};

	return UNIT_RUN("format", tests);
}
