/*
 * layout.h -- what every shared byte is, who writes it and when.
 *
 * This is the only description of the segment in the code; man/shmlog.5 tells
 * outsiders the same.  A segment is one file:
 *
 *	header (one page) | descriptors | tombstones | data pages (sections)
 *
 * All integers are fixed-width and in the byte order that the header names.
 * A reader takes every offset and stride from the header, none from the size
 * of its own structs: a later minor version may make them larger.
 *
 * WHO WRITES.  Header, descriptors and tombstones: the daemon only.  A section:
 * the worker that it was given to, until it is freed; the daemon zeroes it
 * before it is used again.  Retained sets, placeholders and the daemon's own
 * set: the daemon.  A reader writes nothing, anywhere.
 *
 * In the tables below, `once' means: before anybody else can see it.
 */
#ifndef SHMLOG_COMMON_LAYOUT_H
#define SHMLOG_COMMON_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_MAJOR 1 /* a reader refuses another major version */
#define LAYOUT_MINOR 0 /* grows when members are added at an end */

#define CACHE_LINE 64
#define SEGMENT_PAGE 4096 /* sections begin and end on one */

/* "SHMLOG1" and a zero, as the bytes stand in the file. */
#define SEGMENT_MAGIC UINT64_C(0x0031474f4c4d4853)
#define SEGMENT_BYTE_ORDER UINT32_C(0x01020304)
#define STREAM_MAGIC UINT64_C(0x4d41455254534c53) /* "SLSTREAM" */
#define SET_MAGIC UINT64_C(0x544553544e434c53)    /* "SLCNTSET" */

#define INSTANCE_NAME_MAX 128 /* with its zero; a longer path is cut */

/*
 * The header.  `once' is at the file's creation, magic last of all.
 */
struct segment_header {
	_Atomic uint64_t magic; /*   0  once, last, with release */
	uint32_t byte_order;    /*   8  once */
	uint16_t major;         /*  12  once */
	uint16_t minor;         /*  14  once */
	uint32_t word_size;     /*  16  once: 8 */
	uint32_t page_size;     /*  20  once: SEGMENT_PAGE */
	uint32_t header_size;   /*  24  once */
	uint32_t desc_stride;   /*  28  once */
	uint64_t desc_offset;   /*  32  once */
	uint32_t desc_count;    /*  40  once */
	uint32_t tomb_stride;   /*  44  once */
	uint64_t tomb_offset;   /*  48  once */
	uint32_t tomb_count;    /*  56  once */
	uint32_t cooling;       /*  60  once: seconds */
	uint64_t data_offset;   /*  64  once */
	uint64_t segment_size;  /*  72  once: equals st_size */
	uint64_t created;       /*  80  once: ns since the epoch */
	uint64_t generation;    /*  88  once: the old segment's plus one */
	uint64_t master_start;  /*  96  once: /proc/PID/stat, field 22 */
	uint64_t pid_ns;        /* 104  once: st_ino of its ns/pid */
	uint8_t boot_id[16];    /* 112  once */
	char instance[INSTANCE_NAME_MAX]; /* 128  once: what -n named */

	_Atomic uint64_t alloc_seq;  /* 256  zero while the list changes */
	_Atomic uint32_t list_head;  /* 264  descriptor's index + 1; 0: none */
	uint32_t pad_268;            /* 268 */
	_Atomic uint64_t tomb_next;  /* 272  tombstones ever written */
	uint64_t pad_280[5];         /* 280 */
	_Atomic uint64_t master_pid; /* 320  once; 0 when it ended well */
	_Atomic uint64_t
	    superseded;             /* 328  by the next daemon: its `created' */
	uint64_t pad_336[6];        /* 336 */
	_Atomic uint64_t heartbeat; /* 384  counts, once a second */
	uint64_t pad_392[7];        /* 392 */
};

