/*
 * bare.c -- the least that any reader of a capture does: a loop over its bytes.
 *
 *	tool-bare FILE		prints: records, bytes of their payloads
 *	tool-bare -w FILE	the same to stderr; the payloads, a line each,
 *				by fwrite(3)
 *
 * It walks blocks, runs and items as shmlog-capture(5) tells, and believes all
 * of it: no sums, no streams, no dictionaries.  The file is mapped.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/capture_format.h"

struct sums {
	FILE *out; /* NULL: they are not written */
	uint64_t records, bytes;
};

static const uint8_t *
run(struct sums *s, const uint8_t *at)
{
	const struct capture_run *r = (const void *)at;
	const struct capture_item *item;

	at += sizeof(*r);
	for (unsigned i = 0; i < r->count; i++) {
		item = (const void *)at;
		at += sizeof(*item);
		s->bytes += item->length;
		if (s->out != NULL) {
			(void)fwrite_unlocked(at, 1, item->length, s->out);
			(void)putc_unlocked('\n', s->out);
		}
		at += capture_padded(item->length);
	}
	s->records += r->count;
	return at;
}

static void
walk(struct sums *s, const uint8_t *at, const uint8_t *end)
{
	const struct capture_header *file;
	const struct capture_block *b;
	const uint8_t *block_end;

	while (at < end) {
		file = (const void *)at;
		if (file->magic == CAPTURE_MAGIC) {
			at += file->header_size;
			continue;
		}
		b = (const void *)at;
		at += sizeof(*b);
		block_end = at + b->length;
		if (b->type == CAPTURE_RECORDS)
			while (at < block_end -
					b->slots * sizeof(struct capture_slot))
				at = run(s, at);
		at = block_end;
	}
}

static const uint8_t *
map(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *all;

	if (fd == -1 || fstat(fd, &st) == -1)
		err(1, "%s", path);
	*size = (size_t)st.st_size;
	all = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (all == MAP_FAILED)
		err(1, "%s", path);
	(void)close(fd);
	if (*size < sizeof(struct capture_header) ||
	    ((const struct capture_header *)all)->magic != CAPTURE_MAGIC)
		errx(1, "%s: no capture", path);
	return all;
}

static void
usage(void)
{
	errx(2, "tool-bare [-w] FILE");
}

int
main(int argc, char *argv[])
{
	struct sums s = { 0 };
	const uint8_t *all;
	size_t size;
	int c;

	while ((c = getopt(argc, argv, "w")) != -1)
		if (c == 'w')
			s.out = stdout;
		else
			usage();
	if (optind != argc - 1)
		usage();
	all = map(argv[optind], &size);
	walk(&s, all, all + size);
	fprintf(s.out != NULL ? stderr : stdout, "%" PRIu64 " %" PRIu64 "\n",
	    s.records, s.bytes);
	return fflush(stdout) != 0;
}
