/*
 * guests.c -- threads that come and go, and threads that never come back from
 * a put.
 *
 * Promised: a thread leaves nothing behind when it ends, of descriptors,
 * mappings, heap and lanes.  One that is cancelled asynchronously in mid-put,
 * and a put that a signal handler leaves by siglongjmp(3), cost a lane at most:
 * the others go on, and when all are lost a put drops its record, which is
 * counted.
 */
#include <sys/time.h>

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>

#include "tests/torture/daemon.h"
#include "tests/torture/harvest.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

#define LANES 3
#define PUTS 5
#define AT_ONCE 8

static struct shmlog *handle;
static struct shmlog_stream *stream;

/* What may leak. */
struct belongings {
	unsigned descriptors;
	unsigned mappings;
	unsigned lanes; /* that are held */
	size_t heap;
};

static unsigned
count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	if (d == NULL)
		torture_die("/proc/self/fd");
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static unsigned
count_mappings(void)
{
	char buf[4096];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	unsigned n = 0;
	ssize_t r;

	while ((r = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < r; i++)
			n += buf[i] == '\n';
	close(fd);
	return n;
}

static unsigned
held(const struct shmlog_stream *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LANES; i++)
		n += (unsigned)trylock_is_held(&s->lanes[i].lock);
	return n;
}

static void
look_around(struct belongings *b)
{
	b->descriptors = count_descriptors();
	b->mappings = count_mappings();
	b->lanes = held(stream);
	b->heap = mallinfo2().uordblks;
}

static struct shmlog_stream *
make_stream(void)
{
	struct shmlog_stream_options o = { .lanes = LANES,
		.lane_size = 1 << 20 };
	struct shmlog_stream *s = shmlog_stream(handle, "guests", "x", &o);

	if (s == NULL || shmlog_wait(handle, 20000) == -1)
		torture_die("shmlog_wait");
	return s;
}

static void *
guest(void *arg)
{
	struct shmlog_batch *b = shmlog_batch(stream);

	(void)arg;
	for (int i = 0; i < PUTS; i++)
		(void)shmlog_puts(stream, 0, 6, 1, "a guest's");
	(void)shmlog_batch_put(b, 0, 6, 1, "a batch's", 9);
	(void)shmlog_batch_commit(b);
	shmlog_batch_free(b);
	return NULL;
}

static void
guests(unsigned n)
{
	pthread_t threads[AT_ONCE];

	for (unsigned i = 0; i < n; i += AT_ONCE) {
		for (int k = 0; k < AT_ONCE; k++)
			if (pthread_create(&threads[k], NULL, guest, NULL) != 0)
				torture_die("pthread_create");
		for (int k = 0; k < AT_ONCE; k++)
			pthread_join(threads[k], NULL);
	}
}

static void
test_leaks(unsigned n)
{
	struct belongings before, after;
	char why[256] = "", figures[64];

	stream = make_stream();
	/* stacks and arenas are kept by the C library for the next threads */
	guests(20 * AT_ONCE);
	look_around(&before);
	guests(n);
	look_around(&after);
	if (before.descriptors != after.descriptors)
		torture_blame(why, "%u descriptors, then %u",
		    before.descriptors, after.descriptors);
	if (after.mappings > before.mappings + AT_ONCE)
		torture_blame(why, "%u mappings, then %u", before.mappings,
		    after.mappings);
	/* what a thread leaves is more than four bytes */
	if (after.heap > before.heap + 4 * (size_t)n)
		torture_blame(
		    why, "%zu bytes, then %zu", before.heap, after.heap);
	if (after.lanes != 0)
		torture_blame(why, "%u lanes are held", after.lanes);
	snprintf(figures, sizeof(figures), "%u threads", n);
	torture_say("threads that come and go leave nothing", why, figures);
	shmlog_stream_free(stream);
}

