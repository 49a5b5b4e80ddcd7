/*
 * shmtail.c -- follow the records of an instance.
 */
#include <err.h>
#include <unistd.h>

#include "readers/tail.h"
#include "readers/tail_options.h"

#define UNTIL_LATE (20 * MSEC) /* when all that was put until then is seen */
#define BUSY_ROUND 64          /* records; after so many there is no nap */

static int
follow(struct tail *t, uint64_t delay)
{
	uint64_t until = t->show->choose.until;
	struct idle idle = { .bound = delay };

	while (!t->show->done && !stop_asked()) {
		if (until != 0 && clock_real() > until + UNTIL_LATE)
			break;
		if (tail_follow(t) != 0)
			return 1;
		if (flush_asked())
			show_incomplete(t->show);
		if (t->round >= BUSY_ROUND && !cursor_due(t->cursor))
			continue;
		if (buffer_flush(&t->show->to) != 0)
			break;
		if (t->cursor != NULL && t->show->to.n == 0)
			(void)cursor_save(t->cursor, t, 0);
		if (t->round < BUSY_ROUND)
			idle_nap(&idle, t->busy || t->pending);
	}
	return 0;
}

static int
run(struct tail *t, const struct tail_options *o)
{
	int back = o->dump || o->file != NULL || t->show->choose.since != 0 ||
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
	if (o->dump || o->file != NULL)
		show_incomplete(t->show);
	if (t->show->last != NULL)
		last_end(t->show);
	if (segment_torn(&t->attach.segment) &&
	    attach_poll(&t->attach, NULL) == ATTACH_TORN)
		return 1;
	if (o->dump || o->file != NULL)
		return 0;
	tail_unbound(t);
	return follow(t, o->delay);
}

int
main(int argc, char *argv[])
{
	struct tail_options o;
	enum attach_result attached;
	struct show show;
	struct tail t;
	int failed, unwritten;

	show_init(&show, &out_short, STDOUT_FILENO);
	tail_options(&o, &show, argc, argv);
	show_begin(&show);
	show_grouping(&show, o.grouping, o.limit, o.patience);
	tail_init(&t, &show);
	if (o.cursor != NULL)
		t.cursor = cursor_open(o.cursor);
	stop_init();
	flush_init();
	attached = o.file != NULL
		       ? attach_file(&t.attach, o.file)
		       : attach_open(&t.attach, o.instance, o.timeout);
	failed = attached == ATTACH_FAILED;
	if (attached == ATTACH_OK)
		failed = run(&t, &o);
	show_incomplete(&show);
	unwritten = buffer_exit(&show.to);
	if (t.cursor != NULL && attached == ATTACH_OK && show.to.error == 0 &&
	    cursor_save(t.cursor, &t, 1) != 0)
		failed = 1;
	cursor_free(t.cursor);
	show_end(&show);
	tail_fini(&t);
	show_fini(&show);
	return failed || unwritten ? 1 : 0;
}
