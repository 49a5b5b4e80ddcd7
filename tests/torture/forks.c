/*
 * forks.c -- fork(2) with open streams and sets, in a loop.
 *
 * Parent, children and grandchildren write and count with the handles that they
 * inherited; some children only count.  Promised: no record of one overwrites
 * another's, each process' records are in sections of its own, and no count is
 * lost or doubled.
 *
 * What a child puts before it has joined is dropped, and said so: half of the
 * children put at once, the others wait first.
 */
#include <pthread.h>

#include "tests/torture/daemon.h"
#include "tests/torture/harvest.h"
#include "worker/shmlog.h"

#define PROCESSES_MAX 8192
#define ALIVE_MAX 6
#define PUTS 40
#define PARENT_PUTS 4 /* a round: its lanes are as small as the children's */
#define ADDS 1000

enum kind {
	WRITES_AT_ONCE, /* and waits before it ends */
	WAITS_FIRST,
	ONLY_ADDS,
	HAS_CHILDREN,
	KINDS
};

/* One process' account: index 0 is the parent's. */
struct process {
	uint32_t pid;
	uint32_t kind;
	uint64_t tried;
	uint64_t dropped;
	uint64_t adds;
	uint64_t found;
	uint64_t next; /* number of the next one to be found, at least */
	int failed;    /* errno of shmlog_wait() */
};

struct shared {
	_Atomic uint32_t processes;
	struct process process[PROCESSES_MAX];
};

struct payload {
	uint64_t process;
	uint64_t number;
	uint64_t sum;
	uint8_t fill[40];
};

static struct shared *all;
static struct shmlog *handle;
static struct shmlog_stream *stream;
static struct shmlog_set *set;
static uint64_t *counter;
static int tag;

static uint64_t
sum_of(const struct payload *p)
{
	uint64_t sum = p->process * 31 + p->number;

	for (size_t i = 0; i < sizeof(p->fill); i++)
		sum = sum * 33 + p->fill[i];
	return sum;
}

static void
write_some(struct process *me, unsigned n)
{
	struct payload p = { 0 };

	for (unsigned i = 0; i < n; i++) {
		p.process = (uint64_t)(me - all->process);
		p.number = me->tried++;
		memset(p.fill, (int)(p.number * 7 % 256), sizeof(p.fill));
		p.sum = sum_of(&p);
		if (shmlog_put(stream, tag, SHMLOG_INFO, 1, &p, sizeof(p)) == 0)
			me->dropped++;
	}
}

static void
add_some(struct process *me, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		shmlog_add(counter, 1);
	me->adds += n;
}

static pid_t start_child(unsigned kind);

static void
wait_joined(struct process *me)
{
	if (shmlog_wait(handle, 20000) == -1)
		me->failed = errno;
}

static void
be_child(struct process *me)
{
	pid_t pid;

	switch ((enum kind)me->kind) {
	case WRITES_AT_ONCE:
		write_some(me, PUTS / 2);
		add_some(me, ADDS);
		wait_joined(me);
		break;
	case WAITS_FIRST:
		add_some(me, ADDS / 2);
		wait_joined(me);
		break;
	case HAS_CHILDREN:
		write_some(me, 1);
		pid = start_child(WAITS_FIRST);
		add_some(me, ADDS / 2);
		wait_joined(me);
		write_some(me, PUTS / 2);
		waitpid(pid, NULL, 0);
		break;
	case ONLY_ADDS:
		add_some(me, ADDS);
		wait_joined(me);
		add_some(me, ADDS);
		return;
	case KINDS:
		return;
	}
	write_some(me, PUTS);
	add_some(me, ADDS);
}

static pid_t
start_child(unsigned kind)
{
	uint32_t index = atomic_fetch_add(&all->processes, 1);
	struct process *me = &all->process[index];
	pid_t pid;

	me->kind = kind;
	pid = torture_fork();
	if (pid != 0)
		return pid;
	me->pid = (uint32_t)getpid();
	be_child(me);
	/* the half of them goes without a word */
	if (index % 2 == 0)
		shmlog_close(handle);
	_exit(0);
}

static void
fork_all(unsigned rounds)
{
	struct process *me = &all->process[0];
	unsigned alive = 0;
	int status;

	for (unsigned i = 0; i < rounds; i++) {
		if (start_child(i % KINDS) > 0)
			alive++;
		write_some(me, PARENT_PUTS);
		add_some(me, ADDS);
		while (alive > 0 && waitpid(-1, &status,
					alive >= ALIVE_MAX || i + 1 == rounds
					    ? 0
					    : WNOHANG) > 0) {
			alive--;
			if (status != 0)
				me->failed = ECHILD;
		}
	}
}

