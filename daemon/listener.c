/*
 * listener.c -- bind(2) under a temporary name, rename(2) when it listens.
 *
 * The name is replaced in one step, so whoever connects meets the one before,
 * or this one listening.
 */
#include "daemon/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/limits.h"

static mode_t
socket_mode(mode_t mode)
{
	/* who may read the segment with the group's rights may write with it,
	 * too; others only if they may write the segment itself */
	return (
	    mode_t)(0600 | (mode & 0060 ? 0060 : 0) | (mode & 0002 ? 0006 : 0));
}

/* 0, or -1 with errno: the caller undoes it. */
static int
bind_and_listen(struct listener *l, int dirfd, mode_t mode)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t mask;
	int r, error;

	/* sun_path is short, a directory's path need not be */
	(void)snprintf(at.sun_path, sizeof(at.sun_path),
	    "/proc/self/fd/%d/" SOCKET_NEW, dirfd);
	mask = umask(0777 & (mode_t)~socket_mode(mode));
	r = bind(l->fd, (struct sockaddr *)&at, sizeof(at));
	error = errno;
	(void)umask(mask);
	errno = error;
	if (r == -1 || listen(l->fd, LIMIT_BACKLOG) == -1 ||
	    fstatat(dirfd, SOCKET_NEW, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

int
listener_make(struct listener *l, int dirfd, mode_t mode)
{
	struct stat st;

	l->fd = -1;
	if (fstatat(dirfd, SOCKET_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	(void)unlinkat(dirfd, SOCKET_NEW, 0);
	l->fd =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd == -1)
		return -1;
	if (bind_and_listen(l, dirfd, mode) == 0)
		return 0;
	listener_unmake(l, dirfd);
	return -1;
}

int
listener_publish(int dirfd)
{
	return renameat(dirfd, SOCKET_NEW, dirfd, SOCKET_FILE);
}

void
listener_unmake(struct listener *l, int dirfd)
{
	int error = errno;

	if (l->fd == -1)
		return;
	(void)unlinkat(dirfd, SOCKET_NEW, 0);
	close(l->fd);
	l->fd = -1;
	errno = error;
}

int
listener_is_current(const struct listener *l, int dirfd)
{
	struct stat st;

	if (fstatat(dirfd, SOCKET_FILE, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	return st.st_dev == l->dev && st.st_ino == l->ino;
}

void
listener_end(struct listener *l, int dirfd)
{
	/* it may be another daemon's by now */
	if (listener_is_current(l, dirfd) == 1)
		(void)unlinkat(dirfd, SOCKET_FILE, 0);
	close(l->fd);
	l->fd = -1;
}