_Static_assert(offsetof(struct segment_header, byte_order) == 8, "layout");
_Static_assert(offsetof(struct segment_header, major) == 12, "layout");
_Static_assert(offsetof(struct segment_header, minor) == 14, "layout");
_Static_assert(offsetof(struct segment_header, word_size) == 16, "layout");
_Static_assert(offsetof(struct segment_header, page_size) == 20, "layout");
_Static_assert(offsetof(struct segment_header, header_size) == 24, "layout");
_Static_assert(offsetof(struct segment_header, desc_stride) == 28, "layout");
_Static_assert(offsetof(struct segment_header, desc_offset) == 32, "layout");
_Static_assert(offsetof(struct segment_header, desc_count) == 40, "layout");
_Static_assert(offsetof(struct segment_header, tomb_stride) == 44, "layout");
_Static_assert(offsetof(struct segment_header, tomb_offset) == 48, "layout");
_Static_assert(offsetof(struct segment_header, tomb_count) == 56, "layout");
_Static_assert(offsetof(struct segment_header, cooling) == 60, "layout");
_Static_assert(offsetof(struct segment_header, data_offset) == 64, "layout");
_Static_assert(offsetof(struct segment_header, segment_size) == 72, "layout");
_Static_assert(offsetof(struct segment_header, created) == 80, "layout");
_Static_assert(offsetof(struct segment_header, generation) == 88, "layout");
_Static_assert(offsetof(struct segment_header, master_start) == 96, "layout");
_Static_assert(offsetof(struct segment_header, pid_ns) == 104, "layout");
_Static_assert(offsetof(struct segment_header, boot_id) == 112, "layout");
_Static_assert(offsetof(struct segment_header, instance) == 128, "layout");
_Static_assert(offsetof(struct segment_header, alloc_seq) == 256, "layout");
_Static_assert(offsetof(struct segment_header, list_head) == 264, "layout");
_Static_assert(offsetof(struct segment_header, tomb_next) == 272, "layout");
_Static_assert(offsetof(struct segment_header, master_pid) == 320, "layout");
_Static_assert(offsetof(struct segment_header, superseded) == 328, "layout");
_Static_assert(offsetof(struct segment_header, heartbeat) == 384, "layout");
_Static_assert(sizeof(struct segment_header) == 448, "layout");

/* The names of classes; zero-padded, compared whole. */
#define CLASS_MAX 8
#define CLASS_LOG "Log"
#define CLASS_STAT "Stat"
#define CLASS_COOL "Cool"
#define TYPE_MAX 16  /* with its zero, as are the next two */
#define OWNER_MAX 16 /* what comm(5) has room for */
#define IDENT_MAX 64

#define DESC_PLACEHOLDER 1u /* a set whose owner has not joined yet */
#define DESC_RETAINED 2u    /* sums of sets that were freed */
#define DESC_FOLDED 4u      /* Cool: its counters are in a retained set */
#define DESC_ORPHAN 8u      /* its client hung up, its process lives */
#define DESC_DAEMON 16u     /* the daemon's own */
#define DESC_FOREIGN                                                           \
	32u /* a placeholder: owner_pid is of another pid                      \
	       namespace than the daemon's */

#define MASK_TAGS (UINT64_C(1) << 63) /* in levels: some tag is masked */
#define TAGS_MAX 512 /* tag ids are 1 to TAGS_MAX - 1; 0 is no tag */

/*
 * A descriptor.  All of it by the daemon, while alloc_seq is zero.  To fill it
 * in or empty it, `serial' is cleared first and set last, and `changes' counts
 * up after it was cleared.  When its section cools, serial stays; former,
 * cooled and flags are stored, changes counts up, and the class, one word, goes
 * last. So a copy is whole if both are the same before and after and serial is
 * not zero.  Except: `levels' and `masked', each word by itself, at any time.
 */
