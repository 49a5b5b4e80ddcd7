/*
 * out_export.c -- the export format of the journal, for
 * systemd-journal-remote(8) and what else reads it.
 *
 * https://systemd.io/JOURNAL_EXPORT_FORMATS has it: a line `NAME=value' each,
 * an empty one behind the entry.  A value that is no text of one line is bytes:
 * `NAME', a newline, their number in 64 bits, little-endian, they themselves, a
 * newline.
 *
 *	__CURSOR=18b0...-5-0-41			the record's name
 *	__REALTIME_TIMESTAMP=1795458001123456	us
 *	SHMLOG_TIME_NS=1795458001123456789	ns
 *	SYSLOG_IDENTIFIER=http.front
 *	_PID=4711, _UID=33, _COMM=httpd		of the process
 *	SHMLOG_STREAM=http.front
 *	SHMLOG_TAG=Request
 *	PRIORITY=6
 *	SHMLOG_ID=17, SHMLOG_PARENT=16		if it has one
 *	SHMLOG_CUT=1, SHMLOG_UNREADABLE=1	if it is
 *	MESSAGE=method=GET path=/
 *	SHMLOG_FIELD_METHOD=GET			each field
 *
 * The names of fields become what the journal takes for one: capital letters,
 * digits and `_', 64 bytes at most; of many the first 512 are there.  Lost
 * records are an entry with SHMLOG_LOST=N and a MESSAGE.
 */
#include <ctype.h>

#include "readers/attach.h"
#include "common/digits.h"
#include "readers/out.h"
#include "readers/utf8.h"

#define NAME_LONGEST 64 /* so has the journal it */
#define FIELDS_MAX 512  /* it has 1024 an entry */

struct export_fields {
	struct buffer *to;
	unsigned n;
};

/* Whether it is UTF-8 without control characters, but for tabs. */
static int
is_line(const unsigned char *p, size_t n)
{
	uint32_t code;
	size_t length;

	for (; n > 0; p += length, n -= length) {
		length = utf8_length(p, n, &code);
		if (length == 0 || (code < ' ' && code != '\t') || code == 0x7f)
			return 0;
	}
	return 1;
}

static void
put_value(struct buffer *b, const char *text, size_t n)
{
	char length[9] = "\n";

	if (is_line((const unsigned char *)text, n)) {
		buffer_byte(b, '=');
	} else {
		for (unsigned i = 0; i < 8; i++)
			length[1 + i] = (char)((uint64_t)n >> i * 8);
		buffer_put(b, length, sizeof(length));
	}
	buffer_put(b, text, n);
	buffer_byte(b, '\n');
}

static void
put_text(struct buffer *b, const char *name, const char *text, size_t n)
{
	buffer_text(b, name);
	put_value(b, text, n);
}

static void
put_number(struct buffer *b, const char *name, uint64_t n)
{
	char text[DIGITS_MAX];

	put_text(b, name, text, (size_t)(digits_number(text, n) - text));
}

static void
export_stream(struct buffer *b, const struct descriptor *d)
{
	struct buffer name;

	buffer_init(&name, -1);
	buffer_name(&name, d);
	put_text(b, "SYSLOG_IDENTIFIER", name.data, name.n);
	put_text(b, "SHMLOG_STREAM", name.data, name.n);
	buffer_free(&name);
	put_number(b, "_PID", d->owner_pid);
	put_number(b, "_UID", d->owner_uid);
	put_text(b, "_COMM", d->owner, strnlen(d->owner, OWNER_MAX));
}

static void
export_tag(struct buffer *b, const char *name, size_t n)
{
	put_text(b, "SHMLOG_TAG", name, n);
}

static int
put_field(void *arg, struct bytes name, const struct value *v)
{
	struct export_fields *f = arg;
	char to[32], known[NAME_LONGEST + 1] = "SHMLOG_FIELD_";
	struct bytes text = value_text(v, to);
	size_t n = strlen(known);

	for (size_t i = 0; i < name.n && n < NAME_LONGEST; i++) {
		unsigned char c = (unsigned char)name.text[i];

		known[n++] = (char)(c < 0x80 && isalnum(c) ? toupper(c) : '_');
	}
	put_text(f->to, known, text.text, text.n);
	return ++f->n == FIELDS_MAX;
}

static void
export_record(struct buffer *b, struct rec *r)
{
	struct export_fields fields = { b, 0 };
	char cursor[CURSOR_MAX];
	uint64_t parent;

	put_text(
	    b, "__CURSOR", cursor, (size_t)(cursor_put(cursor, r) - cursor));
	put_number(b, "__REALTIME_TIMESTAMP", r->head->time / 1000);
	put_number(b, "SHMLOG_TIME_NS", r->head->time);
	buffer_put(b, r->stream->label.data, r->stream->label.n);
	buffer_put(b, r->tag->text.text, r->tag->text.n);
	put_number(b, "PRIORITY", r->head->level < 8 ? r->head->level : 7);
	if (r->head->id != 0)
		put_number(b, "SHMLOG_ID", r->head->id);
	if (rec_parent(r, &parent))
		put_number(b, "SHMLOG_PARENT", parent);
	if (r->head->flags & RECORD_CUT)
		put_number(b, "SHMLOG_CUT", 1);
	if (r->unreadable)
		put_number(b, "SHMLOG_UNREADABLE", 1);
	put_text(b, "MESSAGE", r->text.text, r->text.n);
	out_fields(r, put_field, &fields);
	buffer_byte(b, '\n');
}

static void
export_lost(struct buffer *b, const struct out_loss *l)
{
	uint64_t now = clock_real();
	struct buffer line;

	buffer_init(&line, -1);
	out_lost_text(&line, l);
	put_number(b, "__REALTIME_TIMESTAMP", now / 1000);
	put_number(b, "SHMLOG_TIME_NS", now);
	if (l->of != NULL)
		export_stream(b, l->of);
	put_number(b, "PRIORITY", 4);
	put_number(b, "SHMLOG_LOST", l->records);
	put_text(b, "MESSAGE", line.data, line.n);
	buffer_byte(b, '\n');
	buffer_free(&line);
}

const struct out out_export = {
	.name = "export",
	.stream = export_stream,
	.tag = export_tag,
	.record = export_record,
	.lost = export_lost,
};
