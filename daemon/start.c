/*
 * start.c -- start an instance: DESIGN.md, section 2.
 *
 * Each step has a function, and start_undo() goes back over them.  Files are
 * made under a name ending in .new and renamed when they are whole; a .new that
 * is found was left by a daemon that was killed, for we hold the lock.
 *
 * The order of the last steps is what keeps readers' sums from going back:
 * `segment' is renamed while the new list is still in change; the old counters
 * are read once more; the list is opened; the socket is renamed; and only then
 * the old segment says that it is superseded, so whoever looks for the new
 * socket when it hears of it finds it.
 */
#include "daemon/start.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/guard.h"
#include "common/instance.h"
#include "common/process.h"
#include "daemon/log.h"
#include "daemon/masks.h"
#include "daemon/now.h"

#define SEGMENT_NEW SEGMENT_FILE ".new"

/* What was found under the name `segment'. */
struct found {
	int fd;         /* -1: nothing that we can read */
	int fd_is_file; /* not a copy in memory */
	enum segment_fault fault;
	struct segment_plan plan;
};

static int
fail(const struct instance *i, const char *name, const char *what)
{
	log_error("%s/%s: %s: %s", i->place.path, name, what, strerror(errno));
	return -1;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static int
collision(const struct instance *i, const struct segment_plan *plan)
{
	const char *name = options_name(i->options);

	if (plan != NULL && plan->master_pid != 0)
		log_error("instance %s is already run by process %ju: -n "
			  "arguments collide",
		    name, (uintmax_t)plan->master_pid);
	else
		log_error("instance %s is already run by another process: -n "
			  "arguments collide",
		    name);
	return -1;
}

/* Whose segment it is, as far as it can be told: for the message only. */
static int
collision_by_file(const struct instance *i)
{
	struct segment_plan plan;
	int fd, known;

	known = segment_open(i->place.dirfd, SEGMENT_FILE, O_RDONLY, &fd,
		    &plan) == SEGMENT_OK &&
		(plan.pid_ns != process_pid_ns() || segment_has_master(&plan));
	if (fd != -1)
		close(fd);
	return collision(i, known ? &plan : NULL);
}

static int
take_lock(struct instance *i)
{
	switch (lock_take(&i->lock, i->place.dirfd)) {
	case LOCK_TAKEN:
		return 0;
	case LOCK_HELD:
		return collision_by_file(i);
	case LOCK_ERROR:
		break;
	}
	return fail(i, LOCK_FILE, "cannot be locked");
}

/* A file that is there: does somebody run it, and is it worth reading? */
static int
judge_old(const struct instance *i, struct found *old)
{
	int held = lock_witnessed(old->fd);

	if (held == -1)
		return fail(i, SEGMENT_FILE, "its lock cannot be asked for");
	old->fault = segment_check(old->fd, &old->plan);
	if (held)
		return collision(
		    i, old->fault == SEGMENT_OK ? &old->plan : NULL);
	if (old->fault != SEGMENT_OK) {
		log_warn("%s/%s: %s: replaced", i->place.path, SEGMENT_FILE,
		    segment_fault_text(old->fault));
		close_fd(&old->fd);
		return 0;
	}
	/* pids of another namespace say nothing here; the locks do */
	if (old->plan.pid_ns == process_pid_ns() &&
	    old->plan.master_pid != (uint64_t)getpid() &&
	    segment_has_master(&old->plan))
		return collision(i, &old->plan);
	return 0;
}

/* Opens what stands at `segment', if it is a file, and never follows it. */
static int
look_at_old(const struct instance *i, struct found *old)
{
	int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat st;

	memset(old, 0, sizeof(*old));
	old->fd = -1;
	old->fd_is_file = 1;
	if (fstatat(i->place.dirfd, SEGMENT_FILE, &st, AT_SYMLINK_NOFOLLOW) ==
	    -1)
		return errno == ENOENT
			   ? 0
			   : fail(i, SEGMENT_FILE, "cannot be seen");
	if (S_ISDIR(st.st_mode)) {
		log_error("%s/%s: is a directory: remove it, or name another "
			  "instance (-n)",
		    i->place.path, SEGMENT_FILE);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		log_warn("%s/%s: not a regular file: replaced", i->place.path,
		    SEGMENT_FILE);
		return 0;
	}
	old->fd = openat(i->place.dirfd, SEGMENT_FILE, O_RDWR | flags);
	if (old->fd == -1 && errno == EACCES)
		old->fd =
		    openat(i->place.dirfd, SEGMENT_FILE, O_RDONLY | flags);
	if (old->fd == -1)
		return fail(i, SEGMENT_FILE, "cannot be opened");
	if (judge_old(i, old) == 0)
		return 0;
	close_fd(&old->fd);
	return -1;
}

/* Binds and listens under the temporary name. */
static int
listen_apart(struct instance *i)
{
	if (listener_make(&i->listener, i->place.dirfd, i->options->mode) == 0)
		return 0;
	return fail(i, SOCKET_FILE,
	    errno == EISDIR ? "cannot be replaced" : "cannot listen");
}

static struct store *
create(struct instance *i, const struct found *old)
{
	const struct options *o = i->options;
	struct store_options so = {
		.dirfd = i->place.dirfd,
		.file = SEGMENT_NEW,
		.instance = options_name(o),
		.size = o->size,
		.sections = o->sections,
		.cooling = o->cooling,
		.mode = o->mode,
		.pid = getpid(),
		.pid_ns = process_pid_ns(),
	};
	char state;

	if (process_start(so.pid, &so.start, &state) == -1)
		so.start = 0;
	if (process_boot_id(so.boot_id) == -1)
		memset(so.boot_id, 0, sizeof(so.boot_id));
	return store_create(&so,
	    old->fault == SEGMENT_OK && old->fd != -1 ? &old->plan : NULL,
	    now());
}

/* Copies the old segment to private memory; 0, or -1. */
static int
copy_old(struct found *old)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);
	uint64_t size = old->plan.segment_size, done = 0;
	char buf[65536];
	ssize_t n;

	if (fd == -1)
		return -1;
	while (done < size) {
		n = pread(old->fd, buf, sizeof(buf), (off_t)done);
		if (n <= 0 || write(fd, buf, (size_t)n) != n) {
			close(fd);
			return -1;
		}
		done += (uint64_t)n;
	}
	close(old->fd);
	old->fd = fd;
	old->fd_is_file = 0;
	return 0;
}

