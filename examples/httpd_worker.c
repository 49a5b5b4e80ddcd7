/*
 * httpd_worker.c -- a worker of httpd: answers, having logged and counted.
 *
 * Each request is a transaction: six records with one id, of which the first
 * begins it and the last ends it, published together, BEFORE its answer is
 * sent.  So whoever has got an answer can find the whole transaction, also if
 * the worker was killed right after.  Then the request is counted, and only
 * then it is answered:
 *
 *	answered <= counted <= transactions
 *
 * and the three are the same unless a worker was killed in between.  (What is
 * no HTTP at all is refused by evhttp itself, and neither logged nor counted.)
 */
#include <sys/types.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "httpd.h"

#define FDS_MAX 1024
#define BYTES_MAX (1 << 20)

/* A worker's own. */
struct worker {
	struct server *server;
	struct shmlog_batch *batch;
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct event *library;
	struct event *term;
	int ending;
	int connections;
	unsigned char known[FDS_MAX]; /* connections that were counted */
};

/*
 * ONE REQUEST
 */

/* Adds a record to the transaction that is being put together.  A macro, so
 * that each format is a literal and is left to the readers. */
#define note(w, tag_, level, id, ...)                                          \
	(void)shmlog_batch_printf(                                             \
	    (w)->batch, (w)->server->tag[tag_], level, id, __VA_ARGS__)

static const char *
method_name(const struct evhttp_request *req)
{
	switch (evhttp_request_get_command(req)) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_HEAD:
		return "HEAD";
	case EVHTTP_REQ_POST:
		return "POST";
	default:
		return "OTHER";
	}
}

/* Makes the body; returns the status. */
static int
page(struct evhttp_request *req, struct evbuffer *body)
{
	const char *path = evhttp_request_get_uri(req);
	static const char filler[64] = "shmlog shmlog shmlog shmlog "
				       "shmlog shmlog shmlog shmlog ";

	if (evhttp_request_get_command(req) != EVHTTP_REQ_GET)
		return HTTP_BADMETHOD;
	if (strcmp(path, "/") == 0) {
		evbuffer_add_printf(body,
		    "Hello.  I am process %ld.\n"
		    "Try /r/ANYTHING, /bytes/N, /fail.\n",
		    (long)getpid());
		return HTTP_OK;
	}
	if (strncmp(path, "/r/", 3) == 0) {
		evbuffer_add_printf(body, "%s\n", path + 3);
		return HTTP_OK;
	}
	if (strncmp(path, "/bytes/", 7) == 0) {
		long n = strtol(path + 7, NULL, 10);

		if (n < 0 || n > BYTES_MAX)
			return HTTP_BADREQUEST;
		for (; n > 0; n -= 64)
			evbuffer_add(body, filler, n < 64 ? (size_t)n : 64);
		return HTTP_OK;
	}
	if (strcmp(path, "/fail") == 0)
		return HTTP_INTERNAL;
	return HTTP_NOTFOUND;
}

static void
connection_closed(struct evhttp_connection *conn, void *arg)
{
	struct worker *w = arg;
	evutil_socket_t fd =
	    bufferevent_getfd(evhttp_connection_get_bufferevent(conn));

	if (fd < 0 || fd >= FDS_MAX || !w->known[fd])
		return;
	w->known[fd] = 0;
	w->connections--;
	shmlog_sub(w->server->count[C_CONNECTIONS], 1);
	if (w->ending && w->connections == 0)
		event_base_loopexit(w->base, NULL);
}

/* Counts a connection at its first request. */
static void
connection_seen(struct worker *w, struct evhttp_connection *conn)
{
	evutil_socket_t fd =
	    bufferevent_getfd(evhttp_connection_get_bufferevent(conn));

	if (fd < 0 || fd >= FDS_MAX || w->known[fd])
		return;
	w->known[fd] = 1;
	w->connections++;
	shmlog_add(w->server->count[C_ACCEPTED], 1);
	shmlog_add(w->server->count[C_CONNECTIONS], 1);
	evhttp_connection_set_closecb(conn, connection_closed, w);
}

static void
request_count(struct server *s, int status, size_t bytes)
{
	int class = status < 400 ? C_2XX : status < 500 ? C_4XX : C_5XX;

	shmlog_add(s->count[C_REQUESTS], 1);
	shmlog_add(s->count[class], 1);
	shmlog_add(s->count[C_BYTES], bytes);
}

