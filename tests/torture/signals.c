/*
 * signals.c -- a signal handler that logs, at every instruction of a put.
 *
 * A child puts a record, over and over; its parent steps it (PTRACE_SINGLESTEP)
 * through n instructions of the n-th put and then lets it run, with a signal
 * whose handler puts records, commits a batch and adds to a counter; until the
 * put is over before that.  Promised: every record of both is there whole, once
 * and in order, or its put said that it was dropped; no lane stays held; errno
 * in what was interrupted is what it was.
 */
#include <pthread.h>

#include "common/clock.h"
#include "tests/torture/daemon.h"
#include "tests/torture/harvest.h"
#include "tests/torture/step.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

#define POINTS_MAX 6000
#define LANES 3
#define LONG 1000
#define FILLERS 63 /* of LONG + 1 bytes: what is left of a lane is padding */
#define SECTION ((uint64_t)1 << 18)

/* Who put a record: the upper half of its id; the lower is the point. */
enum kind { FILLER, MAIN, MAIN_BATCH, HANDLER, HANDLER_LONG, HANDLER_BATCH };
#define KINDS (HANDLER_BATCH + 1)

/* What is put, and before which state. */
struct scene {
	const char *name;
	size_t length;
	int batch;       /* a batch of two is committed */
	int batch_puts;  /* ... and is put together there, too */
	int fresh;       /* in a stream that has just joined */
	int fill;        /* which is filled up to its lane's end before */
	int renews;      /* the clock needs its next anchor */
	int moves;       /* the lanes are to go to another section */
	int forks;       /* the handler does, twice, and the grandchild ends
			    the put */
	unsigned shares; /* of the points, one in so many */
};

static const struct scene scenes[] = {
	{ .name = "a short record", .length = 20, .shares = 1 },
	{ .name = "a long record", .length = LONG, .shares = 1 },
	{ .name = "a batch", .length = 50, .batch = 1, .shares = 1 },
	{ .name = "a batch's records",
	    .length = 50,
	    .batch = 1,
	    .batch_puts = 1,
	    .shares = 3 },
	{ .name = "a record with padding",
	    .length = LONG,
	    .fresh = 1,
	    .fill = 1,
	    .shares = 1 },
	{ .name = "a first record", .length = 20, .fresh = 1, .shares = 1 },
	{ .name = "a record that renews the clock",
	    .length = 20,
	    .renews = 1,
	    .shares = 4 },
	{ .name = "a record that moves its lane",
	    .length = 20,
	    .moves = 1,
	    .shares = 1 },
	{ .name = "a handler that forks",
	    .length = 20,
	    .forks = 1,
	    .shares = 1 },
};

struct point {
	uint8_t signalled;
	uint8_t put[KINDS]; /* 1: it is said to be there */
	uint8_t found[KINDS];
	uint8_t bad_errno;
	uint8_t held; /* lanes, afterwards */
	uint64_t time;
};

struct shared {
	_Atomic unsigned done; /* points */
	_Atomic int stop;
	uint64_t collisions; /* as the streams have them */
	uint64_t records;    /* the same */
	uint64_t fillers;
	uint64_t adds; /* as the counter has them */
	uint32_t pid;
	int last;   /* what another thread's put returned */
	int forked; /* a child's status that was not 0 */
	struct point points[POINTS_MAX];
};

static const struct scene *scene;
static struct shared *all;
static uint8_t *sections; /* for scenes that move */

static struct shmlog *handle;
static struct shmlog_stream *stream;
static struct shmlog_batch *batch, *handlers_batch;
static uint64_t *counter;
static volatile unsigned point;
static pid_t leader;

static uint64_t
make_id(unsigned kind, unsigned number)
{
	return (uint64_t)kind << 32 | number;
}

static void
make_text(char *text, uint64_t id, size_t length)
{
	memset(text, 'a' + (int)(id * 7 % 26), length);
	if (length > 17)
		snprintf(text, 17, "%016llx", (unsigned long long)id);
}

