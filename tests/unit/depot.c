/*
 * depot.c -- a store without a daemon.
 */
#include "tests/unit/depot.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/move.h"
#include "common/shared.h"

#define PIDS 1000
#define SHARDS 2 /* of a set */

static uint8_t dead[PIDS];

static int
runs(pid_t pid, uint64_t start)
{
	return pid > 0 && pid < PIDS && start == (uint64_t)pid * 10 &&
	       !dead[pid];
}

struct store_owner
depot_process(pid_t pid)
{
	struct store_owner o = { .pid = pid,
		.uid = 1000,
		.start = (uint64_t)pid * 10,
		.client = (uint64_t)pid };

	expect(pid < PIDS);
	strcpy(o.name, "worker");
	return o;
}

void
depot_kill(pid_t pid)
{
	dead[pid] = 1;
}

void
depot_begin(struct depot *d)
{
	memset(d, 0, sizeof(*d));
	expect(guard_init() == 0);
	d->dirfd = unit_mkdir(d->path);
	expect(d->dirfd != -1);
	d->now = (struct store_time){ .mono = 1000 * NS,
		.real = UINT64_C(1700000000) * NS };
	d->options = (struct store_options){
		.dirfd = d->dirfd,
		.file = "segment.new",
		.instance = "test",
		.size = DEPOT_SIZE,
		.sections = DEPOT_SECTIONS,
		.cooling = DEPOT_COOLING,
		.mode = 0640,
		.pid = 999,
		.start = 9990,
		.pid_ns = 7,
		.runs = runs,
	};
}

static void
map_both(struct depot *d)
{
	expect(segment_map(&d->map, d->dirfd, SEGMENT_FILE) == SEGMENT_OK);
	d->memory = mmap(NULL, d->map.plan.segment_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, store_fd(d->store), 0);
	expect(d->memory != MAP_FAILED);
}

static void
go_public(struct depot *d)
{
	expect(renameat(d->dirfd, "segment.new", d->dirfd, SEGMENT_FILE) == 0);
	map_both(d);
	store_open_for_business(d->store, d->now);
	store_mark_superseded(d->store);
}

void
depot_open(struct depot *d)
{
	d->store = store_create(&d->options, NULL, d->now);
	expect(d->store != NULL);
	go_public(d);
}

void
depot_forget(struct depot *d)
{
	if (d->memory != NULL)
		(void)munmap(d->memory, d->map.plan.segment_size);
	d->memory = NULL;
	if (d->map.base != NULL)
		segment_unmap(&d->map);
}

void
depot_end(struct depot *d)
{
	depot_forget(d);
	store_close(d->store);
	unit_rmdir(d->path, d->dirfd);
}

void
depot_pass(struct depot *d, uint64_t seconds)
{
	d->now.mono += seconds * NS;
	d->now.real += seconds * NS;
}

int
depot_fd(struct depot *d, const char *name)
{
	return openat(d->dirfd, name, O_RDWR | O_CLOEXEC);
}

void
depot_restart(struct depot *d, const int *fds, size_t n, struct depot *old)
{
	int own[2] = { -1, -1 };
	struct segment_plan plan;

	if (n == 0) {
		own[n++] = depot_fd(d, SEGMENT_FILE);
		own[n] = depot_fd(d, SEGMENT_PREV_FILE);
		n += own[n] != -1;
		fds = own;
	}
	expect(segment_check(fds[0], &plan) == SEGMENT_OK);
	*old = *d;
	d->memory = NULL;
	d->map.base = NULL;
	store_close(d->store);
	depot_pass(d, 1);
	d->store = store_create(&d->options, &plan, d->now);
	expect(d->store != NULL);
	store_takeover(d->store, fds, n, d->now, &d->taken);
	(void)unlinkat(d->dirfd, SEGMENT_PREV_FILE, 0);
	expect(linkat(d->dirfd, SEGMENT_FILE, d->dirfd, SEGMENT_PREV_FILE, 0) ==
	       0);
	go_public(d);
}

enum message_status
depot_alloc(struct depot *d, const struct store_owner *o, const char *class,
    const char *ident, uint64_t length, struct message_section *m)
{
	struct message_alloc a;

	memset(&a, 0, sizeof(a));
	memcpy(a.class, class, strlen(class));
	strcpy(a.type, "test");
	strcpy(a.ident, ident);
	a.length = length;
	memset(m, 0, sizeof(*m));
	return store_alloc(d->store, o, &a, d->now, m);
}

void *
depot_memory(struct depot *d, const struct message_section *m)
{
	return d->memory + m->offset;
}

struct ring_writer
depot_lane(struct depot *d, const struct message_section *m)
{
	struct ring_writer w;
	struct stream_plan p;

	expect(stream_check(depot_memory(d, m), m->length, &p) == 0);
	ring_create(&w, stream_lane(depot_memory(d, m), &p, 0), p.lane_size, 0);
	return w;
}

void
depot_put(struct ring_writer *w, uint32_t n)
{
	struct record r = { .length = sizeof(r) + 8 };

	for (; n > 0; n--)
		ring_append(w, &r, "12345678");
}

