/*
 * admin.h -- what administrators ask for.
 */
#ifndef SHMLOG_DAEMON_ADMIN_H
#define SHMLOG_DAEMON_ADMIN_H

#include "common/message.h"

struct client;

/* Each serves a well-formed request of a client that has said HELLO, and fills
 * in the answer but for its head.  Whom we do not trust is denied. */
enum message_status admin_mask(
    struct client *, const union message *request, union message *);
enum message_status admin_masks(
    struct client *, const union message *request, union message *);
enum message_status admin_list(
    struct client *, const union message *request, union message *);
enum message_status admin_retire(
    struct client *, const union message *request, union message *);

#endif
