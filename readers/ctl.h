/*
 * ctl.h -- what the files of shmctl share: a client of the daemon's socket.
 *
 * Whatever fails is told on stderr, in one line, and the program exits 1.
 */
#ifndef SHMLOG_READERS_CTL_H
#define SHMLOG_READERS_CTL_H

#include <stdint.h>

#include "common/message.h"
#include "readers/buffer.h"

struct ctl {
	const char *name; /* of the instance */
	int socket;
	uint32_t number;  /* of the last request */
	uint64_t created; /* the segment's */
};

/* Connects to the daemon of an instance (NULL: the default) and says HELLO. */
void ctl_open(struct ctl *, const char *instance);
void ctl_close(struct ctl *);

/* Asks, and waits for the answer, five seconds at most.  Any status but OK
 * ends the program. */
void ctl_ask(struct ctl *, enum message_op, union message *request,
    union message *answer);

/* What was typed behind the command: `words' ends with NULL. */
struct ctl_args {
	const char *instance;
	char **words;
	int n;
	int force;
};

/* The commands; each returns what to exit with. */
int ctl_mask(const struct ctl_args *, struct buffer *);
int ctl_masks(const struct ctl_args *, struct buffer *);
int ctl_clients(const struct ctl_args *, struct buffer *);
int ctl_free(const struct ctl_args *, struct buffer *);

#endif
