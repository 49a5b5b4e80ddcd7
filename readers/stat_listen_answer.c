/*
 * stat_listen_answer.c -- long answers, made piece by piece as they are taken.
 *
 * The next piece is made when all of the last one is in the kernel: an answer
 * of any length takes the memory of one piece.  Others are served in between.
 *
 * THE BOUNDS.  A client must take something every STILL_NS, and all of it in
 * ANSWER_NS.  If there is one in work for each fourth connection that there may
 * be, a new one ends the one whose client has taken nothing for the longest
 * time.
 */
#include <err.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>

#include "readers/option.h"
#include "readers/stat_listen.h"

#define STILL_NS (10 * NSEC)
#define ANSWER_NS (60 * NSEC)

void
answers_init(struct answers *all, struct conns *conns)
{
	TAILQ_INIT(&all->list);
	all->n = 0;
	all->conns = conns;
	buffer_init(&all->piece, -1);
}

void
answers_fini(struct answers *all)
{
	must(TAILQ_EMPTY(&all->list));
	buffer_free(&all->piece);
}

static void
answer_free(struct answer *a)
{
	TAILQ_REMOVE(&a->all->list, a, link);
	a->all->n--;
	conn_idle(a->all->conns, a->conn);
	a->end(a->state);
	if (a->zip != NULL)
		zip_free(a->zip);
	free(a);
}

/* All of it is in the kernel. */
static void
on_complete(struct evhttp_request *request, void *arg)
{
	struct answer *a = arg;

	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(request), NULL, NULL);
	answer_free(a);
}

/* The client is gone, before it was; evhttp gives the request back to us. */
static void
on_close(struct evhttp_connection *evcon, void *arg)
{
	struct answer *a = arg;

	(void)evcon;
	evhttp_request_set_on_complete_cb(a->request, NULL, NULL);
	if (evhttp_request_get_connection(a->request) == NULL && !a->through)
		evhttp_send_reply_end(a->request);
	answer_free(a);
}

static void on_taken(struct evhttp_connection *, void *);

/* Makes pieces until there is something to send: gzip may keep some. */
static void
send_more(struct answer *a)
{
	struct evbuffer *out = evbuffer_new();
	struct buffer *b = &a->all->piece;
	int last = 0;

	if (out == NULL)
		err(1, "memory");
	while (!last && evbuffer_get_length(out) == 0) {
		b->n = 0;
		last = a->piece(a->state, b);
		if (a->zip != NULL)
			zip_put(a->zip, out, b->data, b->n, last);
		else if (evbuffer_add(out, b->data, b->n) != 0)
			errx(1, "memory");
	}
	evhttp_send_reply_chunk_with_cb(
	    a->request, out, last ? NULL : on_taken, a);
	evbuffer_free(out);
	if (!last)
		return;
	a->through = 1;
	evhttp_send_reply_end(a->request);
}

static void
on_taken(struct evhttp_connection *evcon, void *arg)
{
	struct answer *a = arg;

	(void)evcon;
	a->moved = clock_mono();
	TAILQ_REMOVE(&a->all->list, a, link);
	TAILQ_INSERT_TAIL(&a->all->list, a, link);
	send_more(a);
}

static void
end_slowest(struct answers *all)
{
	struct answer *a;

	TAILQ_FOREACH(a, &all->list, link)
		if (!a->conn->told) {
			conn_end(a->conn);
			return;
		}
}

/* In HTTP/1.0 there are no chunks: what has no length ends with its connection,
 * which evhttp would keep, and call the length 0. */
static void
close_old(struct evhttp_request *request)
{
	struct evkeyvalq *in = evhttp_request_get_input_headers(request);

	if (request->major > 1 || request->minor > 0)
		return;
	while (evhttp_remove_header(in, "Connection") == 0)
		continue;
}

void
answer_begin(struct answers *all, struct evhttp_request *request,
    answer_piece *piece, void (*end)(void *), void *state)
{
	struct evhttp_connection *evcon =
	    evhttp_request_get_connection(request);
	struct answer *a = calloc(1, sizeof(*a));
	const char *encoding;

	if (a == NULL)
		err(1, "memory");
	if (all->n >= all->conns->max / 4)
		end_slowest(all);
	*a = (struct answer){
		.all = all,
		.conn = conns_find(all->conns, evcon),
		.request = request,
		.piece = piece,
		.end = end,
		.state = state,
		.began = clock_mono(),
	};
	a->moved = a->began;
	conn_busy(a->conn);
	TAILQ_INSERT_TAIL(&all->list, a, link);
	all->n++;
	encoding = evhttp_find_header(
	    evhttp_request_get_input_headers(request), "Accept-Encoding");
	if (accept_gzip(encoding)) {
		a->zip = zip_new();
		evhttp_add_header(evhttp_request_get_output_headers(request),
		    "Content-Encoding", "gzip");
	}
	evhttp_connection_set_closecb(evcon, on_close, a);
	evhttp_request_set_on_complete_cb(request, on_complete, a);
	close_old(request);
	evhttp_send_reply_start(request, HTTP_OK, "OK");
	if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
		send_more(a);
		return;
	}
	/* of a piece that it does not send evhttp never tells that it is taken
	 */
	a->through = 1;
	evhttp_send_reply_end(request);
}

void
answers_sweep(struct answers *all, uint64_t now)
{
	struct answer *a;

	TAILQ_FOREACH(a, &all->list, link)
		if (!a->conn->told &&
		    (now - a->moved > STILL_NS || now - a->began > ANSWER_NS))
			conn_end(a->conn);
}
