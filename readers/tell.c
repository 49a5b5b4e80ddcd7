/*
 * tell.c -- each failure by its own words: path, reason, and what would help.
 */
#include "readers/tell.h"

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/buffer.h"

#define HINTS_MAX 8

static const char *
shown(const char *name)
{
	return name == NULL ? INSTANCE_DEFAULT : name;
}

/* The instances there are, on one line. */
static void
tell_instances(const char *name)
{
	struct instance_info *list;
	struct buffer line;
	size_t n;

	list = instances_list(&n);
	buffer_init(&line, -1);
	for (size_t i = 0; i < n && i < HINTS_MAX; i++) {
		buffer_text(&line, i == 0 ? "" : ", ");
		/* anybody's directory may stand there */
		buffer_safe(&line, list[i].name, strlen(list[i].name));
		if (list[i].state == DAEMON_GONE)
			buffer_text(&line, " (not running)");
	}
	if (n > HINTS_MAX)
		buffer_printf(&line, " and %zu more", n - HINTS_MAX);
	if (n > 0)
		warnx("instances there are: %.*s", (int)line.n, line.data);
	buffer_free(&line);
	free(list);
	if (name != NULL && strspn(name, "0123456789") == strlen(name))
		warnx("-n names the instance; for the last %s records: -l %s",
		    name, name);
}

void
tell_bad_name(const char *name)
{
	warnx("-n %s: " INSTANCE_RULE, name);
	tell_instances(name);
}

/* The group to join, if that would help. */
static void
tell_group(const char *path)
{
	const struct passwd *pw;
	const struct group *gr;
	struct stat st;
	const char *use = "read";
	mode_t need = S_IRGRP;

	if (stat(path, &st) == -1)
		return;
	if (S_ISDIR(st.st_mode)) {
		need = S_IXGRP;
	} else if (S_ISSOCK(st.st_mode)) {
		need = S_IWGRP;
		use = "use";
	}
	gr = getgrgid(st.st_gid);
	pw = getpwuid(st.st_uid);
	if ((st.st_mode & need) == 0)
		warnx("only %s may %s it: shmlogd -M 0640 would let its "
		      "group",
		    pw != NULL ? pw->pw_name : "its owner", use);
	else if (st.st_gid == 0)
		warnx("it is root's alone: shmlogd -g GROUP would let members "
		      "of a group");
	else if (gr != NULL && group_member(st.st_gid))
		warnx("you are in its group %s already: something above it "
		      "denies",
		    gr->gr_name);
	else if (gr != NULL)
		warnx("members of the group %s may %s it: "
		      "sudo usermod -aG %s $USER, and log in again",
		    gr->gr_name, use, gr->gr_name);
}

/* What to say when the directory above may be anybody's. */
static void
tell_above(void)
{
	warnx("the directory above it must be yours, mode 0700, and no "
	      "symlink");
}

/* Seconds, for a line; `text' is 32 bytes. */
static const char *
seconds(char *text, uint64_t ns)
{
	(void)snprintf(text, 32, "%" PRIu64 ".%" PRIu64 " s", ns / NSEC,
	    ns % NSEC / (NSEC / 10));
	return text;
}

void
tell_waiting(const struct attach *a, uint64_t timeout)
{
	char text[32];

	if (!isatty(STDERR_FILENO))
		return;
	warnx("instance %s: waiting %s for %s", shown(a->name),
	    timeout == ATTACH_FOREVER ? "as long as it takes"
				      : seconds(text, timeout),
	    a->path);
}

static void
tell_absent(const struct attach *a, const char *path, uint64_t waited)
{
	char text[32];

	if (waited == 0)
		warnx("%s: %s", path, strerror(ENOENT));
	else
		warnx("%s: %s (waited %s; -t off waits for ever)", path,
		    strerror(ENOENT), seconds(text, waited));
	warnx("no daemon has made the instance %s yet: shmlogd%s%s starts one",
	    shown(a->name), a->name == NULL ? "" : " -n ",
	    a->name == NULL ? "" : a->name);
	tell_instances(a->name);
}

