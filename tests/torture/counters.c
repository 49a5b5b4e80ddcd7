/*
 * counters.c -- sums stay exact, and never go back, whatever is killed.
 *
 * 4 processes with 4 threads each add, while the daemon is killed and restarted
 * and workers are killed and replaced.  A watcher, with the code that shmstat
 * has, looks at all sums all the time.
 *
 * WHAT IS TRUE.  Each thread notes in memory that outlives it, before each add
 * (`begun') and after it (`done').  A worker is killed as follows: SIGSTOP, at
 * some instruction; then the notes are looked at; then SIGKILL.  A thread that
 * was stopped with both notes equal was not adding, so what it added is known
 * to the unit; of one that was between them one unit is in doubt, and the sum
 * may have it or not.  Doubts are counted and shown: there are few.
 *
 * Worst is the moment between a set's PUBLISH and the end of its move
 * (layout.h, CARRY): workers are hunted there, stopped, looked at, and half of
 * them killed.
 *
 * Each add is done in three ways: to a counter that all threads could add to,
 * to one that is its thread's alone, and as a value observed by a histogram of
 * a set with shards.  The notes are the same for all of them, and so is what is
 * true and in doubt; in the histogram each thread has a bucket of its own.
 *
 * What a worker added before it joined for the first time dies with it, so a
 * worker is killed only after that.  Gauges, bitmaps and up-down counters are
 * those of the living: at the end they are what each living worker stored.
 */
#include <pthread.h>

#include "common/directory.h"
#include "common/shared.h"
#include "tests/torture/daemon.h"
#include "tests/torture/watch.h"
#include "worker/shmlog.h"

#define WORKERS 4
#define THREADS 4
#define LIVES_MAX 2048 /* of workers, all told */

enum { GAUGE = THREADS, BITMAP, UPDOWN, SINGLE, WORDS = SINGLE + THREADS };

/* the words of the set with shards */
enum { HISTOGRAM, SHARDED, HOT_WORDS = SHARDED + THREADS };

/* What thread t observes: a bucket each, and the sum tells how often. */
#define OBSERVED(t) (UINT64_C(20) << (4 * (t)))

struct notes {
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
};

/* One worker's life. */
struct life {
	struct notes adds[THREADS];
	_Atomic int joined;
	_Atomic int ended; /* all threads stopped, and it has joined */
	_Atomic int error;
	int met;            /* how often it was stopped in mid-move */
	_Atomic int forgot; /* a gauge or a bitmap, when the set moved */
	int64_t gauge;      /* the last values, when ended */
	uint64_t bitmap;
	_Atomic int64_t updown;
	uint64_t truth[THREADS]; /* of a killed one: known to be added */
	uint64_t doubt[THREADS];
};

struct shared {
	_Atomic int stop;
	_Atomic uint64_t looks;
	char back[256]; /* why: a sum went back */
	struct life lives[LIVES_MAX];
};

