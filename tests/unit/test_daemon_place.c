/*
 * test_daemon_place.c -- the directory is made, and nothing else is touched.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/place.h"
#include "tests/unit/unit.h"

static char top[64], victim[96], dir[96];
static int topfd;
static int plant; /* what is found where a directory was made, see mkdir() */
#define NOTHING 0
#define LINK 1

/* Whoever links to this has a mkdir(2) after which somebody was quicker. */
int
mkdir(const char *path, mode_t mode)
{
	if (mkdirat(AT_FDCWD, path, mode) == -1)
		return -1;
	if (plant == LINK) {
		expect(rmdir(path) == 0);
		expect(symlink(victim, path) == 0);
	}
	return 0;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	expect(stat(path, &st) == 0);
	return st.st_mode & 07777;
}

static void
begin(void)
{
	topfd = unit_mkdir(top);
	expect(topfd != -1);
	(void)snprintf(victim, sizeof(victim), "%s/victim", top);
	(void)snprintf(dir, sizeof(dir), "%s/instance", top);
	expect(mkdirat(AT_FDCWD, victim, 0700) == 0);
}

static void
end(void)
{
	(void)unlinkat(topfd, "instance", 0);
	(void)rmdir(dir);
	expect(rmdir(victim) == 0);
	unit_rmdir(top, topfd);
}

START_TEST(a_link_planted_where_it_was_made_is_not_followed)
{
	struct options o = { .instance = dir, .mode = 0644 };
	struct place_dir p;

	begin();
	plant = LINK;
	expect(place_open(&p, &o) == -1);
	expect_eq(mode_of(victim), 0700);
	plant = NOTHING;
	end();
}
END_TEST

START_TEST(it_has_its_mode_whatever_the_umask)
{
	static const mode_t masks[] = { 0, 022, 077, 0277, 0777 };
	struct options o = { .instance = dir, .mode = 0644 };
	struct place_dir p;
	mode_t before;

	begin();
	/* as a directory for a group has it: what is made there inherits it */
	expect(chmod(top, 02700) == 0);
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		before = umask(masks[i]);
		expect_eq(place_open(&p, &o), 0);
		expect_eq(umask(before), masks[i]);
		expect_eq(mode_of(dir), 0755);
		place_close(&p, 1);
		expect(access(dir, F_OK) == -1);
	}
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_link_planted_where_it_was_made_is_not_followed,
		it_has_its_mode_whatever_the_umask,
	};

	return UNIT_RUN("daemon_place", tests);
}
