/*
 * start.h -- from options to an instance that is run by us, and by nobody else.
 */
#ifndef SHMLOG_DAEMON_START_H
#define SHMLOG_DAEMON_START_H

#include "daemon/instance.h"

/*
 * All that DESIGN.md, section 2, says of starting, in its order, but for the
 * serving.  0, or -1 after the log was told why; what was made is unmade.
 */
int instance_start(struct instance *, const struct options *);

#endif
