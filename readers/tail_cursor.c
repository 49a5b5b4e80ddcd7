/*
 * tail_cursor.c -- a text file that says where a shmtail was:
 *
 *	shmlog cursor 1
 *	time NS
 *	segment CREATED GENERATION TOMBSTONES
 *	lane CREATED SERIAL LANE NUMBER TOTAL PID START ID
 *
 * A line for each segment that was read, and for each lane of its streams: the
 * number of records that it had delivered, or counted as lost, and with those
 * of all lanes before that one, or `-'.  So the next shmtail goes on there, and
 * where a lane is gone by then, the one that goes on for it tells how many
 * records it had.
 */
#include "readers/tail_cursor.h"

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "readers/tail.h"

#define HEAD "shmlog cursor 1\n"
#define SAVE_EVERY NSEC

struct cursor_segment {
	uint64_t created, generation, tombs;
};

struct cursor {
	const char *path;
	char *beside;
	struct cursor_segment *segments; /* sorted by created */
	size_t nsegments;
	struct cursor_lane *lanes; /* sorted by compare_lanes() */
	size_t nlanes;
	uint64_t time;
	uint64_t saved_at; /* clock_mono() */
	uint64_t passed;   /* passed(), then */
	int failed;
};

static int
compare_lanes(const void *a, const void *b)
{
	const struct cursor_lane *x = a, *y = b;

	if (x->created != y->created)
		return x->created < y->created ? -1 : 1;
	if (x->serial != y->serial)
		return x->serial < y->serial ? -1 : 1;
	return x->lane < y->lane ? -1 : x->lane > y->lane;
}

static int
compare_segments(const void *a, const void *b)
{
	const struct cursor_segment *x = a, *y = b;

	return x->created < y->created ? -1 : x->created > y->created;
}

/* Makes room for one more in an array of n. */
static void
make_room(void *array, size_t n, size_t size)
{
	void **p = array;

	if (n != 0 && (n & (n - 1)) != 0)
		return;
	*p = reallocarray(*p, n == 0 ? 1 : 2 * n, size);
	if (*p == NULL)
		err(1, "memory");
}

static int
take_line(struct cursor *c, const char *line)
{
	struct cursor_segment s;
	struct cursor_lane l = { .knows_total = 1 };
	char total[24], rest;

	if (sscanf(line, "time %" SCNu64 " %c", &c->time, &rest) == 1)
		return 0;
	if (sscanf(line, "segment %" SCNu64 " %" SCNu64 " %" SCNu64 " %c",
		&s.created, &s.generation, &s.tombs, &rest) == 3) {
		make_room(&c->segments, c->nsegments, sizeof(s));
		c->segments[c->nsegments++] = s;
		return 0;
	}
	if (sscanf(line,
		"lane %" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu64
		" %23s %" SCNu32 " %" SCNu64 " %" SCNu64 " %c",
		&l.created, &l.serial, &l.lane, &l.number, total, &l.pid,
		&l.start, &l.id, &rest) != 8)
		return -1;
	if (strcmp(total, "-") == 0)
		l.knows_total = 0;
	else if (parse_number(total, 0, UINT64_MAX, &l.total) != 0)
		return -1;
	make_room(&c->lanes, c->nlanes, sizeof(l));
	c->lanes[c->nlanes++] = l;
	return 0;
}

static void
read_lines(struct cursor *c, FILE *f)
{
	char line[256];
	unsigned n = 1;

	if (fgets(line, sizeof(line), f) == NULL) {
		if (ferror(f))
			err(1, "--cursor-file %s", c->path);
		warnx("--cursor-file %s: is empty: begins as without it",
		    c->path);
		return;
	}
	if (strcmp(line, HEAD) != 0)
		errx(1, "--cursor-file %s: line 1: not a cursor file", c->path);
	while (fgets(line, sizeof(line), f) != NULL) {
		n++;
		if (take_line(c, line) != 0)
			errx(1, "--cursor-file %s: line %u: makes no sense",
			    c->path, n);
	}
	if (ferror(f))
		err(1, "--cursor-file %s", c->path);
}