static size_t
length_of(uint64_t id)
{
	switch ((enum kind)(id >> 32)) {
	case FILLER:
		return LONG + 1;
	case MAIN:
	case MAIN_BATCH:
		return scene->length;
	case HANDLER_LONG:
		return LONG;
	case HANDLER:
	case HANDLER_BATCH:
		break;
	}
	return 30;
}

static void
put(enum kind kind)
{
	uint64_t id = make_id(kind, point);
	char text[LONG + 1];

	make_text(text, id, length_of(id));
	all->points[point].put[kind] = (uint8_t)shmlog_put(
	    stream, 0, SHMLOG_INFO, id, text, length_of(id));
}

static void
put_batched(struct shmlog_batch *b, enum kind kind)
{
	uint64_t id = make_id(kind, point);
	char text[LONG + 1];

	make_text(text, id, length_of(id));
	(void)shmlog_batch_put(b, 0, SHMLOG_INFO, id, text, length_of(id));
}

/* In the grandchild the handler returns, into what was interrupted. */
static int
fork_twice(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			return 1;
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		status = 1;
	if (getpid() != leader)
		_exit(WIFSIGNALED(status) ? WTERMSIG(status)
					  : WEXITSTATUS(status));
	if (status != 0)
		all->forked = WEXITSTATUS(status);
	return 0;
}

static void
on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (scene->forks) {
		(void)fork_twice();
		errno = saved;
		return;
	}
	put(HANDLER);
	put(HANDLER_LONG);
	put_batched(handlers_batch, HANDLER_BATCH);
	all->points[point].put[HANDLER_BATCH] =
	    shmlog_batch_commit(handlers_batch) == 0;
	shmlog_add(counter, 1);
	/* errno is not put back: nothing of this may change it */
}

static void
make_stream(void)
{
	struct shmlog_stream_options o = { .lanes = LANES,
		.lane_size = scene->fresh || scene->forks || scene->moves
				 ? 65536
				 : 8 << 20 };

	shmlog_batch_free(batch);
	shmlog_batch_free(handlers_batch);
	shmlog_stream_free(stream);
	stream = shmlog_stream(handle, "signals", "x", &o);
	batch = shmlog_batch(stream);
	handlers_batch = shmlog_batch(stream);
	if (batch == NULL || handlers_batch == NULL ||
	    shmlog_wait(handle, 20000) == -1)
		torture_die("shmlog_stream");
}

/* The lanes are elsewhere, all of them: they were held when the joiner came. */
static void
move_lanes(void)
{
	struct place place = { .created = 1,
		.serial = point + 1,
		.length = SECTION,
		.map = sections + point * SECTION };

	for (int i = 0; i < LANES; i++)
		if (!trylock_take(&stream->lanes[i].lock))
			all->points[point].held++;
	stream_create(place.map, &stream->plan);
	if (lanes_retarget(stream, &place, 0) != 0)
		torture_die("lanes_retarget");
	for (int i = 0; i < LANES; i++)
		trylock_give(&stream->lanes[i].lock);
}

static void
prepare(void)
{
	uint64_t version = clock_version();
	char text[LONG + 1];

	if (scene->fresh)
		make_stream();
	if (scene->moves)
		move_lanes();
	for (unsigned i = 0; scene->fill && i < FILLERS; i++) {
		make_text(text, make_id(FILLER, point), sizeof(text));
		all->fillers += (uint64_t)shmlog_put(
		    stream, 0, 6, make_id(FILLER, point), text, sizeof(text));
	}
	if (scene->batch && !scene->batch_puts) {
		put_batched(batch, MAIN);
		put_batched(batch, MAIN_BATCH);
	}
	if (scene->renews && version >= 2)
		atomic_store(&clock_state.anchors[version >> 1 & 1].valid, 1);
}

/* What the signal comes into. */
static void
act(char text[2][LONG + 1])
{
	struct point *p = &all->points[point];

	if (scene->batch_puts) {
		(void)shmlog_batch_put(
		    batch, 0, 6, make_id(MAIN, point), text, scene->length);
		put_batched(batch, MAIN_BATCH);
	}
	if (scene->batch)
		p->put[MAIN] = p->put[MAIN_BATCH] =
		    shmlog_batch_commit(batch) == 0;
	else
		p->put[MAIN] = (uint8_t)shmlog_put(
		    stream, 0, 6, make_id(MAIN, point), text[0], scene->length);
}

