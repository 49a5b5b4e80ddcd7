/*
 * capture.c -- writes a capture in which there is one of everything, or a large
 * one.
 *
 *	tool-capture FILE		the same each time
 *	tool-capture FILE RECORDS	so many, of about 30 bytes, in two
 * lanes, 20 tags and transactions of 20 records
 *
 * tests/golden/ keeps what this program wrote when a version of the format was
 * released, and tests/unit/test_golden_capture.c reads it: so captures stay
 * readable.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers/attach.h"
#include "readers/capture.h"
#include "readers/show.h"

#define TAGS 20

static struct show show;
static struct descriptor d[2];
static struct rec_stream *streams[2];

static void
describe(size_t i, const char *type, const char *ident)
{
	strcpy(d[i].type, type);
	strcpy(d[i].ident, ident);
	strcpy(d[i].owner, "tool-capture");
	d[i].owner_pid = 4711 + (uint32_t)i;
	d[i].owner_uid = 1000;
	d[i].owner_start = 12345;
	d[i].created = 1000000100;
	streams[i] = rec_stream_new();
	streams[i]->created = 1000000007;
	streams[i]->serial = 100 * (i + 1);
	show_stream(&show, streams[i], &d[i]);
}

static void
learn(size_t i, enum dict_kind kind, uint32_t id, const char *text)
{
	show_learn(&show, streams[i], kind, id, text, strlen(text));
}

/* A record of the i-th stream. */
static struct record head = { .level = 6, .time = 2000000000 };
static void
put(size_t i, uint32_t lane, uint64_t number, const void *payload, size_t n)
{
	struct rec r = {
		.head = &head,
		.stream = streams[i],
		.tag = show_tag(&show, streams[i], head.tag),
		.payload = { payload, n },
		.lane = lane,
		.number = number,
	};

	head.length = (uint32_t)(sizeof(head) + n);
	show_record(&show, &r);
	head.time += 1000;
}

static void
put_text(size_t i, uint32_t lane, uint64_t number, const char *text)
{
	put(i, lane, number, text, strlen(text));
}

/* "us=%d path=%s", as a writer stores it. */
static void
put_args(void)
{
	uint64_t words[4] = { 1, (uint64_t)-17, 6, 0 }; /* id, %d, length */

	memcpy(&words[3], "/x y/z", 6);
	head.flags = RECORD_ARGS;
	put(0, 1, 0, words, sizeof(words));
	words[0] = 99; /* no such format */
	put(0, 1, 1, words, sizeof(words));
	head.flags = 0;
}

static void
write_golden(void)
{
	static char large[600];

	describe(0, "golden", "front");
	describe(1, "golden", "back");
	learn(0, DICT_TAG, 1, "Begin");
	learn(0, DICT_TAG, 511, "End");
	learn(0, DICT_FORMAT, 1, "us=%d path=%s");
	learn(1, DICT_TAG, 1, "Other");
	head.tag = 1;
	put_text(0, 0, 5, "the first one");
	head.tag = 0;
	put_text(0, 0, 6, "");
	head.tag = 511;
	head.id = 77;
	for (uint64_t i = 7; i < 12; i++)
		put_text(0, 0, i, "of transaction 77");
	put_args();
	head.level = 3;
	head.tag = 1;
	put_text(1, 15, UINT64_MAX - 1, "of the other stream");
	show_lost(&show, &d[1], 57, 0);
	show_lost(&show, &d[0], 3, 1);
	show_lost(&show, NULL, 0, 1);
	put_text(0, 0, 100, "88 were left out");
	put_text(0, 0, UINT64_C(1) << 40, "and many more");
	head.flags = RECORD_CUT;
	put_text(0, 0, 1, "backwards \xff\x1b[1m and cut");
	head.flags = 0;
	memset(large, 'x', sizeof(large));
	put(1, 15, UINT64_MAX, large, sizeof(large));
	rec_stream_drop(streams[1]);
	head.tag = 2; /* not in the dictionary */
	put_text(0, 2, 0, "the last one");
}

static void
write_many(uint64_t n)
{
	static const char *const texts[] = { "GET /index.html HTTP/1.1",
		"Host: www.example.com", "User-Agent: Mozilla/5.0 (X11; Linux)",
		"Accept-Encoding: gzip, deflate, br" };
	uint64_t numbers[2] = { 0, 0 }, transaction;
	char name[16];
	uint32_t lane;

	describe(0, "http", "front");
	for (uint32_t i = 1; i <= TAGS; i++) {
		(void)snprintf(name, sizeof(name), "Tag%" PRIu32, i);
		learn(0, DICT_TAG, i, name);
	}
	for (uint64_t i = 0; i < n; i++) {
		transaction = i / TAGS;
		lane = (uint32_t)(transaction & 1);
		head.tag = (uint16_t)(1 + i % TAGS);
		head.id = transaction + 1;
		put_text(0, lane, numbers[lane]++, texts[i % 4]);
	}
}

int
main(int argc, char *argv[])
{
	if (argc != 2 && argc != 3)
		errx(2, "tool-capture FILE [RECORDS]");
	show_init(&show, &out_short, -1);
	show_begin(&show);
	show.capture = capture_create(argv[1], 0, -1);
	if (show.capture == NULL)
		return 1;
	if (argc == 2)
		write_golden();
	else
		write_many(strtoull(argv[2], NULL, 10));
	for (size_t i = 0; i < 2; i++)
		if (streams[i] != NULL)
			rec_stream_drop(streams[i]);
	if (capture_close(show.capture) != 0)
		return 1;
	show_fini(&show);
	return 0;
}
