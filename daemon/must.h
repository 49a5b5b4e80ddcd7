/*
 * must.h -- our own promises, asserted in every build.
 *
 * For what this program answers for itself, never for a byte that came out of
 * the segment, a socket, a file or argv.  A magic at the beginning of each
 * long-lived struct finds a pointer that is stale or of another kind.
 */
#ifndef SHMLOG_DAEMON_MUST_H
#define SHMLOG_DAEMON_MUST_H

#include <stdio.h>
#include <stdlib.h>

static inline _Noreturn void
must_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: must: %s\n", file, line, what);
	abort();
}

/* c holds, or the program ends here. */
#define must(c) ((c) ? (void)0 : must_fail(__FILE__, __LINE__, #c))

/* The call returns 0, or the program ends here. */
#define must0(call) must((call) == 0)

#endif