static void
look_after(void)
{
	struct point *p = &all->points[point];

	if (errno != EXDEV)
		p->bad_errno = 1;
	/* those of one stream, or of all */
	if (!scene->fresh)
		all->collisions = all->records = 0;
	all->collisions += shmlog_value(stream->figures, FIGURE_COLLISIONS);
	all->records += shmlog_value(stream->figures, FIGURE_RECORDS);
	for (int i = 0; i < LANES; i++)
		if (trylock_is_held(&stream->lanes[i].lock))
			p->held++;
}

static void *
put_last(void *arg)
{
	(void)arg;
	point++;
	all->last = shmlog_puts(stream, 0, 6, UINT64_MAX, "the last one");
	return NULL;
}

static void
be_child(void)
{
	static const struct shmlog_def def = { .name = "signals",
		.kind = SHMLOG_COUNTER };
	struct sigaction sa = { .sa_handler = on_signal };
	struct shmlog_set *set;
	char text[2][LONG + 1];
	pthread_t t;

	leader = getpid();
	all->pid = (uint32_t)leader;
	torture_pin(1);
	handle = shmlog_open(NULL);
	set = shmlog_set(handle, "signals", "x", &def, 1, NULL);
	counter = shmlog_counter(set, 0);
	make_stream();
	sigaction(SIGUSR1, &sa, NULL);
	step_me();
	for (point = 0; !atomic_load(&all->stop); point++) {
		prepare();
		for (int i = 0; i < 2; i++)
			make_text(text[i], make_id(MAIN + (unsigned)i, point),
			    scene->length);
		errno = EXDEV;
		raise(SIGSTOP);
		act(text);
		atomic_store(&all->done, point + 1);
		if (getpid() != leader)
			_exit(errno == EXDEV &&
				      shmlog_puts(stream, 0, 6, UINT64_MAX,
					  "a grandchild's") >= 0
				  ? 0
				  : 1);
		look_after();
	}
	all->adds = shmlog_value(set, 0);
	if (pthread_create(&t, NULL, put_last, NULL) != 0)
		torture_die("pthread_create");
	pthread_join(t, NULL);
	_exit(0);
}

/* Signals a child in each of its puts, later and later; how many it did. */
static unsigned
run_child(unsigned stride)
{
	pid_t pid = torture_fork();
	unsigned n;

	if (pid == 0)
		be_child();
	if (step_wait(pid) != SIGSTOP || step_on(pid, 0) == -1)
		torture_die("a child that did not join");
	for (n = 0; n < POINTS_MAX; n++) {
		for (unsigned i = 0;
		     i <= n * stride && atomic_load(&all->done) == n; i++)
			step_once(pid);
		if (atomic_load(&all->done) != n || n == POINTS_MAX - 1) {
			atomic_store(&all->stop, 1);
			break;
		}
		all->points[n].signalled = 1;
		if (step_on(pid, SIGUSR1) == -1)
			torture_die("a child that was killed");
	}
	if (step_on(pid, 0) == 0)
		torture_die("a child that does not end");
	return n;
}

struct check {
	char why[256];
	unsigned next[LANES_MAX][KINDS]; /* point, at least */
};

static void
on_record(void *arg, const struct descriptor *d, uint32_t lane, uint64_t number,
    const struct ring_record *r)
{
	struct check *c = arg;
	uint64_t id = r->head.id;
	unsigned kind = (unsigned)(id >> 32), n = (unsigned)id;
	char text[LONG + 1];

	/* nor what grandchildren put in streams of their own */
	if (id == UINT64_MAX || (scene->forks && d->owner_pid != all->pid))
		return;
	if (kind >= KINDS || n >= POINTS_MAX || r->length != length_of(id)) {
		torture_blame(c->why, "record %llu of lane %u is torn",
		    (unsigned long long)number, lane);
		return;
	}
	make_text(text, id, r->length);
	if (memcmp(text, r->payload, r->length) != 0)
		torture_blame(c->why, "point %u: record %u is torn", n, kind);
	if (kind == FILLER)
		return;
	if (n < c->next[lane][kind])
		torture_blame(c->why, "point %u: record %u comes after %u's", n,
		    kind, c->next[lane][kind] - 1);
	if (!scene->fresh)
		c->next[lane][kind] = n + 1;
	all->points[n].found[kind]++;
	if (kind == MAIN)
		all->points[n].time = r->head.time;
}

