/*
 * figures.c -- what a stream counts of itself.
 */
#include "worker/figures.h"

#include "worker/shmlog.h"
#include "worker/stream.h"

static const struct shmlog_def defs[FIGURES] = {
	[FIGURE_RECORDS] = { "log.records", SHMLOG_COUNTER, SHMLOG_STAT_INFO,
	    NULL, "Records put" },
	[FIGURE_BYTES] = { "log.bytes", SHMLOG_COUNTER, SHMLOG_STAT_INFO,
	    "bytes", "Of lanes, that records took" },
	[FIGURE_CUT] = { "log.cut", SHMLOG_COUNTER, SHMLOG_STAT_DIAG, NULL,
	    "Records longer than the maximum" },
	[FIGURE_COLLISIONS] = { "log.collisions", SHMLOG_COUNTER,
	    SHMLOG_STAT_DEBUG, NULL, "Lanes found held by another thread" },
	[FIGURE_DROPPED] = { "log.dropped", SHMLOG_COUNTER, SHMLOG_STAT_INFO,
	    NULL, "Records dropped: no daemon, or all lanes held" },
	[FIGURE_UNNAMED] = { "log.unnamed", SHMLOG_COUNTER, SHMLOG_STAT_DIAG,
	    NULL, "Tags and formats that had no room in the dictionary" },
};

int figures_wanted = 1;

void
figures_assign(struct shmlog_stream *s)
{
	/* nobody reads these */
	static uint64_t nowhere[FIGURES];

	for (unsigned i = 0; i < LANES_MAX; i++)
		s->lanes[i].figures =
		    s->figures == NULL ? nowhere : set_shard(s->figures, i);
}

int
figures_open(struct shmlog_stream *s)
{
	struct shmlog_set_options o = { .shards = s->plan.lanes };

	if (!figures_wanted) {
		parts_join(s->part.log);
		return 0;
	}
	s->figures = shmlog_set(
	    s->part.log, s->part.type, s->part.ident, defs, FIGURES, &o);
	if (s->figures == NULL)
		return -1;
	figures_assign(s);
	return 0;
}

void
figures_close(struct shmlog_stream *s)
{
	shmlog_set_free(s->figures);
	s->figures = NULL;
}
