/*
 * out_short.c -- a line a record, for people:
 *
 *	time type.ident[pid] tag(level) id: text
 *
 * and of a transaction that is a part of another one `id in parent: text'.  A
 * group has a line before it, and an empty one behind it:
 *
 *	-- id type.ident[pid], incomplete: why --
 *
 * Nothing in it can do more to a terminal than show: see buffer_safe().  A
 * record that its writer had to cut ends in "[cut]"; no tag, no id are "-".
 *
 * On a terminal (out_choose()) what the record says has the colour of its
 * level, as journalctl(1) has it, and time and stream have none.
 */
#include <time.h>

#include "readers/attach.h"
#include "common/digits.h"
#include "readers/out.h"

static void
short_stream(struct buffer *b, const struct descriptor *d)
{
	buffer_byte(b, ' ');
	buffer_stream(b, d);
	buffer_byte(b, ' ');
}

static void
short_tag(struct buffer *b, const char *name, size_t n)
{
	buffer_safe(b, name, n);
}

/* "Nov 23 18:20:01.", made anew when the second changes; *ns: since then. */
static const char *
second_text(uint64_t time, size_t *n, uint32_t *ns)
{
	static uint64_t begins = UINT64_MAX; /* the cached one, ns */
	static char text[64];
	static size_t length;
	struct tm tm;
	time_t t;

	if (time - begins >= NSEC || begins == UINT64_MAX) {
		t = (time_t)(time / NSEC);
		/* a time from a stranger may have no such date */
		if (localtime_r(&t, &tm) == NULL)
			memset(&tm, 0, sizeof(tm));
		length = strftime(text, sizeof(text), "%b %e %H:%M:%S.", &tm);
		begins = time / NSEC * NSEC;
	}
	*n = length;
	*ns = (uint32_t)(time - begins);
	return text;
}

/* "(info) ", ready made: this and the like of it are what a record costs. */
static const struct {
	char text[12];
	uint8_t n;
} levels[] = { { "(emerg) ", 8 }, { "(alert) ", 8 }, { "(crit) ", 7 },
	{ "(err) ", 6 }, { "(warning) ", 10 }, { "(notice) ", 9 },
	{ "(info) ", 7 }, { "(debug) ", 8 }, { "(?) ", 4 } };

#define LEVEL_OTHER 8

/* "17: ", kept for the next record, which often is of the same transaction. */
static const char *
id_text(uint64_t id, size_t *n)
{
	static uint64_t cached;
	static struct buffer text;

	if (text.data == NULL) {
		buffer_init(&text, -1);
		cached = ~id;
	}
	if (id != cached) {
		text.n = 0;
		if (id != 0)
			buffer_number(&text, id);
		else
			buffer_byte(&text, '-');
		buffer_put(&text, ": ", 2);
		cached = id;
	}
	*n = text.n;
	return text.data;
}

/* Of a level: what turns it on. */
#define COLOUR_SIZE 8

struct colour {
	char text[COLOUR_SIZE];
	size_t n; /* 0: none */
};

static const struct colour *
colour_of(uint8_t level)
{
	static const struct colour red = { "\033[1;31m", 7 },
				   yellow = { "\033[1;33m", 7 },
				   bold = { "\033[1m", 4 },
				   dim = { "\033[2m", 4 }, none;
	static const struct colour *const colours[] = { &red, &red, &red, &red,
		&yellow, &bold, &none, &dim };

	return level < sizeof(colours) / sizeof(colours[0]) ? colours[level]
							    : &none;
}

/* All up to the text is put where there is room for it, looked for once.  No
 * colour: NULL. */
static inline void
put_head(struct buffer *b, const struct rec *r, const struct colour *colour)
{
	const struct buffer *label = &r->stream->label;
	const struct bytes tag = r->tag->text;
	const uint8_t level =
	    r->head->level < LEVEL_OTHER ? r->head->level : LEVEL_OTHER;
	size_t second_n, id_n;
	uint32_t ns;
	const char *second = second_text(r->head->time, &second_n, &ns);
	const char *id = id_text(r->head->id, &id_n);
	char *p = buffer_room(b, second_n + 6 + label->n + tag.n +
				     sizeof(levels[0].text) + id_n +
				     TEXT_SLACK + COLOUR_SIZE);
	char *begin = p;

	p = text_append(p, second, second_n);
	(void)digits_six(p, ns / 1000);
	p = text_append(p + 6, label->data, label->n);
	if (colour != NULL) {
		memcpy(p, colour->text, COLOUR_SIZE);
		p += colour->n;
	}
	p = text_append(p, tag.text, tag.n);
	memcpy(p, levels[level].text, sizeof(levels[level].text));
	p = text_append(p + levels[level].n, id, id_n);
	b->n += (size_t)(p - begin);
}

/* "17 in 16: " instead of "17: ". */
static void
put_parent(struct buffer *b, uint64_t parent)
{
	b->n -= 2;
	buffer_put(b, " in ", 4);
	buffer_number(b, parent);
	buffer_put(b, ": ", 2);
}

static inline void
put_record(struct buffer *b, const struct rec *r, const struct colour *colour)
{
	uint64_t parent;

	for (uint32_t i = 0; i < r->depth; i++)
		buffer_put(b, "  ", 2);
	put_head(b, r, colour);
	if (rec_parent(r, &parent))
		put_parent(b, parent);
	buffer_safe(b, r->text.text, r->text.n);
	if (r->head->flags & RECORD_CUT)
		buffer_text(b, "[cut]");
}

static void
short_record(struct buffer *b, struct rec *r)
{
	put_record(b, r, NULL);
	buffer_byte(b, '\n');
}

static void
colour_record(struct buffer *b, struct rec *r)
{
	const struct colour *colour = colour_of(r->head->level);

	put_record(b, r, colour);
	buffer_text(b, colour->n != 0 ? "\033[0m\n" : "\n");
}

const struct out out_short = {
	.name = "short",
	.stream = short_stream,
	.tag = short_tag,
	.record = short_record,
	.lost = out_lost_line,
	.group = out_group_line,
	.group_end = out_group_end,
};

const struct out out_short_colours = {
	.name = "short",
	.stream = short_stream,
	.tag = short_tag,
	.record = colour_record,
	.lost = out_lost_line,
	.group = out_group_line,
	.group_end = out_group_end,
};
