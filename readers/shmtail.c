/*
 * shmtail.c -- follow the records of an instance.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/since.h"
#include "readers/tail.h"

#define TIMEOUT_DEFAULT (5 * NSEC)
#define UNTIL_LATE (20 * MSEC) /* when all that was put until then is seen */
#define BUSY_ROUND 64          /* records; after so many there is no nap */

/* Options that have no letter. */
enum { OPT_PID = 256, OPT_ID, OPT_SINCE, OPT_UNTIL, OPT_DELAY, OPT_CURSOR };

static const struct option_row rows[] = {
	{ 'd', NULL, "show what is there, and exit", NULL },
	{ 'C', NULL, "-I and -X do not tell small letters from capital ones",
	    NULL },
	{ 'h', NULL, "this help", NULL },
	{ 'V', NULL, "the version", NULL },
	{ 'n', "instance", "a name or an absolute path (default: default)",
	    NULL },
	{ 'l', "number", "begin with the last number records", NULL },
	{ 'k', "number", "stop after number records", NULL },
	{ 'i', "taglist", "only these tags: globs, separated by commas", NULL },
	{ 'x', "taglist", "not these tags", NULL },
	{ 'I', "regex", "only what matches; [taglist:]regex", NULL },
	{ 'X', "regex", "not what matches", NULL },
	{ 's', "streams", "only these streams: globs of type.ident", NULL },
	{ 'p', "levels", "only these levels: err, or err..warning", NULL },
	{ 'R', "rate", "no more than so many: number[/duration]", NULL },
	{ 'o', "format", "short, json or cat", NULL },
	{ 'r', "file", "a segment that a dead daemon left, then exit", NULL },
	{ 't', "seconds", "how long to wait for the instance (5), or off",
	    NULL },
	{ OPT_PID, "number", "only records of this process", "pid" },
	{ OPT_ID, "number", "only records of this transaction", "id" },
	{ OPT_SINCE, "time", "begin with what is there from then on", "since" },
	{ OPT_UNTIL, "time", "end with what was put by then", "until" },
	{ OPT_CURSOR, "file", "go on where the last one with it was",
	    "cursor-file" },
	{ OPT_DELAY, "seconds", "between two looks, at most (0.05)", "delay" },
	{ 'f', NULL, NULL,
	    "it follows by itself; -l 10 begins with the last 10 records" },
	{ 0, NULL, NULL, NULL },
};

struct arguments {
	const char *instance;
	const char *file;
	uint64_t timeout;
	uint64_t last;
	int has_last;
	const char *cursor;
	uint64_t delay; /* ns; 0: as it is by itself */
	int caseless;
	int dump;
};

static void
take_format(struct show *s, const char *name)
{
	s->out = out_find(name);
	if (s->out == NULL)
		usage_errx("-o %s: not a format: short, json or cat", name);
}

static void
take_globs(struct globs *g, int letter, const char *list)
{
	const char *fault = globs_add(g, list);

	if (fault != NULL)
		usage_errx("-%c %s: %s", letter, list, fault);
}

/* Regular expressions wait for -C, which may come behind them. */
#define REGEXES_MAX 64

static struct {
	int letter;
	const char *value;
} regexes[REGEXES_MAX];
static unsigned nregexes;

static void
keep_regex(int letter, const char *value)
{
	if (nregexes == REGEXES_MAX)
		usage_errx("-%c %s: there are more than %d of these", letter,
		    value, REGEXES_MAX);
	regexes[nregexes].letter = letter;
	regexes[nregexes++].value = value;
}

static void
take_regexes(struct show *s, int caseless)
{
	const char *fault;

	for (unsigned i = 0; i < nregexes; i++) {
		fault = choose_regex_add(&s->choose, regexes[i].letter == 'I',
		    regexes[i].value, caseless);
		if (fault != NULL)
			usage_errx("-%c %s: %s", regexes[i].letter,
			    regexes[i].value, fault);
	}
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

/* `100', or `100/10s'. */
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
		good = parse_duration(value + n + 1, &rate->every) == 0 &&
		       rate->every != 0;
	if (!good)
		usage_errx("-R %s: not a rate: a number, or number/duration as "
			   "100/10s",
		    value);
}

static void
take_choice(struct show *s, int letter, const char *value)
{
	const char *fault;

	switch (letter) {
	case 's':
		take_globs(&s->choose.streams, letter, value);
		break;
	case 'p':
		fault = choose_levels(&s->choose, value);
		if (fault != NULL)
			usage_errx("-p %s: %s", value, fault);
		break;
	case 'I':
	case 'X':
		keep_regex(letter, value);
		break;
	case 'R':
		take_rate(&s->rate, value);
		break;
	case OPT_PID:
		take_number("--pid", value, &s->choose.pid);
		break;
	case OPT_ID:
		take_number("--id", value, &s->choose.id);
		break;
	case OPT_SINCE:
		take_time("--since", value, &s->choose.since);
		break;
	case OPT_UNTIL:
		take_time("--until", value, &s->choose.until);
		break;
	}
}

