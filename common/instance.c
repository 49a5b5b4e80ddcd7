/*
 * instance.c -- find an instance's directory; one answer for everybody.
 */
#include "common/instance.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEM_DIR "/run/shmlog"
#define TMP_DIR "/tmp/shmlog-" /* and the uid */

/* snprintf() to a path; 0, or -1 with ENAMETOOLONG. */
static int
join(char to[INSTANCE_PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(to, INSTANCE_PATH_MAX, "%s%s%s", dir,
	    name[0] == '\0' ? "" : "/", name);

	if (n < 0 || n >= INSTANCE_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

int
runtime_dirs(char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX], int daemon)
{
	const char *set = secure_getenv("SHMLOG_DIR");
	const char *xdg = secure_getenv("XDG_RUNTIME_DIR");
	char tmp[64];
	int r;

	if (set != NULL && set[0] != '\0') {
		/* a daemon and its workers stand in different directories */
		if (set[0] != '/') {
			errno = EINVAL;
			return -1;
		}
		return join(dirs[0], set, "") == 0 ? 1 : -1;
	}
	if (geteuid() == 0)
		return join(dirs[0], SYSTEM_DIR, "") == 0 ? 1 : -1;
	if (xdg != NULL && xdg[0] == '/') {
		r = join(dirs[0], xdg, "shmlog");
	} else {
		(void)snprintf(
		    tmp, sizeof(tmp), "/tmp/shmlog-%u", (unsigned)geteuid());
		r = join(dirs[0], tmp, "");
	}
	if (r != 0)
		return -1;
	if (daemon)
		return 1;
	return join(dirs[1], SYSTEM_DIR, "") == 0 ? 2 : -1;
}

const char *
instance_bad_dir(const char *name)
{
	const char *set = secure_getenv("SHMLOG_DIR");

	if ((name != NULL && name[0] == '/') || set == NULL || set[0] == '\0' ||
	    set[0] == '/')
		return NULL;
	return set;
}

int
instance_check(const char *name)
{
	size_t n;

	if (name == NULL || (name[0] == '/' && name[1] != '\0'))
		return 0;
	n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789_.-");
	if (n == 0 || n > 63 || name[n] != '\0' || name[0] == '.' ||
	    name[0] == '-') {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

int
instance_dirs(const char *name, int daemon,
    char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX])
{
	char base[INSTANCE_PATH_MAX];
	int n;

	if (instance_check(name) != 0)
		return -1;
	if (name != NULL && name[0] == '/')
		return join(dirs[0], name, "") == 0 ? 1 : -1;
	n = runtime_dirs(dirs, daemon);
	for (int i = 0; i < n; i++) {
		memcpy(base, dirs[i], sizeof(base));
		if (join(dirs[i], base,
			name == NULL ? INSTANCE_DEFAULT : name) != 0)
			return -1;
	}
	return n;
}

/* A directory that anybody could have made must be ours alone. */
static int
check_tmp(const char *path)
{
	char tmp[sizeof(TMP_DIR) + 10] = TMP_DIR;
	size_t n = sizeof(TMP_DIR) - 1;
	struct stat st;
	uint64_t uid = 0;

	if (strncmp(path, TMP_DIR, n) != 0)
		return 0;
	for (; path[n] >= '0' && path[n] <= '9' && n < sizeof(tmp) - 1; n++) {
		tmp[n] = path[n];
		uid = uid * 10 + (uint64_t)(path[n] - '0');
	}
	tmp[n] = '\0';
	if (uid != geteuid() || (path[n] != '/' && path[n] != '\0'))
		return 0;
	if (lstat(tmp, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) != 0700) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
instance_open_dir(const char *path, int flags)
{
	if (check_tmp(path) != 0)
		return -1;
	return open(path, flags | O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Composes /proc/self/fd/N/socket: a sun_path is short, a directory's is not.
 */
static void
socket_path(char path[static 64], int directory)
{
	static const char head[] = "/proc/self/fd/", tail[] = "/" SOCKET_FILE;
	char digits[12], *d = digits + sizeof(digits);
	char *to = path;

	do
		*--d = (char)('0' + directory % 10);
	while ((directory /= 10) > 0);
	memcpy(to, head, sizeof(head) - 1);
	to += sizeof(head) - 1;
	memcpy(to, d, (size_t)(digits + sizeof(digits) - d));
	to += digits + sizeof(digits) - d;
	memcpy(to, tail, sizeof(tail));
}

int
instance_dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int dir = instance_open_dir(path, O_PATH), fd, saved;

	if (dir == -1)
		return -1;
	socket_path(to.sun_path, dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		saved = errno;
		close(fd);
		fd = -1;
		errno = saved;
	}
	saved = errno;
	close(dir);
	errno = saved;
	return fd;
}

/* Whether something of a daemon's stands in the directory. */
static int
is_used(int fd)
{
	struct stat st;

	return fstatat(fd, "segment", &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	       fstatat(fd, SOCKET_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int
instance_open(const char *name, char path[INSTANCE_PATH_MAX])
{
	char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];
	int n = instance_dirs(name, 0, dirs), best = -1, fd, error = 0;

	if (n == -1)
		return -1;
	memcpy(path, dirs[0], INSTANCE_PATH_MAX);
	for (int i = 0; i < n; i++) {
		fd = instance_open_dir(dirs[i], 0);
		if (fd == -1) {
			/* what stands in the way says more than its absence */
			if (error == 0 ||
			    (error == ENOENT && errno != ENOENT)) {
				error = errno;
				memcpy(path, dirs[i], INSTANCE_PATH_MAX);
			}
			continue;
		}
		if (best == -1 || is_used(fd)) {
			if (best != -1)
				close(best);
			best = fd;
			memcpy(path, dirs[i], INSTANCE_PATH_MAX);
			if (is_used(fd))
				return best;
		} else {
			close(fd);
		}
	}
	if (best == -1)
		errno = error;
	return best;
}
