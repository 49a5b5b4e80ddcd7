/*
 * test_capture_file.c -- the file of a capture: gone on with, opened anew,
 * never one that is somebody else's, and whole blocks whatever happens.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"
#include "readers/capture_block.h"
#include "tests/unit/album.h"

#define HEAD sizeof(struct capture_block)
#define FILE_HEAD sizeof(struct capture_header)

static struct album a;
static struct reading r;

static void
put_some(uint64_t from, uint64_t to)
{
	a.head.tag = 1;
	for (uint64_t k = from; k < to; k++) {
		album_put_text(&a, k % 2, 0, k, "a record");
		if (k % 4 == 3)
			ck_assert_int_eq(capture_flush(a.file_show.capture), 0);
	}
}

static void
begin(void)
{
	album_begin(&a);
	album_learn(&a, 0, DICT_TAG, 1, "Zero");
	album_learn(&a, 1, DICT_TAG, 1, "One");
	put_some(0, 20);
}

static void
write_file(const void *bytes, size_t n)
{
	int fd = open(a.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

static void
expect_whole(void)
{
	album_read(&a, &r);
	ck_assert_str_eq(r.said, "");
	ck_assert_str_eq(r.text, album_text(&a));
	ck_assert_int_eq(r.result, 0);
}

START_TEST(what_is_appended_follows_what_was_there)
{
	begin();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(album_close(&a), 0);
		album_open(&a, 1);
		put_some(20, 40);
	}
	ck_assert_int_eq(album_close(&a), 0);
	expect_whole();
	album_end(&a);
}
END_TEST

START_TEST(without_append_a_capture_is_replaced)
{
	begin();
	ck_assert_int_eq(album_close(&a), 0);
	a.text.to.n = 0;
	album_open(&a, 0);
	put_some(5, 9);
	ck_assert_int_eq(album_close(&a), 0);
	expect_whole();
	album_end(&a);
}
END_TEST

START_TEST(a_torn_tail_is_removed_and_told)
{
	size_t n, before;
	uint8_t *bytes;
	struct reading after;
	char *said;
	int whole;

	begin();
	ck_assert_int_eq(album_close(&a), 0);
	bytes = album_bytes(&a, &n);
	for (size_t at = 0; at <= n; at++) {
		album_read_bytes(bytes, at, &r);
		before = strlen(r.text);
		whole = r.result == 0;
		write_file(bytes, at);
		a.text.to.n = 0;
		album_listen();
		album_open(&a, 1);
		said = strdup(album_said());
		album_read(&a, &after);
		expect(after.result == 0);
		expect(strlen(after.text) == before);
		put_some(50, 52);
		ck_assert_int_eq(album_close(&a), 0);
		expect((said[0] == '\0') == (at == 0 || whole));
		expect(said[0] == '\0' || strstr(said, "cut short") != NULL);
		album_read(&a, &r);
		expect(r.result == 0);
		expect(strcmp(r.text + before, album_text(&a)) == 0);
		free(said);
	}
	free(bytes);
	album_end(&a);
}
END_TEST

START_TEST(damage_before_the_end_is_left_where_it_is)
{
	size_t n;
	uint8_t *bytes;
	char *before;

	begin();
	ck_assert_int_eq(album_close(&a), 0);
	bytes = album_bytes(&a, &n);
	bytes[n / 2] ^= 1;
	write_file(bytes, n);
	album_read(&a, &r);
	before = strdup(r.text);
	a.text.to.n = 0;
	album_open(&a, 1);
	put_some(30, 32);
	ck_assert_int_eq(album_close(&a), 0);
	album_read(&a, &r);
	ck_assert_int_eq(r.result, -1);
	ck_assert(strncmp(r.text, before, strlen(before)) == 0);
	ck_assert_str_eq(r.text + strlen(before), album_text(&a));
	free(before);
	free(bytes);
	album_end(&a);
}
END_TEST

/* Whether a capture is refused, with these words, and nothing was changed. */
static void
expect_refused(int append, int reading, const char *words)
{
	size_t n, after;
	uint8_t *bytes = album_bytes(&a, &n), *now;

	album_listen();
	ck_assert_ptr_null(capture_create(a.file, append, reading));
	ck_assert_ptr_nonnull(strstr(album_said(), words));
	ck_assert_ptr_nonnull(strstr(album_said(), a.file));
	now = album_bytes(&a, &after);
	ck_assert_uint_eq(after, n);
	ck_assert_mem_eq(now, bytes, n);
	free(now);
	free(bytes);
}

START_TEST(what_is_no_capture_is_not_appended_to)
{
	static const char *const texts[] = { "x", "SHMLOG", "SHMCAPU1",
		"# a text\nthat is longer than the header of a file would be, "
		"and some more\n" };
	struct capture_header h;

	begin();
	ck_assert_int_eq(album_close(&a), 0);
	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		write_file(texts[i], strlen(texts[i]));
		expect_refused(1, -1, "is not a capture");
	}
	block_file_header(&h);
	h.major = 2;
	block_file_seal(&h);
	write_file(&h, sizeof(h));
	expect_refused(1, -1, "is not a capture");
	album_end(&a);
}
END_TEST

START_TEST(a_segment_is_not_overwritten)
{
	uint64_t segment[8] = { SEGMENT_MAGIC };

	begin();
	ck_assert_int_eq(album_close(&a), 0);
	write_file(segment, sizeof(segment));
	expect_refused(0, -1, "is a segment");
	album_end(&a);
}
END_TEST

