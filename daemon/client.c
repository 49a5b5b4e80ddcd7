/*
 * client.c -- serve one connection.
 *
 * A request is checked from the outside in: is it a message at all, of our
 * version, as long as it says and as its operation has it; may this client ask;
 * then what it asks for.  What is no message of ours ends the connection, all
 * else is an answer.  Neither a client that sends without end nor one that
 * never reads gets more than a turn, and a few answers' worth of memory.
 */
#include "daemon/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/admin.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/must.h"
#include "daemon/now.h"
#include "daemon/server.h"

#define CLIENT_MAGIC 0x636c6e74u

struct answer {
	TAILQ_ENTRY(answer) next;
	int with_segment;
	union message message;
};

/* Whether the connection goes on. */
enum verdict { GO_ON, END };

static void on_readable(evutil_socket_t, short, void *);
static void on_writable(evutil_socket_t, short, void *);

static struct store *
store_of(const struct client *c)
{
	return c->server->store;
}

/* Frees what client_new() made so far. */
static void
client_free(struct client *c)
{
	struct answer *a;

	while ((a = TAILQ_FIRST(&c->answers)) != NULL) {
		TAILQ_REMOVE(&c->answers, a, next);
		free(a);
	}
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	close(c->fd);
	c->magic = 0;
	free(c);
}

struct client *
client_new(struct server *s, int fd, const struct ucred *peer, uint64_t mono)
{
	struct client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return NULL;
	}
	c->magic = CLIENT_MAGIC;
	c->server = s;
	c->fd = fd;
	c->since = mono;
	TAILQ_INIT(&c->answers);
	c->readable =
	    event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable =
	    event_new(s->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    event_add(c->readable, NULL) == -1 ||
	    (c->user = user_join(&s->users, peer->uid, mono)) == NULL) {
		client_free(c);
		return NULL;
	}
	c->who.pid = peer->pid;
	c->who.uid = peer->uid;
	c->who.client = ++s->last_client;
	c->peer = peer_of_socket(&s->peers, fd, peer->pid);
	if (c->peer != NULL) {
		c->who.start = c->peer->start;
		memcpy(c->who.name, c->peer->name, sizeof(c->who.name));
		TAILQ_INSERT_TAIL(&c->peer->clients, c, of_peer);
	}
	TAILQ_INSERT_TAIL(&s->clients, c, all);
	s->n++;
	if (c->peer == NULL)
		c->refusal = MESSAGE_DENIED;
	else if (s->n > s->max || user_has_clients(c->user, s->max))
		c->refusal = MESSAGE_OVER_LIMIT;
	return c;
}

/* A socket closed with requests unread takes the last answer from its peer:
 * ECONNRESET comes first. */
static void
drain(const struct client *c)
{
	union message m;

	for (int i = 0; i < LIMIT_ANSWERS; i++)
		if (message_receive(c->fd, &m, NULL) <= 0)
			return;
}

void
client_drop(struct client *c, const char *why)
{
	struct server *s = c->server;
	struct peer *o = c->peer;

	must(c->magic == CLIENT_MAGIC);
	if (why != NULL) {
		log_client(LOG_WARNING, "client %d (%s) dropped: %s",
		    (int)c->who.pid, c->who.name, why);
		store_count(s->store, STORE_DROPPED, 1);
		drain(c);
	}
	if (s->listed == c)
		s->listed = NULL;
	TAILQ_REMOVE(&s->clients, c, all);
	s->n--;
	store_set(s->store, STORE_CLIENTS, s->n);
	if (c->hello)
		store_client_gone(s->store, &c->who, now());
	if (o != NULL)
		TAILQ_REMOVE(&o->clients, c, of_peer);
	user_leave(c->user);
	client_free(c);
	if (o != NULL)
		peer_release(o);
}