/* Before anything is shown: what cannot be written then is wrong now. */
static void
try_to_write(const struct cursor *c)
{
	int fd = open(c->beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		err(1, "--cursor-file %s", c->path);
	close(fd);
	(void)unlink(c->beside);
}

struct cursor *
cursor_open(const char *path)
{
	struct cursor *c = calloc(1, sizeof(*c));
	FILE *f = fopen(path, "re");

	if (c == NULL || asprintf(&c->beside, "%s.new", path) == -1)
		err(1, "memory");
	c->path = path;
	if (f == NULL) {
		if (errno != ENOENT)
			err(1, "--cursor-file %s", path);
		try_to_write(c);
		return c;
	}
	read_lines(c, f);
	(void)fclose(f);
	try_to_write(c);
	qsort(
	    c->segments, c->nsegments, sizeof(*c->segments), compare_segments);
	qsort(c->lanes, c->nlanes, sizeof(*c->lanes), compare_lanes);
	return c;
}

void
cursor_free(struct cursor *c)
{
	if (c == NULL)
		return;
	free(c->beside);
	free(c->segments);
	free(c->lanes);
	free(c);
}

int
cursor_is_set(const struct cursor *c)
{
	return c != NULL && c->nsegments != 0;
}

uint64_t
cursor_time(const struct cursor *c)
{
	return c->time;
}

const struct cursor_lane *
cursor_lane(
    const struct cursor *c, uint64_t created, uint64_t serial, uint32_t lane)
{
	const struct cursor_lane key = {
		.created = created, .serial = serial, .lane = lane
	};

	if (!cursor_is_set(c) || c->nlanes == 0)
		return NULL;
	return bsearch(
	    &key, c->lanes, c->nlanes, sizeof(*c->lanes), compare_lanes);
}

const struct cursor_lane *
cursor_ancestor(const struct cursor *c, const struct tail_lane *l)
{
	const struct tail_stream *s = l->stream;
	const struct cursor_lane *newest = NULL, *k;

	if (!cursor_is_set(c) || s->plan.id == 0)
		return NULL;
	for (size_t i = 0; i < c->nlanes; i++) {
		k = &c->lanes[i];
		if (k->knows_total && k->created < s->source->created &&
		    k->id == s->plan.id && k->lane == l->number &&
		    k->pid == s->entry.d.owner_pid &&
		    k->start == s->entry.d.owner_start)
			newest = k;
	}
	return newest;
}

static const struct cursor_segment *
find_segment(const struct cursor *c, uint64_t created)
{
	const struct cursor_segment key = { .created = created };

	return bsearch(&key, c->segments, c->nsegments, sizeof(*c->segments),
	    compare_segments);
}

/* The one that was current. */
static const struct cursor_segment *
newest(const struct cursor *c)
{
	return &c->segments[c->nsegments - 1];
}

int
cursor_source(const struct cursor *c, struct tail_source *src)
{
	const struct cursor_segment *s = find_segment(c, src->created);

	src->young = 1;
	if (s != NULL)
		src->looked = s->tombs;
	return s == NULL && src->created < newest(c)->created ? -1 : 0;
}

int
cursor_gap(const struct cursor *c, const struct tail *t)
{
	const struct tail_source *src;
	uint64_t between = 0, generation;

	for (size_t i = 0; i < c->nsegments; i++) {
		TAILQ_FOREACH(src, &t->sources, link)
			if (src->created == c->segments[i].created)
				break;
		if (src == NULL)
			return 1;
	}
	TAILQ_FOREACH(src, &t->sources, link)
		between += src->created > newest(c)->created;
	generation = t->attach.segment.plan.generation;
	return generation > newest(c)->generation &&
	       generation - newest(c)->generation > between;
}

static void
put_lane(FILE *f, const struct tail_lane *l)
{
	const struct tail_stream *s = l->stream;
	uint64_t number = lane_number(l);
	char total[24] = "-";

	/* one without records so far goes on for nobody knows which */
	if (l->has_pred)
		(void)snprintf(
		    total, sizeof(total), "%" PRIu64, l->pred.total + number);
	(void)fprintf(f,
	    "lane %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %s %" PRIu32
	    " %" PRIu64 " %" PRIu64 "\n",
	    s->source->created, s->serial, l->number, number, total,
	    s->entry.d.owner_pid, s->entry.d.owner_start, s->plan.id);
}

static void
put_source(FILE *f, const struct tail_source *src)
{
	const struct tail_stream *s;

	if (src->segment == NULL || !src->listed)
		return;
	(void)fprintf(f, "segment %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
	    src->created, src->segment->plan.generation, src->looked);
	TAILQ_FOREACH(s, &src->streams, link)
		for (uint32_t i = 0; s->opened && i < s->plan.lanes; i++)
			put_lane(f, &s->lanes[i]);
}

static int
write_all(const struct cursor *c, const struct tail *t)
{
	const struct tail_source *src;
	int fd =
	    open(c->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd == -1 ? NULL : fdopen(fd, "w");
	int bad;

	if (f == NULL) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	(void)fprintf(f, HEAD "time %" PRIu64 "\n", clock_real());
	TAILQ_FOREACH(src, &t->sources, link)
		put_source(f, src);
	bad = ferror(f);
	bad |= fclose(f) != 0;
	if (!bad && rename(c->beside, c->path) == 0)
		return 0;
	bad = errno;
	(void)unlink(c->beside);
	errno = bad;
	return -1;
}

/* Changes when there is something new to be written down. */
static uint64_t
passed(const struct tail *t)
{
	return t->passed + t->show->losses;
}

int
cursor_due(const struct cursor *c)
{
	return c != NULL && clock_mono() - c->saved_at >= SAVE_EVERY;
}

int
cursor_save(struct cursor *c, struct tail *t, int last)
{
	if (!last && (passed(t) == c->passed || !cursor_due(c)))
		return 0;
	c->saved_at = clock_mono();
	c->passed = passed(t);
	if (write_all(c, t) == 0) {
		c->failed = 0;
		return 0;
	}
	if (!c->failed)
		warn("--cursor-file %s", c->path);
	c->failed = 1;
	return -1;
}
