/*
 * shmstat.c -- show the counters of an instance: shmstat(1).
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/stat_format.h"

#define EVERY NSEC
#define TRIES 20 /* a daemon that is restarted all the time */

static const struct option_row options[] = {
	{ '1', NULL, "print all counters once", NULL },
	{ 'a', NULL, "each worker apart, instead of sums", NULL },
	{ 'f', "glob", "only counters that match (^glob: that do not)", NULL },
	{ 'h', NULL, "this help", NULL },
	{ 'j', NULL, "print once, as JSON", NULL },
	{ 'l', NULL, "list names and descriptions", NULL },
	{ 'L', NULL, "list the instances of this machine", NULL },
	{ 'n', "instance", "a name, or the absolute path of a directory",
	    NULL },
	{ 's', NULL, "list the sections of the segment", NULL },
	{ 't', "seconds", "how long to wait for the instance (5), or off",
	    NULL },
	{ 'V', NULL, "print the version", NULL },
	{ 0, NULL, NULL, NULL },
};

/* What is asked for. */
enum mode { MODE_LIVE, MODE_ONCE, MODE_SECTIONS, MODE_INSTANCES };

struct stat_args {
	enum mode mode;
	char letter; /* the option that chose it */
	const struct stat_format *format;
	const char *instance;
	uint64_t timeout;
	struct stat_filter filter;
	struct stat_options collect;
};

/* -1 goes with any of them. */
static void
set_mode(struct stat_args *a, int letter, enum mode mode,
    const struct stat_format *f)
{
	if (a->letter != 0 && a->letter != '1' && a->letter != letter) {
		if (letter != '1')
			usage_errx("-%c and -%c do not go together", a->letter,
			    letter);
		return;
	}
	a->letter = (char)letter;
	a->mode = mode;
	a->format = f;
}

static void
parse_option(struct stat_args *a, int letter)
{
	const char *fault;

	switch (letter) {
	case '1':
		set_mode(a, letter, MODE_ONCE, &stat_text);
		break;
	case 'j':
		set_mode(a, letter, MODE_ONCE, &stat_json);
		break;
	case 'l':
		set_mode(a, letter, MODE_ONCE, &stat_names);
		break;
	case 's':
		set_mode(a, letter, MODE_SECTIONS, NULL);
		break;
	case 'L':
		set_mode(a, letter, MODE_INSTANCES, NULL);
		break;
	case 'a':
		a->collect.apart = 1;
		break;
	case 'f':
		fault = stat_filter_add(&a->filter, optarg);
		if (fault != NULL)
			usage_errx("-f %s: %s", optarg, fault);
		break;
	case 'n':
		a->instance = optarg;
		break;
	case 't':
		usage_timeout(optarg, &a->timeout);
		break;
	case 'h':
		usage_print(options, "");
		exit(0);
	case 'V':
		usage_version();
		exit(0);
	}
}

static void
parse_args(struct stat_args *a, int argc, char **argv)
{
	int letter;

	memset(a, 0, sizeof(*a));
	a->format = &stat_text;
	a->timeout = ATTACH_TIMEOUT;
	while ((letter = usage_next(options, 0, argc, argv)) != -1)
		parse_option(a, letter);
	if (optind != argc)
		usage_stray(
		    argv[optind], "-f chooses counters, -n names the instance");
	usage_instance(a->instance);
	a->collect.wanted = stat_filter_wants;
	a->collect.arg = &a->filter;
}

/*
 * Reads all counters, from the file that is the instance's when it has done so:
 * what it read of the one before is thrown away, for the next daemon may have
 * shown more of them by then.
 */
static enum attach_event
read_pass(struct attach *a, struct stat_collect *c)
{
	for (int i = 0; i < TRIES; i++) {
		stat_collect_gather(c, &a->segment);
		if (!attach_is_stale(a) && !segment_torn(&a->segment))
			break;
		switch (attach_look(a, NULL)) {
		case ATTACH_NEW:
			continue;
		case ATTACH_TORN:
			return ATTACH_TORN;
		case ATTACH_SAME:
			break; /* it is removed, and there is no other */
		}
		break;
	}
	stat_collect_add(c);
	return ATTACH_SAME;
}

/* -1, -j, -l, and none of them. */
static int
show_counters(struct stat_args *args, struct attach *a, struct buffer *out)
{
	struct stat_head head = { .attach = a, .first = 1 };
	uint64_t when = clock_mono(), now;
	struct stat_collect c;
	int status = 0;

	stat_collect_init(&c, &args->collect);
	for (;; head.first = 0) {
		if (attach_poll(a, NULL) == ATTACH_TORN ||
		    read_pass(a, &c) == ATTACH_TORN) {
			status = 1;
			break;
		}
		stat_print(out, args->format, &c, &head);
		if (args->mode == MODE_ONCE || buffer_flush(out) != 0)
			break;
		when += EVERY;
		now = clock_mono();
		if (when < now) /* we were stopped */
			when = now;
		if (!stop_asked())
			stop_nap(when - now);
		if (stop_asked())
			break;
	}
	stat_collect_fini(&c);
	return status;
}

static int
show_instance(struct stat_args *args, struct buffer *out)
{
	struct attach a;
	int status = 0;

	attach_init(&a);
	switch (attach_open(&a, args->instance, args->timeout)) {
	case ATTACH_FAILED:
		return 1;
	case ATTACH_STOPPED:
		return 0;
	case ATTACH_OK:
		break;
	}
	if (args->mode != MODE_SECTIONS)
		status = show_counters(args, &a, out);
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
	struct stat_args args;
	struct buffer out;
	int status = 0, written;

	parse_args(&args, argc, argv);
	stop_init();
	buffer_init(&out, STDOUT_FILENO);
	if (args.mode == MODE_INSTANCES)
		stat_instances(&out);
	else
		status = show_instance(&args, &out);
	written = buffer_exit(&out);
	buffer_free(&out);
	stat_filter_free(&args.filter);
	return status != 0 ? status : written;
}