struct descriptor {
	_Atomic uint64_t serial;  /*   0  0: unused, or in change */
	_Atomic uint64_t changes; /*   8  */
	uint64_t offset;          /*  16  of the section, in the segment */
	uint64_t length;          /*  24  of the section, whole pages */
	uint64_t created;         /*  32  ns since the epoch */
	uint64_t cooled;          /*  40  ns since the epoch; 0: it did not */
	uint64_t owner_start;     /*  48  /proc/PID/stat, field 22 */
	uint32_t owner_pid;       /*  56  as the daemon's namespace has it */
	uint32_t owner_uid;       /*  60  */
	uint32_t next;            /*  64  descriptor's index + 1; 0: the last */
	uint32_t flags;           /*  68  DESC_ */
	char class[CLASS_MAX];    /*  72  */
	char former[CLASS_MAX];   /*  80  the class before it cooled */
	char type[TYPE_MAX];      /*  88  */
	char owner[OWNER_MAX];    /* 104  the process' name */
	char ident[IDENT_MAX];    /* 120  */
	_Atomic uint64_t
	    levels; /* 184  masked levels, a bit each: 1 << level */
	_Atomic uint64_t masked[TAGS_MAX / 64]; /* 192  a bit a tag id */
};

#define DESC_WORDS (sizeof(struct descriptor) / 8)

_Static_assert(offsetof(struct descriptor, serial) == 0, "layout");
_Static_assert(offsetof(struct descriptor, changes) == 8, "layout");
_Static_assert(offsetof(struct descriptor, offset) == 16, "layout");
_Static_assert(offsetof(struct descriptor, length) == 24, "layout");
_Static_assert(offsetof(struct descriptor, created) == 32, "layout");
_Static_assert(offsetof(struct descriptor, cooled) == 40, "layout");
_Static_assert(offsetof(struct descriptor, owner_start) == 48, "layout");
_Static_assert(offsetof(struct descriptor, owner_pid) == 56, "layout");
_Static_assert(offsetof(struct descriptor, owner_uid) == 60, "layout");
_Static_assert(offsetof(struct descriptor, next) == 64, "layout");
_Static_assert(offsetof(struct descriptor, flags) == 68, "layout");
_Static_assert(offsetof(struct descriptor, class) == 72, "layout");
_Static_assert(offsetof(struct descriptor, former) == 80, "layout");
_Static_assert(offsetof(struct descriptor, type) == 88, "layout");
_Static_assert(offsetof(struct descriptor, owner) == 104, "layout");
_Static_assert(offsetof(struct descriptor, ident) == 120, "layout");
_Static_assert(offsetof(struct descriptor, levels) == 184, "layout");
_Static_assert(offsetof(struct descriptor, masked) == 192, "layout");
_Static_assert(sizeof(struct descriptor) == 256, "layout");

#define LANES_MAX 16

/*
 * A tombstone: whose the stream was and how many records its lanes had when its
 * pages were given up, so that who was stopped meanwhile can tell what it
 * missed, by name.  TOMB_UNKNOWN is no number: the lane held rubbish, and how
 * many it had is not known.  Number n (from 0) stands in slot n % tomb_count;
 * serial is cleared first and set last.
 */
struct tombstone {
	_Atomic uint64_t serial;     /*   0  of the section that is gone */
	uint32_t lanes;              /*   8  */
	uint32_t owner_pid;          /*  12  as its descriptor had it */
	uint64_t freed;              /*  16  ns since the epoch */
	uint64_t created;            /*  24  its descriptor's */
	uint64_t records[LANES_MAX]; /*  32  a lane each, or TOMB_UNKNOWN */
	char type[TYPE_MAX];         /* 160  */
	char ident[IDENT_MAX];       /* 176  */
	uint64_t number;             /* 240  the tombstone's own */
	uint64_t pad_248;            /* 248  */
};

#define TOMB_UNKNOWN UINT64_MAX
#define TOMB_WORDS (sizeof(struct tombstone) / 8)

_Static_assert(offsetof(struct tombstone, serial) == 0, "layout");
_Static_assert(offsetof(struct tombstone, lanes) == 8, "layout");
_Static_assert(offsetof(struct tombstone, owner_pid) == 12, "layout");
_Static_assert(offsetof(struct tombstone, freed) == 16, "layout");
_Static_assert(offsetof(struct tombstone, created) == 24, "layout");
_Static_assert(offsetof(struct tombstone, records) == 32, "layout");
_Static_assert(offsetof(struct tombstone, type) == 160, "layout");
_Static_assert(offsetof(struct tombstone, ident) == 176, "layout");
_Static_assert(offsetof(struct tombstone, number) == 240, "layout");
_Static_assert(sizeof(struct tombstone) == 256, "layout");

