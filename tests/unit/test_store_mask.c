/*
 * test_store_mask.c -- rules, and the masks that the daemon makes of them.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/shared.h"
#include "daemon/masks.h"
#include "tests/unit/depot.h"

static struct depot d;
static struct store_owner o;

/* Gives a rule: how many streams it is about. */
static uint32_t
give(uint32_t what, const char *glob, const char *tag, uint32_t level)
{
	struct mask_rule r = { .what = what, .level = level };
	struct message_masked m;

	strcpy(r.glob, glob);
	strcpy(r.tag, tag);
	expect_eq(store_mask(d.store, &r, &m), MESSAGE_OK);
	return m.streams;
}

static const struct descriptor *
shown(const struct message_section *m)
{
	return (const struct descriptor *)(d.map.base + d.map.plan.desc_offset +
					   (uint64_t)m->index *
					       d.map.plan.desc_stride);
}

static uint64_t
levels(const struct message_section *m)
{
	return shared_load(&shown(m)->levels) & ~MASK_TAGS;
}

static int
hidden(const struct message_section *m, unsigned id)
{
	return (int)(shared_load(&shown(m)->masked[id / 64]) >> id % 64 & 1);
}

/* What a worker does: an entry of its dictionary. */
static void
enter(const struct message_section *m, uint64_t *used, enum dict_kind kind,
    uint32_t id, const char *name)
{
	struct stream_plan p;

	expect_eq(stream_check(depot_memory(&d, m), m->length, &p), 0);
	expect_eq(dict_add(depot_memory(&d, m), &p, used, kind, id, name,
		      (uint32_t)strlen(name)),
	    0);
}

static void
begin(void)
{
	o = depot_process(1);
	depot_begin(&d);
	depot_open(&d);
}

START_TEST(a_rule_is_about_the_streams_there_are_and_those_to_come)
{
	struct message_section before, after;

	begin();
	before = depot_stream(&d, &o);
	expect_eq(give(MASK_LEVEL, "other.*", "", 0), 0);
	expect_eq(levels(&before), 0);
	expect_eq(give(MASK_LEVEL, "test.l?g", "", 6), 1);
	expect_eq(levels(&before), 0x80);
	after = depot_stream(&d, &o);
	expect_eq(levels(&after), 0x80);
	expect_eq(give(MASK_LEVEL, "test.log", "", 0), 2);
	expect_eq(levels(&after), 0xfe);
	/* the later one decides; given again, it is the later one */
	expect_eq(give(MASK_LEVEL, "test.l?g", "", 3), 2);
	expect_eq(levels(&before), 0xf0);
	expect_eq(give(MASK_LEVEL, "*", "", 7), 2);
	expect_eq(levels(&before), 0);
	expect_eq(give(MASK_CLEAR, "*", "", 0), 2);
	expect_eq(levels(&before), 0xf0);
	expect_eq(give(MASK_CLEAR, "test.l?g", "", 0), 2);
	expect_eq(levels(&before), 0xfe);
	(void)give(MASK_CLEAR, "test.log", "", 0);
	expect_eq(levels(&before), 0);
	expect(store_mask_rule(d.store, 0) != NULL);
	expect(store_mask_rule(d.store, 1) == NULL);
	depot_end(&d);
}
END_TEST

START_TEST(a_section_that_comes_after_another_has_nothing_of_its_mask)
{
	struct message_section m, next;

	begin();
	m = depot_stream(&d, &o);
	(void)give(MASK_LEVEL, "test.log", "", 0);
	expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	expect_eq(give(MASK_CLEAR, "test.log", "", 0), 0);
	depot_pass(&d, DEPOT_COOLING);
	store_tick(d.store, d.now);
	for (int i = 0; i < DEPOT_SECTIONS - 1; i++) {
		expect_eq(depot_alloc(&d, &o, CLASS_LOG, "log", 4096, &next),
		    MESSAGE_OK);
		expect_eq(levels(&next), 0);
		expect_eq(store_free(d.store, &o, &next, d.now), MESSAGE_OK);
	}
	/* each slot once more, with a mask of its own */
	(void)give(MASK_LEVEL, "*", "", 0);
	for (int i = 0; i < 2 * DEPOT_SECTIONS; i++) {
		depot_pass(&d, DEPOT_COOLING);
		store_tick(d.store, d.now);
		m = depot_stream(&d, &o);
		expect_eq(levels(&m), 0xfe);
		expect_eq(store_free(d.store, &o, &m, d.now), MESSAGE_OK);
	}
	depot_end(&d);
}
END_TEST

