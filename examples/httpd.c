/*
 * httpd.c -- a pre-forking web server that is watched with shmtail and shmstat.
 *
 *	httpd [-n instance] [-p port] [-w workers]
 *
 * This is the parent: it opens the listening socket, forks the workers, and
 * starts another one where one died.  It serves nobody.  Each worker runs an
 * evhttp of its own on the socket that it inherited: httpd_worker.c.
 *
 * WHY ONE SOCKET.  With SO_REUSEPORT each worker would have a queue of its own,
 * and the connections that wait in the queue of a worker that is killed are
 * reset.  The queue of a shared socket belongs to nobody: what a dead worker
 * had not accepted yet, the others do.  Only requests on connections that it
 * had accepted are lost with it.
 *
 * WHAT FORK NEEDS.  Nothing: handle, stream, set and the counters' addresses
 * are made before fork(2) and used after it.  Each worker gets sections of its
 * own by itself; readers see one stream and one set a process and add them up.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "httpd.h"

#define WORKERS_MAX 64 /* a bit each in the bitmap */

#define DEF(i, kind, name, unit, help)                                         \
	[i] = { name, SHMLOG_##kind, SHMLOG_STAT_INFO, unit, help }

static const struct shmlog_def defs[C_COUNT] = {
	DEF(C_REQUESTS, COUNTER, "requests", "requests", "Requests answered"),
	DEF(C_2XX, COUNTER, "status.2xx", "requests", "Answered as asked"),
	DEF(C_4XX, COUNTER, "status.4xx", "requests", "The client's fault"),
	DEF(C_5XX, COUNTER, "status.5xx", "requests", "The server's fault"),
	DEF(C_BYTES, COUNTER, "bytes", "bytes", "Sent, without headers"),
	DEF(C_ACCEPTED, COUNTER, "accepted", "connections",
	    "Connections that made a request"),
	DEF(C_CONNECTIONS, UPDOWN, "connections", "connections",
	    "Connections open now"),
	DEF(C_BUSY, GAUGE, "busy", "workers", "Workers making an answer now"),
	DEF(C_UP, BITMAP, "up", "", "A bit for each worker that serves"),
	DEF(C_DIED, COUNTER, "died", "workers", "Workers that died"),
};

/* In the order of the enum. */
static const char *const tags[T_COUNT] = { "Start", "Request", "Status",
	"Bytes", "Time", "End", "Worker" };

/* What the parent knows of a worker. */
struct slot {
	pid_t pid; /* 0: none runs */
	uint64_t started;
};

static void __attribute__((format(printf, 3, 4)))
say(struct server *s, int level, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "httpd: %s\n", text);
	shmlog_puts(s->stream, s->tag[T_WORKER], level, 0, text);
}

