/*
 * option.c -- usage and getopt string out of one table, numbers, globs.
 */
#include "readers/option.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"

void
must_failed(const char *what, const char *file, int line)
{
	errx(1, "%s:%d: this must hold: %s", file, line, what);
}

#define ROWS_MAX 64

/* What getopt_long(3) wants of a table. */
static void
fill(const struct option_row *rows, char *letters, struct option *names)
{
	for (const struct option_row *r = rows; r->letter != 0; r++) {
		must(r - rows < ROWS_MAX);
		if (r->help == NULL)
			continue;
		if (r->letter < 256) {
			*letters++ = (char)r->letter;
			if (r->argument != NULL)
				*letters++ = ':';
		}
		if (r->name != NULL)
			*names++ = (struct option){ r->name,
				r->argument != NULL, NULL, r->letter };
	}
	*letters = '\0';
	memset(names, 0, sizeof(*names));
}

/* The row of optopt. */
static const struct option_row *
row_of(const struct option_row *rows)
{
	while (rows->letter != 0 && rows->letter != optopt)
		rows++;
	return rows;
}

static void no_such(const struct option_row *, char *const argv[])
    __attribute__((noreturn));

static void
no_such(const struct option_row *rows, char *const argv[])
{
	const struct option_row *r = row_of(rows);
	const char *word = argv[optind - 1];

	if (optopt == 0)
		usage_errx("%s: no such option (-h lists them)", word);
	if (optopt > 255 || (r->help != NULL && strncmp(word, "--", 2) == 0))
		usage_errx("%s: takes no value", word);
	if (r->letter != 0 && r->help == NULL)
		usage_errx("-%c: no such option: %s", optopt, r->name);
	usage_errx("-%c: no such option (-h lists them)", optopt);
}

int
usage_next(const struct option_row *rows, int leading, int argc, char *argv[])
{
	char letters[2 * ROWS_MAX + 3] = "+:";
	struct option names[ROWS_MAX + 1];
	const struct option_row *r;
	int letter;

	fill(rows, letters + 2, names);
	opterr = 0;
	letter = getopt_long(
	    argc, argv, leading ? letters : letters + 1, names, NULL);
	if (letter == '?')
		no_such(rows, argv);
	if (letter != ':')
		return letter;
	r = row_of(rows);
	if (r->letter > 255)
		usage_errx("--%s: needs a value: %s", r->name, r->argument);
	usage_errx("-%c: needs a value: %s", optopt, r->argument);
}

static void
print_option(const struct option_row *r)
{
	if (r->letter < 256)
		printf("-%c", r->letter);
	else
		printf("--%s", r->name);
	if (r->argument != NULL)
		printf(" %s", r->argument);
}

void
usage_print(const struct option_row *rows, const char *needed)
{
	const struct option_row *r;
	int is_needed;

	printf("usage: %s [-", getprogname());
	for (r = rows; r->letter != 0; r++)
		if (r->help != NULL && r->argument == NULL && r->letter < 256)
			putchar(r->letter);
	putchar(']');
	for (r = rows; r->letter != 0; r++) {
		if (r->help == NULL || (r->argument == NULL && r->letter < 256))
			continue;
		is_needed =
		    r->letter < 256 && strchr(needed, r->letter) != NULL;
		printf(is_needed ? " " : " [");
		print_option(r);
		printf(is_needed ? "" : "]");
	}
	putchar('\n');
	for (r = rows; r->letter != 0; r++)
		if (r->help != NULL && r->letter < 256)
			printf("  -%c %-10s %s\n", r->letter,
			    r->argument != NULL ? r->argument : "", r->help);
		else if (r->help != NULL)
			printf("  --%s %s\n%16s%s\n", r->name,
			    r->argument != NULL ? r->argument : "", "",
			    r->help);
}

void
usage_stray(const char *word, const char *instead)
{
	usage_errx("%s: there are no arguments but options: %s", word, instead);
}

void
usage_instance(const char *name)
{
	const char *dir = instance_bad_dir(name);

	if (instance_check(name) != 0)
		usage_errx("-n %s: " INSTANCE_RULE, name);
	if (dir != NULL)
		usage_errx("SHMLOG_DIR %s: " RUNTIME_DIR_RULE, dir);
}

void
usage_timeout(const char *value, uint64_t *ns)
{
	if (parse_timeout(value, ns) != 0)
		usage_errx("-t %s: not a number of seconds, nor off", value);
}

void
usage_errx(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vwarnx(format, args);
	va_end(args);
	exit(2);
}

void
usage_version(void)
{
	printf("%s (shmlog) %s\n", getprogname(), SHMLOG_VERSION);
}

int
parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *n)
{
	unsigned long long v;
	char *end;

	/* strtoull(3) would take blanks and a sign */
	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0 || v < min || v > max)
		return -1;
	*n = v;
	return 0;
}

int
parse_timeout(const char *text, uint64_t *ns)
{
	uint64_t whole = 0, part = 0, unit = NSEC / 10;
	const char *p = text;

	if (strcmp(text, "off") == 0) {
		*ns = ATTACH_FOREVER;
		return 0;
	}
	if (!isdigit((unsigned char)p[*p == '.']))
		return -1;
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (uint64_t)(*p - '0');
		if (whole > UINT32_MAX)
			return -1;
	}
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++, unit /= 10)
			part += (uint64_t)(*p - '0') * unit;
	if (*p != '\0')
		return -1;
	*ns = whole * NSEC + part;
	return 0;
}

/* Behind the bracket expression that begins at p, or NULL: it has no end. */
static const char *
skip_bracket(const char *p)
{
	const char *first = p + 1, *inner;

	first += *first == '!' || *first == '^';
	for (p = first; *p != '\0'; p++) {
		if (*p == ']' && p != first)
			return p + 1;
		if (*p == '\\' && p[1] != '\0') {
			p++;
		} else if (*p == '[' && p[1] != '\0' &&
			   strchr(":.=", p[1]) != NULL) {
			/* [:alpha:]; if it has no end, it is two characters */
			const char end[] = { p[1], ']', '\0' };

			inner = strstr(p + 2, end);
			if (inner != NULL)
				p = inner + 1;
		}
	}
	return NULL;
}

const char *
glob_fault(const char *glob)
{
	if (*glob == '\0')
		return "an empty glob";
	while (*glob != '\0') {
		if (*glob == '[') {
			glob = skip_bracket(glob);
			if (glob == NULL)
				return "a [ is not closed (\\[ is the "
				       "character)";
		} else if (*glob == '\\' && glob[1] != '\0') {
			glob += 2;
		} else {
			glob++;
		}
	}
	return NULL;
}

const char *
globs_add_one(struct globs *g, const char *glob)
{
	const char *fault = glob_fault(glob);

	if (fault != NULL)
		return fault;
	g->list = reallocarray(g->list, g->n + 1, sizeof(*g->list));
	if (g->list == NULL || (g->list[g->n] = strdup(glob)) == NULL)
		err(1, "memory");
	g->n++;
	return NULL;
}

const char *
globs_add(struct globs *g, const char *list)
{
	char *copy = strdup(list), *rest = copy, *one;
	const char *fault = NULL;

	if (copy == NULL)
		err(1, "memory");
	while (fault == NULL && (one = strsep(&rest, ",")) != NULL)
		fault = globs_add_one(g, one);
	free(copy);
	return fault;
}

int
globs_match(const struct globs *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (fnmatch(g->list[i], name, 0) == 0)
			return (int)i;
	return -1;
}

void
globs_free(struct globs *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->list[i]);
	free(g->list);
	memset(g, 0, sizeof(*g));
}
