/*
 * listener.h -- the socket that workers connect to, and its name.
 */
#ifndef SHMLOG_DAEMON_LISTENER_H
#define SHMLOG_DAEMON_LISTENER_H

#include <sys/types.h>

#include "common/instance.h"

/* What it is called until it is whole. */
#define SOCKET_NEW SOCKET_FILE ".new"

struct listener {
	int fd; /* -1: none */
	dev_t dev;
	ino_t ino;
};

/*
 * Binds and listens under the temporary name, for those whom the segment's mode
 * lets; a file of that name is removed.  0, or -1 with errno and no trace left;
 * EISDIR: a directory has the place of `socket', which is left alone.
 */
int listener_make(struct listener *, int dirfd, mode_t mode);

/* Gives what was made there its name.  0, or -1 with errno. */
int listener_publish(int dirfd);

/* Closes what has not been published, and removes it. */
void listener_unmake(struct listener *, int dirfd);

/* Whether `socket' is that one: 1, 0, or -1 with errno. */
int listener_is_current(const struct listener *, int dirfd);

/* Closes it, and removes its name, unless that is another's by now. */
void listener_end(struct listener *, int dirfd);

#endif
