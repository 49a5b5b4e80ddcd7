/*
 * talk.c -- says to shmlogd what it is told to say, right or wrong.
 *
 *	talk SOCKET STEP...
 *
 * Each step sends one message and prints a line: the step's name and the status
 * of the answer, `closed' if the connection ended instead, or `silent' if
 * nothing came for two seconds.  After `closed' the next step connects anew.
 *
 *	hello ping alloc=BYTES publish free	as they should be; the last two
 *						of what alloc got
 *	stream=KIB	alloc, made a stream of one lane, not published
 *	version=N op=N length=N	a PING with another version, operation, length
 *	short long empty	3 bytes, 70000 bytes, no byte
 *	huge		ALLOC of 2^63 bytes
 *	endless		ALLOC, its ident without an end
 *	fds		PING with five descriptors
 *	again		HELLO whether or not it was said
 *	idle=N		connects N times and says nothing: `idle M', M came so
 *			far; the connections stay
 *	known=N		the same, with HELLO: how many were answered with 0
 *	fill=BYTES	ALLOC until it fails: how many, and why not
 *	flood=SECONDS	PUBLISHes of nothing as fast as it goes, 16 at a time:
 *			how many were let through, and were over the limit
 *	frees=SECONDS	the same with FREEs of nothing
 *	torrent=SECONDS	a child sends PINGs as fast as it goes, we read: how
 *			many answers
 *	burst=N		a PING of a wrong version, N more behind it, then
 *			listens to what the first one's answer is
 *	deaf		PINGs and never reads: how many until it was dropped
 *	pings=N		prints the slowest of N, in ms
 *	cycle=N		N times alloc and free, of 4096 bytes: how many did
 *	uid=N		becomes that user (root only)
 *	wait		until it is killed
 *	fork		leaves a child that holds the connection: its pid
 *	file		the size of the segment that came with HELLO
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/message.h"
#include "common/ring.h"
#include "common/stream.h"

static const char *path;
static int sock = -1;
static int segment = -1;
static uint32_t number;
static struct message_section section;

static uint64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int
dial(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

static void
hang_up(void)
{
	if (sock != -1)
		close(sock);
	sock = -1;
}

/* The next answer: its status; -1 closed; -2 silent. */
static int
listen_for(union message *m)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int fd, n;

	if (poll(&p, 1, 2000) != 1)
		return -2;
	n = message_receive(sock, m, &fd);
	if (n <= 0)
		return -1;
	if (fd != -1) {
		if (segment != -1)
			close(segment);
		segment = fd;
	}
	return (int)m->head.status;
}

static int
say(const void *bytes, uint32_t length, union message *m)
{
	if (sock == -1 && (sock = dial()) == -1)
		return -1;
	if (send(sock, bytes, length, MSG_NOSIGNAL) == -1)
		return -1;
	return listen_for(m);
}

static void
report(const char *step, int status)
{
	if (status >= 0)
		(void)printf("%s %d\n", step, status);
	else
		(void)printf(
		    "%s %s\n", step, status == -1 ? "closed" : "silent");
	if (status == -1)
		hang_up();
}

static int
ask(enum message_op op, union message *request, union message *m)
{
	uint32_t length = message_request_length(op);

	message_head(&request->head, op, length, ++number, MESSAGE_OK);
	return say(request, length, m);
}

static int
ask_alloc(uint64_t length, union message *m)
{
	union message request = { .alloc = { .class = CLASS_LOG,
				      .type = "talk",
				      .ident = "test",
				      .length = length } };
	int status = ask(MESSAGE_ALLOC, &request, m);

	if (status == MESSAGE_OK)
		section = m->section;
	return status;
}

static int
plain(const char *step, uint64_t n)
{
	union message request, m;

	(void)n;
	memset(&request, 0, sizeof(request));
	if (strcmp(step, "hello") == 0 || strcmp(step, "again") == 0)
		return ask(MESSAGE_HELLO, &request, &m);
	if (strcmp(step, "ping") == 0)
		return ask(MESSAGE_PING, &request, &m);
	request.section = section;
	return ask(strcmp(step, "free") == 0 ? MESSAGE_FREE : MESSAGE_PUBLISH,
	    &request, &m);
}

static int
alloc(const char *step, uint64_t n)
{
	union message m;

	(void)step;
	return ask_alloc(n, &m);
}

