/*
 * client.h -- one connection: requests in, answers out.
 */
#ifndef SHMLOG_DAEMON_CLIENT_H
#define SHMLOG_DAEMON_CLIENT_H

#include <sys/queue.h>
#include <sys/socket.h>

#include <stdint.h>

#include "common/message.h"
#include "daemon/peer.h"
#include "daemon/store.h"
#include "daemon/user.h"

struct server;
struct answer;

struct client {
	unsigned magic;
	TAILQ_ENTRY(client) all;
	TAILQ_ENTRY(client) of_peer;
	struct server *server;
	struct client_user *user;
	struct peer *peer;      /* NULL: it will be refused */
	struct store_owner who; /* what the store is told */
	int fd;
	int hello;                   /* has been said */
	enum message_status refusal; /* not OK: the answer to whatever it says,
					and then it is dropped */
	struct event *readable;
	struct event *writable;
	TAILQ_HEAD(, answer) answers; /* not sent yet */
	unsigned waiting;             /* how many */
	uint64_t requests;            /* so far */
	uint64_t since;               /* accepted; CLOCK_MONOTONIC, ns */
	uint64_t stuck;               /* since when its answers are too many */
};

/*
 * Begins to serve a connection; takes the descriptor, also if it fails.  NULL:
 * no memory.  mono: now.
 */
struct client *client_new(
    struct server *, int fd, const struct ucred *, uint64_t mono);

/* Ends it; why (NULL: it hung up) goes to the log.  c is gone afterwards. */
void client_drop(struct client *c, const char *why);

/* Once a second: drops it if its time has run out; c may be gone afterwards. */
void client_tick(struct client *c, uint64_t mono);

#endif
