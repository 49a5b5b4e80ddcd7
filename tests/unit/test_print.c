/*
 * test_print.c -- shmlog_printf(): formats are entered once for each stream,
 * and whoever cannot enter one writes text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/format.h"
#include "common/ring.h"
#include "common/shared.h"
#include "common/stream.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/unit.h"
#include "worker/print.h"
#include "worker/shmlog.h"
#include "worker/stream.h"

#define SHOWN (128 << 10)

/* All that a stream of one lane shows: a line a record, those of arguments
 * with `=' before them, cut ones with `!' behind. */
struct shown {
	char text[SHOWN];
	size_t n;
	char *formats[FORMATS_MAX];
	int entries; /* formats in the dictionary */
};

static struct fake_daemon f, g;
static struct shmlog *handle;
static struct shmlog_stream *s;
static struct shown shown;

static void
read_dictionary(struct shown *to, const void *at, const struct stream_plan *p)
{
	struct dict_item item;
	uint64_t offset = 0;
	int r;

	while ((r = dict_next(at, p, &offset, &item)) == 1) {
		if (item.kind != DICT_FORMAT)
			continue;
		expect(item.id > 0 && item.id < FORMATS_MAX);
		to->entries++;
		free(to->formats[item.id]);
		to->formats[item.id] = strndup(item.text, item.length);
	}
	expect_eq(r, 0);
}

static void
show_record(struct shown *to, const struct ring_record *r)
{
	char text[8192];
	const char *format;
	int n = (int)r->length;

	if ((r->head.flags & RECORD_ARGS) == 0) {
		memcpy(text, r->payload, r->length);
	} else {
		format = to->formats[format_id(r->payload, r->length)];
		ck_assert_ptr_nonnull(format);
		n = format_render_text(format, strlen(format), r->payload,
		    r->length, text, sizeof(text));
		expect(n >= 0 && n < (int)sizeof(text));
		to->text[to->n++] = '=';
	}
	to->n += (size_t)snprintf(to->text + to->n, SHOWN - to->n, "%.*s%s\n",
	    n, text, (r->head.flags & RECORD_CUT) != 0 ? "!" : "");
}

/* The i-th stream of a fake. */
static const struct fake_section *
stream_at(const struct fake_daemon *d, uint32_t i)
{
	for (uint32_t k = 0; k < d->sections; k++)
		if (memcmp(d->section[k].class, CLASS_LOG, sizeof(CLASS_LOG)) ==
			0 &&
		    i-- == 0)
			return &d->section[k];
	ck_abort_msg("there is no such stream");
}

/* What it shows. */
static const char *
show(const struct fake_daemon *d, uint32_t i)
{
	static uint64_t copy[(256 << 10) / 8];
	const struct fake_section *at = stream_at(d, i);
	const void *h = d->base + at->offset;
	struct stream_plan plan;
	struct ring_record r;
	struct ring_reader reader;
	size_t length, offset = 0;

	for (int k = 0; k < FORMATS_MAX; k++)
		free(shown.formats[k]);
	memset(&shown, 0, sizeof(shown));
	expect_eq(stream_check(h, at->length, &plan), 0);
	expect_eq(plan.lanes, 1);
	read_dictionary(&shown, h, &plan);
	ring_reader_init(&reader, stream_lane(h, &plan, 0), plan.lane_size);
	if (ring_seat_oldest(&reader) != RING_DATA ||
	    ring_read(&reader, copy, sizeof(copy), &length) != RING_DATA)
		return "";
	while (offset < length) {
		expect_eq(ring_next(copy, length, &offset, &r), RING_RECORD);
		show_record(&shown, &r);
	}
	return shown.text;
}

static uint64_t
figure(enum figure n)
{
	return shared_load(&s->lanes[0].figures[n]);
}

static struct shmlog_stream *
make(size_t dict_size)
{
	struct shmlog_stream_options one = { .lanes = 1,
		.dict_size = dict_size };

	return shmlog_stream(handle, "t", "i", &one);
}

/* Waits until the clock has an anchor that serves, and the stream was looked
 * after: before, all goes the long way.  Not for ever: there may be no counter.
 */
static void
warm_up(void)
{
	int64_t end = clock_mono() + INT64_C(3000000000);
	uint64_t time;

	do
		stream_look(s, clock_now());
	while (clock_mono() < end &&
	       (number_get(&s->looked) != clock_version() ||
		   !clock_at(clock_version(), clock_cycles(), &time)));
}

