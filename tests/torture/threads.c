/*
 * threads.c -- 16 threads on 2 CPUs, and a signal handler that logs while its
 * thread is in mid-append.
 *
 * Each thread numbers its records, and so does each thread's handler.
 * Promised: no record is torn; each one that was not dropped is there once, the
 * dropped ones are as many as shmlog_dropped() says; the records of a thread
 * stand in their order, in each lane and by their times over all lanes.
 */
#include <sys/time.h>

#include <inttypes.h>
#include <pthread.h>

#include "common/format.h"
#include "tests/torture/daemon.h"
#include "tests/torture/harvest.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

#define THREADS 16
#define WRITERS (2 * THREADS) /* the second half: their handlers */
#define FILL 48

#define FORMAT_SHORT "w=%" PRIu64 " n=%" PRIu64
#define FORMAT_LONG "w=%" PRIu64 " %.*sn=%" PRIu64
#define SPACES "                                        "

struct payload {
	uint64_t writer;
	uint64_t number;
	uint64_t sum;
	uint8_t fill[FILL];
};

/* What a writer did, and what was found of it. */
struct account {
	uint64_t tried;
	uint64_t dropped;
	uint8_t *state; /* of each number: 1 written, 2 dropped; 4: found */
	uint64_t last_in_lane[LANES_MAX]; /* number + 1 */
};

static struct shmlog *handle;
static struct shmlog_stream *stream;
static struct account accounts[WRITERS];
static uint64_t wanted; /* records of each thread */
static _Thread_local int who = -1;
static _Thread_local volatile sig_atomic_t in_put;
static _Atomic uint64_t interrupted;

static uint64_t
sum_of(const struct payload *p, size_t length)
{
	uint64_t sum = p->writer * 31 + p->number;

	for (size_t i = 0; i < length - offsetof(struct payload, fill); i++)
		sum = sum * 33 + p->fill[i];
	return sum;
}

static size_t
length_of(uint64_t number)
{
	return offsetof(struct payload, fill) + number * 7 % (FILL + 1);
}

/* One in four by each of two formats, which all threads and handlers share. */
static int
put_one(const struct payload *p, size_t length)
{
	uint64_t id = p->number + 1;

	switch (p->number % 4) {
	case 1:
		return shmlog_printf(stream, 0, SHMLOG_INFO, id, FORMAT_SHORT,
		    p->writer, p->number);
	case 3:
		return shmlog_printf(stream, 0, SHMLOG_INFO, id, FORMAT_LONG,
		    p->writer, (int)(p->number % 40), SPACES, p->number);
	default:
		return shmlog_put(stream, 0, SHMLOG_INFO, id, p, length);
	}
}

/* Puts the writer's next record. */
static void
put(int writer)
{
	struct account *a = &accounts[writer];
	size_t length = length_of(a->tried);
	struct payload p = { .writer = (uint64_t)writer, .number = a->tried };

	memset(p.fill, (int)(a->tried % 251), sizeof(p.fill));
	p.sum = sum_of(&p, length);
	if (put_one(&p, length) == 1) {
		a->state[a->tried] = 1;
	} else {
		a->state[a->tried] = 2;
		a->dropped++;
	}
	a->tried++;
}

static void
on_alarm(int number)
{
	(void)number;
	if (who == -1 || accounts[THREADS + who].tried == wanted)
		return;
	if (in_put)
		atomic_fetch_add(&interrupted, 1);
	put(THREADS + who);
}

static void *
thread(void *arg)
{
	who = (int)(intptr_t)arg;
	for (uint64_t i = 0; i < wanted; i++) {
		in_put = 1;
		put(who);
		in_put = 0;
	}
	who = -1;
	return NULL;
}

static void
write_all(void)
{
	struct itimerval often = { { 0, 25 }, { 0, 25 } }, never;
	struct sigaction sa = { .sa_handler = on_alarm };
	pthread_t threads[THREADS];
	sigset_t set;

	memset(&never, 0, sizeof(never));
	for (int i = 0; i < WRITERS; i++) {
		accounts[i].state = calloc(wanted, 1);
		if (accounts[i].state == NULL)
			torture_die("calloc");
	}
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(
			&threads[i], NULL, thread, (void *)(intptr_t)i) != 0)
			torture_die("pthread_create");
	/* not in this thread, which only waits */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	setitimer(ITIMER_REAL, &never, NULL);
}

/* By writer and number, where and when it was found. */
struct found {
	uint64_t time;
};

struct check {
	struct found *found[WRITERS];
	uint64_t deferred; /* records of arguments */
	char torn[256];
	char once[256];
	char order[256];
};

/* By put_one()'s formats, text or arguments; 0, or -1. */
static int
read_format(const struct ring_record *r, struct payload *p)
{
	static const char *const formats[] = { FORMAT_SHORT, FORMAT_LONG };
	char got[256], expected[256];
	int odd, n = (int)r->length;

	p->number = r->head.id - 1;
	odd = (int)(p->number % 4 / 2);
	if ((r->head.flags & RECORD_ARGS) != 0)
		n = format_render_text(formats[odd], strlen(formats[odd]),
		    r->payload, r->length, got, sizeof(got));
	else if (r->length < sizeof(got))
		memcpy(got, r->payload, r->length);
	if (n < 0 || n >= (int)sizeof(got))
		return -1;
	got[n] = '\0';
	p->writer = strtoull(got + 2, NULL, 10);
	if (odd)
		(void)snprintf(expected, sizeof(expected), FORMAT_LONG,
		    p->writer, (int)(p->number % 40), SPACES, p->number);
	else
		(void)snprintf(expected, sizeof(expected), FORMAT_SHORT,
		    p->writer, p->number);
	return strcmp(got, expected) == 0 ? 0 : -1;
}

