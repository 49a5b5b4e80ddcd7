/*
 * show.h -- which records are shown, how and where: what is the same wherever
 * they were read.
 */
#ifndef SHMLOG_READERS_SHOW_H
#define SHMLOG_READERS_SHOW_H

#include "readers/choose.h"
#include "readers/group.h"
#include "readers/option.h"
#include "readers/out.h"

/* The last N, while -l looks for them. */
struct last_item {
	size_t n;
	size_t counted; /* records; a group has several, and is kept whole */
};

struct last {
	uint64_t want;
	uint64_t have; /* counted ones */
	struct buffer text;
	size_t text_head;
	struct last_item *items;
	size_t head, n, size;
};

/* -R: at most `most' records, or groups, in each `every' ns of their own times.
 */
struct rate {
	uint64_t most; /* 0: any number */
	uint64_t every;
	uint64_t began;    /* the time of the first one in this stretch */
	uint64_t n;        /* records, or groups, in it */
	uint64_t left_out; /* records */
	uint64_t since;    /* clock_mono() of the first of these */
};

struct capture;
struct capture_block;
struct query;

/* Who counts records instead of showing them: gets those that were chosen, and
 * what was lost. */
struct taker {
	void (*record)(void *arg, struct rec *);
	void (*lost)(void *arg, const struct out_loss *);
	void *arg;
};

struct show {
	const struct out *out;
	struct capture *capture;   /* -w: records go there, not to `to' */
	const struct taker *taker; /* gets it all, and `to' nothing; or NULL */
	struct buffer to;
	struct choose choose;
	int any;             /* nothing is left out */
	uint64_t stop_after; /* -k; 0: never */
	struct rate rate;
	struct query **queries; /* -q, -Q: one of them; none: all */
	unsigned nqueries;
	uint64_t delivered;
	uint64_t losses;   /* how often show_lost() was called */
	int done;          /* -k is reached, or a write has failed */
	struct last *last; /* while -l looks back, else NULL */
	struct rec_tag *no_tag;
	uint64_t complaints;   /* on stderr, or counted only */
	struct groups *groups; /* -g; NULL: raw */
	uint64_t marks;        /* groups that are not whole, the same */
	struct renderer renderer;
};

/* With -w the caller sets capture, before the first record, and closes it. */
void show_init(struct show *, const struct out *, int fd);
/* One more query, which is freed at the end. */
void show_query(struct show *, struct query *);
/* When the options are known, before the first record. */
void show_begin(struct show *);
void show_fini(struct show *);
/* Tells what is still to be told, when all is shown. */
void show_end(struct show *);

/* A stream was found: copies the descriptor, makes its label. */
void show_stream(struct show *, struct rec_stream *, const struct descriptor *);

/* An entry of its dictionary: dict_learn(); and that was all for now. */
void show_learn(struct show *, struct rec_stream *, enum dict_kind, uint32_t id,
    const char *text, size_t n);
void show_learned(struct show *, struct rec_stream *);

/* The tag of that id, or the one of "-". */
static inline const struct rec_tag *
show_tag(const struct show *s, const struct rec_stream *stream, uint16_t id)
{
	const struct rec_tag *tag = dict_tag(&stream->dict, id);

	return tag != NULL ? tag : s->no_tag;
}

/* A record, filled in up to its number. */
void show_record(struct show *, struct rec *);

/* of NULL: nobody knows of which streams; then at_least is set. */
void show_lost(
    struct show *, const struct descriptor *of, uint64_t records, int at_least);

/* What is told on stderr of one sort, one by one; show_end() tells the rest. */
#define SHOW_TOLD_MAX 20

/* A complaint on stderr about bytes that make no sense; a bounded number. */
void show_complain(
    struct show *, const struct descriptor *of, const char *what);

/* Out with what was shown: 0, or -1: a write has failed, now or before. */
int show_flush(struct show *);
/* Once a round, also without traffic: groups that have waited long enough, and
 * -w's file; sets done if a write has failed, there or to stdout.  `now' is
 * clock_mono(). */
void show_tick(struct show *, uint64_t now);

/* -l: what is shown in between is the last `want' records. */
void last_begin(struct show *, uint64_t want);
void last_end(struct show *);

/* For these two: behind what was just put into last->text, from `from' on; and
 * so many records more are out, -k may have had enough. */
void last_push(struct show *, size_t from, size_t counted);
void show_count(struct show *, size_t records);
/* Whether -R lets one more pass at that time, or a group of so many records. */
int show_in_rate(struct rate *, uint64_t time, size_t records);
/* Makes the record's text and puts it there. */
void show_put(struct show *, struct buffer *to, struct rec *);

/*
 * show_group.c: records of transactions together.  -k and -l count records, and
 * do not cut a group.
 */
void show_grouping(
    struct show *, enum grouping, uint64_t limit, uint64_t patience);
/* Before the records of a round, which show_tick() is behind. */
void show_time(struct show *, uint64_t now);
/* What is not complete: at the end, or when somebody asks for it. */
void show_incomplete(struct show *);
/* A record of a transaction. */
void show_member(struct show *, struct rec *);

/* show_capture.c: these three for -w.  While -l looks back a record is put into
 * last->text, and who calls does last_push(), for a group at once; what that
 * was for is n bytes of items. */
void show_capture(struct show *, const struct rec *);
void show_capture_lost(struct show *, const struct out_loss *);
void show_capture_kept(struct show *, const char *items, size_t n);
/* A capture's block of records, if all of it is to be copied to another one:
 * 1, and it is done; 0: it is to be shown record by record.  See
 * capture_copy(). */
int show_capture_block(struct show *, const struct capture_block *,
    const uint8_t *payload, struct rec_stream *const *of);

#endif