static void
begin(size_t dict_size)
{
	daemon_start(&f, NULL, 1);
	handle = shmlog_open(f.dir);
	s = make(dict_size);
	ck_assert_int_eq(shmlog_wait(handle, 10000), 0);
	warm_up();
}

static void
end(void)
{
	shmlog_close(handle);
	daemon_kill(&f);
	daemon_free(&f, 1);
}

/* A site of several tests. */
static int
put(struct shmlog_stream *to, int i)
{
	return shmlog_printf(to, 0, SHMLOG_INFO, 0, "i=%d name=%s", i, "x");
}

START_TEST(a_format_is_entered_once_a_site)
{
	begin(0);
	for (int i = 0; i < 3; i++)
		expect_eq(put(s, i), 1);
	ck_assert_str_eq(
	    show(&f, 0), "=i=0 name=x\n=i=1 name=x\n=i=2 name=x\n");
	ck_assert_int_eq(shown.entries, 1);
	expect_eq(shmlog_printf(s, 0, 6, 0, "another"), 1);
	(void)show(&f, 0);
	ck_assert_int_eq(shown.entries, 2);
	end();
}
END_TEST

START_TEST(each_stream_has_its_own_entry)
{
	struct shmlog_stream *t;

	begin(0);
	expect_eq(put(s, 1), 1);
	t = make(0);
	ck_assert_int_eq(shmlog_wait(handle, 10000), 0);
	expect_eq(put(t, 2), 1);
	expect_eq(put(s, 3), 1);
	ck_assert_str_eq(show(&f, 0), "=i=1 name=x\n=i=3 name=x\n");
	ck_assert_int_eq(shown.entries, 1);
	ck_assert_str_eq(show(&f, 1), "=i=2 name=x\n");
	ck_assert_int_eq(shown.entries, 1);
	end();
}
END_TEST

START_TEST(what_has_no_room_is_text_and_counted_once)
{
	struct shmlog_batch *b;

	begin(64); /* for one entry: 16 bytes and "i=%d name=%s" */
	for (int i = 0; i < 3; i++)
		expect_eq(put(s, i), 1);
	b = shmlog_batch(s);
	for (int i = 0; i < 3; i++) {
		errno = ENOENT;
		expect_eq(
		    shmlog_printf(s, 0, 6, 0, "there is no room for %d %m", i),
		    1);
		expect_eq(errno, ENOENT);
		expect_eq(shmlog_batch_printf(
			      b, 0, 6, 0, "nor is there one for %d", i),
		    1);
	}
	expect_eq(shmlog_batch_commit(b), 0);
	ck_assert_str_eq(show(&f, 0),
	    "=i=0 name=x\n=i=1 name=x\n=i=2 name=x\n"
	    "there is no room for 0 No such file or directory\n"
	    "there is no room for 1 No such file or directory\n"
	    "there is no room for 2 No such file or directory\n"
	    "nor is there one for 0\n"
	    "nor is there one for 1\n"
	    "nor is there one for 2\n");
	ck_assert_int_eq(shown.entries, 1);
	ck_assert_uint_eq(figure(FIGURE_UNNAMED), 2);
	shmlog_batch_free(b);
	end();
}
END_TEST

/* Another one. */
static void
put_batch(struct shmlog_batch *b)
{
	expect_eq(shmlog_batch_printf(b, 0, SHMLOG_INFO, 0, "batch"), 1);
}

/* One by each of the short ways, the functions' own if there are macros. */
static void
put_short(struct shmlog_batch *b, int i)
{
	expect_eq(put(s, i), 1);
	expect_eq((shmlog_puts)(s, 0, SHMLOG_INFO, 0, "text"), 1);
	put_batch(b);
	expect_eq((shmlog_batch_put)(b, 0, SHMLOG_INFO, 0, "batch's", 7), 1);
}

START_TEST(masked_records_are_not_put_the_short_way_either)
{
	uint64_t mask[1 + TAGS_MAX / 64] = { 1 << SHMLOG_INFO };
	const uint64_t *before;
	struct shmlog_batch *b;

	begin(0);
	b = shmlog_batch(s);
	for (int i = 0; i < 3; i++) {
		put_short(b, i);
		before = s->look.mask_;
		s->look.mask_ = mask;
		put_short(b, 7);
		s->look.mask_ = before;
		expect_eq(shmlog_batch_commit(b), 0);
	}
	ck_assert_str_eq(show(&f, 0), "=i=0 name=x\ntext\n=batch\nbatch's\n"
				      "=i=1 name=x\ntext\n=batch\nbatch's\n"
				      "=i=2 name=x\ntext\n=batch\nbatch's\n");
	shmlog_batch_free(b);
	end();
}
END_TEST

