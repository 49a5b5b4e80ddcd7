/*
 * past.c -- find, keep and remove the files of earlier daemons.
 */
#include "daemon/past.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

#define LINK_FILE "segment.link" /* a name between two renames */

/* Whether a name is segment.prev or segment.N. */
static int
is_past(const char *name)
{
	const char *dot = SEGMENT_FILE ".";
	size_t n = strlen(dot);

	if (strcmp(name, SEGMENT_PREV_FILE) == 0)
		return 1;
	if (strncmp(name, dot, n) != 0 || strlen(name) >= PAST_NAME_MAX)
		return 0;
	return name[n] != '\0' &&
	       strspn(name + n, "0123456789") == strlen(name + n);
}

static void
find_one(struct past *p, const char *name)
{
	struct past_file *f = &p->files[p->n];
	struct segment_plan plan;
	enum segment_fault fault;
	struct stat st;

	if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    S_ISDIR(st.st_mode))
		return;
	if (p->n == PAST_MAX) {
		log_warn("%s: there are too many of these: left alone", name);
		return;
	}
	memset(f, 0, sizeof(*f));
	fault = segment_open(p->dirfd, name, O_RDONLY, &f->fd, &plan);
	if (fault != SEGMENT_OK)
		log_info("%s: %s", name, segment_fault_text(fault));
	else if (fstat(f->fd, &st) == 0) {
		f->created = plan.created;
		f->generation = plan.generation;
	}
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	p->n++;
}

void
past_find(struct past *p, int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;

	p->dirfd = dirfd;
	p->n = 0;
	if (dir == NULL) {
		log_warn("cannot list the directory: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (is_past(e->d_name))
			find_one(p, e->d_name);
	closedir(dir);
}

void
past_close(struct past *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->files[i].fd != -1)
			close(p->files[i].fd);
		p->files[i].fd = -1;
	}
}

size_t
past_take(struct past *p, int *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->files[i].fd == -1)
			continue;
		fds[n++] = p->files[i].fd;
		p->files[i].fd = -1;
	}
	return n;
}

/* Whether the name still is that file. */
static int
is_there(const struct past *p, const struct past_file *f)
{
	struct stat st;

	return fstatat(p->dirfd, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == f->dev && st.st_ino == f->ino;
}

static void
forget(struct past *p, size_t i)
{
	if (p->files[i].fd != -1)
		close(p->files[i].fd);
	p->files[i] = p->files[--p->n];
}

unsigned
past_remove(struct past *p)
{
	unsigned n = (unsigned)p->n;

	while (p->n > 0) {
		if (is_there(p, &p->files[0]))
			(void)unlinkat(p->dirfd, p->files[0].name, 0);
		forget(p, 0);
	}
	return n;
}

/* linkat(2) over what may be there, in one step for whoever looks. */
static int
link_over(int dirfd, const char *from, const char *to)
{
	(void)unlinkat(dirfd, LINK_FILE, 0);
	if (linkat(dirfd, from, dirfd, LINK_FILE, 0) == -1)
		return -1;
	if (renameat(dirfd, LINK_FILE, dirfd, to) == -1)
		return -1;
	/* both names of one file: rename(2) leaves them as they are */
	(void)unlinkat(dirfd, LINK_FILE, 0);
	return 0;
}

/* What stands at segment.prev gets its number; it is forgotten if it is no
 * segment, or `segment' itself: a daemon was killed while it renamed. */
static int
move_prev(struct past *p, ino_t segment)
{
	struct past_file *f;
	char name[PAST_NAME_MAX];
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->files[i].name, SEGMENT_PREV_FILE) == 0)
			break;
	if (i == p->n)
		return 0;
	f = &p->files[i];
	if (f->created == 0 || f->ino == segment) {
		forget(p, i);
		return 0;
	}
	(void)snprintf(
	    name, sizeof(name), SEGMENT_FILE ".%ju", (uintmax_t)f->generation);
	if (link_over(p->dirfd, SEGMENT_PREV_FILE, name) == -1)
		return -1;
	memcpy(f->name, name, sizeof(f->name));
	return 0;
}

/*
 * The last words of who died before this restart or the one before it stay
 * readable for the cooling time.  How old the files are nobody knows, so it
 * begins anew; of a daemon that is restarted over and over only the newest
 * stay, for each is as large as a segment.
 */
static void
keep_cooling(struct past *p, const struct store *s, uint64_t until)
{
	for (;;) {
		size_t cooling = 0, oldest = 0;

		for (size_t i = 0; i < p->n; i++) {
			struct past_file *f = &p->files[i];

			f->until = until;
			if (f->created != 0 && store_needs_old(s, f->created))
				continue;
			if (cooling++ == 0 ||
			    f->generation < p->files[oldest].generation)
				oldest = i;
		}
		if (cooling <= PAST_COOLING_MAX)
			return;
		if (is_there(p, &p->files[oldest]))
			(void)unlinkat(p->dirfd, p->files[oldest].name, 0);
		forget(p, oldest);
	}
}

int
past_push(struct past *p, const struct store *s, int fd,
    const struct segment_plan *plan, uint64_t until)
{
	struct past_file *f;
	struct stat st;

	if (fstat(fd, &st) == -1 || move_prev(p, st.st_ino) == -1)
		return -1;
	keep_cooling(p, s, until);
	if (link_over(p->dirfd, SEGMENT_FILE, SEGMENT_PREV_FILE) == -1)
		return -1;
	if (p->n == PAST_MAX) {
		log_warn("%s: one file too many to keep", p->files[0].name);
		forget(p, 0);
	}
	f = &p->files[p->n++];
	memset(f, 0, sizeof(*f));
	(void)snprintf(f->name, sizeof(f->name), "%s", SEGMENT_PREV_FILE);
	f->created = plan->created;
	f->generation = plan->generation;
	f->until = until;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->fd = -1;
	return 0;
}

void
past_tick(struct past *p, const struct store *s, uint64_t mono)
{
	for (size_t i = 0; i < p->n;) {
		struct past_file *f = &p->files[i];

		if (is_there(p, f)) {
			if (mono < f->until ||
			    (f->created != 0 &&
				store_needs_old(s, f->created))) {
				i++;
				continue;
			}
			if (unlinkat(p->dirfd, f->name, 0) == -1)
				log_warn("%s: cannot be removed: %s", f->name,
				    strerror(errno));
			else
				log_info("%s removed", f->name);
		}
		forget(p, i);
	}
}
