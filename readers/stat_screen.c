/*
 * stat_screen.c -- the counters on a terminal.
 */
#include "readers/stat_show.h"

int
stat_screen(struct stat_args *args, struct attach *a, struct buffer *out)
{
	return stat_stream(args, a, out);
}
