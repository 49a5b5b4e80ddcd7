/*
 * fake.c -- a segment with counter sets, made by hand.
 */
#include "tests/unit/fake.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/process.h"
#include "common/shared.h"

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* A file named `new', renamed to `segment'. */
static void
make_file(struct fake *f)
{
	uint64_t size = SEGMENT_PAGE * 16 + FAKE_SECTIONS * FAKE_SECTION_SIZE;
	char state;
	int fd;

	ck_assert_int_eq(segment_plan(&f->plan, size, FAKE_SECTIONS, 60), 0);
	f->plan.created = now_ns();
	f->plan.generation++;
	f->plan.master_pid = (uint64_t)getpid();
	(void)process_start(getpid(), &f->plan.master_start, &state);
	(void)process_boot_id(f->plan.boot_id);
	f->plan.pid_ns = process_pid_ns();
	fd = openat(
	    f->dirfd, "new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	f->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(f->base, MAP_FAILED);
	close(fd);
	memset(f->changes, 0, sizeof(f->changes));
	memset(f->d, 0, sizeof(f->d));
	segment_create(f->base, &f->plan);
	directory_create(&f->dir, f->base, &f->plan, f->changes, 0);
	fake_show(f);
	ck_assert_int_eq(renameat(f->dirfd, "new", f->dirfd, SEGMENT_FILE), 0);
}

void
fake_begin(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	f->dirfd = unit_mkdir(f->path);
	make_file(f);
}

void
fake_restart(struct fake *f)
{
	munmap(f->base, f->plan.segment_size);
	make_file(f);
}

void
fake_end(struct fake *f)
{
	munmap(f->base, f->plan.segment_size);
	unit_rmdir(f->path, f->dirfd);
}

static size_t
encode(uint8_t *to, const struct fake_set *set)
{
	uint32_t word = 0;
	size_t length = 0;

	for (uint32_t i = 0; i < set->n; i++) {
		const struct schema_item *it = &set->items[i];
		uint32_t words = it->kind == SCHEMA_LABEL       ? 0
				 : it->kind == SCHEMA_HISTOGRAM ? it->words
								: 1;

		schema_put(to, &length, it->kind, it->level, word, words,
		    it->name, it->unit, it->help);
		word += words;
	}
	return length;
}

static uint32_t
count_words(const struct fake_set *set)
{
	uint32_t words = 0;

	for (uint32_t i = 0; i < set->n; i++)
		words += set->items[i].kind == SCHEMA_LABEL ? 0
			 : set->items[i].kind == SCHEMA_HISTOGRAM
			     ? set->items[i].words
			     : 1;
	return words;
}

void *
fake_section(struct fake *f, uint32_t index)
{
	return f->base + f->plan.data_offset + index * FAKE_SECTION_SIZE;
}

uint32_t
fake_set(struct fake *f, const struct fake_set *set)
{
	uint64_t length = encode(NULL, set), size;
	uint8_t *schema = unit_zeros(length + 8);
	struct set_plan p;
	struct descriptor *d;
	uint32_t i = 0;

	while (i < FAKE_SECTIONS && f->d[i].length != 0)
		i++;
	expect(i < FAKE_SECTIONS);
	d = &f->d[i];
	memset(fake_section(f, i), 0, FAKE_SECTION_SIZE);
	encode(schema, set);
	size = set_plan(&p, set->n, count_words(set),
	    set->shards == 0 ? 1 : set->shards,
	    set->banks == 0 ? 1 : set->banks, length);
	expect(size > 0 && size <= FAKE_SECTION_SIZE);
	p.id = set->id;
	set_create(fake_section(f, i), &p, schema);
	free(schema);
	memset(d, 0, sizeof(*d));
	shared_store(&d->serial, ++f->serial);
	d->offset = f->plan.data_offset + i * FAKE_SECTION_SIZE;
	d->length = FAKE_SECTION_SIZE;
	d->created = set->created == 0 ? now_ns() : set->created;
	d->owner_pid = set->pid;
	d->flags = set->flags;
	strncpy(
	    d->class, set->class == NULL ? CLASS_STAT : set->class, CLASS_MAX);
	if (strcmp(d->class, CLASS_COOL) == 0)
		strncpy(d->former, CLASS_STAT, CLASS_MAX);
	strncpy(d->type, set->type, TYPE_MAX - 1);
	strncpy(d->ident, set->ident, IDENT_MAX - 1);
	strncpy(d->owner, "tester", OWNER_MAX - 1);
	return i;
}

struct set_plan
fake_plan(struct fake *f, uint32_t index)
{
	struct set_plan p;

	expect(set_check(fake_section(f, index), FAKE_SECTION_SIZE, &p) == 0);
	return p;
}

void
fake_store(struct fake *f, uint32_t index, uint32_t word, uint64_t value)
{
	struct set_plan p = fake_plan(f, index);

	shared_store(set_word(fake_section(f, index), &p, 0, 0, word), value);
}

void
fake_drop(struct fake *f, uint32_t index)
{
	memset(&f->d[index], 0, sizeof(f->d[index]));
}

void
fake_list(struct fake *f)
{
	uint32_t next = 0;

	for (uint32_t i = FAKE_SECTIONS; i-- > 0;) {
		if (f->d[i].length == 0) {
			directory_clear(&f->dir, i);
			continue;
		}
		f->d[i].next = next;
		directory_store(&f->dir, i, &f->d[i]);
		next = i + 1;
	}
	directory_link(&f->dir, FAKE_SECTIONS, next, 0);
}

void
fake_show(struct fake *f)
{
	directory_begin(&f->dir);
	fake_list(f);
	directory_end(&f->dir);
}
