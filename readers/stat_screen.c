/*
 * stat_screen.c -- counters on a terminal, live: the loop.
 *
 * A pass comes each interval, a look at the daemon each second, keys at any
 * time.  What is paused is not read; what is there is sorted and filtered anew
 * all the same.
 */
#include "readers/stat_screen.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY NSEC

void
stat_screen_begin(
    struct stat_screen *s, const struct stat_args *args, struct attach *a)
{
	s->attach = a;
	a->quiet = 1; /* it is told on the screen */
	s->options = args->collect;
	s->options.levels = 0; /* the view chooses */
	s->every = args->every != 0 ? args->every : STAT_EVERY;
	buffer_init(&s->text, -1);
	stat_collect_init(&s->collect, &s->options);
	stat_view_init(&s->view);
	if (args->levels != 0)
		s->view.levels = args->levels;
}

void
stat_screen_end(struct stat_screen *s)
{
	stat_view_fini(&s->view);
	stat_collect_fini(&s->collect);
	buffer_free(&s->text);
}

void
stat_screen_apart(struct stat_screen *s)
{
	stat_view_forget(&s->view);
	stat_collect_fini(&s->collect);
	s->options.apart = !s->options.apart;
	stat_collect_init(&s->collect, &s->options);
	s->due = 0; /* now, also if it is paused */
}

enum attach_event
stat_screen_refresh(struct stat_screen *s)
{
	if (stat_pass(s->attach, &s->collect) == ATTACH_TORN)
		return ATTACH_TORN;
	stat_view_pass(&s->view, &s->collect);
	stat_view_arrange(&s->view);
	stat_draw(s);
	return ATTACH_SAME;
}

/* A pass, if it is due; or a look at the daemon alone.  0, or -1: the segment
 * is torn. */
static int
round_of(struct stat_screen *s, int changed)
{
	enum daemon_state state = s->attach->state;
	uint64_t now = clock_mono();

	if (now >= s->due && (!s->paused || s->due == 0)) {
		s->due += s->every;
		if (s->due <= now) /* the first one, or we were stopped */
			s->due = now + s->every;
		return stat_screen_refresh(s) == ATTACH_TORN ? -1 : 0;
	}
	if (attach_poll(s->attach, NULL) == ATTACH_TORN)
		return -1;
	if (changed || state != s->attach->state)
		stat_draw(s);
	return 0;
}

/* Waits for the next pass, a look at the daemon, or a key.  What stat_keys()
 * says. */
static int
wait_for_keys(struct stat_screen *s)
{
	uint64_t now = clock_mono(), nap = LOOK_EVERY;

	if (!s->paused && s->due < now + nap)
		nap = s->due > now ? s->due - now : 0;
	return terminal_wait(nap) == 0 ? stat_keys(s) : -1;
}

/* Returns what to exit with. */
static int
follow(struct stat_screen *s)
{
	int changed = 0;

	while (!stop_asked() && changed != -1) {
		if (round_of(s, changed) != 0)
			return 1;
		changed = stop_asked() ? 0 : wait_for_keys(s);
	}
	return 0;
}

int
stat_screen(struct stat_args *args, struct attach *a, struct buffer *out)
{
	const char *term = getenv("TERM");
	struct stat_screen s;
	int status;

	memset(&s, 0, sizeof(s));
	s.terminal = terminal_open();
	if (s.terminal == NULL) {
		warnx("TERM is %s, which cannot be drawn on: it goes on line "
		      "by line",
		    term != NULL ? term : "not set");
		return stat_stream(args, a, out);
	}
	stat_screen_begin(&s, args, a);
	status = follow(&s);
	terminal_close(s.terminal);
	stat_screen_end(&s);
	return status;
}
