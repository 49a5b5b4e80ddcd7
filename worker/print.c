/*
 * print.c -- records of a format and its arguments, formatted by their readers.
 *
 * A call site has words of its own (struct site): its format is parsed there
 * when it is first passed, and gets a number, which is the format's id in every
 * stream's dictionary.  Who comes by while that goes on, another thread or a
 * signal handler, formats by itself, as do all whose format is no literal, or
 * cannot be deferred, or has no room in the dictionary.
 *
 * Text is made on the stack: in a small buffer if it fits, else in one that
 * takes any record.
 */
#include "worker/print.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "worker/shmlog.h"
#include "worker/stream.h"

#define SMALL 1024 /* bytes of text, and of a payload */

_Static_assert(sizeof(struct site) <= sizeof(struct shmlog_site), "abi");
_Static_assert(
    offsetof(struct site, format) == offsetof(struct shmlog_site, format_),
    "abi");
_Static_assert(
    offsetof(struct site, state) == offsetof(struct shmlog_site, state_),
    "abi");
_Static_assert(SITE_READY == SHMLOG_READY_, "abi");

static struct shared_number sites; /* numbers given */

/* The next number; 0: there is none. */
static uint32_t
next_number(void)
{
	uint64_t n;

	if (number_get(&sites) >= FORMATS_MAX - 1)
		return 0;
	n = number_add(&sites, 1) + 1;
	return n < FORMATS_MAX ? (uint32_t)n : 0;
}

/* What a record takes at most if its strings are short; 0: there is more to it
 * than words and strings. */
static uint32_t
most(const struct format_args *a)
{
	uint32_t n = (uint32_t)sizeof(struct record) + a->fixed;

	for (unsigned i = 0; i < a->count; i++) {
		if (a->types[i] == FORMAT_LONG_DOUBLE)
			return 0;
		if (a->types[i] == FORMAT_STRING)
			n += PRINT_SHORT;
	}
	return a->uses_errno ? 0 : n;
}

int
shmlog_site_(struct shmlog_site *words, unsigned n)
{
	struct site *site = (struct site *)words;
	size_t length;
	int count;

	if (!number_change(&site->state, SITE_NEW, SITE_PARSED))
		return number_get(&site->state) == SITE_READY;
	length = strlen(site->format);
	count = format_parse(site->format, length, &site->args);
	site->length = (uint32_t)length;
	site->most = most(&site->args);
	site->number = count >= 0 && (unsigned)count <= n ? next_number() : 0;
	number_set(&site->state, site->number != 0 ? SITE_READY : SITE_TEXT);
	return site->number != 0;
}

static __attribute__((noinline)) int
print_long(const struct sink *sink, const char *format, va_list args, int err)
{
	char text[RECORD_MAX];
	int n;

	errno = err;
	n = vsnprintf(text, sizeof(text), format, args);
	errno = err;
	return sink->put(sink, text, n < 0 ? 0 : (size_t)n, 0);
}

int
sink_print(const struct sink *sink, const char *format, va_list args)
{
	char text[SMALL];
	va_list again;
	int err = errno, n;

	va_copy(again, args);
	n = vsnprintf(text, sizeof(text), format, args);
	errno = err;
	if (n >= (int)sizeof(text))
		n = print_long(sink, format, again, err);
	else
		n = sink->put(sink, text, n < 0 ? 0 : (size_t)n, 0);
	va_end(again);
	return n;
}

/* Stores the payload in private memory and renders that. */
static int
render(const struct sink *sink, const struct site *site, const uint64_t *words,
    int err, uint64_t *payload, uint32_t room, char *text, size_t size)
{
	uint64_t heads[FORMAT_ARGS_MAX] = { 0 };
	uint32_t n = format_measure(&site->args, words, room, heads);
	int length, saved = errno;

	if (n == 0)
		return -1;
	if (size < RECORD_MAX && print_cut(&site->args, heads) != 0)
		return -1;
	format_encode(payload, &site->args, words, heads, site->number, err);
	length = format_render_text(
	    site->format, site->length, payload, n, text, size);
	errno = saved;
	if (length >= (int)size && size < RECORD_MAX)
		return -1;
	if (length < 0) /* longer than anybody would want to see */
		return sink->put(sink, site->format, site->length, RECORD_CUT);
	return sink->put(
	    sink, text, (size_t)length, print_cut(&site->args, heads));
}

static __attribute__((noinline)) int
render_long(const struct sink *sink, const struct site *site,
    const uint64_t *words, int err)
{
	uint64_t payload[RECORD_MAX / 8];
	char text[RECORD_MAX];

	return render(sink, site, words, err, payload, sizeof(payload), text,
	    sizeof(text));
}

static __attribute__((noinline)) int
render_short(const struct sink *sink, const struct site *site,
    const uint64_t *words, int err)
{
	uint64_t payload[SMALL / 8];
	char text[SMALL];

	return render(sink, site, words, err, payload, sizeof(payload), text,
	    sizeof(text));
}

int
sink_render(const struct sink *sink, const struct site *site,
    const uint64_t *words, int err)
{
	int r = render_short(sink, site, words, err);

	return r == -1 ? render_long(sink, site, words, err) : r;
}

