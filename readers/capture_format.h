/*
 * capture_format.h -- what every byte of a capture is.
 *
 * This is the only description of it in the code; man/shmlog-capture.5 tells
 * outsiders the same.
 *
 *	file header | block | block | ...
 *
 * All integers are little-endian, whatever the machine, and so is what the
 * payload of a record with RECORD_ARGS has: a machine of another byte order
 * refuses captures (capture_here()).
 *
 * A block is a header and its payload, each with a checksum (XXH3, 64 bits,
 * seed 0), so that no byte is believed that was not written.  It stands for
 * itself: streams are named by their segment's creation and their section's
 * serial, which is unique for ever, and not by where they stand in the file.
 * So one can go on behind a damaged block, and captures can be put one behind
 * the other.  `before' tells how many records a block that is missing had.
 *
 * VERSIONS.  Another major version is refused.  A minor one may add types of
 * blocks, which an older reader skips, and members at the ends of the payloads
 * of STREAM, DICT, LOST and GONE.
 */
#ifndef SHMLOG_READERS_CAPTURE_FORMAT_H
#define SHMLOG_READERS_CAPTURE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"

#define CAPTURE_MAJOR 1
#define CAPTURE_MINOR 0

/* "SHMCAPT1" and "SLBK", as the bytes stand in the file. */
#define CAPTURE_MAGIC UINT64_C(0x31545041434d4853)
#define CAPTURE_BLOCK_MAGIC UINT32_C(0x4b424c53)

#define CAPTURE_HEADER_MAX 4096u

/* Whether this machine's integers are a capture's. */
static inline int
capture_here(void)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

struct capture_header {
	uint64_t magic;       /*  0  CAPTURE_MAGIC */
	uint16_t major;       /*  8  */
	uint16_t minor;       /* 10  */
	uint32_t header_size; /* 12  the first block begins there */
	uint64_t pad_16[5];   /* 16  */
	uint64_t sum;         /* 56  of the bytes before */
};

_Static_assert(offsetof(struct capture_header, major) == 8, "layout");
_Static_assert(offsetof(struct capture_header, minor) == 10, "layout");
_Static_assert(offsetof(struct capture_header, header_size) == 12, "layout");
_Static_assert(offsetof(struct capture_header, sum) == 56, "layout");
_Static_assert(sizeof(struct capture_header) == 64, "layout");

enum capture_type {
	CAPTURE_STREAM = 1,  /* struct capture_stream_info */
	CAPTURE_DICT = 2,    /* struct capture_entry */
	CAPTURE_RECORDS = 3, /* runs, then slots */
	CAPTURE_LOST = 4,    /* struct capture_loss */
	CAPTURE_GONE = 5,    /* struct capture_name: no more records of it */
};

#define CAPTURE_PAYLOAD_MAX (UINT32_C(1) << 20)

struct capture_block {
	uint32_t magic;       /*  0  CAPTURE_BLOCK_MAGIC */
	uint16_t type;        /*  4  enum capture_type */
	uint16_t slots;       /*  6  of RECORDS: how many, else 0 */
	uint32_t length;      /*  8  of the payload: a multiple of 8 */
	uint32_t count;       /* 12  of RECORDS: records, else 0 */
	uint64_t before;      /* 16  records since the file header */
	uint64_t payload_sum; /* 24  */
	uint64_t sum;         /* 32  of the bytes before */
};

_Static_assert(offsetof(struct capture_block, type) == 4, "layout");
_Static_assert(offsetof(struct capture_block, slots) == 6, "layout");
_Static_assert(offsetof(struct capture_block, length) == 8, "layout");
_Static_assert(offsetof(struct capture_block, count) == 12, "layout");
_Static_assert(offsetof(struct capture_block, before) == 16, "layout");
_Static_assert(offsetof(struct capture_block, payload_sum) == 24, "layout");
_Static_assert(offsetof(struct capture_block, sum) == 32, "layout");
_Static_assert(sizeof(struct capture_block) == 40, "layout");

/* What names a stream. */
struct capture_name {
	uint64_t created; /* 0  its segment's, ns since the epoch */
	uint64_t serial;  /* 8  its section's */
};

_Static_assert(offsetof(struct capture_name, serial) == 8, "layout");
_Static_assert(sizeof(struct capture_name) == 16, "layout");

/* Strings end with a zero or at their end. */
struct capture_stream_info {
	struct capture_name name; /*   0  */
	uint64_t owner_start;     /*  16  its descriptor's, as all below */
	uint64_t created;         /*  24  */
	uint32_t owner_pid;       /*  32  */
	uint32_t owner_uid;       /*  36  */
	char type[TYPE_MAX];      /*  40  */
	char owner[OWNER_MAX];    /*  56  */
	char ident[IDENT_MAX];    /*  72  */
};

