/*
 * attach.c -- find an instance, map its segment, notice the next one.
 *
 * A new daemon makes a new file and renames it to `segment': stat(2) tells. Its
 * heart beats once a second, which is judged by its change alone; only when it
 * stands still is the process looked at.
 */
#include "readers/attach.h"

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/process.h"
#include "common/shared.h"
#include "readers/option.h"
#include "readers/tell.h"

#define LOOK_EVERY NSEC
#define LOOK_HASTY (10 * MSEC) /* when `superseded' is set */
#define STANDS_STILL (3 * NSEC)
#define WAIT_NAP (20 * MSEC)
#define WAIT_TELL (300 * MSEC) /* so long is no wait that anybody notices */

void
attach_init(struct attach *a)
{
	memset(a, 0, sizeof(*a));
	a->magic = ATTACH_MAGIC;
	a->dirfd = -1;
	a->segment.fd = -1;
	a->state = DAEMON_UNKNOWN;
}

static int
guard_segment(struct segment *s)
{
	if (guard_add(s->base, s->plan.segment_size) == 0)
		return 0;
	segment_unmap(s);
	return -1;
}

int
segment_attach(struct segment *s, int dirfd, const char *name)
{
	return segment_map(s, dirfd, name) == SEGMENT_OK ? guard_segment(s)
							 : -1;
}

void
segment_drop(struct segment *s)
{
	if (s->base != NULL)
		guard_remove(s->base);
	segment_unmap(s);
}

int
segment_torn(const struct segment *s)
{
	return guard_hit(s->base);
}

enum daemon_state
plan_state(const struct segment_plan *p, uint64_t master_pid)
{
	struct segment_plan now = *p;
	uint64_t ns;

	now.master_pid = master_pid;
	if (master_pid == 0)
		return DAEMON_GONE;
	ns = process_pid_ns();
	if (ns != 0 && p->pid_ns != 0 && ns != p->pid_ns)
		return DAEMON_UNKNOWN;
	return segment_has_master(&now) ? DAEMON_RUNS : DAEMON_GONE;
}

/* What the heart and the process say, as of now. */
static enum daemon_state
judge(struct attach *a, uint64_t now)
{
	uint64_t beat = shared_load(&a->segment.head->heartbeat);
	enum daemon_state state;

	if (beat != a->heartbeat) {
		a->heartbeat = beat;
		a->beaten = now;
		if (shared_load(&a->segment.head->master_pid) != 0)
			return DAEMON_RUNS;
	}
	state = plan_state(
	    &a->segment.plan, shared_load(&a->segment.head->master_pid));
	if (now - a->beaten <= STANDS_STILL)
		return state == DAEMON_UNKNOWN ? a->state : state;
	if (state == DAEMON_UNKNOWN)
		return DAEMON_GONE;
	return state == DAEMON_RUNS ? DAEMON_STILL : state;
}

static void
set_state(struct attach *a, enum daemon_state state)
{
	a->state = state;
	if (state != DAEMON_GONE && state != DAEMON_STILL)
		a->gone = 0;
	else if (a->gone == 0)
		a->gone = clock_real();
}

/* Begins anew with what a->segment is now. */
static void
begin(struct attach *a)
{
	uint64_t now = clock_mono();

	a->looked = a->beaten = now;
	a->heartbeat = shared_load(&a->segment.head->heartbeat);
	a->state = DAEMON_UNKNOWN;
	set_state(a, judge(a, now));
}

/* One look for the instance: SEGMENT_OK, or what stands in the way. */
static enum segment_fault
try_open(struct attach *a, const char **file)
{
	enum segment_fault fault;
	int saved;

	*file = NULL;
	a->dirfd = instance_open(a->name, a->path);
	if (a->dirfd == -1)
		return SEGMENT_ERRNO;
	*file = SEGMENT_FILE;
	fault = segment_map(&a->segment, a->dirfd, SEGMENT_FILE);
	if (fault == SEGMENT_OK) {
		if (guard_segment(&a->segment) == 0)
			return SEGMENT_OK;
		fault = SEGMENT_ERRNO;
	}
	saved = errno;
	close(a->dirfd);
	a->dirfd = -1;
	errno = saved;
	return fault;
}

