/*
 * capture_find.c -- which files are captures.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "readers/capture.h"
#include "readers/capture_format.h"

static int
is_capture(int fd)
{
	uint64_t magic = 0;
	ssize_t n = pread(fd, &magic, sizeof(magic), 0);

	if (n == -1)
		return errno == ESPIPE;
	return n == sizeof(magic) && magic == CAPTURE_MAGIC;
}

int
capture_find(const char *file)
{
	int fd;

	if (file == NULL)
		return -1;
	if (strcmp(file, "-") == 0)
		return STDIN_FILENO;
	fd = open(file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd != -1 && is_capture(fd))
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}
