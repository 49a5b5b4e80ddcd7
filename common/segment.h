/*
 * segment.h -- the mapped file: planning one, checking one, mapping one.
 */
#ifndef SHMLOG_COMMON_SEGMENT_H
#define SHMLOG_COMMON_SEGMENT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"

#define SEGMENT_FILE "segment"
#define SEGMENT_PREV_FILE "segment.prev"

/* A checked private copy of what the header says once and for all. */
struct segment_plan {
	uint64_t segment_size;
	uint64_t desc_offset;
	uint64_t tomb_offset;
	uint64_t data_offset;
	uint32_t desc_stride;
	uint32_t desc_count;
	uint32_t tomb_stride;
	uint32_t tomb_count;
	uint32_t cooling; /* seconds */
	uint64_t created; /* ns since the epoch */
	uint64_t generation;
	uint64_t master_pid; /* when it was read; 0: it ended well */
	uint64_t master_start;
	uint64_t pid_ns;
	uint8_t boot_id[16];
	char instance[INSTANCE_NAME_MAX]; /* ends with a zero */
};

/* What stands in the way of using a file; each has a text. */
enum segment_fault {
	SEGMENT_OK,
	SEGMENT_ERRNO,       /* a system call failed: errno tells */
	SEGMENT_NOT_REGULAR, /* a symlink, a directory, a FIFO, a device */
	SEGMENT_NOT_ONE,     /* no magic: something else, or not finished */
	SEGMENT_ORDER,       /* another byte order or word size */
	SEGMENT_VERSION,     /* another major version */
	SEGMENT_SHORT,       /* cut short */
	SEGMENT_DAMAGED,     /* sizes and offsets make no sense */
};

const char *segment_fault_text(enum segment_fault);

/*
 * Plans a segment of `size' bytes (whole pages) with `sections' descriptors.
 * 0, or -1 with EINVAL if there would be no data pages.
 */
int segment_plan(
    struct segment_plan *, uint64_t size, uint32_t sections, uint32_t cooling);

/* Writes the header of a mapped file of zeros, the magic last. */
void segment_create(void *base, const struct segment_plan *);

/*
 * Opens `name' in the directory dirfd (O_NOFOLLOW, O_CLOEXEC, never blocking on
 * a FIFO) with `flags' (O_RDONLY or O_RDWR), reads the header by pread(2) and
 * checks it.  SEGMENT_OK: *fd is open and *plan filled.  Otherwise *fd is -1.
 */
enum segment_fault segment_open(
    int dirfd, const char *name, int flags, int *fd, struct segment_plan *);

/* The same for a descriptor that came over a socket; fd stays open. */
enum segment_fault segment_check(int fd, struct segment_plan *);

/*
 * A segment mapped by a reader, read-only.  Any access may raise SIGBUS if
 * somebody truncates the file: see guard.h.
 */
struct segment {
	int fd;
	const uint8_t *base;
	const struct segment_header *head;
	struct segment_plan plan;
	dev_t dev;
	ino_t ino;
};

/* Opens and maps; on failure fd is -1, base NULL. */
enum segment_fault segment_map(struct segment *, int dirfd, const char *name);
void segment_unmap(struct segment *);

/*
 * Whether `name' is still the file that is mapped: 1 yes, 0 another one, or
 * none; -1 with errno if it cannot be told.
 */
int segment_is_current(const struct segment *, int dirfd, const char *name);

/* Whether the daemon that owns it runs: see process_runs(). */
int segment_has_master(const struct segment_plan *);

#endif