struct message_section
depot_stream(struct depot *d, const struct store_owner *o)
{
	struct message_section m;
	struct stream_plan p;
	uint64_t length = stream_plan(&p, 1, LANE_SIZE_MIN, 4096);

	expect_eq(depot_alloc(d, o, CLASS_LOG, "log", length, &m), MESSAGE_OK);
	stream_create(depot_memory(d, &m), &p);
	expect_eq(store_publish(d->store, o, &m, d->now), MESSAGE_OK);
	return m;
}

static const uint8_t kinds[DEPOT_WORDS] = { SCHEMA_COUNTER, SCHEMA_COUNTER,
	SCHEMA_GAUGE, SCHEMA_UPDOWN, SCHEMA_HISTOGRAM, SCHEMA_HISTOGRAM,
	SCHEMA_HISTOGRAM };

static size_t
schema(uint8_t *buf)
{
	size_t n = 0;

	schema_put(buf, &n, SCHEMA_COUNTER, 0, DEPOT_HITS, 1, "hits", "", "");
	schema_put(buf, &n, SCHEMA_COUNTER, 0, DEPOT_BYTES, 1, "bytes", "", "");
	schema_put(buf, &n, SCHEMA_GAUGE, 0, DEPOT_LOAD, 1, "load", "", "");
	schema_put(buf, &n, SCHEMA_UPDOWN, 0, DEPOT_DEPTH, 1, "depth", "", "");
	schema_put(buf, &n, SCHEMA_HISTOGRAM, 0, DEPOT_TIMES,
	    DEPOT_WORDS - DEPOT_TIMES, "times", "", "");
	return n;
}

struct set_plan
depot_plan(struct depot *d, const struct message_section *m)
{
	struct set_plan p;

	expect(set_check(depot_memory(d, m), m->length, &p) == 0);
	return p;
}

struct message_section
depot_set(struct depot *d, const struct store_owner *o, uint64_t id,
    struct depot *old, const struct message_section *from)
{
	uint8_t buf[4096];
	size_t n = schema(buf);
	struct set_plan p;
	struct message_section m;
	uint64_t length =
	    set_plan(&p, DEPOT_ENTRIES, DEPOT_WORDS, SHARDS, 1, n);

	expect_eq(depot_alloc(d, o, CLASS_STAT, "set", length, &m), MESSAGE_OK);
	p.id = id;
	if (from != NULL) {
		p.origin_created = old->map.plan.created;
		p.origin_serial = from->serial;
	}
	set_create(depot_memory(d, &m), &p, buf);
	if (from != NULL)
		set_move_begin(
		    depot_memory(d, &m), depot_memory(old, from), &p, kinds);
	return m;
}

enum message_status
depot_publish(struct depot *d, const struct store_owner *o,
    const struct message_section *m)
{
	return store_publish(d->store, o, m, d->now);
}

void
depot_moved(struct depot *d, const struct message_section *m, struct depot *old,
    const struct message_section *from)
{
	struct set_plan p = depot_plan(d, m);

	set_move_finish(depot_memory(d, m), depot_memory(old, from), &p, kinds);
}

void
depot_add(
    struct depot *d, const struct message_section *m, uint32_t word, uint64_t n)
{
	struct set_plan p = depot_plan(d, m);
	static uint32_t turn;
	/* as the threads of a worker do on one CPU and on another */
	uint32_t shard = kinds[word] == SCHEMA_GAUGE ? 0 : turn++ % SHARDS;

	*set_word(depot_memory(d, m), &p, 0, shard, word) += n;
}

size_t
depot_read(struct depot *d, struct directory_entry *entries)
{
	uint64_t seq;
	size_t n;

	expect(directory_read(&d->map, entries, &n, &seq) == DIRECTORY_WHOLE);
	return n;
}

int
depot_find(struct depot *d, uint64_t serial, struct directory_entry *entry)
{
	struct directory_entry *e = calloc(d->map.plan.desc_count, sizeof(*e));
	size_t n = depot_read(d, e);
	int found = 0;

	for (size_t i = 0; i < n; i++) {
		if (shared_load(&e[i].d.serial) != serial)
			continue;
		*entry = e[i];
		found++;
	}
	free(e);
	expect(found <= 1);
	return found;
}

uint64_t
depot_sum(struct depot *d, uint32_t word)
{
	struct directory_entry *e = calloc(d->map.plan.desc_count, sizeof(*e));
	size_t n = depot_read(d, e);
	uint64_t sum = 0;
	struct set_plan p;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *memory = d->map.base + e[i].d.offset;

		if (!descriptor_is(&e[i].d, CLASS_STAT) ||
		    strcmp(e[i].d.type, "test") != 0)
			continue;
		expect(set_check(memory, e[i].d.length, &p) == 0);
		sum += set_total(memory, &p, kinds[word], word);
	}
	free(e);
	return sum;
}

struct store_figures
depot_figures(struct depot *d)
{
	struct store_figures f;

	store_figures(d->store, &f);
	return f;
}

int
depot_copy(struct depot *d)
{
	uint64_t size = store_plan(d->store)->segment_size;
	int fd = memfd_create("copy", MFD_CLOEXEC);
	uint8_t *from =
	    mmap(NULL, size, PROT_READ, MAP_SHARED, store_fd(d->store), 0);

	expect(fd != -1 && from != MAP_FAILED);
	for (uint64_t done = 0; done < size;) {
		ssize_t n = write(fd, from + done, size - done);

		expect(n > 0);
		done += (uint64_t)n;
	}
	(void)munmap(from, size);
	return fd;
}
