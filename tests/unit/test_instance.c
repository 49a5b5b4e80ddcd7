/*
 * test_instance.c -- which directory is meant by -n.
 */
#include "common/instance.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char dirs[RUNTIME_DIRS_MAX][INSTANCE_PATH_MAX];

#define USER (60000u + (unsigned)getpid() % 5000) /* nobody in particular */

START_TEST(a_name_is_checked)
{
	static const char *const good[] = { "a", "default", "A.b-c_9", "/x",
		"/dev/shm/x y" };
	static const char *const bad[] = { "", "/", ".", "..", ".a", "-n",
		"a/b", "../a", "a b", "a\n", "\303\251" };
	char longest[65];

	memset(longest, 'x', sizeof(longest));
	longest[64] = '\0';
	ck_assert_int_eq(instance_check(longest), -1);
	ck_assert_int_eq(instance_check(longest + 1), 0);
	ck_assert_int_eq(instance_check(NULL), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(instance_check(good[i]) == 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		ck_assert_msg(instance_check(bad[i]) == -1, "%s", bad[i]);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(instance_dirs(bad[i], 0, dirs), -1);
	}
}
END_TEST

START_TEST(the_environment_names_the_runtime_directory)
{
	setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
	setenv("SHMLOG_DIR", "/dev/shm/mine", 1);
	ck_assert_int_eq(runtime_dirs(dirs, 0), 1);
	ck_assert_str_eq(dirs[0], "/dev/shm/mine");
	ck_assert_int_eq(instance_dirs(NULL, 1, dirs), 1);
	ck_assert_str_eq(dirs[0], "/dev/shm/mine/default");
	ck_assert_int_eq(instance_dirs("x", 0, dirs), 1);
	ck_assert_str_eq(dirs[0], "/dev/shm/mine/x");
	ck_assert_int_eq(instance_dirs("/abs/path", 0, dirs), 1);
	ck_assert_str_eq(dirs[0], "/abs/path");
}
END_TEST

START_TEST(root_has_one_directory)
{
	if (geteuid() != 0)
		return;
	setenv("XDG_RUNTIME_DIR", "/run/user/0", 1);
	unsetenv("SHMLOG_DIR");
	ck_assert_int_eq(instance_dirs(NULL, 0, dirs), 1);
	ck_assert_str_eq(dirs[0], "/run/shmlog/default");
	setenv("SHMLOG_DIR", "", 1);
	ck_assert_int_eq(instance_dirs("a", 0, dirs), 1);
	ck_assert_str_eq(dirs[0], "/run/shmlog/a");
}
END_TEST

START_TEST(others_look_in_their_own_directory_first)
{
	char tmp[64];

	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(USER), 0);
	unsetenv("SHMLOG_DIR");
	setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
	ck_assert_int_eq(instance_dirs("a", 0, dirs), 2);
	ck_assert_str_eq(dirs[0], "/run/user/1/shmlog/a");
	ck_assert_str_eq(dirs[1], "/run/shmlog/a");
	/* a daemon makes its instance in its own and nowhere else */
	ck_assert_int_eq(instance_dirs("a", 1, dirs), 1);
	ck_assert_str_eq(dirs[0], "/run/user/1/shmlog/a");
	/* a relative one would mean something else to everybody */
	setenv("XDG_RUNTIME_DIR", "run", 1);
	(void)snprintf(tmp, sizeof(tmp), "/tmp/shmlog-%u", (unsigned)geteuid());
	ck_assert_int_eq(runtime_dirs(dirs, 0), 2);
	ck_assert_str_eq(dirs[0], tmp);
	unsetenv("XDG_RUNTIME_DIR");
	ck_assert_int_eq(runtime_dirs(dirs, 0), 2);
	ck_assert_str_eq(dirs[0], tmp);
	ck_assert_str_eq(dirs[1], "/run/shmlog");
	/* a sanitizer wants to look at the process when it ends */
	ck_assert_int_eq(seteuid(getuid()), 0);
	(void)prctl(PR_SET_DUMPABLE, 1);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_an_error)
{
	char longest[INSTANCE_PATH_MAX + 10];

	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	errno = 0;
	ck_assert_int_eq(instance_dirs(longest, 0, dirs), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	longest[INSTANCE_PATH_MAX - 4] = '\0';
	setenv("SHMLOG_DIR", longest, 1);
	errno = 0;
	ck_assert_int_eq(instance_dirs(NULL, 0, dirs), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

START_TEST(an_instance_is_opened_or_its_errno_told)
{
	char path[64], found[INSTANCE_PATH_MAX], name[128];
	int fd = unit_mkdir(path), got;

	setenv("SHMLOG_DIR", path, 1);
	errno = 0;
	ck_assert_int_eq(instance_open("a", found), -1);
	ck_assert_int_eq(errno, ENOENT);
	(void)snprintf(name, sizeof(name), "%s/a", path);
	ck_assert_str_eq(found, name);
	ck_assert_int_eq(mkdirat(fd, "a", 0700), 0);
	got = instance_open("a", found);
	ck_assert_int_ne(got, -1);
	ck_assert_int_eq(fcntl(got, F_GETFD), FD_CLOEXEC);
	ck_assert_str_eq(found, name);
	close(got);
	ck_assert_int_eq(unlinkat(fd, "a", AT_REMOVEDIR), 0);
	close(openat(fd, "a", O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(instance_open("a", found), -1);
	ck_assert_int_eq(errno, ENOTDIR);
	unit_rmdir(path, fd);
}
END_TEST

/* The directory under /tmp that is ours if `mode' and `owner' are right. */
static int
open_tmp(const char *dir, mode_t mode, uid_t owner)
{
	char name[128];
	int fd, saved;

	(void)snprintf(name, sizeof(name), "%s/default", dir);
	(void)mkdir(dir, 0700);
	(void)mkdir(name, 0700);
	ck_assert_int_eq(chown(dir, owner, (gid_t)-1), 0);
	ck_assert_int_eq(chown(name, USER, (gid_t)-1), 0);
	ck_assert_int_eq(chmod(dir, mode), 0);
	ck_assert_int_eq(seteuid(USER), 0);
	fd = instance_open_dir(name, O_PATH);
	saved = errno;
	ck_assert_int_eq(seteuid(0), 0);
	(void)prctl(PR_SET_DUMPABLE, 1);
	if (fd != -1)
		close(fd);
	errno = saved;
	return fd == -1 ? -1 : 0;
}

START_TEST(a_directory_under_tmp_must_be_ours_alone)
{
	char dir[64], real[64] = "/tmp/shmlog.XXXXXX", name[128];
	struct stat st;

	(void)snprintf(dir, sizeof(dir), "/tmp/shmlog-%u", USER);
	if (geteuid() != 0)
		return; /* only root can make somebody else's */
	ck_assert_int_eq(lstat(dir, &st), -1);
	ck_assert_int_eq(open_tmp(dir, 0700, USER), 0);
	ck_assert_int_eq(open_tmp(dir, 0755, USER), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(open_tmp(dir, 0700, 0), -1);
	ck_assert_int_eq(errno, EPERM);
	(void)snprintf(name, sizeof(name), "%s/default", dir);
	rmdir(name);
	rmdir(dir);
	ck_assert_ptr_nonnull(mkdtemp(real));
	ck_assert_int_eq(symlink(real, dir), 0);
	ck_assert_int_eq(open_tmp(dir, 0700, USER), -1);
	ck_assert_int_eq(errno, EPERM);
	unlink(dir);
	(void)snprintf(name, sizeof(name), "%s/default", real);
	rmdir(name);
	rmdir(real);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_name_is_checked,
		the_environment_names_the_runtime_directory,
		root_has_one_directory,
		others_look_in_their_own_directory_first,
		a_path_that_is_too_long_is_an_error,
		an_instance_is_opened_or_its_errno_told,
		a_directory_under_tmp_must_be_ours_alone,
	};

	return UNIT_RUN("instance", tests);
}