static void
take_option(struct arguments *a, struct show *s, int letter, const char *value)
{
	switch (letter) {
	case 'C':
		a->caseless = 1;
		break;
	case OPT_CURSOR:
		a->cursor = value;
		break;
	case OPT_DELAY:
		if (parse_timeout(value, &a->delay) != 0 || a->delay == 0 ||
		    a->delay == ATTACH_FOREVER)
			usage_errx("--delay %s: not a number of seconds above "
				   "0",
			    value);
		break;
	case 'd':
		a->dump = 1;
		break;
	case 'n':
		a->instance = value;
		break;
	case 'l':
		if (parse_number(value, 0, UINT64_MAX, &a->last) != 0)
			usage_errx("-l %s: not a whole number", value);
		a->has_last = 1;
		break;
	case 'k':
		if (parse_number(value, 1, UINT64_MAX, &s->stop_after) != 0)
			usage_errx("-k %s: not a whole number from 1", value);
		break;
	case 'i':
		take_globs(&s->choose.include, letter, value);
		break;
	case 'x':
		take_globs(&s->choose.exclude, letter, value);
		break;
	case 'o':
		take_format(s, value);
		break;
	case 'r':
		a->file = value;
		break;
	case 't':
		usage_timeout(value, &a->timeout);
		break;
	default:
		take_choice(s, letter, value);
	}
}

static void
take_options(struct arguments *a, struct show *s, int argc, char *argv[])
{
	int c;

	while ((c = usage_next(rows, 0, argc, argv)) != -1) {
		switch (c) {
		case 'h':
			usage_print(rows, "");
			exit(0);
		case 'V':
			usage_version();
			exit(0);
		default:
			take_option(a, s, c, optarg);
		}
	}
	take_regexes(s, a->caseless);
	if (optind < argc)
		usage_stray(argv[optind], "-n names the instance, -r a file");
	if (a->file != NULL && a->instance != NULL)
		usage_errx("-n and -r do not go together");
	if (a->cursor != NULL && (a->file != NULL || a->has_last))
		usage_errx("--cursor-file and -%c do not go together",
		    a->file != NULL ? 'r' : 'l');
	if (a->file == NULL)
		usage_instance(a->instance);
}

static int
follow(struct tail *t, uint64_t delay)
{
	uint64_t until = t->show->choose.until;
	struct idle idle = { .bound = delay };

	while (!t->show->done && !stop_asked()) {
		if (until != 0 && clock_real() > until + UNTIL_LATE)
			break;
		if (tail_follow(t) != 0)
			return 1;
		if (t->round >= BUSY_ROUND)
			continue;
		if (buffer_flush(&t->show->to) != 0)
			break;
		if (t->cursor != NULL && t->show->to.n == 0)
			(void)cursor_save(t->cursor, t, 0);
		idle_nap(&idle, t->busy || t->pending);
	}
	return 0;
}

static int
run(struct tail *t, const struct arguments *a)
{
	int back = a->dump || a->file != NULL || t->show->choose.since != 0 ||
		   (a->has_last && a->last > 0);

	t->start = back ? START_OLDEST : START_END;
	t->dump = a->dump;
	if (cursor_is_set(t->cursor))
		t->start = START_CURSOR;
	if (a->has_last && back)
		last_begin(t->show, a->last);
	sources_begin(t);
	if (back && (t->start != START_CURSOR || a->dump))
		tail_drain(t);
	if (t->show->last != NULL)
		last_end(t->show);
	if (segment_torn(&t->attach.segment) &&
	    attach_poll(&t->attach, NULL) == ATTACH_TORN)
		return 1;
	if (a->dump || a->file != NULL)
		return 0;
	tail_unbound(t);
	return follow(t, a->delay);
}

int
main(int argc, char *argv[])
{
	struct arguments a = { .timeout = TIMEOUT_DEFAULT };
	enum attach_result attached;
	struct show show;
	struct tail t;
	int failed, unwritten;

	show_init(&show, &out_short, STDOUT_FILENO);
	take_options(&a, &show, argc, argv);
	show_begin(&show);
	tail_init(&t, &show);
	if (a.cursor != NULL)
		t.cursor = cursor_open(a.cursor);
	stop_init();
	attached = a.file != NULL
		       ? attach_file(&t.attach, a.file)
		       : attach_open(&t.attach, a.instance, a.timeout);
	failed = attached == ATTACH_FAILED;
	if (attached == ATTACH_OK)
		failed = run(&t, &a);
	unwritten = buffer_exit(&show.to);
	if (t.cursor != NULL && attached == ATTACH_OK && show.to.error == 0 &&
	    cursor_save(t.cursor, &t, 1) != 0)
		failed = 1;
	cursor_free(t.cursor);
	show_end(&show);
	tail_fini(&t);
	show_fini(&show);
	return failed || unwritten ? 1 : 0;
}
