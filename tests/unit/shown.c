/*
 * shown.c -- see shown.h.
 */
#include "tests/unit/shown.h"

#include <stdlib.h>
#include <string.h>

#include "readers/utf8.h"

static struct buffer shown;

static void
begin(void)
{
	if (shown.data == NULL)
		buffer_init(&shown, -1);
	shown.n = 0;
}

static const char *
end(size_t *n)
{
	if (n != NULL)
		*n = shown.n;
	buffer_byte(&shown, '\0');
	return shown.data;
}

const char *
shown_last(struct records *s, const struct out *out, size_t *n)
{
	struct rec *r = &s->list[s->n - 1];
	struct rec_tag *tag = s->tags[s->n - 1];
	struct buffer text;

	buffer_init(&text, -1);
	out->tag(&text, tag->name, tag->length);
	tag->text = (struct bytes){ text.data, text.n };
	buffer_init(&r->stream->label, -1);
	out->stream(&r->stream->label, r->stream->d);
	rec_text(r);
	begin();
	out->record(&shown, r);
	buffer_free(&r->stream->label);
	buffer_free(&text);
	records_drop(s, 1);
	return end(n);
}

const char *
shown_lost(const struct out *out, const struct out_loss *loss)
{
	begin();
	out->lost(&shown, loss);
	return end(NULL);
}

size_t
shown_nasty(struct unit_random *rnd, char *to, size_t size)
{
	static const char *const pieces[] = { "plain text of some length", "\"",
		"\\", "\x1b[2J", "\n", "\xc2\x9b", "\xe2\x80\xae",
		" a=", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xc0\x80",
		"{\"a\":", "\xf4\x90\x80\x80", "\xe2\x82", "\x7f", "\xff",
		"\xc3\xa4", "\x80", "}", "=\"", "[1,-2e5,", "true", "\\u00e4" };
	size_t n = 0, length;
	const char *piece;

	while (n < size && unit_below(rnd, 12) != 0) {
		piece = pieces[unit_below(rnd, UNIT_COUNT(pieces))];
		length = strlen(piece);
		if (unit_below(rnd, 4) == 0) {
			to[n++] = (char)unit_random(rnd);
			continue;
		}
		if (length > size - n)
			length = size - n;
		memcpy(to + n, piece, length);
		n += length;
	}
	return n;
}

int
shown_is_safe(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t code;
	size_t length;

	for (; n > 0; p += length, n -= length) {
		length = utf8_length(p, n, &code);
		if (length == 0 || (code < ' ' && code != '\n') ||
		    code == 0x7f || (code > 0x7f && utf8_is_harmful(code)))
			return 0;
	}
	return 1;
}
