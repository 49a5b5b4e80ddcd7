/*
 * test_reader.c -- what all readers share: text from strangers, options.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"
#include "readers/buffer.h"
#include "readers/option.h"
#include "tests/unit/fake.h"
#include "tests/unit/shown.h"

/* The length of a valid UTF-8 sequence, by the table of RFC 3629; 0: none. */
static size_t
sequence(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char from, to, second_from, second_to;
		size_t length;
	} table[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (p[0] < table[i].from || p[0] > table[i].to)
			continue;
		if (table[i].length > n)
			return 0;
		if (table[i].length > 1 &&
		    (p[1] < table[i].second_from || p[1] > table[i].second_to))
			return 0;
		for (size_t k = 2; k < table[i].length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return table[i].length;
	}
	return 0;
}

/* RFC 8259, for strings. */
static int
is_json_string(const unsigned char *p, size_t n)
{
	size_t length;

	if (n < 2 || p[0] != '"' || p[n - 1] != '"')
		return 0;
	p++;
	n -= 2;
	while (n > 0) {
		if (*p < 0x20 || *p == '"')
			return 0;
		length = sequence(p, n);
		if (length == 0)
			return 0;
		if (*p == '\\') {
			if (n < 2 || strchr("\"\\/bfnrtu", p[1]) == NULL)
				return 0;
			length = p[1] == 'u' ? 6 : 2;
			if (length > n)
				return 0;
			for (size_t i = 2; i < length; i++)
				if (strchr("0123456789abcdefABCDEF", p[i]) ==
				    NULL)
					return 0;
		}
		p += length;
		n -= length;
	}
	return 1;
}

/* Nothing that does more to a terminal than show. */
static int
is_safe(const unsigned char *p, size_t n)
{
	size_t length;

	for (; n > 0; p += length, n -= length) {
		length = sequence(p, n);
		if (length == 0 || *p < 0x20 || *p == 0x7f ||
		    (length == 2 && p[0] == 0xc2 && p[1] < 0xa0) ||
		    (length == 3 && memcmp(p, "\xe2\x80\xae", 3) == 0))
			return 0;
	}
	return 1;
}

START_TEST(every_byte_sequence_becomes_valid_json_and_a_safe_line)
{
	struct unit_random rnd = { 3 };
	unsigned char bytes[200], *exact;
	struct buffer b;
	size_t n;

	buffer_init(&b, -1);
	for (int i = 0; i < UNIT_TIMES(100000); i++) {
		n = shown_nasty(&rnd, (char *)bytes, sizeof(bytes));
		/* of exactly that size, for the sanitizers */
		exact = malloc(n == 0 ? 1 : n);
		expect(exact != NULL);
		memcpy(exact, bytes, n);
		b.n = 0;
		buffer_json(&b, (char *)exact, n);
		expect(is_json_string((unsigned char *)b.data, b.n));
		b.n = 0;
		buffer_safe(&b, (char *)exact, n);
		expect(is_safe((unsigned char *)b.data, b.n));
		free(exact);
	}
	buffer_free(&b);
}
END_TEST

START_TEST(text_is_escaped_as_documented)
{
	static const struct {
		const char *text, *json, *safe;
	} cases[] = {
		{ "", "\"\"", "" },
		{ "a b", "\"a b\"", "a b" },
		{ "say \"x\\y\"", "\"say \\\"x\\\\y\\\"\"", "say \"x\\y\"" },
		{ "1\n2\t3\r", "\"1\\n2\\t3\\r\"", "1\\n2\\t3\\r" },
		{ "\x1b[0m", "\"\\u001b[0m\"", "\\x1b[0m" },
		{ "\xc3\xa4", "\"\xc3\xa4\"", "\xc3\xa4" },
		{ "\xe4", "\"\\u00e4\"", "\\xe4" },
		{ "\xc2\x9bx", "\"\\u009bx\"", "\\xc2\\x9bx" },
		{ "\xe2\x80\xae", "\"\\u202e\"", "\\xe2\\x80\\xae" },
		{ "\x7f", "\"\\u007f\"", "\\x7f" },
	};
	struct buffer b;

	buffer_init(&b, -1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		b.n = 0;
		buffer_json(&b, cases[i].text, strlen(cases[i].text));
		buffer_byte(&b, '\0');
		ck_assert_str_eq(b.data, cases[i].json);
		b.n = 0;
		buffer_safe(&b, cases[i].text, strlen(cases[i].text));
		buffer_byte(&b, '\0');
		ck_assert_str_eq(b.data, cases[i].safe);
	}
	b.n = 0;
	buffer_number(&b, UINT64_MAX);
	buffer_byte(&b, ' ');
	buffer_signed(&b, INT64_MIN);
	buffer_byte(&b, '\0');
	ck_assert_str_eq(b.data, "18446744073709551615 -9223372036854775808");
	buffer_free(&b);
}
END_TEST

