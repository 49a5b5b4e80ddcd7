/*
 * place.h -- an instance's directory, and the user it is run by.
 */
#ifndef SHMLOG_DAEMON_PLACE_H
#define SHMLOG_DAEMON_PLACE_H

#include "common/instance.h"
#include "daemon/options.h"

struct place_dir {
	char path[INSTANCE_PATH_MAX];
	int dirfd;
	int made; /* by us, now: it goes again if the start fails */
};

/*
 * Makes the runtime directory and the instance's if they are missing, opens the
 * latter, gives it to the user of -u and becomes that user for good.  0, or -1
 * after it said in the log what is wrong.
 */
int place_open(struct place_dir *, const struct options *);

/* Closes it; if `unmake', what place_open() made is removed if it is empty. */
void place_close(struct place_dir *, int unmake);

/* Warns if it is not on tmpfs. */
void place_check_tmpfs(const struct place_dir *);

#endif
