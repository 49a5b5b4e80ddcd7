/*
 * lane.c -- writers at full speed, readers on the other core, small rings.
 *
 * Each record carries its number and a checksum.  Promised: every record that
 * is delivered is whole and has the number that the reader gives it, numbers
 * only grow, and delivered + lost = written.  Besides the reader that stays at
 * it, a `jumper' sits down anew all the time: at the oldest record, at the
 * newest, and counts.
 *
 * Built in three ways: as it is (processes); with -fsanitize=thread and
 * -DSHMLOG_TSAN (threads, every word released and acquired: e2e/tsan.sh); with
 * -DTORTURE_WEAK, on a machine of weak order as weak.h plays it.
 */
#ifdef TORTURE_WEAK
#include "tests/torture/weak.h"

#include "common/ring.c"
#endif

#include "common/ring.h"

#include <stdatomic.h>

#include "common/shared.h"
#include "tests/torture/crew.h"
#include "tests/torture/torture.h"

#define READERS 2
#ifdef TORTURE_WEAK
#define IDLE_FACTOR 40
#else
#define IDLE_FACTOR 1
#endif
#define MIX UINT64_C(0x9e3779b97f4a7c15)

struct lane_case {
	const char *name;
	uint64_t ring;
	uint64_t records; /* at the full size */
	uint64_t start;
	uint32_t batch; /* records in one, 1: none */
	int stops;      /* the readers are stopped and continued */
	int paced;      /* the writer yields, so that readers keep up */
};

static const struct lane_case cases[] = {
	{ "a small ring at full speed", 65536, 50000000, 0, 1, 0, 0 },
	{ "readers stopped and continued", 65536, 25000000, 0, 1, 1, 0 },
	{ "batches", 262144, 10000000, 0, 9, 0, 0 },
	{ "positions past 2^64", 65536, 10000000, UINT64_MAX - (1u << 20) + 1,
	    1, 0, 0 },
	{ "readers that keep up", 131072, 5000000, 0, 3, 0, 1 },
};

struct lane_result {
	uint64_t delivered;
	uint64_t lost;
	uint64_t laps;
	char why[256];
};

struct lane_run {
	struct lane_case c;
	uint8_t *lane;
	_Atomic int done;
	_Atomic uint64_t written;
	struct lane_result results[READERS];
};

static uint32_t
payload_length(uint64_t number, uint64_t ring)
{
	uint32_t max = ring_record_max(ring) - (uint32_t)sizeof(struct record);

	if (number % 1021 == 1020)
		return 16 + (uint32_t)((number * MIX) >> 33) % (max - 15);
	return 16 + (uint32_t)((number * MIX) >> 33) % 112;
}

/* Of `length' bytes; the second word is where it stands, and is left out. */
static uint64_t
checksum(const uint8_t *p, uint32_t length)
{
	uint64_t sum = length, word;

	for (uint32_t i = 0; i < length; i += 8) {
		word = 0;
		__builtin_memcpy(&word, p + i, length - i < 8 ? length - i : 8);
		if (i != 8)
			sum = ((sum << 7) | (sum >> 57)) ^ (word * MIX);
	}
	return sum;
}

/* Makes record `number': its head and its payload. */
static void
make(struct record *r, uint8_t *payload, uint64_t number, uint64_t ring)
{
	uint32_t length = payload_length(number, ring);
	uint64_t word = number;

	for (uint32_t i = 0; i < length; i += 8) {
		__builtin_memcpy(payload + i, &word, 8);
		word = word * 3 + MIX;
	}
	word = checksum(payload, length);
	__builtin_memcpy(payload + 8, &word, 8);
	r->length = (uint32_t)sizeof(*r) + length;
	r->tag = (uint16_t)(number % TAGS_MAX);
	r->level = (uint8_t)(number % 8);
	r->flags = 0;
	r->id = number * MIX;
	r->time = ~number;
}

static void
write_one(struct ring_writer *w, uint64_t number)
{
	static _Thread_local uint8_t payload[RECORD_MAX + 8];
	struct record r;

	make(&r, payload, number, w->size);
	ring_append(w, &r, payload);
}

/* Writes up to n records in one batch; returns how many. */
static uint32_t
write_batch(struct ring_writer *w, uint64_t number, uint32_t n)
{
	static _Thread_local uint8_t batch[2 * RECORD_MAX];
	uint64_t used = 0;
	uint32_t i;

	for (i = 0; i < n; i++) {
		uint64_t need = round_up(
		    sizeof(struct record) + payload_length(number, w->size), 8);
		struct record r;

		if (used + need > ring_record_max(w->size))
			break;
		make(&r, batch + used + sizeof(r), number++, w->size);
		__builtin_memcpy(batch + used, &r, sizeof(r));
		used += need;
	}
	ring_append_batch(w, batch, used, i);
	return i;
}

