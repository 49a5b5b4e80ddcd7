/*
 * album.h -- captures made by hand, and what shmtail would show of them.
 */
#ifndef SHMLOG_TESTS_ALBUM_H
#define SHMLOG_TESTS_ALBUM_H

#include <stddef.h>
#include <stdint.h>

#include "readers/capture.h"
#include "readers/show.h"
#include "tests/unit/unit.h"

#define ALBUM_STREAMS 3

/*
 * Records are put into two shows: one that shows them at once, and one with a
 * capture.  What a capture is read to must be what the first one has.
 */
struct album {
	char path[64];
	int dirfd;
	char file[80];
	struct show text, file_show;
	struct descriptor d[ALBUM_STREAMS];
	struct rec_stream *of_text[ALBUM_STREAMS], *of_file[ALBUM_STREAMS];
	struct record head; /* of the next record */
};

/* Begins with an empty file that is written to, and three streams. */
void album_begin(struct album *);
void album_end(struct album *);

void album_open(struct album *, int append);
/* 0, or -1 */
int album_close(struct album *);

void album_learn(struct album *, size_t stream, enum dict_kind, uint32_t id,
    const char *text);
void album_put(struct album *, size_t stream, uint32_t lane, uint64_t number,
    const void *payload, size_t n);
void album_put_text(struct album *, size_t stream, uint32_t lane,
    uint64_t number, const char *text);
void album_lost(
    struct album *, const struct descriptor *, uint64_t records, int at_least);
/* It is freed; then it is another one. */
void album_forget(struct album *, size_t stream);

/* What was shown so far. */
const char *album_text(struct album *);

/* What a reading of a file gave; good until the next one. */
struct reading {
	int result;       /* capture_show()'s */
	const char *text; /* of records and losses */
	const char *said; /* on stderr */
};

/* Reads the file, or [0, n) of some bytes through a file of its own. */
void album_read(struct album *, struct reading *);
void album_read_file(const char *path, struct reading *);
void album_read_bytes(const void *bytes, size_t n, struct reading *);

/* The same of what becomes of these bytes when -w copies them to a file. */
struct copying {
	const char *to;
	int append;
	int one_by_one; /* record by record, though all of them */
	uint64_t room;  /* on the disk; 0: enough */
	int result;     /* of it all */
	char said[1024];
};

void album_copy_bytes(
    const void *bytes, size_t n, struct copying *, struct reading *);

/* The file's bytes, to be freed. */
uint8_t *album_bytes(const struct album *, size_t *n);

/* What is written to stderr from now on, until album_said(). */
void album_listen(void);
const char *album_said(void);

#endif
