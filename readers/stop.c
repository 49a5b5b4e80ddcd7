/*
 * stop.c -- what ends a reader, and its naps in between.
 */
#include "readers/attach.h"

#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/guard.h"

#define NAP_BUSY (MSEC / 2)
#define NAP_SOON MSEC /* while the last record is not IDLE_AFTER ago */
#define NAP_IDLE (10 * MSEC)
#define NAP_QUIET (50 * MSEC)
#define IDLE_AFTER (20 * MSEC)
#define QUIET_AFTER (10 * NSEC)
#define AGAIN 1 /* s */

static volatile sig_atomic_t asked, flush, reopen;
static int watched = -1; /* stdout, if somebody may cease to read it */

/* Of who looked just before, and then begins to write to a pipe that is full,
 * the signal interrupts nothing: so another one follows. */
static void
on_signal(int number)
{
	(void)number;
	asked = 1;
	(void)alarm(AGAIN);
}

static void
on_usr1(int number)
{
	(void)number;
	flush = 1;
}

void
flush_init(void)
{
	struct sigaction sa = { .sa_handler = on_usr1 };

	flush = 0;
	(void)sigaction(SIGUSR1, &sa, NULL);
}

int
flush_asked(void)
{
	int was = flush;

	flush = 0;
	return was;
}

static void
on_hangup(int number)
{
	(void)number;
	reopen = 1;
}

/* A file that is opened where one of these was closed would be written to, a
 * capture with what is told on stderr.  Each use of them stays an error. */
static void
fill_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			err(1, "/dev/null");
}

void
stop_init(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	struct sigaction sa, was;
	struct stat st;

	fill_standard();
	if (asked)
		(void)alarm(0); /* one that we were started with stays */
	asked = 0;
	watched = -1;
	if (fstat(STDOUT_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		watched = STDOUT_FILENO;
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_signal; /* no SA_RESTART: a nap ends at once */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		/* nohup(1) */
		if (ends[i] == SIGHUP && sigaction(SIGHUP, NULL, &was) == 0 &&
		    was.sa_handler == SIG_IGN)
			continue;
		(void)sigaction(ends[i], &sa, NULL);
	}
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	if (guard_init() != 0)
		err(1, "SIGBUS");
}

void
stop_reopens(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	watched = -1; /* nothing goes there */
	sa.sa_handler = on_hangup;
	(void)sigaction(SIGHUP, &sa, NULL);
}

int
reopen_asked(void)
{
	int was = reopen;

	if (was)
		reopen = 0;
	return was;
}

int
stop_asked(void)
{
	return asked;
}

/*
 * A signal between the last stop_asked() and the sleep costs one nap.  It is a
 * poll(2) for nothing, which tells errors alone.
 */
void
stop_nap(uint64_t ns)
{
	struct pollfd p = { .fd = watched };
	const struct timespec t = {
		.tv_sec = (time_t)(ns / NSEC),
		.tv_nsec = (long)(ns % NSEC),
	};

	if (ppoll(&p, 1, &t, NULL) == 1)
		asked = 1;
}

void
idle_nap(struct idle *i, int busy)
{
	uint64_t now, most = NAP_IDLE;

	if (busy) {
		i->nap = NAP_BUSY;
		i->quiet = 0;
	} else {
		now = clock_mono();
		if (i->quiet == 0)
			i->quiet = now;
		if (now - i->quiet >= QUIET_AFTER)
			most = NAP_QUIET;
		else if (now - i->quiet < IDLE_AFTER)
			most = NAP_SOON;
		i->nap = i->nap == 0 ? NAP_BUSY : i->nap + i->nap / 4;
		if (i->nap > most)
			i->nap = most;
	}
	if (i->bound != 0 && i->nap > i->bound)
		i->nap = i->bound;
	stop_nap(i->nap);
}
