/*
 * main.c -- shmlogd: owns a segment, serves its socket.  A table of contents.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/guard.h"
#include "daemon/detach.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/options.h"
#include "daemon/start.h"

#define EXIT_RUNTIME 1
#define EXIT_USAGE 2

#ifndef SHMLOG_VERSION
#error "the Makefile tells SHMLOG_VERSION"
#endif

/* 0, 1 and 2 are open, so nothing of ours gets such a number. */
static void
fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int
main(int argc, char *argv[])
{
	static struct instance instance;
	struct detach detach = { .ready = -1 };
	char error[OPTIONS_ERROR_MAX];
	struct options options;
	int status;

	fill_standard();
	switch (options_parse(&options, argc, argv, error)) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_USAGE:
		options_usage(stdout);
		return 0;
	case OPTIONS_VERSION:
		(void)printf("shmlogd (shmlog) %s\n", SHMLOG_VERSION);
		return 0;
	case OPTIONS_BAD:
		log_error("%s", error);
		return EXIT_USAGE;
	}
	log_init(options.verbose);
	loop_ignore_signals();
	(void)umask(077);
	if (guard_init() != 0 ||
	    (options.detach && detach_begin(&detach) != 0)) {
		log_error("cannot begin: %s", strerror(errno));
		return EXIT_RUNTIME;
	}
	if (instance_start(&instance, &options) != 0)
		return EXIT_RUNTIME;
	status = loop_run(&instance, detach_ready, &detach);
	instance_stop(&instance);
	return status;
}
