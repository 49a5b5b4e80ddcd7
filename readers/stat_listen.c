/*
 * stat_listen.c -- the counters for whoever asks by HTTP (--listen).
 */
#include <err.h>

#include "readers/stat_show.h"

const char *
stat_listen_fault(const char *address)
{
	return address[0] == '\0' ? "not an address" : NULL;
}

int
stat_listen(struct stat_args *args)
{
	warnx("--listen %s: not made yet", args->listen);
	return 1;
}