START_TEST(tags_are_masked_by_name_also_those_that_come_later)
{
	struct message_section m;
	uint64_t used = 0;

	begin();
	m = depot_stream(&d, &o);
	enter(&m, &used, DICT_TAG, 1, "Early");
	enter(&m, &used, DICT_TAG, 2, "Other");
	(void)give(MASK_HIDE, "test.*", "Early", 0);
	(void)give(MASK_HIDE, "test.*", "Late", 0);
	expect(hidden(&m, 1) && !hidden(&m, 2));
	enter(&m, &used, DICT_TAG, 3, "Latest");
	enter(&m, &used, DICT_TAG, 511, "Late");
	expect(!hidden(&m, 511));
	store_tick(d.store, d.now);
	expect(!hidden(&m, 3) && hidden(&m, 511));
	(void)give(MASK_SHOW, "test.log", "Late", 0);
	expect(hidden(&m, 1) && !hidden(&m, 511));
	(void)give(MASK_CLEAR, "test.*", "", 0);
	expect(!hidden(&m, 1) && !hidden(&m, 511));
	depot_end(&d);
}
END_TEST

/* Streams with dictionaries of many entries, of which the last is `Last'. */
#define STREAMS 256
#define ENTRIES 1000
#define WORK (UINT64_C(1) << 20) /* of one turn, see store_work() */

static void
begin_large(void)
{
	o = depot_process(1);
	depot_begin(&d);
	d.options.size = UINT64_C(32) << 20;
	d.options.sections = 2 * STREAMS;
	depot_open(&d);
}

static struct message_section
large_stream(uint32_t entries)
{
	struct message_section m;
	struct stream_plan p;
	uint64_t used = 0, length;

	length = stream_plan(&p, 1, LANE_SIZE_MIN, 64 + (entries + 1) * 24);
	expect_eq(
	    depot_alloc(&d, &o, CLASS_LOG, "log", length, &m), MESSAGE_OK);
	stream_create(depot_memory(&d, &m), &p);
	for (uint32_t i = 0; i < entries; i++)
		enter(&m, &used, DICT_TAG, 1, "Other");
	enter(&m, &used, DICT_TAG, 2, "Last");
	expect_eq(store_publish(d.store, &o, &m, d.now), MESSAGE_OK);
	return m;
}

/* The loop serves nobody meanwhile. */
START_TEST(what_a_change_has_to_read_of_dictionaries_is_read_in_many_turns)
{
	static struct message_section m[STREAMS];
	uint32_t turns = 1, n;

	begin_large();
	for (int i = 0; i < STREAMS; i++)
		m[i] = large_stream(ENTRIES);
	(void)store_work(d.store);
	n = give(MASK_HIDE, "*", "Last", 0);
	expect(n > 0 && n < STREAMS / 2);
	expect(hidden(&m[0], 2) && !hidden(&m[STREAMS - 1], 2));
	expect(store_work(d.store) < 2 * WORK);
	for (int more = 1; more; turns++) {
		more = store_background(d.store, 0);
		expect(store_work(d.store) < 2 * WORK);
		expect(turns < STREAMS);
	}
	expect(turns > 2);
	for (int i = 0; i < STREAMS; i++)
		expect(hidden(&m[i], 2));
	depot_end(&d);
}
END_TEST

START_TEST(a_tick_looks_once_at_the_only_stream_there_is)
{
	struct message_section m;
	uint32_t ticks = 0;

	begin_large();
	m = large_stream(10 * ENTRIES);
	expect_eq(give(MASK_HIDE, "*", "Last", 0), 1);
	for (; !hidden(&m, 2); ticks++) {
		expect(ticks < 10);
		store_tick(d.store, d.now);
	}
	expect(ticks > 5);
	depot_end(&d);
}
END_TEST

