/*
 * tell.c -- each failure by its own words: path, reason, and what would help.
 */
#include "readers/tell.h"

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
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
	mode_t need;

	if (stat(path, &st) == -1)
		return;
	need = S_ISDIR(st.st_mode) ? S_IXGRP : S_IRGRP;
	gr = getgrgid(st.st_gid);
	pw = getpwuid(st.st_uid);
	if ((st.st_mode & need) == 0)
		warnx("only %s may read it: shmlogd -M 0640 would let its "
		      "group",
		    pw != NULL ? pw->pw_name : "its owner");
	else if (st.st_gid == 0)
		warnx("it is root's alone: shmlogd -g GROUP would let members "
		      "of a group");
	else if (gr != NULL && group_member(st.st_gid))
		warnx("you are in its group %s already: something above it "
		      "denies",
		    gr->gr_name);
	else if (gr != NULL)
		warnx("members of the group %s may read it: "
		      "sudo usermod -aG %s $USER, and log in again",
		    gr->gr_name, gr->gr_name);
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
			warnx("the directory above it must be yours, mode "
			      "0700, and no symlink");
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

void
tell_file(const char *path, enum segment_fault fault, int error)
{
	errno = error;
	warnx("%s: %s", path, segment_fault_text(fault));
	if (fault == SEGMENT_ERRNO && error == EACCES)
		tell_group(path);
	if (fault == SEGMENT_NOT_REGULAR)
		warnx("-r wants the segment itself, no link to it");
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
