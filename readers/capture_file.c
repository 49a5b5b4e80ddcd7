/*
 * capture_file.c -- the file that a capture is written to: never one that is
 * somebody else's, and gone on with behind its last whole block.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "readers/capture_block.h"
#include "readers/capture_parts.h"

#define TRIES 10

/* Where a file is gone on with. */
struct place {
	int fd;
	int regular;
	uint64_t offset;
	uint64_t before;
};

/* Goes on behind a place where there is no block: reads all that follows. */
static int
find_end_slowly(struct place *at, uint64_t *cut)
{
	enum block_result result;
	struct block_reader r;
	uint64_t from = at->offset;

	if (lseek(at->fd, (off_t)from, SEEK_SET) == -1)
		return -1;
	block_init(&r, at->fd);
	r.offset = from;
	while ((result = block_next(&r)) != BLOCK_END) {
		if (result == BLOCK_ERROR || result == BLOCK_STOPPED)
			break;
		if (result == BLOCK_CUT) {
			*cut = r.bytes;
			continue;
		}
		if (result == BLOCK_FILE)
			at->before = 0;
		if (result == BLOCK_GOOD)
			at->before = r.head.before + r.head.count;
		at->offset = r.at + r.bytes;
	}
	block_fini(&r);
	return result == BLOCK_END ? 0 : -1;
}

/*
 * Finds the end of a capture's last block, from header to header; *cut is how
 * many bytes of one follow that was cut short.  0; or -1 with errno, 0: it is
 * no capture that we can go on with.
 */
static int
find_end(struct place *at, uint64_t size, uint64_t *cut)
{
	struct capture_header file = { 0 }, ours;
	struct capture_block h;
	ssize_t n;

	*cut = 0;
	errno = 0;
	n = pread(at->fd, &file, sizeof(file), 0);
	block_file_header(&ours);
	if (n > 0 && n < (ssize_t)sizeof(file) &&
	    memcmp(&file, &ours, (size_t)n) == 0) {
		*cut = size;
		return 0;
	}
	if (n != sizeof(file) || !block_is_file(&file) ||
	    file.major != CAPTURE_MAJOR || file.header_size > size)
		return -1;
	at->offset = file.header_size;
	while (size - at->offset >= sizeof(h)) {
		if (pread(at->fd, &h, sizeof(h), (off_t)at->offset) !=
		    sizeof(h))
			return -1;
		if (!block_is_head(&h) ||
		    h.length > size - at->offset - sizeof(h))
			break;
		at->offset += sizeof(h) + h.length;
		at->before = h.before + h.count;
	}
	return at->offset == size ? 0 : find_end_slowly(at, cut);
}

static int
go_on(struct place *at, const char *path, uint64_t size)
{
	uint64_t cut;

	if (find_end(at, size, &cut) != 0) {
		if (errno != 0)
			warn("%s", path);
		else
			warnx("%s: is not a capture that can be appended to",
			    path);
		return -1;
	}
	if (cut != 0) {
		warnx("%s: was cut short: its last %" PRIu64
		      " bytes, of a block that is not whole, are removed",
		    path, cut);
		if (ftruncate(at->fd, (off_t)at->offset) == -1) {
			warn("%s", path);
			return -1;
		}
	}
	if (lseek(at->fd, (off_t)at->offset, SEEK_SET) != -1)
		return 0;
	warn("%s", path);
	return -1;
}

/* Refuses to replace what nobody can have meant to. */
static int
replace(const struct place *at, const char *path, uint64_t size)
{
	uint64_t magic = 0;

	if (size >= sizeof(magic) &&
	    pread(at->fd, &magic, sizeof(magic), 0) == sizeof(magic) &&
	    magic == SEGMENT_MAGIC) {
		warnx("%s: is a segment, and is not overwritten", path);
		return -1;
	}
	if (ftruncate(at->fd, 0) == 0)
		return 0;
	warn("%s", path);
	return -1;
}

