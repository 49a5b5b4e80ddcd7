/*
 * test_guard.c -- a mapping whose file is truncated under it.
 */
#include "common/guard.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "common/layout.h"
#include "common/shared.h"
#include "tests/unit/unit.h"

#define PAGES 8
#define SIZE ((size_t)PAGES * SEGMENT_PAGE)

static int fd = -1;

static uint8_t *
map(int prot)
{
	uint8_t *base;

	if (fd == -1)
		fd = memfd_create("guard", MFD_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, SIZE), 0);
	base = mmap(NULL, SIZE, prot, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(base, MAP_FAILED);
	return base;
}

START_TEST(a_truncated_mapping_reads_as_zeros_and_is_told)
{
	uint8_t *base = map(PROT_READ);
	uint8_t *writer = map(PROT_READ | PROT_WRITE);

	for (size_t i = 0; i < SIZE; i += 8)
		shared_store(writer + i, 7);
	ck_assert_int_eq(guard_init(), 0);
	ck_assert_int_eq(guard_add(base, SIZE), 0);
	ck_assert_uint_eq(shared_load(base + 5 * SEGMENT_PAGE), 7);
	ck_assert_int_eq(guard_hit(base), 0);
	ck_assert_int_eq(ftruncate(fd, 2 * SEGMENT_PAGE), 0);
	errno = 123;
	ck_assert_uint_eq(shared_load(base + 5 * SEGMENT_PAGE + 8), 0);
	ck_assert_int_eq(errno, 123);
	ck_assert_int_eq(guard_hit(base), 1);
	ck_assert_uint_eq(shared_load(base + SIZE - 8), 0);
	/* what the file still has is as it was */
	ck_assert_uint_eq(shared_load(base + SEGMENT_PAGE), 7);
	ck_assert_int_eq(guard_hit(base), 1);
	guard_remove(base);
	ck_assert_int_eq(guard_hit(base), 0);
}
END_TEST

START_TEST(a_truncated_mapping_can_be_written_to)
{
	uint8_t *base = map(PROT_READ | PROT_WRITE);

	ck_assert_int_eq(guard_init(), 0);
	ck_assert_int_eq(guard_add(base, SIZE), 0);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	shared_store(base + SEGMENT_PAGE, 5);
	ck_assert_uint_eq(shared_load(base + SEGMENT_PAGE), 5);
	ck_assert_int_eq(guard_hit(base), 1);
	guard_remove(base);
}
END_TEST

START_TEST(a_hit_is_told_of_the_mapping_that_it_was)
{
	uint8_t *one = map(PROT_READ), *two = map(PROT_READ);

	ck_assert_int_eq(guard_init(), 0);
	ck_assert_int_eq(guard_add(one, SIZE), 0);
	ck_assert_int_eq(guard_add(two, SIZE), 0);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_uint_eq(shared_load(two + SIZE - 8), 0);
	ck_assert_int_eq(guard_hit(one), 0);
	ck_assert_int_eq(guard_hit(two), 1);
	/* the place is free again, and its hit forgotten */
	guard_remove(two);
	ck_assert_int_eq(guard_add(two, SIZE), 0);
	ck_assert_int_eq(guard_hit(two), 0);
}
END_TEST

START_TEST(there_is_room_for_so_many_and_no_more)
{
	static char memory[65];
	int n;

	for (n = 0; n < 65; n++)
		if (guard_add(&memory[n], 1) != 0)
			break;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(n, 64);
	guard_remove(&memory[10]);
	ck_assert_int_eq(guard_add(&memory[64], 1), 0);
}
END_TEST

START_TEST(a_fault_outside_of_guarded_memory_kills)
{
	uint8_t *base = map(PROT_READ);

	ck_assert_int_eq(guard_init(), 0);
	ck_assert_int_eq(guard_add(base, SEGMENT_PAGE), 0);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	(void)shared_load(base + SEGMENT_PAGE);
}
END_TEST

START_TEST(a_guard_that_was_removed_guards_no_more)
{
	uint8_t *base = map(PROT_READ);

	ck_assert_int_eq(guard_init(), 0);
	ck_assert_int_eq(guard_add(base, SIZE), 0);
	guard_remove(base);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	(void)shared_load(base);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_truncated_mapping_reads_as_zeros_and_is_told,
		a_truncated_mapping_can_be_written_to,
		a_hit_is_told_of_the_mapping_that_it_was,
		there_is_room_for_so_many_and_no_more,
	};
	const TTest *const killed[] = {
		a_fault_outside_of_guarded_memory_kills,
		a_guard_that_was_removed_guards_no_more,
	};

	return UNIT_RUN_KILLED("guard", tests, killed, SIGBUS);
}
