/*
 * directory.c -- readers at work through 100,000 allocs and frees.
 *
 * The daemon of this test allocates, cools and gives up sections of one page as
 * fast as it can.  Descriptor 0 is in the list at any time, and its ident is
 * the number and the sum of the others: so a reader can tell whether what it
 * was told is one moment's list.  A section's page is filled with its serial
 * before it is listed and with something else as soon as it is given up: so a
 * reader can tell whether what it was told is the section's own is.
 *
 * Built in the same three ways as lane.c.
 */
#ifdef TORTURE_WEAK
#include "tests/torture/weak.h"

#include "common/directory.c"
#endif

#include "common/directory.h"

#include <stdatomic.h>

#include "common/shared.h"
#include "tests/torture/crew.h"
#include "tests/torture/torture.h"

#define SLOTS 65 /* descriptors, the first is the sum */
#define PAGES 60 /* fewer than descriptors: pages are reused at once */
#define TOMBSTONES SLOTS
#define WORDS (SEGMENT_PAGE / 8)
#define READERS 2
#define GIVEN_UP UINT64_C(0xdeaddeaddeaddead)

struct result {
	uint64_t lists;    /* whole */
	uint64_t changing; /* tries that met a change */
	uint64_t zeros;    /* of alloc_seq */
	uint64_t pages;    /* believed */
	uint64_t gone;     /* not believed */
	uint64_t buried;   /* tombstones found */
	char why[256];
};

struct run {
	uint8_t *base;
	struct segment_plan plan;
	uint64_t changes; /* wanted */
	_Atomic int ready;
	_Atomic int done;
	struct result results[READERS];
};

/* The daemon's truth. */
struct truth {
	struct directory dir;
	struct run *run;
	uint64_t changes[SLOTS];
	struct descriptor d[SLOTS];
	uint32_t next[SLOTS];
	uint32_t head;
	uint64_t serial; /* the last one given */
	uint32_t pages[PAGES];
	uint32_t free_pages;
	uint64_t n;
	uint64_t sum;
};

static uint64_t
weight(const struct descriptor *d, uint32_t index)
{
	uint64_t serial = shared_load(&d->serial);

	return serial * (index + 1) + (descriptor_is(d, CLASS_COOL) ? 1 : 0);
}

static void
fill_page(struct truth *t, uint64_t offset, uint64_t word)
{
	uint64_t page[WORDS];

	for (size_t i = 0; i < WORDS; i++)
		page[i] = word;
	shared_put(t->run->base + offset, page, sizeof(page));
}

/* Descriptor 0 says what the others are. */
static void
store_sum(struct truth *t)
{
	struct descriptor *d = &t->d[0];

	snprintf(d->ident, sizeof(d->ident), "%llu %llu %llu",
	    (unsigned long long)t->n, (unsigned long long)t->sum,
	    (unsigned long long)(t->n ^ t->sum));
	d->next = t->next[0];
	directory_store(&t->dir, 0, d);
}

static void
link_behind(struct truth *t, uint32_t index, uint32_t next)
{
	if (index == SLOTS) {
		t->head = next;
		directory_link(&t->dir, SLOTS, next, 0);
		return;
	}
	t->next[index] = next;
	t->d[index].next = next;
	directory_link(&t->dir, index, next, 0);
}

static void
publish(struct truth *t, uint32_t i, uint64_t where)
{
	struct descriptor *d = &t->d[i];
	uint32_t page = t->pages[--t->free_pages], behind = 0;

	memset(d, 0, sizeof(*d));
	shared_store(&d->serial, ++t->serial);
	d->offset = t->run->plan.data_offset + (uint64_t)page * SEGMENT_PAGE;
	d->length = SEGMENT_PAGE;
	strcpy(d->class, CLASS_LOG);
	snprintf(
	    d->ident, sizeof(d->ident), "%llu", (unsigned long long)t->serial);
	fill_page(t, d->offset, t->serial);
	directory_begin(&t->dir);
	/* behind the sum or, half of the time, behind what follows it */
	if (where % 2 != 0 && t->next[0] != 0)
		behind = t->next[0] - 1;
	d->next = t->next[i] = t->next[behind];
	directory_store(&t->dir, i, d);
	link_behind(t, behind, i + 1);
	t->n++;
	t->sum += weight(d, i);
	store_sum(t);
	directory_end(&t->dir);
}