/* Whether there will be room when the old segment is gone. */
static int
would_fit(const struct instance *i, const struct found *old)
{
	struct statvfs fs;
	struct stat st;

	if (fstatvfs(i->place.dirfd, &fs) == -1 || fstat(old->fd, &st) == -1)
		return 0;
	return (uint64_t)fs.f_bavail * fs.f_frsize +
		   (uint64_t)st.st_blocks * 512 >=
	       i->options->size;
}

static int
pid_cmp(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The pids of living processes that have sections there; pids has room for
 * desc_count. */
static uint32_t
list_holders(const struct segment *map, uint32_t *pids)
{
	struct descriptor d;
	uint32_t n = 0, different = 0;

	for (uint32_t i = 0; i < map->plan.desc_count; i++) {
		if (directory_entry(map, i, &d) != 0 ||
		    (d.flags &
			(DESC_DAEMON | DESC_RETAINED | DESC_PLACEHOLDER)) ||
		    descriptor_is(&d, CLASS_COOL) || d.owner_pid == 0 ||
		    d.owner_pid > INT_MAX ||
		    !process_runs((pid_t)d.owner_pid, d.owner_start))
			continue;
		pids[n++] = d.owner_pid;
	}
	if (n > 0)
		qsort(pids, n, sizeof(*pids), pid_cmp);
	for (uint32_t i = 0; i < n; i++)
		different += i == 0 || pids[i] != pids[i - 1];
	return different;
}

/* How many processes hold the old segment: its pages are not free as long as
 * one has it mapped, whatever name it has or had. */
static uint32_t
holders(const struct found *old)
{
	struct segment map = { .fd = old->fd, .plan = old->plan };
	uint8_t boot[16];
	uint32_t *pids, n = 0;
	void *base;

	if (process_boot_id(boot) == -1 ||
	    memcmp(boot, old->plan.boot_id, sizeof(boot)) != 0 ||
	    old->plan.pid_ns != process_pid_ns())
		return 0;
	base = mmap(
	    NULL, old->plan.segment_size, PROT_READ, MAP_SHARED, old->fd, 0);
	if (base == MAP_FAILED)
		return 0;
	map.base = base;
	map.head = base;
	pids = calloc(old->plan.desc_count, sizeof(*pids));
	if (pids != NULL && guard_add(base, old->plan.segment_size) == 0) {
		n = list_holders(&map, pids);
		guard_remove(base);
	}
	free(pids);
	(void)munmap(base, old->plan.segment_size);
	return n;
}

/* Whether the old segment is to go before there is a new one.  Not if that
 * would lose its records for nothing: 1, 0; -1 if it was told why not. */
static int
give_up_old(const struct instance *i, const struct found *old)
{
	uint32_t n;

	if (old->fd == -1 || !would_fit(i, old))
		return 0;
	n = holders(old);
	if (n == 0)
		return 1;
	log_error("%s: no room for a new segment while %u process%s the old "
		  "one: stop them, or give a smaller -s",
	    i->place.path, n, n == 1 ? " holds" : "es hold");
	return -1;
}

/* Gives up what is old, the least needed first, until the new one has room. */
static int
make_store(struct instance *i, struct found *old)
{
	unsigned n;
	int go = 0;

	i->store = create(i, old);
	if (i->store == NULL && errno == ENOSPC && i->past.n > 0) {
		n = past_remove(&i->past);
		log_warn("no room for a new segment: %u older ones removed", n);
		i->store = create(i, old);
	}
	if (i->store == NULL && errno == ENOSPC) {
		go = give_up_old(i, old);
		errno = ENOSPC;
	}
	if (go == -1)
		return -1;
	if (go == 1) {
		log_warn("no room for a new segment beside the old one: the "
			 "old one is removed first, its records are lost");
		if (copy_old(old) == 0)
			(void)unlinkat(i->place.dirfd, SEGMENT_FILE, 0);
		i->store = create(i, old);
	}
	if (i->store != NULL)
		return 0;
	if (errno == ENOSPC)
		log_error("%s: no room for a segment of %juk (-s)",
		    i->place.path, (uintmax_t)(i->options->size >> 10));
	else
		(void)fail(i, SEGMENT_FILE, "cannot be made");
	return -1;
}

static void
take_over(struct instance *i, struct found *old)
{
	int fds[PAST_MAX + 1];
	struct store_taken taken;
	size_t n = 0;

	if (old->fd == -1)
		return; /* whom it followed nobody knows */
	/* the store takes this one; ours is for the rename */
	fds[n] = fcntl(old->fd, F_DUPFD_CLOEXEC, 0);
	if (fds[n] == -1) {
		(void)fail(i, SEGMENT_FILE, "not taken over");
		return;
	}
	n++;
	n += past_take(&i->past, fds + n);
	store_takeover(i->store, fds, n, now(), &taken);
	log_info("of the old segment: %u sums carried on, %u sets of the dead "
		 "added to them, %u of the living shown until they join",
	    taken.retained, taken.folded, taken.placeholders);
	if (taken.refused != 0)
		log_warn("no room for %u of the old segment's counter sets",
		    taken.refused);
	if (taken.damaged != 0)
		log_warn("%u sections of the old segment made no sense",
		    taken.damaged);
}

/* From here on others see what we made. */
static int
go_public(struct instance *i, struct found *old)
{
	int dir = i->place.dirfd;
	uint64_t until = now_mono() + i->options->cooling * NS_PER_SECOND;

	i->witness = lock_witness(dir, SEGMENT_NEW);
	if (i->witness == -1)
		return fail(i, SEGMENT_NEW, "cannot be locked");
	if (lock_check(&i->lock) != LOCK_OURS)
		return fail(i, LOCK_FILE, "is no longer ours");
	if (old->fd != -1 && old->fd_is_file &&
	    past_push(&i->past, i->store, old->fd, &old->plan, until) == -1)
		log_warn("%s/%s: not kept: %s", i->place.path,
		    SEGMENT_PREV_FILE, strerror(errno));
	if (renameat(dir, SEGMENT_NEW, dir, SEGMENT_FILE) == -1)
		return fail(i, SEGMENT_FILE, "cannot be replaced");
	store_open_for_business(i->store, now());
	if (listener_publish(dir) == -1)
		return fail(i, SOCKET_FILE, "cannot be replaced");
	store_mark_superseded(i->store);
	return 0;
}

/* Descriptors are what connections cost: all that we are let have. */
static void
raise_limits(const struct options *o)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
	/* a connection and a process each, and a few of our own */
	if (r.rlim_cur < 2 * (rlim_t)o->clients + 64)
		log_info("-c %u clients may need %u descriptors: the limit is "
			 "%ju",
		    o->clients, 2 * o->clients + 64, (uintmax_t)r.rlim_cur);
}

