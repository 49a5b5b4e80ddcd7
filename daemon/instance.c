/*
 * instance.c -- keep an instance ours while it runs, and end it.
 */
#include "daemon/instance.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/instance.h"
#include "daemon/log.h"
#include "daemon/now.h"

#define TOLD_SEGMENT 1
#define TOLD_PLACE 2
#define TOLD_LOCK 4
#define TOLD_SIZE 8

/* Whether it has not been told yet; it has, now. */
static int
first_time(struct instance *i, int what)
{
	int first = (i->told & what) == 0;

	i->told |= what;
	return first;
}

/* What somebody can do to a file as often as he likes is told now and then. */
static void
again(const struct instance *i, struct log_again *a, int times, int level,
    const char *file, const char *what)
{
	uint64_t n = log_again(a, (uint64_t)times, now_mono());

	if (n == 1)
		log_at(level, "%s/%s %s", i->place.path, file, what);
	else if (n > 1)
		log_at(level, "%s/%s %s (%ju times)", i->place.path, file, what,
		    (uintmax_t)n);
}

/* Whether `segment' in that directory is the one we made: 1, 0; -1: none. */
static int
segment_is_ours(const struct instance *i, int dirfd)
{
	struct stat ours, there;

	if (fstat(i->witness, &ours) == -1 ||
	    fstatat(dirfd, SEGMENT_FILE, &there, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Whether another daemon holds `segment' in that directory. */
static int
other_runs(const struct instance *i, int dirfd)
{
	struct segment_plan plan;
	int fd, held;

	if (segment_is_ours(i, dirfd) != 0)
		return 0;
	if (segment_open(dirfd, SEGMENT_FILE, O_RDONLY, &fd, &plan) !=
	    SEGMENT_OK)
		return 0;
	held = lock_witnessed(fd) == 1;
	close(fd);
	return held;
}

/* The lock file.  Somebody who only tries to start holds a new one for a
 * moment, and goes when he sees our lock on the segment. */
static int
tick_lock(struct instance *i)
{
	enum lock_state state = lock_check(&i->lock);
	int error = errno;

	again(i, &i->relocked, state == LOCK_RENEWED, LOG_WARNING, LOCK_FILE,
	    "was removed: made and locked anew; leave it alone");
	switch (state) {
	case LOCK_OURS:
	case LOCK_RENEWED:
		return 0;
	case LOCK_LOST:
		if (other_runs(i, i->place.dirfd)) {
			log_error("%s is run by another shmlogd since its "
				  "files were removed: this one ends",
			    i->place.path);
			return -1;
		}
		return 0;
	case LOCK_UNKNOWN:
		if (first_time(i, TOLD_LOCK))
			log_warn("%s/%s: %s", i->place.path, LOCK_FILE,
			    strerror(error));
		break;
	}
	return 0;
}

/* The directory: still what its path leads to? */
static int
tick_place(struct instance *i)
{
	struct stat ours, there;
	int dirfd, other;

	if (fstat(i->place.dirfd, &ours) == 0 &&
	    stat(i->place.path, &there) == 0 && ours.st_dev == there.st_dev &&
	    ours.st_ino == there.st_ino)
		return 0;
	if (first_time(i, TOLD_PLACE))
		log_warn("%s was removed or moved: nobody new finds this "
			 "instance; restart shmlogd",
		    i->place.path);
	dirfd = open(i->place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1)
		return 0;
	other = other_runs(i, dirfd);
	close(dirfd);
	if (!other)
		return 0;
	log_error("%s is run by another shmlogd since it was removed: this "
		  "one ends",
	    i->place.path);
	return -1;
}

/* Binds the socket anew, in one step as at the start.  The old one stays open,
 * for whoever waits there: see server_listen(). */
static int
rebind(struct instance *i)
{
	struct listener anew;
	int dir = i->place.dirfd;

	if (listener_make(&anew, dir, i->options->mode) == -1)
		return -1;
	if (listener_publish(dir) == -1) {
		listener_unmake(&anew, dir);
		return -1;
	}
	i->listener = anew;
	return 0;
}

/* The socket.  Only who holds the lock may make one: without it, it may be
 * another's who starts, and a second later we know. */
static void
tick_socket(struct instance *i)
{
	char what[160];
	int bound = 0, lost = 0;

	if ((i->told & TOLD_PLACE) == 0 &&
	    listener_is_current(&i->listener, i->place.dirfd) != 1)
		lost = lock_check(&i->lock) == LOCK_OURS;
	if (lost)
		bound = rebind(i) == 0;
	if (lost && !bound) {
		(void)snprintf(what, sizeof(what),
		    "was removed or replaced, and cannot be made anew (%s): "
		    "nobody new can connect; restart shmlogd",
		    strerror(errno));
		again(i, &i->unbound, 1, LOG_ERR, SOCKET_FILE, what);
	}
	again(i, &i->rebound, bound, LOG_WARNING, SOCKET_FILE,
	    "was removed or replaced: made anew; leave it alone");
}

static void
tick_segment(struct instance *i)
{
	enum store_health health;
	char what[160];
	int error;

	if ((i->told & TOLD_PLACE) == 0 &&
	    segment_is_ours(i, i->place.dirfd) != 1 &&
	    first_time(i, TOLD_SEGMENT))
		log_warn("%s/%s was removed or replaced: readers that come now "
			 "do not find it; restart shmlogd",
		    i->place.path, SEGMENT_FILE);
	health = store_check(i->store);
	error = errno;
	again(i, &i->restored, health == STORE_RESTORED, LOG_ERR, SEGMENT_FILE,
	    "was truncated by somebody: its size is restored, what was cut off "
	    "is lost");
	again(i, &i->repaired, health == STORE_REPAIRED, LOG_ERR, SEGMENT_FILE,
	    "had its header or directory written over by a worker: written "
	    "anew");
	if (health == STORE_RESTORED)
		i->told &= ~TOLD_SIZE;
	if (health != STORE_BROKEN)
		return;
	(void)snprintf(what, sizeof(what),
	    "was truncated by somebody and cannot be restored: %s",
	    strerror(error));
	again(i, &i->broken, first_time(i, TOLD_SIZE), LOG_ERR, SEGMENT_FILE,
	    what);
}

int
instance_tick(struct instance *i)
{
	if (tick_lock(i) != 0 || tick_place(i) != 0)
		return -1;
	tick_socket(i);
	tick_segment(i);
	past_tick(&i->past, i->store, now_mono());
	return 0;
}

void
instance_stop(struct instance *i)
{
	listener_end(&i->listener, i->place.dirfd);
	store_end(i->store);
	store_close(i->store);
	i->store = NULL;
	past_close(&i->past);
	pidfile_drop(&i->pidfile);
	close(i->witness);
	i->witness = -1;
	lock_release(&i->lock);
	place_close(&i->place, 0);
}