static void
cool(struct truth *t, uint32_t i)
{
	struct descriptor *d = &t->d[i];

	directory_begin(&t->dir);
	t->sum -= weight(d, i);
	memset(d->class, 0, sizeof(d->class));
	strcpy(d->class, CLASS_COOL);
	strcpy(d->former, CLASS_LOG);
	t->sum += weight(d, i);
	directory_cool(&t->dir, i, d);
	store_sum(t);
	directory_end(&t->dir);
}

static void
give_up(struct truth *t, uint32_t i)
{
	struct descriptor *d = &t->d[i];
	struct tombstone grave = { .lanes = 1 };
	uint32_t behind = 0;

	shared_store(&grave.serial, shared_load(&d->serial));
	grave.records[0] = shared_load(&d->serial) * 3;
	while (t->next[behind] != i + 1)
		behind = t->next[behind] - 1;
	directory_begin(&t->dir);
	directory_bury(&t->dir, &grave);
	link_behind(t, behind, t->next[i]);
	directory_clear(&t->dir, i);
	t->n--;
	t->sum -= weight(d, i);
	store_sum(t);
	directory_end(&t->dir);
	fill_page(t, d->offset, GIVEN_UP);
	t->pages[t->free_pages++] =
	    (uint32_t)((d->offset - t->run->plan.data_offset) / SEGMENT_PAGE);
	memset(d, 0, sizeof(*d));
}

static void
begin_daemon(struct truth *t, struct run *run)
{
	memset(t, 0, sizeof(*t));
	t->run = run;
	directory_create(&t->dir, run->base, &run->plan, t->changes, 0);
	t->serial = 1;
	for (uint32_t i = 0; i < PAGES; i++)
		t->pages[t->free_pages++] = i;
	shared_store(&t->d[0].serial, 1);
	strcpy(t->d[0].class, CLASS_STAT);
	t->d[0].offset = run->plan.data_offset;
	t->d[0].length = SEGMENT_PAGE;
	directory_begin(&t->dir);
	store_sum(t);
	link_behind(t, SLOTS, 1);
	directory_end(&t->dir);
	atomic_store(&run->ready, 1);
}

static void
daemon_process(struct run *run)
{
	struct truth *t = malloc(sizeof(*t));
	uint64_t random = 3, r;
	uint32_t i;

	if (t == NULL)
		torture_die("malloc");
#ifdef TORTURE_WEAK
	weak_begin(run->base, run->plan.segment_size, 5);
#endif
	torture_pin(0);
	begin_daemon(t, run);
	for (uint64_t n = 0; n < run->changes;) {
		r = torture_random(&random);
		i = 1 + (uint32_t)(r >> 8) % (SLOTS - 1);
		if (t->d[i].length == 0) {
			if (t->free_pages == 0)
				continue;
			publish(t, i, r);
		} else if (descriptor_is(&t->d[i], CLASS_LOG)) {
			cool(t, i);
		} else {
			give_up(t, i);
		}
		n++;
		if (r >> 60 == 0)
			sched_yield();
	}
#ifdef TORTURE_WEAK
	weak_drain();
#endif
	atomic_store(&run->done, 1);
	free(t);
}

/* Whether an entry of the list is of one piece. */
static int
is_sane(const struct directory_entry *e)
{
	unsigned long long n, sum, both;

	if (e->index == 0)
		return sscanf(e->d.ident, "%llu %llu %llu", &n, &sum, &both) ==
			   3 &&
		       (n ^ sum) == both;
	return strtoull(e->d.ident, NULL, 10) == shared_load(&e->d.serial) &&
	       e->d.length == SEGMENT_PAGE &&
	       (descriptor_is(&e->d, CLASS_LOG) ||
		   (descriptor_is(&e->d, CLASS_COOL) &&
		       descriptor_was(&e->d, CLASS_LOG)));
}

/* Whether the list is one moment's; at is where the pages begin. */
static int
is_consistent(const struct directory_entry *entries, size_t n, uint64_t at,
    const char **said, uint64_t *got_sum)
{
	uint64_t used = 0, sum = 0, page;

	*said = "no sum";
	for (size_t i = 0; i < n; i++) {
		if (entries[i].index == 0) {
			*said = entries[i].d.ident;
			continue;
		}
		page = (entries[i].d.offset - at) / SEGMENT_PAGE;
		if (!is_sane(&entries[i]) || (used >> page & 1) != 0)
			return 0;
		used |= UINT64_C(1) << page;
		sum += weight(&entries[i].d, entries[i].index);
	}
	*got_sum = sum;
	if (n == 0 || strtoull(*said, NULL, 10) != n - 1)
		return 0;
	return strtoull(strchr(*said, ' ') + 1, NULL, 10) == sum;
}

