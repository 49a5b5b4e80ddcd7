/*
 * golden.c -- makes a small segment in which there is one of everything.
 *
 *	tool-golden FILE
 *
 * The file is the same each time: a daemon that ended well, a stream with two
 * lanes (one of them lapped), a counter set of two shards, a retained set, a
 * cooled stream and a tombstone.  tests/golden/ keeps what this program wrote
 * when a layout was released, and tests/unit/test_golden.c reads it: so a
 * layout that changes by mistake is noticed, and old segments stay readable.
 */
#include <sys/mman.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bank.h"
#include "common/directory.h"
#include "common/histogram.h"
#include "common/ring.h"
#include "common/set.h"
#include "common/shared.h"
#include "common/stream.h"

#define SIZE (UINT64_C(448) << 10)
#define SECTIONS 8

struct golden {
	uint8_t *base;
	struct segment_plan plan;
	struct directory dir;
	uint64_t changes[SECTIONS];
	uint64_t used; /* of the data pages */
	uint32_t n;    /* descriptors */
};

static void
begin(struct golden *g, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd == -1 || ftruncate(fd, SIZE) == -1)
		err(1, "%s", path);
	g->base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (g->base == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	if (segment_plan(&g->plan, SIZE, SECTIONS, 60) != 0)
		err(1, "%s", path);
	g->plan.created = 1000000007;
	g->plan.generation = 3;
	g->plan.master_start = 4711;
	g->plan.pid_ns = 4026531836;
	memcpy(g->plan.boot_id, "0123456789abcdef", 16);
	strcpy(g->plan.instance, "golden");
	segment_create(g->base, &g->plan);
	directory_create(&g->dir, g->base, &g->plan, g->changes, 0);
	directory_begin(&g->dir);
}

/* Lists the next section; its serial is 100 times its number. */
static void
list(struct golden *g, const char *class, const char *former, const char *ident,
    uint64_t length, uint32_t flags)
{
	struct descriptor d;

	memset(&d, 0, sizeof(d));
	shared_store(&d.serial, 100 * (g->n + 1));
	d.offset = g->plan.data_offset + g->used;
	d.length = length;
	d.created = 1000000100 + g->n;
	d.cooled = former[0] == '\0' ? 0 : 1000000200;
	d.owner_start = 12345;
	d.owner_pid = 999;
	d.owner_uid = 1000;
	d.next = g->n == 0 ? 0 : g->n;
	d.flags = flags;
	memcpy(d.class, class, strlen(class));
	memcpy(d.former, former, strlen(former));
	strcpy(d.type, "golden");
	strcpy(d.owner, "tool-golden");
	strcpy(d.ident, ident);
	directory_store(&g->dir, g->n, &d);
	g->n++;
	directory_link(&g->dir, SECTIONS, g->n, 0);
	g->used += length;
}

static void
put(struct ring_writer *w, uint64_t number, uint16_t tag)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "record %ju", (uintmax_t)number);
	struct record r = {
		.length = (uint32_t)(sizeof(r) + (size_t)n),
		.tag = tag,
		.level = (uint8_t)(number % 8),
		.id = number / 10,
		.time = 2000000000 + number,
	};

	ring_append(w, &r, text);
}

static void
stream(struct golden *g, const char *class, const char *former,
    const char *ident, uint32_t lanes, uint64_t records)
{
	uint8_t *section = g->base + g->plan.data_offset + g->used;
	uint64_t length, used = 0;
	struct stream_plan p;
	struct ring_writer w;

	length = stream_plan(&p, lanes, LANE_SIZE_MIN, 1024);
	p.id = 31 + lanes;
	p.born = 1000000042;
	stream_create(section, &p);
	if (dict_add(section, &p, &used, DICT_TAG, 1, "Begin", 5) != 0 ||
	    dict_add(section, &p, &used, DICT_TAG, 2, "End", 3) != 0)
		err(1, "dict_add");
	for (uint32_t lane = 0; lane < lanes; lane++) {
		ring_create(&w, stream_lane(section, &p, lane), p.lane_size, 0);
		if (lane == 1)
			ring_set_pred(
			    &w, &(struct ring_pred){ 999, 55, 1, 66, 77 });
		for (uint64_t i = 0; i < (lane == 0 ? records : 10); i++)
			put(&w, i, i % 2 == 0 ? 1 : 2);
	}
	list(g, class, former, ident, length, 0);
}

