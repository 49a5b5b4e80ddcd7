/*
 * detach.c -- daemon(3) and pidfile(3bsd), for readers that write to a file.
 */
#include "readers/detach.h"

#include <sys/types.h>

#include <bsd/libutil.h>

#include <err.h>
#include <errno.h>
#include <stddef.h>
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
		return 0;
	if (errno == EEXIST)
		warnx("-P %s: process %d has it and runs", path, (int)other);
	else
		warn("-P %s", path);
	return -1;
}

int
detach(int to_background)
{
	/* the directory stays: -w's name may be of it */
	if (to_background && daemon(1, 0) == -1) {
		warn("cannot detach");
		return -1;
	}
	if (file != NULL && pidfile_write(file) == -1) {
		warn("-P %s", name);
		return -1;
	}
	return 0;
}

void
pid_drop(void)
{
	if (file != NULL)
		(void)pidfile_remove(file);
	file = NULL;
}
