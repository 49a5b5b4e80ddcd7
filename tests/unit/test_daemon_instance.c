/*
 * test_daemon_instance.c -- what the log is told of an instance that somebody
 * meddles with while it runs.
 *
 * clock_gettime(2) is this file's, so that a minute is over at once, and stderr
 * is a file.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/guard.h"
#include "daemon/loop.h"
#include "daemon/masks.h"
#include "daemon/start.h"
#include "tests/unit/unit.h"

static char dir[64];
static int dirfd_;
static int log_file = -1;
static time_t ahead; /* seconds */
static struct options options;
static struct instance instance;

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ts);

	if (r == 0 && clock == CLOCK_MONOTONIC)
		ts->tv_sec += ahead;
	return r;
}

static void
start(void)
{
	expect_eq(instance_start(&instance, &options), 0);
}

static void
begin(void)
{
	char *argv[] = { "shmlogd", "-n", dir, "-s", "2m", "-m", "16", NULL };
	char error[OPTIONS_ERROR_MAX];

	dirfd_ = unit_mkdir(dir);
	expect_eq(options_parse(&options, 7, argv, error), OPTIONS_RUN);
	loop_ignore_signals();
	expect_eq(guard_init(), 0);
	log_file = memfd_create("log", MFD_CLOEXEC);
	expect(log_file != -1 && dup2(log_file, STDERR_FILENO) != -1);
	start();
}

static void
end(void)
{
	instance_stop(&instance);
	close(log_file);
	unit_rmdir(dir, dirfd_);
}

/* How many lines the log was told since the last call that have this. */
static int
told(const char *what)
{
	static char text[65536];
	static off_t from;
	ssize_t n = pread(log_file, text, sizeof(text) - 1, from);
	int lines = 0;

	expect(n >= 0);
	text[n] = '\0';
	from += n;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
		lines++;
	return lines;
}

/* Seconds of an instance that runs. */
static void
pass(int seconds)
{
	for (; seconds > 0; seconds--) {
		ahead++;
		expect_eq(instance_tick(&instance), 0);
	}
}

/* There is no room for the segment, as long as it is. */
static void
lose_room(void)
{
	struct rlimit r = { 1 << 20, RLIM_INFINITY };

	expect_eq(ftruncate(store_fd(instance.store), 0), 0);
	expect_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void
make_room(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	expect_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
}

START_TEST(what_cannot_be_restored_is_told_when_the_minute_of_silence_is_over)
{
	static const char broken[] = "cannot be restored";

	begin();
	lose_room();
	pass(10);
	expect_eq(told(broken), 1);
	make_room();
	pass(1);
	expect_eq(told("its size is restored"), 1);
	lose_room();
	pass(LOG_AGAIN - 15);
	expect_eq(told(broken), 0);
	pass(15);
	expect_eq(told(broken), 1);
	/* once */
	pass(3 * LOG_AGAIN);
	expect_eq(told(broken), 0);
	make_room();
	pass(1);
	end();
}
END_TEST

static void
give(uint32_t what, const char *glob)
{
	struct mask_rule r = { .what = what, .level = 4 };
	struct message_masked m;

	strcpy(r.glob, glob);
	expect_eq(store_mask(instance.store, &r, &m), MESSAGE_OK);
	masks_save(instance.store, instance.place.dirfd, instance.place.path);
}

/* All that the file's next name can be is in the way. */
START_TEST(a_change_of_masks_that_is_not_kept_ends_with_the_daemon)
{
	static const char lost[] = "the change ends with this daemon";

	begin();
	give(MASK_LEVEL, "kept.*");
	expect_eq(told("masks"), 0);
	expect_eq(mkdirat(dirfd_, MASKS_FILE ".new", 0700), 0);
	give(MASK_LEVEL, "lost.*");
	expect_eq(told(lost), 1);
	give(MASK_CLEAR, "kept.*");
	expect_eq(told(lost), 1);
	instance_stop(&instance);
	start();
	expect(strcmp(store_mask_rule(instance.store, 0)->glob, "kept.*") == 0);
	expect(store_mask_rule(instance.store, 1) == NULL);
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_cannot_be_restored_is_told_when_the_minute_of_silence_is_over,
		a_change_of_masks_that_is_not_kept_ends_with_the_daemon,
	};

	return UNIT_RUN("daemon_instance", tests);
}
