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

struct piece {
	uint32_t at; /* of literal text */
	uint32_t length;
	char conversion;   /* 0: literal text */
	uint8_t flags;     /* PIECE_ */
	uint8_t size;      /* of a number, in bytes, as its modifier has it */
	int16_t argument;  /* its value, from 0; format_compile() only */
	int32_t width;     /* 0: none */
	int32_t precision; /* -1: none */
};

struct format {
	struct format_args args;
	uint32_t length;
	uint32_t n_pieces;
	uint32_t n_fields;
	char *text;
	struct piece *pieces;
	struct format_field *fields;
};

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
int64_t piece_signed(const struct piece *, uint64_t word);
uint64_t piece_unsigned(const struct piece *, uint64_t word);

/* What a precision leaves of a string, and what ends at a zero in it. */
void piece_clip(struct format_value *, int64_t precision);

#endif