static void
check_points(struct check *c, unsigned n)
{
	uint64_t time = 0;
	uint64_t records = all->fillers;
	unsigned signals = 0;

	for (unsigned i = 0; i <= n; i++) {
		const struct point *p = &all->points[i];

		signals += p->signalled;
		for (int k = MAIN; k < KINDS; k++) {
			if (p->found[k] != p->put[k])
				torture_blame(c->why,
				    "point %u: record %d is there %u times", i,
				    k, p->found[k]);
			records += p->put[k];
		}
		if (p->put[MAIN] != 1 ||
		    (p->signalled && !scene->forks &&
			(p->put[HANDLER] != 1 || p->put[HANDLER_LONG] != 1 ||
			    p->put[HANDLER_BATCH] != 1)))
			torture_blame(c->why, "point %u: dropped", i);
		if (p->bad_errno)
			torture_blame(c->why, "point %u: errno is changed", i);
		if (p->held != 0)
			torture_blame(
			    c->why, "point %u: %u lanes are held", i, p->held);
		if (p->time < time)
			torture_blame(
			    c->why, "point %u: its time goes back", i);
		time = p->time;
	}
	if (!scene->forks && all->adds != signals)
		torture_blame(c->why, "%llu adds of %u",
		    (unsigned long long)all->adds, signals);
	if (all->records != records)
		torture_blame(c->why, "%llu records are counted of %llu",
		    (unsigned long long)all->records,
		    (unsigned long long)records);
	if (all->forked)
		torture_blame(
		    c->why, "a grandchild ended with %d", all->forked);
	if (all->last != 1)
		torture_blame(c->why, "afterwards nobody can put a record");
	if (all->collisions > 3 * (uint64_t)signals)
		torture_blame(c->why, "%llu collisions",
		    (unsigned long long)all->collisions);
	if (n < 10)
		torture_blame(c->why, "this has shown nothing");
}

static void
harvest_sections(struct harvest *h, unsigned n)
{
	struct descriptor d = { .length = SECTION };
	struct segment s = { .base = sections };

	for (unsigned i = 0; i <= n; i++) {
		d.offset = i * SECTION;
		harvest_stream(h, &s, &d);
	}
}

static void
run_scene(unsigned stride)
{
	static struct check c;
	struct harvest h = { .record = on_record, .arg = &c };
	struct segment s;
	uint64_t began = torture_ns();
	char figures[128];
	unsigned n;

	memset(&c, 0, sizeof(c));
	all = torture_shared(sizeof(*all));
	if (scene->moves)
		sections = torture_shared(POINTS_MAX * SECTION);
	n = run_child(stride);
	torture_map(&s);
	harvest_segment(&h, &s, "signals");
	if (scene->moves)
		harvest_sections(&h, n);
	check_points(&c, n);
	snprintf(figures, sizeof(figures),
	    "%u signals over %u instructions, %llu collisions, %.1f s", n,
	    n * stride, (unsigned long long)all->collisions,
	    (double)(torture_ns() - began) / 1e9);
	torture_say(scene->name, *h.why ? h.why : c.why, figures);
	segment_unmap(&s);
	munmap(all, sizeof(*all));
}

int
main(int argc, char **argv)
{
	int full = torture_full(argc, argv);
	const char *const options[] = { "-s", full ? "512m" : "128m", "-m",
		"8192", NULL };
	unsigned stride = full ? 1 : 7;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    defined(SHMLOG_TSAN)
	printf("skip signals: a sanitizer's instructions are not ours\n");
	return 0;
#endif

	torture_instance();
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		scene = &scenes[i];
		torture_wait_ready(torture_start(options));
		run_scene(stride * scene->shares);
		torture_kill(torture_daemon, SIGTERM);
	}
	return torture_failed;
}
