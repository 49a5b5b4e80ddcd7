/*
 * scene.h -- segments with streams, made by hand, one daemon after the other,
 * and a shmtail that looks at them round by round.
 */
#ifndef SHMLOG_TESTS_SCENE_H
#define SHMLOG_TESTS_SCENE_H

#include <stdint.h>

#include "common/directory.h"
#include "common/ring.h"
#include "common/segment.h"
#include "common/stream.h"
#include "readers/tail.h"
#include "tests/unit/unit.h"

#define SCENE_SECTIONS 16
#define SCENE_DAEMONS 64
#define SCENE_SIZE (UINT64_C(4) << 20)

/* A daemon's segment. */
struct scene_daemon {
	struct segment_plan plan;
	uint8_t *base;
	struct directory dir;
	uint64_t changes[SCENE_SECTIONS];
	struct descriptor d[SCENE_SECTIONS];
	uint64_t used; /* of the segment */
};

struct scene {
	char path[64];
	int dirfd;
	int n; /* daemons so far */
	struct scene_daemon daemons[SCENE_DAEMONS];
	uint64_t serial;
	struct show show;
	struct cursor *cursor; /* for the next scene_tail(), the caller's */
	struct tail t;
	int running; /* t is */
};

struct scene_stream {
	struct scene_daemon *daemon;
	uint32_t index;
	uint64_t serial;
	uint8_t *section;
	struct stream_plan plan;
	struct ring_writer w[LANES_MAX];
	uint64_t total[LANES_MAX]; /* records, in those it goes on for */
	uint64_t dict_used;
};

void scene_begin(struct scene *);
void scene_end(struct scene *);

/* The next daemon: segment.prev, segment, superseded. */
void scene_restart(struct scene *);
/* The newest one. */
struct scene_daemon *scene_now(struct scene *);

/* A stream of this very process in the newest segment, listed. */
void scene_stream(struct scene *, struct scene_stream *, const char *ident,
    uint32_t lanes, uint64_t lane_size);
/* The same, unlisted; then it is. */
void scene_prepare(struct scene *, struct scene_stream *, const char *ident,
    uint32_t lanes, uint64_t lane_size);
void scene_publish(struct scene_stream *);
/* As `to' in the newest segment, going on for `from'. */
void scene_join(struct scene *, struct scene_stream *to,
    const struct scene_stream *from, const char *ident);

void scene_tag(struct scene_stream *, uint32_t id, const char *name);
void scene_put(struct scene_stream *, uint32_t lane, uint16_t tag,
    uint64_t time, const char *text);
/* Freed by its worker: cooling. */
void scene_cool(struct scene_stream *);
/* Its pages are taken back, with a tombstone or without, and overwritten. */
void scene_reuse(struct scene_stream *, int bury);
/* The tombstone alone, in mid-change. */
void scene_bury(struct scene_stream *);
void scene_list(struct scene_daemon *);

/* A shmtail of ours: payloads, and "lost N", "lost N+" lines, "unknown 0+" of
 * nobody knows which streams; all end by \n. */
extern const struct out scene_out;
void scene_tail(struct scene *, const struct out *, enum tail_start);
/* Rounds until nothing comes any more; what came since the last call. */
const char *scene_read(struct scene *);
void scene_untail(struct scene *);

#endif
