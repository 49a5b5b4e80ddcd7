/*
 * extent.c -- hand out runs of pages.
 */
#include "daemon/extent.h"

#include <sys/queue.h>

#include <stdlib.h>

#include "daemon/must.h"
#include "daemon/tree.h"

#define EXTENTS_MAGIC 0x45585453u

struct extent {
	uint64_t page;
	uint64_t pages;
	RB_ENTRY(extent) by_page;
	RB_ENTRY(extent) by_length;
	SLIST_ENTRY(extent) spare;
};

RB_HEAD(page_tree, extent);
RB_HEAD(length_tree, extent);

struct extents {
	uint32_t magic;
	struct page_tree by_page;
	struct length_tree by_length;
	SLIST_HEAD(, extent) spares;
	struct extent *pool;
	uint64_t pages;
	uint64_t pages_free;
	uint64_t *soiled; /* a bit a page */
	uint64_t pages_soiled;
};

static uint64_t compared;

static int
by_page_cmp(const struct extent *a, const struct extent *b)
{
	compared++;
	return TREE_ORDER(a->page, b->page);
}

static int
by_length_cmp(const struct extent *a, const struct extent *b)
{
	compared++;
	return a->pages != b->pages ? TREE_ORDER(a->pages, b->pages)
				    : TREE_ORDER(a->page, b->page);
}

TREE_GENERATE(page_tree, extent, by_page, by_page_cmp)
TREE_GENERATE(length_tree, extent, by_length, by_length_cmp)

static void
add_run(struct extents *e, uint64_t page, uint64_t pages)
{
	struct extent *x = SLIST_FIRST(&e->spares);

	must(x != NULL);
	SLIST_REMOVE_HEAD(&e->spares, spare);
	x->page = page;
	x->pages = pages;
	must(RB_INSERT(page_tree, &e->by_page, x) == NULL);
	must(RB_INSERT(length_tree, &e->by_length, x) == NULL);
	e->pages_free += pages;
}

static void
drop_run(struct extents *e, struct extent *x)
{
	must(RB_REMOVE(page_tree, &e->by_page, x) == x);
	must(RB_REMOVE(length_tree, &e->by_length, x) == x);
	e->pages_free -= x->pages;
	SLIST_INSERT_HEAD(&e->spares, x, spare);
}

struct extents *
extents_new(uint64_t pages, uint32_t runs)
{
	/* a free run lies between taken ones; one more while it is split */
	size_t n = (size_t)runs + 3;
	struct extents *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->magic = EXTENTS_MAGIC;
	RB_INIT(&e->by_page);
	RB_INIT(&e->by_length);
	SLIST_INIT(&e->spares);
	e->pages = pages;
	e->pool = calloc(n, sizeof(*e->pool));
	e->soiled = calloc((size_t)(pages / 64 + 1), sizeof(*e->soiled));
	if (e->pool == NULL || e->soiled == NULL) {
		extents_free(e);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		SLIST_INSERT_HEAD(&e->spares, &e->pool[i], spare);
	if (pages > 0)
		add_run(e, 0, pages);
	return e;
}

void
extents_free(struct extents *e)
{
	if (e == NULL)
		return;
	must(e->magic == EXTENTS_MAGIC);
	e->magic = 0;
	free(e->pool);
	free(e->soiled);
	free(e);
}

int
extent_alloc(struct extents *e, uint64_t pages, uint64_t *page)
{
	struct extent key = { .pages = pages, .page = 0 }, *x;

	must(e->magic == EXTENTS_MAGIC && pages > 0);
	x = RB_NFIND(length_tree, &e->by_length, &key);
	if (x == NULL)
		return -1;
	*page = x->page;
	extent_retake(e, x->page, pages);
	return 0;
}

void
extent_retake(struct extents *e, uint64_t page, uint64_t pages)
{
	struct extent key = { .page = page }, *x;
	uint64_t first, end;

	/* the run that begins at `page', or the last one before it */
	x = RB_NFIND(page_tree, &e->by_page, &key);
	if (x == NULL)
		x = RB_MAX(page_tree, &e->by_page);
	else if (x->page != page)
		x = RB_PREV(page_tree, &e->by_page, x);
	must(x != NULL);
	first = x->page;
	end = x->page + x->pages;
	must(first <= page && page + pages <= end);
	drop_run(e, x);
	if (first < page)
		add_run(e, first, page - first);
	if (page + pages < end)
		add_run(e, page + pages, end - page - pages);
}

void
extent_release(struct extents *e, uint64_t page, uint64_t pages)
{
	struct extent key = { .page = page }, *after, *before;
	uint64_t first = page, end = page + pages;

	must(e->magic == EXTENTS_MAGIC && pages > 0 && end <= e->pages);
	after = RB_NFIND(page_tree, &e->by_page, &key);
	before = after != NULL ? RB_PREV(page_tree, &e->by_page, after)
			       : RB_MAX(page_tree, &e->by_page);
	must(after == NULL || after->page >= end);
	must(before == NULL || before->page + before->pages <= page);
	if (after != NULL && after->page == end) {
		end += after->pages;
		drop_run(e, after);
	}
	if (before != NULL && before->page + before->pages == page) {
		first = before->page;
		drop_run(e, before);
	}
	add_run(e, first, end - first);
}

static uint64_t
bit(uint64_t page)
{
	return UINT64_C(1) << (page % 64);
}

void
extent_soil(struct extents *e, uint64_t page, uint64_t pages)
{
	must(page + pages <= e->pages);
	for (; pages > 0; page++, pages--) {
		if (e->soiled[page / 64] & bit(page))
			continue;
		e->soiled[page / 64] |= bit(page);
		e->pages_soiled++;
	}
}

int
extent_wash(struct extents *e, uint64_t from, uint64_t to, uint64_t most,
    uint64_t *page, uint64_t *pages)
{
	must(to <= e->pages && most > 0);
	if (e->pages_soiled == 0)
		return 0;
	while (from < to && (e->soiled[from / 64] & bit(from)) == 0)
		from =
		    e->soiled[from / 64] == 0 ? (from / 64 + 1) * 64 : from + 1;
	if (from >= to)
		return 0;
	*page = from;
	*pages = 0;
	while (from < to && *pages < most &&
	       (e->soiled[from / 64] & bit(from)) != 0) {
		e->soiled[from / 64] &= ~bit(from);
		e->pages_soiled--;
		(*pages)++;
		from++;
	}
	return 1;
}

uint64_t
extents_pages_free(const struct extents *e)
{
	return e->pages_free;
}

uint64_t
extents_pages_soiled(const struct extents *e)
{
	return e->pages_soiled;
}

uint64_t
extents_largest(const struct extents *e)
{
	struct extents *w = (struct extents *)(uintptr_t)e;
	const struct extent *x = RB_MAX(length_tree, &w->by_length);

	return x == NULL ? 0 : x->pages;
}

uint64_t
extents_compared(void)
{
	return compared;
}