static int
put_text(
    const struct sink *sink, const char *text, size_t length, uint8_t flags)
{
	return stream_put(
	    sink->to, sink->tag, sink->level, sink->id, text, length, flags);
}

int
shmlog_text_(struct shmlog_stream *s, int tag, int level, uint64_t id,
    const char *format, ...)
{
	struct sink sink = { put_text, s, tag, level, id };
	va_list args;
	int r;

	if (s == NULL)
		return 0;
	if (mask_look(s, stream_tag(tag), stream_level(level)))
		return 1;
	va_start(args, format);
	r = sink_print(&sink, format, args);
	va_end(args);
	return r;
}

/* All that may be in the way of shmlog_printf_(), which begins anew here. */
static __attribute__((noinline)) int
print_slow(struct shmlog_stream *s, const struct site *site, int tag, int level,
    uint64_t id, const uint64_t *words)
{
	struct sink sink = { put_text, s, tag, level, id };
	uint64_t heads[FORMAT_ARGS_MAX] = { 0 }, time, dict, pos, word;
	struct lane *lane;
	int err = errno;
	uint8_t *to;
	uint32_t n;

	if (mask_look(s, stream_tag(tag), stream_level(level)))
		return 1;
	time = clock_now();
	stream_look(s, time);
	dict = dict_format(s, site);
	if (dict == 0)
		return sink_render(&sink, site, words, err);
	lane = lane_take(s);
	if (lane == NULL) {
		stream_drop(s, 1);
		return 0;
	}
	if (!lane_has(s, lane, dict)) {
		lane_give(lane);
		return sink_render(&sink, site, words, err);
	}
	n = (uint32_t)sizeof(struct record) +
	    format_measure(&site->args, words,
		s->record_max - (uint32_t)sizeof(struct record), heads);
	word = record_word(n, stream_tag(tag), stream_level(level),
	    RECORD_ARGS | print_cut(&site->args, heads) | stream_flags(level));
	to = ring_begin(&lane->writer, n, &pos);
	ring_head(to, word, id, time);
	format_encode(to + sizeof(struct record), &site->args, words, heads,
	    site->number, err);
	lane_end(lane, word, pos);
	return 1;
}

/* From the word that it has made of tag and level, */
static __attribute__((noinline)) int
print_again(struct shmlog_stream *s, const struct site *site, uint64_t word,
    uint64_t id, const uint64_t *words)
{
	return print_slow(
	    s, site, record_tag(word), record_level(word), id, words);
}

/* and while it holds a lane. */
static __attribute__((noinline)) int
print_held(struct shmlog_stream *s, const struct site *site, uint64_t word,
    uint64_t id, const uint64_t *words, struct lane *lane)
{
	lane_give(lane);
	return print_again(s, site, word, id, words);
}

/*
 * As shmlog_put(): the way that almost all go.  The lane's place has the format
 * if its dictionary is so long: one comparison, which 0 and DICT_NO_ROOM fail.
 * Room is asked for as if all strings were as long as they may be, so that the
 * lane is taken before they are measured: one pass is 2 ns quicker than two.
 */
int
shmlog_printf_(struct shmlog_stream *s, const struct shmlog_site *here, int tag,
    int level, uint64_t id, const uint64_t *words)
{
	const struct site *site = (const struct site *)here;
	uint64_t cycles, time, word, n;
	struct ring_writer *w;
	struct lane *lane;
	uint8_t *to, *end;

	if (s == NULL)
		return 0;
	if (shmlog_hides_(&s->look, tag, level))
		return shmlog_settled_(&s->look)
			   ? 1
			   : print_slow(s, site, tag, level, id, words);
	lane = lane_near(s);
	cycles = clock_cycles();
	if (!stream_is_plain(tag, level) || site->most == 0)
		return print_slow(s, site, tag, level, id, words);
	word = record_word(0, (uint16_t)tag, (uint8_t)level, RECORD_ARGS);
	if (!trylock_grab(&lane->lock))
		return print_again(s, site, word, id, words);
	w = &lane->writer;
	if (!clock_at(number_get(&s->looked), cycles, &time) ||
	    lane->at != number_look(&s->target) ||
	    !ring_is_easy(w, site->most) ||
	    number_get(&s->formats[site->number]) - 1 >= lane->dict)
		return print_held(s, site, word, id, words, lane);
	to = w->data + (w->commit & w->mask);
	/* now, so that they need not be kept: nobody sees it before commit */
	shared_store(to + 8, id);
	shared_store(to + 16, time);
	shared_store(to + sizeof(struct record), format_pair(site->number, 0));
	end = encode_short(to + PRINT_ARGS, &site->args, words);
	if (end == NULL)
		return print_held(s, site, word, id, words, lane);
	n = (uint64_t)(end - to);
	shared_store(to, word | record_word((uint32_t)n, 0, 0, 0));
	w->records++;
	ring_publish(w, w->commit + n);
	lane_count(lane, 1, n);
	lane_give(lane);
	return 1;
}
