/*
 * detach.c -- to the background, and pidfile(3bsd), for readers that write to a
 * file.
 *
 * What is told from then on goes to the standard error if that is a file, and
 * to syslog(3) if it is not: err(3) and warn(3) write to stderr, which glibc
 * lets be another stream.
 */
#include "readers/detach.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <bsd/libutil.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static struct pidfh *file;
static const char *name;

int
pid_take(const char *path)
{
	pid_t other = 0;

	if (path == NULL)
		return 0;
	name = path;
	file = pidfile_open(path, 0644, &other);
	if (file != NULL)
		return atexit(pid_drop); /* for err(3) */
	if (errno == EEXIST)
		warnx("-P %s: process %d has it and runs", path, (int)other);
	else
		warn("-P %s", path);
	return -1;
}

static int
pid_put(void)
{
	if (file == NULL || pidfile_write(file) == 0)
		return 0;
	warn("-P %s", name);
	return -1;
}

/* The one that was started ends when the pid of the other is in its file. */
static void
end_when_ready(int fd)
{
	char c;
	ssize_t n;

	do
		n = read(fd, &c, 1);
	while (n == -1 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

/* A line, or a part of one if it is long; its `shmtail: ' is syslog's, too. */
static ssize_t
to_syslog(void *arg, const char *text, size_t n)
{
	size_t name_n = strlen(program_invocation_short_name), skip = 0;

	(void)arg;
	if (n > name_n + 2 &&
	    memcmp(text, program_invocation_short_name, name_n) == 0 &&
	    memcmp(text + name_n, ": ", 2) == 0)
		skip = name_n + 2;
	syslog(LOG_WARNING, "%.*s", (int)(n - skip), text + skip);
	return (ssize_t)n;
}

static int
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Where it cannot be had, nothing is told. */
static void
tell_syslog(void)
{
#ifdef __GLIBC__
	const cookie_io_functions_t io = { .write = to_syslog };
	FILE *f = fopencookie(NULL, "w", io);

	if (f == NULL)
		return;
	setvbuf(f, NULL, _IOLBF, BUFSIZ);
	openlog(program_invocation_short_name, LOG_PID, LOG_DAEMON);
	stderr = f;
#endif
}

/* The directory stays: -w's name may be of it. */
static int
leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int keep = is_file(STDERR_FILENO);

	if (fd == -1 || setsid() == -1)
		return -1;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO - keep; i++)
		if (dup2(fd, i) == -1)
			return -1;
	close(fd);
	if (!keep)
		tell_syslog();
	return 0;
}

static int
go(void)
{
	int ready[2], failed;

	if (pipe2(ready, O_CLOEXEC) == -1)
		return -1;
	switch (fork()) {
	case -1:
		return -1;
	case 0:
		break;
	default:
		close(ready[1]);
		end_when_ready(ready[0]);
	}
	close(ready[0]);
	failed = pid_put() != 0 || leave_terminal() != 0 ||
		 write(ready[1], "", 1) != 1;
	close(ready[1]);
	return failed ? -1 : 0;
}

int
detach(int to_background)
{
	if (!to_background)
		return pid_put();
	if (go() == 0)
		return 0;
	warn("cannot detach");
	return -1;
}

void
pid_drop(void)
{
	if (file != NULL)
		(void)pidfile_remove(file);
	file = NULL;
}
