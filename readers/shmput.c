/*
 * shmput.c -- make a record of each line of the standard input: shmput(1).
 *
 *	program 2>&1 | shmput -i ident
 *
 * A worker with a command line, which stands on libshmlog alone.  What has been
 * read at once is published at once, as one batch.  The stream has one lane, so
 * that its records stand in the order of the lines, whatever the clock does.
 *
 * Whatever happens to the daemon, it goes on reading, so that the program
 * before it neither waits nor gets SIGPIPE.  A terminal's interrupt is for that
 * program: it ends, and its last lines are records, too.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"
#include "readers/option.h"
#include "readers/out.h"
#include "readers/tell.h"
#include "worker/shmlog.h"

#define LANE_SIZE ((size_t)1 << 20)
#define INPUT_SIZE ((size_t)256 << 10) /* more than a record takes */
#define JOIN_MS 1000                   /* the first lines wait for this */

static const struct option_row options[] = {
	{ 'h', NULL, "this help", NULL },
	{ 'V', NULL, "print the version", NULL },
	{ 'n', "instance", "a name, or the absolute path of a directory",
	    NULL },
	{ 't', "tag", "the records' tag", NULL },
	{ 'p', "level", "their level, 0 to 7 or emerg to debug (info)", NULL },
	{ 'i', "ident", "which stream it is: shmput.ident", NULL },
	{ 0, NULL, NULL, NULL },
};

struct put_args {
	const char *instance;
	const char *ident;
	const char *tag;
	int level;
};

struct put {
	struct shmlog *log;
	struct shmlog_stream *stream;
	struct shmlog_batch *batch;
	int tag;
	int level;
	int skip; /* to the end of a line that did not fit into input[] */
	size_t n; /* bytes in input[]: of a line without its end */
	char input[INPUT_SIZE];
};

static void
parse_args(struct put_args *a, int argc, char **argv)
{
	int letter;

	*a = (struct put_args){ .level = SHMLOG_INFO };
	while ((letter = usage_next(options, 0, argc, argv)) != -1) {
		switch (letter) {
		case 'h':
			usage_print(options, "i");
			exit(0);
		case 'V':
			usage_version();
			exit(0);
		case 'n':
			a->instance = optarg;
			break;
		case 't':
			a->tag = optarg;
			break;
		case 'p':
			a->level = level_parse(optarg);
			if (a->level == -1)
				usage_errx(
				    "-p %s: not a level: " LEVELS_ARE, optarg);
			break;
		case 'i':
			a->ident = optarg;
			break;
		}
	}
	if (optind != argc)
		usage_stray(argv[optind], "lines come from the standard input");
	if (a->ident == NULL)
		usage_errx("-i: must be given: which stream is it?");
	usage_instance(a->instance);
}

static void
put_open(struct put *p, const struct put_args *a)
{
	const struct shmlog_stream_options one = { .lanes = 1,
		.lane_size = LANE_SIZE };
	const char *name = a->instance != NULL ? a->instance : "default";

	p->level = a->level;
	p->log = shmlog_open(a->instance);
	if (p->log == NULL)
		err(1, "instance %s", name);
	p->stream = shmlog_stream(p->log, "shmput", a->ident, &one);
	if (p->stream == NULL && errno == EINVAL)
		usage_errx("-i %s: not an ident: up to 63 of [A-Za-z0-9_.:-]",
		    a->ident);
	p->batch = shmlog_batch(p->stream);
	if (p->stream == NULL || p->batch == NULL)
		err(1, "memory");
	if (a->tag != NULL)
		p->tag = shmlog_tag(p->stream, a->tag);
	if (a->tag != NULL && p->tag == 0)
		usage_errx(
		    "-t %s: not a tag: up to 63 of [A-Za-z0-9_.-]", a->tag);
	if (shmlog_wait(p->log, JOIN_MS) == -1)
		tell_not_joined(a->instance, errno);
}

/* A line without its newline.  The library cuts and marks what is too long. */
static void
put_line(struct put *p, const char *line, size_t n)
{
	int level = p->level;

	if (n >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' &&
	    line[2] == '>') {
		level = line[1] - '0';
		line += 3;
		n -= 3;
	}
	(void)shmlog_batch_put(p->batch, p->tag, level, 0, line, n);
}

/* Puts the lines of which `more' bytes have just come. */
static void
put_lines(struct put *p, size_t more)
{
	char *at = p->input, *look = at + p->n, *end = look + more, *stop;

	while ((stop = memchr(look, '\n', (size_t)(end - look))) != NULL) {
		if (!p->skip)
			put_line(p, at, (size_t)(stop - at));
		p->skip = 0;
		at = look = stop + 1;
	}
	p->n = (size_t)(end - at);
	if (p->skip)
		p->n = 0;
	if (p->n == INPUT_SIZE) {
		/* longer than any record: the rest of it changes nothing */
		put_line(p, at, p->n);
		p->skip = 1;
		p->n = 0;
	}
	if (p->n > 0)
		memmove(p->input, at, p->n);
	(void)shmlog_batch_commit(p->batch);
}

/* Waits for input, 1 if there is some, and lets the library join meanwhile. */
static int
wait_for_input(struct put *p)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = shmlog_fd(p->log), .events = POLLIN },
	};

	/* a signal that comes just before this is seen a second later */
	if (poll(fds, 2, 1000) <= 0)
		return 0;
	if (fds[1].revents != 0)
		(void)shmlog_dispatch(p->log);
	return fds[0].revents != 0;
}

/* Until the end of the input; what to exit with. */
static int
put_all(struct put *p)
{
	ssize_t n;

	while (!stop_asked()) {
		if (!wait_for_input(p))
			continue;
		n = read(STDIN_FILENO, p->input + p->n, INPUT_SIZE - p->n);
		if (n == 0)
			break;
		if (n > 0) {
			put_lines(p, (size_t)n);
		} else if (errno != EINTR && errno != EAGAIN) {
			warn("standard input");
			return 1;
		}
	}
	return 0;
}

static void
put_close(struct put *p)
{
	uint64_t dropped;

	if (p->n > 0) {
		put_line(p, p->input, p->n);
		(void)shmlog_batch_commit(p->batch);
	}
	dropped = shmlog_dropped(p->log);
	if (dropped > 0)
		warnx("%" PRIu64 " record%s dropped", dropped,
		    dropped == 1 ? "" : "s");
	shmlog_batch_free(p->batch);
	shmlog_close(p->log);
}

int
main(int argc, char **argv)
{
	static struct put p;
	struct put_args args;
	int status;

	parse_args(&args, argc, argv);
	stop_init();
	if (!isatty(STDIN_FILENO)) {
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
	}
	put_open(&p, &args);
	status = put_all(&p);
	put_close(&p);
	return status;
}