/*
 * A stream's section: this header, the dictionary, the lanes.  `once' is before
 * PUBLISH.
 *
 * IDENTITY.  `id' is the stream's, not 0, for as long as its owner holds it,
 * whatever section it is in, and it was `born' when the owner made it: by pid,
 * start and id a reader knows it again when the segments in between are gone.
 *
 * FREED.  An owner that frees a stream or a set stores 1 here before it says so
 * on the socket: a daemon that was away or stopped finds it later.
 */
struct stream_header {
	uint64_t magic;       /*   0  once: STREAM_MAGIC */
	uint32_t lanes;       /*   8  once: 1 to LANES_MAX */
	uint32_t pad_12;      /*  12  */
	uint64_t lane_offset; /*  16  once: of lane 0, in the section */
	uint64_t lane_stride; /*  24  once */
	uint64_t lane_size;   /*  32  once: bytes of data, a power of two */
	uint64_t dict_offset; /*  40  once: of struct dict_header */
	uint64_t dict_size;   /*  48  once: with its header */
	uint64_t id;          /*  56  once: the owner's number for it */
	uint64_t pad_64[2];   /*  64  */
	_Atomic uint64_t
	    freed;          /* 80  owner: 1 when it is given up, see FREED */
	uint64_t born;      /* 88  once: ns since the epoch, see IDENTITY */
	uint64_t pad_96[4]; /* 96  */
};

_Static_assert(offsetof(struct stream_header, lanes) == 8, "layout");
_Static_assert(offsetof(struct stream_header, lane_offset) == 16, "layout");
_Static_assert(offsetof(struct stream_header, lane_stride) == 24, "layout");
_Static_assert(offsetof(struct stream_header, lane_size) == 32, "layout");
_Static_assert(offsetof(struct stream_header, dict_offset) == 40, "layout");
_Static_assert(offsetof(struct stream_header, dict_size) == 48, "layout");
_Static_assert(offsetof(struct stream_header, id) == 56, "layout");
_Static_assert(offsetof(struct stream_header, freed) == 80, "layout");
_Static_assert(offsetof(struct stream_header, born) == 88, "layout");
_Static_assert(sizeof(struct stream_header) == 128, "layout");

/*
 * The dictionary: append-only entries.  An id may be used only after `commit'
 * was moved over its entry.
 */
struct dict_header {
	_Atomic uint64_t commit; /*  0  worker, release: bytes of entries */
	uint64_t pad_8[7];       /*  8  */
};

#define DICT_SIZE_MAX (UINT64_C(1) << 20) /* what a reader keeps of it */

enum dict_kind {
	DICT_TAG = 1,    /* text is the tag's name */
	DICT_FORMAT = 2, /* text is a printf format, see RECORD_ARGS */
};

struct dict_entry {
	uint32_t length;      /*  0  of the entry, a multiple of 8 */
	uint32_t kind;        /*  4  enum dict_kind */
	uint32_t id;          /*  8  not 0; tags and formats count apart */
	uint32_t text_length; /* 12  bytes of text, which follows */
};

_Static_assert(sizeof(struct dict_header) == 64, "layout");
_Static_assert(offsetof(struct dict_entry, kind) == 4, "layout");
_Static_assert(offsetof(struct dict_entry, id) == 8, "layout");
_Static_assert(offsetof(struct dict_entry, text_length) == 12, "layout");
_Static_assert(sizeof(struct dict_entry) == 16, "layout");

#define TAG_NAME_MAX 64  /* with its zero */
#define FORMATS_MAX 4096 /* format ids are 1 to FORMATS_MAX - 1 */