START_TEST(a_dictionary_of_rubbish_masks_nothing_and_harms_nobody)
{
	static const char name[] = "Early";
	char text[TAG_NAME_MAX + 9];
	struct unit_random random = { 7 };
	struct message_section m;
	struct stream_plan p;
	uint64_t used = 0;
	uint8_t *dict;

	begin();
	m = depot_stream(&d, &o);
	(void)give(MASK_HIDE, "*", name, 0);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	enter(&m, &used, DICT_TAG, 0, name);
	enter(&m, &used, DICT_TAG, TAGS_MAX, name);
	enter(&m, &used, DICT_TAG, UINT32_MAX, name);
	enter(&m, &used, DICT_FORMAT, 4, name);
	enter(&m, &used, DICT_TAG, 5, text);
	enter(&m, &used, DICT_TAG, 6, "");
	store_tick(d.store, d.now);
	for (unsigned i = 0; i < TAGS_MAX; i++)
		expect(!hidden(&m, i));
	enter(&m, &used, DICT_TAG, 7, name);
	store_tick(d.store, d.now);
	expect(hidden(&m, 7));
	expect_eq(stream_check(depot_memory(&d, &m), m.length, &p), 0);
	dict = (uint8_t *)depot_memory(&d, &m) + p.dict_offset;
	for (int i = 0; i < 2000; i++) {
		unit_rubbish(&random, dict, p.dict_size);
		if (i % 2 == 0)
			(void)give(MASK_HIDE, "*", name, 0);
		store_tick(d.store, d.now);
	}
	depot_end(&d);
}
END_TEST

START_TEST(a_rule_that_is_none_is_refused_and_too_many_are)
{
	static const struct mask_rule bad[] = {
		{ .what = 0, .glob = "*" },
		{ .what = MASK_CLEAR + 1, .glob = "*" },
		{ .what = MASK_LEVEL, .level = 8, .glob = "*" },
		{ .what = MASK_LEVEL, .glob = "" },
		{ .what = MASK_LEVEL, .glob = "a b" },
		{ .what = MASK_LEVEL, .glob = "a\nb" },
		{ .what = MASK_LEVEL, .glob = "a\xff" },
		{ .what = MASK_HIDE, .glob = "*", .tag = "" },
		{ .what = MASK_HIDE, .glob = "*", .tag = "a b" },
		{ .what = MASK_SHOW, .glob = "*", .tag = "\n" },
	};
	struct mask_rule r = { .what = MASK_HIDE };
	struct message_masked m;

	begin();
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		expect_eq(
		    store_mask(d.store, &bad[i], &m), MESSAGE_BAD_ARGUMENT);
	memset(r.glob, 'x', sizeof(r.glob));
	strcpy(r.tag, "A");
	expect_eq(store_mask(d.store, &r, &m), MESSAGE_BAD_ARGUMENT);
	strcpy(r.glob, "*");
	memset(r.tag, 'x', sizeof(r.tag));
	expect_eq(store_mask(d.store, &r, &m), MESSAGE_BAD_ARGUMENT);
	memset(r.tag, 0, sizeof(r.tag));
	for (int i = 0; i < MASK_RULES_MAX; i++) {
		r.tag[0] = (char)('A' + i / 16);
		r.tag[1] = (char)('A' + i % 16);
		expect_eq(store_mask(d.store, &r, &m), MESSAGE_OK);
	}
	strcpy(r.tag, "One");
	expect_eq(store_mask(d.store, &r, &m), MESSAGE_OVER_LIMIT);
	/* one that is there is given again */
	strcpy(r.tag, "AA");
	r.what = MASK_SHOW;
	expect_eq(store_mask(d.store, &r, &m), MESSAGE_OK);
	expect(store_mask_rule(d.store, MASK_RULES_MAX - 1)->what == MASK_SHOW);
	expect(store_mask_rule(d.store, MASK_RULES_MAX) == NULL);
	depot_end(&d);
}
END_TEST