static void
writer(struct lane_run *run)
{
	struct ring_writer w;
	uint64_t n = 0, left;

#ifdef TORTURE_WEAK
	weak_begin(run->lane, sizeof(struct lane_header) + run->c.ring, 7);
#endif
	torture_pin(0);
	ring_create(&w, run->lane, run->c.ring, run->c.start);
	while (n < run->c.records) {
		left = run->c.records - n;
		if (run->c.batch == 1) {
			write_one(&w, n++);
		} else {
			n += write_batch(&w, n,
			    left < run->c.batch ? (uint32_t)left
						: run->c.batch);
		}
		if (run->c.paced && n % 32 < run->c.batch)
			sched_yield();
	}
#ifdef TORTURE_WEAK
	weak_drain();
#endif
	atomic_store(&run->written, n);
	atomic_store(&run->done, 1);
}

/* Whether a delivered record is number `number', whole. */
static int
is_whole(const struct ring_record *r, uint64_t number, uint64_t ring)
{
	uint64_t words[2];

	if (r->length < 16 || r->length != payload_length(number, ring))
		return 0;
	__builtin_memcpy(words, r->payload, 16);
	return words[0] == number && r->head.id == number * MIX &&
	       r->head.time == ~number && r->head.flags == 0 &&
	       r->head.tag == number % TAGS_MAX &&
	       r->head.level == number % 8 &&
	       words[1] == checksum((const uint8_t *)r->payload, r->length);
}

/* Delivers what stands in a copy; -1: something was wrong. */
static int
deliver(struct ring_reader *r, const void *buf, size_t length,
    struct lane_result *result)
{
	struct ring_record record;
	uint64_t records = 0;
	size_t offset = 0;
	enum ring_step step;

	while (
	    (step = ring_next(buf, length, &offset, &record)) == RING_RECORD) {
		if (!is_whole(&record, r->number + records, r->size)) {
			torture_blame(result->why,
			    "record %llu is torn, stale or out of order",
			    (unsigned long long)(r->number + records));
			return -1;
		}
		records++;
	}
	if (step == RING_BAD || offset == 0) {
		torture_blame(result->why, "no record after %llu",
		    (unsigned long long)(r->number + records));
		return -1;
	}
	ring_advance(r, offset, records);
	result->delivered += records;
	return 0;
}

/* One read; 1: go on, 0: nothing there, -1: wrong. */
static int
read_once(struct ring_reader *r, void *buf, size_t size, struct lane_result *to)
{
	size_t length;

	switch (ring_read(r, buf, size, &length)) {
	case RING_EMPTY:
		return 0;
	case RING_DATA:
		return deliver(r, buf, length, to) == 0 ? 1 : -1;
	case RING_LAPPED:
		to->laps++;
		switch (ring_reseat(r, &to->lost)) {
		case RING_DATA:
		case RING_LAPPED:
			return 1;
		case RING_EMPTY:
		case RING_CORRUPT:
			break;
		}
		torture_blame(to->why, "corrupt when it sat down after %llu",
		    (unsigned long long)r->number);
		return -1;
	case RING_CORRUPT:
		break;
	}
	torture_blame(to->why, "corrupt when it read after %llu",
	    (unsigned long long)r->number);
	return -1;
}

static void
begin_reading(struct lane_run *run, struct ring_reader *r, int who)
{
	(void)who;
#ifdef TORTURE_WEAK
	weak_begin(NULL, 0, (uint64_t)who + 11);
	weak_watch(run->lane); /* claim */
#endif
	torture_pin(1);
	while (shared_load(&((struct lane_header *)run->lane)->start) !=
	       run->c.start)
		sched_yield();
	ring_reader_init(r, run->lane, run->c.ring);
}

/* So that the writer is now and then just about to lap the reader. */
static void
idle(uint64_t turns)
{
	for (uint64_t i = 0; i < turns; i++)
		__asm__ volatile("" ::: "memory");
}

/* Reads from the first record to the last one. */
static void
reader(struct lane_run *run, struct lane_result *to)
{
	static _Thread_local uint64_t buf[RECORD_MAX / 8];
	struct ring_reader r;
	uint64_t n;
	uint64_t random = 5;
	int done, got;

	begin_reading(run, &r, 0);
	do {
		done = atomic_load(&run->done);
		if (!run->c.paced && torture_random(&random) % 8 == 0)
			idle(torture_random(&random) %
			     (run->c.ring * IDLE_FACTOR));
		got = read_once(&r, buf, sizeof(buf), to);
		if (got == -1)
			return;
		if (got == 0)
			sched_yield();
	} while (got != 0 || !done);
	n = atomic_load(&run->written);
	if (r.number != n || to->delivered + to->lost != n)
		torture_blame(to->why, "delivered %llu + lost %llu of %llu",
		    (unsigned long long)to->delivered,
		    (unsigned long long)to->lost, (unsigned long long)n);
	if (ring_count(&r, &n) != RING_DATA || n != r.number)
		torture_blame(to->why, "counted %llu, not %llu",
		    (unsigned long long)n, (unsigned long long)r.number);
}

