/*
 * out.c -- the formats there are.
 */
#include "readers/out.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/digits.h"
#include "readers/template.h"

static const struct out *const outs[] = { &out_short, &out_full, &out_json,
	&out_cat, &out_export };

static const struct out *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++)
		if (strcmp(outs[i]->name, name) == 0)
			return outs[i];
	return NULL;
}

/* As journalctl(1) decides it; see no-color.org. */
static int
wants_colours(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && (no == NULL || *no == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

const struct out *
out_choose(const char *argument, int fd, const char **fault)
{
	const struct out *out = find(argument);

	if (out == &out_short && wants_colours(fd))
		return &out_short_colours;
	if (out == &out_cat && isatty(fd))
		return &out_cat_safe;
	if (out != NULL)
		return out;
	if (!template_is(argument)) {
		*fault = "not a format: " OUT_NAMES;
		return NULL;
	}
	*fault = out_template_set(argument);
	return *fault == NULL ? &out_template : NULL;
}

void
out_no_stream(struct buffer *b, const struct descriptor *d)
{
	(void)b;
	(void)d;
}

void
out_no_tag(struct buffer *b, const char *name, size_t n)
{
	(void)b;
	(void)name;
	(void)n;
}

int
out_has_fields(const struct rec *r)
{
	const char *p = r->text.text, *end = p + r->text.n;

	if (r->format != NULL || memchr(p, '=', r->text.n) != NULL)
		return 1;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p < end && *p == '{';
}

void
out_fields(struct rec *r,
    int (*each)(void *, struct bytes name, const struct value *), void *arg)
{
	static struct buffer scratch;

	if (scratch.data == NULL)
		buffer_init(&scratch, -1);
	(void)field_each(r, &scratch, each, arg);
}

char *
cursor_put(char *to, const struct rec *r)
{
	/* of the record before, which often is of the same lane */
	static uint64_t created, serial;
	static uint32_t lane;
	static char text[CURSOR_MAX];
	static size_t n;
	const struct rec_stream *s = r->stream;
	char *end;

	if (n == 0 || r->lane != lane || s->serial != serial ||
	    s->created != created) {
		created = s->created;
		serial = s->serial;
		lane = r->lane;
		end = digits_hex(text, created);
		*end++ = '-';
		end = digits_number(end, serial);
		*end++ = '-';
		end = digits_number(end, lane);
		*end++ = '-';
		n = (size_t)(end - text);
	}
	memcpy(to, text, n);
	return digits_number(to + n, r->number);
}

void
out_cursor(struct buffer *b, const struct rec *r)
{
	char *to = buffer_room(b, CURSOR_MAX);

	b->n = (size_t)(cursor_put(to, r) - b->data);
}

const char *
level_name(uint8_t level)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err",
		"warning", "notice", "info", "debug" };

	return level < sizeof(names) / sizeof(names[0]) ? names[level] : "?";
}

int
level_parse(const char *text)
{
	if (text[0] >= '0' && text[0] <= '7' && text[1] == '\0')
		return text[0] - '0';
	for (uint8_t i = 0; i < 8; i++)
		if (strcmp(text, level_name(i)) == 0)
			return i;
	return -1;
}
