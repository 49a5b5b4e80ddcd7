/*
 * server.h -- the listening socket and the clients that came through it.
 */
#ifndef SHMLOG_DAEMON_SERVER_H
#define SHMLOG_DAEMON_SERVER_H

#include <sys/queue.h>

#include <stdint.h>

#include "daemon/peer.h"
#include "daemon/store.h"
#include "daemon/user.h"

struct client;
struct event;
struct event_base;
struct place_dir;

struct server {
	struct event_base *base;
	struct store *store;
	const struct place_dir *place; /* where masks are kept; NULL: not */
	int fd;                        /* listening; its owner closes it */
	struct event *readable;
	struct event *pause; /* until descriptors are there again */
	struct peers peers;
	struct users users;
	TAILQ_HEAD(, client) clients;
	uint32_t n;
	uint32_t max;
	uint64_t last_client;  /* number of the last one */
	struct client *listed; /* whom LIST told last, or NULL */
};

/* 0, or -1 with errno. */
int server_init(struct server *, struct event_base *, struct store *, int fd,
    uint32_t max_clients);

/* Begins to accept, and to watch the processes that the store knows. */
int server_start(struct server *);

/* Accepts at fd from now on.  Who waits at the one before is let in, as many as
 * one turn takes, and that one is closed.  0, or -1 with errno: then nobody is
 * let in any more. */
int server_listen(struct server *, int fd);

/* Drops all clients; the store is not told, it is about to end. */
void server_fini(struct server *);

/* Once a second: who is silent, who does not read, who has died. */
void server_tick(struct server *);

#endif
