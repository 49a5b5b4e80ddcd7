/*
 * stat_listen.h -- the parts of --listen: address, connections, answers.
 *
 * A server of HTTP by libevent's evhttp, in one thread, for a few clients that
 * ask for one page every few seconds, among any number of hostile ones.  What
 * these can have is bounded: stat_listen_conn.c has the bounds of what they
 * send, stat_listen_answer.c those of what they take.
 */
#ifndef SHMLOG_READERS_STAT_LISTEN_H
#define SHMLOG_READERS_STAT_LISTEN_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/http.h>

#include "readers/stat_openmetrics.h"
#include "readers/stat_show.h"

struct bufferevent;
struct evbuffer;

/*
 * stat_listen_address.c
 */
struct listen_address {
	const char *text; /* as it was typed */
	int fd;
	const char *path; /* of a unix socket, or NULL */
	dev_t dev;        /* of that, so that no other's is removed */
	ino_t ino;
};

/* Binds and listens; nonblocking.  0, or -1: told on stderr. */
int listen_open(struct listen_address *, const char *text);
/* Tells on stderr where, with the port that was chosen for 0. */
void listen_tell(const struct listen_address *);
/* Removes the file of a unix socket, if it is still ours. */
void listen_close(struct listen_address *);

/*
 * stat_listen_accept.c: what a client takes, by its headers, which may be NULL.
 */
enum om_text accept_text(const char *accept);
int accept_gzip(const char *accept_encoding);

/*
 * stat_listen_conn.c
 */
#define CONNS_MAX 512
#define HEADERS_MAX 8192 /* bytes of a request's */
#define BODY_MAX 1024    /* of one that has no use for it */

struct conn {
	TAILQ_ENTRY(conn) link;
	struct bufferevent *bev; /* evhttp's; we have a reference */
	uint64_t since;          /* it was accepted, or its last answer ended */
	uint64_t began;          /* a request that is not whole yet; 0 */
	int answers;             /* there is one in work */
	int served;              /* there was one */
	int told;                /* it was told to end */
};

struct conns {
	TAILQ_HEAD(conn_list, conn) list; /* the one that waits longest first */
	unsigned n;
	unsigned max; /* CONNS_MAX, or as many as we have descriptors for */
	struct evconnlistener *listener; /* evhttp's */
	struct event *resume;            /* when it was told to rest */
};

/* Looks after what comes by a listener, which rests if it is too much. */
void conns_init(struct conns *, struct event_base *, struct evconnlistener *);
/* After evhttp_free(), before the base is. */
void conns_fini(struct conns *);
/* For evhttp_set_bevcb(); arg is a struct conns. */
struct bufferevent *conns_new(struct event_base *, void *arg);
/* Ends those that are too slow, and forgets those that ended. */
void conns_sweep(struct conns *, uint64_t now);
/* That, each second; a listener that could not accept goes on. */
void conns_tick(struct conns *, uint64_t now);
struct conn *conns_find(struct conns *, struct evhttp_connection *);
/* A request is whole; its answer is through. */
void conn_busy(struct conn *);
void conn_idle(struct conns *, struct conn *);
/* Shuts it: evhttp finds out, and frees it. */
void conn_end(struct conn *);

/*
 * stat_listen_answer.c
 */
struct server;

/* Makes the next piece: some bytes, until it says 1: that was the last one. */
typedef int answer_piece(void *state, struct buffer *);

struct answer {
	TAILQ_ENTRY(answer) link; /* the one that is slowest first */
	struct answers *all;
	struct conn *conn;
	struct evhttp_request *request;
	answer_piece *piece;
	void (*end)(void *state); /* frees it */
	void *state;
	struct zip *zip; /* NULL: as it is */
	uint64_t began;
	uint64_t moved; /* when its client last took something */
	int through;    /* there is no more piece */
};

struct answers {
	TAILQ_HEAD(answer_list, answer) list;
	unsigned n;
	struct conns *conns;
	struct buffer piece; /* that is being made */
};

void answers_init(struct answers *, struct conns *);
void answers_fini(struct answers *);
/* Answers with 200 and what is made piece by piece, as fast as it is taken; the
 * last two are what frees the state of that, and it: the answer's from now on.
 * The headers but for the encoding are set. */
void answer_begin(struct answers *, struct evhttp_request *, answer_piece *,
    void (*)(void *), void *);
/* Ends those whose clients are too slow. */
void answers_sweep(struct answers *, uint64_t now);

/*
 * stat_listen_zip.c: gzip, in a few ten KiB.
 */
struct zip;
struct zip *zip_new(void);
/* Adds what there is of it so far; last: all of it. */
void zip_put(struct zip *, struct evbuffer *, const void *, size_t, int last);
void zip_free(struct zip *);

#endif
