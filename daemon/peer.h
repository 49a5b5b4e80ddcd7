/*
 * peer.h -- the processes that we serve, and their deaths.
 *
 * A process is one peer, however many connections it has: its sections are its
 * own until it is dead, and that its pidfd says.  A hang-up says nothing: the
 * process may be in mid-append, and a child that was forked may hold the socket
 * of a dead one.
 */
#ifndef SHMLOG_DAEMON_PEER_H
#define SHMLOG_DAEMON_PEER_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdint.h>

#include "daemon/store.h"

struct client;
struct event;
struct event_base;

struct peer {
	unsigned magic;
	LIST_ENTRY(peer) all;
	struct peers *peers;
	pid_t pid;
	uint64_t start;
	char name[OWNER_MAX];
	int pidfd; /* -1: there was none to be had; looked at once a second */
	struct event *death;
	int dying; /* its clients are being dropped */
	TAILQ_HEAD(, client) clients;
};

struct peers {
	struct event_base *base;
	struct store *store;
	LIST_HEAD(, peer) all;
	uint32_t n;
	void (*drop)(struct client *); /* what becomes of a dead one's */
};

void peers_init(struct peers *, struct event_base *, struct store *,
    void (*drop)(struct client *));
void peers_fini(struct peers *);

/* Watches those that have placeholders in the store. */
void peers_start(struct peers *);

/*
 * The process at the other end of a connection that was just accepted.  NULL:
 * it is of no pid that we can see, or has gone, or there is no memory.
 */
struct peer *peer_of_socket(struct peers *, int socket, pid_t);

/* Forgets the process, unless it has clients or sections. */
void peer_release(struct peer *);

/* Once a second: those without a pidfd may be dead, others have nothing any
 * more. */
void peers_tick(struct peers *);

#endif