static struct shared *all;
static const struct shmlog_def defs[WORDS] = {
	{ "c0", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 0" },
	{ "c1", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 1" },
	{ "c2", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 2" },
	{ "c3", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 3" },
	{ "g", SHMLOG_GAUGE, SHMLOG_STAT_INFO, NULL, "set" },
	{ "b", SHMLOG_BITMAP, SHMLOG_STAT_INFO, NULL, "flipped" },
	{ "u", SHMLOG_UPDOWN, SHMLOG_STAT_INFO, NULL, "up and down" },
	{ "s0", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "thread 0 alone" },
	{ "s1", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "thread 1 alone" },
	{ "s2", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "thread 2 alone" },
	{ "s3", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "thread 3 alone" },
};
static const struct shmlog_def hot_defs[HOT_WORDS] = {
	{ "h", SHMLOG_HISTOGRAM, SHMLOG_STAT_INFO, NULL, "a value a thread" },
	{ "x0", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 0" },
	{ "x1", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 1" },
	{ "x2", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 2" },
	{ "x3", SHMLOG_COUNTER, SHMLOG_STAT_INFO, NULL, "by thread 3" },
};

/*
 * A worker.
 */
struct thread {
	struct life *life;
	struct shmlog *log;
	struct shmlog_set *set;
	struct shmlog_set *hot; /* with shards */
	int index;
};

/*
 * Whether a word that nobody else stores to amounts to what was stored last,
 * also while the set moves to another daemon.
 */
static void
is_still(const struct thread *t, unsigned i, uint64_t value)
{
	if (shmlog_value(t->set, i) != value)
		atomic_store(&t->life->forgot, 1);
}

static void
turn_a_bit(struct life *life, uint64_t *word, uint64_t i)
{
	unsigned bit = (unsigned)(i % 61);
	uint64_t mask = UINT64_C(1) << bit;

	if (i / 61 % 3 == 0) {
		shmlog_bit_flip(word, bit);
		life->bitmap ^= mask;
	} else if (i % 2 == 0) {
		shmlog_bit_set(word, bit);
		life->bitmap |= mask;
	} else {
		shmlog_bit_clear(word, bit);
		life->bitmap &= ~mask;
	}
}

static void *
thread(void *arg)
{
	struct thread *t = arg;
	struct notes *notes = &t->life->adds[t->index];
	uint64_t *c = shmlog_counter(t->set, (unsigned)t->index);
	uint64_t *g = shmlog_counter(t->set, GAUGE);
	uint64_t *b = shmlog_counter(t->set, BITMAP);
	uint64_t *u = shmlog_counter(t->set, UPDOWN);
	uint64_t *s = shmlog_counter(t->set, (unsigned)(SINGLE + t->index));
	struct shmlog_sharded h = shmlog_shards(t->hot, HISTOGRAM);
	struct shmlog_sharded x =
	    shmlog_shards(t->hot, (unsigned)(SHARDED + t->index));

	for (uint64_t i = 0; !atomic_load(&all->stop); i++) {
		atomic_store(&notes->begun, i + 1);
		shmlog_add(c, 1);
		shmlog_add_single(s, 1);
		shmlog_add_sharded(&x, 1);
		shmlog_observe_sharded(&h, OBSERVED(t->index));
		atomic_store(&notes->done, i + 1);
		if (t->index == 0) { /* one thread: it knows the last value */
			is_still(t, GAUGE, (uint64_t)t->life->gauge);
			t->life->gauge = (int64_t)(i % 1000) - 300;
			shmlog_gauge(g, t->life->gauge);
		} else if (t->index == 2) {
			is_still(t, BITMAP, t->life->bitmap);
			turn_a_bit(t->life, b, i);
		}
		if (i % 3 == 0) {
			shmlog_sub(u, 5);
			atomic_fetch_sub(&t->life->updown, 5);
		} else {
			shmlog_add(u, 3);
			atomic_fetch_add(&t->life->updown, 3);
		}
		if (t->index == 1 && i % 4096 == 0)
			(void)shmlog_dispatch(t->log);
		if (i % 512 == 0)
			sched_yield();
		if (i % 65536 == 0)
			torture_sleep(1000000);
	}
	return NULL;
}

static void
worker(struct life *life)
{
	struct shmlog *log = shmlog_open(NULL);
	const struct shmlog_set_options options = { .shards = 4 };
	struct shmlog_set *set =
	    shmlog_set(log, "sums", "torture", defs, WORDS, NULL);
	struct shmlog_set *hot =
	    shmlog_set(log, "sums", "hot", hot_defs, HOT_WORDS, &options);
	struct thread threads[THREADS];
	pthread_t ids[THREADS];

	/* whoever looks and hunts comes first */
	if (nice(10) == -1)
		_exit(5);
	if (set == NULL || hot == NULL)
		_exit(3);
	for (int i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){ life, log, set, hot, i };
		if (pthread_create(&ids[i], NULL, thread, &threads[i]) != 0)
			_exit(4);
	}
	/* with the thread that dispatches: both may join at any time */
	while (shmlog_wait(log, 60000) == -1)
		atomic_store(&life->error, errno);
	atomic_store(&life->joined, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	while (shmlog_wait(log, 60000) == -1)
		atomic_store(&life->error, errno);
	atomic_store(&life->ended, 1);
	for (;;)
		pause();
}

/*
 * Who kills.
 */
struct game {
	pid_t pids[WORKERS];
	struct life *lives[WORKERS];
	unsigned nlives;
	unsigned killed;
	unsigned restarts;
	unsigned hunted; /* workers stopped in mid-move */
	struct directory_entry *entries;
	unsigned early; /* daemons killed before they were ready */
	uint64_t doubts;
	uint64_t random;
};

static void
start_worker(struct game *g, int i)
{
	struct life *life = &all->lives[g->nlives++];
	pid_t pid = torture_fork();

	if (pid == 0)
		worker(life);
	g->pids[i] = pid;
	g->lives[i] = life;
}

/* Returns when all of its threads stand still. */
static void
stop_worker(const struct game *g, int i)
{
	int status;

	kill(g->pids[i], SIGSTOP);
	if (waitpid(g->pids[i], &status, WUNTRACED) == -1 ||
	    !WIFSTOPPED(status))
		torture_die("a worker ended by itself");
}

/* Of one that is stopped. */
static void
finish_worker(struct game *g, int i)
{
	struct life *life = g->lives[i];

	for (int t = 0; t < THREADS; t++) {
		life->truth[t] = life->adds[t].done;
		life->doubt[t] = life->adds[t].begun - life->adds[t].done;
		g->doubts += life->doubt[t];
	}
	torture_kill(g->pids[i], SIGKILL);
	life->updown = life->gauge = 0;
	life->bitmap = 0;
	g->killed++;
	start_worker(g, i);
}

static int
may_die(const struct game *g, int i)
{
	return g->nlives < LIVES_MAX && atomic_load(&g->lives[i]->joined);
}

static void
kill_worker(struct game *g, int i)
{
	if (!may_die(g, i))
		return;
	stop_worker(g, i);
	finish_worker(g, i);
}

/* 1: the worker's set is published and moved, 0: it is not there yet, -1: it is
 * there, and not moved to its end. */
static int
has_moved(const struct game *g, const struct segment *s, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		const struct descriptor *d = &g->entries[i].d;
		const struct set_header *h =
		    (const struct set_header *)(s->base + d->offset);

		if (d->owner_pid == (uint32_t)pid &&
		    descriptor_is(d, CLASS_STAT) &&
		    (d->flags & DESC_PLACEHOLDER) == 0)
			return shared_load(&h->carried) != 0 ? 1 : -1;
	}
	return 0;
}

/* Stops whom it meets in mid-move, for long enough to be looked at. */
static void
meet(struct game *g, const struct segment *s, size_t n, int i)
{
	stop_worker(g, i);
	if (has_moved(g, s, n, g->pids[i]) == -1) {
		g->hunted++;
		g->lives[i]->met++;
		torture_sleep(3000000);
		if (may_die(g, i) && torture_random(&g->random) % 2 == 0) {
			finish_worker(g, i);
			return;
		}
	}
	kill(g->pids[i], SIGCONT);
}

/* Waits for the workers to join: who tried in vain tries again in a second.
 * Each second time it is not that long: then the next daemon finds some of them
 * two segments back. */
static void
hunt(struct game *g)
{
	uint64_t end =
	    torture_ns() + (g->restarts % 2 == 0 ? 1300000000u : 100000000u);
	uint64_t seq;
	struct segment s;
	int left = WORKERS;
	size_t n;

	torture_map(&s);
	while (left > 0 && torture_ns() < end) {
		if (directory_read(&s, g->entries, &n, &seq) != DIRECTORY_WHOLE)
			continue;
		left = 0;
		for (int i = 0; i < WORKERS; i++)
			switch (has_moved(g, &s, n, g->pids[i])) {
			case 1:
				break;
			case 0:
				left++;
				break;
			default:
				/* again and again, it would never move */
				if (g->lives[i]->met < 3)
					meet(g, &s, n, i);
				left++;
				break;
			}
	}
	segment_unmap(&s);
}

static void
restart_daemon(struct game *g, const char *const *options)
{
	pid_t pid = torture_daemon;

	torture_kill(pid, SIGKILL);
	if (torture_random(&g->random) % 2 == 0)
		torture_sleep(torture_random(&g->random) % 20000000);
	if (torture_random(&g->random) % 2 == 0)
		kill_worker(g, (int)(torture_random(&g->random) % WORKERS));
	/* one in three is killed while it starts */
	while (torture_random(&g->random) % 3 == 0) {
		pid = torture_start(options);
		torture_sleep(torture_random(&g->random) % 15000000);
		torture_kill(pid, SIGKILL);
		g->early++;
	}
	torture_wait_ready(torture_start(options));
	g->restarts++;
	hunt(g);
}

static void
play(struct game *g, unsigned restarts, const char *const *options)
{
	for (unsigned i = 0; i < restarts; i++) {
		torture_sleep(torture_random(&g->random) % 200000000);
		kill_worker(g, (int)(torture_random(&g->random) % WORKERS));
		restart_daemon(g, options);
	}
}

/* All threads stop, and all workers have joined. */
static void
settle(struct game *g)
{
	uint64_t end = torture_ns() + UINT64_C(60000000000);
	int status;

	atomic_store(&all->stop, 1);
	for (int i = 0; i < WORKERS; i++) {
		while (!atomic_load(&g->lives[i]->ended)) {
			if (torture_ns() > end ||
			    waitpid(g->pids[i], &status, WNOHANG) > 0) {
				errno = atomic_load(&g->lives[i]->error);
				torture_show_log();
				torture_die("a worker did not end");
			}
			torture_sleep(1000000);
		}
	}
}

/* The first number that a command prints that begins with shmstat's path. */
static int
told(const char *arguments, int64_t *value)
{
	char command[4600];
	long long v;
	FILE *f;
	int n;

	torture_program("shmstat", command, 4200);
	strcat(command, arguments);
	f = popen(command, "r");
	n = f == NULL ? 0 : fscanf(f, "%lld", &v);
	if (f != NULL)
		pclose(f);
	*value = n == 1 ? v : -1;
	return n == 1;
}

/* What it shows of sums.NAME. */
static int
shown(const char *name, int64_t *value)
{
	char arguments[256];

	snprintf(arguments, sizeof(arguments),
	    " -1 -f sums.%s | awk '{ print $2 }'", name);
	return told(arguments, value);
}

/* How often thread t has added: at least, and at most. */
static void
truth(const struct game *g, int t, uint64_t *low, uint64_t *high)
{
	*low = *high = 0;
	for (unsigned i = 0; i < g->nlives; i++) {
		const struct life *l = &all->lives[i];

		if (atomic_load(&l->ended)) {
			*low += l->adds[t].done;
		} else {
			*low += l->truth[t];
			*high += l->doubt[t];
		}
	}
	*high += *low;
}

static void
check_within(
    const char *name, int64_t value, uint64_t low, uint64_t high, char *why)
{
	if ((uint64_t)value < low || (uint64_t)value > high)
		torture_blame(why, "%s: %llu to %llu, shown is %lld", name,
		    (unsigned long long)low, (unsigned long long)high,
		    (long long)value);
}

/* The same of the histogram, by what jq(1) is to find in it. */
static void
check_histogram(const char *what, uint64_t low, uint64_t high, char *why)
{
	char arguments[256];
	int64_t value;

	snprintf(arguments, sizeof(arguments),
	    " -j -f sums.hot.h | jq '.counters[].value.%s'", what);
	(void)told(arguments, &value);
	check_within(what, value, low, high, why);
}

static void
check_counters(const struct game *g, char *why)
{
	uint64_t low, high, lows = 0, highs = 0, low_sum = 0, high_sum = 0;
	char name[64];
	int64_t value;

	for (int t = 0; t < THREADS; t++) {
		truth(g, t, &low, &high);
		for (const char *way = "csx"; *way != '\0'; way++) {
			snprintf(name, sizeof(name), "%s.%c%d",
			    *way == 'x' ? "hot" : "torture", *way, t);
			(void)shown(name, &value);
			check_within(name, value, low, high, why);
		}
		snprintf(name, sizeof(name), "buckets[%d][1]", t);
		check_histogram(name, low, high, why);
		lows += low;
		highs += high;
		low_sum += low * OBSERVED(t);
		high_sum += high * OBSERVED(t);
	}
	check_histogram("count", lows, highs, why);
	check_histogram("sum", low_sum, high_sum, why);
	check_histogram("buckets|length", THREADS, THREADS, why);
}

static void
check_rest(const struct game *g, char *why)
{
	int64_t gauge = 0, updown = 0, value;
	uint64_t bitmap = 0;

	for (unsigned i = 0; i < g->nlives; i++)
		if (atomic_load(&all->lives[i].forgot))
			torture_blame(why,
			    "worker %u's last value was lost "
			    "when its set moved",
			    i);
	for (int i = 0; i < WORKERS; i++) {
		gauge += g->lives[i]->gauge;
		updown += g->lives[i]->updown;
		bitmap |= g->lives[i]->bitmap;
	}
	if (!shown("torture.g", &value) || value != gauge)
		torture_blame(why, "gauges are %lld, shown is %lld",
		    (long long)gauge, (long long)value);
	if (!shown("torture.b", &value) || (uint64_t)value != bitmap)
		torture_blame(why, "bitmaps are %llx, shown is %llx",
		    (unsigned long long)bitmap, (unsigned long long)value);
	if (!shown("torture.u", &value) || value != updown)
		torture_blame(why, "ups and downs are %lld, shown is %lld",
		    (long long)updown, (long long)value);
}

int
main(int argc, char **argv)
{
	static const char *const options[] = { "-s", "64m", "-m", "4096",
		NULL };
	struct game g = { .random = 17 };
	char figures[256], why[256] = "", rest[256] = "";
	uint64_t began = torture_ns();
	pid_t watching;
	int status;

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "seed=", 5) == 0)
			g.random = strtoull(argv[i] + 5, NULL, 10);
	all = torture_shared(sizeof(*all));
	g.entries = calloc(4096, sizeof(*g.entries));
	if (g.entries == NULL)
		torture_die("calloc");
	torture_instance();
	torture_wait_ready(torture_start(options));
	for (int i = 0; i < WORKERS; i++)
		start_worker(&g, i);
	watching = torture_fork();
	if (watching == 0)
		watch(&all->stop, &all->looks, all->back);
	play(&g, torture_full(argc, argv) ? 50 : 7, options);
	settle(&g);
	if (waitpid(watching, &status, 0) == -1 || status != 0)
		torture_blame(all->back, "the watcher ended with %d", status);
	check_counters(&g, why);
	check_rest(&g, rest);
	snprintf(figures, sizeof(figures),
	    "%u restarts, %u more killed as they started, %u workers killed, "
	    "%u stopped in mid-move, %llu units in doubt, %llu looks, %.1f s",
	    g.restarts, g.early, g.killed, g.hunted,
	    (unsigned long long)g.doubts, (unsigned long long)all->looks,
	    (double)(torture_ns() - began) / 1e9);
	torture_say("sums of counters are exact", why, figures);
	torture_say("sums never go back", all->back, NULL);
	torture_say("gauges, bitmaps and up-down counters end at their last "
		    "values",
	    rest, NULL);
	if (torture_failed)
		torture_show_log();
	for (int i = 0; i < WORKERS; i++)
		torture_kill(g.pids[i], SIGKILL);
	free(g.entries);
	return torture_failed;
}
