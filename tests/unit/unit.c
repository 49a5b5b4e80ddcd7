/*
 * unit.c -- what the unit tests have in common.
 */
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All directories of the suite are in this one, for a test that fails or dies
 * in its process removes none. */
static char around[32];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int
unit_run(const char *name, const TTest *const *tests, size_t n,
    const TTest *const *killed, size_t n_killed, int signal)
{
	Suite *suite = suite_create(name);
	TCase *all = tcase_create(name);
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < n; i++)
		tcase_add_test(all, tests[i]);
	for (size_t i = 0; i < n_killed; i++)
		tcase_add_test_raise_signal(all, killed[i], signal);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	strcpy(around, "/dev/shm/shmlog.XXXXXX");
	if (mkdtemp(around) == NULL) {
		perror(around);
		return 1;
	}
	srunner_run_all(runner, CK_ENV);
	(void)nftw(around, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

/* splitmix64 */
uint64_t
unit_random(struct unit_random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
unit_below(struct unit_random *r, uint64_t n)
{
	return unit_random(r) % n;
}

void
unit_rubbish(struct unit_random *r, void *to, size_t n)
{
	uint64_t sort = unit_below(r, 8), v;

	for (size_t i = 0; i < n; i += 8) {
		v = unit_random(r);
		switch (sort == 7 ? v >> 61 : sort) {
		case 0:
			v = 0;
			break;
		case 1:
			v = UINT64_MAX;
			break;
		case 2:
			v &= 0xffff;
			break;
		case 3:
			v &= 0xfffff8;
			break;
		case 4:
			v = UINT64_C(1) << (v & 63);
			break;
		default:
			break;
		}
		memcpy((char *)to + i, &v, n - i < 8 ? n - i : 8);
	}
}

void *
unit_zeros(size_t n)
{
	void *p = NULL;

	ck_assert_int_eq(posix_memalign(&p, 4096, n), 0);
	memset(p, 0, n);
	return p;
}

int
unit_mkdir(char path[64])
{
	int fd;

	(void)snprintf(path, 64, "%s/XXXXXX", around);
	ck_assert_ptr_nonnull(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	return fd;
}

void
unit_rmdir(const char *path, int fd)
{
	DIR *d = opendir(path);
	struct dirent *e;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			if (unlinkat(fd, e->d_name, 0) == -1)
				(void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
	closedir(d);
	close(fd);
	rmdir(path);
}
