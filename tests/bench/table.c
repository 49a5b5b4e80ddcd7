/*
 * table.c -- the run as a table.
 */
#include <string.h>

#include "tests/bench/bench.h"

static void
print_number(FILE *f, int width, int digits, double n)
{
	if (n == 0)
		(void)fprintf(f, " %*s", width, "-");
	else
		(void)fprintf(f, " %*.*f", width, digits, n);
}

static void
print_goal(FILE *f, const struct result *r, const struct figures *g)
{
	const struct entry *e = r->entry;
	double is = e->goal_against ? g->against : g->ratio;
	char text[32] = "-";

	/* both in ns of this run */
	if (e->goal_over != 0)
		(void)snprintf(text, sizeof(text), "%s +%.0f ns",
		    g->median <= g->median / g->against + e->goal_over ? "ok"
								       : "OVER",
		    e->goal_over);
	else if (e->goal != 0)
		(void)snprintf(text, sizeof(text), "%s %.2f",
		    r->dropped != 0 ? "DROPS"
		    : is <= e->goal ? "ok"
				    : "OVER",
		    e->goal);
	(void)fprintf(f, " %10s", text);
}

static void
print_row(FILE *f, const struct report *report, const struct result *r)
{
	const struct entry *e = r->entry;
	struct figures g;

	if (r->missing[0] != '\0') {
		(void)fprintf(f, "%-22s MISSING: %s\n", e->name, r->missing);
		return;
	}
	figures_of(&g, report, r);
	(void)fprintf(f, "%-22s", e->name);
	print_number(f, 8, 2, g.median);
	print_number(f, 8, 2, g.min);
	print_number(f, 8, 2, g.max);
	print_number(f, 7, 2, g.ratio);
	print_number(f, 7, 3, g.against);
	print_goal(f, r, &g);
	print_number(f, 6, 1, r->instructions);
	(void)fprintf(f, " %3u/%-3u %s%s", g.good, g.disturbed,
	    g.noisy ? "NOISY: " : "", e->what);
	if (e->against != NULL)
		(void)fprintf(f, " (against %s)", e->against);
	if (r->dropped != 0)
		(void)fprintf(f, ", %ju DROPPED", (uintmax_t)r->dropped);
	(void)fputc('\n', f);
}

static void
print_head(FILE *f, const struct report *r)
{
	(void)fprintf(f,
	    "%s, %u CPUs, clock source %s\n"
	    "load %s before, %s after; %u rounds, %.0f s\n"
	    "floor, median of all: %.2f ns (64 B), %.2f ns (200 B)\n\n",
	    r->processor, bench_cpus(), r->source, r->load_before,
	    r->load_after, r->rounds, r->seconds, floor_median(r, TEXT),
	    floor_median(r, LONG_TEXT));
	(void)fprintf(f, "%-22s %8s %8s %8s %7s %7s %10s %6s %3s/%-3s\n",
	    "ns a call", "median", "min", "max", "xfloor", "against", "at most",
	    "instr", "ok", "bad");
}

static void
print_notes(FILE *f, const struct report *r)
{
	(void)fprintf(f,
	    "\nThe floor: a header of 24 bytes, the cycle counter and a memcpy "
	    "into a ring of\n16 MiB.  Ratios are medians of those within a "
	    "sample, in which the floor is\nmeasured before and after.  "
	    "ok/bad: samples, and those thrown away for other\nload.  NOISY: "
	    "more were bad than good (or none was good, and it is of all): do "
	    "not\nbelieve it.  * a re-implementation, written afresh from the "
	    "documentation.\n");
	if (reader_share != 0)
		(void)fprintf(f,
		    "The reader that followed used %.0f %% of its CPU.\n",
		    100 * reader_share);
	if (r->no_steps[0] != '\0')
		(void)fprintf(f, "instructions: MISSING: %s\n", r->no_steps);
	else
		(void)fprintf(f, "instr: counted by single steps.\n");
}

static void
print_alloc(FILE *f, const struct report *r)
{
	static const char *const trips[] = { "ALLOC", "PUBLISH", "FREE" };

	if (r->no_alloc[0] != '\0') {
		(void)fprintf(f, "\nalloc: MISSING: %s\n", r->no_alloc);
		return;
	}
	(void)fprintf(f,
	    "\nalloc: round trips, us, and the daemon's CPU for the three\n");
	(void)fprintf(f, "%-22s", "sections live");
	for (int i = 0; i < TRIPS; i++)
		(void)fprintf(f, " %7s p50    p99", trips[i]);
	(void)fprintf(f, "    CPU\n");
	for (int i = 0; i < ALLOC_WAYS; i++) {
		(void)fprintf(f, "%5u%-17s", r->alloc[i].live,
		    r->alloc[i].apart ? ", a CPU each" : "");
		for (int j = 0; j < TRIPS; j++) {
			print_number(f, 11, 1, r->alloc[i].p50[j]);
			print_number(f, 6, 0, r->alloc[i].p99[j]);
		}
		print_number(f, 6, 1, r->alloc[i].daemon);
		(void)fputc('\n', f);
	}
	(void)fprintf(f, "%-22s", "a CPU each, bare");
	print_number(f, 11, 1, r->echo.p50);
	print_number(f, 6, 0, r->echo.p99);
	(void)fputc('\n', f);
}

static void
print_join(FILE *f, const struct report *r)
{
	const struct join_figures *j = &r->join;

	if (r->no_join[0] != '\0') {
		(void)fprintf(f, "\njoin: MISSING: %s\n", r->no_join);
		return;
	}
	(void)fprintf(f,
	    "\njoin: %u daemons killed and replaced, %ju puts: the longest "
	    "took "
	    "%.0f us of its\nthread's CPU; wall time beyond that, at most: "
	    "%.0f "
	    "us, and %.0f us of puts that\nwere not preempted (upper bounds of "
	    "what was waited on the socket)\n",
	    j->restarts, (uintmax_t)j->puts, j->cpu, j->wait, j->asleep);
}

void
table_print(FILE *f, const struct report *r)
{
	print_head(f, r);
	for (unsigned i = 0; i < r->results; i++)
		if (r->result[i].wanted && (r->result[i].samples > 0 ||
					       r->result[i].missing[0] != '\0'))
			print_row(f, r, &r->result[i]);
	print_notes(f, r);
	if (r->has_alloc)
		print_alloc(f, r);
	if (r->has_join)
		print_join(f, r);
}
