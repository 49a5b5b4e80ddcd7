/*
 * series.c -- a worker with many counters, or with odd ones.
 *
 *	tool-series many SETS COUNTERS HISTOGRAMS
 *	tool-series odd SEED
 *
 * `many': SETS sets many.N, each with so many counters cN and histograms hN
 * (in microseconds), whose values are not zero.
 *
 * `odd': 40 sets whose names, labels, units and help are all that libshmlog
 * lets through, at random: what is no name of OpenMetrics, bytes that are no
 * UTF-8, quotes and backslashes, labels of two orders and of names that mean
 * something elsewhere, counters that would have the name of another one.
 *
 * Prints `ready' when it is attached, and ends with its input.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shmlog.h"

#define DEFS_MAX 1200

static uint64_t state;

static unsigned
below(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(state >> 33) % n;
}

static void
fill(struct shmlog_set *set, const struct shmlog_def *defs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t *c = shmlog_counter(set, i);

		if (defs[i].kind == SHMLOG_HISTOGRAM)
			for (unsigned v = 1; v < 20; v++)
				shmlog_observe(c, (uint64_t)v * v * v * 100);
		else if (defs[i].kind == SHMLOG_BITMAP)
			shmlog_bit_flip(c, i % 64);
		else if (defs[i].kind == SHMLOG_GAUGE)
			shmlog_gauge(c, -(int64_t)i);
		else
			shmlog_add(c, 1000000 + i);
	}
}

static void
make_many(struct shmlog *log, unsigned sets, unsigned counters, unsigned n)
{
	static struct shmlog_def defs[DEFS_MAX];
	static char names[DEFS_MAX][16];
	char ident[32];

	if (n > DEFS_MAX)
		errx(2, "too many counters");
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%c%u",
		    i < counters ? 'c' : 'h', i);
		defs[i] = (struct shmlog_def){ names[i],
			i < counters ? SHMLOG_COUNTER : SHMLOG_HISTOGRAM,
			SHMLOG_STAT_INFO, i < counters ? NULL : "us",
			"What is counted here" };
	}
	for (unsigned i = 0; i < sets; i++) {
		struct shmlog_set *set;

		(void)snprintf(ident, sizeof(ident), "set%u", i);
		set = shmlog_set(log, "many", ident, defs, n, NULL);
		if (set == NULL)
			err(1, "shmlog_set");
		fill(set, defs, n);
	}
}

/* One of a list, or a random text of up to `most' of its characters. */
static char *
text(const char *const *list, const char *chars, unsigned most)
{
	unsigned n = 0, length;
	char *s;

	while (list[n] != NULL)
		n++;
	if (below(3) > 0)
		return strdup(list[below(n)]);
	length = 1 + below(most);
	s = calloc(1, length + 1);
	for (unsigned i = 0; s != NULL && i < length; i++)
		s[i] = chars[below((unsigned)strlen(chars))];
	return s;
}

#define NAME_CHARS "abzAZ09_.:-"
#define TEXT_CHARS "ab \"\\{}=#\302\265\377\200\303\244\355\240\342\202\254n"

static char *
odd_name(void)
{
	static const char *const list[] = { "a", "a.b", "a-b", "a:b", "a_b",
		"a_b_total", "a_total", "a_created", "a_sum", "a_count",
		"a_bucket", "a_info", "a_bytes", "bytes", "bytes_a", "us",
		"a_us", "_", "-", "0", "daemon_up", "instance", "instance_info",
		"log.records", "total", "_total", NULL };

	return text(list, NAME_CHARS, 100);
}

static char *
odd_labels(void)
{
	static const char *const list[] = { "", "a=1", "a=1,b=2", "b=2,a=1",
		"instance=x", "le=1", "type=x,ident=y,pid=7", "a.b=1,a-b=2",
		"0=1", "__name__=x", "a=", "quantile=0.5", "a=\377\"\\\303",
		NULL };
	char *s = text(list, TEXT_CHARS, 30);

	if (s != NULL && s[0] != '\0' && strchr(s, '=') == NULL) {
		char *with = NULL;

		if (asprintf(&with, "%c=%s", "ax_"[below(3)], s) == -1)
			err(1, "memory");
		free(s);
		return with;
	}
	return s;
}

static void
odd_def(struct shmlog_def *d)
{
	static const char *const units[] = { "", "us", "ns", "ms", "s", "bytes",
		"B", "%", "files", "1/s", "b", "total", "_", "\302\265s",
		NULL };
	static const char *const helps[] = { "", "Help", "a\\nb \"c\" \\",
		"# EOF", "\377\376", NULL };

	*d = (struct shmlog_def){ odd_name(), (enum shmlog_kind)(1 + below(5)),
		SHMLOG_STAT_INFO, text(units, TEXT_CHARS, 20),
		text(helps, TEXT_CHARS, 200) };
}

static void
make_odd(struct shmlog *log)
{
	static const char *const types[] = { "a", "shmlog", "0", "x.y", "x-y",
		"_", NULL };
	static const char *const idents[] = { "a", "b", "c.d", "0", NULL };

	for (unsigned i = 0; i < 40; i++) {
		struct shmlog_def defs[12];
		struct shmlog_set_options o = { .labels = odd_labels() };
		unsigned n = 1 + below(12);
		struct shmlog_set *set;

		for (unsigned k = 0; k < n; k++)
			odd_def(&defs[k]);
		set = shmlog_set(log, text(types, NAME_CHARS, 10),
		    text(idents, NAME_CHARS, 30), defs, n, &o);
		/* names that are there twice are refused */
		if (set != NULL)
			fill(set, defs, n);
	}
}

int
main(int argc, char **argv)
{
	struct shmlog *log = shmlog_open(NULL);
	char line[16];

	if (argc == 5 && strcmp(argv[1], "many") == 0) {
		unsigned counters = (unsigned)atoi(argv[3]);

		make_many(log, (unsigned)atoi(argv[2]), counters,
		    counters + (unsigned)atoi(argv[4]));
	} else if (argc == 3 && strcmp(argv[1], "odd") == 0) {
		state = (uint64_t)atoll(argv[2]);
		make_odd(log);
	} else {
		errx(2, "usage: tool-series many SETS COUNTERS HISTOGRAMS | "
			"odd SEED");
	}
	if (shmlog_wait(log, 60000) != 0)
		err(1, "shmlog_wait");
	puts("ready");
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL)
		(void)shmlog_dispatch(log);
	shmlog_close(log);
	return 0;
}
