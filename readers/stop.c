/*
 * stop.c -- signals that end a reader, and its naps in between.
 */
#include "readers/attach.h"

#include <err.h>
#include <signal.h>
#include <string.h>

#include "common/guard.h"

#define NAP_BUSY (MSEC / 2)
#define NAP_IDLE (10 * MSEC)
#define NAP_QUIET (50 * MSEC)
#define QUIET_AFTER (10 * NSEC)

static volatile sig_atomic_t asked;

static void
on_signal(int number)
{
	(void)number;
	asked = 1;
}

void
stop_init(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa;

	asked = 0;
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_signal; /* no SA_RESTART: a nap ends at once */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		(void)sigaction(ends[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	if (guard_init() != 0)
		err(1, "SIGBUS");
}

int
stop_asked(void)
{
	return asked;
}

void
stop_now(void)
{
	asked = 1;
}

/*
 * A signal between the last stop_asked() and the sleep costs one nap, which is
 * 50 ms at most: no need for ppoll(2).
 */
void
idle_nap(struct idle *i, int busy)
{
	uint64_t now, most = NAP_IDLE;
	struct timespec t;

	if (busy) {
		i->nap = NAP_BUSY;
		i->quiet = 0;
	} else {
		now = clock_mono();
		if (i->quiet == 0)
			i->quiet = now;
		if (now - i->quiet >= QUIET_AFTER)
			most = NAP_QUIET;
		i->nap = i->nap == 0 ? NAP_BUSY : i->nap + i->nap / 4;
		if (i->nap > most)
			i->nap = most;
	}
	if (i->bound != 0 && i->nap > i->bound)
		i->nap = i->bound;
	t.tv_sec = (time_t)(i->nap / NSEC);
	t.tv_nsec = (long)(i->nap % NSEC);
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}