#define TOOK 3 /* the histogram's first word */
#define WORDS (TOOK + HISTOGRAM_WORDS)

static void
observe(uint64_t *words, uint64_t value, uint64_t n)
{
	words[0] += n * value;
	words[1 + histogram_bucket(value)] += n;
}

static void
set(struct golden *g, uint32_t banks, uint32_t flags)
{
	static uint64_t sums[WORDS] = { 1000 };
	uint8_t *section = g->base + g->plan.data_offset + g->used, schema[512];
	uint64_t length;
	struct set_plan p;
	size_t n = 0;

	schema_put(schema, &n, SCHEMA_LABEL, 0, 0, 0, "site", "", "north");
	schema_put(schema, &n, SCHEMA_COUNTER, 0, 0, 1, "requests", "",
	    "Requests served");
	schema_put(
	    schema, &n, SCHEMA_GAUGE, 1, 1, 1, "open", "files", "Open files");
	schema_put(schema, &n, SCHEMA_BITMAP, 2, 2, 1, "up", "", "");
	schema_put(schema, &n, SCHEMA_HISTOGRAM, 0, TOOK, HISTOGRAM_WORDS,
	    "took", "us", "Time it took");
	length = set_plan(&p, 5, WORDS, banks == 1 ? 2 : 1, banks, n);
	p.id = 5;
	set_create(section, &p, schema);
	if (banks == 2) {
		observe(sums + TOOK, 17, 2);
		observe(sums + TOOK, UINT64_MAX, 1);
		bank_write(section, &p, 1, sums, WORDS, 42);
		bank_turn(section, 1);
	} else {
		shared_store(set_word(section, &p, 0, 0, 0), 5);
		shared_store(set_word(section, &p, 0, 1, 0), 6);
		shared_store(set_carry(section, &p, 0), 30);
		shared_store(set_word(section, &p, 0, 0, 1), (uint64_t)-7);
		shared_store(set_word(section, &p, 0, 1, 2), 0x8001);
		observe(set_word(section, &p, 0, 0, TOOK), 17, 3);
		observe(set_word(section, &p, 0, 1, TOOK), 17, 4);
		observe(set_word(section, &p, 0, 1, TOOK), 123456, 5);
		observe(set_carry(section, &p, TOOK), 123456, 6);
	}
	set_carried(section);
	list(g, CLASS_STAT, "", "counters", length, flags);
}

int
main(int argc, char **argv)
{
	struct golden g;
	struct tombstone t;

	if (argc != 2) {
		fprintf(stderr, "usage: tool-golden file\n");
		return 2;
	}
	memset(&g, 0, sizeof(g));
	begin(&g, argv[1]);
	stream(&g, CLASS_LOG, "", "live", 2, 5000);
	set(&g, 1, 0);
	set(&g, 2, DESC_RETAINED);
	stream(&g, CLASS_COOL, CLASS_LOG, "cooled", 1, 20);
	memset(&t, 0, sizeof(t));
	shared_store(&t.serial, 77);
	t.lanes = 2;
	t.owner_pid = 998;
	t.freed = 1000000300;
	t.created = 1000000050;
	strcpy(t.type, "golden");
	strcpy(t.ident, "buried");
	t.records[0] = 123;
	t.records[1] = 456;
	directory_bury(&g.dir, &t);
	directory_end(&g.dir);
	return 0;
}
