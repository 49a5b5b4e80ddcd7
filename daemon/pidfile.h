/*
 * pidfile.h -- the file of -P.
 */
#ifndef SHMLOG_DAEMON_PIDFILE_H
#define SHMLOG_DAEMON_PIDFILE_H

struct pidfile {
	int dirfd; /* of its directory: the path may be relative; -1: none */
	char name[256];
};

/* Writes our pid to path (NULL: to none).  0, or -1 after it was logged. */
int pidfile_put(struct pidfile *, const char *path);

/* Removes it.  A path of NULL: nothing happens. */
void pidfile_drop(struct pidfile *);

#endif
