/*
 * test_segment.c -- files that are segments, and files that are none.
 */
#include "common/segment.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/process.h"
#include "common/shared.h"
#include "tests/unit/unit.h"

#define SIZE (UINT64_C(1) << 20)

static char path[64];
static int dirfd = -1;

static struct segment_plan
plan(void)
{
	struct segment_plan p;

	ck_assert_int_eq(segment_plan(&p, SIZE, 100, 60), 0);
	p.created = 12345;
	p.generation = 7;
	p.master_pid = (uint64_t)getpid();
	p.master_start = 99;
	memset(p.boot_id, 3, sizeof(p.boot_id));
	strcpy(p.instance, "test");
	return p;
}

/* Makes a whole segment of the name, and returns it mapped. */
static uint8_t *
make(const char *name)
{
	struct segment_plan p = plan();
	int fd;
	uint8_t *base;

	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, SIZE), 0);
	base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(base, MAP_FAILED);
	close(fd);
	segment_create(base, &p);
	return base;
}

static enum segment_fault
fault_of(const char *name)
{
	struct segment_plan p;
	enum segment_fault fault;
	int fd;

	fault = segment_open(dirfd, name, O_RDONLY, &fd, &p);
	ck_assert_int_eq(fd == -1, fault != SEGMENT_OK);
	if (fd != -1)
		close(fd);
	return fault;
}