/* The order matters: first the log, then the counters, then the answer. */
static void
request_answer(struct evhttp_request *req, void *arg)
{
	struct worker *w = arg;
	struct evhttp_connection *conn = evhttp_request_get_connection(req);
	struct evbuffer *body = evbuffer_new();
	uint64_t begun = now_us();
	uint64_t id = shmlog_id(w->server->stream);
	ev_uint16_t port;
	char *host;
	int level, status;
	size_t bytes;

	shmlog_gauge(w->server->count[C_BUSY], 1);
	connection_seen(w, conn);
	evhttp_connection_get_peer(conn, &host, &port);
	note(w, T_START, SHMLOG_INFO | SHMLOG_BEGIN, id, "%s:%u", host,
	    (unsigned)port);
	note(w, T_REQUEST, SHMLOG_INFO, id, "method=%s path=%s",
	    method_name(req), evhttp_request_get_uri(req));

	status = body == NULL ? HTTP_INTERNAL : page(req, body);
	bytes = body == NULL ? 0 : evbuffer_get_length(body);
	level = status < 400   ? SHMLOG_INFO
		: status < 500 ? SHMLOG_NOTICE
			       : SHMLOG_ERR;
	note(w, T_STATUS, level, id, "%d", status);
	note(w, T_BYTES, SHMLOG_INFO, id, "%zu", bytes);
	note(w, T_TIME, SHMLOG_INFO, id, "%ju us",
	    (uintmax_t)(now_us() - begun));
	note(w, T_END, SHMLOG_INFO | SHMLOG_END, id, "%s",
	    w->ending ? "close" : "keep");
	shmlog_batch_commit(w->batch);

	request_count(w->server, status, bytes);
	shmlog_gauge(w->server->count[C_BUSY], 0);

	if (w->ending)
		evhttp_add_header(evhttp_request_get_output_headers(req),
		    "Connection", "close");
	evhttp_send_reply(req, status, NULL, body);
	if (body != NULL)
		evbuffer_free(body);
}

/*
 * A WORKER'S LIFE
 */

/* No new connections; what is open may end its request, for a second. */
static void
worker_end(evutil_socket_t sig, short what, void *arg)
{
	struct worker *w = arg;
	struct timeval grace = { 1, 0 };

	(void)sig;
	(void)what;
	if (w->ending)
		return;
	w->ending = 1;
	evhttp_del_accept_socket(w->http, w->bound);
	if (w->connections == 0)
		grace.tv_sec = 0;
	event_base_loopexit(w->base, &grace);
}

/* The library has something to do, or a second has passed.  A busy worker
 * would do without: putting a record does the same. */
static void
worker_dispatch(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	(void)shmlog_dispatch(w->server->log);
}

/* Everything that a worker needs; 0, or -1. */
static int
worker_init(struct worker *w, struct server *s)
{
	struct timeval second = { 1, 0 };

	w->server = s;
	w->batch = shmlog_batch(s->stream);
	w->base = event_base_new();
	if (w->base == NULL || (w->http = evhttp_new(w->base)) == NULL)
		return -1;
	evhttp_set_max_headers_size(w->http, 8192);
	evhttp_set_max_body_size(w->http, 65536);
	evhttp_set_timeout(w->http, 30);
	evhttp_set_allowed_methods(w->http,
	    EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
		EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
		EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
	evhttp_set_gencb(w->http, request_answer, w);
	w->bound = evhttp_accept_socket_with_handle(w->http, s->fd);
	w->term = evsignal_new(w->base, SIGTERM, worker_end, w);
	w->library = event_new(w->base, shmlog_fd(s->log), EV_READ | EV_PERSIST,
	    worker_dispatch, w);
	if (w->bound == NULL || w->term == NULL || w->library == NULL)
		return -1;
	if (event_add(w->term, NULL) == -1)
		return -1;
	return event_add(w->library, &second);
}

void
worker_run(struct server *s, int number)
{
	static struct worker w;

	/* The parent's signals are blocked until SIGTERM has its handler.
	 * Ctrl-C is for the parent, which then tells the workers. */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (worker_init(&w, s) == -1)
		_exit(1);

	/* So that the first request finds its log attached.  Without a daemon
	 * the worker serves all the same, and joins when there is one. */
	(void)shmlog_wait(s->log, 2000);
	shmlog_bit_set(s->count[C_UP], (unsigned)number);

	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	event_base_dispatch(w.base);

	evhttp_free(w.http);
	event_free(w.library);
	event_free(w.term);
	event_base_free(w.base);
	shmlog_batch_free(w.batch);
	shmlog_close(s->log);
	_exit(0);
}