static int
make_stream(const char *step, uint64_t kib)
{
	struct stream_plan plan;
	struct ring_writer w;
	union message m;
	uint8_t *at;
	int status;

	(void)step;
	status = ask_alloc(stream_plan(&plan, 1, kib << 10, 4096), &m);
	if (status != MESSAGE_OK)
		return status;
	at = mmap(NULL, section.length, PROT_READ | PROT_WRITE, MAP_SHARED,
	    segment, (off_t)section.offset);
	if (at == MAP_FAILED)
		return -1;
	stream_create(at, &plan);
	ring_create(&w, stream_lane(at, &plan, 0), plan.lane_size, 0);
	munmap(at, section.length);
	return status;
}

/* A PING that is wrong in one place. */
static int
wrong(const char *step, uint64_t n)
{
	struct message_header h;
	union message m;

	message_head(&h, MESSAGE_PING, sizeof(h), ++number, MESSAGE_OK);
	if (strcmp(step, "version") == 0)
		h.version = (uint16_t)n;
	else if (strcmp(step, "op") == 0)
		h.operation = (uint16_t)n;
	else
		h.length = (uint32_t)n;
	return say(&h, sizeof(h), &m);
}

static int
sized(const char *step, uint64_t n)
{
	static char bytes[70000];
	union message m;

	(void)n;
	return say(bytes,
	    step[0] == 's'   ? 3
	    : step[0] == 'l' ? sizeof(bytes)
			     : 0,
	    &m);
}

static int
huge(const char *step, uint64_t n)
{
	union message m;

	(void)step;
	(void)n;
	return ask_alloc(UINT64_C(1) << 63, &m);
}

static int
endless(const char *step, uint64_t n)
{
	union message request = {
		.alloc = { .class = CLASS_LOG, .type = "talk", .length = 4096 }
	};
	union message m;

	(void)step;
	(void)n;
	memset(request.alloc.ident, 'x', sizeof(request.alloc.ident));
	return ask(MESSAGE_ALLOC, &request, &m);
}

static int
with_fds(const char *step, uint64_t n)
{
	int fds[5] = { 0, 0, 0, 0, 0 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = { .bytes = { 0 } };
	struct message_header h;
	struct iovec iov = { .iov_base = &h, .iov_len = sizeof(h) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	union message m;

	(void)step;
	(void)n;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	message_head(&h, MESSAGE_PING, sizeof(h), ++number, MESSAGE_OK);
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) == -1)
		return -1;
	return listen_for(&m);
}

/* idle and known: the connections stay open. */
static int
crowd(const char *step, uint64_t n)
{
	struct rlimit r = { .rlim_cur = n + 64, .rlim_max = n + 64 };
	uint64_t came = 0;

	(void)setrlimit(RLIMIT_NOFILE, &r);
	for (uint64_t i = 0; i < n; i++) {
		sock = dial();
		if (sock == -1)
			continue;
		came += step[0] == 'i' || plain("hello", 0) == 0;
	}
	sock = -1;
	(void)printf("%s %ju\n", step, (uintmax_t)came);
	return -3;
}

static int
fill(const char *step, uint64_t n)
{
	union message m;
	unsigned got = 0;
	int status;

	while ((status = ask_alloc(n, &m)) == MESSAGE_OK)
		got++;
	(void)printf("%s %u %d\n", step, got, status);
	return -3;
}

static int
flood(const char *step, uint64_t n)
{
	uint64_t end = now_us() + n * 1000000;
	uintmax_t got[2] = { 0, 0 };
	struct message_section h = { .index = UINT32_MAX };
	union message m;
	int status;

	do {
		for (int i = 0; i < 16; i++) {
			message_head(&h.head,
			    step[1] == 'l' ? MESSAGE_PUBLISH : MESSAGE_FREE,
			    sizeof(h), ++number, MESSAGE_OK);
			if (send(sock, &h, sizeof(h), MSG_NOSIGNAL) == -1)
				return -1;
		}
		for (int i = 0; i < 16; i++) {
			status = listen_for(&m);
			if (status < 0)
				return status;
			got[status == MESSAGE_OVER_LIMIT]++;
		}
	} while (now_us() < end);
	(void)printf("%s %ju %ju\n", step, got[0], got[1]);
	return -3;
}

/* A child sends without end. */
static _Noreturn void
pour(void)
{
	struct message_header h;

	do
		message_head(&h, MESSAGE_PING, sizeof(h), ++number, MESSAGE_OK);
	while (send(sock, &h, sizeof(h), MSG_NOSIGNAL) != -1);
	_exit(0);
}

static int
torrent(const char *step, uint64_t n)
{
	uint64_t end = now_us() + n * 1000000;
	uintmax_t got = 0;
	union message m;
	pid_t pid = fork();

	if (pid == 0)
		pour();
	while (now_us() < end && listen_for(&m) >= 0)
		got++;
	(void)kill(pid, SIGKILL);
	(void)printf("%s %ju\n", step, got);
	return -3;
}

