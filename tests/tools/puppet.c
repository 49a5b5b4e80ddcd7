/*
 * puppet.c -- a worker that logs numbered records, as it is told on stdin.
 *
 *	tool-puppet [-n instance] [-i ident] [-L lanes] [-l lane_size]
 *	    [-d dropped] name
 *
 * Record k is the text `NAME k', from 1 on.  The numbers of those that were
 * dropped are written to the file `dropped', one a line.  Commands, one a line,
 * each answered by a line on stdout:
 *
 *	put N	puts N records
 *	run N	puts N records a second until the next command
 *	wait	shmlog_wait(), 5 seconds: `wait 0' or `wait REASON'
 *	free	frees the stream: the next `put' makes a new one
 *	fork	starts a child that does nothing and holds the socket: fork(2)
 *		without libc, so that no handler closes it: `fork PID'
 *	status	nothing
 *	quit	frees all and ends, as does the end of stdin
 *
 * The answer, but to wait and fork, is `COMMAND TRIED DROPPED COUNTED': how
 * many records were put so far, how many of them were dropped, and what
 * shmlog_dropped() says.
 */
#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "worker/shmlog.h"

struct puppet {
	const char *name;
	const char *ident;
	struct shmlog_stream_options options;
	FILE *dropped_to;
	struct shmlog *log;
	struct shmlog_stream *stream;
	int tag;
	uint64_t tried;
	uint64_t dropped;
	uint64_t rate;
};

static void
put(struct puppet *n, uint64_t count)
{
	char text[256];

	if (n->stream == NULL) {
		n->stream =
		    shmlog_stream(n->log, "numbers", n->ident, &n->options);
		if (n->stream == NULL)
			err(1, "shmlog_stream");
		n->tag = shmlog_tag(n->stream, "Number");
	}
	while (count-- > 0) {
		n->tried++;
		snprintf(text, sizeof(text), "%s %" PRIu64, n->name, n->tried);
		if (shmlog_puts(n->stream, n->tag, SHMLOG_INFO, 0, text) == 1)
			continue;
		n->dropped++;
		if (n->dropped_to != NULL)
			fprintf(n->dropped_to, "%" PRIu64 "\n", n->tried);
	}
}

static long
hold_socket(void)
{
	long pid = syscall(SYS_fork);

	if (pid == 0) {
		/* its parent's stdin and stdout are not its business */
		close(0);
		close(1);
		close(2);
		for (;;)
			(void)syscall(SYS_pause);
	}
	return pid;
}

/* Does what one line says; 0: quit. */
static int
obey(struct puppet *n, const char *line)
{
	unsigned long long count = 0;
	char word[16];

	n->rate = 0;
	if (sscanf(line, "%15s %llu", word, &count) < 1)
		return 1;
	if (strcmp(word, "wait") == 0) {
		printf("wait %s\n",
		    shmlog_wait(n->log, 5000) == 0 ? "0" : strerror(errno));
		return 1;
	}
	if (strcmp(word, "fork") == 0) {
		printf("fork %ld\n", hold_socket());
		return 1;
	}
	if (strcmp(word, "put") == 0)
		put(n, count);
	else if (strcmp(word, "run") == 0)
		n->rate = count;
	else if (strcmp(word, "free") == 0) {
		shmlog_stream_free(n->stream);
		n->stream = NULL;
	}
	if (n->dropped_to != NULL)
		fflush(n->dropped_to);
	printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", word, n->tried,
	    n->dropped, shmlog_dropped(n->log));
	return strcmp(word, "quit") != 0;
}

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Reads commands until the last one; stdin is not buffered. */
static void
serve(struct puppet *n)
{
	struct pollfd in = { 0, POLLIN, 0 };
	char line[256];
	size_t used = 0;
	uint64_t begun = 0, done = 0, due;

	for (;;) {
		if (n->rate == 0)
			begun = 0;
		else if (begun == 0) {
			begun = now();
			done = 0;
		}
		while (poll(&in, 1, n->rate == 0 ? -1 : 1) == 0) {
			due = (now() - begun) * n->rate / 1000000000;
			if (due > done) {
				put(n, due - done);
				done = due;
			}
		}
		if (used == sizeof(line) - 1 || read(0, line + used, 1) != 1)
			return;
		if (line[used++] != '\n')
			continue;
		line[used] = '\0';
		used = 0;
		begun = 0;
		if (!obey(n, line))
			return;
		fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	struct puppet n = { .ident = "x" };
	const char *instance = NULL;
	int letter;

	while ((letter = getopt(argc, argv, "n:i:L:l:d:")) != -1) {
		switch (letter) {
		case 'n':
			instance = optarg;
			break;
		case 'i':
			n.ident = optarg;
			break;
		case 'L':
			n.options.lanes = (unsigned)atoi(optarg);
			break;
		case 'l':
			n.options.lane_size = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			n.dropped_to = fopen(optarg, "w");
			if (n.dropped_to == NULL)
				err(1, "%s", optarg);
			break;
		default:
			errx(2, "see the top of puppet.c");
		}
	}
	if (optind + 1 != argc)
		errx(2, "a name is wanted");
	n.name = argv[optind];
	n.log = shmlog_open(instance);
	if (n.log == NULL)
		err(1, "shmlog_open");
	put(&n, 0);
	serve(&n);
	fflush(stdout);
	shmlog_close(n.log);
	if (n.dropped_to != NULL)
		fclose(n.dropped_to);
	return 0;
}
