/*
 * watch.c -- follow records, count them, show what was counted.
 */
#include "readers/watch.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/capture.h"
#include "readers/screen.h"
#include "readers/watch_print.h"

#define WINDOW_DEFAULT (10 * NSEC)
#define WINDOW_MAX (UINT64_C(86400) * NSEC)
#define EVERY NSEC

static void
take_record(void *arg, struct rec *r)
{
	struct watch *w = arg;
	uint64_t time = r->head->time;

	if (time > w->real)
		w->real = clock_real(); /* of a pipe it comes as time goes by */
	if (time > w->now)
		w->now = time < w->real ? time : w->real;
	if (w->began == 0)
		w->began = w->now;
	w->program->record(w->arg, r, w->now);
}

static void
take_loss(void *arg, const struct out_loss *l)
{
	struct watch *w = arg;

	w->lost += l->records;
	w->lost_more |= l->at_least;
}

/*
 * THE COMMAND LINE
 */

static void
take_window(struct watch *w, const char *value)
{
	if (parse_timeout(value, &w->window) != 0 || w->window < MSEC ||
	    w->window > WINDOW_MAX)
		usage_errx("-p %s: not a number of seconds from 0.001 to 86400",
		    value);
	w->has_window = 1;
}

static void
take_format(struct watch *w, const char *value)
{
	w->json = strcmp(value, "json") == 0;
	if (!w->json && strcmp(value, "text") != 0)
		usage_errx("-o %s: not a format: text or json", value);
}

static void
take_option(struct watch *w, int letter, const char *value)
{
	switch (letter) {
	case 'h':
		usage_print(w->program->rows, "");
		printf("%s\n", w->program->help);
		exit(0);
	case 'V':
		usage_version();
		exit(0);
	case '1':
		w->once = 1;
		return;
	case 'd':
		w->dump = 1;
		return;
	case 'n':
		w->instance = value;
		return;
	case 'p':
		take_window(w, value);
		return;
	case 'o':
		take_format(w, value);
		return;
	case 'r':
		w->file = value;
		return;
	case 't':
		usage_timeout(value, &w->timeout);
		return;
	case WATCH_LEVEL:
		show_option_levels(&w->show, "--level", value);
		return;
	}
	if (!show_option(&w->show, letter, value))
		w->program->option(w->arg, letter, value);
}

static void
take_options(struct watch *w, int argc, char *argv[])
{
	int letter;

	w->timeout = ATTACH_TIMEOUT;
	w->window = WINDOW_DEFAULT;
	while ((letter = usage_next(w->program->rows, 0, argc, argv)) != -1)
		take_option(w, letter, optarg);
	show_options_end(&w->show);
	if (w->file != NULL && w->instance != NULL)
		usage_errx("-n and -r do not go together");
	if (w->file == NULL)
		usage_instance(w->instance);
	w->program->words(w->arg, argv + optind, argc - optind);
	w->mode = WATCH_LINES;
	if (w->once || w->dump || w->file != NULL)
		w->mode = WATCH_ONCE;
	else if (!w->json && isatty(STDOUT_FILENO))
		w->mode = WATCH_SCREEN;
	/* once is all that came; unless a window was asked for at its end */
	w->windowed = w->mode != WATCH_ONCE || (w->has_window && !w->once);
	w->program->begin(w->arg, w->windowed ? w->window : 0);
}

/*
 * ITS LIFE
 */

/* One round of following; 0, or -1: the segment is torn. */
static int
round_of(struct watch *w)
{
	w->real = clock_real();
	if (tail_follow(&w->tail) != 0)
		return -1;
	if (w->real > w->now)
		w->now = w->real;
	if (w->file == NULL)
		w->gone = w->tail.attach.gone;
	return 0;
}

/* What the keys ask for, and what is on the screen, once a second.  0, or -1:
 * an end. */
static int
update(struct watch *w, struct screen *s, uint64_t *due)
{
	struct buffer *to = &w->show.to;
	uint64_t now = clock_mono();
	int changed = 0;

	if (s != NULL) {
		changed = screen_keys(s);
		if (changed == -1)
			return -1;
	}
	if (now < *due && !changed)
		return 0;
	if (now >= *due)
		*due = now + EVERY;
	if (s != NULL) {
		screen_draw(s, w);
		return 0;
	}
	if (w->mode == WATCH_ONCE)
		return 0;
	watch_print(w, to);
	return buffer_flush(to);
}

