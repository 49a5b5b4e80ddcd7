/*
 * test_daemon_client.c -- the server's turns, one by one.
 *
 * What a client is told is tests/e2e/daemon_hostile.sh's; here the event loop
 * is turned by hand.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/bank.h"
#include "common/message.h"
#include "common/process.h"
#include "common/set.h"
#include "daemon/admin.h"
#include "daemon/client.h"
#include "daemon/limits.h"
#include "daemon/now.h"
#include "daemon/server.h"
#include "tests/unit/unit.h"

static char dir[64];
static int dirfd_;
static struct event_base *base;
static struct store *store;
static struct server server;

static void
begin(uint32_t max_clients)
{
	struct store_options o = {
		.file = "segment",
		.instance = "test",
		.size = 1 << 20,
		.sections = 16,
		.cooling = 60,
		.mode = 0600,
		.pid = getpid(),
	};

	dirfd_ = o.dirfd = unit_mkdir(dir);
	store = store_create(&o, NULL, now());
	ck_assert_ptr_nonnull(store);
	store_open_for_business(store, now());
	base = event_base_new();
	ck_assert_int_eq(event_base_priority_init(base, 2), 0);
	ck_assert_int_eq(server_init(&server, base, store,
			     socket(AF_UNIX, SOCK_SEQPACKET, 0), max_clients),
	    0);
}

static void
end(void)
{
	server_fini(&server);
	event_base_free(base);
	store_close(store);
	unit_rmdir(dir, dirfd_);
}

/* A client of this process; returns its end. */
static int
connected(uid_t uid)
{
	struct ucred peer = { .pid = getpid(), .uid = uid };
	int ends[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
		0, ends),
	    0);
	ck_assert_ptr_nonnull(client_new(&server, ends[0], &peer, now_mono()));
	return ends[1];
}

static void
say(int fd, enum message_op op)
{
	struct message_header h;

	message_head(&h, op, sizeof(h), 1, MESSAGE_OK);
	ck_assert_int_eq(message_send(fd, &h, sizeof(h), -1), 0);
}

