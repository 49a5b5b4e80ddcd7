/*
 * store.c -- the segment's file, from its making to its end.
 *
 * Written once, at its making: all of the header but alloc_seq, list head,
 * master_pid, superseded and heartbeat.  Should somebody truncate the file, all
 * of it is written again from private memory.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/guard.h"
#include "common/process.h"
#include "common/shared.h"

#include "daemon/store_private.h"

/* Creates the file and reserves all of it; the descriptor, or -1 with errno. */
static int
create_file(const struct store_options *o, uint64_t size)
{
	int fd, error;

	(void)unlinkat(o->dirfd, o->file, 0);
	fd = openat(o->dirfd, o->file,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	error = posix_fallocate(fd, 0, (off_t)size);
	if (error == 0 && fchmod(fd, o->mode) == -1)
		error = errno;
	if (error == 0)
		return fd;
	(void)unlinkat(o->dirfd, o->file, 0);
	(void)close(fd);
	errno = error;
	return -1;
}

static void
plan_identity(struct segment_plan *p, const struct store_options *o,
    const struct segment_plan *old, struct store_time now)
{
	p->created = now.real;
	p->generation = 1;
	if (old != NULL) {
		p->generation = old->generation + 1;
		if (old->created >= p->created && old->created != UINT64_MAX)
			p->created = old->created + 1;
	}
	p->master_pid = (uint64_t)o->pid;
	p->master_start = o->start;
	p->pid_ns = o->pid_ns;
	memcpy(p->boot_id, o->boot_id, sizeof(p->boot_id));
	copy_padded(p->instance, o->instance, sizeof(p->instance) - 1);
}

static void
lists_init(struct store *s)
{
	TAILQ_INIT(&s->spare);
	TAILQ_INIT(&s->cooling);
	TAILQ_INIT(&s->list);
	TAILQ_INIT(&s->placeholders);
	TAILQ_INIT(&s->joining);
	TAILQ_INIT(&s->masks.streams);
	RB_INIT(&s->owners);
	RB_INIT(&s->users);
	RB_INIT(&s->families);
	RB_INIT(&s->sets);
	LIST_INIT(&s->olds);
}

/* Private memory: 0, or -1 with ENOMEM. */
static int
memory_init(struct store *s)
{
	uint32_t n = s->plan.desc_count;

	s->pages = (s->plan.segment_size - s->plan.data_offset) / SEGMENT_PAGE;
	s->extents = extents_new(s->pages, n);
	s->slots = calloc(n, sizeof(*s->slots));
	s->changes = calloc(n, sizeof(*s->changes));
	if (s->extents == NULL || s->slots == NULL || s->changes == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (uint32_t i = 0; i < n; i++) {
		s->slots[i].magic = SECTION_MAGIC;
		s->slots[i].index = i;
		TAILQ_INSERT_TAIL(&s->spare, &s->slots[i], queue);
	}
	s->masks.next = n;
	return 0;
}

static int
map_file(struct store *s)
{
	void *base = mmap(NULL, s->plan.segment_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, s->fd, 0);

	if (base == MAP_FAILED)
		return -1;
	s->base = base;
	return guard_add(base, s->plan.segment_size);
}

struct store *
store_create(const struct store_options *o, const struct segment_plan *old,
    struct store_time now)
{
	struct store *s = calloc(1, sizeof(*s));
	int saved;

	if (s == NULL)
		return NULL;
	must(o->cooling >= STORE_COOLING_MIN);
	s->magic = STORE_MAGIC;
	s->options = *o;
	if (o->runs == NULL)
		s->options.runs = process_runs;
	s->fd = s->superseded_fd = -1;
	s->born = now.mono;
	s->next_serial = o->first_serial != 0 ? o->first_serial : 1;
	lists_init(s);
	if (segment_plan(&s->plan, round_up(o->size, SEGMENT_PAGE), o->sections,
		o->cooling) == -1)
		goto out;
	plan_identity(&s->plan, o, old, now);
	s->fd = create_file(o, s->plan.segment_size);
	if (s->fd == -1 || memory_init(s) == -1 || map_file(s) == -1)
		goto out;
	segment_create(s->base, &s->plan);
	directory_create(&s->dir, s->base, &s->plan, s->changes, o->first_seq);
	if (own_set_new(s, now) == 0) {
		own_set_show(s);
		return s;
	}
out:
	saved = errno;
	if (s->fd != -1)
		(void)unlinkat(o->dirfd, o->file, 0);
	store_close(s);
	errno = saved;
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	must(s->magic == STORE_MAGIC);
	for (uint32_t i = 0; s->slots != NULL && i < s->plan.desc_count; i++) {
		set_free(s, &s->slots[i]);
		mask_leave(s, &s->slots[i]);
	}
	families_free(s);
	owners_free(s);
	olds_free(s);
	if (s->base != NULL) {
		guard_remove(s->base);
		(void)munmap(s->base, s->plan.segment_size);
	}
	if (s->fd != -1)
		(void)close(s->fd);
	if (s->superseded_fd != -1)
		(void)close(s->superseded_fd);
	extents_free(s->extents);
	free(s->slots);
	free(s->changes);
	s->magic = 0;
	free(s);
}

void
store_open_for_business(struct store *s, struct store_time now)
{
	must(s->magic == STORE_MAGIC && !s->open && s->changing == 0);
	store_refresh(s);
	own_set_show(s);
	store_set(s, STORE_UPTIME, (now.mono - s->born) / SECOND);
	step(s, "open");
	s->open = 1;
	directory_end(&s->dir);
}

void
store_mark_superseded(struct store *s)
{
	if (s->superseded_fd == -1)
		return;
	/* one word at its place; EBADF if it was opened for reading only */
	(void)!pwrite(s->superseded_fd, &s->plan.created,
	    sizeof(s->plan.created),
	    offsetof(struct segment_header, superseded));
	(void)close(s->superseded_fd);
	s->superseded_fd = -1;
}

void
store_heartbeat(struct store *s)
{
	shared_store(&s->dir.head->heartbeat, ++s->heartbeat);
}

void
store_end(struct store *s)
{
	must(s->changing == 0);
	s->plan.master_pid = 0;
	shared_store(&s->dir.head->master_pid, 0);
}

int
store_fd(const struct store *s)
{
	return s->fd;
}

const struct segment_plan *
store_plan(const struct store *s)
{
	return &s->plan;
}

void
store_tick(struct store *s, struct store_time now)
{
	must(s->magic == STORE_MAGIC);
	section_expire(s, now);
	store_refresh(s);
	freed_poll(s, now);
	mask_tick(s);
	carry_poll(s, now);
	foreign_poll(s, now);
	own_set_show(s);
	store_set(s, STORE_UPTIME, (now.mono - s->born) / SECOND);
}

/* What the daemon itself wrote into its sections. */
static void
rewrite_set(struct store *s, struct section *sec)
{
	uint8_t *memory = section_memory(s, sec);
	const struct set *set = sec->set;

	set_create(memory, &set->plan, set->family->schema);
	set_carried(memory);
	if (set->shown != NULL)
		shared_words_store(set_word(memory, &set->plan, 0, 0, 0),
		    set->shown, set->family->words);
	else
		shared_words_store(set_word(memory, &set->plan, 0, 0, 0),
		    s->own_words, STORE_WORDS);
}

/* Header, directory and the daemon's sets anew, from private memory. */
static void
rewrite(struct store *s)
{
	struct section *sec;
	uint32_t first = 0;

	shared_store(&s->dir.head->heartbeat, s->heartbeat);
	shared_store(&s->dir.head->tomb_next, s->dir.tomb_next);
	segment_create(s->base, &s->plan);
	section_begin(s);
	families_rewrite(s);
	TAILQ_FOREACH(sec, &s->list, list) {
		if (first == 0)
			first = sec->index + 1;
		if (sec->d.flags & (DESC_PLACEHOLDER | DESC_DAEMON))
			rewrite_set(s, sec);
		section_update(s, sec);
		mask_show(s, sec);
	}
	directory_link(&s->dir, s->plan.desc_count, first, 0);
	section_end(s);
}

/*
 * Whether what only we write is as we wrote it: a worker may write there (or
 * punch a hole), and then nobody new would find his way.
 */
static int
is_intact(const struct store *s)
{
	const size_t once = offsetof(struct segment_header, alloc_seq);
	struct segment_header want, got;
	const struct section *sec;
	const struct descriptor *d;

	memset(&want, 0, sizeof(want));
	segment_create(&want, &s->plan);
	shared_words_load(&got, s->base, sizeof(got) / 8);
	if (memcmp(&want, &got, once) != 0 ||
	    shared_load(&got.alloc_seq) != s->dir.seq)
		return 0;
	TAILQ_FOREACH(sec, &s->list, list) {
		d = (const struct descriptor *)(s->dir.descriptors +
						(uint64_t)sec->index *
						    s->dir.desc_stride);
		if (shared_load(&d->serial) != sec->serial)
			return 0;
	}
	return 1;
}

enum store_health
store_check(struct store *s)
{
	struct stat st;
	int error;

	must(s->magic == STORE_MAGIC && s->changing == 0);
	if (fstat(s->fd, &st) == 0 &&
	    (uint64_t)st.st_size == s->plan.segment_size &&
	    !guard_hit(s->base)) {
		if (!s->open || is_intact(s))
			return STORE_WELL;
		rewrite(s);
		return STORE_REPAIRED;
	}
	error = posix_fallocate(s->fd, 0, (off_t)s->plan.segment_size);
	if (error == 0 && ftruncate(s->fd, (off_t)s->plan.segment_size) == -1)
		error = errno;
	/* the file's pages again, where the guard put private ones */
	if (error == 0 &&
	    mmap(s->base, s->plan.segment_size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, s->fd, 0) == MAP_FAILED)
		error = errno;
	if (error != 0) {
		errno = error;
		return STORE_BROKEN;
	}
	guard_remove(s->base);
	must0(guard_add(s->base, s->plan.segment_size));
	rewrite(s);
	return STORE_RESTORED;
}
