/*
 * server.c -- accept, and look after the clients once a second.
 */
#include "daemon/server.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/client.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/must.h"
#include "daemon/now.h"

/* Takes the descriptor. */
static void
welcome(struct server *s, int fd)
{
	int room = LIMIT_SEND_BUFFER;
	socklen_t length = sizeof(struct ucred);
	struct ucred peer;

	store_count(s->store, STORE_CONNECTIONS, 1);
	if (s->n >= s->max + LIMIT_REFUSED ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1) {
		store_refused(s->store, MESSAGE_OVER_LIMIT);
		close(fd);
		return;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (client_new(s, fd, &peer, now_mono()) == NULL)
		log_client(LOG_WARNING, "no memory for a client");
	store_set(s->store, STORE_CLIENTS, s->n);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	(void)event_add(s->readable, NULL);
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct timeval pause = { .tv_usec = LIMIT_ACCEPT_PAUSE * 1000 };
	struct server *s = arg;
	int client;

	(void)what;
	for (int i = 0; i < LIMIT_ACCEPT_TURN; i++) {
		client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client != -1) {
			welcome(s, client);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EAGAIN)
			return;
		/* it stays in the queue: look again when some were closed */
		log_client(LOG_WARNING, "accept: %s", strerror(errno));
		(void)event_del(s->readable);
		(void)event_add(s->pause, &pause);
		return;
	}
}

/* The process of this client has died. */
static void
drop_of_dead(struct client *c)
{
	client_drop(c, NULL);
}

int
server_init(struct server *s, struct event_base *base, struct store *store,
    int fd, uint32_t max_clients)
{
	memset(s, 0, sizeof(*s));
	s->base = base;
	s->store = store;
	s->fd = fd;
	s->max = max_clients;
	TAILQ_INIT(&s->clients);
	LIST_INIT(&s->users);
	peers_init(&s->peers, base, store, drop_of_dead);
	s->readable =
	    event_new(base, fd, EV_READ | EV_PERSIST, on_connection, s);
	s->pause = event_new(base, -1, 0, on_pause_over, s);
	if (s->readable != NULL && s->pause != NULL)
		return 0;
	server_fini(s);
	errno = ENOMEM;
	return -1;
}

int
server_start(struct server *s)
{
	peers_start(&s->peers);
	return event_add(s->readable, NULL);
}

int
server_listen(struct server *s, int fd)
{
	on_connection(s->fd, EV_READ, s);
	(void)event_del(s->readable);
	close(s->fd);
	s->fd = fd;
	if (event_assign(s->readable, s->base, fd, EV_READ | EV_PERSIST,
		on_connection, s) == -1)
		return -1;
	return event_add(s->readable, NULL);
}

void
server_tick(struct server *s)
{
	struct client *c, *next;
	uint64_t mono = now_mono();

	TAILQ_FOREACH_SAFE(c, &s->clients, all, next)
		client_tick(c, mono);
	peers_tick(&s->peers);
}

void
server_fini(struct server *s)
{
	struct client *c, *next;

	TAILQ_FOREACH_SAFE(c, &s->clients, all, next) {
		c->hello = 0; /* the store need not know */
		client_drop(c, NULL);
	}
	peers_fini(&s->peers);
	if (s->readable != NULL)
		event_free(s->readable);
	if (s->pause != NULL)
		event_free(s->pause);
	s->readable = s->pause = NULL;
}