static void
slot_start(struct server *s, struct slot *slot, int number)
{
	pid_t parent = getpid();

	slot->started = now_us();
	slot->pid = fork();
	if (slot->pid == 0) {
		/* A parent that is killed takes its workers along. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(0);
		worker_run(s, number);
	}
	if (slot->pid == -1) {
		slot->pid = 0;
		say(s, SHMLOG_ERR, "fork: %s", strerror(errno));
		return;
	}
	say(s, SHMLOG_INFO, "worker %d is process %ld", number,
	    (long)slot->pid);
}

static void
slot_died(struct server *s, const struct slot *slot, int number, int status)
{
	int sig = WIFSIGNALED(status);

	shmlog_add(s->count[C_DIED], 1);
	say(s, SHMLOG_ERR, "worker %d (process %ld) %s %d", number,
	    (long)slot->pid, sig ? "was killed by signal" : "ended with status",
	    sig ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* Takes note of the workers that have ended; returns how many still run. */
static int
slots_reap(struct server *s, struct slot *slots, int ending)
{
	int running = 0, status;

	for (int i = 0; i < s->workers; i++) {
		struct slot *slot = &slots[i];

		if (slot->pid == 0)
			continue;
		if (waitpid(slot->pid, &status, WNOHANG) != slot->pid) {
			running++;
			continue;
		}
		if (!ending)
			slot_died(s, slot, i, status);
		slot->pid = 0;
	}
	return running;
}

/* Starts what does not run; one that lived for less than a second waits. */
static void
slots_fill(struct server *s, struct slot *slots)
{
	for (int i = 0; i < s->workers; i++)
		if (slots[i].pid == 0 &&
		    (slots[i].started == 0 ||
			now_us() - slots[i].started > 1000000))
			slot_start(s, &slots[i], i);
}

static void
slots_signal(struct server *s, struct slot *slots, int sig)
{
	for (int i = 0; i < s->workers; i++)
		if (slots[i].pid != 0)
			kill(slots[i].pid, sig);
}

/* The parent's life: until SIGTERM or SIGINT. */
static void
serve(struct server *s, const sigset_t *signals)
{
	struct slot slots[WORKERS_MAX] = { 0 };
	struct timespec tick = { 0, 200000000 };
	uint64_t deadline;

	slots_fill(s, slots);
	printf("httpd: listening on http://127.0.0.1:%d/\n", s->port);
	fflush(stdout);
	for (;;) {
		int sig = sigtimedwait(signals, NULL, &tick);

		if (sig == SIGTERM || sig == SIGINT)
			break;
		slots_reap(s, slots, 0);
		slots_fill(s, slots);
		(void)shmlog_dispatch(s->log);
	}
	slots_signal(s, slots, SIGTERM);
	deadline = now_us() + 5000000;
	while (slots_reap(s, slots, 1) > 0) {
		if (now_us() > deadline)
			slots_signal(s, slots, SIGKILL);
		sigtimedwait(signals, NULL, &tick);
	}
}

/* Listens on 127.0.0.1; port 0: any, and s->port tells which.  0, or -1. */
static int
server_listen(struct server *s)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(sin);
	int on = 1;

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd == -1 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
		-1 ||
	    bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(s->fd, 1024) == -1 ||
	    getsockname(s->fd, (struct sockaddr *)&sin, &length) == -1)
		return -1;
	s->port = ntohs(sin.sin_port);
	return 0;
}

/* Makes all that is logged and counted with: before the fork. */
static int
server_log(struct server *s)
{
	/* One thread writes, so one lane; a large one, because six records a
	 * request at full speed fill it fast. */
	struct shmlog_stream_options one = { .lanes = 1, .lane_size = 2 << 20 };

	s->log = shmlog_open(s->instance);
	if (s->log == NULL)
		return -1;
	s->stream = shmlog_stream(s->log, "http", "front", &one);
	s->set = shmlog_set(s->log, "http", "front", defs, C_COUNT, NULL);
	for (int i = 0; i < C_COUNT; i++)
		s->count[i] = shmlog_counter(s->set, (unsigned)i);
	for (int i = 0; i < T_COUNT; i++)
		s->tag[i] = shmlog_tag(s->stream, tags[i]);
	if (shmlog_wait(s->log, 1000) == -1)
		fprintf(stderr,
		    "httpd: not logging yet: %s (does shmlogd run?)\n",
		    strerror(errno));
	return 0;
}

static void
usage(void)
{
	fprintf(stderr, "usage: httpd [-n instance] [-p port] [-w workers]\n");
	exit(2);
}

/* The number in an option's argument; exits if it is none. */
static int
number(int option, const char *text, int min, int max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || n < min || n > max) {
		fprintf(stderr, "httpd: -%c %s: not a number from %d to %d\n",
		    option, text, min, max);
		exit(2);
	}
	return (int)n;
}

static void
options(struct server *s, int argc, char **argv)
{
	int c;

	opterr = 0; /* usage() says enough */
	while ((c = getopt(argc, argv, "n:p:w:")) != -1)
		switch (c) {
		case 'n':
			s->instance = optarg;
			break;
		case 'p':
			s->port = number(c, optarg, 0, 65535);
			break;
		case 'w':
			s->workers = number(c, optarg, 1, WORKERS_MAX);
			break;
		default:
			usage();
		}
	if (optind != argc)
		usage();
}

int
main(int argc, char **argv)
{
	struct server s = { .port = 8080, .workers = 4, .fd = -1 };
	sigset_t signals;

	options(&s, argc, argv);
	if (server_log(&s) == -1) {
		fprintf(stderr, "httpd: instance %s: %s\n",
		    s.instance == NULL ? "default" : s.instance,
		    strerror(errno));
		return errno == EINVAL ? 2 : 1;
	}
	if (server_listen(&s) == -1) {
		fprintf(stderr, "httpd: 127.0.0.1:%d: %s\n", s.port,
		    strerror(errno));
		return 1;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	serve(&s, &signals);
	close(s.fd);
	shmlog_set_free(s.set);
	shmlog_close(s.log);
	return 0;
}
