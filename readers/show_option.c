/*
 * show_option.c -- the options that say which records are shown.
 */
#include "readers/show_option.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "readers/attach.h"
#include "readers/query.h"
#include "readers/since.h"

static void
take_globs(struct globs *g, int letter, const char *list)
{
	const char *fault = globs_add(g, list);

	if (fault != NULL)
		usage_errx("-%c %s: %s", letter, list, fault);
}

/* What has regular expressions waits for -C, which may come behind it. */
#define PATTERNS_MAX 64

static struct {
	int letter;
	const char *value;
} patterns[PATTERNS_MAX];
static unsigned npatterns;
static int caseless; /* -C */

static void
keep_pattern(int letter, const char *value)
{
	if (npatterns == PATTERNS_MAX)
		usage_errx("-%c %s: there are more than %d of these", letter,
		    value, PATTERNS_MAX);
	patterns[npatterns].letter = letter;
	patterns[npatterns++].value = value;
}

static void
take_query(struct show *s, const char *from, const char *text, size_t n)
{
	struct query_error e;
	struct query *q = query_compile(text, n, caseless, &e);

	if (q == NULL) {
		query_complain(from, text, n, &e);
		exit(2);
	}
	show_query(s, q);
}

static void
take_query_file(struct show *s, const char *path)
{
	static char text[QUERY_TEXT_MAX + 1];
	char from[PATH_MAX + 4];
	FILE *f = fopen(path, "re");
	size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text), f);

	if (f == NULL || ferror(f))
		usage_errx("-Q %s: %s", path, strerror(errno));
	(void)fclose(f);
	if (n == sizeof(text))
		usage_errx("-Q %s: longer than %d bytes", path, QUERY_TEXT_MAX);
	(void)snprintf(from, sizeof(from), "-Q %s", path);
	take_query(s, from, text, n);
}

static void
take_pattern(struct show *s, int letter, const char *value)
{
	const char *fault;

	switch (letter) {
	case 'q':
		take_query(s, "-q", value, strlen(value));
		return;
	case 'Q':
		take_query_file(s, value);
		return;
	}
	fault = choose_regex_add(&s->choose, letter == 'I', value, caseless);
	if (fault != NULL)
		usage_errx("-%c %s: %s", letter, value, fault);
}

static void
take_number(const char *option, const char *value, uint64_t *n)
{
	if (parse_number(value, 1, UINT64_MAX, n) != 0)
		usage_errx("%s %s: not a whole number from 1", option, value);
}

static void
take_time(const char *option, const char *value, uint64_t *ns)
{
	if (since_parse(value, clock_real(), ns) != 0)
		usage_errx("%s %s: " SINCE_RULE, option, value);
}

void
show_option_levels(struct show *s, const char *option, const char *value)
{
	const char *fault = choose_levels(&s->choose, value);

	if (fault != NULL)
		usage_errx("%s %s: %s", option, value, fault);
}

int
show_option(struct show *s, int letter, const char *value)
{
	switch (letter) {
	case 'C':
		caseless = 1;
		return 1;
	case 'i':
		take_globs(&s->choose.include, letter, value);
		return 1;
	case 'x':
		take_globs(&s->choose.exclude, letter, value);
		return 1;
	case 's':
		take_globs(&s->choose.streams, letter, value);
		return 1;
	case 'I':
	case 'X':
	case 'q':
	case 'Q':
		keep_pattern(letter, value);
		return 1;
	case SHOW_PID:
		take_number("--pid", value, &s->choose.pid);
		return 1;
	case SHOW_ID:
		take_number("--id", value, &s->choose.id);
		return 1;
	case SHOW_SINCE:
		take_time("--since", value, &s->choose.since);
		return 1;
	case SHOW_UNTIL:
		take_time("--until", value, &s->choose.until);
		return 1;
	}
	return 0;
}

void
show_options_end(struct show *s)
{
	for (unsigned i = 0; i < npatterns; i++)
		take_pattern(s, patterns[i].letter, patterns[i].value);
}
