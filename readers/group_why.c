/*
 * group_why.c -- why a group is not whole, and what would change that.
 */
#include "readers/attach.h"
#include "readers/group.h"

const char *
group_word(const struct group *g)
{
	switch (g->end) {
	case GROUP_COMPLETE:
		return g->part > 1 ? "part" : NULL;
	case GROUP_NO_BEGIN:
		return g->part > 1 ? "part" : "begin";
	case GROUP_LOST:
		return "lost";
	case GROUP_LATE:
		return "-T";
	case GROUP_FULL:
	case GROUP_HEAVY:
		return "-L";
	case GROUP_LARGE:
		return "large";
	case GROUP_AGAIN:
		return "again";
	case GROUP_ASKED:
		return "end";
	}
	return NULL;
}

static void
put_reason(struct buffer *b, const struct group *g)
{
	switch (g->end) {
	case GROUP_COMPLETE:
		break;
	case GROUP_NO_BEGIN:
		if (g->part == 1)
			buffer_text(b, ", its beginning is missing");
		break;
	case GROUP_LOST:
		buffer_text(b, ", records of it may be lost");
		break;
	case GROUP_LATE:
		buffer_printf(b,
		    ", incomplete: no end after %g s (-T waits longer)",
		    (double)g->patience / (double)NSEC);
		break;
	case GROUP_FULL:
		buffer_printf(b,
		    ", incomplete: the oldest of more than %ju (-L allows "
		    "more)",
		    (uintmax_t)g->limit);
		break;
	case GROUP_HEAVY:
		buffer_printf(b,
		    ", incomplete: the oldest of more than %zu MiB (-L allows "
		    "more)",
		    (size_t)g->memory >> 20);
		break;
	case GROUP_LARGE:
		buffer_printf(b,
		    ", more than %d records or %zu MiB: it goes on below",
		    GROUP_RECORDS, GROUP_BYTES >> 20);
		break;
	case GROUP_AGAIN:
		buffer_text(
		    b, ", incomplete: another one begins that has its id");
		break;
	case GROUP_ASKED:
		buffer_text(b, ", incomplete: no end yet");
		break;
	}
}

void
group_why(struct buffer *b, const struct group *g)
{
	if (g->part > 1 || g->end == GROUP_LARGE)
		buffer_printf(b, ", part %u", g->part);
	put_reason(b, g);
}