#define LANE_BLOCKS 64
#define LANE_SIZE_MIN (UINT64_C(64) << 10)
#define LANE_SIZE_MAX (UINT64_C(1) << 32)

/* For each block: where the first record that begins in it does. */
struct lane_index {
	_Atomic uint64_t first; /* 0  its position */
	_Atomic uint64_t count; /* 8  its number */
};

/*
 * A lane.  Positions only grow (modulo 2^64) and mean `position % size'.  The
 * first cache line changes with every record, the next one once.
 */
struct lane_header {
	_Atomic uint64_t claim;   /*  0  before what it covers is written */
	_Atomic uint64_t commit;  /*  8  release, after it was written */
	_Atomic uint64_t records; /* 16  ever written; before commit */
	uint64_t pad_24[5];       /* 24  */
	uint64_t start;           /*  64  once: position of the first record */
	uint64_t pred_created; /*  72  before the first commit, as the next */
	uint64_t pred_serial;  /*  80  four are: the lane that this one */
	uint64_t pred_lane;    /*  88  goes on for, and how many records */
	uint64_t pred_records; /*  96  it has (serial 0: there is none), */
	uint64_t pred_total;   /* 104  it and all before it, together */
	uint64_t pad_112[2];   /* 112  */
	struct lane_index index[LANE_BLOCKS]; /* 128  first[] and count[] */
					      /* 1152 the ring's bytes */
};

_Static_assert(offsetof(struct lane_header, claim) == 0, "layout");
_Static_assert(offsetof(struct lane_header, commit) == 8, "layout");
_Static_assert(offsetof(struct lane_header, records) == 16, "layout");
_Static_assert(offsetof(struct lane_header, start) == 64, "layout");
_Static_assert(offsetof(struct lane_header, pred_created) == 72, "layout");
_Static_assert(offsetof(struct lane_header, pred_serial) == 80, "layout");
_Static_assert(offsetof(struct lane_header, pred_lane) == 88, "layout");
_Static_assert(offsetof(struct lane_header, pred_records) == 96, "layout");
_Static_assert(offsetof(struct lane_header, pred_total) == 104, "layout");
_Static_assert(offsetof(struct lane_header, index) == 128, "layout");
_Static_assert(sizeof(struct lane_header) == 1152, "layout");

/*
 * A record begins on a multiple of eight bytes and never crosses the ring's
 * end: what is left there is padding, a record of which only the first word
 * need exist.
 */
struct record {
	uint32_t length; /*  0  of header and payload; the next one begins at */
	uint16_t tag;    /*  4  this rounded up to 8.  tag: id, 0: none */
	uint8_t level;   /*  6  syslog's: 0 emerg to 7 debug */
	uint8_t flags;   /*  7  RECORD_ */
	uint64_t id;     /*  8  of the transaction, 0: none */
	uint64_t time;   /* 16  ns since the epoch */
};

#define RECORD_PAD 1u   /* padding, not a record: skip it, do not count it */
#define RECORD_CUT 2u   /* the payload was longer */
#define RECORD_ARGS 4u  /* the payload is a format's arguments: args_head */
#define RECORD_BEGIN 8u /* begins its transaction */
#define RECORD_END 16u  /* ends its transaction */
#define RECORD_LINK                                                            \
	32u /* the payload is the id of the transaction that its own is a part \
	       of, 8 bytes, then text; never with RECORD_ARGS */

#define RECORD_MAX 65536u /* a lane's quarter may be less */

_Static_assert(offsetof(struct record, tag) == 4, "layout");
_Static_assert(offsetof(struct record, level) == 6, "layout");
_Static_assert(offsetof(struct record, flags) == 7, "layout");
_Static_assert(offsetof(struct record, id) == 8, "layout");
_Static_assert(offsetof(struct record, time) == 16, "layout");
_Static_assert(sizeof(struct record) == 24, "layout");

/*
 * The payload of a record with RECORD_ARGS: this head, then what the format's
 * conversions take, in their order (a `*' takes an int), in 8-byte words:
 *
 *	integer		1 word; of an int the lower half counts
 *	pointer		1 word
 *	double		1 word
 *	long double	2 words, as in memory, padding zero
 *	string		struct args_string, its bytes, zeros up to the next word
 *
 * %m and %% take none.
 */
