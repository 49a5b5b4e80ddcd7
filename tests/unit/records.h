/*
 * records.h -- records made by hand, as a reader has them, of three streams:
 * http.front[100], http.back[200], cron.daily[300].
 */
#ifndef SHMLOG_TESTS_RECORDS_H
#define SHMLOG_TESTS_RECORDS_H

#include "readers/record.h"
#include "tests/unit/unit.h"

#define RECORDS_MAX 512
#define RECORDS_STREAMS 3

struct records {
	struct descriptor d[RECORDS_STREAMS];
	struct rec_stream streams[RECORDS_STREAMS];
	uint32_t formats[RECORDS_STREAMS]; /* ids so far */
	struct rec list[RECORDS_MAX];
	struct record heads[RECORDS_MAX];
	struct rec_tag *tags[RECORDS_MAX];
	size_t n;
	struct renderer renderer;
};

/* What every record has. */
struct record_of {
	unsigned stream;
	const char *tag; /* NULL: none */
	uint8_t level;
	uint64_t id;
};

void records_begin(struct records *);
void records_end(struct records *);

/* The last n of them are gone. */
void records_drop(struct records *, size_t n);

/* A copy of the text, with nothing behind it. */
struct rec *records_text(
    struct records *, const struct record_of *, const void *text, size_t n);
/* The same of arguments, as a writer stores them. */
struct rec *records_args(struct records *, const struct record_of *,
    const char *format, const uint64_t *words);
/* Arguments that are anything: of a format's id, which may be none. */
struct rec *records_payload(
    struct records *, const struct record_of *, const void *payload, size_t n);
uint32_t records_format(struct records *, unsigned stream, const char *format);

/* As if a record were read again: its text is not made yet. */
void records_again(struct rec *);

uint64_t records_word(const void *);
uint64_t records_bits(double);

#endif
