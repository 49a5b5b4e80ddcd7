/*
 * message.c -- send and receive whole messages, with at most one descriptor.
 */
#include "common/message.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *
message_status_text(uint32_t status)
{
	switch ((enum message_status)status) {
	case MESSAGE_OK:
		return "done";
	case MESSAGE_BAD_VERSION:
		return "another version of the protocol";
	case MESSAGE_BAD_REQUEST:
		return "malformed request";
	case MESSAGE_BAD_OPERATION:
		return "unknown operation";
	case MESSAGE_BAD_ARGUMENT:
		return "bad argument";
	case MESSAGE_NO_SPACE:
		return "no space in the segment";
	case MESSAGE_NO_SECTIONS:
		return "no free section";
	case MESSAGE_OVER_LIMIT:
		return "over a limit";
	case MESSAGE_NOT_YOURS:
		return "no such section of yours";
	case MESSAGE_BAD_SECTION:
		return "the section's content makes no sense";
	case MESSAGE_DENIED:
		return "denied";
	}
	return "unknown status";
}

uint32_t
message_request_length(uint32_t operation)
{
	switch (operation) {
	case MESSAGE_HELLO:
	case MESSAGE_PING:
		return sizeof(struct message_header);
	case MESSAGE_ALLOC:
		return sizeof(struct message_alloc);
	case MESSAGE_PUBLISH:
	case MESSAGE_FREE:
	case MESSAGE_RETIRE:
		return sizeof(struct message_section);
	case MESSAGE_MASK:
		return sizeof(struct message_mask);
	case MESSAGE_MASKS:
	case MESSAGE_LIST:
		return sizeof(struct message_next);
	}
	return 0;
}

uint32_t
message_answer_length(uint32_t operation)
{
	switch (operation) {
	case MESSAGE_HELLO:
		return sizeof(struct message_hello);
	case MESSAGE_ALLOC:
		return sizeof(struct message_section);
	case MESSAGE_PUBLISH:
	case MESSAGE_FREE:
	case MESSAGE_PING:
	case MESSAGE_RETIRE:
		return sizeof(struct message_header);
	case MESSAGE_MASK:
		return sizeof(struct message_masked);
	case MESSAGE_MASKS:
		return sizeof(struct message_mask);
	case MESSAGE_LIST:
		return sizeof(struct message_client);
	}
	return 0;
}

void
message_head(struct message_header *h, enum message_op operation,
    uint32_t length, uint32_t number, enum message_status status)
{
	h->version = MESSAGE_VERSION;
	h->operation = (uint16_t)operation;
	h->length = length;
	h->number = number;
	h->status = status;
}

int
message_send(int sock, const void *message, uint32_t length, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {
		.iov_base = (void *)(uintptr_t)message,
		.iov_len = length,
	};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	if (fd != -1) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* Takes the first descriptor into *fd and closes all others. */
static void
take_descriptors(struct msghdr *msg, int *fd)
{
	struct cmsghdr *c;
	int got;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0;
		     CMSG_LEN((i + 1) * sizeof(int)) <= c->cmsg_len; i++) {
			memcpy(
			    &got, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (fd != NULL && *fd == -1)
				*fd = got;
			else
				close(got);
		}
	}
}

int
message_receive(int sock, union message *m, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	if (fd != NULL)
		*fd = -1;
	memset(m, 0, sizeof(*m));
	do
		n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	take_descriptors(&msg, fd);
	if (msg.msg_flags & MSG_TRUNC) {
		if (fd != NULL && *fd != -1) {
			close(*fd);
			*fd = -1;
		}
		errno = EMSGSIZE;
		return -1;
	}
	return (int)n;
}