START_TEST(a_segment_says_what_was_planned)
{
	struct segment_plan p = plan();
	struct segment s;
	uint8_t *base;

	dirfd = unit_mkdir(path);
	base = make("segment");
	ck_assert_int_eq(segment_map(&s, dirfd, "segment"), SEGMENT_OK);
	ck_assert_mem_eq(&s.plan, &p, sizeof(p));
	ck_assert_int_eq(fcntl(s.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(s.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_uint_gt(p.data_offset, p.tomb_offset);
	ck_assert_uint_eq(p.data_offset % SEGMENT_PAGE, 0);
	segment_unmap(&s);
	ck_assert_int_eq(s.fd, -1);
	ck_assert_ptr_null(s.base);
	munmap(base, SIZE);
	unit_rmdir(path, dirfd);
}
END_TEST

START_TEST(what_can_be_no_segment_is_not_planned)
{
	struct segment_plan p;

	ck_assert_int_eq(segment_plan(&p, SIZE, 0, 60), -1);
	ck_assert_int_eq(segment_plan(&p, SIZE + 1, 100, 60), -1);
	ck_assert_int_eq(segment_plan(&p, 0, 1, 60), -1);
	ck_assert_int_eq(segment_plan(&p, SEGMENT_PAGE, 1, 60), -1);
	ck_assert_int_eq(segment_plan(&p, 2 * SEGMENT_PAGE, 1, 60), -1);
	ck_assert_int_eq(segment_plan(&p, 3 * SEGMENT_PAGE, 1, 60), 0);
	ck_assert_int_eq(segment_plan(&p, SIZE, 1 << 21, 60), -1);
	ck_assert_int_eq(segment_plan(&p, SIZE, 4096, 60), -1);
	ck_assert_int_eq(
	    segment_plan(&p, UINT64_MAX - SEGMENT_PAGE + 1, 1, 60), -1);
}
END_TEST

START_TEST(a_header_that_makes_no_sense_is_refused_with_the_reason)
{
#define AT(member)                                                             \
	offsetof(struct segment_header, member),                               \
	    sizeof(((struct segment_header *)0)->member)
	static const struct {
		size_t at, size;
		uint64_t value;
		enum segment_fault fault;
	} bad[] = {
		{ AT(magic), 0, SEGMENT_NOT_ONE },
		{ AT(magic), SEGMENT_MAGIC + 1, SEGMENT_NOT_ONE },
		{ AT(byte_order), 0x04030201, SEGMENT_ORDER },
		{ AT(word_size), 4, SEGMENT_ORDER },
		{ AT(major), LAYOUT_MAJOR + 1, SEGMENT_VERSION },
		{ AT(major), 0, SEGMENT_VERSION },
		{ AT(minor), LAYOUT_MINOR + 1, SEGMENT_OK },
		{ AT(segment_size), SIZE + SEGMENT_PAGE, SEGMENT_SHORT },
		{ AT(segment_size), UINT64_MAX, SEGMENT_SHORT },
		{ AT(segment_size), 0, SEGMENT_DAMAGED },
		{ AT(page_size), 8192, SEGMENT_DAMAGED },
		{ AT(header_size), 440, SEGMENT_DAMAGED },
		{ AT(header_size), 1 << 20, SEGMENT_DAMAGED },
		{ AT(desc_stride), 248, SEGMENT_DAMAGED },
		{ AT(desc_stride), 260, SEGMENT_DAMAGED },
		{ AT(desc_stride), UINT32_MAX & ~7u, SEGMENT_DAMAGED },
		{ AT(desc_offset), 0, SEGMENT_DAMAGED },
		{ AT(desc_offset), 4100, SEGMENT_DAMAGED },
		{ AT(desc_offset), SIZE, SEGMENT_DAMAGED },
		{ AT(desc_offset), UINT64_MAX & ~7u, SEGMENT_DAMAGED },
		{ AT(desc_count), 0, SEGMENT_DAMAGED },
		{ AT(desc_count), 5000, SEGMENT_DAMAGED },
		{ AT(desc_count), UINT32_MAX, SEGMENT_DAMAGED },
		{ AT(tomb_stride), 248, SEGMENT_DAMAGED },
		{ AT(tomb_stride), 8192, SEGMENT_DAMAGED },
		{ AT(tomb_offset), SIZE - 8, SEGMENT_DAMAGED },
		{ AT(tomb_count), 0, SEGMENT_DAMAGED },
		{ AT(tomb_count), UINT32_MAX, SEGMENT_DAMAGED },
		{ AT(data_offset), 4104, SEGMENT_DAMAGED },
		{ AT(data_offset), SIZE + SEGMENT_PAGE, SEGMENT_DAMAGED },
		{ AT(data_offset), SEGMENT_PAGE, SEGMENT_DAMAGED },
	};
#undef AT
	uint8_t *base, saved[4096];

	dirfd = unit_mkdir(path);
	base = make("segment");
	memcpy(saved, base, sizeof(saved));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(base + bad[i].at, &bad[i].value, bad[i].size);
		ck_assert_msg(fault_of("segment") == bad[i].fault,
		    "case %zu: %s", i, segment_fault_text(fault_of("segment")));
		memcpy(base, saved, sizeof(saved));
		ck_assert_int_eq(fault_of("segment"), SEGMENT_OK);
	}
	munmap(base, SIZE);
	unit_rmdir(path, dirfd);
}
END_TEST

START_TEST(a_file_cut_short_is_refused_at_every_length)
{
	static const off_t lengths[] = { 0, 1, 8, 100, 447, 448, 4095, 4096,
		65536, (off_t)SIZE - 1 };
	uint8_t *base;
	enum segment_fault fault;

	dirfd = unit_mkdir(path);
	base = make("segment");
	munmap(base, SIZE);
	for (size_t i = sizeof(lengths) / sizeof(lengths[0]); i-- > 0;) {
		int fd = openat(dirfd, "segment", O_RDWR | O_CLOEXEC);

		ck_assert_int_eq(ftruncate(fd, lengths[i]), 0);
		close(fd);
		fault = fault_of("segment");
		ck_assert_msg(
		    fault == SEGMENT_SHORT || fault == SEGMENT_NOT_ONE,
		    "%jd: %s", (intmax_t)lengths[i], segment_fault_text(fault));
	}
	unit_rmdir(path, dirfd);
}
END_TEST

START_TEST(what_is_no_file_is_neither_followed_nor_waited_for)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct segment_plan p;
	uint8_t *base;
	int fd, sock;

	dirfd = unit_mkdir(path);
	base = make("real");
	ck_assert_int_eq(symlinkat("real", dirfd, "link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", dirfd, "dangling"), 0);
	ck_assert_int_eq(mkdirat(dirfd, "directory", 0700), 0);
	ck_assert_int_eq(mkfifoat(dirfd, "fifo", 0600), 0);
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/socket", path);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(sock, (void *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(fault_of("real"), SEGMENT_OK);
	ck_assert_int_eq(fault_of("link"), SEGMENT_NOT_REGULAR);
	ck_assert_int_eq(fault_of("dangling"), SEGMENT_NOT_REGULAR);
	ck_assert_int_eq(fault_of("directory"), SEGMENT_NOT_REGULAR);
	ck_assert_int_eq(fault_of("fifo"), SEGMENT_NOT_REGULAR);
	ck_assert_int_eq(fault_of("socket"), SEGMENT_NOT_REGULAR);
	ck_assert_int_eq(segment_open(dirfd, "directory", O_RDWR, &fd, &p),
	    SEGMENT_NOT_REGULAR);
	ck_assert_int_eq(
	    segment_open(dirfd, "fifo", O_RDWR, &fd, &p), SEGMENT_NOT_REGULAR);
	errno = 0;
	ck_assert_int_eq(fault_of("absent"), SEGMENT_ERRNO);
	ck_assert_int_eq(errno, ENOENT);
	close(sock);
	munmap(base, SIZE);
	unit_rmdir(path, dirfd);
}
END_TEST

START_TEST(a_file_of_rubbish_is_survived)
{
	struct unit_random r = { 50 };
	struct segment_plan p;
	uint64_t good = 0;
	uint8_t *base, saved[512];
	int fd;

	dirfd = unit_mkdir(path);
	base = make("segment");
	memcpy(saved, base, sizeof(saved));
	fd = openat(dirfd, "segment", O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < UNIT_TIMES(20000); i++) {
		if (i % 10 == 0) {
			unit_rubbish(&r, base, sizeof(saved));
		} else {
			memcpy(base, saved, sizeof(saved));
			unit_rubbish(&r, base + 8 * unit_below(&r, 10), 8);
		}
		if (segment_check(fd, &p) != SEGMENT_OK)
			continue;
		good++;
		expect(p.segment_size <= SIZE);
		expect(p.data_offset <= p.segment_size);
		expect(p.desc_offset + (uint64_t)p.desc_stride * p.desc_count <=
		       p.data_offset);
		expect(p.tomb_offset + (uint64_t)p.tomb_stride * p.tomb_count <=
		       p.data_offset);
	}
	ck_assert_uint_gt(good, 0);
	close(fd);
	munmap(base, SIZE);
	unit_rmdir(path, dirfd);
}
END_TEST

START_TEST(an_instance_name_without_an_end_gets_one)
{
	uint8_t *base;
	struct segment s;

	dirfd = unit_mkdir(path);
	base = make("segment");
	memset(base + offsetof(struct segment_header, instance), 'x',
	    INSTANCE_NAME_MAX);
	ck_assert_int_eq(segment_map(&s, dirfd, "segment"), SEGMENT_OK);
	ck_assert_uint_eq(strlen(s.plan.instance), INSTANCE_NAME_MAX - 1);
	segment_unmap(&s);
	munmap(base, SIZE);
	unit_rmdir(path, dirfd);
}
END_TEST

START_TEST(a_reader_notices_that_the_name_is_another_file)
{
	uint8_t *base, *other;
	struct segment s;

	dirfd = unit_mkdir(path);
	base = make("segment");
	ck_assert_int_eq(segment_map(&s, dirfd, "segment"), SEGMENT_OK);
	ck_assert_int_eq(segment_is_current(&s, dirfd, "segment"), 1);
	other = make("new");
	ck_assert_int_eq(renameat(dirfd, "new", dirfd, "segment"), 0);
	ck_assert_int_eq(segment_is_current(&s, dirfd, "segment"), 0);
	ck_assert_int_eq(unlinkat(dirfd, "segment", 0), 0);
	ck_assert_int_eq(segment_is_current(&s, dirfd, "segment"), 0);
	ck_assert_int_eq(segment_is_current(&s, -1, "segment"), -1);
	segment_unmap(&s);
	munmap(base, SIZE);
	munmap(other, SIZE);
	unit_rmdir(path, dirfd);
}
END_TEST

START_TEST(a_master_is_known_by_boot_pid_and_start)
{
	struct segment_plan p = plan();
	uint64_t start;
	char state;

	ck_assert_int_eq(process_boot_id(p.boot_id), 0);
	ck_assert_int_eq(process_start(getpid(), &start, &state), 0);
	p.master_pid = (uint64_t)getpid();
	p.master_start = start;
	ck_assert_int_eq(segment_has_master(&p), 1);
	p.master_start = start + 1;
	ck_assert_int_eq(segment_has_master(&p), 0);
	p.master_start = start;
	p.boot_id[0] ^= 1;
	ck_assert_int_eq(segment_has_master(&p), 0);
	p.boot_id[0] ^= 1;
	p.master_pid = 0;
	ck_assert_int_eq(segment_has_master(&p), 0);
	p.master_pid = UINT64_MAX;
	ck_assert_int_eq(segment_has_master(&p), 0);
	p.master_pid = (UINT64_C(1) << 32) + (uint64_t)getpid();
	ck_assert_int_eq(segment_has_master(&p), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_segment_says_what_was_planned,
		what_can_be_no_segment_is_not_planned,
		a_header_that_makes_no_sense_is_refused_with_the_reason,
		a_file_cut_short_is_refused_at_every_length,
		what_is_no_file_is_neither_followed_nor_waited_for,
		a_file_of_rubbish_is_survived,
		an_instance_name_without_an_end_gets_one,
		a_reader_notices_that_the_name_is_another_file,
		a_master_is_known_by_boot_pid_and_start,
	};

	return UNIT_RUN("segment", tests);
}
