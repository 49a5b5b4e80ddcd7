/*
 * capture_block.c -- take a capture apart into blocks that are what was
 * written, and pass what is not.
 *
 * A block is read together with the header of the next one: one read(2) a
 * block, or for several that are small, into the same memory each time, which
 * so stays in the cache.  (To have a thread read and sum it in another CPU's
 * cache was tried: what a block's lines cost that change hands, and hands again
 * when they are read into, is as much as was to be gained.)
 *
 * DAMAGE.  Where there is no header, or its payload is not what it was, the
 * next header is searched byte by byte, also within that payload: its length
 * may be of a block that was cut short, with others put behind it.
 *
 * A stranger's records can be full of headers, each of a long block, that come
 * to light in a damaged payload; to sum all of those would take hours.  So once
 * much was summed in vain, the rest of such a payload is passed unseen.
 */
#include "readers/capture_block.h"

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>
/* AVX2 and better where there is such, which is half the time of a walk */
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

#include "readers/attach.h"
#include "readers/option.h"

#define HEAD sizeof(struct capture_block)
#define FILE_HEAD sizeof(struct capture_header)
/* The longest block, the header behind it, and what lets it begin anywhere. */
#define DATA_SIZE (CAPTURE_PAYLOAD_MAX + HEAD + CAPTURE_HEADER_MAX)
#define SLACK 64 /* read by who is faster if he need not look */
#define READ_LEAST ((size_t)64 << 10) /* small blocks come together */
#define IDLE_EVERY 100                /* ms */

void
block_seal(struct capture_block *h, const void *payload)
{
	h->payload_sum = XXH3_64bits(payload, h->length);
	block_head_seal(h);
}

void
block_head_seal(struct capture_block *h)
{
	h->magic = CAPTURE_BLOCK_MAGIC;
	h->sum = XXH3_64bits(h, offsetof(struct capture_block, sum));
}

void
block_file_seal(struct capture_header *h)
{
	h->sum = XXH3_64bits(h, offsetof(struct capture_header, sum));
}

void
block_file_header(struct capture_header *h)
{
	memset(h, 0, sizeof(*h));
	h->magic = CAPTURE_MAGIC;
	h->major = CAPTURE_MAJOR;
	h->minor = CAPTURE_MINOR;
	h->header_size = sizeof(*h);
	block_file_seal(h);
}

int
block_is_head(const struct capture_block *h)
{
	return h->magic == CAPTURE_BLOCK_MAGIC &&
	       h->length <= CAPTURE_PAYLOAD_MAX && h->length % 8 == 0 &&
	       h->slots <= h->length / sizeof(struct capture_slot) &&
	       h->sum == XXH3_64bits(h, offsetof(struct capture_block, sum));
}

int
block_is_file(const struct capture_header *h)
{
	return h->magic == CAPTURE_MAGIC && h->header_size >= FILE_HEAD &&
	       h->header_size <= CAPTURE_HEADER_MAX &&
	       h->header_size % 8 == 0 &&
	       h->sum == XXH3_64bits(h, offsetof(struct capture_header, sum));
}

void
block_init(struct block_reader *r, int fd)
{
	struct stat st;

	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	r->data = calloc(1, DATA_SIZE + SLACK);
	if (r->data == NULL)
		err(1, "memory");
}

void
block_fini(struct block_reader *r)
{
	free(r->data);
	r->data = NULL;
}

/* Waits for more; 0, or -1: we are to end. */
static int
wait_for_more(struct block_reader *r)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	int ms = 0;

	/* not for ever: a signal may have come just before */
	for (; !stop_asked(); ms = IDLE_EVERY) {
		if (poll(&p, 1, ms) > 0)
			return 0;
		if (r->idle != NULL && r->idle(r->arg) != 0)
			return -1;
	}
	return -1;
}

/*
 * Has `need' bytes in one piece at data[taken], which is aligned to 8, and as
 * many as `wish' if they come along.  BLOCK_GOOD; BLOCK_END: there are less.
 */
static enum block_result
fill(struct block_reader *r, size_t need, size_t wish)
{
	ssize_t n;

	if (r->n - r->taken >= need && r->taken % 8 == 0)
		return BLOCK_GOOD;
	memmove(r->data, r->data + r->taken, r->n - r->taken);
	r->offset += r->taken;
	r->n -= r->taken;
	r->taken = 0;
	if (wish < READ_LEAST)
		wish = READ_LEAST;
	must(need <= wish && wish <= DATA_SIZE);
	while (r->n < need) {
		if (r->ended)
			return BLOCK_END;
		if (!r->regular && wait_for_more(r) != 0)
			return BLOCK_STOPPED;
		n = read(r->fd, r->data + r->n, wish - r->n);
		if (n > 0)
			r->n += (size_t)n;
		else if (n == 0)
			r->ended = 1;
		else if (errno != EINTR && errno != EAGAIN)
			return BLOCK_ERROR;
	}
	return BLOCK_GOOD;
}

/* Hands on what stands at data[taken]. */
static enum block_result
hand_on(struct block_reader *r, enum block_result result, size_t bytes)
{
	r->at = r->offset + r->taken;
	r->bytes = bytes;
	r->taken += bytes;
	return result;
}

