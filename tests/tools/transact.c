/*
 * transact.c -- writes transactions, as it is told on stdin: a command a line.
 *
 *	put ID TEXT		a record
 *	begin ID TEXT		... that begins the transaction
 *	end ID TEXT		... that ends it
 *	link ID PARENT TEXT	... that begins it as a part of another one
 *	many N RECORDS OPEN	N transactions of so many records, OPEN of them
 *				at a time, in turns: `ID NUMBER' each
 *
 * At the end `wrote N dropped M'.  IDENT is the argument; with another one,
 * lanes are of so many bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shmlog.h"

static struct shmlog_stream *stream;
static int tag;
static uint64_t wrote;

static int
flags_of(uint64_t i, uint64_t n)
{
	return (i == 0 ? SHMLOG_BEGIN : 0) | (i == n - 1 ? SHMLOG_END : 0);
}

static void
many(uint64_t n, uint64_t records, uint64_t open)
{
	uint64_t first = shmlog_id(stream);

	for (uint64_t done = 0; done < n; done += open)
		for (uint64_t i = 0; i < records; i++)
			for (uint64_t k = done; k < done + open && k < n; k++) {
				(void)shmlog_printf(stream, tag,
				    SHMLOG_INFO | flags_of(i, records),
				    first + k, "%ju %ju", (uintmax_t)k,
				    (uintmax_t)i);
				wrote++;
			}
}

static void
obey(const char *line)
{
	char word[16], text[256] = "";
	uint64_t id, parent, open;
	int level = SHMLOG_INFO;

	if (sscanf(line, "many %" SCNu64 " %" SCNu64 " %" SCNu64, &id, &parent,
		&open) == 3) {
		many(id, parent, open);
		return;
	}
	wrote++;
	if (sscanf(line, "link %" SCNu64 " %" SCNu64 " %255[^\n]", &id, &parent,
		text) >= 2) {
		(void)shmlog_link(
		    stream, tag, level | SHMLOG_BEGIN, id, parent, text);
		return;
	}
	if (sscanf(line, "%15s %" SCNu64 " %255[^\n]", word, &id, text) < 2) {
		fprintf(stderr, "transact: %s", line);
		exit(1);
	}
	if (strcmp(word, "begin") == 0)
		level |= SHMLOG_BEGIN;
	if (strcmp(word, "end") == 0)
		level |= SHMLOG_END;
	(void)shmlog_puts(stream, tag, level, id, text);
}

int
main(int argc, char *argv[])
{
	struct shmlog *log = shmlog_open(NULL);
	struct shmlog_stream_options options = { .lanes = 1 };
	char line[512];

	if (argc > 2)
		options.lane_size = strtoul(argv[2], NULL, 10);
	stream =
	    shmlog_stream(log, "transact", argc > 1 ? argv[1] : "x", &options);
	tag = shmlog_tag(stream, "Part");
	if (shmlog_wait(log, 5000) != 0) {
		perror("shmlog_wait");
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(line);
	printf("wrote %" PRIu64 " dropped %" PRIu64 "\n", wrote,
	    shmlog_dropped(log));
	shmlog_close(log);
	return 0;
}
