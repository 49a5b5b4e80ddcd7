/*
 * tail_options.c -- shmtail's command line.
 */
#include "readers/tail_options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"
#include "readers/show_option.h"
#include "readers/since.h"

#define LIMIT_DEFAULT 1000
#define PATIENCE_DEFAULT (120 * NSEC)

/* Options that have no letter. */
enum { OPT_DELAY = SHOW_OPTIONS, OPT_CURSOR };

static const struct option_row rows[] = {
	{ 'd', NULL, "show what is there, and exit", NULL },
	SHOW_CASELESS,
	{ 'h', NULL, "this help", NULL },
	{ 'V', NULL, "the version", NULL },
	{ 'n', "instance", "a name or an absolute path (default: default)",
	    NULL },
	{ 'l', "number", "begin with the last number records", NULL },
	{ 'k', "number", "stop after number records", NULL },
	{ 'p', "levels", "only these levels: err, or err..warning", NULL },
	{ 'g', "grouping", "raw, transaction or tree", NULL },
	{ 'L', "number", "how many incomplete ones (-g) there may be (1000)",
	    NULL },
	{ 'T', "seconds", "how long one is waited for (120), or off", NULL },
	{ 'R', "rate", "no more than so many: number[/duration]", NULL },
	{ 'o', "format", OUT_NAMES, NULL },
	{ 'r', "file",
	    "a capture (-: from standard input) or a segment that a dead "
	    "daemon left, then exit",
	    NULL },
	{ 'w', "file", "write a capture (-: to standard output), no text",
	    NULL },
	{ 'a', NULL, "-w appends", NULL },
	{ 'D', NULL, "detach when it is attached (with -w)", NULL },
	{ 'P', "file", "write the pid there", NULL },
	{ 't', "seconds", "how long to wait for the instance (5), or off",
	    NULL },
	SHOW_ROWS,
	{ OPT_CURSOR, "file", "go on where the last one with it was",
	    "cursor-file" },
	{ OPT_DELAY, "seconds", "between two looks, at most (0.05)", "delay" },
	{ 'f', NULL, NULL,
	    "it follows by itself; -l 10 begins with the last 10 records" },
	{ 0, NULL, NULL, NULL },
};

static void
take_format(struct show *s, const char *name)
{
	const char *fault;

	s->out = out_choose(name, STDOUT_FILENO, &fault);
	if (s->out == NULL)
		usage_errx("-o %s: %s", name, fault);
}

/* `10s', or a unit alone: one of it. */
static int
take_duration(const char *text, uint64_t *ns)
{
	char one[16];

	if (islower((unsigned char)*text) && strlen(text) < sizeof(one) - 1) {
		(void)snprintf(one, sizeof(one), "1%s", text);
		text = one;
	}
	return parse_duration(text, ns);
}

/* `100', `100/10s', or `100/min'. */
static void
take_rate(struct rate *rate, const char *value)
{
	char number[24];
	size_t n = strcspn(value, "/");
	int good = n < sizeof(number);

	rate->every = NSEC;
	if (good) {
		memcpy(number, value, n);
		number[n] = '\0';
		good = parse_number(number, 1, UINT64_MAX, &rate->most) == 0;
	}
	if (good && value[n] == '/')
		good = take_duration(value + n + 1, &rate->every) == 0 &&
		       rate->every != 0;
	if (!good)
		usage_errx("-R %s: not a rate: a number, or number/duration as "
			   "100/10s or 100/min (ms, s, min, h, d)",
		    value);
}

static void
take_grouping(struct tail_options *o, int letter, const char *value)
{
	static const char *const names[] = { "raw", "transaction", "tree" };

	o->bound = letter == 'g' ? o->bound : letter;
	switch (letter) {
	case 'g':
		for (int i = GROUP_RAW; i <= GROUP_TREE; i++)
			if (strcmp(value, names[i]) == 0) {
				o->grouping = (enum grouping)i;
				return;
			}
		usage_errx("-g %s: not raw, transaction or tree", value);
	case 'L':
		if (parse_number(value, 1, GROUP_LIMIT_MAX, &o->limit) != 0)
			usage_errx("-L %s: not a whole number from 1 to %d",
			    value, GROUP_LIMIT_MAX);
		break;
	case 'T':
		if (parse_timeout(value, &o->patience) != 0)
			usage_errx(
			    "-T %s: not a number of seconds, nor off", value);
		break;
	}
}

