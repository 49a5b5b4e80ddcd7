/*
 * poke.c -- looks at a segment, and breaks it, as no reader may.
 *
 *	tool-poke DIR find TYPE IDENT	a line for each such stream: its
 *		serial, class (and former one, if it cools), owner's pid,
 *		offset, length and flags
 *	tool-poke DIR sum SERIAL	its class and a sum of all of its bytes;
 *		`gone' if it is not in the list
 *	tool-poke DIR freeze [SERIAL]	stores zero in alloc_seq (and in the
 *		serial of that section's descriptor), as a daemon leaves it that
 *		was stopped in mid-change; prints what they were
 *	tool-poke DIR thaw SEQ [SERIAL INDEX]	puts that back
 *	tool-poke DIR watch SECONDS	looks at alloc_seq all the time, until
 *		it was zero 20 times and changed 100 times, or so long: says
 *		`watching', and at the end how often it changed and how often it
 *		was seen to be zero; exit 1 if a value came twice
 */
#include <sys/mman.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/segment.h"

static struct segment segment;
static struct directory_entry *entries;
static size_t n;
static uint64_t seq;

static uint64_t
serial_of(const struct directory_entry *e)
{
	return atomic_load(&((struct directory_entry *)(uintptr_t)e)->d.serial);
}

static void
read_list(void)
{
	entries = calloc(segment.plan.desc_count, sizeof(*entries));
	if (entries == NULL)
		err(1, NULL);
	for (int i = 0; i < 1000; i++) {
		if (directory_read(&segment, entries, &n, &seq) ==
		    DIRECTORY_WHOLE)
			return;
		usleep(1000);
	}
	errx(1, "the list stays in change, or is corrupt");
}

static const struct directory_entry *
entry_of(uint64_t serial)
{
	for (size_t i = 0; i < n; i++)
		if (serial_of(&entries[i]) == serial)
			return &entries[i];
	return NULL;
}

static int
find(const char *type, const char *ident)
{
	for (size_t i = 0; i < n; i++) {
		const struct descriptor *d = &entries[i].d;

		/* not the counters that a stream has of itself */
		if (strcmp(d->type, type) != 0 ||
		    strcmp(d->ident, ident) != 0 ||
		    !descriptor_was(d, CLASS_LOG))
			continue;
		printf("%" PRIu64 " %.8s%s%.8s %u %" PRIu64 " %" PRIu64 " %u\n",
		    serial_of(&entries[i]), d->class,
		    *d->former != '\0' ? "/" : "", d->former, d->owner_pid,
		    d->offset, d->length, d->flags);
	}
	return 0;
}

static int
sum(uint64_t serial)
{
	const struct directory_entry *e = entry_of(serial);
	uint64_t word, total = 0;

	if (e == NULL) {
		printf("gone\n");
		return 0;
	}
	for (uint64_t i = 0; i < e->d.length; i += 8) {
		memcpy(&word, segment.base + e->d.offset + i, 8);
		total = total * 31 + word;
	}
	if (directory_still(&segment, seq, e) == SECTION_GONE)
		printf("gone\n");
	else
		printf("%.8s %016" PRIx64 "\n", e->d.class, total);
	return 0;
}

static struct segment_header *
writable(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *p;

	if (fd == -1)
		err(1, "%s", path);
	p = mmap(NULL, segment.plan.segment_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static struct descriptor *
slot(struct segment_header *h, uint64_t index)
{
	return (struct descriptor *)((uint8_t *)h + segment.plan.desc_offset +
				     index * segment.plan.desc_stride);
}

static int
freeze(const char *path, const char *serial)
{
	struct segment_header *h = writable(path);
	const struct directory_entry *e;

	printf("%" PRIu64, atomic_exchange(&h->alloc_seq, 0));
	if (serial != NULL) {
		e = entry_of(strtoull(serial, NULL, 10));
		if (e == NULL)
			errx(1, "no section %s", serial);
		printf(" %s %u", serial, e->index);
		atomic_store(&slot(h, e->index)->serial, 0);
	}
	printf("\n");
	return 0;
}

static int
thaw(const char *path, char **argv, int argc)
{
	struct segment_header *h = writable(path);

	if (argc == 3)
		atomic_store(&slot(h, strtoull(argv[2], NULL, 10))->serial,
		    strtoull(argv[1], NULL, 10));
	atomic_store(&h->alloc_seq, strtoull(argv[0], NULL, 10));
	return 0;
}

static int
watch(time_t seconds)
{
	uint64_t now, last = 0, zeros = 0, changes = 0;
	struct timespec t, end;
	int in_zero = 0;

	printf("watching\n");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	do {
		for (int i = 0; i < 10000; i++) {
			now = directory_seq(&segment);
			if (now == 0) {
				zeros += !in_zero;
				in_zero = 1;
				continue;
			}
			/* the daemon counts, so that none comes twice */
			if (now < last || (in_zero && now == last))
				errx(
				    1, "%" PRIu64 " after %" PRIu64, now, last);
			changes += now != last;
			in_zero = 0;
			last = now;
		}
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while ((zeros < 20 || changes < 100) &&
		 (t.tv_sec < end.tv_sec ||
		     (t.tv_sec == end.tv_sec && t.tv_nsec < end.tv_nsec)));
	printf("%" PRIu64 " %" PRIu64 "\n", changes, zeros);
	return 0;
}

int
main(int argc, char **argv)
{
	char path[4096];
	enum segment_fault fault;

	if (argc < 3)
		errx(2, "tool-poke DIR COMMAND...");
	snprintf(path, sizeof(path), "%s/segment", argv[1]);
	fault = segment_map(&segment, AT_FDCWD, path);
	if (fault != SEGMENT_OK)
		errx(1, "%s: %s", path, segment_fault_text(fault));
	if (strcmp(argv[2], "thaw") == 0 && argc >= 4)
		return thaw(path, argv + 3, argc - 3);
	if (strcmp(argv[2], "watch") == 0 && argc == 4)
		return watch(atoi(argv[3]));
	read_list();
	if (strcmp(argv[2], "find") == 0 && argc == 5)
		return find(argv[3], argv[4]);
	if (strcmp(argv[2], "sum") == 0 && argc == 4)
		return sum(strtoull(argv[3], NULL, 10));
	if (strcmp(argv[2], "freeze") == 0)
		return freeze(path, argc > 3 ? argv[3] : NULL);
	errx(2, "tool-poke DIR COMMAND...");
}
