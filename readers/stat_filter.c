/*
 * stat_filter.c -- which counters are wanted: globs, in the order given.
 *
 * -f, -I and -X make one list, and the first glob of it that matches decides.
 * What none matches is wanted if all of them exclude.  A glob is held against
 * the name without its labels, and against the whole.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/stat_format.h"

const char *
stat_filter_add(struct stat_filter *f, int option, const char *glob)
{
	int caret = option == 'f' && glob[0] == '^';
	int excludes = option == 'X' || caret;
	const char *fault = globs_add_one(&f->globs, glob + caret);

	if (fault != NULL)
		return fault;
	f->excludes = realloc(f->excludes, f->globs.n);
	if (f->excludes == NULL)
		err(1, "memory");
	f->excludes[f->globs.n - 1] = (uint8_t)excludes;
	f->includes |= !excludes;
	return NULL;
}

int
stat_filter_wants(const void *arg, const char *plain, const char *name)
{
	const struct stat_filter *f = arg;
	int at = globs_match(&f->globs, plain);
	int whole = globs_match(&f->globs, name);

	if (at == -1 || (whole != -1 && whole < at))
		at = whole;
	return at == -1 ? !f->includes : !f->excludes[at];
}

void
stat_filter_free(struct stat_filter *f)
{
	globs_free(&f->globs);
	free(f->excludes);
	f->excludes = NULL;
	f->includes = 0;
}
