/*
 * stat_show.c -- the counters, once and in streams.
 */
#include "readers/stat_show.h"

#define TRIES 20 /* a daemon that is restarted all the time */

enum attach_event
stat_pass(struct attach *a, struct stat_collect *c)
{
	if (attach_poll(a, NULL) == ATTACH_TORN)
		return ATTACH_TORN;
	for (int i = 0; i < TRIES; i++) {
		stat_collect_gather(c, &a->segment);
		if (!attach_is_stale(a) && !segment_torn(&a->segment))
			break;
		switch (attach_look(a, NULL)) {
		case ATTACH_NEW:
			continue;
		case ATTACH_TORN:
			return ATTACH_TORN;
		case ATTACH_SAME:
			break; /* it is removed, and there is no other */
		}
		break;
	}
	stat_collect_add(c);
	return ATTACH_SAME;
}

int
stat_wait(uint64_t *when, uint64_t every)
{
	uint64_t now = clock_mono();

	*when += every;
	if (*when < now) /* we were stopped */
		*when = now;
	while (!stop_asked() && now < *when) {
		stop_nap(*when - now);
		now = clock_mono();
	}
	return !stop_asked();
}

/* every 0: one pass. */
static int
show(struct stat_args *args, struct attach *a, struct buffer *out,
    uint64_t every)
{
	struct stat_head head = {
		.attach = a, .first = 1, .stream = every > 0
	};
	uint64_t when = clock_mono();
	struct stat_collect c;
	int status = 0;

	stat_collect_init(&c, &args->collect);
	for (;; head.first = 0) {
		if (stat_pass(a, &c) == ATTACH_TORN) {
			status = 1;
			break;
		}
		stat_print(out, args->format, &c, &head);
		if (every == 0 || buffer_flush(out) != 0 ||
		    !stat_wait(&when, every))
			break;
	}
	stat_print_end(args->format, &head);
	stat_collect_fini(&c);
	return status;
}

int
stat_once(struct stat_args *args, struct attach *a, struct buffer *out)
{
	return show(args, a, out, 0);
}

int
stat_stream(struct stat_args *args, struct attach *a, struct buffer *out)
{
	return show(args, a, out, args->every > 0 ? args->every : STAT_EVERY);
}
