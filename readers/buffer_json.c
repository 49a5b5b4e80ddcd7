/*
 * buffer_json.c -- any bytes as a JSON string.
 *
 * Most of them are ASCII that is copied as it is, a word at a time: a word is
 * stored before it is known whether all of it is good, and what is behind the
 * good ones is overwritten.
 */
#include <string.h>

#include "readers/buffer.h"
#include "readers/utf8.h"

#define PIECE 4096 /* bytes for which there is room at once */
#define LONGEST 6  /* that one of them becomes: \u00XX */

/* 0 where all bytes of a word are printable ASCII and neither `"' nor `\'; the
 * lowest byte that is not zero is the first that is not. */
static inline uint64_t
odd_bytes(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;

	/* a byte is odd if it is below 0x20, above 0x7e, " or \ */
	return ((w - ones * 0x20) | w | (w + ones) | ((w ^ ones * '"') - ones) |
		   ((w ^ ones * '\\') - ones)) &
	       high;
}

static inline size_t
first_odd(uint64_t odd)
{
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		return (size_t)__builtin_ctzll(odd) / 8;
	return 0; /* a carry may have spoiled those above: look at each */
}

static char *
put_code(char *to, uint32_t code)
{
	memcpy(to, "\\u", 2);
	for (int i = 5; i >= 2; i--, code >>= 4)
		to[i] = "0123456789abcdef"[code & 15];
	return to + 6;
}

/* One byte of ASCII. */
static char *
put_ascii(char *to, unsigned char c)
{
	static const char escapes[128] = { ['"'] = '"',
		['\\'] = '\\',
		['\n'] = 'n',
		['\t'] = 't',
		['\r'] = 'r' };

	if (escapes[c] != '\0') {
		to[0] = '\\';
		to[1] = escapes[c];
		return to + 2;
	}
	if (c < ' ' || c == 0x7f)
		return put_code(to, c);
	*to = (char)c;
	return to + 1;
}

/* How far a text was copied. */
struct text_rest {
	const unsigned char *p, *last;
	int whole;   /* all of it: a word at least */
	int invalid; /* there was a byte of no UTF-8 */
};

/* One character, whatever it is; moves *from. */
static char *
put_one(char *to, const unsigned char **from, struct text_rest *at)
{
	const unsigned char *p = *from;
	uint32_t code;
	size_t length;

	if (*p < 0x80) {
		*from += 1;
		return put_ascii(to, *p);
	}
	length = utf8_length(p, (size_t)(at->last - p), &code);
	if (length == 0) {
		at->invalid = 1;
		*from += 1;
		return put_code(to, *p);
	}
	*from += length;
	if (utf8_is_harmful(code))
		return put_code(to, code);
	memcpy(to, p, length);
	return to + length;
}

/* The n bytes before `last' (less than a word), and blanks behind them;
 * `whole': a word ends there, too. */
static inline uint64_t
last_word(const unsigned char *last, size_t n, int whole)
{
	uint64_t w = UINT64_C(0x0101010101010101) * ' ';

	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && whole) {
		uint64_t blanks = w << n * 8;

		memcpy(&w, last - 8, 8);
		return w >> (64 - n * 8) | blanks;
	}
	memcpy(&w, last - n, n);
	return w;
}

/* What begins before `end'. */
static char *
put_piece(char *to, struct text_rest *at, const unsigned char *end)
{
	const unsigned char *p = at->p;
	uint64_t w, odd;
	size_t n;

	while (p < end) {
		n = (size_t)(at->last - p);
		if (n >= 8) {
			memcpy(&w, p, 8);
			n = 8;
		} else {
			w = last_word(at->last, n, at->whole);
		}
		memcpy(to, &w, 8);
		odd = odd_bytes(w);
		if (odd != 0)
			n = first_odd(odd);
		p += n;
		to += n;
		if (odd != 0)
			to = put_one(to, &p, at);
	}
	at->p = p;
	return to;
}

int
buffer_json(struct buffer *b, const char *text, size_t n)
{
	struct text_rest at = { (const unsigned char *)text,
		(const unsigned char *)text + n, n >= 8, 0 };
	size_t piece = n < PIECE ? n : PIECE;
	/* the last character, or word, may reach beyond the piece; and quotes
	 */
	char *to = buffer_room(b, (piece + 8) * LONGEST + 2);

	*to++ = '"';
	for (;;) {
		to = put_piece(to, &at, at.p + piece);
		if (at.p == at.last)
			break;
		b->n = (size_t)(to - b->data);
		piece = (size_t)(at.last - at.p);
		if (piece > PIECE)
			piece = PIECE;
		to = buffer_room(b, (piece + 8) * LONGEST + 2);
	}
	*to++ = '"';
	b->n = (size_t)(to - b->data);
	return at.invalid;
}
