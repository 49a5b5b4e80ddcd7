/*
 * utf8.h -- what is UTF-8, and which of it is no good on a terminal.
 */
#ifndef SHMLOG_READERS_UTF8_H
#define SHMLOG_READERS_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The length of the UTF-8 sequence at p (RFC 3629: no surrogates, none longer
 * than need be) and its code point; 0: it is none.
 */
static inline size_t
utf8_length(const unsigned char *p, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;

	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < length)
		return 0;
	*code = p[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	if (*code < least[length] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return length;
}

/* How many columns a text takes on a terminal, about: characters, be they wide
 * or none at all. */
static inline size_t
utf8_columns(const char *p, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ((unsigned char)p[i] & 0xc0) != 0x80;
	return sum;
}

/* Of those that are no ASCII: C1, the line separators, and what turns the
 * direction of writing around.  All have four digits. */
static inline int
utf8_is_harmful(uint32_t code)
{
	return code < 0xa0 || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

#endif
