/*
 * old.c -- old segments, mapped for as long as somebody's words are in them.
 *
 * Anything may stand there, and their files may shrink: each is mapped
 * read-only and guarded, every offset was bounded, and once a page had to be
 * replaced nothing more is read.  A set that moves within this segment has its
 * words in this one: nothing is mapped or looked for then, for anybody can ask
 * for that as often as he likes.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/shared.h"

#include "daemon/store_private.h"

static int
slot_cmp(const void *a, const void *b)
{
	const struct old_slot *x = a, *y = b;

	return TREE_ORDER(x->serial, y->serial);
}

/* Notes which descriptor has which serial. */
static int
index_slots(struct old *old)
{
	uint32_t n = old->map.plan.desc_count;
	struct descriptor d;

	old->slots = calloc(n, sizeof(*old->slots));
	if (old->slots == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		if (directory_entry(&old->map, i, &d) != 0)
			continue;
		old->slots[old->nslots].serial = shared_load(&d.serial);
		old->slots[old->nslots++].index = i;
	}
	qsort(old->slots, old->nslots, sizeof(*old->slots), slot_cmp);
	return 0;
}

static void
old_free(struct old *old)
{
	must(old->magic == OLD_MAGIC && old->users == 0);
	if (!old->own) {
		guard_remove(old->map.base);
		segment_unmap(&old->map);
	}
	old->magic = 0;
	free(old->slots);
	free(old);
}

/* Maps it; on failure nothing is left but fd. */
static int
map_old(struct segment *map, int fd)
{
	struct stat st;
	void *base;

	memset(map, 0, sizeof(*map));
	if (fstat(fd, &st) == -1 || segment_check(fd, &map->plan) != SEGMENT_OK)
		return -1;
	base = mmap(NULL, map->plan.segment_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return -1;
	if (guard_add(base, map->plan.segment_size) == -1) {
		(void)munmap(base, map->plan.segment_size);
		return -1;
	}
	map->fd = fd;
	map->base = base;
	map->head = base;
	map->dev = st.st_dev;
	map->ino = st.st_ino;
	return 0;
}

/* The same file for reading only, or the descriptor as it is: see olds_look().
 */
static int
read_only(int fd)
{
	char path[32];
	int fd2;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd2 = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd2 == -1)
		return fd;
	(void)close(fd);
	return fd2;
}

struct old *
old_add(struct store *s, int fd)
{
	struct old *old = calloc(1, sizeof(*old));

	fd = read_only(fd);
	if (old == NULL || map_old(&old->map, fd) != 0) {
		free(old);
		(void)close(fd);
		return NULL;
	}
	old->magic = OLD_MAGIC;
	if (old_find(s, old->map.plan.created) != NULL ||
	    index_slots(old) != 0) {
		old_free(old);
		return NULL;
	}
	LIST_INSERT_HEAD(&s->olds, old, list);
	return old;
}

struct old *
old_find(const struct store *s, uint64_t created)
{
	struct old *old;

	LIST_FOREACH(old, &s->olds, list) {
		if (old->map.plan.created == created)
			return old;
	}
	return NULL;
}

void
old_sweep(struct store *s)
{
	struct old *old, *next;

	LIST_FOREACH_SAFE(old, &s->olds, list, next) {
		if (old->users > 0)
			continue;
		LIST_REMOVE(old, list);
		old_free(old);
	}
}

/*
 * The kernel gives a lease for reading only while nobody has the file open for
 * writing, mappings included.  It is given back at once; who opens the file in
 * between waits for that, and the signal is one that does nothing.  A copy in
 * memory (see start.c) tells nothing of who holds the file: it is on another
 * device.
 */
static int
is_held(const struct old *old, dev_t dev)
{
	if (old->own || old->map.dev != dev ||
	    fcntl(old->map.fd, F_SETSIG, SIGURG) == -1 ||
	    fcntl(old->map.fd, F_SETLEASE, F_RDLCK) == -1)
		return 1;
	(void)fcntl(old->map.fd, F_SETLEASE, F_UNLCK);
	return 0;
}

void
olds_look(struct store *s)
{
	struct stat st;
	struct old *old;
	int error = fstat(s->fd, &st);

	LIST_FOREACH(old, &s->olds, list) {
		old->held = error != 0 || is_held(old, st.st_dev);
	}
}

void
olds_free(struct store *s)
{
	struct old *old;

	LIST_FOREACH(old, &s->olds, list) {
		old->users = 0;
	}
	old_sweep(s);
}

int
store_needs_old(const struct store *s, uint64_t created)
{
	const struct old *old = old_find(s, created);

	return old != NULL && old->users > 0;
}

int
source_open(struct old *old, uint64_t serial, const struct family *f,
    struct source *src)
{
	struct old_slot key = { .serial = serial }, *slot;
	struct descriptor d;

	memset(src, 0, sizeof(*src));
	if (old == NULL || old->nslots == 0 || serial == 0 ||
	    guard_hit(old->map.base))
		return -1;
	slot = bsearch(&key, old->slots, old->nslots, sizeof(*slot), slot_cmp);
	if (slot == NULL || directory_entry(&old->map, slot->index, &d) != 0 ||
	    shared_load(&d.serial) != serial || !descriptor_was(&d, CLASS_STAT))
		return -1;
	src->section = old->map.base + d.offset;
	if (set_check(src->section, d.length, &src->plan) != 0 ||
	    src->plan.words < f->words)
		return -1;
	src->old = old;
	src->serial = serial;
	old->users++;
	return 0;
}

/* This segment as one that words are in: mapped and guarded it is already, and
 * which section is where is not read from it. */
static struct old *
own_add(struct store *s)
{
	struct old *old = old_find(s, s->plan.created);

	if (old != NULL)
		return old->own ? old : NULL;
	old = calloc(1, sizeof(*old));
	if (old == NULL)
		return NULL;
	old->magic = OLD_MAGIC;
	old->own = 1;
	old->map.fd = -1;
	old->map.plan = s->plan;
	old->map.base = s->base;
	LIST_INSERT_HEAD(&s->olds, old, list);
	return old;
}

int
source_own(struct store *s, const struct section *sec, const struct family *f,
    struct source *src)
{
	struct old *old;

	memset(src, 0, sizeof(*src));
	if (!sec->listed || sec->set == NULL ||
	    sec->set->plan.words < f->words || (old = own_add(s)) == NULL)
		return -1;
	src->old = old;
	src->section = section_memory(s, sec);
	src->plan = sec->set->plan;
	src->serial = sec->serial;
	old->users++;
	return 0;
}

void
source_close(struct source *src)
{
	if (src->old == NULL)
		return;
	must(src->old->magic == OLD_MAGIC && src->old->users > 0);
	src->old->users--;
	src->old = NULL;
}
