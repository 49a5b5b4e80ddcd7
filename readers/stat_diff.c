/*
 * stat_diff.c -- what changed meanwhile (--diff).
 */
#include "readers/stat_show.h"

int
stat_diff(struct stat_args *args, struct attach *a, struct buffer *out)
{
	return stat_once(args, a, out);
}
