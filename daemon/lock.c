/*
 * lock.c -- the lock file and the lock on the segment.
 */
#include "daemon/lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/instance.h"

#define TRIES 100 /* a lock file that is removed as fast as it is made */

/* Closes fd and keeps errno. */
static void
close_quietly(int *fd)
{
	int saved = errno;

	if (*fd != -1)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* Whether the name still leads to what fd is: 1, 0, or -1 with errno. */
static int
is_current(int dirfd, int fd)
{
	struct stat by_fd, by_name;

	if (fstat(fd, &by_fd) == -1)
		return -1;
	if (fstatat(dirfd, LOCK_FILE, &by_name, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	return by_fd.st_dev == by_name.st_dev && by_fd.st_ino == by_name.st_ino;
}

/* One try: LOCK_TAKEN also for a file that has been removed meanwhile. */
static enum lock_result
open_and_lock(int dirfd, int *fd)
{
	struct stat st;

	*fd = openat(dirfd, LOCK_FILE,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
	    0600);
	if (*fd == -1)
		return LOCK_ERROR;
	if (fstat(*fd, &st) == -1)
		return LOCK_ERROR;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return LOCK_ERROR;
	}
	if (flock(*fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? LOCK_HELD : LOCK_ERROR;
	return LOCK_TAKEN;
}

enum lock_result
lock_take(struct lock *l, int dirfd)
{
	enum lock_result r;
	int current;

	l->dirfd = dirfd;
	l->fd = -1;
	for (int i = 0; i < TRIES; i++) {
		r = open_and_lock(dirfd, &l->fd);
		if (r == LOCK_TAKEN) {
			current = is_current(dirfd, l->fd);
			if (current == 1)
				return LOCK_TAKEN;
			r = LOCK_ERROR;
			if (current == 0)
				errno = EAGAIN;
		}
		close_quietly(&l->fd);
		if (r == LOCK_HELD || errno != EAGAIN)
			return r;
	}
	return LOCK_ERROR;
}

void
lock_release(struct lock *l)
{
	/* the file stays: whoever removes it takes it from under another */
	close_quietly(&l->fd);
}

enum lock_state
lock_check(struct lock *l)
{
	struct lock other;

	switch (is_current(l->dirfd, l->fd)) {
	case 1:
		return LOCK_OURS;
	case -1:
		return LOCK_UNKNOWN;
	}
	switch (lock_take(&other, l->dirfd)) {
	case LOCK_TAKEN:
		close_quietly(&l->fd);
		l->fd = other.fd;
		return LOCK_RENEWED;
	case LOCK_HELD:
		return LOCK_LOST;
	case LOCK_ERROR:
		break;
	}
	return LOCK_UNKNOWN;
}

int
lock_witness(int dirfd, const char *name)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return -1;
	if (fcntl(fd, F_OFD_SETLK, &whole) == -1)
		close_quietly(&fd);
	return fd;
}

int
lock_witnessed(int fd)
{
	struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_GETLK, &whole) == -1)
		return -1;
	return whole.l_type != F_UNLCK;
}