static int
same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Opens the path and locks it; -1: that was told. */
static int
open_locked(const char *path, struct stat *st)
{
	struct stat now;
	int fd = -1, flags;

	for (int i = 0; i < TRIES; i++) {
		flags = stat(path, &now) == 0 && !S_ISREG(now.st_mode)
			    ? O_WRONLY
			    : O_RDWR | O_CREAT;
		fd = open(path, flags | O_NOCTTY | O_CLOEXEC, 0640);
		if (fd == -1 || fstat(fd, st) == -1)
			break;
		if (!S_ISREG(st->st_mode))
			return fd;
		if (flock(fd, LOCK_EX | LOCK_NB) == -1 &&
		    errno == EWOULDBLOCK) {
			warnx("%s: somebody else is writing to it", path);
			close(fd);
			return -1;
		}
		if (stat(path, &now) == 0 && same(st, &now))
			return fd;
		/* it was moved away meanwhile */
		close(fd);
		fd = -1;
		errno = EAGAIN;
	}
	warn("cannot write %s", path);
	if (fd != -1)
		close(fd);
	return -1;
}

/* Whether the path is the file that is open as fd. */
static int
is_open_as(const char *path, int fd)
{
	struct stat a, b;

	return fd != -1 && fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	       S_ISREG(a.st_mode) && same(&a, &b);
}

/* 0, or -1: that was told, and nothing was changed. */
static int
open_place(struct place *at, const char *path, int append)
{
	struct stat st;
	uint64_t size;
	int result;

	memset(at, 0, sizeof(*at));
	if (strcmp(path, "-") == 0) {
		at->fd = dup(STDOUT_FILENO);
		if (at->fd == -1)
			warn("standard output");
		return at->fd == -1 ? -1 : 0;
	}
	at->fd = open_locked(path, &st);
	if (at->fd == -1)
		return -1;
	at->regular = S_ISREG(st.st_mode);
	if (!at->regular || st.st_size == 0)
		return 0;
	size = (uint64_t)st.st_size;
	result = append ? go_on(at, path, size) : replace(at, path, size);
	if (result != 0)
		close(at->fd);
	return result;
}

/* Whether a write to it may wait for somebody. */
static int
may_block(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 || S_ISFIFO(st.st_mode) ||
	       S_ISSOCK(st.st_mode) || isatty(fd);
}

static void
take(struct capture *c, const struct place *at)
{
	c->fd = at->fd;
	c->regular = at->regular;
	c->may_block = may_block(at->fd);
	c->offset = at->offset;
	c->before = at->before;
	c->written = 0;
	capture_begin(c, at->offset == 0);
}

struct capture *
capture_create(const char *path, int append, int reading)
{
	struct capture *c;
	struct place at;

	if (!capture_here()) {
		warnx("captures are not for machines of this byte order");
		return NULL;
	}
	if (is_open_as(path, reading)) {
		warnx("%s: is what is read", path);
		return NULL;
	}
	if (open_place(&at, path, append) != 0)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		err(1, "memory");
	c->path = strdup(strcmp(path, "-") == 0 ? "standard output" : path);
	if (c->path == NULL)
		err(1, "memory");
	TAILQ_INIT(&c->streams);
	capture_out_init(c);
	buffer_init(&c->first, -1);
	buffer_init(&c->block, -1);
	c->block.n = sizeof(struct capture_block);
	c->number = 1;
	take(c, &at);
	if (capture_flush(c) == 0)
		return c;
	(void)capture_close(c);
	return NULL;
}

int
capture_reopen(struct capture *c)
{
	struct place at;

	if (capture_flush(c) != 0)
		return -1;
	if (!c->regular || is_open_as(c->path, c->fd))
		return 0;
	if (open_place(&at, c->path, 1) != 0) {
		warnx("%s: is not opened anew; the old file is gone on with",
		    c->path);
		return 0;
	}
	close(c->fd);
	take(c, &at);
	return capture_flush(c);
}

int
capture_close(struct capture *c)
{
	int failed = c->error == 0 && capture_flush(c) != 0;

	failed |= c->error != 0 && (c->error != EPIPE || c->regular);
	capture_begin(c, 0);
	capture_out_fini(c);
	if (close(c->fd) == -1 && c->error == 0) {
		warn("%s", c->path);
		failed = 1;
	}
	buffer_free(&c->first);
	buffer_free(&c->block);
	free(c->path);
	free(c);
	return failed ? -1 : 0;
}