START_TEST(a_truncated_segment_gets_its_masks_again)
{
	struct message_section m;
	uint64_t used = 0;

	begin();
	m = depot_stream(&d, &o);
	enter(&m, &used, DICT_TAG, 70, "Tag");
	(void)give(MASK_LEVEL, "*", "", 5);
	(void)give(MASK_HIDE, "*", "Tag", 0);
	expect(levels(&m) == 0xc0 && hidden(&m, 70));
	expect_eq(ftruncate(store_fd(d.store), 0), 0);
	expect_eq(store_check(d.store), STORE_RESTORED);
	depot_forget(&d);
	expect_eq(segment_map(&d.map, d.dirfd, SEGMENT_FILE), SEGMENT_OK);
	expect(levels(&m) == 0xc0 && hidden(&m, 70));
	depot_end(&d);
}
END_TEST

START_TEST(the_rules_outlive_the_daemon)
{
	struct message_section m;
	struct depot old;
	struct stat st;

	begin();
	(void)give(MASK_LEVEL, "test.*", "", 4);
	(void)give(MASK_HIDE, "a?[b]\\*", "Tag", 0);
	(void)give(MASK_SHOW, "test.*", "Tag", 0);
	masks_save(d.store, d.dirfd, d.path);
	expect_eq(fstatat(d.dirfd, MASKS_FILE, &st, AT_SYMLINK_NOFOLLOW), 0);
	expect_eq(st.st_mode & 07777, 0600);
	depot_restart(&d, NULL, 0, &old);
	masks_load(d.store, d.dirfd, d.path);
	depot_forget(&old);
	m = depot_stream(&d, &o);
	expect_eq(levels(&m), 0xe0);
	expect_eq(store_mask_rule(d.store, 1)->what, MASK_HIDE);
	expect(strcmp(store_mask_rule(d.store, 1)->glob, "a?[b]\\*") == 0);
	expect(strcmp(store_mask_rule(d.store, 1)->tag, "Tag") == 0);
	expect_eq(store_mask_rule(d.store, 2)->what, MASK_SHOW);
	expect(store_mask_rule(d.store, 3) == NULL);
	(void)give(MASK_CLEAR, "test.*", "", 0);
	(void)give(MASK_CLEAR, "a?[b]\\*", "", 0);
	masks_save(d.store, d.dirfd, d.path);
	expect_eq(faccessat(d.dirfd, MASKS_FILE, F_OK, 0), -1);
	depot_end(&d);
}
END_TEST

static void
put_file(const char *text, size_t n)
{
	int fd;

	(void)unlinkat(d.dirfd, MASKS_FILE, 0);
	fd = openat(d.dirfd, MASKS_FILE, O_WRONLY | O_CREAT | O_EXCL, 0600);
	expect(fd != -1);
	for (size_t done = 0; done < n;)
		done += (size_t)write(fd, text + done, n - done);
	close(fd);
}

/* Loads what is there: whether there is a rule then. */
static int
loads(void)
{
	int any;

	masks_load(d.store, d.dirfd, d.path);
	any = store_mask_rule(d.store, 0) != NULL;
	if (any)
		(void)give(MASK_CLEAR, "*", "", 0);
	return any;
}

#define GOOD "shmlog masks 1\nlevel 6 *\n"

START_TEST(a_file_of_something_else_is_ignored_as_a_whole)
{
	static const char *const bad[] = {
		"",
		"\n",
		"shmlog masks 2\nlevel 6 *\n",
		"shmlog masks 1\nlevel 6 *",
		GOOD "\n",
		GOOD "level 8 *\n",
		GOOD "level  *\n",
		GOOD "level 66 *\n",
		GOOD "hide *\n",
		GOOD "hide a/b *\n",
		GOOD "clear x *\n",
		GOOD "hide Tag a b\n",
		GOOD "level 6 \n",
	};
	struct unit_random random = { 3 };
	static char text[200000];

	begin();
	expect(!loads());
	put_file(GOOD, strlen(GOOD));
	expect(loads());
	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		put_file(bad[i], strlen(bad[i]));
		expect(!loads());
	}
	put_file(GOOD, sizeof(GOOD)); /* with its zero */
	expect(!loads());
	for (size_t i = 0; i < sizeof(text); i += strlen("level 6 *\n"))
		memcpy(text + i, "level 6 *\n", strlen("level 6 *\n"));
	memcpy(text, GOOD, strlen(GOOD));
	put_file(text, sizeof(text));
	expect(!loads());
	for (int i = 0; i < 300; i++) {
		unit_rubbish(&random, text, 3000);
		memcpy(text, "shmlog masks 1\n", strlen("shmlog masks 1\n"));
		put_file(text, 3000);
		expect(!loads());
	}
	depot_end(&d);
}
END_TEST

