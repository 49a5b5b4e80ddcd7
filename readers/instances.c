/*
 * instances.c -- which instances this machine has.
 */
#include "readers/attach.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INSTANCES_MAX 1000 /* who has more names the one he means */

/* Looks at `name' in the runtime directory; 1 if something is there. */
static int
look(struct instance_info *info, int dirfd, const char *dir, const char *name)
{
	int fd, segment, n;

	memset(info, 0, sizeof(*info));
	if (name[0] == '.')
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	info->error = errno;
	if (fd == -1 && info->error != EACCES)
		return 0;
	(void)strlcpy(info->name, name, sizeof(info->name));
	n = snprintf(info->path, sizeof(info->path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(info->path)) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	info->state = DAEMON_UNKNOWN;
	info->fault = SEGMENT_ERRNO;
	if (fd == -1)
		return 1;
	info->fault =
	    segment_open(fd, SEGMENT_FILE, O_RDONLY, &segment, &info->plan);
	info->error = errno;
	close(fd);
	if (info->fault == SEGMENT_ERRNO && info->error == ENOENT)
		return 0;
	if (info->fault != SEGMENT_OK)
		return 1;
	info->state = plan_state(&info->plan, info->plan.master_pid);
	close(segment);
	return 1;
}

static int
by_name(const void *a, const void *b)
{
	const struct instance_info *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r != 0 ? r : strcmp(x->path, y->path);
}

static void
list_dir(struct instance_info **list, size_t *n, const char *path)
{
	char in[INSTANCE_PATH_MAX + 2];
	const struct dirent *e;
	DIR *dir;
	int fd, length;

	/* as a path inside it: then one under /tmp must be ours */
	length = snprintf(in, sizeof(in), "%s/.", path);
	if (length < 0 || (size_t)length >= sizeof(in))
		return;
	fd = instance_open_dir(in, 0);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while (*n < INSTANCES_MAX && (e = readdir(dir)) != NULL) {
		*list = reallocarray(*list, *n + 1, sizeof(**list));
		if (*list == NULL)
			err(1, "memory");
		if (look(&(*list)[*n], fd, path, e->d_name))
			(*n)++;
	}
	closedir(dir);
}

struct instance_info *
instances_list(size_t *n)
{
	char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];
	struct instance_info *list = NULL;
	int count = runtime_dirs(dirs, 0);

	*n = 0;
	for (int i = 0; i < count; i++)
		list_dir(&list, n, dirs[i]);
	if (*n == 0) {
		free(list);
		return NULL;
	}
	qsort(list, *n, sizeof(*list), by_name);
	return list;
}

const char *
daemon_state_text(enum daemon_state state)
{
	switch (state) {
	case DAEMON_RUNS:
		return "runs";
	case DAEMON_GONE:
		return "not running";
	case DAEMON_STILL:
		return "stands still";
	case DAEMON_UNKNOWN:
		return "unknown";
	}
	return "unknown";
}
