/*
 * process.c -- tell processes apart by what /proc says of them.
 */
#include "common/process.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads a small file whole; its length, or -1 with errno. */
static ssize_t
read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
	ssize_t n;

	if (fd == -1)
		return -1;
	n = read(fd, buf, size - 1);
	saved = errno;
	close(fd);
	errno = saved;
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
process_boot_id(uint8_t id[16])
{
	char text[64];
	int n = 0, d;

	if (read_file("/proc/sys/kernel/random/boot_id", text, sizeof(text)) ==
	    -1)
		return -1;
	memset(id, 0, 16);
	for (const char *p = text; *p != '\0' && n < 32; p++) {
		if ((d = hex_digit(*p)) == -1)
			continue;
		id[n / 2] = (uint8_t)(id[n / 2] << 4 | d);
		n++;
	}
	if (n == 32)
		return 0;
	errno = EINVAL;
	return -1;
}

int
process_start(pid_t pid, uint64_t *start, char *state)
{
	char path[64], text[1024], *p;
	int field = 3, threads = 1;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_file(path, text, sizeof(text)) == -1) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	/* the name, field 2, may hold anything, ")" included */
	p = strrchr(text, ')');
	if (p == NULL || p[1] != ' ') {
		errno = EINVAL;
		return -1;
	}
	p += 2;
	*state = *p;
	while (field < 22 && (p = strchr(p, ' ')) != NULL) {
		p++;
		if (++field == 20)
			threads = atoi(p);
	}
	/* the first thread has ended, the process has not */
	if (*state == 'Z' && threads > 1)
		*state = 'S';
	if (p == NULL) {
		errno = EINVAL;
		return -1;
	}
	*start = strtoull(p, NULL, 10);
	return 0;
}

void
process_name(pid_t pid, char *name, size_t size)
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	memset(name, 0, size);
	n = read_file(path, name, size);
	if (n > 0 && name[n - 1] == '\n')
		name[n - 1] = '\0';
	for (char *p = name; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

uint64_t
process_pid_ns(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

int
process_runs(pid_t pid, uint64_t start)
{
	uint64_t started;
	char state;

	if (process_start(pid, &started, &state) == 0)
		return state != 'Z' && state != 'X' &&
		       (start == 0 || started == start);
	if (errno == ESRCH)
		return 0;
	return kill(pid, 0) == 0 || errno == EPERM;
}
