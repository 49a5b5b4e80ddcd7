/*
 * alloc.c -- how long a worker waits for the daemon: round trips over the
 * socket, with few sections live and with many, in turns.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/message.h"
#include "tests/bench/bench.h"

#define FEW 100
#define MANY 10000
#define TURNS 100 /* of each daemon */
#define TURN 20   /* sections */
#define TRIED (TURNS * TURN)

struct client {
	pid_t daemon;
	int socket;
	int apart;
	uint32_t number;
	unsigned live;
	uint64_t spent; /* ns of the daemon's CPU */
	unsigned tried;
	double us[TRIPS][TRIED];
};

struct call {
	struct sockaddr_un to;
	int socket;
};

static int
is_answered(void *what)
{
	struct call *c = what;

	c->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(c->socket, (struct sockaddr *)&c->to, sizeof(c->to)) == 0)
		return 1;
	(void)close(c->socket);
	return 0;
}

static int
dial(const char *name)
{
	struct call c = { .to = { .sun_family = AF_UNIX } };
	char path[256];

	instance_path(path, name, "socket");
	(void)snprintf(c.to.sun_path, sizeof(c.to.sun_path), "%.100s", path);
	return clock_until(is_answered, &c) == 0 ? c.socket : -1;
}

/* A request, and its answer in m; 0, or -1. */
static int
ask(struct client *c, union message *m, enum message_op op)
{
	struct pollfd p = { .fd = c->socket, .events = POLLIN };
	uint32_t length = message_request_length(op);

	message_head(&m->head, op, length, ++c->number, MESSAGE_OK);
	if (message_send(c->socket, m, length, -1) != 0 ||
	    poll(&p, 1, PATIENCE) != 1 ||
	    message_receive(c->socket, m, NULL) <= 0)
		return -1;
	return m->head.status == MESSAGE_OK ? 0 : -1;
}

static int
trip(struct client *c, union message *m, enum message_op op, double *us)
{
	uint64_t begun = clock_now();
	int r = ask(c, m, op);

	if (us != NULL)
		*us = (double)(clock_now() - begun) / 1000;
	return r;
}

static int
make(struct client *c, union message *m, struct message_section *section,
    double *alloc, double *publish)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->alloc.class, "Bench", 5);
	memcpy(m->alloc.type, "bench", 5);
	memcpy(m->alloc.ident, "alloc", 5);
	m->alloc.length = 4096;
	if (trip(c, m, MESSAGE_ALLOC, alloc) != 0)
		return -1;
	*section = m->section;
	section->offset = section->length = 0;
	m->section = *section;
	return trip(c, m, MESSAGE_PUBLISH, publish);
}

static int
open_client(
    struct client *c, const char *name, unsigned live, int apart, char *why)
{
	struct message_section section;
	union message m;

	c->daemon = daemon_start(name, "192m", "20480", apart ? 1 : -1);
	c->socket = dial(name);
	c->live = live;
	c->apart = apart;
	if (c->socket == -1 || ask(c, &m, MESSAGE_HELLO) != 0)
		return why_not(why, "no answer to HELLO");
	for (unsigned i = 0; i < live; i++)
		if (make(c, &m, &section, NULL, NULL) != 0)
			return why_not(why, "no section %u: %s", i,
			    message_status_text(m.head.status));
	return 0;
}

static void
close_client(struct client *c)
{
	if (c->socket > 0)
		(void)close(c->socket);
	child_end(c->daemon, SIGTERM);
}

/* Where this client's turn is made. */
static void
take_place(const struct client *c)
{
	if (c->apart)
		(void)bench_pin(0);
	else
		bench_unpin();
}

