/*
 * tail.c -- follow the records of an instance, or go through what is there.
 */
#include <stdlib.h>

#include "readers/tail.h"

#define DRAIN_PATIENCE (3 * NSEC) /* with nothing delivered meanwhile */

void
tail_init(struct tail *t, struct show *show)
{
	memset(t, 0, sizeof(*t));
	t->magic = TAIL_MAGIC;
	attach_init(&t->attach);
	t->show = show;
	buffer_init(&t->staged_text, -1);
	TAILQ_INIT(&t->sources);
}

void
tail_fini(struct tail *t)
{
	must(t->magic == TAIL_MAGIC);
	sources_free(t);
	chunks_free(t);
	free(t->heap);
	free(t->staged);
	buffer_free(&t->staged_text);
	attach_close(&t->attach);
	t->magic = 0;
}

void
tail_drain(struct tail *t)
{
	struct tail_source *src;
	struct tail_stream *s;
	struct idle idle = { 0 };
	uint64_t last;

	t->now = last = clock_mono();
	while (!t->show->done && !stop_asked()) {
		t->busy = t->pending = 0;
		TAILQ_FOREACH(src, &t->sources, link)
			TAILQ_FOREACH(s, &src->streams, link)
				if (!s->opened && !s->gone)
					stream_open(t, s);
		merge_round(t, UINT64_MAX);
		t->now = clock_mono();
		show_tick(t->show, t->now);
		if (t->busy)
			last = t->now;
		else if (!t->pending || t->now - last > DRAIN_PATIENCE)
			break;
		else
			idle_nap(&idle, 0);
	}
}

void
tail_drain_now(struct tail *t)
{
	struct tail_source *src;
	struct tail_stream *s;

	TAILQ_FOREACH(src, &t->sources, link)
		TAILQ_FOREACH(s, &src->streams, link)
			for (uint32_t i = 0;
			     s->opened && !s->gone && i < s->plan.lanes; i++)
				lane_end_now(&s->lanes[i]);
	tail_drain(t);
}

void
tail_unbound(struct tail *t)
{
	struct tail_source *src;
	struct tail_stream *s;

	TAILQ_FOREACH(src, &t->sources, link)
		TAILQ_FOREACH(s, &src->streams, link)
			for (uint32_t i = 0; s->opened && i < s->plan.lanes;
			     i++)
				s->lanes[i].bounded = 0;
}

int
tail_follow(struct tail *t)
{
	struct segment old;

	must(t->magic == TAIL_MAGIC);
	t->now = clock_mono();
	t->busy = t->pending = 0;
	switch (attach_poll(&t->attach, &old)) {
	case ATTACH_SAME:
		break;
	case ATTACH_NEW:
		sources_renew(t, &old);
		break;
	case ATTACH_TORN:
		return -1;
	}
	show_time(t->show, t->now);
	if (t->now >= t->tend_at)
		sources_tend(t);
	sources_list(t);
	merge_round(t, clock_real() - WINDOW);
	show_tick(t->show, t->now);
	return 0;
}