_Static_assert(
    offsetof(struct capture_stream_info, owner_start) == 16, "layout");
_Static_assert(offsetof(struct capture_stream_info, created) == 24, "layout");
_Static_assert(offsetof(struct capture_stream_info, owner_pid) == 32, "layout");
_Static_assert(offsetof(struct capture_stream_info, owner_uid) == 36, "layout");
_Static_assert(offsetof(struct capture_stream_info, type) == 40, "layout");
_Static_assert(offsetof(struct capture_stream_info, owner) == 56, "layout");
_Static_assert(offsetof(struct capture_stream_info, ident) == 72, "layout");
_Static_assert(sizeof(struct capture_stream_info) == 136, "layout");

/* An entry of a stream's dictionary; its text follows, padded with zeros. */
struct capture_entry {
	struct capture_name name; /*  0  */
	uint32_t kind;            /* 16  enum dict_kind */
	uint32_t id;              /* 20  */
	uint32_t text_length;     /* 24  */
	uint32_t pad_28;          /* 28  */
};

_Static_assert(offsetof(struct capture_entry, kind) == 16, "layout");
_Static_assert(offsetof(struct capture_entry, id) == 20, "layout");
_Static_assert(offsetof(struct capture_entry, text_length) == 24, "layout");
_Static_assert(sizeof(struct capture_entry) == 32, "layout");

/* Records of a stream that were lost where the block stands. */
struct capture_loss {
	struct capture_stream_info of; /*   0  without the name */
	uint64_t records;              /* 136  */
	uint32_t at_least;             /* 144  1: there may have been more */
	uint32_t known;                /* 148  0: nobody knows of which */
};

_Static_assert(offsetof(struct capture_loss, records) == 136, "layout");
_Static_assert(offsetof(struct capture_loss, at_least) == 144, "layout");
_Static_assert(offsetof(struct capture_loss, known) == 148, "layout");
_Static_assert(sizeof(struct capture_loss) == 152, "layout");

/*
 * RECORDS.  The payload is runs, and at its very end the table of slots: which
 * lanes have records in it.  A run is records of one lane that follow each
 * other and have all in common that its head tells; its items follow.
 */
struct capture_slot {
	struct capture_name name; /*  0  of the stream */
	uint32_t lane;            /* 16  below LANES_MAX */
	uint32_t pad_20;          /* 20  */
	uint64_t first;           /* 24  number of its first record here */
};

/* Its first record's number is that of the one before it in this slot, plus
 * one, plus skip. */
struct capture_run {
	uint16_t slot;  /*  0  */
	uint8_t level;  /*  2  as in struct record, and so the next two */
	uint8_t flags;  /*  3  RECORD_, but never RECORD_PAD */
	uint16_t count; /*  4  items, at least 1 */
	uint16_t skip;  /*  6  records left out before it */
	uint64_t id;    /*  8  of the transaction, 0: none */
	uint64_t time;  /* 16  ns since the epoch */
};

/* A record: its payload follows, padded with zeros to a multiple of 8. */
struct capture_item {
	uint16_t length; /* 0  of the payload, at most CAPTURE_ITEM_MAX */
	uint16_t tag;    /* 2  as in struct record */
	uint32_t after;  /* 4  ns since the run's time */
};

#define CAPTURE_ITEM_MAX (RECORD_MAX - sizeof(struct record))

_Static_assert(offsetof(struct capture_slot, lane) == 16, "layout");
_Static_assert(offsetof(struct capture_slot, first) == 24, "layout");
_Static_assert(sizeof(struct capture_slot) == 32, "layout");
_Static_assert(offsetof(struct capture_run, level) == 2, "layout");
_Static_assert(offsetof(struct capture_run, flags) == 3, "layout");
_Static_assert(offsetof(struct capture_run, count) == 4, "layout");
_Static_assert(offsetof(struct capture_run, skip) == 6, "layout");
_Static_assert(offsetof(struct capture_run, id) == 8, "layout");
_Static_assert(offsetof(struct capture_run, time) == 16, "layout");
_Static_assert(sizeof(struct capture_run) == 24, "layout");
_Static_assert(offsetof(struct capture_item, tag) == 2, "layout");
_Static_assert(offsetof(struct capture_item, after) == 4, "layout");
_Static_assert(sizeof(struct capture_item) == 8, "layout");

static inline size_t
capture_padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

#endif
