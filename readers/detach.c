/*
 * detach.c -- to the background, and pidfile(3bsd), for readers that write to a
 * file.
 */
#include "readers/detach.h"

#include <sys/types.h>

#include <bsd/libutil.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

/* The directory stays: -w's name may be of it. */
static int
leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1 || setsid() == -1)
		return -1;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (dup2(fd, i) == -1)
			return -1;
	close(fd);
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
