/*
 * shmlog_mask.h -- what a put looks at before it is called: whether its record
 * is masked.  That costs 1 ns instead of the 3 of a call.  Part of shmlog.h;
 * nothing here is to be used by itself.
 */
#ifndef SHMLOG_MASK_H
#define SHMLOG_MASK_H

#include <stddef.h>
#include <stdint.h>

struct shmlog_stream;
struct shmlog_batch;

/*
 * The first words of a stream, and where they point to: the masked levels, a
 * bit each, and the masked tags behind them, as the daemon has them (shmlog(5),
 * DESCRIPTOR: levels, masked), which changes them at any time, each word by
 * itself; and whether this daemon may not be the one to ask any more.
 */
struct shmlog_look_ {
	const uint64_t *mask_;
	const uint64_t *superseded_; /* not 0: another one has come */
	const uint64_t *look_at_;    /* 0: we are on our way to one */
};

/*
 * Whether a record with this tag and level is left out.  They may be out of
 * bounds; such a level, as one with flags, never is here: the library looks at
 * it again, by its lower byte; and such a tag is for its level alone.  No
 * order is promised between these words and anything else, so all is relaxed;
 * what mask_ points to was mapped before by a system call.
 */
static inline int
shmlog_hides_(const struct shmlog_look_ *look, int tag, int level)
{
	const uint64_t *mask = __atomic_load_n(&look->mask_, __ATOMIC_RELAXED);
	uint64_t levels = __atomic_load_n(&mask[0], __ATOMIC_RELAXED);

	/* one comparison where nothing is masked */
	if (__builtin_expect(levels == 0, 1) || (unsigned)level > 7)
		return 0;
	if (levels >> level & 1)
		return 1;
	return (unsigned)tag < 512 &&
	       (__atomic_load_n(&mask[1 + tag / 64], __ATOMIC_RELAXED) >>
		       tag % 64 &
		   1) != 0;
}

/* Whether the daemon that masks is still the one to ask. */
static inline int
shmlog_settled_(const struct shmlog_look_ *look)
{
	return __atomic_load_n(look->superseded_, __ATOMIC_RELAXED) == 0 &&
	       __atomic_load_n(look->look_at_, __ATOMIC_RELAXED) != 0;
}

/* Whether there is no need to call the library for a record. */
static inline int
shmlog_masked_(const struct shmlog_stream *stream, int tag, int level)
{
	const struct shmlog_look_ *look =
	    (const struct shmlog_look_ *)(const void *)stream;

	return look != NULL && shmlog_hides_(look, tag, level) &&
	       shmlog_settled_(look);
}

/* The same of a batch, whose first word is its stream. */
static inline int
shmlog_batch_masked_(const struct shmlog_batch *batch, int tag, int level)
{
	return batch != NULL &&
	       shmlog_masked_(
		   *(const struct shmlog_stream *const *)(const void *)batch,
		   tag, level);
}

static inline int
shmlog_put_inline_(struct shmlog_stream *s, int tag, int level, uint64_t id,
    const void *text, size_t length)
{
	return shmlog_masked_(s, tag, level)
		   ? 1
		   : shmlog_put(s, tag, level, id, text, length);
}

static inline int
shmlog_puts_inline_(
    struct shmlog_stream *s, int tag, int level, uint64_t id, const char *text)
{
	return shmlog_masked_(s, tag, level)
		   ? 1
		   : shmlog_puts(s, tag, level, id, text);
}

static inline int
shmlog_batch_put_inline_(struct shmlog_batch *b, int tag, int level,
    uint64_t id, const void *text, size_t length)
{
	return shmlog_batch_masked_(b, tag, level)
		   ? 1
		   : shmlog_batch_put(b, tag, level, id, text, length);
}

/* The functions are there, too, for who wants their addresses. */
#define shmlog_put(...) shmlog_put_inline_(__VA_ARGS__)
#define shmlog_puts(...) shmlog_puts_inline_(__VA_ARGS__)
#define shmlog_batch_put(...) shmlog_batch_put_inline_(__VA_ARGS__)

#endif