struct args_head {
	uint32_t format; /* 0  its id in the dictionary */
	uint32_t err;    /* 4  errno, for %m */
};

struct args_string {
	uint32_t length; /* 0  bytes stored, without a zero at their end */
	uint32_t flags;  /* 4  ARGS_ */
};

#define ARGS_CUT 1u  /* the string was longer */
#define ARGS_NULL 2u /* it was a null pointer; length is 0 */

_Static_assert(offsetof(struct args_head, err) == 4, "layout");
_Static_assert(sizeof(struct args_head) == 8, "layout");
_Static_assert(offsetof(struct args_string, flags) == 4, "layout");
_Static_assert(sizeof(struct args_string) == 8, "layout");

/*
 * A counter set's section: this header, the schema, the carry, the values.
 * `once' is before PUBLISH.  What a word amounts to (all shards of bank `bank'
 * taken together) depends on its kind:
 *
 *	counter, up-down counter, histogram: its value + its carry
 *	gauge: its value, or its carry if the value is GAUGE_UNSET
 *	bitmap, which has two words: each bit as in the first if its bit in the
 *		second is set, else the first's exclusive-or the carry's
 *
 * CARRY.  A worker that moves its set to the next daemon leaves the words of
 * the new section as if nothing had happened yet (zero, or GAUGE_UNSET), and
 * stores what they amounted to in the carry: once before PUBLISH, and once more
 * when the old words are at rest.  It does so by one store a word and not by
 * adding, so that it may be done twice, or by the daemon for a worker that was
 * killed meanwhile (`origin' says where the old words are).
 *
 * IDENTITY.  `id' is the set's for as long as its owner holds it, whatever
 * section it is in: of the sections of one process with one id, one counts, and
 * publishing another replaces it.
 *
 * SHARDS.  Threads add to the shard of the CPU that they run on.  Gauges and
 * bitmaps have their words in shard 0 alone.
 *
 * HISTOGRAMS.  The first word is the sum of all values observed, modulo 2^64;
 * then there is a bucket for each of the values 0 to 31, 16 for each power of
 * two from there to 2^62, and a last one for all from 2^63 on.  A bucket's word
 * is how many values fell into it, and they are counted nowhere else.
 *
 * BANKS.  A retained set has two banks of values.  The daemon adds a freed set
 * to the one that is not shown, notes the serial in folded[], and then turns
 * `bank' over: a daemon killed at any instruction did it wholly or not at all.
 */
struct set_header {
	uint64_t magic;          /*   0  once: SET_MAGIC */
	uint32_t entries;        /*   8  once: in the schema */
	uint32_t words;          /*  12  once: in one shard */
	uint32_t shards;         /*  16  once: 1 to SHARDS_MAX */
	uint32_t banks;          /*  20  once: 1, or 2 in a retained set */
	uint64_t schema_offset;  /*  24  once: in the section, as the others */
	uint64_t schema_length;  /*  32  once */
	uint64_t carry_offset;   /*  40  once: `words' words */
	uint64_t values_offset;  /*  48  once: of bank 0, shard 0 */
	uint64_t shard_stride;   /*  56  once: whole cache lines */
	uint64_t bank_stride;    /*  64  once: whole cache lines */
	uint64_t origin_created; /* 72  once: the segment and the serial of */
	uint64_t origin_serial;  /* 80  the set this one goes on for, or 0 */
	uint64_t id; /* 88  once: the owner's number for this set, not 0 */
	uint64_t pad_96[4];         /* 96  */
	_Atomic uint64_t carried;   /* 128  owner: 1 when the carry is final */
	_Atomic uint64_t bank;      /* 136  daemon: 0 or 1 */
	_Atomic uint64_t folded[2]; /* 144  daemon: last serial in each bank */
	_Atomic uint64_t freed;     /* 160  owner: 1 when it is given up */
	uint64_t pad_168[3];        /* 168  */
};

