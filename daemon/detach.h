/*
 * detach.h -- -D: go to the background, but only once ready.
 *
 * The process that was started waits until the one in the background says that
 * it serves, and exits with 0; or, if that one ends before, with its status.
 */
#ifndef SHMLOG_DAEMON_DETACH_H
#define SHMLOG_DAEMON_DETACH_H

struct detach {
	int ready; /* the pipe's end to say it by; -1: in the foreground */
};

/*
 * Forks.  Returns in the background process only; the other one exits by
 * _exit(2).  0, or -1 with errno, in the one that was started.
 */
int detach_begin(struct detach *);

/* We are ready: lets the terminal go, log lines go to syslog.  For loop_run();
 * arg is the struct detach. */
void detach_ready(void *arg);

#endif
