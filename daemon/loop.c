/*
 * loop.c -- the only event_base, made after fork(2).
 */
#include "daemon/loop.h"

#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/now.h"
#include "daemon/server.h"

#define BACKGROUND_BUDGET ((size_t)1 << 20) /* bytes zeroed in one turn */
#define REFRESH_USEC 50000
#define STATUS_BEATS 10 /* heartbeats from one to the next */

enum { SIGNALS = 3 };

struct loop {
	struct instance *instance;
	struct event_base *base;
	struct server server;
	int serving; /* server_init() has been called */
	struct event *signals[SIGNALS];
	struct event *beat;
	struct event *refresh;    /* placeholders, while there are any */
	struct event *background; /* behind everything else */
	struct event *watchdog;
	unsigned beats;
	int status; /* the exit's */
};

static void on_end(evutil_socket_t, short, void *);
static void on_dump(evutil_socket_t, short, void *);

static const struct {
	int number;
	event_callback_fn handler; /* NULL: ignored */
} signal_table[] = {
	{ SIGTERM, on_end }, { SIGINT, on_end }, { SIGUSR1, on_dump },
	{ SIGPIPE, NULL },
	{ SIGXFSZ, NULL }, /* posix_fallocate(3) says EFBIG then */
};

#define SIGNAL_ROWS (sizeof(signal_table) / sizeof(signal_table[0]))

/* Tells the service manager; that it does not listen is worth one line. */
static void
tell(const char *state)
{
	if (notify_send(state) == -1)
		log_debug("$NOTIFY_SOCKET: %s", strerror(errno));
}

static void
tell_status(struct loop *l, const char *first)
{
	struct store_figures f;
	char text[256];

	store_figures(l->instance->store, &f);
	(void)snprintf(text, sizeof(text),
	    "%sSTATUS=%u clients, %u sections, %u cooling; %ju of %ju KiB free",
	    first, l->server.n, f.live, f.cooling,
	    (uintmax_t)(f.bytes_free >> 10),
	    (uintmax_t)((f.bytes_free + f.bytes_used + f.bytes_cooling) >> 10));
	tell(text);
}

static void
on_end(evutil_socket_t number, short what, void *arg)
{
	struct loop *l = arg;

	(void)what;
	log_notice("%s: ending", strsignal((int)number));
	(void)event_base_loopbreak(l->base);
}

static void
dump_line(void *arg, const char *text)
{
	(void)arg;
	log_notice("%s", text);
}

static void
on_dump(evutil_socket_t number, short what, void *arg)
{
	struct loop *l = arg;

	(void)number;
	(void)what;
	log_notice("instance %s in %s: %u clients, %u processes",
	    options_name(l->instance->options), l->instance->place.path,
	    l->server.n, l->server.peers.n);
	store_dump(l->instance->store, now(), dump_line, NULL);
}

/* Pages that were given up are zeroed when there is nothing else to do. */
static void
on_background(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval at_once = { 0, 0 };
	struct loop *l = arg;

	(void)fd;
	(void)what;
	if (store_background(l->instance->store, BACKGROUND_BUDGET))
		(void)event_add(l->background, &at_once);
}

/* After the socket was bound anew. */
static void
move_server(struct loop *l)
{
	int fd = l->instance->listener.fd;

	if (fd != l->server.fd && server_listen(&l->server, fd) == -1)
		log_error("nobody new can connect: %s; restart shmlogd",
		    strerror(errno));
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	store_heartbeat(l->instance->store);
	if (instance_tick(l->instance) == -1) {
		l->status = 1;
		(void)event_base_loopbreak(l->base);
		return;
	}
	move_server(l);
	server_tick(&l->server);
	store_tick(l->instance->store, now());
	on_background(-1, 0, l);
	if (++l->beats % STATUS_BEATS == 0)
		tell_status(l, "");
}

/*
 * Workers join within a second or so of our start; until then readers see
 * copies of their counters, which should not look as if they stood still.
 */