void
client_tick(struct client *c, uint64_t mono)
{
	if (!c->hello && mono - c->since >= LIMIT_HELLO_SECONDS * NS_PER_SECOND)
		client_drop(c, "it said nothing for too long");
	else if (c->stuck != 0 &&
		 mono - c->stuck >= LIMIT_STUCK_SECONDS * NS_PER_SECOND)
		client_drop(c, "it does not read its answers");
}

/* Sends what waits, as far as it goes.  END: the client is to be dropped. */
static enum verdict
flush(struct client *c)
{
	struct answer *a;

	while ((a = TAILQ_FIRST(&c->answers)) != NULL) {
		if (message_send(c->fd, &a->message, a->message.head.length,
			a->with_segment ? store_fd(store_of(c)) : -1) == -1) {
			if (errno == EAGAIN || errno == ENOBUFS)
				return GO_ON;
			return END;
		}
		TAILQ_REMOVE(&c->answers, a, next);
		c->waiting--;
		free(a);
	}
	return GO_ON;
}

/* Reads on, or waits until the client reads. */
static void
watch(struct client *c)
{
	if (c->waiting == 0)
		(void)event_del(c->writable);
	else
		(void)event_add(c->writable, NULL);
	if (c->waiting < LIMIT_ANSWERS) {
		c->stuck = 0;
		(void)event_add(c->readable, NULL);
	} else if (c->stuck == 0) {
		c->stuck = now_mono();
		(void)event_del(c->readable);
	}
}

/* Fills in the head and sends the answer, or keeps it for later. */
static enum verdict
answer(struct client *c, const struct message_header *request, union message *m,
    enum message_status status)
{
	uint32_t length = message_answer_length(request->operation);
	struct answer *a;

	if (length == 0)
		length = sizeof(struct message_header);
	message_head(&m->head, (enum message_op)request->operation, length,
	    request->number, status);
	store_refused(store_of(c), status);
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return END;
	a->message = *m;
	a->with_segment =
	    request->operation == MESSAGE_HELLO && status == MESSAGE_OK;
	TAILQ_INSERT_TAIL(&c->answers, a, next);
	c->waiting++;
	return flush(c);
}

static enum message_status
serve_hello(struct client *c, const union message *request, union message *m)
{
	const struct segment_plan *plan = store_plan(store_of(c));

	(void)request;
	m->hello.created = plan->created;
	m->hello.generation = plan->generation;
	m->hello.segment_size = plan->segment_size;
	m->hello.pid = (uint32_t)c->who.pid;
	c->hello = 1;
	store_client_came(store_of(c), &c->who, now());
	log_info("client %d (%s, uid %u) has come", (int)c->who.pid,
	    c->who.name, (unsigned)c->who.uid);
	return MESSAGE_OK;
}

static enum message_status
serve_alloc(struct client *c, const union message *request, union message *m)
{
	if (user_over_share(store_of(c), &c->who, request->alloc.length))
		return MESSAGE_OVER_LIMIT;
	return store_alloc(
	    store_of(c), &c->who, &request->alloc, now(), &m->section);
}

static enum message_status
serve_publish(struct client *c, const union message *request, union message *m)
{
	(void)m;
	return store_publish(store_of(c), &c->who, &request->section, now());
}

static enum message_status
serve_free(struct client *c, const union message *request, union message *m)
{
	(void)m;
	return store_free(store_of(c), &c->who, &request->section, now());
}

static enum message_status
serve_ping(struct client *c, const union message *request, union message *m)
{
	(void)c;
	(void)request;
	(void)m;
	return MESSAGE_OK;
}

static const struct {
	enum message_op operation;
	enum message_status (*serve)(
	    struct client *, const union message *, union message *);
} operations[] = {
	{ MESSAGE_HELLO, serve_hello },
	{ MESSAGE_ALLOC, serve_alloc },
	{ MESSAGE_PUBLISH, serve_publish },
	{ MESSAGE_FREE, serve_free },
	{ MESSAGE_PING, serve_ping },
	{ MESSAGE_MASK, admin_mask },
	{ MESSAGE_MASKS, admin_masks },
	{ MESSAGE_LIST, admin_list },
	{ MESSAGE_RETIRE, admin_retire },
};

