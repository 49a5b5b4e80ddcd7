/*
 * shmtail.c -- follow the records of an instance.
 */
#include <unistd.h>

#include "readers/capture.h"
#include "readers/detach.h"
#include "readers/tail.h"
#include "readers/tail_options.h"

/* What was shown goes out, and then the cursor says so.  A capture's blocks go
 * when they are old enough, unless the cursor waits.  0, or -1. */
static int
put_out(struct tail *t)
{
	if (t->show->capture == NULL || cursor_due(t->cursor))
		if (show_flush(t->show) != 0)
			return -1;
	if (t->cursor != NULL)
		(void)cursor_save(t->cursor, t, 0);
	return 0;
}

static int
follow(struct tail *t, uint64_t delay)
{
	uint64_t until = t->show->choose.until;
	struct idle idle = { .bound = delay };

	while (!t->show->done && !stop_asked()) {
		int over = until != 0 && clock_real() > until + TAIL_LATE;

		if (tail_follow(t) != 0)
			return 1;
		if (over) {
			/* what came by then may be more than a round's */
			tail_drain_now(t);
			break;
		}
		if (flush_asked())
			show_incomplete(t->show);
		if (t->round >= TAIL_BUSY && !cursor_due(t->cursor))
			continue;
		if (put_out(t) != 0)
			break;
		if (t->round < TAIL_BUSY)
			idle_nap(&idle, t->busy || t->pending);
	}
	return 0;
}

/* What is there was shown: the incomplete ones, and what -l kept. */
static void
end_past(struct show *s, int is_all)
{
	if (is_all)
		show_incomplete(s);
	if (s->last != NULL)
		last_end(s);
}

static int
run(struct tail *t, const struct tail_options *o)
{
	int is_all = o->dump || o->file != NULL;
	int back = is_all || t->show->choose.since != 0 ||
		   (o->has_last && o->last > 0);

	t->start = back ? START_OLDEST : START_END;
	t->dump = o->dump;
	if (cursor_is_set(t->cursor))
		t->start = START_CURSOR;
	if (o->has_last && back)
		last_begin(t->show, o->last);
	sources_begin(t);
	if (back && (t->start != START_CURSOR || o->dump))
		tail_drain(t);
	end_past(t->show, is_all);
	if (segment_torn(&t->attach.segment) &&
	    attach_poll(&t->attach, NULL) == ATTACH_TORN)
		return 1;
	if (is_all)
		return 0;
	tail_unbound(t);
	return follow(t, o->delay);
}

/* Opens what -w names; 0, or -1: that was told. */
static int
open_capture(struct show *s, const struct tail_options *o, int reading)
{
	if (o->write == NULL)
		return 0;
	s->capture = capture_create(o->write, o->append, reading);
	return s->capture == NULL ? -1 : 0;
}

/* -r, of a capture; whether something failed. */
static int
run_capture(int fd, struct show *s, const struct tail_options *o)
{
	if (open_capture(s, o, fd) != 0 || detach(0) != 0)
		return 1;
	if (o->has_last)
		last_begin(s, o->last);
	return capture_show(fd, o->file, s) != 0;
}

/* An instance, or the segment that -r names; whether something failed. */
static int
run_segment(struct show *s, const struct tail_options *o)
{
	enum attach_result attached;
	struct tail t;
	int failed;

	tail_init(&t, s);
	if (o->cursor != NULL)
		t.cursor = cursor_open(o->cursor);
	attached = o->file != NULL
		       ? attach_file(&t.attach, o->file)
		       : attach_open(&t.attach, o->instance, o->timeout);
	failed = attached == ATTACH_FAILED;
	if (attached == ATTACH_OK) {
		failed = open_capture(s, o, t.attach.segment.fd) != 0 ||
			 detach(o->detach) != 0 || run(&t, o);
		show_incomplete(s);
		if (t.cursor != NULL && show_flush(s) == 0)
			failed |= cursor_save(t.cursor, &t, 1) != 0;
	}
	cursor_free(t.cursor);
	tail_fini(&t);
	return failed;
}

static int
run_any(struct show *s, const struct tail_options *o)
{
	int fd = capture_find(o->file);

	return fd != -1 ? run_capture(fd, s, o) : run_segment(s, o);
}

int
main(int argc, char *argv[])
{
	struct tail_options o;
	struct show show;
	int failed;

	show_init(
	    &show, out_choose("short", STDOUT_FILENO, NULL), STDOUT_FILENO);
	tail_options(&o, &show, argc, argv);
	show_begin(&show);
	show_grouping(&show, o.grouping, o.limit, o.patience);
	stop_init();
	flush_init();
	if (o.write != NULL)
		stop_reopens();
	failed = pid_take(o.pid_file) != 0 || run_any(&show, &o);
	if (show.capture != NULL)
		failed |= capture_close(show.capture) != 0;
	failed |= buffer_exit(&show.to);
	show_end(&show);
	show_fini(&show);
	pid_drop();
	return failed ? 1 : 0;
}
