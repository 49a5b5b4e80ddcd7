/*
 * piece.h -- a format in pieces, and a payload in arguments: what is below
 * format.h.
 *
 * A piece is some literal text or one conversion.  Pieces are what is rendered;
 * a stranger's bytes are never handed to printf(3) as its format.
 */
#ifndef SHMLOG_COMMON_PIECE_H
#define SHMLOG_COMMON_PIECE_H

#include <stddef.h>
#include <stdint.h>

#include "common/format.h"

#define PIECE_MINUS 1u
#define PIECE_PLUS 2u
#define PIECE_SPACE 4u
#define PIECE_HASH 8u
#define PIECE_ZERO 16u
#define PIECE_WIDTH_ARG 32u     /* an argument says the width */
#define PIECE_PRECISION_ARG 64u /* and the precision */

/* What is quickly rendered, in formats that have nothing else. */
enum quick {
	QUICK_NOT,
	QUICK_TEXT, /* literal */
	QUICK_SIGNED,
	QUICK_UNSIGNED,
	QUICK_HEX,
	QUICK_CHAR,
	QUICK_STRING,
};

#define QUICK_BEGINS 1u /* a field's value does with this piece */
#define QUICK_ENDS 2u

struct piece {
	uint32_t at; /* of literal text */
	uint32_t length;
	char conversion;   /* 0: literal text */
	uint8_t flags;     /* PIECE_ */
	uint8_t size;      /* of a number, in bytes, as its modifier has it */
	uint8_t quick;     /* enum quick; this and the next two by
			      format_compile() only */
	int16_t argument;  /* its value, from 0 */
	uint8_t marks;     /* QUICK_ */
	int32_t width;     /* 0: none */
	int32_t precision; /* -1: none */
};

struct format {
	struct format_args args;
	uint32_t length;
	uint32_t n_pieces;
	uint32_t n_fields;
	int quick;  /* format_quick_render() can do it */
	char *text; /* FORMAT_TEXT_SLACK bytes more can be read behind it */
	struct piece *pieces;
	struct format_field *fields;
};

#define FORMAT_TEXT_SLACK 16

/* The arguments of a payload, one after the other. */
struct arguments {
	const uint8_t *at;
	const uint8_t *end;
	uint32_t count;
};

int piece_scan(const char *text, size_t length, size_t *at, struct piece *);
/* The next piece and where it ends; 1, 0 at the end, -1: cannot be deferred. */

/* All return 0, or -1 if the payload does not have it. */
int arguments_begin(
    struct arguments *, const void *payload, size_t n, int *err);
int arguments_word(struct arguments *, uint64_t *);
int arguments_long_double(struct arguments *, long double *);
int arguments_string(struct arguments *, struct format_value *);

/* The number that a conversion shows, cut to its size. */
static inline int64_t
piece_signed(const struct piece *p, uint64_t word)
{
	switch (p->size) {
	case 1:
		return (int8_t)word;
	case 2:
		return (int16_t)word;
	case 4:
		return (int32_t)word;
	default:
		return (int64_t)word;
	}
}

static inline uint64_t
piece_unsigned(const struct piece *p, uint64_t word)
{
	switch (p->size) {
	case 1:
		return (uint8_t)word;
	case 2:
		return (uint16_t)word;
	case 4:
		return (uint32_t)word;
	default:
		return word;
	}
}

/* What a precision leaves of a string, and what ends at a zero in it. */
void piece_clip(struct format_value *, int64_t precision);

/* Finds out whether that is a format for the next one; at its end. */
void format_quick_init(struct format *);

/* As format_render_spans(), where there is room for n and FORMAT_SPARE bytes
 * more. */
int format_quick_render(const struct format *, const void *payload, size_t n,
    char *to, struct format_span *spans);

#endif