START_TEST(what_others_may_have_put_there_is_not_read)
{
	begin();
	put_file(GOOD, strlen(GOOD));
	expect_eq(fchmodat(d.dirfd, MASKS_FILE, 0622, 0), 0);
	expect(!loads());
	expect_eq(fchmodat(d.dirfd, MASKS_FILE, 0600, 0), 0);
	expect_eq(renameat(d.dirfd, MASKS_FILE, d.dirfd, "real"), 0);
	expect_eq(symlinkat("real", d.dirfd, MASKS_FILE), 0);
	expect(!loads());
	expect_eq(unlinkat(d.dirfd, MASKS_FILE, 0), 0);
	expect_eq(mkfifoat(d.dirfd, MASKS_FILE, 0600), 0);
	expect(!loads());
	expect_eq(renameat(d.dirfd, "real", d.dirfd, MASKS_FILE), 0);
	expect(loads());
	depot_end(&d);
}
END_TEST

START_TEST(a_section_of_anybodys_is_freed_by_hand_but_not_the_daemons)
{
	struct message_section m, own = { .serial = 1, .index = 0 }, set;
	struct directory_entry e;
	struct depot old;

	begin();
	m = depot_stream(&d, &o);
	expect_eq(store_retire(d.store, &own, d.now), MESSAGE_NOT_YOURS);
	m.serial++;
	expect_eq(store_retire(d.store, &m, d.now), MESSAGE_NOT_YOURS);
	m.serial--;
	own.index = UINT32_MAX;
	expect_eq(store_retire(d.store, &own, d.now), MESSAGE_NOT_YOURS);
	expect_eq(store_retire(d.store, &m, d.now), MESSAGE_OK);
	expect(depot_find(&d, m.serial, &e));
	expect(descriptor_is(&e.d, CLASS_COOL));
	expect_eq(store_retire(d.store, &m, d.now), MESSAGE_NOT_YOURS);
	set = depot_set(&d, &o, 5, NULL, NULL);
	expect_eq(depot_publish(&d, &o, &set), MESSAGE_OK);
	depot_add(&d, &set, DEPOT_HITS, 3);
	depot_restart(&d, NULL, 0, &old);
	/* a placeholder is the daemon's: its worker would count twice */
	for (uint32_t i = 0; i < DEPOT_SECTIONS; i++) {
		m.index = i;
		for (m.serial = 1; m.serial < 20; m.serial++)
			expect_eq(store_retire(d.store, &m, d.now),
			    MESSAGE_NOT_YOURS);
	}
	expect_eq(depot_sum(&d, DEPOT_HITS), 3);
	depot_forget(&old);
	depot_end(&d);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_rule_is_about_the_streams_there_are_and_those_to_come,
		a_section_that_comes_after_another_has_nothing_of_its_mask,
		tags_are_masked_by_name_also_those_that_come_later,
		what_a_change_has_to_read_of_dictionaries_is_read_in_many_turns,
		a_tick_looks_once_at_the_only_stream_there_is,
		a_dictionary_of_rubbish_masks_nothing_and_harms_nobody,
		a_rule_that_is_none_is_refused_and_too_many_are,
		a_truncated_segment_gets_its_masks_again,
		the_rules_outlive_the_daemon,
		a_file_of_something_else_is_ignored_as_a_whole,
		what_others_may_have_put_there_is_not_read,
		a_section_of_anybodys_is_freed_by_hand_but_not_the_daemons,
	};

	return UNIT_RUN("store_mask", tests);
}