/* Whether a block or a file begins at p, where there are n bytes. */
static int
begins_here(const uint8_t *p, size_t n)
{
	struct capture_header file;
	struct capture_block head;

	if (n >= HEAD) {
		memcpy(&head, p, HEAD);
		if (block_is_head(&head))
			return 1;
	}
	if (n < FILE_HEAD)
		return 0;
	memcpy(&file, p, FILE_HEAD);
	return block_is_file(&file);
}

/*
 * The place of the next beginning within [p, p + n), or, if there is none, of
 * the last bytes that might become one if more came.
 */
static size_t
search(const uint8_t *p, size_t n, int *found)
{
	const uint8_t *at = p, *end = p + n;

	*found = 0;
	while ((at = memchr(at, 'S', (size_t)(end - at))) != NULL) {
		*found = begins_here(at, (size_t)(end - at));
		if (*found)
			return (size_t)(at - p);
		at++;
	}
	return n < FILE_HEAD ? 0 : n - FILE_HEAD + 1;
}

/* Passes what is neither block nor file, from `skip' bytes on. */
static enum block_result
pass(struct block_reader *r, size_t skip)
{
	uint64_t at = r->offset + r->taken;
	enum block_result result;
	int found = 0;

	r->taken += skip;
	do {
		result = fill(r, READ_LEAST, READ_LEAST);
		if (result == BLOCK_ERROR || result == BLOCK_STOPPED)
			return result;
		r->taken += search(r->data + r->taken, r->n - r->taken, &found);
	} while (!found && result == BLOCK_GOOD);
	if (!found)
		r->taken = r->n;
	r->at = at;
	r->bytes = r->offset + r->taken - at;
	return found || !r->has_head ? BLOCK_DAMAGED : BLOCK_CUT;
}

static enum block_result
take_file(struct block_reader *r)
{
	enum block_result result = fill(r, FILE_HEAD, FILE_HEAD);

	if (result != BLOCK_GOOD)
		return result;
	memcpy(&r->file, r->data + r->taken, FILE_HEAD);
	if (!block_is_file(&r->file))
		return pass(r, 1);
	result = fill(r, r->file.header_size, r->file.header_size + HEAD);
	if (result != BLOCK_GOOD)
		return result;
	return hand_on(r, BLOCK_FILE, r->file.header_size);
}

/* Whether a header is within a damaged payload, and no more worth a look. */
static int
is_in_vain(const struct block_reader *r)
{
	uint64_t at = r->offset + r->taken;

	return at < r->damage && r->vain > BLOCK_VAIN + BLOCK_VAIN_RATE * at;
}

static enum block_result
pass_damage(struct block_reader *r)
{
	uint64_t rest = r->damage - (r->offset + r->taken);
	size_t here = r->n - r->taken;

	return pass(r, rest < here ? (size_t)rest : here);
}

static void
note_damage(struct block_reader *r, size_t whole)
{
	uint64_t at = r->offset + r->taken;

	if (at < r->damage)
		r->vain += whole;
	else
		r->damage = at + whole;
}

static enum block_result
take_block(struct block_reader *r)
{
	size_t whole = HEAD + r->head.length;
	enum block_result result;
	int cut;

	if (is_in_vain(r))
		return pass_damage(r);
	result = fill(r, whole, whole + HEAD);
	cut = result == BLOCK_END;
	if (result != BLOCK_GOOD && !cut)
		return result;
	r->payload = r->data + r->taken + HEAD;
	if (!cut &&
	    r->head.payload_sum == XXH3_64bits(r->payload, r->head.length))
		return hand_on(r, BLOCK_GOOD, whole);
	note_damage(r, whole);
	r->has_head = 1;
	result = pass(r, HEAD);
	/* it was there to its end */
	return result == BLOCK_CUT && !cut ? BLOCK_DAMAGED : result;
}

/* Of a file that is shorter than a header. */
static int
begins_as_file(const struct block_reader *r)
{
	struct capture_header h;
	size_t n = r->n - r->taken;

	block_file_header(&h);
	return memcmp(r->data, &h, n < 8 ? n : 8) == 0;
}

enum block_result
block_next(struct block_reader *r)
{
	enum block_result result = fill(r, HEAD, HEAD);
	uint64_t magic;

	r->has_head = 0;
	if (result == BLOCK_GOOD) {
		memcpy(&r->head, r->data + r->taken, HEAD);
		if (block_is_head(&r->head))
			return take_block(r);
		memcpy(&magic, r->data + r->taken, sizeof(magic));
		if (magic == CAPTURE_MAGIC)
			result = take_file(r);
		else if (r->offset + r->taken == 0)
			return BLOCK_NONE;
		else
			result = pass(r, 1);
	}
	if (result != BLOCK_END)
		return result;
	if (r->n == r->taken)
		return r->offset + r->taken == 0 ? BLOCK_NONE : BLOCK_END;
	if (r->offset + r->taken == 0 && !begins_as_file(r))
		return BLOCK_NONE;
	/* less than a header is left */
	return hand_on(r, BLOCK_CUT, r->n - r->taken);
}