enum attach_result
attach_open(struct attach *a, const char *name, uint64_t timeout)
{
	uint64_t began = clock_mono(), waited;
	enum segment_fault fault;
	const char *file;
	int told = 0;

	must(a->magic == ATTACH_MAGIC);
	a->name = name;
	if (instance_check(name) != 0) {
		tell_bad_name(name);
		return ATTACH_FAILED;
	}
	for (;;) {
		fault = try_open(a, &file);
		if (fault == SEGMENT_OK)
			break;
		waited = clock_mono() - began;
		if (fault != SEGMENT_ERRNO || errno != ENOENT ||
		    (timeout != ATTACH_FOREVER && waited >= timeout)) {
			tell_failure(a, file, fault, errno, timeout);
			return ATTACH_FAILED;
		}
		if (stop_asked())
			return ATTACH_STOPPED;
		if (!told && !a->quiet && waited >= WAIT_TELL) {
			tell_waiting(a, timeout);
			told = 1;
		}
		stop_nap(WAIT_NAP);
	}
	begin(a);
	if (!a->quiet && a->state == DAEMON_GONE)
		tell_state(a);
	return ATTACH_OK;
}

enum attach_result
attach_file(struct attach *a, const char *path)
{
	enum segment_fault fault;

	must(a->magic == ATTACH_MAGIC);
	(void)strlcpy(a->path, path, sizeof(a->path));
	fault = segment_map(&a->segment, AT_FDCWD, path);
	if (fault == SEGMENT_OK && guard_segment(&a->segment) != 0)
		fault = SEGMENT_ERRNO;
	if (fault != SEGMENT_OK) {
		tell_file(path, fault, errno);
		return ATTACH_FAILED;
	}
	begin(a);
	return ATTACH_OK;
}

void
attach_close(struct attach *a)
{
	must(a->magic == ATTACH_MAGIC);
	segment_drop(&a->segment);
	if (a->dirfd != -1)
		close(a->dirfd);
	attach_init(a);
}

/* The directory itself may have been removed and made again. */
static int
reopen(struct attach *a, struct segment *fresh)
{
	char path[INSTANCE_PATH_MAX];
	int fd = instance_open(a->name, path);

	if (fd == -1)
		return -1;
	if (segment_attach(fresh, fd, SEGMENT_FILE) != 0) {
		close(fd);
		return -1;
	}
	close(a->dirfd);
	a->dirfd = fd;
	memcpy(a->path, path, sizeof(a->path));
	return 0;
}

/* Takes the file that is `segment' now, if it is another and one of ours. */
static int
take_new(struct attach *a, struct segment *old)
{
	struct segment fresh;

	if (segment_is_current(&a->segment, a->dirfd, SEGMENT_FILE) != 0)
		return 0;
	if (segment_attach(&fresh, a->dirfd, SEGMENT_FILE) != 0 &&
	    reopen(a, &fresh) != 0)
		return 0;
	if (fresh.dev == a->segment.dev && fresh.ino == a->segment.ino) {
		segment_drop(&fresh);
		return 0;
	}
	if (old != NULL)
		*old = a->segment;
	else
		segment_drop(&a->segment);
	a->segment = fresh;
	begin(a);
	return 1;
}

/* Whether the file is shorter than it was: nobody has to touch what is gone. */
static int
is_short(const struct segment *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 &&
	       (uint64_t)st.st_size < s->plan.segment_size;
}

enum attach_event
attach_look(struct attach *a, struct segment *old)
{
	enum daemon_state before = a->state;
	uint64_t now = clock_mono();

	must(a->magic == ATTACH_MAGIC);
	a->looked = now;
	if (segment_torn(&a->segment) || is_short(&a->segment)) {
		warnx("%s: was cut short while it was read", a->path);
		return ATTACH_TORN;
	}
	if (a->dirfd == -1)
		return ATTACH_SAME;
	if (take_new(a, old)) {
		if (!a->quiet)
			tell_restart(a);
		return ATTACH_NEW;
	}
	set_state(a, judge(a, now));
	if (a->state != before && before != DAEMON_UNKNOWN && !a->quiet)
		tell_state(a);
	return ATTACH_SAME;
}

enum attach_event
attach_poll(struct attach *a, struct segment *old)
{
	uint64_t every = shared_load(&a->segment.head->superseded) != 0
			     ? LOOK_HASTY
			     : LOOK_EVERY;

	if (clock_mono() - a->looked < every && !segment_torn(&a->segment))
		return ATTACH_SAME;
	return attach_look(a, old);
}

int
attach_is_stale(const struct attach *a)
{
	return a->dirfd != -1 &&
	       segment_is_current(&a->segment, a->dirfd, SEGMENT_FILE) == 0;
}
