/*
 * choose.c -- which records are wanted.
 */
#include "readers/choose.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "readers/out.h"
#include "readers/regex.h"

struct choose_regex {
	struct choose_regex *next;
	struct globs tags; /* none: any */
	struct regex *regex;
};

static char fault[256];

/* Where the list of tags before a regular expression ends; NULL: there is none.
 * Tags and globs of them have no other characters. */
static const char *
end_of_tags(const char *value)
{
	size_t n =
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789_.-*?[],");

	return n > 0 && value[n] == ':' ? value + n : NULL;
}

static const char *
take_tags(struct choose_regex *r, const char *value, const char *end)
{
	char *list = strndup(value, (size_t)(end - value));
	const char *wrong;

	if (list == NULL)
		err(1, "memory");
	wrong = globs_add(&r->tags, list);
	free(list);
	return wrong;
}

static void
free_regexes(struct choose_regex *r)
{
	struct choose_regex *next;

	for (; r != NULL; r = next) {
		next = r->next;
		globs_free(&r->tags);
		regex_free(r->regex);
		free(r);
	}
}

const char *
choose_regex_add(struct choose *c, int wanted, const char *value, int caseless)
{
	struct choose_regex *r = calloc(1, sizeof(*r)), **to;
	const char *end = end_of_tags(value), *wrong = NULL;
	const char *pattern = end == NULL ? value : end + 1;
	char error[160];
	size_t at = 0;

	if (r == NULL)
		err(1, "memory");
	to = wanted ? &c->wanted : &c->unwanted;
	r->next = *to;
	*to = r;
	if (end != NULL)
		wrong = take_tags(r, value, end);
	if (wrong != NULL)
		return wrong;
	r->regex = regex_make((struct bytes){ pattern, strlen(pattern) },
	    caseless, &at, error, sizeof(error));
	if (r->regex != NULL)
		return NULL;
	(void)snprintf(fault, sizeof(fault),
	    "not a regular expression: %s, at character %zu", error, at + 1);
	return fault;
}

const char *
choose_levels(struct choose *c, const char *value)
{
	const char *dots = strstr(value, "..");
	int from = 0, to, swap;
	char first[16];

	if (dots == NULL) {
		to = level_parse(value);
	} else {
		(void)snprintf(
		    first, sizeof(first), "%.*s", (int)(dots - value), value);
		from = level_parse(first);
		to = level_parse(dots + 2);
	}
	if (from == -1 || to == -1)
		return "not a level, or two with .. between them: " LEVELS_ARE;
	if (from > to) {
		swap = from;
		from = to;
		to = swap;
	}
	c->levels = (2u << to) - (1u << from);
	return NULL;
}

void
choose_free(struct choose *c)
{
	globs_free(&c->include);
	globs_free(&c->exclude);
	globs_free(&c->streams);
	free_regexes(c->wanted);
	free_regexes(c->unwanted);
	memset(c, 0, sizeof(*c));
}

int
choose_all(const struct choose *c)
{
	return c->include.n == 0 && c->exclude.n == 0 && c->streams.n == 0 &&
	       c->wanted == NULL && c->unwanted == NULL && c->levels == 0 &&
	       c->pid == 0 && c->id == 0 && c->since == 0 && c->until == 0;
}

int
choose_hides_stream(const struct choose *c, const struct descriptor *d)
{
	char name[TYPE_MAX + IDENT_MAX + 2];

	if (c->pid != 0 && d->owner_pid != c->pid)
		return 1;
	(void)snprintf(name, sizeof(name), "%.*s.%.*s", TYPE_MAX, d->type,
	    IDENT_MAX, d->ident);
	return c->streams.n != 0 && globs_match(&c->streams, name) == -1;
}

/* Of each word of a list how many tags begin so; WHOLE: one is called so. */
#define WHOLE UINT32_MAX

static uint32_t *
count_beginnings(const struct globs *list, const struct dict *d)
{
	uint32_t *n = calloc(list->n + 1, sizeof(*n));

	if (n == NULL)
		err(1, "memory");
	for (size_t i = 0; i < list->n; i++) {
		size_t length = strlen(list->list[i]);

		for (uint32_t k = 0; k < d->tags_size; k++) {
			const struct rec_tag *tag = d->tags[k];

			if (tag == NULL || n[i] == WHOLE ||
			    strncmp(tag->name, list->list[i], length) != 0)
				continue;
			n[i] = tag->length == length ? WHOLE : n[i] + 1;
		}
	}
	return n;
}

/* Whether a name is one of the list, or the only one that begins as a word of
 * it does; beginnings NULL: it has to be one. */
static int
names(const struct globs *list, const uint32_t *beginnings, const char *name)
{
	if (globs_match(list, name) != -1)
		return 1;
	for (size_t i = 0; beginnings != NULL && i < list->n; i++)
		if (beginnings[i] == 1 &&
		    strncmp(name, list->list[i], strlen(list->list[i])) == 0)
			return 1;
	return 0;
}

void
choose_tags(const struct choose *c, struct dict *d)
{
	uint32_t *in, *out;

	if (c->include.n == 0 && c->exclude.n == 0)
		return;
	in = count_beginnings(&c->include, d);
	out = count_beginnings(&c->exclude, d);
	for (uint32_t i = 0; i < d->tags_size; i++) {
		struct rec_tag *tag = d->tags[i];

		if (tag == NULL)
			continue;
		tag->included = names(&c->include, in, tag->name);
		/* what -I wants has to be looked at */
		tag->hidden = (c->include.n != 0 && c->wanted == NULL &&
				  !tag->included) ||
			      names(&c->exclude, out, tag->name);
	}
	free(in);
	free(out);
}

int
choose_hides_tag(const struct choose *c, const char *name)
{
	return (c->include.n != 0 && c->wanted == NULL &&
		   !names(&c->include, NULL, name)) ||
	       names(&c->exclude, NULL, name);
}

static int
matches(struct choose *c, const struct choose_regex *r, struct rec *rec)
{
	int found;

	for (; r != NULL; r = r->next) {
		if (r->tags.n != 0 && !names(&r->tags, NULL, rec->tag->name))
			continue;
		found = regex_match_record(r->regex, rec);
		if (found == 1)
			return 1;
		c->given_up += found == -1;
	}
	return 0;
}

int
choose_record(struct choose *c, struct rec *r)
{
	const struct record *h = r->head;

	if (c->levels != 0 && (c->levels >> (h->level & 7) & 1) == 0)
		return 0;
	if (c->id != 0 && h->id != c->id)
		return 0;
	if (h->time < c->since || (c->until != 0 && h->time > c->until))
		return 0;
	if (c->wanted != NULL && !r->tag->included && !matches(c, c->wanted, r))
		return 0;
	return c->unwanted == NULL || !matches(c, c->unwanted, r);
}
