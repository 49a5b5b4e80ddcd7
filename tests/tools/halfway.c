/*
 * halfway.c -- a worker that is dropped and stopped in mid-append.
 *
 *	tool-halfway SOCKET
 *
 * Makes a stream half.way of one small lane, appends ten records, moves claim
 * and writes half of the eleventh; then breaks the protocol, so that the daemon
 * drops it, prints `half SERIAL' and stops itself (SIGSTOP).  Continued, it
 * finishes that record, appends 100,000 more, which is many laps, prints `done'
 * and waits to be killed.  Its records are `half N'.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "common/ring.h"
#include "common/shared.h"
#include "common/stream.h"

static int sock;

static void
dial(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(sun.sun_path))
		errx(1, "%s: too long", path);
	strcpy(sun.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock == -1 ||
	    connect(sock, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
}

static void
ask(union message *m, enum message_op op, int *fd)
{
	struct pollfd p = { sock, POLLIN, 0 };
	uint32_t length = message_request_length(op);

	message_head(&m->head, op, length, 1, MESSAGE_OK);
	if (message_send(sock, m, length, -1) == -1 || poll(&p, 1, 5000) != 1 ||
	    message_receive(sock, m, fd) <= 0)
		err(1, "no answer");
	if (m->head.status != MESSAGE_OK)
		errx(1, "%s", message_status_text(m->head.status));
}

/* Breaks the protocol, and waits until the daemon has hung up. */
static void
be_dropped(void)
{
	struct pollfd p = { sock, POLLIN, 0 };
	union message m;
	ssize_t n;

	(void)send(sock, "rubbish", 7, MSG_NOSIGNAL);
	do {
		if (poll(&p, 1, 5000) != 1)
			errx(1, "is not dropped");
		n = message_receive(sock, &m, NULL);
	} while (n > 0);
	close(sock);
}

static void
make_record(struct record *r, char *text, size_t size, unsigned n)
{
	memset(r, 0, sizeof(*r));
	r->length =
	    (uint32_t)sizeof(*r) + (uint32_t)snprintf(text, size, "half %u", n);
	r->level = 6;
	r->time = 1;
}

/* Claim is moved, half of the bytes are there, commit is not. */
static void
append_half(struct ring_writer *w, const struct record *r, const char *text)
{
	uint8_t *to = w->data + (w->commit & (w->size - 1));

	w->claim = round_up(w->commit + 1, w->size / LANE_BLOCKS);
	atomic_store(&w->head->claim, w->claim);
	memcpy(to, r, sizeof(*r));
	memcpy(to + sizeof(*r), text, 3);
}

int
main(int argc, char **argv)
{
	struct stream_plan plan;
	struct ring_writer w;
	struct record r;
	union message m;
	char text[64] = { 0 };
	uint64_t length = stream_plan(&plan, 1, LANE_SIZE_MIN, 4096);
	uint64_t serial;
	void *section;
	int fd = -1;

	if (argc != 2)
		errx(2, "tool-halfway SOCKET");
	dial(argv[1]);
	ask(&m, MESSAGE_HELLO, &fd);
	memset(&m, 0, sizeof(m));
	strcpy(m.alloc.class, CLASS_LOG);
	strcpy(m.alloc.type, "half");
	strcpy(m.alloc.ident, "way");
	m.alloc.length = length;
	ask(&m, MESSAGE_ALLOC, NULL);
	section = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    (off_t)m.section.offset);
	if (section == MAP_FAILED)
		err(1, "mmap");
	serial = m.section.serial;
	stream_create(section, &plan);
	ring_create(&w, stream_lane(section, &plan, 0), plan.lane_size, 0);
	m.section.offset = m.section.length = 0;
	ask(&m, MESSAGE_PUBLISH, NULL);
	for (unsigned i = 1; i <= 10; i++) {
		make_record(&r, text, sizeof(text), i);
		ring_append(&w, &r, text);
	}
	make_record(&r, text, sizeof(text), 11);
	append_half(&w, &r, text);
	be_dropped();
	printf("half %" PRIu64 "\n", serial);
	fflush(stdout);
	raise(SIGSTOP);
	for (unsigned i = 11; i <= 100011; i++) {
		make_record(&r, text, sizeof(text), i);
		ring_append(&w, &r, text);
	}
	printf("done\n");
	fflush(stdout);
	for (;;)
		pause();
}
