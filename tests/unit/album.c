/*
 * album.c -- see album.h
 */
#include "tests/unit/album.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/attach.h"

static void
line_stream(struct buffer *b, const struct descriptor *d)
{
	buffer_stream(b, d);
	buffer_printf(b, " %s %u %ju %ju", d->owner, d->owner_uid,
	    (uintmax_t)d->owner_start, (uintmax_t)d->created);
}

static void
line_tag(struct buffer *b, const char *name, size_t n)
{
	buffer_put(b, name, n);
}

/* What a damaged dictionary or stream may change comes last, behind a bar. */
static void
line_record(struct buffer *b, struct rec *r)
{
	buffer_printf(b, "%ju-%ju-%u-%ju %u %u %ju %ju ",
	    (uintmax_t)r->stream->created, (uintmax_t)r->stream->serial,
	    r->lane, (uintmax_t)r->number, r->head->level, r->head->flags,
	    (uintmax_t)r->head->id, (uintmax_t)r->head->time);
	buffer_put(b, r->text.text, r->text.n);
	buffer_printf(b, " | %u ", r->head->tag);
	buffer_put(b, r->tag->text.text, r->tag->text.n);
	buffer_byte(b, ' ');
	buffer_put(b, r->stream->label.data, r->stream->label.n);
	buffer_byte(b, '\n');
}

static void
line_lost(struct buffer *b, const struct out_loss *l)
{
	buffer_printf(b, "lost %ju%s", (uintmax_t)l->records,
	    l->at_least ? "+ of " : " of ");
	if (l->of != NULL)
		line_stream(b, l->of);
	buffer_byte(b, '\n');
}

static const struct out line_out = { .name = "line",
	.stream = line_stream,
	.tag = line_tag,
	.record = line_record,
	.lost = line_lost };

static void
name_stream(struct album *a, size_t i, uint64_t serial)
{
	struct rec_stream **two[] = { &a->of_text[i], &a->of_file[i] };
	struct descriptor *d = &a->d[i];

	memset(d, 0, sizeof(*d));
	(void)snprintf(d->type, sizeof(d->type), "type%zu", i);
	(void)snprintf(
	    d->ident, sizeof(d->ident), "ident%ju", (uintmax_t)serial);
	(void)snprintf(d->owner, sizeof(d->owner), "owner%zu", i);
	d->owner_pid = 100 + (uint32_t)i;
	d->owner_uid = 1000;
	d->owner_start = 5555;
	d->created = 6666;
	for (size_t k = 0; k < 2; k++) {
		*two[k] = rec_stream_new();
		(*two[k])->created = 7777 + i / 2;
		(*two[k])->serial = serial;
		show_stream(k == 0 ? &a->text : &a->file_show, *two[k], d);
	}
}

void
album_open(struct album *a, int append)
{
	a->file_show.capture = capture_create(a->file, append, -1);
	ck_assert_ptr_nonnull(a->file_show.capture);
}

int
album_close(struct album *a)
{
	struct capture *c = a->file_show.capture;

	a->file_show.capture = NULL;
	return capture_close(c);
}

void
album_begin(struct album *a)
{
	memset(a, 0, sizeof(*a));
	a->dirfd = unit_mkdir(a->path);
	(void)snprintf(a->file, sizeof(a->file), "%s/capture", a->path);
	stop_init();
	show_init(&a->text, &line_out, -1);
	show_begin(&a->text);
	show_init(&a->file_show, &line_out, -1);
	show_begin(&a->file_show);
	for (size_t i = 0; i < ALBUM_STREAMS; i++)
		name_stream(a, i, 10 * (i + 1));
	a->head.level = 6;
	a->head.time = 1000;
	album_open(a, 0);
}

void
album_end(struct album *a)
{
	for (size_t i = 0; i < ALBUM_STREAMS; i++) {
		rec_stream_drop(a->of_text[i]);
		rec_stream_drop(a->of_file[i]);
	}
	if (a->file_show.capture != NULL)
		(void)album_close(a);
	show_fini(&a->text);
	show_fini(&a->file_show);
	unit_rmdir(a->path, a->dirfd);
}

void
album_learn(struct album *a, size_t i, enum dict_kind kind, uint32_t id,
    const char *text)
{
	show_learn(&a->text, a->of_text[i], kind, id, text, strlen(text));
	show_learn(&a->file_show, a->of_file[i], kind, id, text, strlen(text));
}

