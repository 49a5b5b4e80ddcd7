/*
 * steps.c -- instructions a call: a child traps after each of them (its flag
 * TF) for N calls and for none; the difference, divided.
 *
 * The child is forked before anything is started, and has an instance of its
 * own.  Children of a process that has streams would each take sections for all
 * of them, and what they leave cools: soon there is no room.
 *
 * It traps itself, and is not stepped by its parent: that is two turns of the
 * scheduler each, and then every call finds the clock's anchor old, which is
 * rare in truth.  (callgrind knows no rseq, so under it a record goes another
 * way than it does in truth.)
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <limits.h>
#include <signal.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "tests/bench/ours.h"

#define CALLS 5    /* few, and rarely is the anchor renewed in between */
#define WARM 20000 /* before them: it has one */
#define TRIES 9    /* the least of them counts */

/* What the child has found, in shared memory. */
struct finding {
	double instructions;
	char why[WHY_MAX];
};

static volatile long steps;

#if defined(__x86_64__)
#define TF UINT64_C(0x100)

static void
on_step(int number)
{
	(void)number;
	steps++;
}

static long
count(const struct entry *e, uint64_t calls)
{
	e->run(0, WARM);
	steps = 0;
	__writeeflags(__readeflags() | TF);
	e->run(0, calls);
	__writeeflags(__readeflags() & ~TF);
	return steps;
}

static void
count_calls(const struct entry *e, struct finding *f)
{
	struct sigaction sa = { .sa_handler = on_step };
	uint64_t calls = e->whole > CALLS ? e->whole : CALLS;
	long least[2] = { LONG_MAX, LONG_MAX }, n;

	(void)sigaction(SIGTRAP, &sa, NULL);
	/* before others, if we may: who has to wait finds an old anchor */
	(void)setpriority(PRIO_PROCESS, 0, -20);
	for (uint64_t i = 0; i < 2 * TRIES; i++) {
		n = count(e, i % 2 * calls);
		if (n < least[i % 2])
			least[i % 2] = n;
	}
	(void)setpriority(PRIO_PROCESS, 0, 0);
	f->instructions = (double)(least[1] - least[0]) / (double)calls;
}
#else
static void
count_calls(const struct entry *e, struct finding *f)
{
	(void)e;
	(void)steps;
	(void)why_not(f->why, "this processor has no such flag");
}
#endif

static void
be_child(const struct entry *e, struct finding *f)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((e->start == NULL || e->start(f->why) == 0) &&
	    (e->before == NULL || e->before(f->why) == 0))
		count_calls(e, f);
	ours_close();
	_exit(0);
}

int
steps_count(struct result *r, char why[WHY_MAX])
{
	const char *name = r->entry->name;
	struct finding *f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;

	if (f == MAP_FAILED)
		return why_not(why, "%s: no memory", name);
	(void)bench_dir(); /* the child's instance stands there, too */
	pid = fork();
	if (pid == 0)
		be_child(r->entry, f);
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
		(void)why_not(f->why, "its child ended with status %d", status);
	r->instructions = f->instructions;
	if (f->why[0] != '\0')
		(void)why_not(why, "%s: %s", name, f->why);
	(void)munmap(f, sizeof(*f));
	return r->instructions > 0 ? 0 : -1;
}
