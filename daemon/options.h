/*
 * options.h -- the command line.
 *
 * One table says which options there are; the getopt(3) string and the usage
 * are made of it.
 */
#ifndef SHMLOG_DAEMON_OPTIONS_H
#define SHMLOG_DAEMON_OPTIONS_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_COOLING_MIN 10
#define OPTIONS_COOLING_MAX 86400
#define OPTIONS_SECTIONS_MAX (UINT32_C(1) << 20)
#define OPTIONS_CLIENTS_MAX 65536

struct options {
	int detach;           /* -D */
	int verbose;          /* -v: how often */
	const char *instance; /* -n; NULL: the default one */
	uint64_t size;        /* -s: bytes, whole pages */
	uint32_t cooling;     /* -k: seconds */
	uint32_t sections;    /* -m */
	uint32_t clients;     /* -c */
	const char *user;     /* -u; NULL: nobody else */
	uid_t uid;
	gid_t gid;           /* of -g, or -u's own */
	int change_gid;      /* -u or -g was given */
	mode_t mode;         /* -M: of the segment */
	const char *pidfile; /* -P; NULL: none */
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_USAGE,   /* -h: to be printed, and no more */
	OPTIONS_VERSION, /* -V */
	OPTIONS_BAD,     /* error is one line that says what is wrong */
};

#define OPTIONS_ERROR_MAX 512

/* Parses and checks; touches nothing but files it looks at. */
enum options_result options_parse(struct options *, int argc,
    char *const argv[], char error[OPTIONS_ERROR_MAX]);

/* Prints the usage. */
void options_usage(FILE *);

/* What the instance is called in messages. */
const char *options_name(const struct options *);

#endif
