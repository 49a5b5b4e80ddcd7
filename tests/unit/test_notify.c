/*
 * test_notify.c -- sd_notify's protocol, with a socket of our own.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/notify.h"
#include "tests/unit/unit.h"

/* Binds a service manager's socket and names it in the environment. */
static int
manager(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, name, n + 1);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	else
		n++;
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
	    0);
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void
expect_heard(int fd, const char *text)
{
	char buf[256];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	ck_assert_msg(n >= 0, "nothing came: %s", strerror(errno));
	buf[n] = '\0';
	ck_assert_str_eq(buf, text);
}

START_TEST(a_state_comes_to_a_socket_with_a_path)
{
	char dir[64], path[80];
	int dirfd = unit_mkdir(dir), fd;

	(void)snprintf(path, sizeof(path), "%s/notify", dir);
	fd = manager(path);
	ck_assert_int_eq(notify_send("READY=1\nSTATUS=well"), 1);
	expect_heard(fd, "READY=1\nSTATUS=well");
	close(fd);
	unit_rmdir(dir, dirfd);
}
END_TEST

START_TEST(a_state_comes_to_an_abstract_socket)
{
	char name[64];
	int fd;

	(void)snprintf(name, sizeof(name), "@shmlog-test-%d", (int)getpid());
	fd = manager(name);
	ck_assert_int_eq(notify_send("STOPPING=1"), 1);
	expect_heard(fd, "STOPPING=1");
	close(fd);
}
END_TEST

START_TEST(without_a_manager_nothing_is_sent)
{
	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	ck_assert_int_eq(notify_send("READY=1"), 0);
}
END_TEST

START_TEST(a_name_that_cannot_be_is_an_error)
{
	char name[200];

	setenv("NOTIFY_SOCKET", "relative", 1);
	ck_assert_int_eq(notify_send("READY=1"), -1);
	ck_assert_int_eq(errno, EINVAL);
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	ck_assert_int_eq(notify_send("READY=1"), -1);
	ck_assert_int_eq(errno, EINVAL);
	setenv("NOTIFY_SOCKET", "/dev/shm/no/such/socket", 1);
	ck_assert_int_eq(notify_send("READY=1"), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_manager_that_does_not_read_is_not_waited_for)
{
	char name[64];
	int fd, r;

	(void)snprintf(name, sizeof(name), "@shmlog-full-%d", (int)getpid());
	fd = manager(name);
	do
		r = notify_send("WATCHDOG=1");
	while (r == 1);
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(fd);
}
END_TEST

START_TEST(the_watchdog_hears_from_us_twice_in_its_time)
{
	char pid[32];

	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	expect_eq(notify_watchdog(), 0);
	setenv("WATCHDOG_USEC", "3000000", 1);
	expect_eq(notify_watchdog(), 1500000);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	expect_eq(notify_watchdog(), 1500000);
	setenv("WATCHDOG_PID", "1", 1);
	expect_eq(notify_watchdog(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "-5", 1);
	expect_eq(notify_watchdog(), 0);
	setenv("WATCHDOG_USEC", "3s", 1);
	expect_eq(notify_watchdog(), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_state_comes_to_a_socket_with_a_path,
		a_state_comes_to_an_abstract_socket,
		without_a_manager_nothing_is_sent,
		a_name_that_cannot_be_is_an_error,
		a_manager_that_does_not_read_is_not_waited_for,
		the_watchdog_hears_from_us_twice_in_its_time,
	};

	return UNIT_RUN("notify", tests);
}
