/*
 * test_tail_many.c -- a list of very many sections with serials of somebody's
 * choice: what it costs to look at it again is told by libcheck's timeout.
 */
#include <sys/mman.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/process.h"
#include "common/shared.h"
#include "tests/unit/scene.h"

#define SECTIONS UNIT_TIMES(UINT32_C(1) << 16)
#define LISTINGS 32
#define SIZE (UINT64_C(256) << 20) /* hardly any of it is ever touched */

static char path[64];
static struct segment_plan plan;
static uint8_t *base;
static struct directory dir;
static uint64_t *changes;
static struct show show;
static struct tail t;

static int
begin(void)
{
	int dirfd = unit_mkdir(path), fd;
	char state;

	expect_eq(segment_plan(&plan, SIZE, SECTIONS, 60), 0);
	plan.created = plan.generation = 1;
	plan.master_pid = (uint64_t)getpid();
	plan.pid_ns = process_pid_ns();
	expect_eq(process_boot_id(plan.boot_id), 0);
	expect_eq(process_start(getpid(), &plan.master_start, &state), 0);
	fd = openat(dirfd, SEGMENT_FILE, O_RDWR | O_CREAT | O_EXCL, 0600);
	expect(fd != -1 && ftruncate(fd, (off_t)SIZE) == 0);
	base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(base != MAP_FAILED);
	close(fd);
	changes = calloc(SECTIONS, sizeof(*changes));
	segment_create(base, &plan);
	directory_create(&dir, base, &plan, changes, 0);
	return dirfd;
}

/* All of them name one page, that is no stream. */
static void
list_all(uint64_t serial_step)
{
	struct descriptor d = { .class = CLASS_LOG,
		.type = "test",
		.ident = "log",
		.offset = plan.data_offset,
		.length = SEGMENT_PAGE };

	for (uint32_t i = 0; i < SECTIONS; i++) {
		shared_store(&d.serial, (i + 1) * serial_step);
		d.next = i + 1 == SECTIONS ? 0 : i + 2;
		directory_store(&dir, i, &d);
	}
	directory_link(&dir, SECTIONS, 1, 0);
	directory_end(&dir);
}

static void
list_again(void)
{
	directory_begin(&dir);
	directory_end(&dir);
	sources_list(&t);
}

START_TEST(a_listing_takes_no_longer_if_serials_have_much_in_common)
{
	int dirfd = begin();
	struct tail_source *src;

	list_all(1024);
	stop_init();
	show_init(&show, &scene_out, -1);
	show_begin(&show);
	tail_init(&t, &show);
	t.attach.quiet = 1;
	expect_eq(attach_open(&t.attach, path, 0), ATTACH_OK);
	sources_begin(&t);
	for (int i = 1; i < LISTINGS; i++)
		list_again();
	src = source_find(&t, plan.created);
	expect_eq(src->listings, LISTINGS);
	expect_eq(src->n, SECTIONS);
	for (uint64_t i = 1; i <= SECTIONS; i++)
		expect_eq(stream_find(src, i * 1024)->serial, i * 1024);
	expect(stream_find(src, 1) == NULL);
	tail_fini(&t);
	show_fini(&show);
	free(changes);
	munmap(base, SIZE);
	unit_rmdir(path, dirfd);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_listing_takes_no_longer_if_serials_have_much_in_common,
	};

	return UNIT_RUN("tail_many", tests);
}