static int
read_payload(const struct ring_record *r, struct payload *p)
{
	memset(p, 0, sizeof(*p));
	if ((r->head.id - 1) % 2 == 1)
		return read_format(r, p);
	memcpy(p, r->payload, r->length < sizeof(*p) ? r->length : sizeof(*p));
	return r->length == length_of(p->number) &&
		       p->sum == sum_of(p, r->length)
		   ? 0
		   : -1;
}

static void
on_record(void *arg, const struct descriptor *d, uint32_t lane, uint64_t number,
    const struct ring_record *r)
{
	struct check *c = arg;
	struct account *a;
	struct payload p;

	(void)d;
	c->deferred += (r->head.flags & RECORD_ARGS) != 0;
	if (read_payload(r, &p) != 0 || p.writer >= WRITERS ||
	    p.number >= accounts[p.writer].tried ||
	    r->head.id != p.number + 1) {
		torture_blame(c->torn, "record %llu of lane %u",
		    (unsigned long long)number, lane);
		return;
	}
	a = &accounts[p.writer];
	if (a->state[p.number] != 1)
		torture_blame(c->once, "writer %llu's record %llu: state %d",
		    (unsigned long long)p.writer, (unsigned long long)p.number,
		    a->state[p.number]);
	a->state[p.number] |= 4;
	if (a->last_in_lane[lane] > p.number)
		torture_blame(c->order, "writer %llu's record %llu in a lane",
		    (unsigned long long)p.writer, (unsigned long long)p.number);
	a->last_in_lane[lane] = p.number + 1;
	c->found[p.writer][p.number].time = r->head.time;
}

/* Every record that was written is found, later ones at later times. */
static void
check_writer(struct check *c, int writer)
{
	const struct account *a = &accounts[writer];
	uint64_t time = 0;

	for (uint64_t i = 0; i < a->tried; i++) {
		if (a->state[i] == 1)
			torture_blame(c->once,
			    "writer %d's record %llu is lost", writer,
			    (unsigned long long)i);
		if (a->state[i] != 5)
			continue;
		if (c->found[writer][i].time < time)
			torture_blame(c->order,
			    "writer %d's record %llu by its time", writer,
			    (unsigned long long)i);
		time = c->found[writer][i].time;
	}
}

static uint64_t
figure(enum figure n)
{
	return shmlog_value(stream->figures, n);
}

static void
check_all(double seconds)
{
	static struct check c;
	struct harvest h = { .record = on_record, .arg = &c };
	uint64_t dropped = 0, by_handlers = 0, tried = 0;
	struct segment s;
	char figures[256], why[256] = "";

	for (int i = 0; i < WRITERS; i++) {
		c.found[i] = calloc(wanted, sizeof(*c.found[i]));
		if (c.found[i] == NULL)
			torture_die("calloc");
		dropped += accounts[i].dropped;
		tried += accounts[i].tried;
		if (i >= THREADS)
			by_handlers += accounts[i].tried;
	}
	torture_map(&s);
	harvest_segment(&h, &s, "threads");
	for (int i = 0; i < WRITERS; i++)
		check_writer(&c, i);
	snprintf(figures, sizeof(figures),
	    "%llu records, %llu by handlers, %llu of them in mid-put, "
	    "%llu dropped, %.1f s",
	    (unsigned long long)tried, (unsigned long long)by_handlers,
	    (unsigned long long)interrupted, (unsigned long long)dropped,
	    seconds);
	if (by_handlers == 0 || interrupted == 0)
		torture_blame(h.why, "no handler ran in mid-put");
	if (c.deferred < (tried - dropped) / 3)
		torture_blame(h.why, "only %llu records were of arguments",
		    (unsigned long long)c.deferred);
	if (h.lost != 0)
		torture_blame(h.why, "the lanes were too small for this test");
	torture_say("no record is torn", *h.why ? h.why : c.torn, figures);
	torture_say("each record is there once, or was dropped", c.once, NULL);
	torture_say(
	    "the records of a thread stand in their order", c.order, NULL);
	if (dropped != shmlog_dropped(handle) || h.records != tried - dropped)
		torture_blame(why, "%llu were, %llu are counted, %llu found",
		    (unsigned long long)dropped,
		    (unsigned long long)shmlog_dropped(handle),
		    (unsigned long long)h.records);
	torture_say("what was dropped is counted", why, NULL);
	why[0] = '\0';
	if (figure(FIGURE_RECORDS) != h.records ||
	    figure(FIGURE_DROPPED) != dropped)
		torture_blame(why, "%llu records and %llu dropped, it says",
		    (unsigned long long)figure(FIGURE_RECORDS),
		    (unsigned long long)figure(FIGURE_DROPPED));
	torture_say("the stream's own figures are exact", why, NULL);
}

int
main(int argc, char **argv)
{
	int full = torture_full(argc, argv);
	const char *options[] = { "-s", full ? "4g" : "400m", NULL };
	struct shmlog_stream_options o = { .lanes = 3,
		.lane_size = (size_t)(full ? 1024 : 128) << 20 };
	uint64_t began;

	wanted = full ? 400000 : 40000;
	torture_instance();
	torture_wait_ready(torture_start(options));
	handle = shmlog_open(NULL);
	stream = shmlog_stream(handle, "threads", "torture", &o);
	if (stream == NULL || shmlog_wait(handle, 5000) == -1)
		torture_die("shmlog_wait");
	began = torture_ns();
	write_all();
	check_all((double)(torture_ns() - began) / 1e9);
	shmlog_close(handle);
	return torture_failed;
}