static void
on_record(void *why, const struct descriptor *d, uint32_t lane, uint64_t number,
    const struct ring_record *r)
{
	struct process *p;
	struct payload load;

	memset(&load, 0, sizeof(load));
	if (r->length == sizeof(load))
		memcpy(&load, r->payload, sizeof(load));
	if (r->length != sizeof(load) || load.process >= all->processes ||
	    load.sum != sum_of(&load)) {
		torture_blame(why, "record %llu of lane %u of pid %u is torn",
		    (unsigned long long)number, lane, d->owner_pid);
		return;
	}
	p = &all->process[load.process];
	if (p->pid != d->owner_pid)
		torture_blame(why, "a record of pid %u in a section of pid %u",
		    p->pid, d->owner_pid);
	/* one thread: it takes one lane, as a rule, so there is an order */
	if (load.number >= p->tried)
		torture_blame(why, "pid %u never wrote record %llu", p->pid,
		    (unsigned long long)load.number);
	p->found++;
}

static void
check_records(const char *figures)
{
	char torn[256] = "", lost[256] = "";
	struct harvest h = { .record = on_record, .arg = torn };
	struct segment s;

	torture_map(&s);
	harvest_segment(&h, &s, "forks");
	if (h.lost != 0)
		torture_blame(h.why, "the lanes were too small for this test");
	for (uint32_t i = 0; i < all->processes; i++) {
		const struct process *p = &all->process[i];

		if (p->failed != 0)
			torture_blame(
			    lost, "pid %u: %s", p->pid, strerror(p->failed));
		if (p->found != p->tried - p->dropped)
			torture_blame(lost,
			    "pid %u (kind %u) wrote %llu, dropped %llu, "
			    "%llu are there",
			    p->pid, p->kind, (unsigned long long)p->tried,
			    (unsigned long long)p->dropped,
			    (unsigned long long)p->found);
		if (p->kind == WAITS_FIRST && p->dropped != 0)
			torture_blame(
			    lost, "pid %u dropped after it joined", p->pid);
	}
	torture_say("no record of one overwrites another's",
	    *h.why ? h.why : torn, figures);
	torture_say("each process' records are there", lost, NULL);
}

/* The sum, as shmstat has it. */
static uint64_t
shown_sum(void)
{
	char command[4200];
	unsigned long long sum = 0;
	FILE *f;

	torture_program("shmstat", command, sizeof(command));
	strcat(command, " -1 -f forks.torture.adds");
	f = popen(command, "r");
	if (f == NULL || fscanf(f, "%*s %llu", &sum) != 1)
		sum = UINT64_MAX;
	if (f != NULL)
		pclose(f);
	return sum;
}

static void
check_sum(void)
{
	uint64_t sum = 0, shown;
	char why[256] = "", figures[64];

	for (uint32_t i = 0; i < all->processes; i++)
		sum += all->process[i].adds;
	shown = shown_sum();
	if (shown != sum)
		torture_blame(why, "%llu were added, %llu are shown",
		    (unsigned long long)sum, (unsigned long long)shown);
	snprintf(figures, sizeof(figures), "%llu", (unsigned long long)sum);
	torture_say("no count is lost or doubled", why, figures);
}

int
main(int argc, char **argv)
{
	static const struct shmlog_def def = { "adds", SHMLOG_COUNTER,
		SHMLOG_STAT_INFO, NULL, "units added by all processes" };
	int full = torture_full(argc, argv);
	const char *const options[] = { "-s", full ? "2g" : "512m", "-m",
		"16384", NULL };
	struct shmlog_stream_options o = { .lanes = 2,
		.lane_size = (size_t)64 << 10 };
	unsigned rounds = full ? 1000 : 200;
	uint64_t began = torture_ns();
	char figures[200];

	all = torture_shared(sizeof(*all));
	all->processes = 1;
	all->process[0].pid = (uint32_t)getpid();
	torture_instance();
	torture_wait_ready(torture_start(options));
	/* room for what the parent writes */
	while (o.lane_size < rounds * PARENT_PUTS * 2 * sizeof(struct payload))
		o.lane_size *= 2;
	handle = shmlog_open(NULL);
	set = shmlog_set(handle, "forks", "torture", &def, 1, NULL);
	counter = shmlog_counter(set, 0);
	stream = shmlog_stream(handle, "forks", "torture", &o);
	tag = shmlog_tag(stream, "Fork");
	if (stream == NULL || set == NULL || tag == 0 ||
	    shmlog_wait(handle, 5000) == -1)
		torture_die("shmlog_wait");
	fork_all(rounds);
	wait_joined(&all->process[0]);
	snprintf(figures, sizeof(figures), "%u processes, %.1f s",
	    all->processes, (double)(torture_ns() - began) / 1e9);
	check_records(figures);
	check_sum();
	shmlog_close(handle);
	return torture_failed;
}
