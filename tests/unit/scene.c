/*
 * scene.c -- see scene.h.
 */
#include "tests/unit/scene.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/process.h"
#include "common/shared.h"

struct scene_daemon *
scene_now(struct scene *sc)
{
	return &sc->daemons[sc->n - 1];
}

static void
make(struct scene *sc, struct scene_daemon *d)
{
	char state;
	int fd;

	ck_assert_int_eq(
	    segment_plan(&d->plan, SCENE_SIZE, SCENE_SECTIONS, 60), 0);
	d->plan.created = UINT64_C(1000) + (uint64_t)sc->n;
	d->plan.generation = (uint64_t)sc->n;
	d->plan.master_pid = (uint64_t)getpid();
	d->plan.pid_ns = process_pid_ns();
	ck_assert_int_eq(process_boot_id(d->plan.boot_id), 0);
	ck_assert_int_eq(
	    process_start(getpid(), &d->plan.master_start, &state), 0);
	fd = openat(sc->dirfd, "new", O_RDWR | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, (off_t)SCENE_SIZE), 0);
	d->base =
	    mmap(NULL, SCENE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(d->base, MAP_FAILED);
	close(fd);
	segment_create(d->base, &d->plan);
	directory_create(&d->dir, d->base, &d->plan, d->changes, 0);
	directory_end(&d->dir);
	d->used = d->plan.data_offset;
}

void
scene_restart(struct scene *sc)
{
	struct scene_daemon *d = &sc->daemons[sc->n++], *old = d - 1;
	int prev;

	ck_assert_int_le(sc->n, SCENE_DAEMONS);
	make(sc, d);
	if (sc->n > 1) {
		(void)unlinkat(sc->dirfd, SEGMENT_PREV_FILE, 0);
		prev = linkat(
		    sc->dirfd, SEGMENT_FILE, sc->dirfd, SEGMENT_PREV_FILE, 0);
		ck_assert_int_eq(prev, 0);
	}
	ck_assert_int_eq(
	    renameat(sc->dirfd, "new", sc->dirfd, SEGMENT_FILE), 0);
	if (sc->n > 1)
		shared_store(&((struct segment_header *)old->base)->superseded,
		    d->plan.created);
}

void
scene_begin(struct scene *sc)
{
	memset(sc, 0, sizeof(*sc));
	sc->dirfd = unit_mkdir(sc->path);
	scene_restart(sc);
}

void
scene_end(struct scene *sc)
{
	scene_untail(sc);
	for (int i = 0; i < sc->n; i++)
		munmap(sc->daemons[i].base, SCENE_SIZE);
	(void)unlinkat(sc->dirfd, SEGMENT_PREV_FILE, 0);
	unit_rmdir(sc->path, sc->dirfd);
}

void
scene_list(struct scene_daemon *d)
{
	uint32_t last = d->plan.desc_count;

	directory_link(&d->dir, last, 0, 0);
	for (uint32_t i = 0; i < SCENE_SECTIONS; i++) {
		if (shared_load(&d->d[i].serial) == 0)
			continue;
		directory_link(&d->dir, last, i + 1, 0);
		directory_link(&d->dir, i, 0, 0);
		last = i;
	}
}

void
scene_prepare(struct scene *sc, struct scene_stream *st, const char *ident,
    uint32_t lanes, uint64_t lane_size)
{
	struct scene_daemon *d = scene_now(sc);
	struct descriptor *desc;
	char state;
	uint64_t length;

	memset(st, 0, sizeof(*st));
	st->daemon = d;
	while (shared_load(&d->d[st->index].serial) != 0)
		st->index++;
	ck_assert_uint_lt(st->index, SCENE_SECTIONS);
	desc = &d->d[st->index];
	length = stream_plan(&st->plan, lanes, lane_size, 4096);
	ck_assert_uint_ne(length, 0);
	st->serial = ++sc->serial;
	st->section = d->base + d->used;
	memset(desc, 0, sizeof(*desc));
	shared_store(&desc->serial, st->serial);
	desc->offset = d->used;
	desc->length = length;
	desc->owner_pid = (uint32_t)getpid();
	(void)process_start(getpid(), &desc->owner_start, &state);
	memcpy(desc->class, CLASS_LOG, sizeof(CLASS_LOG));
	memcpy(desc->type, "http", sizeof("http"));
	(void)snprintf(desc->ident, sizeof(desc->ident), "%s", ident);
	d->used += length;
	ck_assert_uint_le(d->used, SCENE_SIZE);
	st->plan.id = st->serial;
	st->plan.born = clock_real();
	stream_create(st->section, &st->plan);
	for (uint32_t i = 0; i < lanes; i++)
		ring_create(&st->w[i], stream_lane(st->section, &st->plan, i),
		    lane_size, 0);
}

void
scene_publish(struct scene_stream *st)
{
	struct scene_daemon *d = st->daemon;

	directory_begin(&d->dir);
	directory_store(&d->dir, st->index, &d->d[st->index]);
	scene_list(d);
	directory_end(&d->dir);
}

void
scene_stream(struct scene *sc, struct scene_stream *st, const char *ident,
    uint32_t lanes, uint64_t lane_size)
{
	scene_prepare(sc, st, ident, lanes, lane_size);
	scene_publish(st);
}

