/*
 * lock.h -- the two witnesses that an instance is run by one daemon.
 *
 * THE LOCK FILE is flock()ed for life (not an fcntl lock: that goes when any
 * descriptor of the file is closed, and across fork).  It can be removed, so
 * it is compared with its name at each heartbeat.
 *
 * THE SEGMENT carries a write lock of an open file description (OFD) that is
 * never passed on.  Whoever tests it asks whether a *read* lock could be had,
 * which only a write lock prevents: readers, who hold the segment O_RDONLY, can
 * therefore not pretend to be a daemon.
 */
#ifndef SHMLOG_DAEMON_LOCK_H
#define SHMLOG_DAEMON_LOCK_H

struct lock {
	int dirfd; /* not ours */
	int fd;
};

enum lock_result {
	LOCK_TAKEN,
	LOCK_HELD,  /* by another process */
	LOCK_ERROR, /* errno tells */
};

/* Takes the lock file in dirfd, made 0600 if need be. */
enum lock_result lock_take(struct lock *, int dirfd);
void lock_release(struct lock *);

enum lock_state {
	LOCK_OURS,
	LOCK_RENEWED, /* the file had gone; we made a new one and hold it */
	LOCK_LOST,    /* another process holds a new one */
	LOCK_UNKNOWN, /* errno tells */
};

/* Whether the lock file still is what we hold. */
enum lock_state lock_check(struct lock *);

/*
 * The second witness: opens `name' for itself and write-locks it.  Returns the
 * descriptor, to be kept and never passed on, or -1 with errno (EAGAIN: held).
 */
int lock_witness(int dirfd, const char *name);

/* Whether a daemon holds the second witness on an open segment: 1 or 0, or -1
 * with errno. */
int lock_witnessed(int fd);

#endif
