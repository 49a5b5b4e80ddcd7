/*
 * format_quick.c -- the formats that most records have, rendered without a look
 * at what they have not: literal text and %d %i %u %x %s %c (of any size), no
 * flag, no width, no precision.
 *
 * What such a format makes of a payload has a bound, so there is one look at
 * the room, and then none: literal text is copied by 16 bytes and strings by 8,
 * with what stands behind them.  A string ends at a zero, which writers of ours
 * never store in one; that is seen while it is copied.
 */
#include <string.h>

#include "common/digits.h"
#include "common/format.h"
#include "common/piece.h"

#define LITERAL_STEP 16
_Static_assert(LITERAL_STEP <= FORMAT_TEXT_SLACK, "text is read by steps");
/* the text, numbers that take more than their word, what is copied too far */
_Static_assert(FORMAT_TEXT_MAX + FORMAT_ARGS_MAX * (DIGITS_MAX + 1 - 8) +
		       LITERAL_STEP + 1 <=
		   FORMAT_SPARE,
    "room");

static enum quick
quick_of(const struct piece *p)
{
	if (p->conversion == '\0')
		return QUICK_TEXT;
	if (p->flags != 0 || p->width != 0 || p->precision != -1)
		return QUICK_NOT;
	switch (p->conversion) {
	case 'd':
	case 'i':
		return QUICK_SIGNED;
	case 'u':
		return QUICK_UNSIGNED;
	case 'x':
		return QUICK_HEX;
	case 's':
		return QUICK_STRING;
	case 'c':
		return QUICK_CHAR;
	default:
		return QUICK_NOT;
	}
}

void
format_quick_init(struct format *f)
{
	for (uint32_t i = 0; i < f->n_pieces; i++) {
		f->pieces[i].quick = (uint8_t)quick_of(&f->pieces[i]);
		if (f->pieces[i].quick == QUICK_NOT)
			return;
	}
	for (uint32_t i = 0; i < f->n_fields; i++) {
		const struct format_field *field = &f->fields[i];

		if (field->first == field->end) /* nothing that has a mark */
			return;
		f->pieces[field->first].marks |= QUICK_BEGINS;
		f->pieces[field->end - 1].marks |= QUICK_ENDS;
	}
	f->quick = 1;
}

static char *
put_literal(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i += LITERAL_STEP)
		memcpy(to + i, from + i, LITERAL_STEP);
	return to + n;
}

static char *
put_hex(char *to, uint64_t v)
{
	unsigned digits = (67u - (unsigned)__builtin_clzll(v | 1)) / 4;

	for (unsigned i = digits; i-- > 0; v >>= 4)
		to[i] = "0123456789abcdef"[v & 15];
	return to + digits;
}

/* Whether one of the bytes is a zero. */
static uint64_t
has_zero(uint64_t word)
{
	return (word - UINT64_C(0x0101010101010101)) & ~word &
	       UINT64_C(0x8080808080808080);
}

/* Ones where the bytes of a word are that stand behind its first n. */
static uint64_t
beyond(unsigned n)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? UINT64_MAX << 8 * n
							 : UINT64_MAX >> 8 * n;
}

/* n bytes that are padded to words; up to a zero, if there is one in them. */
static char *
put_padded(char *to, const uint8_t *from, size_t n)
{
	uint64_t word, zeros = 0;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&word, from + i, 8);
		memcpy(to + i, &word, 8);
		zeros |= has_zero(word);
	}
	if (i < n) {
		memcpy(&word, from + i, 8);
		memcpy(to + i, &word, 8);
		zeros |= has_zero(word | beyond((unsigned)(n - i)));
	}
	return to + (zeros == 0 ? n : strnlen((const char *)from, n));
}

/* What is behind it, or NULL: there is no such string. */
static const uint8_t *
put_string(char **to, const uint8_t *at, const uint8_t *end)
{
	struct args_string head;
	uint64_t padded;

	if ((size_t)(end - at) < sizeof(head))
		return NULL;
	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	padded = round_up(head.length, 8);
	if (padded > (uint64_t)(end - at))
		return NULL;
	if ((head.flags & ARGS_NULL) == 0)
		*to = put_padded(*to, at, head.length);
	else if (head.length == 0)
		*to = put_literal(*to, "(null)\0\0\0\0\0\0\0\0\0", 6);
	else
		return NULL;
	return at + padded;
}

/* The same for the other conversions. */
static const uint8_t *
put_word(
    char **to, const struct piece *p, const uint8_t *at, const uint8_t *end)
{
	uint64_t word;
	int64_t i;

	if ((size_t)(end - at) < sizeof(word))
		return NULL;
	memcpy(&word, at, sizeof(word));
	switch ((enum quick)p->quick) {
	case QUICK_SIGNED:
		i = piece_signed(p, word);
		if (i < 0)
			*(*to)++ = '-';
		*to = digits_number(*to, i < 0 ? -(uint64_t)i : (uint64_t)i);
		break;
	case QUICK_UNSIGNED:
		*to = digits_number(*to, piece_unsigned(p, word));
		break;
	case QUICK_HEX:
		*to = put_hex(*to, piece_unsigned(p, word));
		break;
	case QUICK_CHAR:
		*(*to)++ = (char)word;
		break;
	case QUICK_NOT:
	case QUICK_TEXT:
	case QUICK_STRING:
		break;
	}
	return at + sizeof(word);
}

int
format_quick_render(const struct format *f, const void *payload, size_t n,
    char *to, struct format_span *spans)
{
	const uint8_t *at = payload, *end = at + n;
	const struct piece *p = f->pieces, *last = p + f->n_pieces;
	char *begin = to;

	if (n < sizeof(struct args_head))
		return -1;
	at += sizeof(struct args_head);
	for (; p < last; p++) {
		if (spans != NULL && (p->marks & QUICK_BEGINS) != 0)
			spans->begin = (uint32_t)(to - begin);
		if (p->quick == QUICK_TEXT)
			to = put_literal(to, f->text + p->at, p->length);
		else if (p->quick == QUICK_STRING)
			at = put_string(&to, at, end);
		else
			at = put_word(&to, p, at, end);
		if (at == NULL)
			return -1;
		if (spans != NULL && (p->marks & QUICK_ENDS) != 0)
			spans++->end = (uint32_t)(to - begin);
	}
	*to = '\0';
	return at == end ? (int)(to - begin) : -1;
}
