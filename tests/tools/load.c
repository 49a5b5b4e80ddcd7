/*
 * load.c -- loads a web server and tells exactly which requests were answered.
 *
 *	tool-load [-c connections] [-n requests] [-r rate] [-s seconds]
 *	    [-o file] port
 *
 * Sends GET /r/1, /r/2, ... to 127.0.0.1, each of them once, over connections
 * that are kept open, one request at a time on each; at most `rate' a second,
 * until all are sent or the seconds are over.  Writes the numbers of those that
 * were answered to the file, one a line, and prints
 *
 *	sent S answered A unanswered U
 *
 * Unanswered is a request whose connection broke before its answer was whole:
 * its server may or may not have worked on it.  A request of which no byte
 * could be sent is none: its number is used again.  An answer counts when its
 * status is 200 and its body the number; another one is an error (exit 1).
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX 256
#define STALLED 10 /* seconds without any answer: give up */

struct conn {
	int fd;          /* -1: none */
	uint64_t number; /* of the request under way, 0: none */
	size_t length;   /* of what came of its answer */
	char in[4096];
};

struct load {
	uint16_t port;
	uint64_t conns, requests, rate, seconds;
	FILE *out;
	uint64_t begun; /* ns */
	uint64_t moved; /* ns: when the last answer came */
	uint64_t next;  /* number of the next request */
	uint64_t sent, answered, unanswered;
	struct conn conn[CONNS_MAX];
};

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
conn_open(struct load *l, struct conn *c)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		err(1, "socket");
	if (connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect 127.0.0.1:%u", l->port);
}

static void
conn_close(struct load *l, struct conn *c)
{
	close(c->fd);
	c->fd = -1;
	if (c->number != 0)
		l->unanswered++;
	c->number = 0;
	c->length = 0;
}

/* Whether a request may be sent now. */
static int
load_may_send(const struct load *l)
{
	uint64_t passed = now() - l->begun;

	if (l->next > l->requests)
		return 0;
	if (l->seconds != 0 && passed > l->seconds * 1000000000)
		return 0;
	return l->rate == 0 || l->sent < 1 + passed / 1000 * l->rate / 1000000;
}

static int
load_over(const struct load *l)
{
	return l->next > l->requests ||
	       (l->seconds != 0 && now() - l->begun > l->seconds * 1000000000);
}

static void
conn_send(struct load *l, struct conn *c)
{
	char text[128];
	int n = snprintf(text, sizeof(text),
	    "GET /r/%ju HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    (uintmax_t)l->next);

	if (c->fd == -1)
		conn_open(l, c);
	/* so short a text goes whole or not at all */
	if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n) {
		conn_close(l, c);
		return;
	}
	c->number = l->next++;
	l->sent++;
}

/* Whether the answer is whole; exits if it is not the one. */
static int
conn_answer(const struct conn *c)
{
	char want[32];
	const char *end, *field;
	size_t head, length;

	end = strstr(c->in, "\r\n\r\n");
	if (end == NULL)
		return 0;
	head = (size_t)(end + 4 - c->in);
	field = strcasestr(c->in, "\r\ncontent-length:");
	if (field == NULL || field > end)
		errx(1, "/r/%ju: no length: %s", (uintmax_t)c->number, c->in);
	length = strtoul(field + 17, NULL, 10);
	if (c->length < head + length)
		return 0;
	snprintf(want, sizeof(want), "%ju\n", (uintmax_t)c->number);
	if (strncmp(c->in, "HTTP/1.1 200 ", 13) != 0 ||
	    strcmp(c->in + head, want) != 0)
		errx(1, "/r/%ju: answered with: %s", (uintmax_t)c->number,
		    c->in);
	return 1;
}

static void
conn_receive(struct load *l, struct conn *c)
{
	ssize_t n;

	n = recv(c->fd, c->in + c->length, sizeof(c->in) - 1 - c->length, 0);
	if (n <= 0) {
		conn_close(l, c);
		return;
	}
	c->length += (size_t)n;
	c->in[c->length] = '\0';
	if (c->number == 0)
		errx(1, "an answer that nobody asked for: %s", c->in);
	if (!conn_answer(c))
		return;
	if (l->out != NULL)
		fprintf(l->out, "%ju\n", (uintmax_t)c->number);
	l->answered++;
	l->moved = now();
	c->number = 0;
	c->length = 0;
}

/* Sends what may be sent, and waits for answers; 0 when there is no more. */
static int
load_step(struct load *l)
{
	struct pollfd fds[CONNS_MAX];
	int waiting = 0;

	for (uint64_t i = 0; i < l->conns; i++) {
		struct conn *c = &l->conn[i];

		if (c->number == 0 && load_may_send(l))
			conn_send(l, c);
		fds[i] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
		waiting += c->number != 0;
	}
	if (waiting == 0 && load_over(l))
		return 0;
	if (poll(fds, l->conns, 1) == -1)
		err(1, "poll");
	for (uint64_t i = 0; i < l->conns; i++)
		if (fds[i].revents != 0)
			conn_receive(l, &l->conn[i]);
	if (waiting > 0 && now() - l->moved > STALLED * UINT64_C(1000000000))
		errx(1, "no answer for %d s: %d requests wait", STALLED,
		    waiting);
	return 1;
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0')
		errx(2, "%s: not a number", text);
	return n;
}

static void
options(struct load *l, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "c:n:o:r:s:")) != -1)
		switch (c) {
		case 'c':
			l->conns = number(optarg);
			break;
		case 'n':
			l->requests = number(optarg);
			break;
		case 'o':
			l->out = fopen(optarg, "w");
			if (l->out == NULL)
				err(1, "%s", optarg);
			break;
		case 'r':
			l->rate = number(optarg);
			break;
		case 's':
			l->seconds = number(optarg);
			break;
		default:
			exit(2);
		}
	if (optind + 1 != argc || l->conns < 1 || l->conns > CONNS_MAX)
		errx(2, "usage: tool-load [-c connections] [-n requests] "
			"[-o file] [-r rate] [-s seconds] port");
	l->port = (uint16_t)number(argv[optind]);
}

int
main(int argc, char **argv)
{
	static struct load l = {
		.conns = 8, .requests = UINT64_MAX - 1, .next = 1
	};

	options(&l, argc, argv);
	for (uint64_t i = 0; i < l.conns; i++)
		l.conn[i].fd = -1;
	l.begun = l.moved = now();
	while (load_step(&l)) {
		/* until all is sent, and answered or lost */
	}
	for (uint64_t i = 0; i < l.conns; i++)
		if (l.conn[i].fd != -1)
			conn_close(&l, &l.conn[i]);
	if (l.out != NULL && fclose(l.out) == EOF)
		err(1, "writing the numbers");
	printf("sent %ju answered %ju unanswered %ju\n", (uintmax_t)l.sent,
	    (uintmax_t)l.answered, (uintmax_t)l.unanswered);
	return 0;
}