/* Puts from all threads must go on, while there is a lane. */
static void
check_rest(char *why, const struct shmlog_stream *s)
{
	uint64_t dropped = shmlog_dropped(handle);
	int is, wanted = held(s) < LANES;

	is = shmlog_puts(stream, 0, 6, 2, "one who is left");
	if (is != wanted)
		torture_blame(
		    why, "with %u lanes lost a put returns %d", held(s), is);
	if (shmlog_dropped(handle) - dropped != (uint64_t)!wanted)
		torture_blame(why, "what was dropped is not counted");
}

static void *
who_is_cancelled(void *arg)
{
	static const char text[200];
	int type;

	/* what one should not do is what is tried: NOLINTNEXTLINE */
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	atomic_store((_Atomic int *)arg, 1);
	for (;;)
		(void)shmlog_put(stream, 0, 6, 3, text, sizeof(text));
	return NULL;
}

static void
cancel_one(uint64_t *random)
{
	_Atomic int begun = 0;
	pthread_t t;

	if (pthread_create(&t, NULL, who_is_cancelled, &begun) != 0)
		torture_die("pthread_create");
	while (!atomic_load(&begun))
		sched_yield();
	torture_sleep(torture_random(random) % 50000);
	pthread_cancel(t);
	pthread_join(t, NULL);
}

static void
test_cancelled(unsigned n)
{
	char why[256] = "", figures[128];
	uint64_t random = n;
	unsigned i;

	stream = make_stream();
	for (i = 0; i < n && *why == '\0' && held(stream) < LANES; i++) {
		cancel_one(&random);
		check_rest(why, stream);
	}
	if (held(stream) == 0)
		torture_blame(why, "no thread was cancelled in mid-put");
	snprintf(figures, sizeof(figures), "%u threads, %u of %d lanes lost", i,
	    held(stream), LANES);
	torture_say("a cancelled thread costs a lane at most", why, figures);
	shmlog_stream_free(stream);
}

static sigjmp_buf back;
static volatile sig_atomic_t in_put;
static struct shmlog_stream *after_jump;

static void
on_alarm(int number)
{
	(void)number;
	if (in_put) {
		in_put = 0;
		siglongjmp(back, 1);
	}
}

/* Jumps out of puts until a lane is lost, or all are. */
static void
lose_a_lane(unsigned before, volatile unsigned *jumps)
{
	static const char text[200];
	struct itimerval often = { { 0, 30 }, { 0, 30 } };
	uint64_t end = torture_ns() + UINT64_C(20000000000);

	setitimer(ITIMER_REAL, &often, NULL);
	while (held(after_jump) == before && torture_ns() < end) {
		if (sigsetjmp(back, 1) != 0) {
			(*jumps)++;
			continue;
		}
		in_put = 1;
		(void)shmlog_put(after_jump, 0, 6, 4, text, sizeof(text));
		in_put = 0;
	}
	memset(&often, 0, sizeof(often));
	setitimer(ITIMER_REAL, &often, NULL);
}

static void
test_jumps(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	char why[256] = "", figures[64];
	volatile unsigned jumps = 0;

	stream = after_jump = make_stream();
	sigaction(SIGALRM, &sa, NULL);
	for (unsigned i = 0; i < LANES && *why == '\0'; i++) {
		lose_a_lane(i, &jumps);
		if (held(stream) != i + 1)
			torture_blame(why, "%u lanes are lost, not %u",
			    held(stream), i + 1);
		check_rest(why, stream);
	}
	snprintf(figures, sizeof(figures), "%u jumps", jumps);
	torture_say(
	    "a handler that jumps costs a lane, which is told", why, figures);
	shmlog_stream_free(stream);
}

int
main(int argc, char **argv)
{
	static const char *const options[] = { "-s", "64m", NULL };
	int full = torture_full(argc, argv);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    defined(SHMLOG_TSAN)
	printf("skip guests: a sanitizer maps for itself, and cannot be left "
	       "by a jump\n");
	return 0;
#endif

	torture_instance();
	torture_wait_ready(torture_start(options));
	handle = shmlog_open(NULL);
	test_leaks(full ? 40000 : 4000);
	test_cancelled(full ? 3000 : 300);
	test_jumps();
	shmlog_close(handle);
	return torture_failed;
}