/* A well-formed request of a client that may ask. */
static enum message_status
serve(struct client *c, const union message *request, union message *m)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (operations[i].operation == request->head.operation)
			return operations[i].serve(c, request, m);
	return MESSAGE_BAD_OPERATION;
}

/* What is no message of ours is told and ends the connection. */
static const char *
breach(const struct client *c, const union message *request, uint32_t length,
    enum message_status *status)
{
	const struct message_header *h = &request->head;
	uint32_t wanted = message_request_length(h->operation);

	*status = MESSAGE_BAD_REQUEST;
	if (length < sizeof(*h))
		return "a message too short to be one";
	if (h->version != MESSAGE_VERSION) {
		*status = MESSAGE_BAD_VERSION;
		return "it speaks another version of the protocol";
	}
	if (h->length != length || (wanted != 0 && wanted != length))
		return "a message of a wrong length";
	if (!c->hello && h->operation != MESSAGE_HELLO)
		return "it did not begin with HELLO";
	if (c->hello && h->operation == MESSAGE_HELLO)
		return "it said HELLO twice";
	return NULL;
}

/* Who gives back, or asks for nothing, goes into debt and is not refused: a
 * worker does not free twice. */
static int
may_owe(const union message *request)
{
	return request->head.operation == MESSAGE_FREE ||
	       request->head.operation == MESSAGE_PING;
}

/*
 * Takes one message: END if c is gone afterwards.  *work: the bytes that it
 * made the store work on.
 */
static enum verdict
take(struct client *c, const union message *request, uint32_t length,
    uint64_t *work)
{
	enum message_status status;
	union message m;
	const char *why;
	int over;

	*work = 0;
	memset(&m, 0, sizeof(m));
	store_count(store_of(c), STORE_REQUESTS, 1);
	c->requests++;
	why = breach(c, request, length, &status);
	if (why != NULL) {
		store_count(store_of(c), STORE_PROTOCOL_ERRORS, 1);
		if (length >= sizeof(struct message_header))
			(void)answer(c, &request->head, &m, status);
		client_drop(c, why);
		return END;
	}
	if (c->refusal != MESSAGE_OK) {
		(void)answer(c, &request->head, &m, c->refusal);
		client_drop(c, message_status_text(c->refusal));
		return END;
	}
	over = user_request(c->user, now_mono()) != 0;
	if (over && !may_owe(request)) {
		status = MESSAGE_OVER_LIMIT;
	} else {
		if (over)
			user_charge(c->user, LIMIT_WORK_BYTES);
		(void)store_work(store_of(c)); /* others' deaths, a takeover */
		status = serve(c, request, &m);
		*work = store_work(store_of(c));
		user_charge(c->user, *work);
	}
	if (answer(c, &request->head, &m, status) == END) {
		client_drop(c, NULL);
		return END;
	}
	return GO_ON;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	union message request;
	uint64_t work, done = 0;
	int n;

	(void)what;
	must(c->magic == CLIENT_MAGIC && c->fd == fd);
	for (int i = 0; i < LIMIT_TURN && done < LIMIT_TURN_WORK &&
			c->waiting < LIMIT_ANSWERS;
	     i++) {
		n = message_receive(c->fd, &request, NULL);
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1 && errno == EMSGSIZE) {
			store_count(store_of(c), STORE_PROTOCOL_ERRORS, 1);
			client_drop(c, "a message longer than any");
			return; /* c is gone */
		}
		if (n <= 0) {
			client_drop(c, NULL);
			return; /* c is gone */
		}
		if (take(c, &request, (uint32_t)n, &work) == END)
			return; /* c is gone */
		done += work;
	}
	watch(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	(void)what;
	must(c->magic == CLIENT_MAGIC && c->fd == fd);
	if (flush(c) == END) {
		client_drop(c, NULL);
		return; /* c is gone */
	}
	watch(c);
}
