/*
 * view.c -- see view.h.
 */
#include "tests/unit/view.h"

#include <string.h>

const struct schema_item view_items[VIEW_ITEMS] = {
	{ SCHEMA_COUNTER, 0, 0, 1, "requests", "", "Requests served" },
	{ SCHEMA_GAUGE, 1, 0, 1, "open", "files", "Files that are open" },
	{ SCHEMA_BITMAP, 0, 0, 1, "up", "", "Which are up" },
	{ SCHEMA_UPDOWN, 0, 0, 1, "active", "", "Requests in work" },
};

void
view_begin(struct view *v, struct fake *f, const struct stat_options *o)
{
	static const struct stat_options none;

	stop_init();
	attach_init(&v->a);
	v->a.quiet = 1;
	ck_assert_int_eq(attach_open(&v->a, f->path, 0), ATTACH_OK);
	stat_collect_init(&v->c, o == NULL ? &none : o);
}

void
view_end(struct view *v)
{
	stat_collect_fini(&v->c);
	attach_close(&v->a);
}

void
view_pass(struct view *v)
{
	(void)attach_look(&v->a, NULL);
	stat_collect_gather(&v->c, &v->a.segment);
	stat_collect_add(&v->c);
}

struct stat_counter *
view_find(struct view *v, const char *name)
{
	struct stat_counter *k;

	for (k = stat_first(&v->c); k != NULL; k = stat_next(&v->c, k))
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

int64_t
view_value(struct view *v, const char *name)
{
	struct stat_counter *k = view_find(v, name);

	if (k == NULL)
		ck_abort_msg("there is no %s", name);
	return (int64_t)k->value;
}

size_t
view_count(struct view *v)
{
	struct stat_counter *k;
	size_t n = 0;

	for (k = stat_first(&v->c); k != NULL; k = stat_next(&v->c, k))
		n++;
	return n;
}

uint32_t
view_put(struct fake *f, const struct fake_set *set, uint64_t requests,
    int64_t open, uint64_t up, int64_t active)
{
	uint32_t at = fake_set(f, set);

	fake_store(f, at, 0, requests);
	fake_store(f, at, 1, (uint64_t)open);
	fake_store(f, at, 2, up);
	fake_store(f, at, 3, (uint64_t)active);
	return at;
}
