/*
 * owner.h -- the processes that we serve, and their deaths.
 *
 * A process is one owner, however many connections it has: its sections are its
 * own until it is dead, and that its pidfd says.  A hang-up says nothing: the
 * process may be in mid-append, and a child that was forked may hold the socket
 * of a dead one.
 */
#ifndef SHMLOG_DAEMON_OWNER_H
#define SHMLOG_DAEMON_OWNER_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdint.h>

#include "daemon/store.h"

struct client;
struct event;
struct event_base;

struct owner {
	unsigned magic;
	LIST_ENTRY(owner) all;
	struct owners *owners;
	pid_t pid;
	uint64_t start;
	char name[OWNER_MAX];
	int pidfd; /* -1: there was none to be had; looked at once a second */
	struct event *death;
	int dying; /* its clients are being dropped */
	TAILQ_HEAD(, client) clients;
};

struct owners {
	struct event_base *base;
	struct store *store;
	LIST_HEAD(, owner) all;
	uint32_t n;
	void (*drop)(struct client *); /* what becomes of a dead one's */
};

void owners_init(struct owners *, struct event_base *, struct store *,
    void (*drop)(struct client *));
void owners_fini(struct owners *);

/* Watches those that have placeholders in the store. */
void owners_start(struct owners *);

/*
 * The process at the other end of a connection that was just accepted.  NULL:
 * it is of no pid that we can see, or has gone, or there is no memory.
 */
struct owner *owner_of_peer(struct owners *, int socket, pid_t);

/* When its last client went: forgets the owner unless it has sections. */
void owner_release(struct owner *);

/* Once a second: those without a pidfd. */
void owners_tick(struct owners *);

#endif