/* Sits down anew, somewhere; -1: wrong. */
static int
jump(struct ring_reader *r, uint64_t how, struct lane_result *to)
{
	uint64_t n = 0, before = r->number;
	enum ring_result got = how % 3 == 0   ? ring_seat_oldest(r)
			       : how % 3 == 1 ? ring_seat_end(r)
					      : ring_count(r, &n);

	if (got == RING_CORRUPT) {
		torture_blame(to->why, "corrupt when it jumped (%u) from %llu",
		    (unsigned)(how % 3), (unsigned long long)before);
		return -1;
	}
	if (how % 3 == 2 && got == RING_DATA && n < before) {
		torture_blame(to->why, "counted %llu, less than %llu",
		    (unsigned long long)n, (unsigned long long)before);
		return -1;
	}
	return 0;
}

static void
jumper(struct lane_run *run, struct lane_result *to)
{
	static _Thread_local uint64_t buf[RECORD_MAX / 8];
	struct ring_reader r;
	uint64_t random = 42, how;
	int got = 1;

	begin_reading(run, &r, 1);
	while (!atomic_load(&run->done)) {
		how = torture_random(&random);
		/* mostly short copies: what is in them is fresh */
		if (jump(&r, how >> 8, to) == -1)
			return;
		for (how %= 8; how > 0 && got == 1; how--) {
			got = read_once(&r, buf, sizeof(buf), to);
			if (got == -1)
				return;
		}
		got = 1;
		if (how == 0)
			sched_yield();
	}
}

static void
perform(void *arg, int who)
{
	struct lane_run *run = arg;

	if (who == 0)
		writer(run);
	else if (who == 1)
		reader(run, &run->results[0]);
	else
		jumper(run, &run->results[1]);
}

static void
run_all(struct lane_run *run)
{
	const struct crew crew = {
		.n = 1 + READERS,
		.work = perform,
		.run = run,
		.why = run->results[0].why,
		.done = run->c.stops ? &run->done : NULL,
		.first = 1, /* not the writer */
		.stopped = 3000000,
		.going = 3000000,
	};

	crew_run(&crew);
}

/* Whether the readers met what they are to meet; that is the scheduler's. */
static int
has_shown(const struct lane_run *run)
{
	const struct lane_result *first = &run->results[0];

	return run->c.paced ? first->delivered != 0 : first->laps != 0;
}

#define RUNS_MAX 10 /* until one has shown something */

static void
run_case(const struct lane_case *c, uint64_t part)
{
	size_t size = sizeof(struct lane_header) + c->ring;
	struct lane_run *run = torture_shared(sizeof(*run));
	const struct lane_result *first = &run->results[0];
	const struct lane_result *second = &run->results[1];
	uint64_t began = torture_ns();
	char figures[200];

	for (int i = 0; i < RUNS_MAX; i++) {
		memset(run, 0, sizeof(*run));
		run->c = *c;
		run->c.records /= part;
		run->lane = torture_shared(size);
		run_all(run);
		if (*first->why || *second->why || has_shown(run))
			break;
		if (i < RUNS_MAX - 1)
			munmap(run->lane, size);
	}
	if (!has_shown(run))
		torture_blame(run->results[0].why,
		    c->paced ? "was always lapped"
			     : "was never lapped: this has shown nothing");
	snprintf(figures, sizeof(figures),
	    "%llu written, %llu delivered, %llu lost, %llu laps, "
	    "%llu by the jumper, %.1f s",
	    (unsigned long long)run->written,
	    (unsigned long long)first->delivered,
	    (unsigned long long)first->lost, (unsigned long long)first->laps,
	    (unsigned long long)second->delivered,
	    (double)(torture_ns() - began) / 1e9);
	torture_say(c->name, *first->why ? first->why : second->why, figures);
	munmap(run->lane, size);
	munmap(run, sizeof(*run));
}

int
main(int argc, char **argv)
{
	/* what is played or watched costs ten to a hundred times as much */
#if defined(TORTURE_WEAK)
	uint64_t part = torture_full(argc, argv) ? 5 : 50;
#elif defined(SHMLOG_TSAN)
	uint64_t part = torture_full(argc, argv) ? 10 : 100;
#else
	uint64_t part = torture_full(argc, argv) ? 1 : 10;
#endif

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&cases[i], part);
	return torture_failed;
}
