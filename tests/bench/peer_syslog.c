/*
 * peer_syslog.c -- a peer: syslog(3) to a real rsyslogd.
 *
 * syslog(3) speaks to /dev/log and nothing else.  tests/bench/run makes a mount
 * namespace with a /dev of its own, in which rsyslogd listens there, and names
 * the file it writes in BENCH_SYSLOG, or says in BENCH_NO_SYSLOG why not.
 * rsyslogd stands on the other CPU.
 */
#include <sys/stat.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define QUIET 100 /* ms */

static const char *file;
static uint64_t sent;

static off_t
size_now(void)
{
	struct stat st;

	return stat(file, &st) == 0 ? st.st_size : 0;
}

/* Until it has written all it has. */
static void
settle(void)
{
	uint64_t end = clock_now() + PATIENCE * UINT64_C(1000000);
	off_t last = -1, size = size_now();

	while (size != last && clock_now() < end) {
		last = size;
		(void)usleep(QUIET * 1000);
		size = size_now();
	}
}

static int
start(char why[WHY_MAX])
{
	const char *no = getenv("BENCH_NO_SYSLOG");

	file = getenv("BENCH_SYSLOG");
	if (file == NULL)
		return why_not(
		    why, "%s", no != NULL ? no : "only under tests/bench/run");
	openlog("bench", LOG_NDELAY, LOG_USER);
	syslog(LOG_INFO, "first");
	settle();
	if (size_now() == 0)
		return why_not(why, "rsyslogd writes nothing");
	return 0;
}

static void
after(void)
{
	settle();
	if (size_now() / (TEXT + 1) < (off_t)sent)
		(void)fprintf(stderr, "bench: rsyslogd has not written all\n");
	sent = 0;
	(void)!truncate(file, 0);
}

static void
run(unsigned thread, uint64_t n)
{
	(void)thread;
	for (uint64_t i = 0; i < n; i++)
		syslog(LOG_INFO, "%" PRIu64 " %.64s", i, bench_text);
	sent += n;
}

const struct entry syslog_entries[] = {
	{ .name = "syslog",
	    .what = "syslog(3) to rsyslogd",
	    .batch = 10000,
	    .flags = ENTRY_WAITS,
	    .start = start,
	    .after = after,
	    .run = run,
	    .stop = closelog },
	{ .name = NULL },
};
