/*
 * test_stat_many.c -- a list of very many retained sets, that is scanned: what
 * it costs to add them up is told by libcheck's timeout.
 */
#include <stdlib.h>
#include <string.h>

#include "common/shared.h"
#include "readers/stat_collect.h"
#include "tests/unit/unit.h"

#define SETS UNIT_TIMES(1 << 18) /* of each sort */
#define ALL (2 * SETS)

static struct stat_collect c;
static const struct schema_item item = { SCHEMA_COUNTER, 0, 0, 1, "n", "", "" };

/* What each set has in common; it refers to all of them. */
static struct stat_schema *
make_schema(const struct descriptor *d, struct set_plan *p)
{
	uint8_t *bytes = calloc(1, 4096);
	size_t n = 0;
	struct stat_schema *schema;

	schema_put(bytes, &n, item.kind, item.level, 0, 1, item.name, item.unit,
	    item.help);
	expect(set_plan(p, 1, 1, 1, 2, n) != 0);
	schema = stat_schema_get(&c, d, p, bytes, STAT_ALL);
	expect(schema != NULL);
	return schema;
}

/* As stat_collect_gather() has it: number `at' of the list. */
static struct stat_set *
gather(size_t at, const struct descriptor *d, uint64_t value)
{
	struct stat_set *set = calloc(1, sizeof(*set));
	struct directory_entry *e = &c.list.entries[at];

	set->values = calloc(1, sizeof(*set->values));
	set->values[0] = value;
	set->serial = at + 1;
	set->pass = c.pass;
	e->index = (uint32_t)at;
	e->d = *d;
	shared_store(&e->d.serial, set->serial);
	c.cache.sets[at] = set;
	return set;
}

/* Half of the sets are in a retained one already. */
START_TEST(what_was_folded_is_found_among_very_many_retained_sets)
{
	struct descriptor d = {
		.class = CLASS_STAT, .type = "test", .ident = "set"
	};
	static const struct stat_options none;
	struct set_plan p;
	struct stat_schema *schema;

	stat_collect_init(&c, &none);
	c.list.entries = calloc(ALL, sizeof(*c.list.entries));
	c.list.n = c.n = c.cache.n = c.cache.room = ALL;
	c.cache.sets = calloc(ALL, sizeof(struct stat_set *));
	c.scanned = 1;
	c.pass = 1;
	schema = make_schema(&d, &p);
	for (size_t i = 0; i < SETS; i++)
		gather(i, &d, 1)->schema = schema;
	d.flags = DESC_RETAINED;
	for (size_t i = 0; i < SETS; i++) {
		struct stat_set *set = gather(SETS + i, &d, 1000);

		set->schema = schema;
		set->folded = i % 2 == 0 ? SETS - i : ALL + i;
	}
	schema->refs = ALL;
	stat_collect_add(&c);
	expect_eq(stat_first(&c)->value, SETS / 2 + 1000 * (uint64_t)SETS);
	stat_collect_fini(&c);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_was_folded_is_found_among_very_many_retained_sets,
	};

	return UNIT_RUN("stat_many", tests);
}
