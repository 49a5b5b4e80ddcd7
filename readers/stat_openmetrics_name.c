/*
 * stat_openmetrics_name.c -- what counters are called where OpenMetrics is
 * spoken: names, units, labels, and numbers in base units.
 *
 * A FAMILY is TYPE_ITEM_UNIT: what may not stand in a name is a low line. The
 * unit stands at the end, once: an item that begins or ends with its unit, as
 * it is in the schema or the base unit, has it moved there.  What a stream
 * counts of itself is the same for all of them, so its type is `shmlog': one
 * family, told apart by labels.
 *
 * BASE UNITS.  Seconds, bytes and ratios: what is counted in microseconds is
 * told in seconds, by moving the point, so that no digit is lost.
 *
 * LABELS are sorted, so that two sets with the same ones in another order are
 * one series, and not two that look alike.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "common/digits.h"
#include "common/set.h"
#include "readers/option.h"
#include "readers/stat_openmetrics.h"
#include "readers/stat_unit.h"
#include "readers/utf8.h"

#define STREAM_PREFIX "log."
#define STREAM_TYPE "shmlog"
#define LABELS_MAX 64
#define LABEL_NAME_MAX (SCHEMA_NAME_MAX + 16)

/* 2^N - 1 is the largest `le', of what is no time. */
#define LAST 40
#define LAST_PERCENT 10

/* That of a time, of 10^-power seconds: 36 hours of seconds, else an hour or
 * more. */
static uint8_t
last_of(unsigned power)
{
	switch (power) {
	case 0:
		return 17;
	case 3:
		return 22;
	case 6:
		return 32;
	default:
		return 42;
	}
}

static int
is_name_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* What may not stand in a name is a low line; no colon, which is for rules. */
static size_t
put_name(char *to, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		to[n] = is_name_char((unsigned char)text[n]) ? text[n] : '_';
	to[n] = '\0';
	return n;
}

/* One that is not known stands as it is, but for what no name may have. */
static void
plain_unit(struct om_unit *u, const char *unit)
{
	char *end;
	size_t n;

	while (*unit != '\0' &&
	       (!is_name_char((unsigned char)*unit) || *unit == '_'))
		unit++;
	n = put_name(u->name, unit);
	for (end = u->name + n; end > u->name && end[-1] == '_';)
		*--end = '\0';
}

void
om_unit(struct om_unit *u, const char *unit)
{
	const struct stat_unit *known = stat_unit_named(unit);

	*u = (struct om_unit){ .last = LAST };
	switch (known->kind) {
	case UNIT_TIME:
		*u = (struct om_unit){ "seconds", (uint8_t)known->power,
			last_of(known->power) };
		return;
	case UNIT_PERCENT:
		*u = (struct om_unit){ "ratio", 2, LAST_PERCENT };
		return;
	case UNIT_BYTES:
		/* no point is moved by 1024 */
		if (known->power != 0)
			break;
		(void)strlcpy(u->name, "bytes", sizeof(u->name));
		return;
	case UNIT_PLAIN:
		break;
	}
	plain_unit(u, unit);
}

enum om_type
om_type(enum schema_kind kind)
{
	switch (kind) {
	case SCHEMA_COUNTER:
		return OM_COUNTER;
	case SCHEMA_HISTOGRAM:
		return OM_HISTOGRAM;
	case SCHEMA_LABEL:
	case SCHEMA_GAUGE:
	case SCHEMA_BITMAP:
	case SCHEMA_UPDOWN:
		break;
	}
	return OM_GAUGE;
}

/* Takes "_WORD", or all of it, from the end. */
static void
cut_end(char *name, const char *word)
{
	size_t n = strlen(name), w = strlen(word);

	if (w == 0 || n < w || strcmp(name + n - w, word) != 0)
		return;
	if (n == w)
		name[0] = '\0';
	else if (n > w + 1 && name[n - w - 1] == '_')
		name[n - w - 1] = '\0';
}

/* Takes "WORD_" from the beginning. */
static void
cut_begin(char *name, const char *word)
{
	size_t n = strlen(name), w = strlen(word);

	if (w > 0 && n > w + 1 && strncmp(name, word, w) == 0 && name[w] == '_')
		memmove(name, name + w + 1, n - w);
}

void
om_family(char name[OM_NAME_MAX], const char *type, const char *item,
    enum om_type kind, const struct om_unit *unit, const char *as)
{
	char word[SCHEMA_NAME_MAX + SCHEMA_UNIT_MAX], plain[SCHEMA_UNIT_MAX];
	size_t n = 0;