START_TEST(numbers_and_timeouts_are_taken_whole_or_not_at_all)
{
	static const struct {
		const char *text;
		int r;
		uint64_t n;
	} numbers[] = { { "0", 0, 0 }, { "100", 0, 100 }, { "101", -1, 0 },
		{ "", -1, 0 }, { "-1", -1, 0 }, { " 1", -1, 0 },
		{ "1 ", -1, 0 }, { "1k", -1, 0 }, { "0x1", -1, 0 },
		{ "99999999999999999999999", -1, 0 } };
	static const struct {
		const char *text;
		int r;
		uint64_t n;
	} timeouts[] = { { "5", 0, 5 * NSEC }, { "0.25", 0, NSEC / 4 },
		{ "off", 0, ATTACH_FOREVER }, { "0", 0, 0 }, { "", -1, 0 },
		{ "-1", -1, 0 }, { "5s", -1, 0 }, { "1.x", -1, 0 },
		{ "99999999999999999999", -1, 0 } };
	uint64_t n;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		n = 0;
		ck_assert_int_eq(
		    parse_number(numbers[i].text, 0, 100, &n), numbers[i].r);
		ck_assert_uint_eq(n, numbers[i].n);
	}
	for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
		n = 0;
		ck_assert_int_eq(
		    parse_timeout(timeouts[i].text, &n), timeouts[i].r);
		ck_assert_uint_eq(n, timeouts[i].n);
	}
}
END_TEST

