/*
 * test_daemon_lock.c -- the two witnesses that an instance is run.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/lock.h"
#include "tests/unit/unit.h"

static char dir[64];
static int dirfd_;

static void
begin(void)
{
	dirfd_ = unit_mkdir(dir);
}

static void
end(void)
{
	unit_rmdir(dir, dirfd_);
}

START_TEST(the_lock_file_is_held_by_one)
{
	struct lock a, b;
	struct stat st;

	begin();
	ck_assert_int_eq(lock_take(&a, dirfd_), LOCK_TAKEN);
	ck_assert_int_eq(lock_take(&b, dirfd_), LOCK_HELD);
	ck_assert_int_eq(lock_check(&a), LOCK_OURS);
	ck_assert_int_eq(fstatat(dirfd_, "lock", &st, 0), 0);
	expect_eq(st.st_mode & 07777, 0600);
	lock_release(&a);
	ck_assert_int_eq(lock_take(&b, dirfd_), LOCK_TAKEN);
	lock_release(&b);
	end();
}
END_TEST

START_TEST(a_lock_file_that_went_is_made_again)
{
	struct lock a, b;

	begin();
	ck_assert_int_eq(lock_take(&a, dirfd_), LOCK_TAKEN);
	ck_assert_int_eq(unlinkat(dirfd_, "lock", 0), 0);
	ck_assert_int_eq(lock_check(&a), LOCK_RENEWED);
	ck_assert_int_eq(lock_check(&a), LOCK_OURS);
	ck_assert_int_eq(lock_take(&b, dirfd_), LOCK_HELD);
	lock_release(&a);
	end();
}
END_TEST

START_TEST(a_lock_file_that_another_holds_is_lost)
{
	struct lock a, b;

	begin();
	ck_assert_int_eq(lock_take(&a, dirfd_), LOCK_TAKEN);
	ck_assert_int_eq(unlinkat(dirfd_, "lock", 0), 0);
	ck_assert_int_eq(lock_take(&b, dirfd_), LOCK_TAKEN);
	ck_assert_int_eq(lock_check(&a), LOCK_LOST);
	ck_assert_int_eq(lock_check(&b), LOCK_OURS);
	lock_release(&a);
	lock_release(&b);
	end();
}
END_TEST

START_TEST(a_lock_that_is_no_file_is_an_error)
{
	struct lock a;
	struct stat st;

	begin();
	ck_assert_int_eq(symlinkat("elsewhere", dirfd_, "lock"), 0);
	ck_assert_int_eq(lock_take(&a, dirfd_), LOCK_ERROR);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(fstatat(dirfd_, "elsewhere", &st, 0), -1);
	ck_assert_int_eq(unlinkat(dirfd_, "lock", 0), 0);
	ck_assert_int_eq(mkfifoat(dirfd_, "lock", 0600), 0);
	ck_assert_int_eq(lock_take(&a, dirfd_), LOCK_ERROR);
	ck_assert_int_eq(a.fd, -1);
	end();
}
END_TEST

static int
open_file(int flags)
{
	int fd = openat(dirfd_, "file", flags, 0600);

	ck_assert_int_ne(fd, -1);
	return fd;
}

START_TEST(the_witness_is_seen_until_its_descriptor_closes)
{
	int file, passed, witness;

	begin();
	file = open_file(O_RDONLY | O_CREAT);
	ck_assert_int_eq(lock_witnessed(file), 0);
	witness = lock_witness(dirfd_, "file");
	ck_assert_int_ne(witness, -1);
	ck_assert_int_eq(lock_witnessed(file), 1);
	ck_assert_int_eq(lock_witness(dirfd_, "file"), -1);
	ck_assert_int_eq(errno, EAGAIN);
	/* what is passed on to workers comes and goes */
	passed = open_file(O_RDWR);
	close(passed);
	ck_assert_int_eq(lock_witnessed(file), 1);
	close(witness);
	ck_assert_int_eq(lock_witnessed(file), 0);
	close(file);
	end();
}
END_TEST

START_TEST(a_reader_cannot_play_the_witness)
{
	struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int file, reader;

	begin();
	file = open_file(O_RDONLY | O_CREAT);
	reader = open_file(O_RDONLY);
	ck_assert_int_eq(fcntl(reader, F_OFD_SETLK, &whole), 0);
	ck_assert_int_eq(lock_witnessed(file), 0);
	close(reader);
	close(file);
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_lock_file_is_held_by_one,
		a_lock_file_that_went_is_made_again,
		a_lock_file_that_another_holds_is_lost,
		a_lock_that_is_no_file_is_an_error,
		the_witness_is_seen_until_its_descriptor_closes,
		a_reader_cannot_play_the_witness,
	};

	return UNIT_RUN("daemon_lock", tests);
}