static int
turn(struct client *c, char *why)
{
	struct message_section section;
	union message m;

	take_place(c);
	c->spent -= clock_cpu_of(c->daemon);
	for (int i = 0; i < TURN; i++, c->tried++) {
		if (make(c, &m, &section, &c->us[TRIP_ALLOC][c->tried],
			&c->us[TRIP_PUBLISH][c->tried]) != 0)
			return why_not(why, "ALLOC or PUBLISH: %s",
			    message_status_text(m.head.status));
		m.section = section;
		if (trip(c, &m, MESSAGE_FREE, &c->us[TRIP_FREE][c->tried]) != 0)
			return why_not(why, "FREE: %s",
			    message_status_text(m.head.status));
	}
	c->spent += clock_cpu_of(c->daemon);
	return 0;
}

/* A process on the other CPU that answers, and that is all. */
struct echo {
	pid_t pid;
	int socket;
	unsigned tried;
	double us[TRIED];
};

static void
answer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	union message m;

	while (poll(&p, 1, -1) == 1 && message_receive(fd, &m, NULL) > 0 &&
	       message_send(fd, &m, m.head.length, -1) == 0)
		continue;
	_exit(0);
}

static int
open_echo(struct echo *e, char *why)
{
	int pair[2];

	e->socket = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return why_not(why, "socketpair: %s", strerror(errno));
	e->pid = fork();
	if (e->pid == 0) {
		(void)close(pair[0]);
		(void)bench_pin(1);
		answer(pair[1]);
	}
	(void)close(pair[1]);
	e->socket = pair[0];
	return e->pid == -1 ? why_not(why, "fork: %s", strerror(errno)) : 0;
}

static int
echo_turn(struct echo *e, char *why)
{
	struct client c = { .socket = e->socket, .apart = 1 };
	union message m;

	take_place(&c);
	memset(&m, 0, sizeof(m));
	for (int i = 0; i < TURN; i++)
		if (trip(&c, &m, MESSAGE_ALLOC, &e->us[e->tried++]) != 0)
			return why_not(why, "no echo");
	return 0;
}

static void
close_echo(struct echo *e)
{
	if (e->socket > 0)
		(void)close(e->socket);
	if (e->pid > 0)
		(void)waitpid(e->pid, NULL, 0);
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
sum_up(struct client *c, struct alloc_figures *f)
{
	f->live = c->live;
	f->apart = c->apart;
	f->daemon = (double)c->spent / 1000 / TRIED;
	for (int i = 0; i < TRIPS; i++) {
		qsort(c->us[i], TRIED, sizeof(double), compare);
		f->p50[i] = c->us[i][TRIED / 2];
		f->p99[i] = c->us[i][TRIED * 99 / 100];
	}
}

static int
open_all(struct client c[ALLOC_WAYS], struct echo *e, char *why)
{
	return open_echo(e, why) == 0 &&
		       open_client(&c[0], "few", FEW, 0, why) == 0 &&
		       open_client(&c[1], "many", MANY, 0, why) == 0 &&
		       open_client(&c[2], "apart", MANY, 1, why) == 0
		   ? 0
		   : -1;
}

int
alloc_measure(struct alloc_figures figures[ALLOC_WAYS],
    struct echo_figures *echo, char why[WHY_MAX])
{
	static struct echo e;
	struct client *c = calloc(ALLOC_WAYS, sizeof(*c));
	int r;

	if (c == NULL)
		return why_not(why, "no memory");
	r = open_all(c, &e, why);
	for (int i = 0; r == 0 && i < TURNS; i++) {
		for (int k = 0; r == 0 && k < ALLOC_WAYS; k++)
			r = turn(&c[k], why);
		if (r == 0)
			r = echo_turn(&e, why);
	}
	for (int i = 0; r == 0 && i < ALLOC_WAYS; i++)
		sum_up(&c[i], &figures[i]);
	qsort(e.us, e.tried, sizeof(double), compare);
	echo->p50 = e.us[e.tried / 2];
	echo->p99 = e.us[e.tried * 99 / 100];
	bench_unpin();
	close_echo(&e);
	for (int i = 0; i < ALLOC_WAYS; i++)
		close_client(&c[i]);
	free(c);
	return r;
}
