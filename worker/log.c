/*
 * log.c -- open and close a handle; wait, dispatch, and what parts share.
 */
#include "worker/internal.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/shared.h"
#include "worker/shmlog.h"

#ifndef SHMLOG_VERSION
#error "the Makefile tells SHMLOG_VERSION"
#endif

#define PATIENCE_NS INT64_C(1000000000) /* for a lock that may be lost */

/* All handles, for children after fork(2). */
static struct trylock all_lock;
static struct shmlog *all;

static int64_t
clock_of(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
clock_mono(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

int64_t
clock_coarse(void)
{
	return clock_of(CLOCK_MONOTONIC_COARSE);
}

int
fd_above(int fd)
{
	int above, saved;

	if (fd == -1 || fd > STDERR_FILENO)
		return fd;
	above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	saved = errno;
	close(fd);
	errno = saved;
	return above;
}

void *
map_zeros(size_t length)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE,
	    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int
log_try(struct shmlog *log)
{
	int cancel;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (trylock_take(&log->busy)) {
		log->cancel = cancel;
		return 1;
	}
	(void)pthread_setcancelstate(cancel, NULL);
	return 0;
}

void
log_lock(struct shmlog *log)
{
	while (!log_try(log))
		sched_yield();
}

int
log_patiently(struct shmlog *log)
{
	int64_t end = clock_mono() + PATIENCE_NS;

	while (!log_try(log)) {
		if (number_get(&log->lost) || clock_mono() > end) {
			number_set(&log->lost, 1);
			return 0;
		}
		sched_yield();
	}
	number_set(&log->lost, 0);
	return 1;
}

void
log_unlock(struct shmlog *log)
{
	int cancel = log->cancel;

	trylock_give(&log->busy);
	(void)pthread_setcancelstate(cancel, NULL);
}

/* shmlog_fd(): readable when the socket or the timer is. */
static int
make_descriptors(struct shmlog *log)
{
	struct epoll_event event = { .events = EPOLLIN };

	log->epoll = fd_above(epoll_create1(EPOLL_CLOEXEC));
	if (log->epoll == -1)
		return -1;
	log->timer = fd_above(
	    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	if (log->timer == -1)
		return -1;
	return epoll_ctl(log->epoll, EPOLL_CTL_ADD, log->timer, &event);
}

static void
close_descriptors(struct shmlog *log)
{
	/* epoll first: in a child it is the parent's, not to be changed */
	if (log->epoll != -1)
		close(log->epoll);
	log->epoll = -1;
	join_hang_up(log);
	if (log->segment != -1)
		close(log->segment);
	if (log->timer != -1)
		close(log->timer);
	log->segment = log->timer = -1;
	log->ticks = 0;
}

static int
find_directories(struct shmlog *log, const char *instance)
{
	char(*dirs)[INSTANCE_PATH_MAX] =
	    malloc(RUNTIME_DIRS_MAX * sizeof(*dirs));
	int n, r = -1;

	if (dirs == NULL)
		return -1;
	n = instance_dirs(instance, 0, dirs);
	for (int i = 0; i < n; i++) {
		log->directory[i] = strdup(dirs[i]);
		if (log->directory[i] == NULL)
			goto out;
		log->directories = i + 1;
	}
	r = n == -1 ? -1 : 0;
out:
	free(dirs);
	return r;
}

static void
log_destroy(struct shmlog *log)
{
	int saved = errno;

	close_descriptors(log);
	if (log->head != NULL)
		munmap((void *)(uintptr_t)log->head, SEGMENT_PAGE);
	for (int i = 0; i < log->directories; i++)
		free(log->directory[i]);
	free(log);
	errno = saved;
}

struct shmlog *
shmlog_open(const char *instance)
{
	struct shmlog *log = calloc(1, sizeof(*log));
	int saved = errno;

	if (log == NULL)
		return NULL;
	log->socket = log->segment = log->timer = log->epoll = -1;
	log->attempt = INT64_MIN / 2;
	if (find_directories(log, instance) != 0 || fork_watch() != 0 ||
	    (log->head = map_zeros(SEGMENT_PAGE)) == NULL ||
	    make_descriptors(log) != 0) {
		log_destroy(log);
		return NULL;
	}
	while (!trylock_take(&all_lock))
		sched_yield();
	log->following = all;
	all = log;
	trylock_give(&all_lock);
	log_lock(log);
	(void)join_run(log, JOIN_WAIT_NS);
	log_unlock(log);
	errno = saved;
	return log;
}

void
shmlog_close(struct shmlog *log)
{
	struct shmlog **at;

	if (log == NULL)
		return;
	while (log->parts != NULL)
		log->parts->ops->destroy(log->parts);
	while (!trylock_take(&all_lock))
		sched_yield();
	for (at = &all; *at != NULL; at = &(*at)->following)
		if (*at == log) {
			*at = log->following;
			break;
		}
	trylock_give(&all_lock);
	log_destroy(log);
}

int
shmlog_wait(struct shmlog *log, int timeout)
{
	int64_t end =
	    timeout < 0 ? INT64_MAX : clock_mono() + (int64_t)timeout * 1000000;
	struct timespec pause = { 0, 5000000 };
	int saved = errno;

	if (log == NULL) {
		errno = EINVAL;
		return -1;
	}
	for (;;) {
		int r;

		log_lock(log);
		if (log->socket == -1)
			log->attempt = INT64_MIN / 2; /* not in a second */
		r = join_run(log, JOIN_WAIT_NS);
		log_unlock(log);
		if (r == 0) {
			errno = saved;
			return 0;
		}
		if (errno != EAGAIN)
			return -1;
		if (clock_mono() >= end) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (nanosleep(&pause, NULL) == -1 && errno == EINTR)
			return -1;
	}
}

int
shmlog_fd(const struct shmlog *log)
{
	return log == NULL ? -1 : log->epoll;
}

int
shmlog_dispatch(struct shmlog *log)
{
	int saved = errno, r;
	uint64_t ticks;

	if (log == NULL) {
		errno = EINVAL;
		return -1;
	}
	if (!log_try(log)) {
		errno = EAGAIN;
		return -1;
	}
	/* only to make it no longer readable */
	if (read(log->timer, &ticks, sizeof(ticks)) == -1)
		ticks = 0;
	r = join_look(log, 1);
	log_unlock(log);
	if (r == 0)
		errno = saved;
	return r;
}

uint64_t
shmlog_dropped(const struct shmlog *log)
{
	return log == NULL ? 0 : number_get(&log->dropped);
}

const char *
shmlog_version(void)
{
	return SHMLOG_VERSION;
}

/* The characters that names may have: readers and shells take them as is. */
static int
copy_name(char *to, size_t size, const char *from)
{
	size_t n =
	    from == NULL
		? 0
		: strspn(from,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789_.:-");

	if (n == 0 || n >= size || from[n] != '\0') {
		errno = EINVAL;
		return -1;
	}
	memset(to, 0, size);
	memcpy(to, from, n);
	return 0;
}

int
part_name(
    struct part *part, const char *class, const char *type, const char *ident)
{
	memcpy(part->class, class, strlen(class));
	if (copy_name(part->type, sizeof(part->type), type) != 0)
		return -1;
	return copy_name(part->ident, sizeof(part->ident), ident);
}

void
part_add(struct shmlog *log, struct part *part)
{
	struct part **at;

	part->log = log;
	log_lock(log);
	for (at = &log->parts; *at != NULL; at = &(*at)->following)
		continue;
	*at = part;
	log_unlock(log);
}

void
parts_join(struct shmlog *log)
{
	int saved = errno;

	log_lock(log);
	log->waited = 0;
	(void)join_run(log, JOIN_WAIT_NS);
	log_unlock(log);
	errno = saved;
}

/*
 * Ids: the pid, and below it 31 bits of a count that begins at the time in
 * milliseconds, so that a process that takes the same pid later begins
 * elsewhere, unless the one before had more than a thousand a second.  Together
 * 53 bits: what a double holds, and so JSON's readers.
 */
#define COUNT_BITS 31

static struct shared_number ids;
static struct shared_number id_base;

static void
reset_ids(void)
{
	number_set(&id_base, (uint64_t)getpid() << COUNT_BITS);
	number_set(&ids, clock_real() / 1000000);
}

uint64_t
next_id(void)
{
	return number_get(&id_base) |
	       (number_add(&ids, 1) & ((UINT64_C(1) << COUNT_BITS) - 1));
}

/*
 * Around fork(2).  The locks are taken before, so that the child finds nothing
 * half done, but only for a while: a signal handler that forks may have
 * interrupted who holds them, and the child makes everything anew anyway.  Two
 * threads may fork at once, so each gives what it has taken itself.
 *
 * Signals wait meanwhile: until in_child() has run, what a handler put would go
 * to the parent's lanes, which the parent writes to.
 */
#define FORK_TRIES 10000

/* Who took all_lock for a fork; as log->forker. */
static struct shared_number all_forker;

/* Of a sigset_t what there are signals for.  Initial-exec: what else there is
 * may call malloc(3); of that there is little for who is loaded late. */
static __thread uint64_t signals_before
    __attribute__((tls_model("initial-exec")));

_Static_assert(_NSIG - 1 <= 64, "signals in a word");

static void
block_signals(void)
{
	sigset_t set, before;

	sigfillset(&set);
	(void)pthread_sigmask(SIG_SETMASK, &set, &before);
	memcpy(&signals_before, &before, sizeof(signals_before));
}

static void
unblock_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	memcpy(&set, &signals_before, sizeof(signals_before));
	(void)pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static uint64_t
this_thread(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

static void
take_for_fork(struct trylock *lock, struct shared_number *forker)
{
	for (int i = 0; i < FORK_TRIES; i++) {
		if (trylock_take(lock)) {
			number_set(forker, this_thread());
			return;
		}
		sched_yield();
	}
}

/* What somebody else holds is his to give. */
static void
give_after_fork(struct trylock *lock, struct shared_number *forker)
{
	if (number_get(forker) != this_thread())
		return;
	number_set(forker, 0);
	trylock_give(lock);
}

static void
before_fork(void)
{
	block_signals();
	take_for_fork(&all_lock, &all_forker);
	for (struct shmlog *log = all; log != NULL; log = log->following)
		take_for_fork(&log->busy, &log->forker);
}

static void
in_parent(void)
{
	for (struct shmlog *log = all; log != NULL; log = log->following)
		give_after_fork(&log->busy, &log->forker);
	give_after_fork(&all_lock, &all_forker);
	unblock_signals();
}

static void
in_child(void)
{
	int saved = errno;

	reset_ids();
	clock_fork();
	for (struct shmlog *log = all; log != NULL; log = log->following) {
		close_descriptors(log);
		(void)make_descriptors(log);
		(void)mmap((void *)(uintptr_t)log->head, SEGMENT_PAGE,
		    PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		log->created = log->heartbeat = 0;
		log->attempt = INT64_MIN / 2;
		log->waited = log->poke = 0;
		log->refused = log->unreachable = log->all_attached = 0;
		number_set(&log->look_at, 0);
		number_set(&log->dropped, 0);
		for (struct part *p = log->parts; p != NULL; p = p->following)
			p->ops->forget(p);
		number_set(&log->forker, 0);
		number_set(&log->lost, 0);
		trylock_give(&log->busy);
	}
	number_set(&all_forker, 0);
	trylock_give(&all_lock);
	unblock_signals();
	errno = saved;
}

/* As early as can be: what the handlers of others put in a child, behind ours,
 * is the child's. */
static int watched;

static __attribute__((constructor)) void
watch(void)
{
	watched = pthread_atfork(before_fork, in_parent, in_child);
}

static void
begin(void)
{
	reset_ids();
	clock_begin();
}

int
fork_watch(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, begin);
	if (watched != 0)
		errno = watched;
	return watched == 0 ? 0 : -1;
}
