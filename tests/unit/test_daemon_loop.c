/*
 * test_daemon_loop.c -- clients first, and then what has time.
 *
 * event_base_new(3) is this file's: so it has events of its own in the loop.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/guard.h"
#include "common/message.h"
#include "daemon/loop.h"
#include "daemon/now.h"
#include "daemon/start.h"
#include "tests/unit/unit.h"

#define MIB (UINT64_C(1) << 20) /* what is zeroed in one turn */
#define TURNS 64                /* that there is to zero */
#define ANSWERS (4 * TURNS)     /* that a client asks for meanwhile */

static char dir[64];
static int dirfd_;
static struct options options;
static struct instance instance;
static struct event_base *base;
static const uint8_t *given_up; /* TURNS MiB */

static int client = -1;
static struct event *busy, *idle;
static unsigned answers; /* since there is something to zero */
static unsigned left;    /* to zero, when there were enough of them */

struct event_base *
event_base_new(void)
{
	struct event_base *(*own)(void) =
	    (struct event_base * (*)(void)) dlsym(RTLD_NEXT, "event_base_new");

	base = own();
	return base;
}

/* A section of TURNS MiB that was written to, and whose cooling is over. */
static void
give_up(void)
{
	struct store_owner o = { .pid = getpid(), .client = 1 };
	struct message_alloc a = { .class = CLASS_LOG,
		.type = "test",
		.ident = "log",
		.length = TURNS * MIB };
	struct store_time later = now();
	struct message_section m;
	uint8_t *map;

	expect_eq(store_alloc(instance.store, &o, &a, now(), &m), MESSAGE_OK);
	map = mmap(NULL, store_plan(instance.store)->segment_size,
	    PROT_READ | PROT_WRITE, MAP_SHARED, store_fd(instance.store), 0);
	expect(map != MAP_FAILED);
	given_up = map + m.offset;
	for (uint64_t i = 0; i < TURNS; i++)
		map[m.offset + i * MIB] = 1;
	expect_eq(store_free(instance.store, &o, &m, now()), MESSAGE_OK);
	later.mono += 2 * options.cooling * NS_PER_SECOND;
	store_tick(instance.store, later);
}

static unsigned
turns_left(void)
{
	unsigned n = 0;

	for (uint64_t i = 0; i < TURNS; i++)
		n += given_up[i * MIB] != 0;
	return n;
}

static void
say(enum message_op op)
{
	struct message_header h;

	message_head(&h, op, sizeof(h), 1, MESSAGE_OK);
	expect_eq(message_send(client, &h, sizeof(h), -1), 0);
}

/* The client can write: in each turn of the loop.  It asks when it was
 * answered. */
static void
on_busy(evutil_socket_t fd, short what, void *arg)
{
	union message m;

	(void)what;
	(void)arg;
	if (message_receive(fd, &m, NULL) <= 0)
		return;
	expect_eq(m.head.status, MESSAGE_OK);
	left = turns_left();
	answers += left < TURNS;
	if (answers == ANSWERS)
		(void)event_del(busy);
	else
		say(MESSAGE_PING);
}

static void
on_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (answers == ANSWERS && turns_left() == 0)
		(void)raise(SIGTERM);
}

static void
ready(void *arg)
{
	const struct timeval often = { 0, 10000 };
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)arg;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/" SOCKET_FILE, dir);
	client =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	expect_eq(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	say(MESSAGE_HELLO);
	busy = event_new(base, client, EV_WRITE | EV_PERSIST, on_busy, NULL);
	idle = event_new(base, -1, EV_PERSIST, on_idle, NULL);
	expect(busy != NULL && event_add(busy, NULL) == 0);
	expect(idle != NULL && event_add(idle, &often) == 0);
}

/* A turn of a client's is a turn of zeroing, if both have the same priority. */
START_TEST(nothing_is_zeroed_while_a_client_asks)
{
	char *argv[] = { "shmlogd", "-n", dir, "-s", "80m", "-m", "16", NULL };
	char error[OPTIONS_ERROR_MAX];

	dirfd_ = unit_mkdir(dir);
	expect_eq(options_parse(&options, 7, argv, error), OPTIONS_RUN);
	loop_ignore_signals();
	expect_eq(guard_init(), 0);
	expect_eq(instance_start(&instance, &options), 0);
	give_up();
	expect_eq(turns_left(), TURNS);
	expect_eq(loop_run(&instance, ready, NULL), 0);
	expect_eq(answers, ANSWERS);
	/* but for what each second has to itself */
	expect(left > TURNS / 2);
	instance_stop(&instance);
	close(client);
	unit_rmdir(dir, dirfd_);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_is_zeroed_while_a_client_asks,
	};

	return UNIT_RUN("daemon_loop", tests);
}