	if (strncmp(item, STREAM_PREFIX, strlen(STREAM_PREFIX)) == 0)
		type = STREAM_TYPE;
	put_name(word, item);
	if (kind == OM_COUNTER)
		cut_end(word, "total");
	if (unit->name[0] != '\0') {
		put_name(plain, as);
		cut_end(word, unit->name);
		cut_end(word, plain);
		cut_begin(word, unit->name);
	}
	if (type[0] == '\0' || (type[0] >= '0' && type[0] <= '9'))
		name[n++] = '_';
	n += put_name(name + n, type);
	if (word[0] != '\0') {
		name[n++] = '_';
		n += put_name(name + n, word);
	}
	if (unit->name[0] != '\0') {
		name[n++] = '_';
		(void)put_name(name + n, unit->name);
	}
}

void
om_escape(struct buffer *b, const char *text, size_t n, int quote)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t length;
	uint32_t code;

	for (; n > 0; p += length, n -= length) {
		length = utf8_length(p, n, &code);
		if (length == 0) {
			buffer_put(b, "\357\277\275", 3);
			length = 1;
		} else if (*p == '\n') {
			buffer_put(b, "\\n", 2);
		} else {
			if (*p == '\\' || (*p == '"' && quote))
				buffer_byte(b, '\\');
			buffer_put(b, p, length);
		}
	}
}

static void
put_label(struct buffer *b, const char *name, const char *value)
{
	buffer_text(b, name);
	buffer_put(b, "=\"", 2);
	om_escape(b, value, strlen(value), 1);
	buffer_byte(b, '"');
}

struct label {
	char name[LABEL_NAME_MAX];
	char value[SCHEMA_HELP_MAX];
};

static int
is_reserved(const char *name)
{
	static const char *const ours[] = { "instance", "type", "ident", "pid",
		"le", "quantile" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(ours[i], name) == 0)
			return 1;
	return strncmp(name, "__", 2) == 0;
}

/* As Prometheus does with labels that it needs for itself. */
static void
label_name(char to[LABEL_NAME_MAX], const char *name)
{
	char plain[SCHEMA_NAME_MAX];

	put_name(plain, name);
	to[0] = '\0';
	if (is_reserved(plain))
		(void)strlcpy(to, "exported_", LABEL_NAME_MAX);
	else if (plain[0] >= '0' && plain[0] <= '9')
		(void)strlcpy(to, "_", LABEL_NAME_MAX);
	(void)strlcat(to, plain, LABEL_NAME_MAX);
}

/* Sorted labels; order[] are their places. */
struct labels {
	size_t n;
	uint8_t order[LABELS_MAX];
	struct label list[LABELS_MAX];
};

/* Of two that are called the same, the first counts. */
static void
labels_add(struct labels *l, const struct schema_item *item)
{
	struct label *new = &l->list[l->n];
	size_t at = l->n;
	int r;

	label_name(new->name, item->name);
	for (; at > 0; at--) {
		r = strcmp(new->name, l->list[l->order[at - 1]].name);
		if (r == 0)
			return;
		if (r > 0)
			break;
	}
	(void)strlcpy(new->value, item->help, sizeof(new->value));
	memmove(l->order + at + 1, l->order + at, l->n - at);
	l->order[at] = (uint8_t)l->n++;
}

static void
put_set_labels(struct buffer *b, const struct stat_schema *s)
{
	struct labels *l = calloc(1, sizeof(*l));
	struct schema_item item;
	size_t offset = 0;

	if (l == NULL)
		err(1, "memory");
	while (l->n < LABELS_MAX &&
	       schema_next(s->bytes, s->length, &offset, &item) == 1)
		/* an empty one is none, for Prometheus */
		if (item.kind == SCHEMA_LABEL && item.help[0] != '\0')
			labels_add(l, &item);
	for (size_t i = 0; i < l->n; i++) {
		buffer_byte(b, ',');
		put_label(
		    b, l->list[l->order[i]].name, l->list[l->order[i]].value);
	}
	free(l);
}

void
om_labels(struct buffer *b, const struct stat_schema *s, const char *instance)
{
	char pid[DIGITS_MAX + 1];

	put_label(b, "instance", instance);
	buffer_byte(b, ',');
	put_label(b, "type", s->type);
	buffer_byte(b, ',');
	put_label(b, "ident", s->ident);
	if (s->pid == STAT_RETAINED) {
		buffer_text(b, ",pid=\"retained\"");
	} else if (s->pid != STAT_ALL) {
		*digits_number(pid, s->pid) = '\0';
		buffer_byte(b, ',');
		put_label(b, "pid", pid);
	}
	if (s->labels[0] != '\0')
		put_set_labels(b, s);
}

char *
om_decimal(char *to, uint64_t v, unsigned shift)
{
	static const uint64_t tens[] = { 1, 10, 100, 1000, 10000, 100000,
		1000000, 10000000, 100000000, 1000000000 };
	uint32_t part;

	to = digits_number(to, v / tens[shift]);
	part = (uint32_t)(v % tens[shift]);
	if (part == 0)
		return to;
	while (part % 10 == 0) {
		part /= 10;
		shift--;
	}
	*to++ = '.';
	return digits_last(to, part, shift);
}
