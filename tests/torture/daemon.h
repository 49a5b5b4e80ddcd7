/*
 * daemon.h -- an instance of a torture program's own, and its daemon.
 *
 * The instance is `default' in a new directory on tmpfs, which SHMLOG_DIR
 * names; it is removed when the program ends.  Every process that is started
 * here dies with its parent.
 */
#ifndef SHMLOG_TESTS_DAEMON_H
#define SHMLOG_TESTS_DAEMON_H

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <stddef.h>

#include "common/instance.h"
#include "common/message.h"
#include "common/segment.h"
#include "tests/torture/torture.h"

static char torture_dir[] = "/dev/shm/shmlog.XXXXXX";
static pid_t torture_owner; /* the process that removes the directory */
static pid_t torture_daemon;

static void
torture_remove(void)
{
	char command[128];

	if (getpid() != torture_owner)
		return;
	if (torture_daemon > 0) {
		kill(torture_daemon, SIGKILL);
		waitpid(torture_daemon, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf %s", torture_dir);
	if (system(command) != 0)
		printf("not ok cleaning up: %s\n", command);
}

static void
torture_on_signal(int number)
{
	(void)number;
	exit(1);
}

/* A directory for the instance. */
static inline void
torture_instance(void)
{
	if (mkdtemp(torture_dir) == NULL)
		torture_die("mkdtemp");
	setenv("SHMLOG_DIR", torture_dir, 1);
	torture_owner = getpid();
	atexit(torture_remove);
	signal(SIGTERM, torture_on_signal);
	signal(SIGINT, torture_on_signal);
}

/* fork(2), and the child does not outlive us. */
static inline pid_t
torture_fork(void)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid == -1)
		torture_die("fork");
	if (pid == 0) {
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

/* The path of a program that was built beside this one. */
static inline void
torture_program(const char *name, char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (n <= 0)
		torture_die("/proc/self/exe");
	path[n] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash + 1, size - (size_t)(slash + 1 - path), "%s", name);
}

/* Starts one with these options and does not wait for it; its log is appended
 * to `log' in the directory. */
static inline pid_t
torture_start(const char *const *options)
{
	char program[4096], log[64];
	const char *argv[16] = { "shmlogd" };
	pid_t pid;
	int fd;

	torture_program("shmlogd", program, sizeof(program));
	snprintf(log, sizeof(log), "%s/log", torture_dir);
	for (int i = 0; i < 14 && options[i] != NULL; i++)
		argv[i + 1] = options[i];
	pid = torture_fork();
	if (pid == 0) {
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (fd == -1 || dup2(fd, 2) == -1)
			_exit(126);
		execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	torture_daemon = pid;
	return pid;
}

/* Whether the segment and the socket are this daemon's. */
static inline int
torture_is_ready(pid_t pid)
{
	struct segment_plan plan;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/default/socket", torture_dir);
	if (access(path, F_OK) == -1)
		return 0;
	snprintf(path, sizeof(path), "%s/default/segment", torture_dir);
	if (segment_open(AT_FDCWD, path, O_RDONLY, &fd, &plan) != SEGMENT_OK)
		return 0;
	close(fd);
	return plan.master_pid == (uint64_t)pid;
}

static inline void
torture_show_log(void)
{
	char command[128];

	snprintf(command, sizeof(command), "tail -n 20 %s/log", torture_dir);
	if (system(command) != 0)
		printf("there is no log\n");
}

/* Waits until it serves; a minute at most, for machines under load. */
static inline void
torture_wait_ready(pid_t pid)
{
	uint64_t end = torture_ns() + UINT64_C(60000000000);
	int status;

	while (!torture_is_ready(pid)) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			torture_daemon = 0;
			torture_show_log();
			errno = ECHILD;
			torture_die("the daemon ended");
		}
		if (torture_ns() > end) {
			torture_show_log();
			errno = ETIMEDOUT;
			torture_die("the daemon is not ready");
		}
		torture_sleep(50000);
	}
}

static inline void
torture_kill(pid_t pid, int number)
{
	kill(pid, number);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	if (pid == torture_daemon)
		torture_daemon = 0;
}

/* Maps the instance's segment read-only. */
static inline void
torture_map(struct segment *s)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/default/segment", torture_dir);
	if (segment_map(s, AT_FDCWD, path) != SEGMENT_OK)
		torture_die("segment_map");
}

#endif