START_TEST(formats_go_along_to_the_next_daemon)
{
	struct shmlog_batch *b;

	begin(0);
	b = shmlog_batch(s);
	expect_eq(shmlog_tag(s, "Tag"), 1);
	expect_eq(put(s, 1), 1);
	expect_eq(shmlog_batch_printf(b, 0, 6, 0, "batch=%d", 1), 1);
	daemon_kill(&f);
	daemon_start(&g, f.dir, 2);
	daemon_supersede(&f, 2);
	(void)put(s, 2); /* joins */
	ck_assert_int_eq(shmlog_wait(handle, 10000), 0);
	expect_eq(put(s, 3), 1);
	expect_eq(shmlog_batch_commit(b), 0);
	ck_assert_ptr_nonnull(strstr(show(&g, 0), "=i=3 name=x\n=batch=1\n"));
	ck_assert_int_eq(shown.entries, 2);
	shmlog_batch_free(b);
	shmlog_close(handle);
	daemon_kill(&g);
	daemon_free(&g, 0);
	daemon_free(&f, 1);
}
END_TEST

START_TEST(formats_from_before_the_daemon_are_known_to_it)
{
	struct shmlog_batch *b;
	char dir[64];
	int fd = unit_mkdir(dir);

	handle = shmlog_open(dir);
	s = make(0);
	b = shmlog_batch(s);
	expect_eq(put(s, 1), 0);
	expect_eq(shmlog_dropped(handle), 1);
	expect_eq(shmlog_batch_printf(b, 0, 6, 0, "batch=%d", 1), 1);
	daemon_start(&f, dir, 1);
	ck_assert_int_eq(shmlog_wait(handle, 10000), 0);
	expect_eq(shmlog_batch_commit(b), 0);
	expect_eq(put(s, 2), 1);
	ck_assert_str_eq(show(&f, 0), "=batch=1\n=i=2 name=x\n");
	shmlog_batch_free(b);
	end();
	close(fd);
}
END_TEST

START_TEST(who_meets_a_site_or_a_dictionary_in_change_writes_text)
{
	struct shmlog_site site = { "x", SITE_PARSED, { 0 } };

	begin(0);
	ck_assert_int_eq(shmlog_ready_(&site, 0), 0);
	ck_assert_int_eq(shmlog_site_(&site, 0), 0);
	ck_assert_uint_eq(site.state_, SITE_PARSED);
	ck_assert(trylock_take(&s->tag_lock));
	expect_eq(put(s, 1), 1);
	expect_eq(put(s, 2), 1);
	trylock_give(&s->tag_lock);
	expect_eq(put(s, 3), 1);
	/* what is entered needs no lock */
	ck_assert(trylock_take(&s->tag_lock));
	expect_eq(put(s, 4), 1);
	trylock_give(&s->tag_lock);
	ck_assert_str_eq(
	    show(&f, 0), "i=1 name=x\ni=2 name=x\n=i=3 name=x\n=i=4 name=x\n");
	ck_assert_uint_eq(figure(FIGURE_UNNAMED), 0);
	end();
}
END_TEST

START_TEST(a_lane_whose_place_lacks_a_format_gets_text)
{
	struct shmlog_batch *b;
	struct lane_place *p;
	uint64_t dict;

	begin(0);
	b = shmlog_batch(s);
	expect_eq(put(s, 1), 1);
	put_batch(b);
	expect_eq(shmlog_batch_commit(b), 0);
	expect_eq(shmlog_batch_put(b, 0, 6, 0, "text", 4), 1);
	put_batch(b);
	/* as if it had been left behind in an older one */
	p = &s->places[s->lanes[0].at - 1];
	dict = number_get(&p->dict);
	number_set(&p->dict, 0);
	s->lanes[0].dict = 0;
	expect_eq(put(s, 2), 1);
	expect_eq(shmlog_batch_commit(b), 2);
	expect_eq(shmlog_dropped(handle), 2);
	number_set(&p->dict, dict);
	expect_eq(put(s, 3), 1);
	ck_assert_str_eq(
	    show(&f, 0), "=i=1 name=x\n=batch\ni=2 name=x\n=i=3 name=x\n");
	shmlog_batch_free(b);
	end();
}
END_TEST

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
START_TEST(what_cannot_be_deferred_is_text)
{
	char format[16] = "a %d";
	struct shmlog_batch *b;

	begin(0);
	b = shmlog_batch(s);
	for (int i = 0; i < 2; i++) {
		expect_eq(shmlog_printf(s, 0, 6, 0, format, i), 1);
		expect_eq(shmlog_batch_printf(b, 0, 6, 0, format, i), 1);
		expect_eq(shmlog_batch_commit(b), 0);
		expect_eq(shmlog_printf(s, 0, 6, 0, "%ls", L"wide"), 1);
		format[0] = 'b';
	}
	ck_assert_str_eq(show(&f, 0), "a 0\na 0\nwide\nb 1\nb 1\nwide\n");
	ck_assert_int_eq(shown.entries, 0);
	ck_assert_int_eq(shmlog_printf(NULL, 0, 6, 0, "x"), 0);
	ck_assert_int_eq(shmlog_printf(NULL, 0, 6, 0, format, 1), 0);
	ck_assert_int_eq(shmlog_batch_printf(NULL, 0, 6, 0, "x"), 0);
	ck_assert_int_eq(shmlog_batch_printf(NULL, 0, 6, 0, format, 1), 0);
	shmlog_batch_free(b);
	end();
}
END_TEST

