/*
 * json.c -- the run as JSON: one object; times in ns unless the name tells.
 */
#include <string.h>

#include "tests/bench/bench.h"

static void
put_string(FILE *f, const char *name, const char *text)
{
	(void)fprintf(f, "\"%s\":\"", name);
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			(void)fprintf(f, "\\%c", *text);
		else if ((unsigned char)*text >= ' ')
			(void)fputc(*text, f);
	(void)fputc('"', f);
}

static void
put_number(FILE *f, const char *name, double n)
{
	if (n == 0)
		(void)fprintf(f, ",\"%s\":null", name);
	else
		(void)fprintf(f, ",\"%s\":%.4g", name, n);
}

static void
put_result(FILE *f, const struct report *report, const struct result *r)
{
	const struct entry *e = r->entry;
	struct figures g;

	(void)fprintf(f, "{");
	put_string(f, "name", e->name);
	(void)fputc(',', f);
	put_string(f, "what", e->what);
	if (r->missing[0] != '\0') {
		(void)fputc(',', f);
		put_string(f, "missing", r->missing);
		(void)fprintf(f, "}");
		return;
	}
	figures_of(&g, report, r);
	put_number(f, "median", g.median);
	put_number(f, "min", g.min);
	put_number(f, "max", g.max);
	put_number(f, "floor_ratio", g.ratio);
	if (e->against != NULL) {
		(void)fputc(',', f);
		put_string(f, "against", e->against);
		put_number(f, "against_ratio", g.against);
	}
	put_number(f, "goal", e->goal);
	put_number(f, "instructions", r->instructions);
	(void)fprintf(f,
	    ",\"good\":%u,\"disturbed\":%u,\"noisy\":%s,\"dropped\":%ju}",
	    g.good, g.disturbed, g.noisy ? "true" : "false",
	    (uintmax_t)r->dropped);
}

static void
put_alloc(FILE *f, const struct report *r)
{
	static const char *const trips[] = { "alloc", "publish", "free" };

	if (r->no_alloc[0] != '\0') {
		(void)fprintf(f, ",\n\"alloc\":{");
		put_string(f, "missing", r->no_alloc);
		(void)fputc('}', f);
		return;
	}
	(void)fprintf(f, ",\n\"alloc\":[");
	for (int i = 0; i < ALLOC_WAYS; i++) {
		const struct alloc_figures *a = &r->alloc[i];

		(void)fprintf(f, "%s{\"live\":%u,\"apart\":%s",
		    i == 0 ? "" : ",", a->live, a->apart ? "true" : "false");
		for (int j = 0; j < TRIPS; j++)
			(void)fprintf(f,
			    ",\"%s_p50_us\":%.1f,\"%s_p99_us\":%.1f", trips[j],
			    a->p50[j], trips[j], a->p99[j]);
		(void)fprintf(f, ",\"daemon_cpu_us\":%.1f}", a->daemon);
	}
	(void)fprintf(f, "],\n\"echo\":{\"p50_us\":%.1f,\"p99_us\":%.1f}",
	    r->echo.p50, r->echo.p99);
}

static void
put_join(FILE *f, const struct report *r)
{
	const struct join_figures *j = &r->join;

	(void)fprintf(f, ",\n\"join\":{");
	if (r->no_join[0] != '\0')
		put_string(f, "missing", r->no_join);
	else
		(void)fprintf(f,
		    "\"restarts\":%u,\"puts\":%ju,\"cpu_us\":%.1f,"
		    "\"wall_beyond_us\":%.1f,\"not_preempted_us\":%.1f",
		    j->restarts, (uintmax_t)j->puts, j->cpu, j->wait,
		    j->asleep);
	(void)fputc('}', f);
}

int
json_write(const char *path, const struct report *r)
{
	FILE *f = fopen(path, "we");
	int first = 1;

	if (f == NULL)
		return -1;
	(void)fputc('{', f);
	put_string(f, "processor", r->processor);
	(void)fprintf(f, ",\"cpus\":%u,", bench_cpus());
	put_string(f, "clock_source", r->source);
	(void)fputc(',', f);
	put_string(f, "load_before", r->load_before);
	(void)fputc(',', f);
	put_string(f, "load_after", r->load_after);
	put_number(f, "rounds", r->rounds);
	put_number(f, "seconds", r->seconds);
	put_number(f, "floor_64", floor_median(r, TEXT));
	put_number(f, "floor_200", floor_median(r, LONG_TEXT));
	put_number(f, "reader_share", reader_share);
	(void)fprintf(f, ",\n\"entries\":[");
	for (unsigned i = 0; i < r->results; i++) {
		const struct result *one = &r->result[i];

		if (!one->wanted ||
		    (one->samples == 0 && one->missing[0] == '\0'))
			continue;
		(void)fprintf(f, "%s\n", first ? "" : ",");
		put_result(f, r, one);
		first = 0;
	}
	(void)fprintf(f, "]");
	if (r->has_alloc)
		put_alloc(f, r);
	if (r->has_join)
		put_join(f, r);
	(void)fprintf(f, "}\n");
	return fclose(f);
}
