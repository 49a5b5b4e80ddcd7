/*
 * pidfile.c -- write the file of -P and remove it.
 */
#include "daemon/pidfile.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

/* Opens the directory and cuts the path to its last part. */
static int
open_dir(struct pidfile *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char dir[4096] = ".";

	if (slash != NULL) {
		size_t n = (size_t)(slash - path);

		n += n == 0; /* of "/x" it is "/" */
		if (n >= sizeof(dir)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(dir, path, n);
		dir[n] = '\0';
	}
	if (name[0] == '\0' || strlen(name) >= sizeof(p->name)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(p->name, name, strlen(name) + 1);
	p->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->dirfd == -1 ? -1 : 0;
}

static int
write_file(const struct pidfile *p)
{
	struct stat st;
	int fd, r;

	fd = openat(p->dirfd, p->name,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	r = ftruncate(fd, 0) == -1 || fchmod(fd, 0644) == -1 ||
	    dprintf(fd, "%d\n", (int)getpid()) < 0;
	if (close(fd) == -1 || r)
		return -1;
	return 0;
}

int
pidfile_put(struct pidfile *p, const char *path)
{
	p->dirfd = -1;
	if (path == NULL)
		return 0;
	if (open_dir(p, path) == 0 && write_file(p) == 0)
		return 0;
	log_error("-P %s: cannot be written: %s", path, strerror(errno));
	if (p->dirfd != -1)
		close(p->dirfd);
	p->dirfd = -1;
	return -1;
}

void
pidfile_drop(struct pidfile *p)
{
	if (p->dirfd == -1)
		return;
	(void)unlinkat(p->dirfd, p->name, 0);
	close(p->dirfd);
	p->dirfd = -1;
}