static void
turn(void)
{
	(void)event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* How many answers there are, each with that status. */
static unsigned
answers(int fd, enum message_status status)
{
	union message m;
	unsigned n = 0;

	while (message_receive(fd, &m, NULL) > 0) {
		ck_assert_uint_eq(m.head.status, status);
		n++;
	}
	return n;
}

START_TEST(a_turn_is_bounded_and_everybody_has_one)
{
	int many, one;

	begin(10);
	many = connected(0);
	one = connected(0);
	say(many, MESSAGE_HELLO);
	say(one, MESSAGE_HELLO);
	for (int i = 1; i < LIMIT_TURN + 5; i++)
		say(many, MESSAGE_PING);
	turn();
	ck_assert_uint_eq(answers(many, MESSAGE_OK), LIMIT_TURN);
	ck_assert_uint_eq(answers(one, MESSAGE_OK), 1);
	turn();
	ck_assert_uint_eq(answers(many, MESSAGE_OK), 5);
	end();
}
END_TEST

/* A reserved section whose schema is as long as can be, and rubbish. */
static union message
long_schema(int fd)
{
	static const uint8_t rubbish[SCHEMA_MAX] = { 1 };
	uint64_t length = 4096 + SCHEMA_MAX;
	union message m;
	struct set_plan p;
	uint8_t *memory;

	memset(&m, 0, sizeof(m));
	message_head(&m.head, MESSAGE_ALLOC, sizeof(m.alloc), 2, MESSAGE_OK);
	memcpy(m.alloc.class, CLASS_STAT, sizeof(CLASS_STAT));
	strcpy(m.alloc.type, "test");
	strcpy(m.alloc.ident, "long");
	m.alloc.length = length;
	ck_assert_int_eq(message_send(fd, &m, sizeof(m.alloc), -1), 0);
	turn();
	ck_assert_int_gt(message_receive(fd, &m, NULL), 0);
	ck_assert_uint_eq(m.head.status, MESSAGE_OK);
	memory = mmap(NULL, store_plan(store)->segment_size,
	    PROT_READ | PROT_WRITE, MAP_SHARED, store_fd(store), 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_uint_ne(set_plan(&p, 1, 1, 1, 1, SCHEMA_MAX), 0);
	p.id = 1;
	set_create(memory + m.section.offset, &p, rubbish);
	(void)munmap(memory, store_plan(store)->segment_size);
	message_head(
	    &m.head, MESSAGE_PUBLISH, sizeof(m.section), 3, MESSAGE_OK);
	return m;
}

START_TEST(a_turn_is_over_when_a_request_was_much_work)
{
	int64_t tokens;
	union message m;
	int busy, one;

	begin(10);
	busy = connected(0);
	one = connected(0);
	say(busy, MESSAGE_HELLO);
	say(one, MESSAGE_HELLO);
	turn();
	ck_assert_uint_eq(answers(busy, MESSAGE_OK), 1);
	ck_assert_uint_eq(answers(one, MESSAGE_OK), 1);
	m = long_schema(busy);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
		    message_send(busy, &m, sizeof(m.section), -1), 0);
	say(one, MESSAGE_PING);
	/* nothing comes back meanwhile, however long this takes */
	TAILQ_FIRST(&server.clients)->user->refilled = UINT64_MAX;
	tokens = TAILQ_FIRST(&server.clients)->user->tokens;
	for (int i = 0; i < 3; i++) {
		turn();
		ck_assert_uint_eq(answers(busy, MESSAGE_BAD_SECTION), 1);
		ck_assert_uint_eq(answers(one, MESSAGE_OK), i == 0);
	}
	/* refused it was, but not for nothing */
	expect(tokens - TAILQ_FIRST(&server.clients)->user->tokens >
	       3 * (int64_t)(SCHEMA_MAX / LIMIT_WORK_BYTES * NS_PER_SECOND /
			     LIMIT_UID_RATE));
	end();
}
END_TEST

/* A worker does not ask a second time. */
START_TEST(who_frees_goes_into_debt_and_is_not_refused)
{
	union message m;
	struct client_user *u;
	int fd;

	begin(10);
	fd = connected(4242);
	u = TAILQ_FIRST(&server.clients)->user;
	say(fd, MESSAGE_HELLO);
	turn();
	ck_assert_uint_eq(answers(fd, MESSAGE_OK), 1);
	u->tokens = 0;
	u->refilled = UINT64_MAX; /* nothing comes back meanwhile */
	memset(&m, 0, sizeof(m));
	message_head(&m.head, MESSAGE_FREE, sizeof(m.section), 3, MESSAGE_OK);
	for (int i = 0; i < LIMIT_TURN + 1; i++)
		ck_assert_int_eq(
		    message_send(fd, &m, sizeof(m.section), -1), 0);
	turn();
	ck_assert_uint_eq(answers(fd, MESSAGE_NOT_YOURS), LIMIT_TURN);
	turn();
	ck_assert_uint_eq(answers(fd, MESSAGE_NOT_YOURS), 1);
	expect(u->tokens ==
	       -(int64_t)((LIMIT_TURN + 1) * NS_PER_SECOND / LIMIT_UID_RATE));
	say(fd, MESSAGE_PING);
	turn();
	ck_assert_uint_eq(answers(fd, MESSAGE_OK), 1);
	m.head.operation = MESSAGE_PUBLISH;
	ck_assert_int_eq(message_send(fd, &m, sizeof(m.section), -1), 0);
	turn();
	ck_assert_uint_eq(answers(fd, MESSAGE_OVER_LIMIT), 1);
	end();
}
END_TEST

/* Each pidfd is a descriptor: a process that has nothing any more is not
 * watched until it ends. */
START_TEST(who_hung_up_and_has_freed_all_is_watched_no_more)
{
	union message m;
	uint8_t *memory;
	int fd;

	begin(10);
	fd = connected(0);
	say(fd, MESSAGE_HELLO);
	turn();
	ck_assert_uint_eq(answers(fd, MESSAGE_OK), 1);
	m = long_schema(fd);
	close(fd);
	turn();
	server_tick(&server);
	ck_assert_uint_eq(server.n, 0);
	ck_assert_uint_eq(server.peers.n, 1);
	memory = mmap(NULL, store_plan(store)->segment_size,
	    PROT_READ | PROT_WRITE, MAP_SHARED, store_fd(store), 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	set_freed(memory + m.section.offset);
	(void)munmap(memory, store_plan(store)->segment_size);
	store_tick(store, now());
	server_tick(&server);
	ck_assert_uint_eq(server.peers.n, 0);
	end();
}
END_TEST

START_TEST(who_does_not_read_is_not_read_either)
{
	struct client *c;
	int deaf;

	begin(10);
	deaf = connected(0);
	c = TAILQ_FIRST(&server.clients);
	say(deaf, MESSAGE_HELLO);
	turn();
	for (int i = 0; i < 10000 && c->waiting < LIMIT_ANSWERS; i++) {
		struct message_header h;

		message_head(&h, MESSAGE_PING, sizeof(h), 1, MESSAGE_OK);
		(void)message_send(deaf, &h, sizeof(h), -1);
		turn();
	}
	ck_assert_uint_eq(c->waiting, LIMIT_ANSWERS);
	expect(c->stuck != 0);
	turn();
	ck_assert_uint_eq(c->waiting, LIMIT_ANSWERS);
	/* it reads at last: everything is there, and it is served again */
	expect(answers(deaf, MESSAGE_OK) > LIMIT_ANSWERS);
	while (c->waiting > 0) {
		turn();
		(void)answers(deaf, MESSAGE_OK);
	}
	turn();
	(void)answers(deaf, MESSAGE_OK);
	say(deaf, MESSAGE_PING);
	turn();
	expect(c->stuck == 0);
	client_tick(c, c->since + 3600 * NS_PER_SECOND);
	expect_eq(server.n, 1);
	end();
}
END_TEST

START_TEST(who_does_not_read_for_long_is_dropped)
{
	struct client *c;

	begin(10);
	(void)connected(0);
	c = TAILQ_FIRST(&server.clients);
	c->hello = 1;
	c->stuck = 1;
	client_tick(c, LIMIT_STUCK_SECONDS * NS_PER_SECOND);
	expect_eq(server.n, 1);
	client_tick(c, LIMIT_STUCK_SECONDS * NS_PER_SECOND + 1);
	expect_eq(server.n, 0);
	end();
}
END_TEST

START_TEST(who_says_no_hello_is_dropped)
{
	struct client *c;

	begin(10);
	(void)connected(0);
	c = TAILQ_FIRST(&server.clients);
	client_tick(c, c->since + LIMIT_HELLO_SECONDS * NS_PER_SECOND - 1);
	expect_eq(server.n, 1);
	client_tick(c, c->since + LIMIT_HELLO_SECONDS * NS_PER_SECOND);
	expect_eq(server.n, 0);
	end();
}
END_TEST

START_TEST(a_uid_has_its_share_of_connections)
{
	int fds[4], other;

	begin(4);
	for (int i = 0; i < 4; i++) {
		fds[i] = connected(4242);
		say(fds[i], MESSAGE_HELLO);
	}
	turn();
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(answers(fds[i], MESSAGE_OK), 1);
	ck_assert_uint_eq(answers(fds[3], MESSAGE_OVER_LIMIT), 1);
	expect_eq(server.n, 3);
	other = connected(4243);
	say(other, MESSAGE_HELLO);
	turn();
	ck_assert_uint_eq(answers(other, MESSAGE_OK), 1);
	end();
}
END_TEST

START_TEST(a_peer_that_cannot_be_watched_is_denied)
{
	struct ucred peer = { .pid = 0, .uid = 0 };
	int ends[2];

	begin(4);
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	ck_assert_ptr_nonnull(client_new(&server, ends[0], &peer, now_mono()));
	say(ends[1], MESSAGE_HELLO);
	turn();
	ck_assert_uint_eq(answers(ends[1], MESSAGE_DENIED), 1);
	expect_eq(server.n, 0);
	end();
}
END_TEST

/* Asks and takes the answer. */
static enum message_status
ask(int fd, enum message_op op, union message *m)
{
	uint32_t length = message_request_length(op);

	message_head(&m->head, op, length, 1, MESSAGE_OK);
	ck_assert_int_eq(message_send(fd, m, length, -1), 0);
	turn();
	ck_assert_int_gt(message_receive(fd, m, NULL), 0);
	return (enum message_status)m->head.status;
}

static void
ask_mask(union message *m)
{
	memset(m, 0, sizeof(*m));
	m->mask.rule = (struct mask_rule){ .what = MASK_LEVEL, .glob = "*" };
}

START_TEST(only_root_and_who_runs_it_may_administer)
{
	static const enum message_op ops[] = { MESSAGE_MASK, MESSAGE_MASKS,
		MESSAGE_LIST, MESSAGE_RETIRE };
	union message m;
	int root, other;

	begin(4);
	other = connected(4242);
	root = connected(0);
	memset(&m, 0, sizeof(m));
	expect_eq(ask(other, MESSAGE_HELLO, &m), MESSAGE_OK);
	expect_eq(ask(root, MESSAGE_HELLO, &m), MESSAGE_OK);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		ask_mask(&m);
		expect_eq(ask(other, ops[i], &m), MESSAGE_DENIED);
	}
	expect(store_mask_rule(store, 0) == NULL);
	ask_mask(&m);
	expect_eq(ask(root, MESSAGE_MASK, &m), MESSAGE_OK);
	expect(store_mask_rule(store, 0) != NULL);
	m.next.after = 0;
	expect_eq(ask(root, MESSAGE_MASKS, &m), MESSAGE_OK);
	expect(m.mask.rule.what == MASK_LEVEL);
	ck_assert_str_eq(m.mask.rule.glob, "*");
	m.next.after = 1;
	expect_eq(ask(root, MESSAGE_MASKS, &m), MESSAGE_OK);
	expect_eq(m.mask.rule.what, 0);
	end();
}
END_TEST

START_TEST(clients_are_listed_one_after_the_other)
{
	union message m;
	int fds[3];

	begin(4);
	for (int i = 0; i < 3; i++)
		fds[i] = connected(i == 1 ? 4242 : 0);
	memset(&m, 0, sizeof(m));
	for (int i = 1; i < 3; i++)
		expect_eq(ask(fds[i], MESSAGE_HELLO, &m), MESSAGE_OK);
	/* who has not said HELLO is nobody yet */
	m.next.after = 0;
	expect_eq(ask(fds[2], MESSAGE_LIST, &m), MESSAGE_OK);
	expect_eq(m.client.uid, 4242);
	expect_eq(m.client.pid, getpid());
	expect_eq(m.client.requests, 1);
	m.next.after = m.client.number;
	expect_eq(ask(fds[2], MESSAGE_LIST, &m), MESSAGE_OK);
	expect_eq(m.client.uid, 0);
	expect_eq(m.client.requests, 3);
	m.next.after = m.client.number;
	expect_eq(ask(fds[2], MESSAGE_LIST, &m), MESSAGE_OK);
	expect_eq(m.client.number, 0);
	end();
}
END_TEST

/* Or to list them all would be the square of them. */
START_TEST(the_next_client_is_found_without_passing_by_all)
{
	enum { MANY = 100 };
	struct client *c;
	union message m, answer;
	uint64_t n = 0;
	int fds[MANY];

	begin(MANY);
	memset(&m, 0, sizeof(m));
	for (int i = 0; i < MANY; i++) {
		fds[i] = connected(0);
		expect_eq(ask(fds[i], MESSAGE_HELLO, &m), MESSAGE_OK);
	}
	c = TAILQ_FIRST(&server.clients);
	m.next.after = 0;
	(void)store_work(store);
	for (;; n++) {
		memset(&answer, 0, sizeof(answer));
		expect_eq(admin_list(c, &m, &answer), MESSAGE_OK);
		if (answer.client.number == 0)
			break;
		m.next.after = answer.client.number;
		if (n == MANY / 2) { /* whom it was about is gone */
			close(fds[n]);
			turn();
		}
	}
	expect_eq(n, MANY);
	expect(store_work(store) < 10 * MANY * 16);
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_turn_is_bounded_and_everybody_has_one,
		a_turn_is_over_when_a_request_was_much_work,
		who_frees_goes_into_debt_and_is_not_refused,
		who_hung_up_and_has_freed_all_is_watched_no_more,
		who_does_not_read_is_not_read_either,
		who_does_not_read_for_long_is_dropped,
		who_says_no_hello_is_dropped,
		a_uid_has_its_share_of_connections,
		a_peer_that_cannot_be_watched_is_denied,
		only_root_and_who_runs_it_may_administer,
		clients_are_listed_one_after_the_other,
		the_next_client_is_found_without_passing_by_all,
	};

	return UNIT_RUN("daemon_client", tests);
}
