/*
 * view.h -- shmstat's look at a segment made by hand, and sets to look at.
 */
#ifndef SHMLOG_TESTS_VIEW_H
#define SHMLOG_TESTS_VIEW_H

#include "readers/stat_collect.h"
#include "tests/unit/fake.h"

/* requests, open, up, active. */
#define VIEW_ITEMS 4
extern const struct schema_item view_items[VIEW_ITEMS];

#define A_SET                                                                  \
	.type = "http", .ident = "front", .items = view_items,                 \
	.n = VIEW_ITEMS, .pid = 100

/* A reader. */
struct view {
	struct attach a;
	struct stat_collect c;
};

/* o may be NULL. */
void view_begin(struct view *, struct fake *, const struct stat_options *o);
void view_end(struct view *);
void view_pass(struct view *);

/* NULL: there is none; its value: then the test fails. */
struct stat_counter *view_find(struct view *, const char *name);
int64_t view_value(struct view *, const char *name);
size_t view_count(struct view *);

/* A set of view_items with these values. */
uint32_t view_put(struct fake *, const struct fake_set *, uint64_t requests,
    int64_t open, uint64_t up, int64_t active);

#endif
