/*
 * test_message.c -- whole messages, and descriptors that nobody asked for.
 */
#include "common/message.h"

#include <sys/socket.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static int ends[2] = { -1, -1 };

static void
begin(void)
{
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static int
open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Sends bytes with n descriptors; message_send() would send one. */
static void
send_with(const void *bytes, size_t length, int n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(32 * sizeof(int))];
	} control;
	struct iovec iov = { (void *)(uintptr_t)bytes, length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int fds[32];

	memset(&control, 0, sizeof(control));
	for (int i = 0; i < n; i++)
		fds[i] = ends[0];
	if (n != 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)n * sizeof(int));
	}
	ck_assert_int_eq(sendmsg(ends[0], &msg, MSG_DONTWAIT), (ssize_t)length);
}

START_TEST(a_message_arrives_whole_with_its_descriptor)
{
	struct message_hello hello = { .created = 1, .pid = 7 };
	union message m;
	int fd;

	begin();
	message_head(&hello.head, MESSAGE_HELLO, sizeof(hello), 42, MESSAGE_OK);
	ck_assert_int_eq(
	    message_send(ends[0], &hello, sizeof(hello), ends[0]), 0);
	ck_assert_int_eq(message_receive(ends[1], &m, &fd), sizeof(hello));
	ck_assert_mem_eq(&m.hello, &hello, sizeof(hello));
	ck_assert_uint_eq(m.head.version, MESSAGE_VERSION);
	ck_assert_uint_eq(m.head.number, 42);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	ck_assert_int_eq(message_send(ends[0], &hello, sizeof(hello), -1), 0);
	ck_assert_int_eq(message_receive(ends[1], &m, &fd), sizeof(hello));
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(a_receiver_does_not_wait_and_sees_the_hang_up)
{
	union message m;
	int fd = 5;

	begin();
	ck_assert_int_eq(message_receive(ends[1], &m, &fd), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(fd, -1);
	close(ends[0]);
	ck_assert_int_eq(message_receive(ends[1], &m, &fd), 0);
	/* no SIGPIPE */
	ck_assert_int_eq(message_send(ends[1], &m, 16, -1), -1);
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

START_TEST(a_sender_does_not_wait)
{
	struct message_alloc alloc;
	int n = 0;

	begin();
	memset(&alloc, 0, sizeof(alloc));
	while (message_send(ends[0], &alloc, sizeof(alloc), -1) == 0)
		ck_assert_int_lt(n++, 1000000);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(descriptors_that_nobody_asked_for_are_closed)
{
	union message m;
	int before, fd;

	begin();
	before = open_files();
	for (int n = 1; n <= 32; n += n < 8 ? 1 : 12) {
		send_with("0123456789abcdef", 16, n);
		ck_assert_int_eq(message_receive(ends[1], &m, NULL), 16);
		ck_assert_int_eq(open_files(), before);
		send_with("0123456789abcdef", 16, n);
		ck_assert_int_eq(message_receive(ends[1], &m, &fd), 16);
		ck_assert_int_ne(fd, -1);
		ck_assert_int_eq(open_files(), before + 1);
		close(fd);
	}
}
END_TEST

START_TEST(a_message_that_is_too_long_is_refused_with_its_descriptor)
{
	char bytes[sizeof(union message) + 1] = { 0 };
	union message m;
	int before, fd;

	begin();
	before = open_files();
	send_with(bytes, sizeof(bytes), 1);
	ck_assert_int_eq(message_receive(ends[1], &m, &fd), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(open_files(), before);
	/* the next one is read from its beginning */
	send_with("x", 1, 0);
	ck_assert_int_eq(message_receive(ends[1], &m, &fd), 1);
	ck_assert_mem_eq(&m, "x", 1);
	send_with(bytes, sizeof(bytes) - 1, 0);
	ck_assert_int_eq(message_receive(ends[1], &m, &fd), sizeof(m));
}
END_TEST

START_TEST(what_a_short_message_lacks_is_zero)
{
	union message m;

	begin();
	memset(&m, 0xff, sizeof(m));
	send_with("\1", 1, 0);
	ck_assert_int_eq(message_receive(ends[1], &m, NULL), 1);
	for (size_t i = 1; i < sizeof(m); i++)
		ck_assert_int_eq(((char *)&m)[i], 0);
}
END_TEST

START_TEST(each_operation_has_its_lengths_and_no_other_has)
{
	for (uint32_t op = MESSAGE_HELLO; op <= MESSAGE_RETIRE; op++) {
		ck_assert_uint_ge(message_request_length(op), 16);
		ck_assert_uint_ge(message_answer_length(op), 16);
		ck_assert_uint_le(
		    message_request_length(op), sizeof(union message));
		ck_assert_uint_le(
		    message_answer_length(op), sizeof(union message));
	}
	ck_assert_uint_eq(message_request_length(0), 0);
	ck_assert_uint_eq(message_request_length(MESSAGE_RETIRE + 1), 0);
	ck_assert_uint_eq(message_answer_length(0), 0);
	ck_assert_uint_eq(message_answer_length(UINT32_MAX), 0);
}
END_TEST

START_TEST(each_status_has_a_text_of_its_own)
{
	const char *unknown = message_status_text(UINT32_MAX);

	for (uint32_t i = 0; i <= MESSAGE_DENIED; i++) {
		ck_assert_str_ne(message_status_text(i), unknown);
		for (uint32_t j = 0; j < i; j++)
			ck_assert_str_ne(
			    message_status_text(i), message_status_text(j));
	}
	ck_assert_str_eq(message_status_text(MESSAGE_DENIED + 1), unknown);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_message_arrives_whole_with_its_descriptor,
		a_receiver_does_not_wait_and_sees_the_hang_up,
		a_sender_does_not_wait,
		descriptors_that_nobody_asked_for_are_closed,
		a_message_that_is_too_long_is_refused_with_its_descriptor,
		what_a_short_message_lacks_is_zero,
		each_operation_has_its_lengths_and_no_other_has,
		each_status_has_a_text_of_its_own,
	};

	return UNIT_RUN("message", tests);
}
