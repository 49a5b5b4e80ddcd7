/*
 * loop.h -- the event loop: signals, timers, and the server on it.
 */
#ifndef SHMLOG_DAEMON_LOOP_H
#define SHMLOG_DAEMON_LOOP_H

#include "daemon/instance.h"

/* Before anything else: what would kill us before the loop runs is ignored. */
void loop_ignore_signals(void);

/*
 * Serves the instance until a signal ends it.  ready (NULL: nothing) is called
 * when it is ready to serve.  Returns the exit status: 0, or 1 after the log
 * was told why.
 */
int loop_run(struct instance *, void (*ready)(void *arg), void *arg);

#endif
