/*
 * capture_block.h -- the blocks of a capture, one after the other, verified.
 *
 * Whatever the bytes are: what is handed on has both its checksums right, what
 * is read and summed on the way is at most BLOCK_VAIN_RATE times as much as the
 * file has, and BLOCK_VAIN more, and the memory needed is that of the longest
 * block there may be.
 */
#ifndef SHMLOG_READERS_CAPTURE_BLOCK_H
#define SHMLOG_READERS_CAPTURE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "readers/capture_format.h"

/* Bytes: see DAMAGE in capture_block.c. */
#define BLOCK_VAIN (UINT64_C(64) << 20)
#define BLOCK_VAIN_RATE 32u

enum block_result {
	BLOCK_GOOD,    /* head and payload are the next one's */
	BLOCK_FILE,    /* file is a file header: what follows is of it */
	BLOCK_DAMAGED, /* [at, at + bytes) is neither */
	BLOCK_CUT,     /* the same, and there the file ends */
	BLOCK_END,
	BLOCK_NONE,    /* what the file begins with is of no capture */
	BLOCK_ERROR,   /* it cannot be read: errno */
	BLOCK_STOPPED, /* stop_asked() while it was waited for more */
};

struct block_reader {
	int fd;
	uint64_t at;    /* where what was handed on stands in the file */
	uint64_t bytes; /* and how long it is */
	struct capture_header file;
	struct capture_block head; /* also of one whose payload is damaged */
	int has_head;              /* DAMAGED, CUT: there is such */
	const uint8_t *payload;    /* good until the next call; aligned to 8,
				      and followed by some bytes of ours */
	/* called while it waits for a pipe, which it no more does if that
	 * returns 1; may be NULL */
	int (*idle)(void *);
	void *arg;
	/* capture_block.c only */
	int regular;
	int ended;       /* there is no more to be read */
	uint8_t *data;   /* what was read and not handed on is in */
	size_t n, taken; /* [taken, n) */
	uint64_t offset; /* of data[0] in the file; at first: of where fd is */
	uint64_t damage; /* where a damaged block ends, of none a part */
	uint64_t vain;   /* bytes of such as were parts of one, and damaged */
};

/* From where fd stands.  Exits if there is no memory. */
void block_init(struct block_reader *, int fd);
void block_fini(struct block_reader *);
enum block_result block_next(struct block_reader *);

/* The header of a file of this version. */
void block_file_header(struct capture_header *);

/* Fills in the sums; of a block's head, if payload_sum is right by now. */
void block_seal(struct capture_block *, const void *payload);
void block_head_seal(struct capture_block *);
void block_file_seal(struct capture_header *);

/* Whether it is a header whose words can be believed: 1 or 0. */
int block_is_head(const struct capture_block *);
int block_is_file(const struct capture_header *);

#endif
