/*
 * killed.c -- a worker killed at every instruction of a put.
 *
 * A child joins, puts some records and stops; its parent steps it through the
 * next put (PTRACE_SINGLESTEP) and kills it after the n-th instruction, for n
 * from 1 until the put returns.  Promised: the record (or the batch) is there
 * whole or not at all, those before it are there, and when it returned, it is.
 */
#include "tests/torture/daemon.h"
#include "tests/torture/harvest.h"
#include "tests/torture/step.h"
#include "worker/shmlog.h"

#define STEPS_MAX 4000

/* What is put first, and what is put when it is killed. */
struct scene {
	const char *name;
	const char *ident;
	unsigned first;
	size_t length;  /* of each text */
	unsigned batch; /* records put at once, 1: no batch */
	unsigned lost;  /* of the first ones: overwritten, at most */
};

static const struct scene scenes[] = {
	{ "a record", "record", 5, 20, 1, 0 },
	{ "a batch", "batch", 5, 20, 3, 0 },
	/* 63 of them leave 520 bytes of the lane: padding, and a new lap */
	{ "a record behind padding", "lap", 63, 1001, 1, 4 },
};

struct child {
	_Atomic int done; /* the put returned */
	pid_t pid;
	/* what was found */
	uint64_t next; /* number of the next record */
	uint64_t found;
};

static struct child *children; /* by how many steps they did */
static unsigned nchildren;
static const struct scene *scene;
static unsigned stride; /* instructions from one kill to the next */

static void
make_text(char *text, unsigned number)
{
	memset(text, 'a' + (int)(number % 26), scene->length);
	snprintf(text, scene->length, "%u", number);
}

static void
be_child(struct child *me)
{
	struct shmlog_stream_options o = { .lanes = 1, .lane_size = 65536 };
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream *s =
	    shmlog_stream(log, "killed", scene->ident, &o);
	struct shmlog_batch *b = shmlog_batch(s);
	char text[2048];

	if (shmlog_wait(log, 20000) == -1)
		_exit(3);
	for (unsigned i = 0; i < scene->first; i++) {
		make_text(text, i);
		if (shmlog_put(s, 0, 6, i + 1, text, scene->length) != 1)
			_exit(4);
	}
	make_text(text, scene->first);
	for (unsigned i = 0; scene->batch > 1 && i < scene->batch; i++) {
		make_text(text, scene->first + i);
		(void)shmlog_batch_put(
		    b, 0, 6, scene->first + i + 1, text, scene->length);
	}
	step_me();
	if (scene->batch > 1)
		(void)shmlog_batch_commit(b);
	else
		(void)shmlog_put(
		    s, 0, 6, scene->first + 1, text, scene->length);
	atomic_store(&me->done, 1);
	for (;;)
		pause();
}

/* Kills one after so many steps; 1: it had returned by then. */
static int
kill_after(struct child *c, unsigned steps)
{
	pid_t pid = torture_fork();

	if (pid == 0)
		be_child(c);
	c->pid = pid;
	if (step_wait(c->pid) == -1)
		torture_die("a child that did not join");
	for (unsigned i = 0; i < steps && !atomic_load(&c->done); i++)
		step_once(c->pid);
	torture_kill(c->pid, SIGKILL);
	return atomic_load(&c->done);
}

static void
on_record(void *why, const struct descriptor *d, uint32_t lane, uint64_t number,
    const struct ring_record *r)
{
	struct child *c = NULL;
	char text[2048];

	(void)lane;
	for (unsigned i = 0; i < nchildren; i++)
		if (children[i].pid == (pid_t)d->owner_pid)
			c = &children[i];
	if (c == NULL)
		return;
	make_text(text, (unsigned)number);
	if (r->length != scene->length || r->head.id != number + 1 ||
	    memcmp(r->payload, text, r->length) != 0)
		torture_blame(why, "record %llu of pid %u is torn",
		    (unsigned long long)number, d->owner_pid);
	if (c->found > 0 && number != c->next)
		torture_blame(why, "record %llu of pid %u after %llu",
		    (unsigned long long)number, d->owner_pid,
		    (unsigned long long)c->next);
	c->next = number + 1;
	c->found++;
}

/* All dead workers' sections are cooling. */
static int
all_cool(const struct segment *s)
{
	struct directory_entry *e = calloc(s->plan.desc_count, sizeof(*e));
	int cool = 1;
	uint64_t seq;
	size_t n;

	if (e == NULL)
		torture_die("calloc");
	if (directory_read(s, e, &n, &seq) != DIRECTORY_WHOLE)
		cool = 0;
	for (size_t i = 0; cool && i < n; i++)
		if (strcmp(e[i].d.type, "killed") == 0 &&
		    !(e[i].d.flags & DESC_RETAINED) &&
		    !descriptor_is(&e[i].d, CLASS_COOL))
			cool = 0;
	free(e);
	return cool;
}

static void
check_scene(double seconds)
{
	char torn[256] = "", why[256] = "", figures[128];
	struct harvest h = { .record = on_record, .arg = torn };
	unsigned with = 0, without = 0;
	struct segment s;

	torture_map(&s);
	for (int i = 0; i < 5000 && !all_cool(&s); i++)
		torture_sleep(1000000);
	if (!all_cool(&s))
		torture_blame(why, "a dead worker's section is not cooling");
	harvest_segment(&h, &s, "killed");
	for (unsigned i = 0; i < nchildren; i++) {
		const struct child *c = &children[i];
		uint64_t all = scene->first + scene->batch;

		if (c->next == all)
			with++;
		else if (c->next == scene->first && !c->done)
			without++;
		else
			torture_blame(why,
			    "after %u instructions: %llu records",
			    i * stride + 1, (unsigned long long)c->next);
		if (c->next - c->found > scene->lost)
			torture_blame(why,
			    "after %u instructions: %llu are missing",
			    i * stride + 1,
			    (unsigned long long)(c->next - c->found));
	}
	if (with == 0 || without == 0)
		torture_blame(why, "this has shown nothing");
	snprintf(figures, sizeof(figures),
	    "%u kills over %u instructions, commit is at %u, %.1f s", nchildren,
	    (nchildren - 1) * stride + 1, without * stride + 1, seconds);
	if (*h.why == '\0')
		strcpy(h.why, *torn ? torn : why);
	torture_say(scene->name, h.why, figures);
	segment_unmap(&s);
}

int
main(int argc, char **argv)
{
	static const char *const options[] = { "-s", "256m", "-m", "4096",
		NULL };
	unsigned steps;
	uint64_t began;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    defined(SHMLOG_TSAN)
	printf("skip killed: a sanitizer's instructions are not ours\n");
	return 0;
#endif

	stride = torture_full(argc, argv) ? 1 : 3;
	children = torture_shared(STEPS_MAX * sizeof(*children));
	torture_instance();
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		scene = &scenes[i];
		began = torture_ns();
		torture_wait_ready(torture_start(options));
		memset(children, 0, STEPS_MAX * sizeof(*children));
		nchildren = 0;
		steps = 1;
		while (nchildren < STEPS_MAX &&
		       !kill_after(&children[nchildren++], steps))
			steps += stride;
		check_scene((double)(torture_ns() - began) / 1e9);
		torture_kill(torture_daemon, SIGTERM);
	}
	return torture_failed;
}
