/*
 * stat_sections.c -- the directory's sections, a line each.
 */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/layout.h"
#include "common/shared.h"
#include "readers/stat_format.h"

/* A descriptor's texts, made printable. */
struct section_text {
	char class[CLASS_MAX + 1];
	char former[CLASS_MAX + 1];
	char type[TYPE_MAX];
	char ident[IDENT_MAX];
	char owner[OWNER_MAX + 16]; /* name[pid] */
};

static const char *
or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void
make_text(struct section_text *t, const struct descriptor *d)
{
	char owner[OWNER_MAX];

	stat_name(t->class, d->class, sizeof(t->class));
	stat_name(t->former, d->former, sizeof(t->former));
	stat_name(t->type, d->type, sizeof(t->type));
	stat_name(t->ident, d->ident, sizeof(t->ident));
	stat_name(owner, d->owner, sizeof(owner));
	(void)snprintf(t->owner, sizeof(t->owner), "%s[%" PRIu32 "]",
	    or_dash(owner), d->owner_pid);
}

/* As much as one wants to know: 7s, 5m06s, 3h04m, 2d01h. */
void
stat_age(char *to, size_t size, uint64_t ns)
{
	uint64_t s = ns / NSEC;

	if (s < 60)
		(void)snprintf(to, size, "%" PRIu64 "s", s);
	else if (s < 3600)
		(void)snprintf(
		    to, size, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(to, size, "%" PRIu64 "h%02" PRIu64 "m", s / 3600,
		    s / 60 % 60);
	else
		(void)snprintf(to, size, "%" PRIu64 "d%02" PRIu64 "h",
		    s / 86400, s / 3600 % 24);
}

static void
put_flags(struct buffer *b, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ DESC_PLACEHOLDER, "placeholder" },
		{ DESC_RETAINED, "retained" },
		{ DESC_FOLDED, "folded" },
		{ DESC_ORPHAN, "orphan" },
		{ DESC_DAEMON, "daemon" },
		{ DESC_FOREIGN, "foreign" },
	};
	const char *before = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(flags & names[i].flag))
			continue;
		buffer_printf(b, "%s%s", before, names[i].name);
		before = ",";
	}
	if (before[0] == '\0')
		buffer_byte(b, '-');
}

static int
by_name(const void *a, const void *b)
{
	const struct descriptor *x = &((const struct directory_entry *)a)->d;
	const struct descriptor *y = &((const struct directory_entry *)b)->d;
	int r = strncmp(x->type, y->type, TYPE_MAX);

	if (r == 0)
		r = strncmp(x->ident, y->ident, IDENT_MAX);
	if (r == 0)
		r = strncmp(x->class, y->class, CLASS_MAX);
	if (r == 0)
		r = x->owner_pid < y->owner_pid ? -1
						: x->owner_pid > y->owner_pid;
	return r != 0 ? r : x->offset < y->offset ? -1 : 1;
}

void
stat_sections(struct buffer *b, const struct segment *s, uint64_t real)
{
	struct directory_entry *sorted;
	struct section_text t;
	struct listing list;
	char age[32];

	memset(&list, 0, sizeof(list));
	listing_wait(&list, s);
	sorted = calloc(list.n + 1, sizeof(*sorted));
	if (sorted == NULL)
		err(1, "memory");
	if (list.n > 0)
		memcpy(sorted, list.entries, list.n * sizeof(*sorted));
	qsort(sorted, list.n, sizeof(*sorted), by_name);
	buffer_printf(b, "%-8s %-8s %-15s %-20s %-24s %8s %11s %8s %8s %s\n",
	    "CLASS", "FORMER", "TYPE", "IDENT", "OWNER", "UID", "BYTES", "AGE",
	    "SERIAL", "FLAGS");
	for (size_t i = 0; i < list.n; i++) {
		const struct descriptor *d = &sorted[i].d;

		make_text(&t, d);
		stat_age(age, sizeof(age),
		    real > d->created ? real - d->created : 0);
		buffer_printf(b,
		    "%-8s %-8s %-15s %-20s %-24s %8" PRIu32 " %11" PRIu64
		    " %8s %8" PRIu64 " ",
		    or_dash(t.class), or_dash(t.former), or_dash(t.type),
		    or_dash(t.ident), t.owner, d->owner_uid, d->length, age,
		    shared_load(&d->serial));
		put_flags(b, d->flags);
		buffer_byte(b, '\n');
	}
	free(sorted);
	listing_free(&list);
}
