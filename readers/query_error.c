/*
 * query_error.c -- what is wrong with a query, shown below it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/query_private.h"
#include "readers/utf8.h"

#define BEFORE 48 /* bytes of a line that are shown before the caret */
#define WIDTH 72  /* and from there on */

static void
put_line(struct buffer *b, const char *line, size_t n, size_t at)
{
	size_t from = at > BEFORE ? at - BEFORE : 0, begin, caret;

	/* no character is cut at the beginning */
	while (
	    from > 0 && from < at && ((unsigned char)line[from] & 0xc0) == 0x80)
		from++;
	begin = b->n;
	buffer_text(b, from > 0 ? "  ..." : "  ");
	buffer_safe(b, line + from, at - from);
	caret = utf8_columns(b->data + begin, b->n - begin);
	buffer_safe(b, line + at, n - at < WIDTH ? n - at : WIDTH);
	buffer_byte(b, '\n');
	for (size_t i = 0; i < caret; i++)
		buffer_byte(b, ' ');
	buffer_text(b, "^\n");
}

void
query_describe(struct buffer *b, const char *from, const char *text, size_t n,
    const struct query_error *e)
{
	size_t at = e->at < n ? e->at : n, line = at, end = at;
	unsigned number = 1;

	while (line > 0 && text[line - 1] != '\n')
		line--;
	while (end < n && text[end] != '\n')
		end++;
	for (size_t i = 0; i < line; i++)
		number += text[i] == '\n';
	buffer_text(b, from);
	if (memchr(text, '\n', n) != NULL)
		buffer_printf(b, ":%u", number);
	buffer_printf(b, ": %s\n", e->message);
	put_line(b, text + line, end - line, at - line);
}

void
query_complain(
    const char *from, const char *text, size_t n, const struct query_error *e)
{
	struct buffer b;

	buffer_init(&b, -1);
	query_describe(&b, from, text, n, e);
	(void)fprintf(stderr, "%s: %.*s", getprogname(), (int)b.n, b.data);
	buffer_free(&b);
}