static uint64_t
tombs_now(const struct segment *s)
{
	return atomic_load_explicit(&s->head->tomb_next, memory_order_acquire);
}

/* A section is gone: its tombstone is there, if not too many came since. */
static void
look_for_tombstone(
    const struct segment *s, uint64_t serial, uint64_t then, struct result *to)
{
	struct tombstone grave;

	if (directory_tombstone(s, serial, &grave) == 0) {
		to->buried++;
		if (grave.lanes != 1 || grave.records[0] != serial * 3)
			torture_blame(to->why, "tombstone of %llu says %llu",
			    (unsigned long long)serial,
			    (unsigned long long)grave.records[0]);
	} else if (tombs_now(s) - then < TOMBSTONES - 1) {
		torture_blame(to->why, "section %llu has no tombstone",
		    (unsigned long long)serial);
	}
}

/* Copies a section's page, and asks whether it was its own. */
static void
read_page(const struct segment *s, uint64_t seq,
    const struct directory_entry *e, uint64_t tombs, struct result *to)
{
	uint64_t page[WORDS], serial = shared_load(&e->d.serial), wrong = 0;

	shared_get(page, s->base + e->d.offset, sizeof(page));
	for (size_t i = 0; i < WORDS; i++)
		wrong |= page[i] ^ serial;
	switch (directory_still(s, seq, e)) {
	case SECTION_SAME:
	case SECTION_COOLED:
		to->pages++;
		if (wrong != 0)
			torture_blame(to->why,
			    "section %llu has another one's bytes",
			    (unsigned long long)serial);
		break;
	case SECTION_GONE:
		to->gone++;
		if (tombs != UINT64_MAX)
			look_for_tombstone(s, serial, tombs, to);
		break;
	case SECTION_CHANGING:
		break;
	}
}

/* Asks about one section again and again, through the changes of its life. */
static void
watch(const struct segment *s, const struct directory_entry *e, uint64_t tombs,
    struct result *to)
{
	uint64_t serial = shared_load(&e->d.serial);

	for (int i = 0; i < 500; i++)
		if (directory_still(s, 0, e) == SECTION_GONE) {
			look_for_tombstone(s, serial, tombs, to);
			return;
		}
}

static void
read_list(const struct segment *s, uint64_t *last, uint64_t *last_sum,
    struct directory_entry *entries, uint64_t random, struct result *to)
{
	uint64_t seq, sum = 0, tombs = tombs_now(s);
	const char *said = "";
	size_t n;

	if (directory_seq(s) == 0)
		to->zeros++;
	switch (directory_read(s, entries, &n, &seq)) {
	case DIRECTORY_CHANGING:
		to->changing++;
		return;
	case DIRECTORY_CORRUPT:
		torture_blame(to->why, "a corrupt list");
		return;
	case DIRECTORY_WHOLE:
		break;
	}
	to->lists++;
	if (!is_consistent(entries, n, s->plan.data_offset, &said, &sum))
		torture_blame(to->why, "%zu sections and sum %llu, not %s", n,
		    (unsigned long long)sum, said);
	if (seq < *last || (seq == *last && sum != *last_sum))
		torture_blame(to->why, "alloc_seq %llu came after %llu",
		    (unsigned long long)seq, (unsigned long long)*last);
	*last = seq;
	*last_sum = sum;
	for (size_t i = random % 4; i < n; i += 4)
		if (entries[i].index != 0)
			read_page(s, seq, &entries[i], tombs, to);
	if (n != 0 && entries[random / 4 % n].index != 0)
		watch(s, &entries[random / 4 % n], tombs, to);
}

/* What a reader does when alloc_seq was zero for too long. */
static void
scan(const struct segment *s, struct directory_entry *entries, uint64_t random,
    struct result *to)
{
	size_t n;