void
tell_failure(const struct attach *a, const char *file, enum segment_fault fault,
    int error, uint64_t waited)
{
	char path[INSTANCE_PATH_MAX + sizeof("/" SEGMENT_FILE)];

	(void)snprintf(path, sizeof(path), "%s%s%s", a->path,
	    file == NULL ? "" : "/", file == NULL ? "" : file);
	errno = error;
	switch (fault) {
	case SEGMENT_OK:
		break;
	case SEGMENT_ERRNO:
		if (error == ENOENT) {
			tell_absent(a, path, waited);
			break;
		}
		warnx("%s: %s", path, strerror(error));
		if (error == EACCES)
			tell_group(path);
		if (error == EPERM && file == NULL)
			tell_above();
		break;
	case SEGMENT_VERSION:
		warnx("%s: %s than this program's (%d): install the %s that "
		      "belongs to its shmlogd",
		    path, segment_fault_text(fault), LAYOUT_MAJOR,
		    getprogname());
		break;
	case SEGMENT_NOT_REGULAR:
	case SEGMENT_NOT_ONE:
	case SEGMENT_ORDER:
	case SEGMENT_SHORT:
	case SEGMENT_DAMAGED:
		warnx("%s: %s", path, segment_fault_text(fault));
		if (file != NULL)
			warnx("a daemon would replace it: shmlogd -n %s",
			    shown(a->name));
		break;
	}
}

/* Whether that directory lets us to its socket, and that to connect: 0, or -1
 * with errno, and the tail of the path of what denies. */
static int
may_connect(const char *dir, const char **tail)
{
	int fd = instance_open_dir(dir, O_PATH), error = 0;
	struct stat st;

	*tail = "";
	if (fd == -1)
		return -1;
	if (fstatat(fd, SOCKET_FILE, &st, 0) == -1) {
		error = errno;
	} else if (faccessat(fd, SOCKET_FILE, W_OK, AT_EACCESS) == -1) {
		error = errno;
		*tail = "/" SOCKET_FILE;
	}
	close(fd);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Of the directories that the name may mean, which one denies. */
static void
tell_denied(const char *name, int error)
{
	char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];
	char path[INSTANCE_PATH_MAX + sizeof("/" SOCKET_FILE)];
	int n = instance_dirs(name, 0, dirs);
	const char *tail;

	for (int i = 0; i < n; i++) {
		if (may_connect(dirs[i], &tail) == 0 || errno != error)
			continue;
		(void)snprintf(path, sizeof(path), "%.*s%s",
		    INSTANCE_PATH_MAX - 1, dirs[i], tail);
		warnx("%s: %s", path, strerror(error));
		if (error == EACCES)
			tell_group(path);
		else
			tell_above();
		return;
	}
	/* it is the daemon's answer */
	warnx("instance %s: shmlogd does not let this process in", shown(name));
}

void
tell_not_joined(const char *name, int error)
{
	const char *of = shown(name);

	switch (error) {
	case ETIMEDOUT:
		warnx("instance %s: no shmlogd answers: lines are dropped "
		      "until one does",
		    of);
		return;
	case ENOSPC:
		warnx("instance %s: no room in its segment (shmlogd -s), or "
		      "for one more of its sections (-m): lines are dropped "
		      "until there is",
		    of);
		return;
	case EDQUOT:
		warnx("instance %s: this user's or process's share of its "
		      "segment (shmlogd -s) or sections (-m) is used up: "
		      "lines are dropped for now",
		    of);
		return;
	case EACCES:
	case EPERM:
		tell_denied(name, error);
		break;
	default:
		warnx("instance %s: %s", of, strerror(error));
	}
	warnx("lines are dropped for now");
}

void
tell_file(const char *path, enum segment_fault fault, int error)
{
	errno = error;
	warnx("%s: %s", path, segment_fault_text(fault));
	if (fault == SEGMENT_ERRNO && error == EACCES)
		tell_group(path);
	if (fault == SEGMENT_NOT_REGULAR)
		warnx("-r wants a capture, or the segment itself, no link to "
		      "it");
	if (fault == SEGMENT_NOT_ONE)
		warnx("-r wants a capture (shmtail -w), or a segment");
}

void
tell_state(const struct attach *a)
{
	switch (a->state) {
	case DAEMON_RUNS:
		warnx("instance %s: shmlogd runs again", shown(a->name));
		break;
	case DAEMON_GONE:
		warnx("instance %s: shmlogd is not running; this is what it "
		      "left in %s",
		    shown(a->name), a->path);
		break;
	case DAEMON_STILL:
		warnx("instance %s: shmlogd (process %" PRIu64 ") does not "
		      "move",
		    shown(a->name), a->segment.plan.master_pid);
		break;
	case DAEMON_UNKNOWN:
		break;
	}
}

void
tell_restart(const struct attach *a)
{
	warnx("instance %s: shmlogd was restarted (generation %" PRIu64 ")",
	    shown(a->name), a->segment.plan.generation);
}
