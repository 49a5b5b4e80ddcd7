/*
 * ctl_talk.c -- talk to the daemon.
 */
#include "readers/ctl.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/instance.h"

#define ANSWER_MS 5000

static void
connect_to(struct ctl *c, const char *instance)
{
	char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];
	int n = instance_dirs(instance, 0, dirs), error = 0, which = 0;

	if (n == -1)
		err(1, "instance %s", c->name);
	for (int i = 0; i < n && c->socket == -1; i++) {
		c->socket = instance_dial(dirs[i]);
		/* what stands in the way says more than its absence */
		if (c->socket == -1 &&
		    (error == 0 || (error == ENOENT && errno != ENOENT))) {
			error = errno;
			which = i;
		}
	}
	if (c->socket != -1)
		return;
	if (error == ENOENT || error == ECONNREFUSED)
		errx(1, "instance %s: no shmlogd runs in %s", c->name,
		    dirs[which]);
	errc(1, error, "%s/" SOCKET_FILE, dirs[which]);
}

void
ctl_open(struct ctl *c, const char *instance)
{
	union message m, answer;

	memset(c, 0, sizeof(*c));
	memset(&m, 0, sizeof(m));
	c->name = instance != NULL ? instance : INSTANCE_DEFAULT;
	c->socket = -1;
	connect_to(c, instance);
	ctl_ask(c, MESSAGE_HELLO, &m, &answer);
	c->created = answer.hello.created;
}

void
ctl_close(struct ctl *c)
{
	close(c->socket);
	c->socket = -1;
}

static _Noreturn void
refused(const struct ctl *c, uint32_t status)
{
	switch ((enum message_status)status) {
	case MESSAGE_DENIED:
		errx(1,
		    "instance %s: denied: that is for root and for who "
		    "runs shmlogd",
		    c->name);
	case MESSAGE_BAD_OPERATION:
		errx(1, "instance %s: an older shmlogd, which cannot do that",
		    c->name);
	case MESSAGE_NOT_YOURS:
		errx(1, "instance %s: there is no such section any more",
		    c->name);
	case MESSAGE_OK:
	case MESSAGE_BAD_VERSION:
	case MESSAGE_BAD_REQUEST:
	case MESSAGE_BAD_ARGUMENT:
	case MESSAGE_NO_SPACE:
	case MESSAGE_NO_SECTIONS:
	case MESSAGE_OVER_LIMIT:
	case MESSAGE_BAD_SECTION:
		break;
	}
	errx(1, "instance %s: %s", c->name, message_status_text(status));
}

void
ctl_ask(struct ctl *c, enum message_op op, union message *request,
    union message *answer)
{
	struct pollfd p = { .fd = c->socket, .events = POLLIN };
	uint32_t length = message_request_length(op);
	int n;

	message_head(&request->head, op, length, ++c->number, MESSAGE_OK);
	if (message_send(c->socket, request, length, -1) == -1)
		err(1, "instance %s", c->name);
	n = poll(&p, 1, ANSWER_MS);
	if (n == 0)
		errx(1, "instance %s: shmlogd does not answer", c->name);
	n = n == -1 ? -1 : message_receive(c->socket, answer, NULL);
	if (n == -1)
		err(1, "instance %s", c->name);
	if (n == 0)
		errx(1, "instance %s: shmlogd hung up", c->name);
	if ((uint32_t)n < sizeof(answer->head) ||
	    answer->head.version != MESSAGE_VERSION)
		errx(
		    1, "instance %s: another version of the protocol", c->name);
	if (answer->head.status != MESSAGE_OK)
		refused(c, answer->head.status);
	if ((uint32_t)n != message_answer_length(op) ||
	    answer->head.operation != op || answer->head.number != c->number)
		errx(1, "instance %s: an answer that makes no sense", c->name);
}
