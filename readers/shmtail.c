/*
 * shmtail.c -- follow the records of an instance.
 */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "readers/tail.h"

#define TIMEOUT_DEFAULT (5 * NSEC)
#define BUSY_ROUND 64 /* records; after so many there is no nap */

static const struct option_row rows[] = {
	{ 'd', NULL, "show what is there, and exit", NULL },
	{ 'h', NULL, "this help", NULL },
	{ 'V', NULL, "the version", NULL },
	{ 'n', "instance", "a name or an absolute path (default: default)",
	    NULL },
	{ 'l', "number", "begin with the last number records", NULL },
	{ 'k', "number", "stop after number records", NULL },
	{ 'i', "taglist", "only these tags: globs, separated by commas", NULL },
	{ 'x', "taglist", "not these tags", NULL },
	{ 'o', "format", "short, json or cat", NULL },
	{ 'r', "file", "a segment that a dead daemon left, then exit", NULL },
	{ 't', "seconds", "how long to wait for the instance (5), or off",
	    NULL },
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

static void
take_option(struct arguments *a, struct show *s, int letter, const char *value)
{
	switch (letter) {
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
		take_globs(&s->include, letter, value);
		break;
	case 'x':
		take_globs(&s->exclude, letter, value);
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
	if (optind < argc)
		usage_stray(argv[optind], "-n names the instance, -r a file");
	if (a->file != NULL && a->instance != NULL)
		usage_errx("-n and -r do not go together");
	if (a->file == NULL)
		usage_instance(a->instance);
}

static int
follow(struct tail *t)
{
	struct idle idle = { 0 };

	while (!t->show->done && !stop_asked()) {
		if (tail_follow(t) != 0)
			return 1;
		if (t->round >= BUSY_ROUND)
			continue;
		if (buffer_flush(&t->show->to) != 0)
			break;
		idle_nap(&idle, t->busy || t->pending);
	}
	return 0;
}

static int
run(struct tail *t, const struct arguments *a)
{
	int back = a->dump || a->file != NULL || (a->has_last && a->last > 0);

	t->start = back ? START_OLDEST : START_END;
	if (a->has_last && back)
		last_begin(t->show, a->last);
	sources_begin(t);
	if (back)
		tail_drain(t);
	if (t->show->last != NULL)
		last_end(t->show);
	if (segment_torn(&t->attach.segment) &&
	    attach_poll(&t->attach, NULL) == ATTACH_TORN)
		return 1;
	if (a->dump || a->file != NULL)
		return 0;
	tail_unbound(t);
	return follow(t);
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
	stop_init();
	attached = a.file != NULL
		       ? attach_file(&t.attach, a.file)
		       : attach_open(&t.attach, a.instance, a.timeout);
	failed = attached == ATTACH_FAILED;
	if (attached == ATTACH_OK)
		failed = run(&t, &a);
	unwritten = buffer_exit(&show.to);
	tail_fini(&t);
	show_fini(&show);
	return failed || unwritten ? 1 : 0;
}
