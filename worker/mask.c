/*
 * mask.c -- look at what of a stream's records is not wanted.
 *
 * A stream has two views, each as large as a descriptor may need and mapped for
 * the stream's whole life: to zeros, which mask nothing, or read-only to the
 * descriptor of a section that it has or had.  `look.mask_' points into one of
 * them.
 * When the stream moves, its new descriptor is mapped over the other view, and
 * then the pointer is switched.  So the pointer is good at every moment, also
 * one that a thread loaded before it was preempted.  (Who sleeps on it while
 * the stream moves twice decides one record by the mask of another descriptor.)
 *
 * A record that is masked costs no look at the clock, so it is not noticed by
 * the clock that the daemon should be looked after; only that another one has
 * taken its place, which unmasks perhaps: see mask_look().
 */
#include <sys/mman.h>

#include <string.h>

#include "common/shared.h"
#include "worker/stream.h"

/* A descriptor may lie on a page's end: its stride is the daemon's choice. */
#define VIEW_SIZE ((uint64_t)2 * SEGMENT_PAGE)

int
mask_init(struct shmlog_stream *s)
{
	s->views = map_zeros(2 * VIEW_SIZE);
	if (s->views == NULL)
		return -1;
	s->look.mask_ = s->views;
	return 0;
}

void
mask_fini(struct shmlog_stream *s)
{
	if (s->views != NULL)
		munmap(s->views, 2 * VIEW_SIZE);
	s->views = NULL;
}

int
mask_map(struct shmlog_stream *s, uint32_t index)
{
	const struct shmlog *log = s->part.log;
	const uint8_t *now = (const uint8_t *)s->look.mask_;
	uint8_t *view = s->views;
	uint64_t at = log->desc_offset + (uint64_t)index * log->desc_stride;
	uint64_t page = at & ~(uint64_t)(SEGMENT_PAGE - 1);

	if (now < view + VIEW_SIZE)
		view += VIEW_SIZE;
	/* data pages are behind the descriptors: both pages are in the file */
	if (mmap(view, VIEW_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED,
		log->segment, (off_t)page) == MAP_FAILED)
		return -1;
	s->next_mask = (const uint64_t *)(view + (at - page) +
					  offsetof(struct descriptor, levels));
	return 0;
}

void
mask_switch(struct shmlog_stream *s)
{
	shared_store(&s->look.mask_, (uintptr_t)s->next_mask);
}

void
mask_fork(struct shmlog_stream *s)
{
	/* the pointer stays: a put that was interrupted may be using it */
	(void)mmap(s->views, 2 * VIEW_SIZE, PROT_READ,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

int
mask_look(struct shmlog_stream *s, int tag, int level)
{
	if (!shmlog_hides_(&s->look, tag, level))
		return 0;
	if (shmlog_settled_(&s->look))
		return 1;
	stream_look(s, clock_now());
	return shmlog_hides_(&s->look, tag, level);
}

int
shmlog_wants(struct shmlog_stream *s, int tag, int level)
{
	return s != NULL && !mask_look(s, stream_tag(tag), stream_level(level));
}
