/*
 * segment.c -- plan, create, check and map the file.
 *
 * The file is input even for the daemon that made it: the header is read by
 * pread(2), which cannot fault, and every offset is bounded before anything is
 * mapped.
 */
#include "common/segment.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/process.h"
#include "common/shared.h"

#define COUNT_MAX (UINT32_C(1) << 20)
#define STRIDE_MAX UINT32_C(4096)

const char *
segment_fault_text(enum segment_fault fault)
{
	switch (fault) {
	case SEGMENT_OK:
		return "fine";
	case SEGMENT_ERRNO:
		return strerror(errno);
	case SEGMENT_NOT_REGULAR:
		return "not a regular file";
	case SEGMENT_NOT_ONE:
		return "not a shmlog segment";
	case SEGMENT_ORDER:
		return "written on a machine of another byte order";
	case SEGMENT_VERSION:
		return "of another layout version";
	case SEGMENT_SHORT:
		return "cut short";
	case SEGMENT_DAMAGED:
		return "damaged";
	}
	return "unknown";
}

int
segment_plan(
    struct segment_plan *p, uint64_t size, uint32_t sections, uint32_t cooling)
{
	memset(p, 0, sizeof(*p));
	if (sections < 1 || sections > COUNT_MAX || size % SEGMENT_PAGE != 0 ||
	    size > INT64_MAX) {
		errno = EINVAL;
		return -1;
	}
	p->segment_size = size;
	p->desc_offset = SEGMENT_PAGE;
	p->desc_stride = sizeof(struct descriptor);
	p->desc_count = sections;
	p->tomb_offset =
	    p->desc_offset + (uint64_t)p->desc_stride * p->desc_count;
	p->tomb_stride = sizeof(struct tombstone);
	p->tomb_count = sections;
	p->data_offset =
	    round_up(p->tomb_offset + (uint64_t)p->tomb_stride * p->tomb_count,
		SEGMENT_PAGE);
	p->cooling = cooling;
	if (p->data_offset >= size) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

void
segment_create(void *base, const struct segment_plan *p)
{
	struct segment_header *h = base;

	h->byte_order = SEGMENT_BYTE_ORDER;
	h->major = LAYOUT_MAJOR;
	h->minor = LAYOUT_MINOR;
	h->word_size = 8;
	h->page_size = SEGMENT_PAGE;
	h->header_size = sizeof(*h);
	h->desc_stride = p->desc_stride;
	h->desc_offset = p->desc_offset;
	h->desc_count = p->desc_count;
	h->tomb_stride = p->tomb_stride;
	h->tomb_offset = p->tomb_offset;
	h->tomb_count = p->tomb_count;
	h->cooling = p->cooling;
	h->data_offset = p->data_offset;
	h->segment_size = p->segment_size;
	h->created = p->created;
	h->generation = p->generation;
	h->master_start = p->master_start;
	h->pid_ns = p->pid_ns;
	memcpy(h->boot_id, p->boot_id, sizeof(h->boot_id));
	memcpy(h->instance, p->instance, sizeof(h->instance));
	shared_store(&h->master_pid, p->master_pid);
	/* last: a file that was cut off before this is none (nobody loads
	 * this with acquire; the rename is what publishes the file) */
	atomic_store_explicit(&h->magic, SEGMENT_MAGIC, memory_order_release);
}

/* A table of n strides at `offset' lies behind the header, before `end'. */
static int
table_lies_in(uint64_t offset, uint32_t stride, uint32_t n, uint64_t end)
{
	return offset >= sizeof(struct segment_header) && offset % 8 == 0 &&
	       offset <= end && (uint64_t)stride * n <= end - offset;
}

static enum segment_fault
check_header(
    const struct segment_header *h, uint64_t file_size, struct segment_plan *p)
{
	if (h->magic != SEGMENT_MAGIC)
		return SEGMENT_NOT_ONE;
	if (h->byte_order != SEGMENT_BYTE_ORDER || h->word_size != 8)
		return SEGMENT_ORDER;
	if (h->major != LAYOUT_MAJOR)
		return SEGMENT_VERSION;
	if (h->segment_size > file_size)
		return SEGMENT_SHORT;
	if (h->page_size != SEGMENT_PAGE || h->header_size < sizeof(*h) ||
	    h->header_size > SEGMENT_PAGE ||
	    h->desc_stride < sizeof(struct descriptor) ||
	    h->desc_stride > STRIDE_MAX || h->desc_stride % 8 != 0 ||
	    h->desc_count < 1 || h->desc_count > COUNT_MAX ||
	    h->tomb_stride < sizeof(struct tombstone) ||
	    h->tomb_stride > STRIDE_MAX || h->tomb_stride % 8 != 0 ||
	    h->tomb_count < 1 || h->tomb_count > COUNT_MAX ||
	    h->data_offset % SEGMENT_PAGE != 0 ||
	    h->data_offset > h->segment_size ||
	    !table_lies_in(h->desc_offset, h->desc_stride, h->desc_count,
		h->data_offset) ||
	    !table_lies_in(
		h->tomb_offset, h->tomb_stride, h->tomb_count, h->data_offset))
		return SEGMENT_DAMAGED;
	*p = (struct segment_plan){
		.segment_size = h->segment_size,
		.desc_offset = h->desc_offset,
		.tomb_offset = h->tomb_offset,
		.data_offset = h->data_offset,
		.desc_stride = h->desc_stride,
		.desc_count = h->desc_count,
		.tomb_stride = h->tomb_stride,
		.tomb_count = h->tomb_count,
		.cooling = h->cooling,
		.created = h->created,
		.generation = h->generation,
		.master_pid = h->master_pid,
		.master_start = h->master_start,
		.pid_ns = h->pid_ns,
	};
	memcpy(p->boot_id, h->boot_id, sizeof(p->boot_id));
	memcpy(p->instance, h->instance, sizeof(p->instance));
	p->instance[sizeof(p->instance) - 1] = '\0';
	return SEGMENT_OK;
}

enum segment_fault
segment_check(int fd, struct segment_plan *plan)
{
	struct segment_header h;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return SEGMENT_ERRNO;
	if (!S_ISREG(st.st_mode))
		return SEGMENT_NOT_REGULAR;
	n = pread(fd, &h, sizeof(h), 0);
	if (n == -1)
		return SEGMENT_ERRNO;
	if ((size_t)n < sizeof(h))
		return SEGMENT_SHORT;
	return check_header(&h, (uint64_t)st.st_size, plan);
}

enum segment_fault
segment_open(
    int dirfd, const char *name, int flags, int *fd, struct segment_plan *plan)
{
	enum segment_fault fault;
	int saved;

	/* O_NONBLOCK: a FIFO planted here must not hold us up */
	*fd = openat(dirfd, name,
	    flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd == -1)
		return errno == ELOOP || errno == EISDIR || errno == ENXIO
			   ? SEGMENT_NOT_REGULAR
			   : SEGMENT_ERRNO;
	fault = segment_check(*fd, plan);
	if (fault != SEGMENT_OK) {
		saved = errno;
		close(*fd);
		*fd = -1;
		errno = saved;
	}
	return fault;
}

enum segment_fault
segment_map(struct segment *s, int dirfd, const char *name)
{
	enum segment_fault fault;
	struct stat st;
	void *base;
	int saved;

	memset(s, 0, sizeof(*s));
	fault = segment_open(dirfd, name, O_RDONLY, &s->fd, &s->plan);
	if (fault != SEGMENT_OK)
		return fault;
	base =
	    mmap(NULL, s->plan.segment_size, PROT_READ, MAP_SHARED, s->fd, 0);
	if (base == MAP_FAILED || fstat(s->fd, &st) == -1) {
		saved = errno;
		if (base != MAP_FAILED)
			munmap(base, s->plan.segment_size);
		close(s->fd);
		s->fd = -1;
		errno = saved;
		return SEGMENT_ERRNO;
	}
	s->base = base;
	s->head = base;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return SEGMENT_OK;
}

void
segment_unmap(struct segment *s)
{
	if (s->base != NULL)
		munmap((void *)(uintptr_t)s->base, s->plan.segment_size);
	if (s->fd != -1)
		close(s->fd);
	s->base = NULL;
	s->head = NULL;
	s->fd = -1;
}

int
segment_is_current(const struct segment *s, int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	return st.st_dev == s->dev && st.st_ino == s->ino;
}

int
segment_has_master(const struct segment_plan *p)
{
	uint8_t boot_id[16];

	if (p->master_pid == 0 || p->master_pid > INT32_MAX)
		return 0;
	if (process_boot_id(boot_id) == 0 &&
	    memcmp(boot_id, p->boot_id, sizeof(boot_id)) != 0)
		return 0;
	return process_runs((pid_t)p->master_pid, p->master_start);
}
