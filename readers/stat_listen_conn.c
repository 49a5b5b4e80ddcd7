/*
 * stat_listen_conn.c -- the connections of --listen, and what ends them.
 *
 * evhttp has no bound on connections, and its time-out begins anew with each
 * byte.  So we make the bufferevents that it uses, keep a reference on each,
 * and look after them ourselves: once they are freed they have no callbacks.
 *
 * THE BOUNDS.  A request must be whole REQUEST_NS after its first byte, and its
 * first byte come FIRST_NS after the connection; between two requests there may
 * be IDLE_NS.  If there are CONNS_MAX, a new one ends the one that has waited
 * longest without having an answer in work: who sends his request at once is
 * served, however many there are that only connect.
 *
 * Descriptors are raised to what that takes; where they may not be, there are
 * fewer connections.  If there are none left all the same (of the machine), we
 * rest until the next second.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <err.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "readers/option.h"
#include "readers/stat_listen.h"

#define FIRST_NS (10 * NSEC)
#define REQUEST_NS (10 * NSEC)
#define IDLE_NS (120 * NSEC)
#define OTHER_FDS 32 /* that are no connections */
/* what a client may send before it is read: no more is taken while there is an
 * answer in work */
#define INPUT_MAX (HEADERS_MAX + BODY_MAX)

/* Those that were told to end have done so meanwhile. */
static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct conns *all = arg;

	(void)fd;
	(void)what;
	conns_sweep(all, clock_mono());
	(void)evconnlistener_enable(all->listener);
}

/* Many come at once, before those that are to make room have gone. */
static void
rest(struct conns *all)
{
	static const struct timeval soon = { .tv_usec = 2000 };

	if (event_add(all->resume, &soon) == 0)
		(void)evconnlistener_disable(all->listener);
}

/* accept(2) says so again and again. */
static void
on_no_accept(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	(void)evconnlistener_disable(listener);
}

/* As many as there may be descriptors for, with those that end. */
static unsigned
room_for_conns(void)
{
	const rlim_t wanted = CONNS_MAX + CONNS_MAX / 4 + OTHER_FDS;
	struct rlimit r;
	rlim_t have;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= wanted)
		return CONNS_MAX;
	have = r.rlim_cur;
	r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
	/* a filter of system calls may not let us */
	if (setrlimit(RLIMIT_NOFILE, &r) == 0)
		have = r.rlim_cur;
	if (have >= wanted)
		return CONNS_MAX;
	if (have <= OTHER_FDS + 8)
		return 4;
	return (unsigned)((have - OTHER_FDS) / 2);
}

void
conns_init(
    struct conns *all, struct event_base *base, struct evconnlistener *listener)
{
	TAILQ_INIT(&all->list);
	all->n = 0;
	all->max = room_for_conns();
	all->listener = listener;
	evconnlistener_set_error_cb(listener, on_no_accept);
	all->resume = event_new(base, -1, 0, on_resume, all);
	if (all->resume == NULL)
		errx(1, "memory");
}

static int
is_gone(const struct conn *c)
{
	bufferevent_event_cb event;

	bufferevent_getcb(c->bev, NULL, NULL, &event, NULL);
	return event == NULL;
}

static void on_input(
    struct evbuffer *, const struct evbuffer_cb_info *, void *arg);

static void
forget(struct conns *all, struct conn *c)
{
	TAILQ_REMOVE(&all->list, c, link);
	all->n--;
	(void)evbuffer_remove_cb(bufferevent_get_input(c->bev), on_input, c);
	(void)bufferevent_decref(c->bev);
	free(c);
}

void
conns_fini(struct conns *all)
{
	struct conn *c, *next;

	TAILQ_FOREACH_SAFE(c, &all->list, link, next)
		forget(all, c);
	event_free(all->resume);
}

static void
on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct conn *c = arg;

	(void)input;
	if (info->n_added > 0 && c->began == 0)
		c->began = clock_mono();
}

void
conn_end(struct conn *c)
{
	c->told = 1;
	if (!is_gone(c))
		(void)shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
}

/* What to end so that there is room for another one. */
static void
end_one(struct conns *all)
{
	struct conn *c;

	TAILQ_FOREACH(c, &all->list, link)
		if (!c->told && !c->answers) {
			conn_end(c);
			return;
		}
}

static int
is_late(const struct conn *c, uint64_t now)
{
	if (c->answers || c->told)
		return 0;
	if (c->began != 0)
		return now - c->began > REQUEST_NS;
	return now - c->since > (c->served ? IDLE_NS : FIRST_NS);
}

void
conns_sweep(struct conns *all, uint64_t now)
{
	struct conn *c, *next;

	TAILQ_FOREACH_SAFE(c, &all->list, link, next)
		if (is_gone(c) && !c->answers)
			forget(all, c);
		else if (is_late(c, now))
			conn_end(c);
}

void
conns_tick(struct conns *all, uint64_t now)
{
	conns_sweep(all, now);
	if (!event_pending(all->resume, EV_TIMEOUT, NULL))
		(void)evconnlistener_enable(all->listener);
}

struct bufferevent *
conns_new(struct event_base *base, void *arg)
{
	struct conns *all = arg;
	uint64_t now = clock_mono();
	struct conn *c;

	conns_sweep(all, now);
	if (all->n >= all->max)
		end_one(all);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		err(1, "memory");
	c->since = now;
	c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL)
		err(1, "memory");
	bufferevent_incref(c->bev);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	if (evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c) == NULL)
		err(1, "memory");
	TAILQ_INSERT_TAIL(&all->list, c, link);
	if (++all->n >= all->max + all->max / 4)
		rest(all);
	return c->bev;
}

struct conn *
conns_find(struct conns *all, struct evhttp_connection *evcon)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	struct conn *c;

	TAILQ_FOREACH(c, &all->list, link)
		if (c->bev == bev)
			break;
	must(c != NULL);
	return c;
}

void
conn_busy(struct conn *c)
{
	c->answers = 1;
	c->began = 0;
}

void
conn_idle(struct conns *all, struct conn *c)
{
	c->answers = 0;
	c->served = 1;
	c->since = clock_mono();
	/* its next request may be there already */
	c->began = evbuffer_get_length(bufferevent_get_input(c->bev)) > 0
		       ? c->since
		       : 0;
	TAILQ_REMOVE(&all->list, c, link);
	TAILQ_INSERT_TAIL(&all->list, c, link);
}