static void
put(struct show *show, struct rec_stream *stream, const struct record *head,
    struct bytes payload, uint32_t lane, uint64_t number)
{
	struct rec r = {
		.head = head,
		.stream = stream,
		.tag = show_tag(show, stream, head->tag),
		.payload = payload,
		.lane = lane,
		.number = number,
	};

	show_record(show, &r);
}

void
album_put(struct album *a, size_t i, uint32_t lane, uint64_t number,
    const void *payload, size_t n)
{
	struct bytes p = { payload, n };

	a->head.length = (uint32_t)(sizeof(a->head) + n);
	put(&a->text, a->of_text[i], &a->head, p, lane, number);
	put(&a->file_show, a->of_file[i], &a->head, p, lane, number);
	a->head.time++;
}

void
album_put_text(
    struct album *a, size_t i, uint32_t lane, uint64_t number, const char *text)
{
	album_put(a, i, lane, number, text, strlen(text));
}

void
album_lost(struct album *a, const struct descriptor *of, uint64_t records,
    int at_least)
{
	show_lost(&a->text, of, records, at_least);
	show_lost(&a->file_show, of, records, at_least);
}

void
album_forget(struct album *a, size_t i)
{
	uint64_t serial = a->of_text[i]->serial + 1;

	rec_stream_drop(a->of_text[i]);
	rec_stream_drop(a->of_file[i]);
	name_stream(a, i, serial);
}

const char *
album_text(struct album *a)
{
	(void)buffer_room(&a->text.to, 1);
	a->text.to.data[a->text.to.n] = '\0';
	return a->text.to.data;
}

static int heard = -1;

void
album_listen(void)
{
	if (heard == -1)
		heard = memfd_create("heard", MFD_CLOEXEC);
	ck_assert_int_ne(heard, -1);
	ck_assert_int_eq(ftruncate(heard, 0), 0);
	ck_assert_int_eq(lseek(heard, 0, SEEK_SET), 0);
	ck_assert_int_ne(dup2(heard, STDERR_FILENO), -1);
}

const char *
album_said(void)
{
	static char text[65536];
	ssize_t n = pread(heard, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static struct buffer last;

static void
read_fd(int fd, struct reading *r)
{
	struct show show;

	ck_assert_int_ne(fd, -1);
	if (last.data != NULL)
		buffer_free(&last);
	show_init(&show, &line_out, -1);
	show_begin(&show);
	album_listen();
	r->result = capture_show(fd, "it", &show);
	r->said = album_said();
	buffer_byte(&show.to, '\0');
	last = show.to;
	buffer_init(&show.to, -1);
	show_fini(&show);
	r->text = last.data;
}

void
album_read(struct album *a, struct reading *r)
{
	album_read_file(a->file, r);
}

void
album_read_file(const char *path, struct reading *r)
{
	read_fd(open(path, O_RDONLY | O_CLOEXEC), r);
}

static int
file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("bytes", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

void
album_read_bytes(const void *bytes, size_t n, struct reading *r)
{
	read_fd(file_of(bytes, n), r);
}

static void
limit_files(uint64_t room)
{
	struct rlimit limit = { .rlim_cur = room == 0 ? RLIM_INFINITY : room,
		.rlim_max = RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void
album_copy_bytes(
    const void *bytes, size_t n, struct copying *how, struct reading *r)
{
	int fd = file_of(bytes, n);
	struct show show;

	album_listen();
	limit_files(how->room);
	show_init(&show, &line_out, -1);
	show_begin(&show);
	/* as if there were something to choose */
	show.any = !how->one_by_one;
	show.capture = capture_create(how->to, how->append, -1);
	ck_assert_ptr_nonnull(show.capture);
	how->result = capture_show(fd, "it", &show);
	if (capture_close(show.capture) != 0)
		how->result = -1;
	show_fini(&show);
	limit_files(0);
	(void)snprintf(how->said, sizeof(how->said), "%s", album_said());
	album_read_file(how->to, r);
}

uint8_t *
album_bytes(const struct album *a, size_t *n)
{
	int fd = open(a->file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *p;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*n = (size_t)st.st_size;
	p = malloc(*n + 1);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(read(fd, p, *n), st.st_size);
	close(fd);
	return p;
}