#define SHARDS_MAX 64
#define GAUGE_UNSET (UINT64_C(1) << 63) /* not set since the set moved */
#define SCHEMA_MAX (UINT64_C(256) << 10)
#define SET_WORDS_MAX (UINT32_C(1) << 20)
#define HISTOGRAM_BUCKETS (16 + 59 * 16 + 1)
#define HISTOGRAM_WORDS (1 + HISTOGRAM_BUCKETS)

_Static_assert(offsetof(struct set_header, entries) == 8, "layout");
_Static_assert(offsetof(struct set_header, words) == 12, "layout");
_Static_assert(offsetof(struct set_header, shards) == 16, "layout");
_Static_assert(offsetof(struct set_header, banks) == 20, "layout");
_Static_assert(offsetof(struct set_header, schema_offset) == 24, "layout");
_Static_assert(offsetof(struct set_header, schema_length) == 32, "layout");
_Static_assert(offsetof(struct set_header, carry_offset) == 40, "layout");
_Static_assert(offsetof(struct set_header, values_offset) == 48, "layout");
_Static_assert(offsetof(struct set_header, shard_stride) == 56, "layout");
_Static_assert(offsetof(struct set_header, bank_stride) == 64, "layout");
_Static_assert(offsetof(struct set_header, origin_created) == 72, "layout");
_Static_assert(offsetof(struct set_header, origin_serial) == 80, "layout");
_Static_assert(offsetof(struct set_header, id) == 88, "layout");
_Static_assert(offsetof(struct set_header, carried) == 128, "layout");
_Static_assert(offsetof(struct set_header, bank) == 136, "layout");
_Static_assert(offsetof(struct set_header, folded) == 144, "layout");
_Static_assert(offsetof(struct set_header, freed) == 160, "layout");
_Static_assert(sizeof(struct set_header) == 192, "layout");

/* Kinds of schema entries; the same numbers as in shmlog.h. */
enum schema_kind {
	SCHEMA_LABEL = 0,     /* a label of the set: name, and value as help */
	SCHEMA_COUNTER = 1,   /* only grows; summed, retained */
	SCHEMA_GAUGE = 2,     /* signed, set; summed */
	SCHEMA_BITMAP = 3,    /* 64 bits and which of them were set or cleared
				 since the set moved; or-ed */
	SCHEMA_HISTOGRAM = 4, /* HISTOGRAM_WORDS words; summed, retained */
	SCHEMA_UPDOWN = 5,    /* signed, added to and taken from; summed */
};

/* One entry; name, unit and help follow without zeros, padded to 8 bytes. */
struct schema_entry {
	uint32_t length;      /*  0  of the entry, a multiple of 8 */
	uint8_t kind;         /*  4  enum schema_kind */
	uint8_t level;        /*  5  verbosity: 0 info, 1 diag, 2 debug */
	uint16_t name_length; /*  6  */
	uint16_t unit_length; /*  8  */
	uint16_t help_length; /* 10  */
	uint32_t word;        /* 12  its first word in a shard */
	uint32_t words;       /* 16  label 0, bitmap 2, histogram many; 1 */
	uint32_t pad_20;      /* 20  */
};

#define SCHEMA_NAME_MAX 128
#define SCHEMA_UNIT_MAX 32
#define SCHEMA_HELP_MAX 512

_Static_assert(offsetof(struct schema_entry, kind) == 4, "layout");
_Static_assert(offsetof(struct schema_entry, level) == 5, "layout");
_Static_assert(offsetof(struct schema_entry, name_length) == 6, "layout");
_Static_assert(offsetof(struct schema_entry, unit_length) == 8, "layout");
_Static_assert(offsetof(struct schema_entry, help_length) == 10, "layout");
_Static_assert(offsetof(struct schema_entry, word) == 12, "layout");
_Static_assert(offsetof(struct schema_entry, words) == 16, "layout");
_Static_assert(sizeof(struct schema_entry) == 24, "layout");

#endif
