/*
 * tail_options.h -- shmtail's command line.
 */
#ifndef SHMLOG_READERS_TAIL_OPTIONS_H
#define SHMLOG_READERS_TAIL_OPTIONS_H

#include "readers/show.h"

struct tail_options {
	const char *instance;
	const char *file;
	const char *write;
	int append;
	int detach;
	const char *pid_file;
	int has_format;
	uint64_t timeout;
	uint64_t last;
	int has_last;
	const char *cursor;
	uint64_t delay; /* ns; 0: as it is by itself */
	enum grouping grouping;
	uint64_t limit;
	uint64_t patience;
	int bound; /* -L or -T, which want -g */
	int dump;
};

/* Takes all of it: what is to be shown goes to *show, which show_init() made.
 * Exits (2) after a line on stderr if something is wrong; (0) after -h, -V. */
void tail_options(struct tail_options *, struct show *, int argc, char *argv[]);

#endif
