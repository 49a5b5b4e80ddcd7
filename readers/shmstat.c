/*
 * shmstat.c -- show the counters of an instance: shmstat(1).
 *
 * The options; the ways to show counters are in stat_show.h.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/stat_show.h"

#define SECONDS_MIN MSEC
#define SECONDS_MAX (86400 * NSEC)

/* Options that have no letter. */
enum { OPT_DIFF = 256, OPT_LISTEN };

static const struct option_row options[] = {
	{ '1', NULL, "print all counters once", NULL },
	{ 'a', NULL, "each worker apart, instead of sums", NULL },
	{ 'f', "glob", "only counters that match (^glob: that do not)", NULL },
	{ 'h', NULL, "this help", NULL },
	{ 'I', "glob", "only counters that match", NULL },
	{ 'j', NULL, "print once, as JSON: -o json", NULL },
	{ 'l', NULL, "list names and descriptions: -o names", NULL },
	{ 'L', NULL, "list the instances of this machine", NULL },
	{ 'n', "instance", "a name, or the absolute path of a directory",
	    NULL },
	{ 'o', "format", STAT_FORMATS ": print once, so", NULL },
	{ 'p', "verbosity", "info, diag, debug: up to that level", NULL },
	{ 's', NULL, "list the sections of the segment", NULL },
	{ 't', "seconds", "how long to wait for the instance (5), or off",
	    NULL },
	{ 'V', NULL, "print the version", NULL },
	{ 'w', "seconds", "print again and again, so long after each other",
	    NULL },
	{ 'X', "glob", "not the counters that match", NULL },
	{ OPT_DIFF, "seconds", "print what changed in so long", "diff" },
	{ OPT_LISTEN, "address", "serve HTTP on port, host:port or unix:path",
	    "listen" },
	{ 0, NULL, NULL, NULL },
};

/* What is asked for. */
enum mode {
	MODE_COUNTERS, /* once, with -w again and again, or on a screen */
	MODE_DIFF,
	MODE_LISTEN,
	MODE_SECTIONS,
	MODE_INSTANCES
};

struct stat_line {
	enum mode mode;
	const char *by;     /* the option that chose it */
	const char *format; /* the option that chose that */
	int once;           /* -1, which goes with any but --listen */
	int chose;          /* an option that chose counters */
	struct stat_args args;
};

static void
set_once(const char **was, const char *by)
{
	if (*was != NULL && strcmp(*was, by) != 0)
		usage_errx("%s and %s do not go together", *was, by);
	*was = by;
}

static void
set_mode(struct stat_line *l, const char *by, enum mode mode)
{
	set_once(&l->by, by);
	l->mode = mode;
}

static void
set_format(struct stat_line *l, const char *by, const char *name)
{
	set_once(&l->format, by);
	l->args.format = stat_format_named(name);
	if (l->args.format == NULL)
		usage_errx("%s %s: not a format: " STAT_FORMATS, by, name);
}

static void
take_glob(struct stat_args *a, int letter)
{
	const char *fault = stat_filter_add(&a->filter, letter, optarg);

	if (fault != NULL)
		usage_errx("-%c %s: %s", letter, optarg, fault);
}

static uint64_t
take_seconds(const char *option)
{
	uint64_t ns;

	if (parse_timeout(optarg, &ns) != 0 || ns < SECONDS_MIN ||
	    ns > SECONDS_MAX)
		usage_errx("%s %s: not a number of seconds from 0.001 to 86400",
		    option, optarg);
	return ns;
}

static void
take_levels(struct stat_args *a)
{
	for (uint8_t level = 0; level < STAT_LEVELS; level++)
		if (strcmp(optarg, stat_level_text(level)) == 0) {
			a->levels = level + 1u;
			return;
		}
	usage_errx("-p %s: not a level: info, diag or debug", optarg);
}

/* Those that choose what is done. */
static void
parse_mode(struct stat_line *l, int letter)
{
	const char *fault;

	switch (letter) {
	case '1':
		l->once = 1;
		break;
	case 'j':
		set_format(l, "-j", "json");
		break;
	case 'l':
		set_format(l, "-l", "names");
		break;
	case 'o':
		set_format(l, "-o", optarg);
		break;
	case 's':
		set_mode(l, "-s", MODE_SECTIONS);
		break;
	case 'L':
		set_mode(l, "-L", MODE_INSTANCES);
		break;
	case OPT_DIFF:
		set_mode(l, "--diff", MODE_DIFF);
		l->args.diff = take_seconds("--diff");
		break;
	case OPT_LISTEN:
		set_mode(l, "--listen", MODE_LISTEN);
		l->args.listen = optarg;
		fault = stat_listen_fault(optarg);
		if (fault != NULL)
			usage_errx("--listen %s: %s", optarg, fault);
		break;
	}
}

