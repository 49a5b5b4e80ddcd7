/*
 * child.c -- the other programs of the bench: daemons, readers.  They end with
 * it, whatever happens to it.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

extern char **environ;
static char dir[64];

int
why_not(char why[WHY_MAX], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(why, WHY_MAX, format, ap);
	va_end(ap);
	return -1;
}

const char *
bench_dir(void)
{
	const char *above = getenv("SHMLOG_DIR");

	if (dir[0] == '\0') {
		(void)snprintf(dir, sizeof(dir), "%s/bench.XXXXXX",
		    above == NULL ? "/dev/shm" : above);
		if (mkdtemp(dir) == NULL) {
			perror(dir);
			exit(1);
		}
	}
	return dir;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void
bench_dir_remove(void)
{
	if (dir[0] != '\0')
		(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

void
instance_remove(const char *name)
{
	char path[256];

	instance_path(path, name, "");
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* They stand beside us. */
const char *
bench_build(const char *program)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	while (n > 0 && path[n - 1] != '/')
		n--;
	(void)snprintf(path + (n < 0 ? 0 : n), 64, "%s", program);
	return path;
}

void
instance_path(char path[256], const char *name, const char *file)
{
	(void)snprintf(path, 256, "%s/%s%s%s", bench_dir(), name,
	    file[0] == '\0' ? "" : "/", file);
}

pid_t
child_start(const char *const argv[], int cpu, const char *out)
{
	pid_t parent = getpid(), pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (cpu >= 0)
		(void)bench_pin((unsigned)cpu);
	else
		bench_unpin();
	fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd == -1 || dup2(fd, STDOUT_FILENO) == -1 ||
	    dup2(fd, STDERR_FILENO) == -1)
		_exit(1);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void
child_end(pid_t pid, int signal)
{
	if (pid <= 0)
		return;
	(void)kill(pid, signal);
	(void)kill(pid, SIGCONT);
	(void)waitpid(pid, NULL, 0);
}

int
child_maps(pid_t pid, const char *path, const char *permissions)
{
	char name[64], line[512], *second;
	size_t end, n = strlen(path);
	int found = 0;
	FILE *f;

	(void)snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	f = fopen(name, "re");
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
		end = strcspn(line, "\n");
		second = line + strcspn(line, " ");
		found =
		    end > n && memcmp(line + end - n, path, n) == 0 &&
		    strncmp(second + 1, permissions, strlen(permissions)) == 0;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

pid_t
daemon_start(const char *name, const char *size, const char *sections, int cpu)
{
	char at[256], log[256];
	const char *argv[] = { bench_build("shmlogd"), "-n", at, "-s", size,
		"-m", sections, "-k", "10", NULL };

	instance_path(at, name, "");
	(void)snprintf(log, sizeof(log), "%s/%s.log", bench_dir(), name);
	return child_start(argv, cpu, log);
}
