/*
 * masks.h -- the file `masks', by which rules outlive the daemon.
 *
 * A line a rule behind the first, which says what it is:
 *
 *	shmlog masks 1
 *	level 6 http.*
 *	hide Debug http.*
 *	show Status http.front
 */
#ifndef SHMLOG_DAEMON_MASKS_H
#define SHMLOG_DAEMON_MASKS_H

#include "daemon/store.h"

#define MASKS_FILE "masks"

/*
 * Gives the store the rules of the file in that directory, if there is one.
 * Anything may stand there: what is no such file is ignored as a whole, and
 * that is logged, with the directory's path.
 */
void masks_load(struct store *, int dirfd, const char *path);

/* Writes the file anew, or removes it if there are no rules.  A failure is
 * logged, and the file stays as it was: the rules hold as long as this daemon
 * runs. */
void masks_save(const struct store *, int dirfd, const char *path);

#endif
