/*
 * capture_out.c -- blocks into the file.
 *
 * Of a load, to have the kernel copy a block takes about as long as to put one
 * together: so a thread writes the one while the next one is filled.  It is
 * made when the first block is full, and what is flushed because little comes
 * is written without it; so is what goes to a pipe, whose reader may stand
 * still, and where a signal has to get through.  A block that is copied from
 * another capture is written from where it was read, in that cache: to hand it
 * to another CPU takes longer than is gained.  Nothing but the file and
 * struct capture_away is its business, and the latter is either its own (busy)
 * or ours.
 *
 * The file has whole blocks at any time but while one is being written: what a
 * write that failed left behind is cut off again, so that the count of records
 * that is told is what a reader will find.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "readers/capture_block.h"
#include "readers/capture_parts.h"
#include "readers/option.h"

void
capture_out_init(struct capture *c)
{
	struct capture_away *w = &c->away;

	buffer_init(&w->first, -1);
	buffer_init(&w->block, -1);
	must(pthread_mutex_init(&w->lock, NULL) == 0);
	must(pthread_cond_init(&w->changed, NULL) == 0);
}

void
capture_out_fini(struct capture *c)
{
	struct capture_away *w = &c->away;

	if (w->running) {
		must(pthread_mutex_lock(&w->lock) == 0);
		w->quit = 1;
		must(pthread_cond_broadcast(&w->changed) == 0);
		must(pthread_mutex_unlock(&w->lock) == 0);
		must(pthread_join(w->thread, NULL) == 0);
	}
	(void)pthread_cond_destroy(&w->changed);
	(void)pthread_mutex_destroy(&w->lock);
	buffer_free(&w->first);
	buffer_free(&w->block);
}

static void
put_buffer(struct capture_away *w, struct buffer *b, int fd)
{
	size_t n = b->n;

	if (w->error != 0)
		return;
	b->fd = fd;
	if (buffer_flush(b) == 0)
		w->out += n;
	else
		w->error = b->error;
	b->fd = -1;
}

/* Writes what is away; by whoever has it. */
static void
put_away(struct capture *c)
{
	struct capture_away *w = &c->away;
	struct capture_block h;

	if (w->block.n != 0) {
		memcpy(&h, w->block.data, sizeof(h));
		block_seal(&h, w->block.data + sizeof(h));
		memcpy(w->block.data, &h, sizeof(h));
	}
	put_buffer(w, &w->first, c->fd);
	put_buffer(w, &w->block, c->fd);
}

static void *
work(void *arg)
{
	struct capture *c = arg;
	struct capture_away *w = &c->away;

	must(pthread_mutex_lock(&w->lock) == 0);
	while (!w->quit) {
		if (!w->busy) {
			must(pthread_cond_wait(&w->changed, &w->lock) == 0);
			continue;
		}
		must(pthread_mutex_unlock(&w->lock) == 0);
		put_away(c);
		must(pthread_mutex_lock(&w->lock) == 0);
		w->busy = 0;
		must(pthread_cond_broadcast(&w->changed) == 0);
	}
	must(pthread_mutex_unlock(&w->lock) == 0);
	return NULL;
}

/* Signals are for the thread that naps. */
static void
run_thread(struct capture *c)
{
	sigset_t all, was;

	sigfillset(&all);
	must(pthread_sigmask(SIG_SETMASK, &all, &was) == 0);
	c->away.running = pthread_create(&c->away.thread, NULL, work, c) == 0;
	must(pthread_sigmask(SIG_SETMASK, &was, NULL) == 0);
}

/* Has the thread write what is away; -1: there is none. */
static int
hand_over(struct capture *c)
{
	struct capture_away *w = &c->away;

	if (!w->running)
		run_thread(c);
	if (!w->running)
		return -1;
	must(pthread_mutex_lock(&w->lock) == 0);
	w->busy = 1;
	must(pthread_cond_broadcast(&w->changed) == 0);
	must(pthread_mutex_unlock(&w->lock) == 0);
	return 0;
}

/* `count': records that are not even away. */
static void
fail(struct capture *c, uint64_t count)
{
	c->error = c->away.error;
	/* whoever reads a pipe of ours has had enough */
	if (c->error == EPIPE && !c->regular)
		return;
	warnx("cannot write %s: %s; %" PRIu64 " record%s in it, %" PRIu64
	      " that were on the way are lost",
	    c->path, buffer_why(c->error), c->written,
	    c->written == 1 ? " is" : "s are", c->away.count + count);
	if (c->regular && ftruncate(c->fd, (off_t)c->offset) == -1)
		warn("%s: its last block is cut short", c->path);
}

int
capture_settle(struct capture *c)
{
	struct capture_away *w = &c->away;

	if (!w->pending)
		return c->error == 0 ? 0 : -1;
	if (w->running) {
		must(pthread_mutex_lock(&w->lock) == 0);
		while (w->busy)
			must(pthread_cond_wait(&w->changed, &w->lock) == 0);
		must(pthread_mutex_unlock(&w->lock) == 0);
	}
	w->pending = 0;
	c->offset += w->out;
	w->out = 0;
	if (w->error != 0) {
		fail(c, c->count);
		return -1;
	}
	c->written += w->count;
	return 0;
}

static void
swap(struct buffer *a, struct buffer *b)
{
	struct buffer was = *a;

	*a = *b;
	*b = was;
}

/* What is to be written is away, once what was is settled. */
static int
send_away(struct capture *c)
{
	struct capture_away *w = &c->away;

	if (capture_settle(c) != 0)
		return -1;
	swap(&c->first, &w->first);
	swap(&c->block, &w->block);
	w->count = c->count;
	w->pending = 1;
	c->before += c->count;
	c->count = 0;
	return 0;
}

int
capture_put_out(struct capture *c, int later)
{
	if (send_away(c) != 0)
		return -1;
	if (later && !c->may_block && hand_over(c) == 0)
		return 0;
	put_away(c);
	return capture_settle(c);
}

int
capture_put_whole(
    struct capture *c, struct capture_block *h, struct bytes payload)
{
	struct capture_away *w = &c->away;
	struct buffer parts[] = {
		{ .data = (char *)h, .n = sizeof(*h) },
		{ .data = (char *)(uintptr_t)payload.text, .n = payload.n },
	};
	uint64_t out;

	h->before = c->before;
	block_head_seal(h);
	c->block.n = 0;
	c->count = h->count;
	if (send_away(c) != 0)
		return -1;
	put_buffer(w, &w->first, c->fd);
	out = w->out;
	put_buffer(w, &parts[0], c->fd);
	put_buffer(w, &parts[1], c->fd);
	/* a header alone is none that is in the file */
	if (w->error != 0)
		w->out = out;
	return capture_settle(c);
}
