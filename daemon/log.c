/*
 * log.c -- lines to stderr, or to syslog.
 */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
	int level;
	int syslog;
	int64_t since; /* log_client()'s period began, seconds */
	unsigned said; /* in this period */
	unsigned kept; /* not said in this period */
} out = { .level = LOG_NOTICE };

void
log_init(int verbose)
{
	out.level = verbose <= 0   ? LOG_NOTICE
		    : verbose == 1 ? LOG_INFO
				   : LOG_DEBUG;
}

void
log_to_syslog(void)
{
	openlog("shmlogd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	out.syslog = 1;
}

int
log_tells(int level)
{
	return level <= out.level;
}

static void
put(int level, const char *format, va_list ap)
{
	char line[LINE_MAX_BYTES];
	int n;

	n = vsnprintf(line, sizeof(line), format, ap);
	if (n < 0)
		return;
	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	if (out.syslog)
		syslog(level, "%s", line);
	else
		(void)dprintf(STDERR_FILENO, "shmlogd: %s\n", line);
}

void
log_at(int level, const char *format, ...)
{
	va_list ap;

	if (!log_tells(level))
		return;
	va_start(ap, format);
	put(level, format, ap);
	va_end(ap);
}

uint64_t
log_again(struct log_again *a, uint64_t times, uint64_t mono)
{
	a->times += times;
	if (a->times == 0 || mono < a->until)
		return 0;
	times = a->times;
	a->times = 0;
	a->until = mono + LOG_AGAIN * UINT64_C(1000000000);
	return times;
}

static int64_t
seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

void
log_client(int level, const char *format, ...)
{
	int64_t now;
	unsigned kept;
	va_list ap;

	if (!log_tells(level))
		return;
	now = seconds();
	if (now - out.since >= LOG_PERIOD) {
		kept = out.kept;
		out.since = now;
		out.said = out.kept = 0;
		if (kept > 0)
			log_at(LOG_WARNING,
			    "%u more lines about clients were left out", kept);
	}
	if (out.said >= LOG_BURST) {
		out.kept++;
		return;
	}
	out.said++;
	va_start(ap, format);
	put(level, format, ap);
	va_end(ap);
}
