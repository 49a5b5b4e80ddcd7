/*
 * bench.c -- what a record costs: all entries in turns, then the table.
 *
 *	bench [-l] [-e GLOB]... [-n REPEATS] [-t SECONDS] [-j FILE]
 *	bench -1 ENTRY -n CALLS		that many calls, not timed
 *
 * -e also matches alloc, join and steps.  tests/bench/run starts what the
 * peers need, and this.
 */
#include <err.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define ENTRIES_MAX 64
#define GLOBS_MAX 16
#define SECONDS 240 /* for the rounds */
#define REPEATS 9
#define TRIES 10 /* times as many rounds, until so many were undisturbed */

const char bench_text[256] =
    "GET /index.html HTTP/1.1 from 192.0.2.17, 200, 5120 bytes, 1.2ms "
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 "
    "referer=https://www.example.org/a/rather/long/path?with=query&and=more "
    "upstream=app-17";

struct arguments {
	const char *globs[GLOBS_MAX];
	unsigned n_globs;
	const char *json, *once;
	unsigned long repeats, seconds;
	int list;
};

static struct result results[ENTRIES_MAX];
static struct report report = { .result = results };

static int
wanted(const struct arguments *a, const char *name)
{
	for (unsigned i = 0; i < a->n_globs; i++)
		if (fnmatch(a->globs[i], name, 0) == 0)
			return 1;
	return a->n_globs == 0;
}

static struct result *
find(const char *name)
{
	for (unsigned i = 0; i < report.results; i++)
		if (strcmp(results[i].entry->name, name) == 0)
			return &results[i];
	errx(1, "%s: no such entry (-l lists them)", name);
}

static const struct entry *
floor_of(const struct entry *e)
{
	return &floor_entries[e->floor == LONG_TEXT];
}

/* Whether it is there, and what it is measured beside. */
static int
start(struct result *r)
{
	const struct entry *e = r->entry;
	struct result *beside;

	if (r->started || r->missing[0] != '\0')
		return r->missing[0] == '\0';
	r->started = 1;
	if (e->start != NULL && e->start(r->missing) != 0)
		return 0;
	beside = find(floor_of(e)->name);
	if (beside != r && !start(beside))
		(void)why_not(r->missing, "there is no floor");
	if (e->against != NULL && !start(find(e->against)))
		(void)why_not(r->missing, "as %s is", e->against);
	return r->missing[0] == '\0';
}

static double
measure(const struct entry *e, struct sample *s)
{
	struct effort effort = crew_run(e);

	s->disturbed |= effort.disturbed;
	return effort.ns;
}

static void
take_sample(struct result *r)
{
	const struct entry *e = r->entry;
	struct sample s = { .disturbed = 0 };
	uint64_t dropped, steal = clock_steal();

	s.floor[0] = measure(floor_of(e), &s);
	if (e->against != NULL)
		s.against = measure(find(e->against)->entry, &s);
	if (e->before != NULL && e->before(r->missing) != 0)
		return;
	dropped = e->dropped == NULL ? 0 : e->dropped();
	s.ns = measure(e, &s);
	r->dropped += (e->dropped == NULL ? 0 : e->dropped()) - dropped;
	if (e->after != NULL)
		e->after();
	s.floor[1] = measure(floor_of(e), &s);
	s.disturbed |= clock_steal() != steal;
	r->sample[r->samples++] = s;
}

/* Rounds, until there are good samples enough or no more time. */
static void
go_round(const struct arguments *a, uint64_t begun)
{
	struct figures f;
	int more = 1;

	for (; more && report.rounds < TRIES * a->repeats &&
	       report.rounds < ROUNDS_MAX;
	     report.rounds++) {
		more = 0;
		for (unsigned i = 0; i < report.results; i++) {
			struct result *r = &results[i];

			if (!r->wanted || !start(r))
				continue;
			figures_of(&f, &report, r);
			if (f.good >= a->repeats)
				continue;
			more = 1;
			take_sample(r);
			if (clock_now() - begun > a->seconds * 1000000000)
				return;
		}
		if (isatty(STDERR_FILENO))
			(void)fprintf(stderr, "round %u\r", report.rounds + 1);
	}
}

static void
count_instructions(void)
{
	for (unsigned i = 0; i < report.results; i++)
		if ((results[i].entry->flags & ENTRY_OURS) && results[i].wanted)
			(void)steps_count(&results[i], report.no_steps);
}

static void
stop_all(void)
{
	/* those that opened an instance come first, and close it last */
	for (unsigned i = report.results; i-- > 0;)
		if (results[i].started && results[i].missing[0] == '\0' &&
		    results[i].entry->stop != NULL)
			results[i].entry->stop();
}

static int
run_once(const char *name, uint64_t calls)
{
	struct result *r = find(name);
	const struct entry *e = r->entry;

	if (!start(r) || (e->before != NULL && e->before(r->missing) != 0))
		errx(1, "%s: %s", name, r->missing);
	e->run(0, calls);
	if (e->after != NULL)
		e->after();
	stop_all();
	bench_dir_remove();
	return 0;
}

static void
run_all(const struct arguments *a)
{
	uint64_t begun = clock_now();

	if (bench_cpus() < 2)
		errx(1, "needs two CPUs");
	clock_processor(report.processor);
	clock_source(report.source);
	clock_load(report.load_before);
	for (unsigned i = 0; i < report.results; i++)
		results[i].wanted = wanted(a, results[i].entry->name);
	if (wanted(a, "steps"))
		count_instructions();
	else
		(void)why_not(report.no_steps, "not asked for");
	go_round(a, clock_now());
	stop_all();
	report.has_alloc = wanted(a, "alloc");
	if (report.has_alloc)
		(void)alloc_measure(
		    report.alloc, &report.echo, report.no_alloc);
	report.has_join = wanted(a, "join");
	if (report.has_join)
		(void)join_measure(&report.join, report.no_join);
	report.seconds = (double)(clock_now() - begun) / 1e9;
	clock_load(report.load_after);
	bench_dir_remove();
}

static void
usage(void)
{
	errx(2, "usage: bench [-l] [-e glob]... [-n repeats] [-t seconds] "
		"[-j file], or bench -1 entry -n calls");
}

static void
take_arguments(struct arguments *a, int argc, char *argv[])
{
	int c;

	while ((c = getopt(argc, argv, "1:e:j:ln:t:")) != -1) {
		if (c == '1')
			a->once = optarg;
		else if (c == 'e' && a->n_globs < GLOBS_MAX)
			a->globs[a->n_globs++] = optarg;
		else if (c == 'j')
			a->json = optarg;
		else if (c == 'l')
			a->list = 1;
		else if (c == 'n')
			a->repeats = strtoul(optarg, NULL, 10);
		else if (c == 't')
			a->seconds = strtoul(optarg, NULL, 10);
		else
			usage();
	}
	if (optind < argc || a->repeats == 0)
		usage();
}

int
main(int argc, char *argv[])
{
	struct arguments a = { .repeats = REPEATS, .seconds = SECONDS };

	take_arguments(&a, argc, argv);
	report.results = entries_all(results, ENTRIES_MAX);
	report.wanted = (unsigned)a.repeats;
	if (a.once != NULL)
		return run_once(a.once, a.repeats);
	if (a.list) {
		for (unsigned i = 0; i < report.results; i++)
			(void)printf("%-22s %s\n", results[i].entry->name,
			    results[i].entry->what);
		return 0;
	}
	run_all(&a);
	table_print(stdout, &report);
	if (a.json != NULL && json_write(a.json, &report) != 0)
		err(1, "%s", a.json);
	return 0;
}
