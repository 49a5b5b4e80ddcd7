/*
 * place.c -- make the directory, give it away, drop privileges.
 */
#include "daemon/place.h"

#include <sys/stat.h>
#include <sys/statfs.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

/* Under /tmp anybody could have made it. */
static int
check_ours(const char *dir)
{
	struct stat st;

	if (lstat(dir, &st) == -1) {
		log_error("%s: %s", dir, strerror(errno));
		return -1;
	}
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 07777) == 0700)
		return 0;
	log_error("%s: refused: %s; remove it, or set SHMLOG_DIR", dir,
	    S_ISLNK(st.st_mode)      ? "it is a symbolic link"
	    : !S_ISDIR(st.st_mode)   ? "it is not a directory"
	    : st.st_uid != geteuid() ? "it belongs to somebody else"
				     : "its mode is not 0700");
	return -1;
}

/* Takes away what the mode of a directory just made was given on top of ours (a
 * set-group-ID bit, an ACL).  Whoever may write to the one it is in may have
 * put something else there meanwhile: that is left alone. */
static int
settle_mode(const char *dir, mode_t mode)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int result, error;

	if (fd == -1)
		return -1;
	result = fstat(fd, &st);
	if (result == 0 && st.st_uid != geteuid()) {
		errno = EPERM;
		result = -1;
	}
	if (result == 0)
		result = fchmod(fd, mode);
	error = errno;
	close(fd);
	errno = error;
	return result;
}

/* mkdir(2) with that mode whatever the umask: 1 made, 0 it is there, or -1. */
static int
make_dir(const char *dir, mode_t mode)
{
	mode_t mask = umask(0);
	int made = mkdir(dir, mode), error = errno;

	(void)umask(mask);
	errno = error;
	if (made == 0) {
		if (settle_mode(dir, mode) == 0)
			return 1;
	} else if (errno == EEXIST) {
		return 0;
	}
	log_error("%s: cannot be made: %s", dir, strerror(errno));
	return -1;
}

/* The directory that instances with a name are in. */
static int
make_runtime_dir(void)
{
	char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];
	int in_tmp;

	if (runtime_dirs(dirs, 1) == -1) {
		log_error("runtime directory: %s", strerror(errno));
		return -1;
	}
	in_tmp = strncmp(dirs[0], "/tmp/shmlog-", strlen("/tmp/shmlog-")) == 0;
	if (make_dir(dirs[0], geteuid() == 0 && !in_tmp ? 0755 : 0700) == -1)
		return -1;
	return in_tmp ? check_ours(dirs[0]) : 0;
}

/* Who may read or write the segment must come as far as that. */
static mode_t
dir_mode(mode_t mode)
{
	return (
	    mode_t)(0700 | (mode & 0060 ? 0050 : 0) | (mode & 0006 ? 0005 : 0));
}

static int
give_away(const struct place_dir *p, const struct options *o)
{
	struct stat st;

	if (geteuid() != 0 || !o->change_gid)
		return 0;
	if (fstat(p->dirfd, &st) == -1) {
		log_error("%s: %s", p->path, strerror(errno));
		return -1;
	}
	if (p->made && st.st_uid == 0) {
		if (fchown(p->dirfd, o->uid, o->gid) == 0)
			return 0;
		log_error("%s: cannot be given to uid %u: %s", p->path,
		    (unsigned)o->uid, strerror(errno));
		return -1;
	}
	if (st.st_uid == o->uid)
		return 0;
	log_error("%s: belongs to uid %u, not to %s: chown it, or name another "
		  "directory (-n)",
	    p->path, (unsigned)st.st_uid, o->user == NULL ? "root" : o->user);
	return -1;
}

static int
drop_privileges(const struct options *o)
{
	if (geteuid() != 0 || !o->change_gid)
		return 0;
	if (setgroups(1, &o->gid) == 0 &&
	    setresgid(o->gid, o->gid, o->gid) == 0 &&
	    setresuid(o->uid, o->uid, o->uid) == 0 &&
	    (o->uid == 0 || setuid(0) == -1))
		return 0;
	log_error("cannot become uid %u, gid %u: %s", (unsigned)o->uid,
	    (unsigned)o->gid, strerror(errno));
	return -1;
}

/*
 * Whoever may write to the directory may put other files in the place of ours,
 * and who owns it may let himself.  Called as the user that we stay.
 */
static int
check_owner(const struct place_dir *p)
{
	struct stat st;

	if (fstat(p->dirfd, &st) == -1) {
		log_error("%s: %s", p->path, strerror(errno));
		return -1;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		log_error("%s: belongs to uid %u, who could put other files in "
			  "the place of ours: name another directory (-n)",
		    p->path, (unsigned)st.st_uid);
		return -1;
	}
	if (st.st_mode & S_IWOTH) {
		log_error("%s: anybody may write to it, and put other files in "
			  "the place of ours: chmod o-w",
		    p->path);
		return -1;
	}
	return 0;
}

int
place_open(struct place_dir *p, const struct options *o)
{
	char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];

	p->dirfd = -1;
	p->made = 0;
	if (instance_dirs(o->instance, 1, dirs) == -1) {
		log_error("instance %s: %s", options_name(o), strerror(errno));
		return -1;
	}
	memcpy(p->path, dirs[0], sizeof(p->path));
	if (o->instance == NULL || o->instance[0] != '/')
		if (make_runtime_dir() != 0)
			return -1;
	p->made = make_dir(p->path, dir_mode(o->mode));
	if (p->made == -1) {
		p->made = 0;
		return -1;
	}
	p->dirfd = open(p->path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | (p->made ? O_NOFOLLOW : 0));
	if (p->dirfd == -1) {
		log_error("%s: %s", p->path, strerror(errno));
		place_close(p, 1);
		return -1;
	}
	if (give_away(p, o) != 0 || drop_privileges(o) != 0 ||
	    check_owner(p) != 0) {
		place_close(p, 1);
		return -1;
	}
	return 0;
}

void
place_close(struct place_dir *p, int unmake)
{
	if (p->dirfd != -1)
		close(p->dirfd);
	p->dirfd = -1;
	/* fails if it is not empty, or not ours to remove: so be it */
	if (unmake && p->made)
		(void)rmdir(p->path);
	p->made = 0;
}

void
place_check_tmpfs(const struct place_dir *p)
{
	struct statfs fs;

	if (fstatfs(p->dirfd, &fs) == -1 || fs.f_type == TMPFS_MAGIC ||
	    fs.f_type == RAMFS_MAGIC)
		return;
	log_warn("%s is not on tmpfs: writing may wait for a disk and fail "
		 "when it is full; use a directory under /run or /dev/shm "
		 "(SHMLOG_DIR, or -n with a path)",
	    p->path);
}