START_TEST(what_cannot_be_attached_is_refused_and_not_waited_for)
{
	static const char zeros[8192];
	struct attach a;
	char path[64];
	int dir = unit_mkdir(path), fd;
	uint64_t began;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	stop_init();
	attach_init(&a);
	/* nothing there: it waits as long as it is told */
	began = clock_mono();
	ck_assert_int_eq(attach_open(&a, path, NSEC / 5), ATTACH_FAILED);
	ck_assert_uint_ge(clock_mono() - began, NSEC / 5);
	began = clock_mono();
	ck_assert_int_eq(mkfifoat(dir, SEGMENT_FILE, 0600), 0);
	ck_assert_int_eq(attach_open(&a, path, ATTACH_FOREVER), ATTACH_FAILED);
	ck_assert_int_eq(unlinkat(dir, SEGMENT_FILE, 0), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", dir, SEGMENT_FILE), 0);
	ck_assert_int_eq(attach_open(&a, path, ATTACH_FOREVER), ATTACH_FAILED);
	ck_assert_int_eq(unlinkat(dir, SEGMENT_FILE, 0), 0);
	fd = openat(dir, SEGMENT_FILE, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(attach_open(&a, path, ATTACH_FOREVER), ATTACH_FAILED);
	ck_assert_int_eq(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
	ck_assert_int_eq(attach_open(&a, path, ATTACH_FOREVER), ATTACH_FAILED);
	close(fd);
	ck_assert_int_eq(attach_open(&a, "a/b", ATTACH_FOREVER), ATTACH_FAILED);
	ck_assert_uint_lt(clock_mono() - began, NSEC);
	unit_rmdir(path, dir);
}
END_TEST

/* A runtime directory in /tmp that others may enter is not ours to believe. */
START_TEST(instances_in_tmp_are_listed_only_if_the_directory_is_ours)
{
	char dir[64], path[96], file[128];
	size_t n;
	int fd;

	(void)snprintf(dir, sizeof(dir), "/tmp/shmlog-%u", (unsigned)geteuid());
	if (mkdir(dir, 0700) == -1)
		return; /* somebody uses it */
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	(void)snprintf(file, sizeof(file), "%s/segment", path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ne(fd, -1);
	close(fd);
	ck_assert_int_eq(setenv("SHMLOG_DIR", dir, 1), 0);
	free(instances_list(&n));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	fd = (int)n;
	free(instances_list(&n));
	(void)unlink(file);
	(void)rmdir(path);
	(void)rmdir(dir);
	ck_assert_int_eq(fd, 1);
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* A file that claims to be the one before has bounds of its own. */
START_TEST(a_list_is_read_anew_for_a_segment_of_another_size)
{
	struct listing l = { 0 };
	struct fake f;
	struct attach a;

	fake_begin(&f);
	attach_init(&a);
	a.quiet = 1;
	ck_assert_int_eq(attach_open(&a, f.path, 0), ATTACH_OK);
	listing_wait(&l, &a.segment);
	ck_assert_int_eq(listing_poll(&l, &a.segment), LISTING_SAME);
	a.segment.plan.segment_size -= SEGMENT_PAGE;
	ck_assert_int_eq(listing_poll(&l, &a.segment), LISTING_NEW);
	a.segment.plan.segment_size += SEGMENT_PAGE;
	listing_free(&l);
	attach_close(&a);
	fake_end(&f);
}
END_TEST

START_TEST(a_glob_that_is_none_is_refused)
{
	static const char *const good[] = { "*", "a", "[ab]", "[]a]", "[!]a]",
		"[^a]*", "\\[", "a]", "[[:alpha:]]x", "[[.a.]-z]", "[[:]",
		"[\\]]", "a\\", "[[]" };
	static const char *const bad[] = { "", "[", "a[", "[]", "[!]", "[a",
		"[[:alpha:]", "[\\]", "[[:", "[ab]c[", "[\\" };
	struct globs g = { 0 };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (glob_fault(good[i]) != NULL)
			ck_abort_msg("%s: %s", good[i], glob_fault(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (glob_fault(bad[i]) == NULL)
			ck_abort_msg("'%s' was taken", bad[i]);
	ck_assert_ptr_null(globs_add(&g, "a,b[c],d"));
	expect_eq(g.n, 3);
	ck_assert_ptr_nonnull(globs_add(&g, ""));
	ck_assert_ptr_nonnull(globs_add(&g, "a,,b"));
	ck_assert_ptr_nonnull(globs_add(&g, "a,"));
	ck_assert_ptr_nonnull(globs_add(&g, "x,[a,b]"));
	globs_free(&g);
}
END_TEST

START_TEST(a_nap_ends_when_nobody_reads_stdout)
{
	int ends[2];

	for (int kind = 0; kind < 2; kind++) {
		ck_assert_int_eq(
		    kind == 0 ? pipe(ends)
			      : socketpair(AF_UNIX, SOCK_STREAM, 0, ends),
		    0);
		ck_assert_int_ne(dup2(ends[1], STDOUT_FILENO), -1);
		close(ends[1]);
		stop_init();
		stop_nap(MSEC);
		ck_assert(!stop_asked());
		close(ends[0]);
		stop_nap(NSEC);
		ck_assert(stop_asked());
	}
	/* nobody reads these in the first place */
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
	stop_init();
	stop_nap(MSEC);
	ck_assert(!stop_asked());
	close(STDOUT_FILENO);
	stop_init();
	stop_nap(MSEC);
	ck_assert(!stop_asked());
}
END_TEST

/* As if a signal had come between stop_asked() and the write. */
START_TEST(a_write_that_begins_behind_a_signal_is_interrupted_all_the_same)
{
	static char rubbish[1 << 20];
	struct buffer b;
	int ends[2];

	stop_init();
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert(stop_asked());
	/* it comes back with less than all, and then with nothing */
	ck_assert_int_lt(
	    write(ends[1], rubbish, sizeof(rubbish)), (ssize_t)sizeof(rubbish));
	buffer_init(&b, ends[1]);
	buffer_put(&b, rubbish, sizeof(rubbish));
	ck_assert_int_eq(buffer_flush(&b), -1);
	ck_assert_int_eq(b.error, ECANCELED);
	buffer_free(&b);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_byte_sequence_becomes_valid_json_and_a_safe_line,
		text_is_escaped_as_documented,
		numbers_and_timeouts_are_taken_whole_or_not_at_all,
		what_cannot_be_attached_is_refused_and_not_waited_for,
		instances_in_tmp_are_listed_only_if_the_directory_is_ours,
		a_list_is_read_anew_for_a_segment_of_another_size,
		a_glob_that_is_none_is_refused,
		a_nap_ends_when_nobody_reads_stdout,
		a_write_that_begins_behind_a_signal_is_interrupted_all_the_same,
	};

	return UNIT_RUN("reader", tests);
}