static void
parse_option(struct stat_line *l, int letter)
{
	struct stat_args *a = &l->args;

	switch (letter) {
	case 'a':
		a->collect.apart = 1;
		l->chose = letter;
		break;
	case 'f':
	case 'I':
	case 'X':
		take_glob(a, letter);
		l->chose = letter;
		break;
	case 'n':
		a->instance = optarg;
		break;
	case 'p':
		take_levels(a);
		l->chose = letter;
		break;
	case 't':
		usage_timeout(optarg, &a->timeout);
		break;
	case 'w':
		a->every = take_seconds("-w");
		break;
	case 'h':
		usage_print(options, "");
		exit(0);
	case 'V':
		usage_version();
		exit(0);
	default:
		parse_mode(l, letter);
	}
}

/* What does not go together, once all is known. */
static void
check_line(const struct stat_line *l)
{
	const struct stat_args *a = &l->args;

	if (a->every > 0 && l->once)
		usage_errx("-1 and -w do not go together");
	if (a->every > 0 && l->mode != MODE_COUNTERS)
		usage_errx("%s and -w do not go together", l->by);
	if ((l->mode == MODE_SECTIONS || l->mode == MODE_INSTANCES) &&
	    l->chose != 0)
		usage_errx("%s and -%c do not go together", l->by, l->chose);
	if (l->mode == MODE_LISTEN && l->once)
		usage_errx("--listen and -1 do not go together");
	if (l->format == NULL || l->mode == MODE_COUNTERS)
		return;
	if (l->mode != MODE_DIFF)
		usage_errx("%s and %s do not go together", l->by, l->format);
	if (a->format->pass != NULL)
		usage_errx(
		    "%s and -o %s do not go together", l->by, a->format->name);
}

static void
parse_args(struct stat_line *l, int argc, char **argv)
{
	struct stat_args *a = &l->args;
	int letter;

	memset(l, 0, sizeof(*l));
	a->format = &stat_text;
	a->timeout = ATTACH_TIMEOUT;
	while ((letter = usage_next(options, 0, argc, argv)) != -1)
		parse_option(l, letter);
	if (optind != argc)
		usage_stray(
		    argv[optind], "-f chooses counters, -n names the instance");
	check_line(l);
	usage_instance(a->instance);
	if (a->filter.globs.n > 0)
		a->collect.wanted = stat_filter_wants;
	a->collect.arg = &a->filter;
	a->collect.levels = a->levels;
}

static int
show_counters(struct stat_line *l, struct attach *a, struct buffer *out)
{
	if (l->mode == MODE_DIFF)
		return stat_diff(&l->args, a, out);
	if (l->mode == MODE_LISTEN)
		return stat_listen(&l->args, a);
	if (l->args.every > 0)
		return stat_stream(&l->args, a, out);
	if (l->once || l->format != NULL)
		return stat_once(&l->args, a, out);
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return stat_screen(&l->args, a, out);
	return stat_stream(&l->args, a, out);
}

static int
show_instance(struct stat_line *l, struct buffer *out)
{
	struct attach a;
	int status = 0;

	attach_init(&a);
	switch (attach_open(&a, l->args.instance, l->args.timeout)) {
	case ATTACH_FAILED:
		return 1;
	case ATTACH_STOPPED:
		return 0;
	case ATTACH_OK:
		break;
	}
	if (l->mode != MODE_SECTIONS)
		status = show_counters(l, &a, out);
	else
		stat_sections(out, &a.segment, clock_real());
	if (status == 0 && attach_poll(&a, NULL) == ATTACH_TORN)
		status = 1;
	attach_close(&a);
	return status;
}

int
main(int argc, char **argv)
{
	struct stat_line line;
	struct buffer out;
	int status = 0, written;

	parse_args(&line, argc, argv);
	stop_init();
	buffer_init(&out, STDOUT_FILENO);
	if (line.mode == MODE_INSTANCES)
		stat_instances(&out);
	else
		status = show_instance(&line, &out);
	written = buffer_exit(&out);
	buffer_free(&out);
	stat_filter_free(&line.args.filter);
	return status != 0 ? status : written;
}
