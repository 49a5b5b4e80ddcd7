/*
 * test_join_freed.c -- what is freed is freed in the end, whatever the daemon
 * does meanwhile.
 */
#include <errno.h>
#include <poll.h>

#include "common/bank.h"
#include "common/stream.h"
#include "tests/unit/join.h"

/* Whether the section says that its owner has given it up. */
static int
freed(const struct fake_daemon *f, uint32_t i)
{
	return memcmp(f->section[i].class, CLASS_LOG, sizeof(CLASS_LOG)) == 0
		   ? stream_is_freed(section(f, i))
		   : set_is_freed(section(f, i));
}

START_TEST(what_is_freed_says_so_whether_or_not_there_is_a_daemon)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct shmlog_set *set[2];
	struct shmlog_stream *s[2];

	daemon_start(&f, NULL, 1);
	log = shmlog_open(f.dir);
	for (int i = 0; i < 2; i++) {
		set[i] = shmlog_set(log, "t", "i", defs, N, NULL);
		s[i] = shmlog_stream(log, "t", "i", NULL);
	}
	attach(log);
	for (uint32_t i = 0; i < 4; i++)
		expect(!freed(&f, i));
	shmlog_set_free(set[0]);
	shmlog_stream_free(s[0]);
	expect(freed(&f, 0) && freed(&f, 1));
	daemon_kill(&f);
	shmlog_set_free(set[1]);
	expect(freed(&f, 2) && !freed(&f, 3));
	shmlog_close(log);
	expect(freed(&f, 3));
	daemon_free(&f, 1);
}
END_TEST

/* It is in two sections then, of two daemons, and neither may be left. */
START_TEST(what_is_freed_while_it_joins_says_so_in_both_sections)
{
	struct fake_daemon a, b;
	struct shmlog *log;
	struct shmlog_set *set;
	struct shmlog_stream *s;

	daemon_start(&a, NULL, 1);
	log = shmlog_open(a.dir);
	set = shmlog_set(log, "t", "i", defs, N, NULL);
	s = shmlog_stream(log, "t", "i", NULL);
	attach(log);
	daemon_kill(&a);
	daemon_start(&b, a.dir, 2);
	daemon_supersede(&a, 2);
	b.mute_at = MESSAGE_PUBLISH;
	while (b.requests[MESSAGE_PUBLISH] < 2)
		(void)shmlog_wait(log, 10);
	shmlog_set_free(set);
	shmlog_stream_free(s);
	for (uint32_t i = 0; i < 2; i++)
		expect(freed(&a, i) && freed(&b, i));
	/* who closes with answers unread takes back what was not read */
	while (b.requests[MESSAGE_FREE] < 2)
		(void)poll(NULL, 0, 1);
	shmlog_close(log);
	daemon_kill(&b);
	expect(b.section[0].freed == 1 && b.section[1].freed == 1);
	daemon_free(&b, 0);
	daemon_free(&a, 1);
}
END_TEST

/* A daemon that is stopped and whose socket is full: it looks when we are gone,
 * and we come again. */
START_TEST(who_cannot_say_that_he_frees_hangs_up)
{
	struct fake_daemon f;
	struct shmlog *log;
	struct shmlog_set *sets[DAEMON_SECTIONS - 1];
	struct pollfd p = { .events = POLLIN };
	const uint32_t n = DAEMON_SECTIONS - 1;

	daemon_start(&f, NULL, 1);
	log = shmlog_open(f.dir);
	for (uint32_t i = 0; i < n; i++)
		sets[i] = shmlog_set(log, "t", "i", defs, N, NULL);
	attach(log);
	p.fd = shmlog_fd(log);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	f.deaf = 1;
	for (uint32_t i = 1; i < n; i++)
		shmlog_set_free(sets[i]);
	for (uint32_t i = 1; i < n; i++)
		expect(freed(&f, i));
	f.deaf = 0;
	ck_assert_int_eq(poll(&p, 1, 10000), 1);
	attach(log);
	ck_assert_int_eq(f.connections, 2);
	shmlog_close(log);
	daemon_kill(&f);
	/* or the buffer was not full */
	ck_assert_int_eq(f.section[n - 1].freed, 0);
	ck_assert_int_eq(f.section[0].freed, 1);
	daemon_free(&f, 1);
}
END_TEST

/* Whoever frees has no way to fail: what it finds out about the daemon, which
 * is not there, is not for errno. */
START_TEST(who_makes_and_frees_finds_errno_as_it_was)
{
	struct shmlog *log;
	struct shmlog_set *set;
	struct shmlog_stream *s;

	errno = EXDEV;
	log = shmlog_open("/nowhere/to/be/found");
	set = shmlog_set(log, "t", "i", defs, N, NULL);
	s = shmlog_stream(log, "t", "i", NULL);
	ck_assert_int_eq(errno, EXDEV);
	shmlog_set_free(set);
	ck_assert_int_eq(errno, EXDEV);
	shmlog_stream_free(s);
	ck_assert_int_eq(errno, EXDEV);
	(void)shmlog_stream(log, "t", "i", NULL);
	shmlog_close(log);
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_freed_says_so_whether_or_not_there_is_a_daemon,
		what_is_freed_while_it_joins_says_so_in_both_sections,
		who_cannot_say_that_he_frees_hangs_up,
		who_makes_and_frees_finds_errno_as_it_was,
	};

	return UNIT_RUN("join_freed", tests);
}
