/*
 * instance.h -- an instance that is run by us: what it holds, and its end.
 */
#ifndef SHMLOG_DAEMON_INSTANCE_H
#define SHMLOG_DAEMON_INSTANCE_H

#include "daemon/listener.h"
#include "daemon/lock.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/past.h"
#include "daemon/pidfile.h"
#include "daemon/place.h"
#include "daemon/store.h"

struct instance {
	const struct options *options;
	struct place_dir place;
	struct lock lock;
	int witness; /* holds the lock on the segment; never passed on */
	struct pidfile pidfile;
	struct listener listener;
	struct store *store;
	struct past past;
	int told; /* which things have been logged once */
	struct log_again relocked;
	struct log_again rebound;
	struct log_again unbound;
	struct log_again restored;
	struct log_again repaired;
	struct log_again broken;
};

/* The end: marks the segment as ended, removes socket and pid file. */
void instance_stop(struct instance *);

/*
 * Once a second: that lock, socket, segment and directory are still ours, and
 * what is no longer needed is removed.  0; -1: another daemon runs the
 * instance, and we have to end; the log was told.  listener.fd is another one
 * if the socket had to be bound anew: whoever listens at the old one closes
 * that.
 */
int instance_tick(struct instance *);

#endif
