/*
 * pair.c -- see pair.h.
 */
#include "tests/unit/pair.h"

#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

void
pair_begin(struct pair *p, uint64_t seq)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);

	memset(p, 0, sizeof(*p));
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, PAIR_SIZE), 0);
	ck_assert_int_eq(
	    segment_plan(&p->s.plan, PAIR_SIZE, PAIR_SECTIONS, 60), 0);
	p->base =
	    mmap(NULL, PAIR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(p->base, MAP_FAILED);
	p->s.base = mmap(NULL, PAIR_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(p->s.base, MAP_FAILED);
	p->s.head = (const void *)p->s.base;
	p->s.fd = fd;
	segment_create(p->base, &p->s.plan);
	directory_create(&p->dir, p->base, &p->s.plan, p->changes, seq);
}

void
pair_end(struct pair *p)
{
	munmap(p->base, PAIR_SIZE);
	segment_unmap(&p->s);
}
