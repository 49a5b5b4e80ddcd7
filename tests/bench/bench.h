/*
 * bench.h -- what a record costs, ours and the peers', in one run.
 *
 * An entry is a row of the table: a call that is made `batch' times by each of
 * its threads.  A round goes through all entries once, and in it each entry is
 * one sample:
 *
 *	floor, [what it is set against,] the entry, floor
 *
 * all of them on the same CPUs, one right after the other.  What counts is the
 * ratio within a sample.  THE FLOOR is the least that any log must do: a
 * 24-byte header with the cycle counter in it and a memcpy of the payload into
 * a ring of 16 MiB, without a lock, on one thread.
 *
 * A sample is thrown away, and counted, if a measuring thread was preempted or
 * got less than its CPU (where threads wait or preempt each other: if programs
 * that are not ours used the CPUs), if the hypervisor took time (steal), if the
 * floor before differs from the one after, or if they are far off the run's
 * median.
 */
#ifndef SHMLOG_TESTS_BENCH_H
#define SHMLOG_TESTS_BENCH_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define THREADS_MAX 8
#define BENCH_CPUS 2 /* what threads are spread over */
#define ROUNDS_MAX 99
#define WHY_MAX 256
#define PATIENCE 30000 /* ms that anything is waited for */

/* What 64 and 200 bytes of text are; the buffers are longer. */
#define TEXT 64
#define LONG_TEXT 200
extern const char bench_text[256];

struct entry {
	const char *name;    /* what -e matches */
	const char *what;    /* for the table */
	unsigned threads;    /* 0: 1; thread i runs on CPU i % 2 */
	uint64_t batch;      /* calls a thread and sample */
	uint64_t whole;      /* calls that are done at once; 0: 1 */
	size_t floor;        /* payload of its floor; 0: TEXT */
	const char *against; /* an entry to be measured beside it, or NULL */
	double goal;         /* at most; 0: none; see GOAL_BESIDE */
	int goal_against;    /* of the ratio to `against', not to the floor */
	double goal_over;    /* at most `against' and so many ns; 0: none */
	unsigned flags;

	/* Once: 0, or -1 with the reason in why (then it is missing). */
	int (*start)(char why[WHY_MAX]);
	/* Around each sample, not timed; before as start. */
	int (*before)(char why[WHY_MAX]);
	void (*after)(void);
	/* n calls, of thread 0, 1, ... */
	void (*run)(unsigned thread, uint64_t n);
	/* Records dropped so far. */
	uint64_t (*dropped)(void);
	/* Once, at the end. */
	void (*stop)(void);
};

/* Of an entry that is to cost at most so many times another one. */
#define GOAL_BESIDE(name, most)                                                \
	.against = (name), .goal = (most), .goal_against = 1

#define ENTRY_WAITS 1   /* it sleeps: its CPU time is not its wall time */
#define ENTRY_CROWDED 2 /* more threads than CPUs: they preempt each other */
#define ENTRY_OURS 4    /* its instructions are counted */
#define ENTRY_FLOOR 8   /* it is the floor: no ratio */

/* One crew's work. */
struct effort {
	double ns;     /* a call, of its thread's time */
	int disturbed; /* preempted, or got less than its CPU */
};

struct sample {
	double floor[2]; /* ns, before and after */
	double ns;
	double against; /* ns */
	int disturbed;
};

struct result {
	const struct entry *entry;
	char missing[WHY_MAX]; /* why; "": it is there */
	int wanted;            /* a row of the table, if it is measured */
	int started;
	unsigned samples;
	struct sample sample[ROUNDS_MAX];
	uint64_t dropped;
	double instructions; /* 0: not counted */
};

