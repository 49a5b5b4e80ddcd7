/*
 * log.h -- what the daemon tells its administrator: one line each.
 *
 * To stderr, with the program's name in front, until log_to_syslog(); then to
 * syslog(3).  A line of a level that -v does not ask for is not made.
 */
#ifndef SHMLOG_DAEMON_LOG_H
#define SHMLOG_DAEMON_LOG_H

#include <stdint.h>
#include <syslog.h>

/* verbose: 0 errors, warnings and notices; 1 information, too; 2 all. */
void log_init(int verbose);

/* From now on to syslog: after -D has detached. */
void log_to_syslog(void);

/* Whether a line of this level (LOG_ERR to LOG_DEBUG) would be told. */
int log_tells(int level);

/* No newline at the end; control characters in the line become '?'. */
__attribute__((format(printf, 2, 3))) void log_at(
    int level, const char *format, ...);

#define log_error(...) log_at(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_at(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/*
 * For lines that a client can cause: at most LOG_BURST in LOG_PERIOD seconds,
 * and then one line that tells how many were left out.
 */
#define LOG_BURST 20
#define LOG_PERIOD 10
__attribute__((format(printf, 2, 3))) void log_client(
    int level, const char *format, ...);

/*
 * For lines about what may happen again and again, whoever causes it: the first
 * is told, then one in LOG_AGAIN seconds.  Zeroed at the beginning.
 */
#define LOG_AGAIN 60
struct log_again {
	uint64_t until; /* CLOCK_MONOTONIC, ns: none is told before */
	uint64_t times; /* that it happened and was not told */
};

/* It happened so many times more.  How many times are to be told now, 0: none
 * yet.  To be called with 0, too, or the last ones are never told. */
uint64_t log_again(struct log_again *, uint64_t times, uint64_t mono);

#endif