/* Undoes what was done of the steps, in reverse. */
static void
start_undo(struct instance *i)
{
	int dir = i->place.dirfd;

	close_fd(&i->witness);
	if (i->store != NULL) {
		store_end(i->store);
		store_close(i->store);
		(void)unlinkat(dir, SEGMENT_NEW, 0);
	}
	i->store = NULL;
	listener_unmake(&i->listener, dir);
	past_close(&i->past);
	pidfile_drop(&i->pidfile);
	/* nobody can hold it but us, and who waits for it looks again */
	if (i->lock.fd != -1 && i->place.made)
		(void)unlinkat(dir, LOCK_FILE, 0);
	lock_release(&i->lock);
	place_close(&i->place, 1);
}

int
instance_start(struct instance *i, const struct options *o)
{
	struct found old = { .fd = -1 };
	int r = -1;

	memset(i, 0, sizeof(*i));
	i->options = o;
	i->place.dirfd = i->lock.fd = i->witness = i->listener.fd = -1;
	i->pidfile.dirfd = -1;
	if (place_open(&i->place, o) != 0)
		return -1;
	raise_limits(o);
	if (take_lock(i) != 0 || look_at_old(i, &old) != 0 ||
	    pidfile_put(&i->pidfile, o->pidfile) != 0 || listen_apart(i) != 0)
		goto out;
	past_find(&i->past, i->place.dirfd);
	if (make_store(i, &old) != 0)
		goto out;
	masks_load(i->store, i->place.dirfd, i->place.path);
	take_over(i, &old);
	if (go_public(i, &old) != 0)
		goto out;
	place_check_tmpfs(&i->place);
	r = 0;
out:
	close_fd(&old.fd);
	if (r != 0)
		start_undo(i);
	return r;
}
