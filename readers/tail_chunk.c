/*
 * tail_chunk.c -- the pool of private copies: only lanes with data hold one.
 */
#include <err.h>
#include <stdlib.h>

#include "readers/tail.h"

struct chunk *
chunk_get(struct tail *t, size_t size)
{
	struct chunk **from = size == CHUNK_LARGE ? &t->larges : &t->smalls;
	struct chunk *c = *from;

	if (c != NULL) {
		*from = c->next;
	} else {
		c = malloc(sizeof(*c) + size);
		if (c == NULL)
			err(1, "memory");
		c->size = size;
	}
	if (size == CHUNK_LARGE)
		t->larges_used++;
	return c;
}

void
chunk_put(struct tail *t, struct chunk *c)
{
	struct chunk **to = c->size == CHUNK_LARGE ? &t->larges : &t->smalls;

	if (c->size == CHUNK_LARGE)
		t->larges_used--;
	c->next = *to;
	*to = c;
}

static void
drain(struct chunk **list)
{
	struct chunk *c;

	while ((c = *list) != NULL) {
		*list = c->next;
		free(c);
	}
}

void
chunks_free(struct tail *t)
{
	drain(&t->smalls);
	drain(&t->larges);
}
