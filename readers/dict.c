/*
 * dict.c -- what a reader keeps of a stream's dictionary: the names of tags,
 * and formats.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "readers/record.h"

/* Makes an array of pointers long enough for an id. */
static void
make_room(void *array, uint32_t *size, uint32_t id)
{
	void ***p = array;

	if (id < *size)
		return;
	*p = reallocarray(*p, id + 8, sizeof(void *));
	if (*p == NULL)
		err(1, "memory");
	memset(*p + *size, 0, (id + 8 - *size) * sizeof(void *));
	*size = id + 8;
}

uint64_t
rec_tag_number(void)
{
	static uint64_t numbers;

	return ++numbers;
}

static void
learn_format(struct dict *d, uint32_t id, const char *text, size_t n)
{
	static uint64_t numbers;
	struct rec_format *f;

	make_room(&d->formats, &d->formats_size, id);
	if (d->formats[id] != NULL || d->formats_text + n > FORMATS_TEXT_MAX)
		return;
	f = malloc(sizeof(*f) + n);
	if (f == NULL)
		err(1, "memory");
	f->number = ++numbers;
	f->compiled = NULL;
	f->bad = 0;
	f->n = (uint32_t)n;
	memcpy(f->text, text, n);
	d->formats[id] = f;
	d->formats_text += n;
}

void
dict_learn(struct dict *d, enum dict_kind kind, uint32_t id, const char *text,
    size_t n, dict_tag_maker *make, void *arg)
{
	if (id == 0)
		return;
	switch (kind) {
	case DICT_TAG:
		if (id >= TAGS_MAX || n >= TAG_NAME_MAX)
			return;
		make_room(&d->tags, &d->tags_size, id);
		if (d->tags[id] == NULL)
			d->tags[id] = make(arg, text, n);
		break;
	case DICT_FORMAT:
		if (id < FORMATS_MAX && n <= FORMAT_TEXT_MAX)
			learn_format(d, id, text, n);
		break;
	}
}

const struct rec_format *
dict_compile(struct dict *d, uint32_t id)
{
	struct rec_format *f = id < d->formats_size ? d->formats[id] : NULL;

	if (f == NULL || f->bad)
		return NULL;
	if (f->compiled == NULL) {
		f->compiled = format_compile(f->text, f->n);
		if (f->compiled == NULL && errno == ENOMEM)
			err(1, "memory");
		f->bad = f->compiled == NULL;
		if (!f->bad)
			(void)format_fields(f->compiled, &f->fields);
	}
	return f->bad ? NULL : f;
}

void
dict_free(struct dict *d)
{
	for (uint32_t i = 0; i < d->tags_size; i++)
		free(d->tags[i]);
	free(d->tags);
	for (uint32_t i = 0; i < d->formats_size; i++)
		if (d->formats[i] != NULL) {
			format_free(d->formats[i]->compiled);
			free(d->formats[i]);
		}
	free(d->formats);
	memset(d, 0, sizeof(*d));
}