static void
on_refresh(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct store_figures f;

	(void)fd;
	(void)what;
	store_figures(l->instance->store, &f);
	if (f.placeholders == 0)
		(void)event_del(l->refresh); /* there will be no more */
	else
		store_refresh(l->instance->store);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	tell("WATCHDOG=1");
}

void
loop_ignore_signals(void)
{
	for (size_t i = 0; i < SIGNAL_ROWS; i++)
		if (signal_table[i].handler == NULL ||
		    signal_table[i].number == SIGUSR1)
			(void)signal(signal_table[i].number, SIG_IGN);
}

/* An event that is added at once; NULL: no memory. */
static struct event *
add(struct loop *l, int fd, short what, event_callback_fn fn, uint64_t usec)
{
	struct timeval every = {
		.tv_sec = (time_t)(usec / 1000000),
		.tv_usec = (suseconds_t)(usec % 1000000),
	};
	struct event *e = event_new(l->base, fd, what | EV_PERSIST, fn, l);

	if (e != NULL && event_add(e, usec == 0 ? NULL : &every) == -1) {
		event_free(e);
		return NULL;
	}
	return e;
}

static int
add_events(struct loop *l)
{
	uint64_t usec = notify_watchdog();
	int n = 0;

	for (size_t i = 0; i < SIGNAL_ROWS; i++) {
		if (signal_table[i].handler == NULL)
			continue;
		l->signals[n] = add(l, signal_table[i].number, EV_SIGNAL,
		    signal_table[i].handler, 0);
		if (l->signals[n++] == NULL)
			return -1;
	}
	l->beat = add(l, -1, EV_TIMEOUT, on_beat, 1000000);
	l->background = event_new(l->base, -1, 0, on_background, l);
	l->refresh = add(l, -1, EV_TIMEOUT, on_refresh, REFRESH_USEC);
	if (l->beat == NULL || l->refresh == NULL || l->background == NULL ||
	    event_priority_set(l->background, 2) == -1)
		return -1;
	if (usec == 0)
		return 0;
	l->watchdog = add(l, -1, EV_TIMEOUT, on_watchdog, usec);
	return l->watchdog == NULL ? -1 : 0;
}

/* Of three priorities an event has the middle one if nothing else is said;
 * on_background() has the last. */
static int
loop_init(struct loop *l)
{
	l->base = event_base_new();
	if (l->base == NULL || event_base_priority_init(l->base, 3) == -1)
		return -1;
	if (server_init(&l->server, l->base, l->instance->store,
		l->instance->listener.fd, l->instance->options->clients) != 0)
		return -1;
	l->serving = 1;
	l->server.place = &l->instance->place;
	if (add_events(l) != 0)
		return -1;
	return server_start(&l->server);
}

static void
free_event(struct event *e)
{
	if (e != NULL)
		event_free(e);
}

static void
loop_fini(struct loop *l)
{
	free_event(l->watchdog);
	free_event(l->background);
	free_event(l->refresh);
	free_event(l->beat);
	for (size_t i = 0; i < SIGNALS; i++)
		free_event(l->signals[i]);
	if (l->serving)
		server_fini(&l->server);
	if (l->base != NULL)
		event_base_free(l->base);
}

int
loop_run(struct instance *instance, void (*ready)(void *), void *arg)
{
	struct loop l;

	memset(&l, 0, sizeof(l));
	l.instance = instance;
	if (loop_init(&l) != 0) {
		log_error("event loop: %s", strerror(errno));
		loop_fini(&l);
		return 1;
	}
	log_notice("instance %s is ready in %s",
	    options_name(instance->options), instance->place.path);
	if (ready != NULL)
		ready(arg);
	tell_status(&l, "READY=1\n");
	if (event_base_dispatch(l.base) == -1) {
		log_error("event loop: %s", strerror(errno));
		l.status = 1;
	}
	tell("STOPPING=1");
	loop_fini(&l);
	return l.status;
}