static int
burst(const char *step, uint64_t n)
{
	struct message_header h;
	union message m;

	(void)step;
	if ((sock = dial()) == -1)
		return -1;
	for (uint64_t i = 0; i <= n; i++) {
		message_head(&h, MESSAGE_PING, sizeof(h), ++number, MESSAGE_OK);
		h.version = (uint16_t)(i == 0 ? 99 : MESSAGE_VERSION);
		if (send(sock, &h, sizeof(h), MSG_NOSIGNAL) == -1)
			return -1;
	}
	(void)printf("sent\n");
	return listen_for(&m);
}

static int
deaf(const char *step, uint64_t n)
{
	struct pollfd p = { .events = POLLOUT };
	struct message_header h;
	unsigned sent = 0;

	(void)n;
	for (;;) {
		message_head(&h, MESSAGE_PING, sizeof(h), ++number, MESSAGE_OK);
		p.fd = sock;
		if (poll(&p, 1, 20000) != 1)
			return -2;
		if (send(sock, &h, sizeof(h), MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    -1)
			sent++;
		else if (errno != EAGAIN)
			break;
	}
	(void)printf("%s %u\n", step, sent);
	hang_up();
	return -3;
}

static int
pings(const char *step, uint64_t n)
{
	uint64_t before, most = 0;
	int status;

	while (n-- > 0) {
		before = now_us();
		status = plain("ping", 0);
		if (status != MESSAGE_OK)
			return status;
		if (now_us() - before > most)
			most = now_us() - before;
	}
	(void)printf("%s %ju\n", step, (uintmax_t)(most / 1000));
	return -3;
}

static int
cycle(const char *step, uint64_t n)
{
	union message m;
	uintmax_t did = 0;

	while (n-- > 0 && ask_alloc(4096, &m) == MESSAGE_OK &&
	       plain("free", 0) == MESSAGE_OK)
		did++;
	(void)printf("%s %ju\n", step, did);
	return -3;
}

static int
become(const char *step, uint64_t n)
{
	(void)step;
	if (setgroups(0, NULL) == -1 ||
	    setresuid((uid_t)n, (uid_t)n, (uid_t)n) == -1)
		exit(1);
	return -3;
}

/* Until a signal ends us. */
static _Noreturn void
stay(void)
{
	for (;;)
		(void)pause();
}

static int
wait_here(const char *step, uint64_t n)
{
	(void)n;
	(void)printf("%s\n", step);
	stay();
}

static int
leave_child(const char *step, uint64_t n)
{
	pid_t pid = fork();

	(void)n;
	if (pid == 0)
		stay();
	(void)printf("%s %d\n", step, (int)pid);
	return -3;
}

static int
file_size(const char *step, uint64_t n)
{
	struct stat st;

	(void)n;
	if (segment == -1 || fstat(segment, &st) == -1 ||
	    (fcntl(segment, F_GETFL) & O_ACCMODE) != O_RDWR)
		return -1;
	(void)printf("%s %jd\n", step, (intmax_t)st.st_size);
	return -3;
}

/* A status, -1 closed, -2 silent, -3 it has printed its line. */
static const struct {
	const char *name;
	int (*run)(const char *, uint64_t);
} steps[] = {
	{ "hello", plain },
	{ "again", plain },
	{ "ping", plain },
	{ "publish", plain },
	{ "free", plain },
	{ "alloc", alloc },
	{ "stream", make_stream },
	{ "version", wrong },
	{ "op", wrong },
	{ "length", wrong },
	{ "short", sized },
	{ "long", sized },
	{ "empty", sized },
	{ "huge", huge },
	{ "endless", endless },
	{ "fds", with_fds },
	{ "idle", crowd },
	{ "known", crowd },
	{ "fill", fill },
	{ "flood", flood },
	{ "frees", flood },
	{ "torrent", torrent },
	{ "burst", burst },
	{ "deaf", deaf },
	{ "pings", pings },
	{ "cycle", cycle },
	{ "uid", become },
	{ "wait", wait_here },
	{ "fork", leave_child },
	{ "file", file_size },
};

static void
take(char *word)
{
	char *value = strchr(word, '=');
	int status;

	if (value != NULL)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(steps[i].name, word) != 0)
			continue;
		status = steps[i].run(
		    word, value == NULL ? 0 : strtoull(value, NULL, 0));
		if (status != -3)
			report(word, status);
		return;
	}
	(void)fprintf(stderr, "talk: %s: no such step\n", word);
	exit(2);
}

int
main(int argc, char *argv[])
{
	if (argc < 3)
		return 2;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	path = argv[1];
	for (int i = 2; i < argc; i++)
		take(argv[i]);
	return 0;
}
