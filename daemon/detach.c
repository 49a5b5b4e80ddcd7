/*
 * detach.c -- go to the background once ready.
 */
#include "daemon/detach.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

/* The process that was started: waits for a byte, or for the end. */
static _Noreturn void
wait_for(int fd, pid_t child)
{
	int status = 0;
	ssize_t n;
	char c;

	do
		n = read(fd, &c, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(0);
	while (waitpid(child, &status, 0) == -1)
		if (errno != EINTR)
			_exit(1);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0
		  ? WEXITSTATUS(status)
		  : 1);
}

int
detach_begin(struct detach *d)
{
	int ends[2];
	pid_t pid;

	d->ready = -1;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == -1) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (pid != 0) {
		close(ends[1]);
		wait_for(ends[0], pid);
	}
	close(ends[0]);
	(void)setsid();
	d->ready = ends[1];
	return 0;
}

void
detach_ready(void *arg)
{
	struct detach *d = arg;
	int null;

	if (d->ready == -1)
		return;
	log_to_syslog();
	if (chdir("/") == -1)
		log_warn("/: %s", strerror(errno));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null != -1) {
		for (int fd = 0; fd <= 2; fd++)
			(void)dup2(null, fd);
		if (null > 2)
			close(null);
	}
	if (write(d->ready, "", 1) != 1)
		log_warn("whoever started us has gone");
	close(d->ready);
	d->ready = -1;
}
