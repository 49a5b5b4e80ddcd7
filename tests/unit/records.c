/*
 * records.c -- records made by hand.
 */
#include "tests/unit/records.h"

#include <stdlib.h>
#include <string.h>

#include "common/format.h"

void
records_begin(struct records *s)
{
	static const char *const names[RECORDS_STREAMS][2] = {
		{ "http", "front" }, { "http", "back" }, { "cron", "daily" }
	};

	memset(s, 0, sizeof(*s));
	renderer_init(&s->renderer);
	for (uint32_t i = 0; i < RECORDS_STREAMS; i++) {
		strcpy(s->d[i].type, names[i][0]);
		strcpy(s->d[i].ident, names[i][1]);
		s->d[i].owner_pid = 100 * (i + 1);
		s->streams[i].d = &s->d[i];
		s->streams[i].created = 7;
		s->streams[i].serial = i + 1;
		s->streams[i].described = i + 1;
	}
}

void
records_drop(struct records *s, size_t n)
{
	while (n-- > 0) {
		s->n--;
		free((void *)(uintptr_t)s->list[s->n].payload.text);
		free(s->tags[s->n]);
	}
}

void
records_end(struct records *s)
{
	records_drop(s, s->n);
	for (uint32_t i = 0; i < RECORDS_STREAMS; i++)
		dict_free(&s->streams[i].dict);
	renderer_fini(&s->renderer);
}

static struct rec_tag *
make_tag(const char *name)
{
	size_t n = strlen(name);
	struct rec_tag *tag = calloc(1, sizeof(*tag) + n + 1);

	expect(tag != NULL);
	tag->number = rec_tag_number();
	memcpy(tag->name, name, n);
	tag->length = n;
	return tag;
}

struct rec *
records_text(
    struct records *s, const struct record_of *of, const void *text, size_t n)
{
	struct rec *r = &s->list[s->n];
	char *copy = malloc(n == 0 ? 1 : n);

	expect(s->n < RECORDS_MAX);
	expect(copy != NULL);
	memcpy(copy, text, n);
	memset(r, 0, sizeof(*r));
	s->tags[s->n] = make_tag(of->tag == NULL ? "-" : of->tag);
	s->heads[s->n] = (struct record){
		.length = (uint32_t)(sizeof(struct record) + n),
		.tag = of->tag != NULL,
		.level = of->level,
		.id = of->id,
		.time = s->n,
	};
	r->head = &s->heads[s->n];
	r->stream = &s->streams[of->stream];
	r->tag = s->tags[s->n];
	r->payload = (struct bytes){ copy, n };
	r->number = s->n;
	r->renderer = &s->renderer;
	s->n++;
	return r;
}

struct rec *
records_payload(struct records *s, const struct record_of *of,
    const void *payload, size_t n)
{
	struct rec *r = records_text(s, of, payload, n);

	s->heads[s->n - 1].flags = RECORD_ARGS;
	return r;
}

static struct rec_tag *
no_tag(void *arg, const char *name, size_t n)
{
	(void)arg;
	(void)name;
	(void)n;
	return NULL;
}

uint32_t
records_format(struct records *s, unsigned stream, const char *format)
{
	struct dict *d = &s->streams[stream].dict;
	size_t n = strlen(format);

	for (uint32_t i = 1; i < d->formats_size; i++)
		if (d->formats[i] != NULL && d->formats[i]->n == n &&
		    memcmp(d->formats[i]->text, format, n) == 0)
			return i;
	dict_learn(
	    d, DICT_FORMAT, ++s->formats[stream], format, n, no_tag, NULL);
	return s->formats[stream];
}

struct rec *
records_args(struct records *s, const struct record_of *of, const char *format,
    const uint64_t *words)
{
	uint64_t payload[2048], heads[FORMAT_ARGS_MAX] = { 0 };
	struct format_args a;
	uint32_t n;

	expect(format_parse(format, strlen(format), &a) >= 0);
	n = format_measure(&a, words, sizeof(payload), heads);
	format_encode(payload, &a, words, heads,
	    records_format(s, of->stream, format), 0);
	return records_payload(s, of, payload, n);
}

void
records_again(struct rec *r)
{
	r->has_text = 0;
	r->format = NULL;
}

uint64_t
records_word(const void *p)
{
	return (uintptr_t)p;
}

uint64_t
records_bits(double d)
{
	uint64_t w;

	memcpy(&w, &d, sizeof(w));
	return w;
}