void
scene_join(struct scene *sc, struct scene_stream *to,
    const struct scene_stream *from, const char *ident)
{
	scene_prepare(sc, to, ident, from->plan.lanes, from->plan.lane_size);
	/* as the worker has it: the same stream, in another place */
	to->plan.id = from->plan.id;
	to->plan.born = from->plan.born;
	stream_create(to->section, &to->plan);
	for (uint32_t i = 0; i < from->plan.lanes; i++) {
		to->total[i] = from->total[i] + from->w[i].records;
		ring_set_pred(&to->w[i],
		    &(struct ring_pred){ .created = from->daemon->plan.created,
			.serial = from->serial,
			.lane = i,
			.records = from->w[i].records,
			.total = to->total[i] });
	}
	scene_publish(to);
}

void
scene_tag(struct scene_stream *st, uint32_t id, const char *name)
{
	ck_assert_int_eq(dict_add(st->section, &st->plan, &st->dict_used,
			     DICT_TAG, id, name, (uint32_t)strlen(name)),
	    0);
}

void
scene_put(struct scene_stream *st, uint32_t lane, uint16_t tag, uint64_t time,
    const char *text)
{
	char copy[512] = "";
	size_t n = strlen(text);
	struct record r = {
		.length = (uint32_t)(sizeof(r) + n),
		.tag = tag,
		.level = 6,
		.time = time,
	};

	ck_assert_uint_lt(n, sizeof(copy));
	memcpy(copy, text, n);
	ring_append(&st->w[lane], &r, copy);
}

void
scene_cool(struct scene_stream *st)
{
	struct descriptor *d = &st->daemon->d[st->index];

	memcpy(d->former, d->class, sizeof(d->former));
	memcpy(d->class, CLASS_COOL, sizeof(CLASS_COOL));
	scene_publish(st);
}

void
scene_bury(struct scene_stream *st)
{
	const struct descriptor *d = &st->daemon->d[st->index];
	struct tombstone tomb = { .lanes = st->plan.lanes,
		.owner_pid = d->owner_pid };

	shared_store(&tomb.serial, st->serial);
	memcpy(tomb.type, d->type, TYPE_MAX);
	memcpy(tomb.ident, d->ident, IDENT_MAX);
	for (uint32_t i = 0; i < st->plan.lanes; i++)
		tomb.records[i] = st->w[i].records;
	directory_bury(&st->daemon->dir, &tomb);
}

void
scene_reuse(struct scene_stream *st, int bury)
{
	struct scene_daemon *d = st->daemon;

	directory_begin(&d->dir);
	if (bury)
		scene_bury(st);
	shared_store(&d->d[st->index].serial, 0);
	directory_clear(&d->dir, st->index);
	scene_list(d);
	directory_end(&d->dir);
	memset(st->section, 0x5a, d->d[st->index].length);
}

static void
out_nothing(struct buffer *b, const struct descriptor *d)
{
	(void)b;
	(void)d;
}

static void
out_tag(struct buffer *b, const char *name, size_t n)
{
	buffer_put(b, name, n);
}

static void
out_record(struct buffer *b, struct rec *r)
{
	if (strcmp(r->tag->name, "-") != 0) {
		buffer_put(b, r->tag->text.text, r->tag->text.n);
		buffer_byte(b, '=');
	}
	buffer_put(b, r->text.text, r->text.n);
	buffer_byte(b, '\n');
}

static void
out_lost(struct buffer *b, const struct out_loss *l)
{
	buffer_text(b, l->of == NULL ? "unknown " : "lost ");
	buffer_number(b, l->records);
	buffer_text(b, l->at_least ? "+\n" : "\n");
}

const struct out scene_out = { "scene", out_nothing, out_tag, out_record,
	out_lost, NULL, NULL };

void
scene_tail(struct scene *sc, const struct out *out, enum tail_start start)
{
	struct choose choose = sc->show.choose;

	stop_init();
	show_init(&sc->show, out, -1);
	sc->show.choose = choose;
	show_begin(&sc->show);
	tail_init(&sc->t, &sc->show);
	sc->t.start = start;
	sc->t.cursor = sc->cursor;
	sc->t.attach.quiet = 1;
	ck_assert_int_eq(attach_open(&sc->t.attach, sc->path, 0), ATTACH_OK);
	sources_begin(&sc->t);
	sc->running = 1;
}

#define ROUNDS 400

const char *
scene_read(struct scene *sc)
{
	static struct buffer last;
	int still = 0;

	if (last.data != NULL)
		buffer_free(&last);
	/* the file is looked at once a second: here, at once */
	for (int i = 0; i < ROUNDS && still < 4; i++) {
		sc->t.attach.looked = 0;
		ck_assert_int_eq(tail_follow(&sc->t), 0);
		still = sc->t.busy || sc->t.pending ? 0 : still + 1;
		if (sc->t.pending && !sc->t.busy)
			usleep(10000);
	}
	buffer_byte(&sc->show.to, '\0');
	last = sc->show.to;
	buffer_init(&sc->show.to, -1);
	return last.data;
}

void
scene_untail(struct scene *sc)
{
	if (sc->running) {
		tail_fini(&sc->t);
		show_fini(&sc->show);
	}
	sc->running = 0;
	memset(&sc->t, 0, sizeof(sc->t));
}
