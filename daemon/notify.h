/*
 * notify.h -- tell the service manager how we are: sd_notify(3)'s protocol.
 */
#ifndef SHMLOG_DAEMON_NOTIFY_H
#define SHMLOG_DAEMON_NOTIFY_H

#include <stdint.h>

/*
 * Sends state ("READY=1", "STATUS=...", several by newlines) as one datagram to
 * $NOTIFY_SOCKET, a path or, with "@" in front, an abstract name.  Does not
 * wait.  1 sent; 0 there is no service manager; -1 with errno.
 */
int notify_send(const char *state);

/* How often the watchdog wants to hear from us: half of $WATCHDOG_USEC, in
 * microseconds; 0: there is none, or it is for another $WATCHDOG_PID. */
uint64_t notify_watchdog(void);

#endif
