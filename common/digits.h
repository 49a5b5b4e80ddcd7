/*
 * digits.h -- numbers in decimal and in hex, several digits at a time.
 *
 * Who writes does so at `to', where there is room, and returns its end.
 */
#ifndef SHMLOG_COMMON_DIGITS_H
#define SHMLOG_COMMON_DIGITS_H

#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 20 /* of 64 bits */

static const char digits_pairs[] = "00010203040506070809"
				   "10111213141516171819"
				   "20212223242526272829"
				   "30313233343536373839"
				   "40414243444546474849"
				   "50515253545556575859"
				   "60616263646566676869"
				   "70717273747576777879"
				   "80818283848586878889"
				   "90919293949596979899";

/* The last n digits of v, also if they are zeros. */
static inline char *
digits_last(char *to, uint32_t v, unsigned n)
{
	unsigned i = n;

	for (; i >= 2; v /= 100) {
		i -= 2;
		memcpy(to + i, digits_pairs + v % 100 * 2, 2);
	}
	if (i != 0)
		to[0] = (char)('0' + v % 10);
	return to + n;
}

/* The last six, and nine: no division waits for another one but the first. */
static inline char *
digits_six(char *to, uint32_t v)
{
	const uint32_t high = v / 10000 % 100, low = v % 10000;

	memcpy(to, digits_pairs + high * 2, 2);
	memcpy(to + 2, digits_pairs + low / 100 * 2, 2);
	memcpy(to + 4, digits_pairs + low % 100 * 2, 2);
	return to + 6;
}

static inline char *
digits_nine(char *to, uint32_t v)
{
	(void)digits_six(to, v / 1000);
	return digits_six(to + 3, v % 1000000);
}

/* Eight digits, a byte each, the first one lowest: of a number below 100
 * million all at once, by hundreds, then by tens. */
static inline uint64_t
digits_eight(uint32_t v)
{
	uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32, high;

	/* exact below 10000, and below 100 */
	high = x * 5243 >> 19 & UINT64_C(0x0000007f0000007f);
	x = high | (x - high * 100) << 16;
	high = x * 103 >> 10 & UINT64_C(0x000f000f000f000f);
	return high | (x - high * 10) << 8;
}

/* Puts them without their first `skip'; what is behind them may change. */
static inline char *
digits_put(char *to, uint64_t digits, unsigned skip)
{
	uint64_t x = digits + UINT64_C(0x0101010101010101) * '0';

	x >>= 8 * skip;
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		x = __builtin_bswap64(x);
	memcpy(to, &x, sizeof(x));
	return to + 8 - skip;
}

/* DIGITS_MAX at most; always at an address where there is room for so many. */
static inline char *
digits_number(char *to, uint64_t v)
{
	const uint64_t part = 100000000;
	uint64_t first = v, digits;

	if (v >= part)
		first = v < part * part ? v / part : v / (part * part);
	digits = digits_eight((uint32_t)first);
	/* all but the last one, if they are zeros */
	to = digits_put(to, digits,
	    (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8);
	if (v >= part * part)
		to = digits_put(
		    to, digits_eight((uint32_t)(v / part % part)), 0);
	if (v >= part)
		to = digits_put(to, digits_eight((uint32_t)(v % part)), 0);
	return to;
}

/* Of a hexadecimal digit; -1: it is none. */
static inline int
digits_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Eight digits in one word, a nibble a byte, the first digit lowest. */
static inline char *
digits_hex8(char *to, uint32_t v)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x = v >> 16 | (uint64_t)(v & 0xffff) << 32, letters;

	x = (x >> 8 & UINT64_C(0x000000ff000000ff)) |
	    (x & UINT64_C(0x000000ff000000ff)) << 16;
	x = (x >> 4 & UINT64_C(0x000f000f000f000f)) |
	    (x & UINT64_C(0x000f000f000f000f)) << 8;
	letters = (x + ones * 6) >> 4 & ones; /* 1 where it is above 9 */
	x += ones * '0' + letters * ('a' - '0' - 10);
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		x = __builtin_bswap64(x);
	memcpy(to, &x, sizeof(x));
	return to + 8;
}

/* 16 digits. */
static inline char *
digits_hex(char *to, uint64_t v)
{
	return digits_hex8(digits_hex8(to, (uint32_t)(v >> 32)), (uint32_t)v);
}

#endif