/* When -1 and --until have it end, by the clock; never: UINT64_MAX. */
static uint64_t
end_of(const struct watch *w)
{
	uint64_t until = w->show.choose.until, end = UINT64_MAX;

	if (w->mode == WATCH_ONCE)
		end = clock_real() + w->window;
	if (until != 0 && until + TAIL_LATE < end)
		end = until + TAIL_LATE;
	return end;
}

static int
follow(struct watch *w, struct screen *s)
{
	uint64_t due = clock_mono() + (s == NULL ? EVERY : 0);
	uint64_t end = end_of(w);
	struct idle idle = { 0 };

	while (!stop_asked()) {
		int over = clock_real() >= end;

		if (round_of(w) != 0)
			return -1;
		if (over) {
			/* what came by then may be more than a round's */
			tail_drain_now(&w->tail);
			w->mode = WATCH_ONCE; /* the end is shown */
			break;
		}
		if (update(w, s, &due) != 0)
			break;
		if (w->tail.round < TAIL_BUSY)
			idle_nap(&idle, w->tail.busy || w->tail.pending);
	}
	return 0;
}

/* On a screen, if there is one to be had; 0, or -1. */
static int
follow_screen(struct watch *w)
{
	struct screen *s = screen_open();
	int failed;

	if (s == NULL)
		return -1;
	/* it is told on the screen */
	w->tail.attach.quiet = 1;
	failed = follow(w, s);
	screen_close(s);
	return failed;
}

/* All of the past was read; if there was nothing in it, it begins now. */
static void
settle(struct watch *w)
{
	if (w->now == 0)
		w->began = w->now = w->real;
}

static int
run(struct watch *w)
{
	struct tail *t = &w->tail;
	int whole = w->dump || w->file != NULL;
	int back = whole || w->show.choose.since != 0;

	t->start = back ? START_OLDEST : START_END;
	t->dump = whole;
	w->real = clock_real();
	if (!back)
		w->began = w->now = w->real;
	sources_begin(t);
	if (back)
		tail_drain(t);
	if (segment_torn(&t->attach.segment) &&
	    attach_poll(&t->attach, NULL) == ATTACH_TORN)
		return -1;
	if (w->file == NULL)
		w->gone = w->tail.attach.gone;
	settle(w);
	if (whole)
		return 0;
	tail_unbound(t);
	return w->mode == WATCH_SCREEN ? follow_screen(w) : follow(w, NULL);
}

/* An instance, or the segment that -r names; 0, or -1. */
static int
run_segment(struct watch *w)
{
	enum attach_result attached;
	int failed;

	tail_init(&w->tail, &w->show);
	attached = w->file != NULL
		       ? attach_file(&w->tail.attach, w->file)
		       : attach_open(&w->tail.attach, w->instance, w->timeout);
	failed = attached == ATTACH_FAILED;
	if (attached == ATTACH_OK)
		failed = run(w) != 0;
	if (attached == ATTACH_OK && !failed && w->mode == WATCH_ONCE)
		watch_print(w, &w->show.to);
	tail_fini(&w->tail);
	return failed ? -1 : 0;
}

/* The same of a capture: what can be read of it is shown. */
static int
run_capture(struct watch *w, int fd)
{
	int failed;

	w->real = clock_real();
	failed = capture_show(fd, w->file, &w->show);
	settle(w);
	watch_print(w, &w->show.to);
	return failed;
}

int
watch_main(struct watch *w, int argc, char *argv[])
{
	int failed, fd;

	w->taker = (struct taker){ take_record, take_loss, w };
	show_init(&w->show, &out_cat, STDOUT_FILENO);
	w->show.taker = &w->taker;
	take_options(w, argc, argv);
	show_begin(&w->show);
	stop_init();
	fd = capture_find(w->file);
	failed = fd != -1 ? run_capture(w, fd) : run_segment(w);
	if (buffer_exit(&w->show.to) != 0)
		failed = -1;
	show_end(&w->show);
	w->program->end(w->arg);
	show_fini(&w->show);
	return failed == 0 ? 0 : 1;
}