/* What goes with -w. */
static void
take_capture(struct tail_options *o, int letter, const char *value)
{
	switch (letter) {
	case 'w':
		o->write = value;
		break;
	case 'a':
		o->append = 1;
		break;
	case 'D':
		o->detach = 1;
		break;
	case 'P':
		o->pid_file = value;
		break;
	}
}

static void
take_option(
    struct tail_options *o, struct show *s, int letter, const char *value)
{
	switch (letter) {
	case OPT_CURSOR:
		o->cursor = value;
		break;
	case OPT_DELAY:
		if (parse_timeout(value, &o->delay) != 0 || o->delay == 0 ||
		    o->delay == ATTACH_FOREVER)
			usage_errx("--delay %s: not a number of seconds above "
				   "0",
			    value);
		break;
	case 'd':
		o->dump = 1;
		break;
	case 'n':
		o->instance = value;
		break;
	case 'l':
		if (parse_number(value, 0, UINT64_MAX, &o->last) != 0)
			usage_errx("-l %s: not a whole number", value);
		o->has_last = 1;
		break;
	case 'k':
		if (parse_number(value, 1, UINT64_MAX, &s->stop_after) != 0)
			usage_errx("-k %s: not a whole number from 1", value);
		break;
	case 'p':
		show_option_levels(s, "-p", value);
		break;
	case 'R':
		take_rate(&s->rate, value);
		break;
	case 'g':
	case 'L':
	case 'T':
		take_grouping(o, letter, value);
		break;
	case 'o':
		o->has_format = 1;
		take_format(s, value);
		break;
	case 'r':
		o->file = value;
		break;
	case 't':
		usage_timeout(value, &o->timeout);
		break;
	default:
		take_capture(o, letter, value);
		(void)show_option(s, letter, value);
	}
}

void
tail_options(struct tail_options *o, struct show *s, int argc, char *argv[])
{
	int c;

	*o = (struct tail_options){
		.timeout = ATTACH_TIMEOUT,
		.limit = LIMIT_DEFAULT,
		.patience = PATIENCE_DEFAULT,
	};

	while ((c = usage_next(rows, 0, argc, argv)) != -1) {
		switch (c) {
		case 'h':
			usage_print(rows, "");
			exit(0);
		case 'V':
			usage_version();
			exit(0);
		default:
			take_option(o, s, c, optarg);
		}
	}
	show_options_end(s);
	if (optind < argc)
		usage_stray(argv[optind], "-n names the instance, -r a file");
	if (o->file != NULL && o->instance != NULL)
		usage_errx("-n and -r do not go together");
	if (o->detach && (o->write == NULL || strcmp(o->write, "-") == 0))
		usage_errx("-D: -w names the file that it writes");
	if (o->detach && (o->dump || o->file != NULL))
		usage_errx("-D: what ends by itself (-%c) does not detach",
		    o->dump ? 'd' : 'r');
	if (o->append && o->write == NULL)
		usage_errx("-a: -w names the file that it appends to");
	if (o->has_format && o->write != NULL)
		usage_errx("-o and -w do not go together: -r shows a capture");
	if (o->bound != 0 && o->grouping == GROUP_RAW)
		usage_errx("-%c: needs -g transaction or -g tree", o->bound);
	if (o->cursor != NULL && o->grouping != GROUP_RAW)
		usage_errx("--cursor-file and -g do not go together");
	if (o->cursor != NULL && (o->file != NULL || o->has_last))
		usage_errx("--cursor-file and -%c do not go together",
		    o->file != NULL ? 'r' : 'l');
	if (o->file == NULL)
		usage_instance(o->instance);
}