/* Puts a string of so many bytes in each way; the lines are to be `shown'. */
static void
check_length(size_t length, size_t kept)
{
	static char text[8192], line[8192];
	struct shmlog_batch *b = shmlog_batch(s);
	uint64_t before = strlen(show(&f, 0)), cut = figure(FIGURE_CUT);
	int lines = 0;

	memset(text, 'x', length);
	text[length] = '\0';
	expect_eq(shmlog_printf(s, 0, 6, 0, "%s", text), 1);
	expect_eq(shmlog_batch_printf(b, 0, 6, 0, "%s", text), 1);
	expect_eq(shmlog_batch_commit(b), 0);
	ck_assert(trylock_take(&s->tag_lock));
	expect_eq(shmlog_printf(s, 0, 6, 0, "%s", text), 1);
	trylock_give(&s->tag_lock);
	(void)snprintf(line, sizeof(line), "%.*s%s\n", (int)kept, text,
	    kept < length ? "!" : "");
	(void)show(&f, 0);
	for (const char *p = shown.text + before; *p != '\0'; lines++) {
		p += *p == '=';
		expect(strncmp(p, line, strlen(line)) == 0);
		p += strlen(line);
	}
	expect_eq(lines, 3);
	expect_eq(figure(FIGURE_CUT) - cut, kept < length ? 3 : 0);
	shmlog_batch_free(b);
}

START_TEST(strings_are_whole_up_to_the_limit_and_then_cut)
{
	static const size_t lengths[] = { 0, 1, 7, 8, 9, 255, 256, 257, 1000,
		1023, 1024, 2000, 4095, 4096 };

	begin(0);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		check_length(lengths[i], lengths[i]);
	check_length(4097, 4096);
	check_length(8000, 4096);
	end();
}
END_TEST

START_TEST(all_sorts_of_arguments_come_back)
{
	char buffer[4] = { 'a', 'b', 'c', 'd' };

	begin(0);
	for (int i = 0; i < 2; i++) {
		errno = EDOM;
		expect_eq(shmlog_printf(s, 0, 6, 0, "%d %m %.2Lf", i, 1.5L), 1);
		expect_eq(errno, EDOM);
		expect_eq(shmlog_printf(s, 0, 6, 0, "%.4s|%.*s|%s|%5s", buffer,
			      2, buffer, i == 0 ? NULL : "s", "é"),
		    1);
	}
	ck_assert_str_eq(show(&f, 0),
	    "=0 Numerical argument out of domain 1.50\n"
	    "=abcd|ab|(null)|   é\n"
	    "=1 Numerical argument out of domain 1.50\n"
	    "=abcd|ab|s|   é\n");
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_format_is_entered_once_a_site,
		each_stream_has_its_own_entry,
		what_has_no_room_is_text_and_counted_once,
		masked_records_are_not_put_the_short_way_either,
		formats_go_along_to_the_next_daemon,
		formats_from_before_the_daemon_are_known_to_it,
		who_meets_a_site_or_a_dictionary_in_change_writes_text,
		a_lane_whose_place_lacks_a_format_gets_text,
		what_cannot_be_deferred_is_text,
		strings_are_whole_up_to_the_limit_and_then_cut,
		all_sorts_of_arguments_come_back,
	};

	return UNIT_RUN("print", tests);
}