/* clock.c: time, load, and what disturbs. */
uint64_t clock_now(void); /* ns, CLOCK_MONOTONIC */
uint64_t clock_cpu(void); /* ns of CPU, this thread's */
uint64_t clock_cpu_of(pid_t);
uint64_t clock_steal(void); /* ticks, all CPUs */
int64_t clock_others(void); /* ticks of CPU that were not ours */
long clock_preempted(void); /* this thread, so far */
/* Asks, once a millisecond, until it is so; 0, or -1: it never was. */
int clock_until(int (*is)(void *), void *);
void clock_source(char name[64]);
void clock_load(char load[64]);
void clock_processor(char name[128]);
int bench_pin(unsigned cpu); /* CPU 0, 1, ... of those we may use */
void bench_unpin(void);
unsigned bench_cpus(void);

/* crew.c: runs an entry on its threads. */
struct effort crew_run(const struct entry *);

/* child.c: other programs. */
pid_t child_start(const char *const argv[], int cpu, const char *out);
void child_end(pid_t, int signal);
/* Whether it has mapped that file, with permissions that begin so. */
int child_maps(pid_t, const char *path, const char *permissions);
const char *bench_dir(void); /* on tmpfs, removed at the end */
void bench_dir_remove(void);
const char *bench_build(const char *program); /* its path; until the next */
pid_t daemon_start(
    const char *name, const char *size, const char *sections, int cpu);
void instance_path(char path[256], const char *name, const char *file);
void instance_remove(const char *name); /* its daemon has ended */
int why_not(char why[WHY_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Of its CPU, how much the reader used that followed; 0: there was none. */
extern double reader_share;

/* Tables of entries; the last has no name.  A new row is one there. */
extern const struct entry floor_entries[], text_entries[], reader_entries[],
    count_entries[], file_entries[], syslog_entries[], varnish_entries[];
/* Those of a plugin, build/bench-NAME.so. */
#define PLUGIN_ENTRIES "plugin_entries"

/* All entries; plugins that are not there are missing ones. */
unsigned entries_all(struct result *, unsigned max);

/*
 * Round trips over the socket of a worker with few sections and of two with
 * many, in turns, each with a daemon of its own: worker and daemon run where
 * the scheduler puts them, and of the last one on a CPU each.  Beside that the
 * least that such a trip can take here: the answer of a process that does
 * nothing else.
 */
#define ALLOC_WAYS 3
enum { TRIP_ALLOC, TRIP_PUBLISH, TRIP_FREE, TRIPS };
struct alloc_figures {
	int apart; /* on a CPU each */
	unsigned live;
	double p50[TRIPS], p99[TRIPS]; /* us */
	double daemon;                 /* us of its CPU for the three */
};
struct echo_figures {
	double p50, p99; /* us */
};
int alloc_measure(
    struct alloc_figures[ALLOC_WAYS], struct echo_figures *, char why[WHY_MAX]);

/* While a daemon is killed and another one started: what its puts cost a thread
 * that writes. */
struct join_figures {
	unsigned restarts;
	uint64_t puts;
	double cpu;    /* us, the longest put's CPU time */
	double wait;   /* us, most of a put's wall time beyond that */
	double asleep; /* us, the same of puts that were not preempted */
};
int join_measure(struct join_figures *, char why[WHY_MAX]);

/* steps.c: instructions a call; 0, or -1 with the reason.  Before anything is
 * started. */
int steps_count(struct result *, char why[WHY_MAX]);

/* What the table is made of. */
struct report {
	struct result *result;
	unsigned results, rounds, wanted;
	char source[64], load_before[64], load_after[64], processor[128];
	double seconds;
	/* why not; "": measured, if it was asked for */
	char no_steps[WHY_MAX], no_alloc[WHY_MAX], no_join[WHY_MAX];
	int has_alloc, has_join;
	struct alloc_figures alloc[ALLOC_WAYS];
	struct echo_figures echo;
	struct join_figures join;
};

struct figures {
	unsigned good, disturbed;
	int noisy; /* more disturbed than good */
	double median, min, max;
	double ratio, against; /* medians; 0: none */
};

/* figures.c: of the good samples, or of all if there are none. */
void figures_of(struct figures *, const struct report *, const struct result *);
double floor_median(const struct report *, size_t payload);

/* table.c, json.c */
void table_print(FILE *, const struct report *);
int json_write(const char *path, const struct report *);

#endif