START_TEST(what_is_read_is_not_written)
{
	int fd;

	begin();
	ck_assert_int_eq(album_close(&a), 0);
	fd = open(a.file, O_RDONLY | O_CLOEXEC);
	expect_refused(0, fd, "is what is read");
	expect_refused(1, fd, "is what is read");
	close(fd);
	album_end(&a);
}
END_TEST

START_TEST(a_second_writer_is_refused)
{
	begin();
	expect_refused(0, -1, "somebody else is writing");
	expect_refused(1, -1, "somebody else is writing");
	ck_assert_int_eq(album_close(&a), 0);
	expect_whole();
	album_end(&a);
}
END_TEST

START_TEST(a_file_that_was_moved_is_followed_by_another)
{
	char moved[96];
	struct reading first;
	char *text;

	begin();
	(void)snprintf(moved, sizeof(moved), "%s.1", a.file);
	ck_assert_int_eq(rename(a.file, moved), 0);
	put_some(20, 22); /* on its way: for the old one */
	ck_assert_int_eq(capture_reopen(a.file_show.capture), 0);
	album_read_file(moved, &first);
	ck_assert_str_eq(first.said, "");
	ck_assert_str_eq(first.text, album_text(&a));
	a.text.to.n = 0;
	put_some(22, 30);
	ck_assert_int_eq(album_close(&a), 0);
	expect_whole();
	text = strdup(r.text);
	ck_assert_ptr_nonnull(strstr(text, " 1 One "));
	free(text);
	album_end(&a);
}
END_TEST

START_TEST(a_file_that_was_not_moved_is_gone_on_with)
{
	begin();
	album_listen();
	for (uint64_t k = 0; k < 3; k++) {
		ck_assert_int_eq(capture_reopen(a.file_show.capture), 0);
		put_some(20 + 10 * k, 30 + 10 * k);
	}
	ck_assert_str_eq(album_said(), "");
	ck_assert_int_eq(album_close(&a), 0);
	expect_whole();
	album_end(&a);
}
END_TEST

START_TEST(if_it_cannot_be_opened_anew_the_old_file_is_gone_on_with)
{
	char moved[96];
	struct reading first;

	begin();
	(void)snprintf(moved, sizeof(moved), "%s.1", a.file);
	ck_assert_int_eq(rename(a.file, moved), 0);
	write_file("somebody else's", 15);
	album_listen();
	ck_assert_int_eq(capture_reopen(a.file_show.capture), 0);
	ck_assert_ptr_nonnull(strstr(album_said(), "the old file is gone on"));
	put_some(20, 30);
	ck_assert_int_eq(album_close(&a), 0);
	album_read_file(moved, &first);
	ck_assert_str_eq(first.text, album_text(&a));
	album_end(&a);
}
END_TEST

START_TEST(a_hang_up_asks_for_the_file_to_be_opened_anew)
{
	char moved[96];

	begin();
	stop_reopens();
	(void)snprintf(moved, sizeof(moved), "%s.1", a.file);
	ck_assert_int_eq(rename(a.file, moved), 0);
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert_int_eq(stop_asked(), 0);
	ck_assert_int_eq(capture_tick(a.file_show.capture), 0);
	ck_assert_int_eq(reopen_asked(), 0);
	ck_assert_int_eq(access(a.file, F_OK), 0);
	ck_assert_int_eq(album_close(&a), 0);
	album_end(&a);
}
END_TEST

START_TEST(a_file_that_is_full_has_what_is_told)
{
	struct rlimit limit = { .rlim_max = RLIM_INFINITY };
	char told[64];
	int failed = 0;
	uint64_t k;

	begin();
	(void)signal(SIGXFSZ, SIG_IGN);
	limit.rlim_cur = 20000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	album_listen();
	for (k = 20; k < 5000 && !failed; k++) {
		album_put_text(&a, 0, 0, k, "and another record");
		failed = k % 10 == 0 && capture_flush(a.file_show.capture) != 0;
	}
	ck_assert_int_eq(failed, 1);
	ck_assert_int_eq(capture_flush(a.file_show.capture), -1);
	ck_assert_int_eq(album_close(&a), -1);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_ptr_nonnull(strstr(album_said(), "File too large"));
	ck_assert_ptr_nonnull(strstr(album_said(), a.file));
	(void)snprintf(told, sizeof(told), "; %ju records are in it, 10 that",
	    (uintmax_t)k - 10);
	ck_assert_ptr_nonnull(strstr(album_said(), told));
	album_read(&a, &r);
	ck_assert_str_eq(r.said, "");
	ck_assert(strncmp(r.text, album_text(&a), strlen(r.text)) == 0);
	(void)snprintf(told, sizeof(told), "-%ju 6 0", (uintmax_t)k - 11);
	ck_assert_ptr_nonnull(strstr(r.text, told));
	(void)snprintf(told, sizeof(told), "-%ju 6 0", (uintmax_t)k - 10);
	ck_assert_ptr_null(strstr(r.text, told));
	album_end(&a);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_appended_follows_what_was_there,
		without_append_a_capture_is_replaced,
		a_torn_tail_is_removed_and_told,
		damage_before_the_end_is_left_where_it_is,
		what_is_no_capture_is_not_appended_to,
		a_segment_is_not_overwritten,
		what_is_read_is_not_written,
		a_second_writer_is_refused,
		a_file_that_was_moved_is_followed_by_another,
		a_file_that_was_not_moved_is_gone_on_with,
		if_it_cannot_be_opened_anew_the_old_file_is_gone_on_with,
		a_hang_up_asks_for_the_file_to_be_opened_anew,
		a_file_that_is_full_has_what_is_told,
	};

	return UNIT_RUN("capture_file", tests);
}
