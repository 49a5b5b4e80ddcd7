/*
 * user.h -- what the clients of one uid may have together: see limits.h.
 */
#ifndef SHMLOG_DAEMON_USER_H
#define SHMLOG_DAEMON_USER_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdint.h>

#include "daemon/store.h"

struct client_user {
	unsigned magic;
	LIST_ENTRY(client_user) all;
	uid_t uid;
	uint32_t clients;
	int64_t tokens;    /* requests that it may make now, in ns each;
			      below 0: a debt */
	uint64_t refilled; /* CLOCK_MONOTONIC */
};

LIST_HEAD(users, client_user);

/* The uid's, made if need be; counts a client.  NULL: ENOMEM. */
struct client_user *user_join(struct users *, uid_t, uint64_t mono);

/* Counts it out; frees the user when it was its last client. */
void user_leave(struct client_user *);

/* Whether the user has all the rights of this daemon anyway: root, and who
 * runs it.  Shares are for the others. */
int user_is_trusted(uid_t);

/* Whether one more client is too many, of max_clients. */
int user_has_clients(const struct client_user *, uint32_t max_clients);

/* Takes a request from the allowance: 0, or -1 if there is none left. */
int user_request(struct client_user *, uint64_t mono);

/* Takes from it what a request has cost beyond itself: see store_work(). */
void user_charge(struct client_user *, uint64_t bytes);

/* Whether a section of so many bytes would be more than a share: its process'
 * or its uid's. */
int user_over_share(
    const struct store *, const struct store_owner *, uint64_t bytes);

#endif