	directory_scan(s, entries, &n);
	for (size_t i = 0; i < n; i++) {
		if (!is_sane(&entries[i]))
			torture_blame(to->why, "a descriptor that was torn: %s",
			    entries[i].d.ident);
		if (entries[i].index != 0 && i % 4 == random % 4)
			read_page(s, 0, &entries[i], UINT64_MAX, to);
	}
}

static void
reader_process(struct run *run, int who)
{
	struct directory_entry *entries = calloc(SLOTS, sizeof(*entries));
	struct segment s = { .base = run->base,
		.head = (const struct segment_header *)run->base,
		.plan = run->plan };
	uint64_t last = 0, last_sum = 0, random = (uint64_t)who, r;
	struct result *to = &run->results[who - 1];

	if (entries == NULL)
		torture_die("calloc");
#ifdef TORTURE_WEAK
	weak_begin(NULL, 0, (uint64_t)who);
	weak_watch(&s.head->alloc_seq);
#elif !defined(SHMLOG_TSAN)
	if (mprotect(run->base, run->plan.segment_size, PROT_READ) == -1)
		torture_die("mprotect");
#endif
	torture_pin(1);
	while (!atomic_load(&run->ready))
		sched_yield();
	while (!atomic_load(&run->done) && *to->why == '\0') {
		r = torture_random(&random);
		if (r % 4 == 0)
			scan(&s, entries, r >> 8, to);
		else
			read_list(&s, &last, &last_sum, entries, r >> 8, to);
	}
	free(entries);
}

static void
perform(void *arg, int who)
{
	if (who == 0)
		daemon_process(arg);
	else
		reader_process(arg, who);
}

static void
run_all(struct run *run)
{
	const struct crew crew = {
		.n = 1 + READERS,
		.work = perform,
		.run = run,
		.why = run->results[0].why,
		.done = &run->done,
		.first = 0,
		.stopped = 2000000,
		.going = 5000000,
	};

	crew_run(&crew);
}

/* Whether each reader met what it is to meet; that is the scheduler's. */
static int
has_shown(const struct run *run)
{
	for (int i = 0; i < READERS; i++) {
		const struct result *to = &run->results[i];

		if (to->lists == 0 || to->zeros == 0 || to->changing == 0 ||
		    to->gone == 0 || to->buried == 0)
			return 0;
	}
	return 1;
}

#define RUNS_MAX 10 /* until one has shown something */

static void
run_once(struct run *run, int full)
{
	memset(run, 0, sizeof(*run));
	if (segment_plan(&run->plan, SEGMENT_PAGE * 100, SLOTS, 60) == -1)
		torture_die("segment_plan");
	run->plan.segment_size =
	    run->plan.data_offset + PAGES * (uint64_t)SEGMENT_PAGE;
	run->base = torture_shared(run->plan.segment_size);
	segment_create(run->base, &run->plan);
	/* each third change is an alloc, each third one a free */
	run->changes = full ? 3000000 : 300000;
#if defined(TORTURE_WEAK) || defined(SHMLOG_TSAN)
	run->changes /= 20;
#endif
	run_all(run);
}

static int
is_blamed(const struct run *run)
{
	for (int i = 0; i < READERS; i++)
		if (*run->results[i].why)
			return 1;
	return 0;
}

int
main(int argc, char **argv)
{
	struct run *run = torture_shared(sizeof(*run));
	uint64_t began = torture_ns();
	char figures[256];
	int full = torture_full(argc, argv);

	for (int i = 0; i < RUNS_MAX; i++) {
		if (i > 0)
			munmap(run->base, run->plan.segment_size);
		run_once(run, full);
		if (is_blamed(run) || has_shown(run))
			break;
	}
	for (int i = 0; i < READERS; i++) {
		struct result *to = &run->results[i];

		if (!has_shown(run))
			torture_blame(to->why, "this has shown nothing");
		snprintf(figures, sizeof(figures),
		    "%llu changes, %llu lists, %llu in change, %llu zeros, "
		    "%llu pages, %llu gone, %llu tombstones, %.1f s",
		    (unsigned long long)run->changes,
		    (unsigned long long)to->lists,
		    (unsigned long long)to->changing,
		    (unsigned long long)to->zeros,
		    (unsigned long long)to->pages, (unsigned long long)to->gone,
		    (unsigned long long)to->buried,
		    (double)(torture_ns() - began) / 1e9);
		torture_say(
		    "a list is never seen inconsistent", to->why, figures);
	}
	return torture_failed;
}
