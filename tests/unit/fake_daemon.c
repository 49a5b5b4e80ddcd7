/*
 * fake_daemon.c -- a daemon that does what a test tells it to.
 */
#include "tests/unit/fake_daemon.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/instance.h"
#include "common/shared.h"
#include "tests/unit/unit.h"
#include "worker/figures.h"

#define DAEMON_SIZE (UINT64_C(8) << 20)

static enum message_status
carry_out(struct fake_daemon *f, const union message *m, union message *answer)
{
	struct fake_section *s;
	uint64_t offset = f->plan.data_offset;
	uint32_t n = f->sections;

	answer->section = m->section;
	switch (m->head.operation) {
	case MESSAGE_HELLO:
		if (f->refuse_hello != 0)
			return (enum message_status)f->refuse_hello;
		answer->hello.created = f->plan.created;
		answer->hello.segment_size = f->plan.segment_size;
		return MESSAGE_OK;
	case MESSAGE_ALLOC:
		if (f->refuse != 0)
			return (enum message_status)f->refuse;
		if (n == DAEMON_SECTIONS)
			return MESSAGE_NO_SECTIONS;
		s = &f->section[n];
		if (n > 0)
			offset = s[-1].offset + s[-1].length;
		s->serial = n + 1;
		s->offset = offset;
		s->length = round_up(m->alloc.length, SEGMENT_PAGE);
		memcpy(s->class, m->alloc.class, CLASS_MAX);
		f->sections = n + 1;
		answer->section.serial = s->serial;
		answer->section.index =
		    f->rubbish_index ? f->plan.desc_count : n;
		answer->section.offset =
		    f->rubbish ? f->plan.segment_size : offset;
		answer->section.length = s->length;
		return MESSAGE_OK;
	case MESSAGE_PUBLISH:
	case MESSAGE_FREE:
		expect(m->section.index < n);
		s = &f->section[m->section.index];
		expect_eq(s->serial, m->section.serial);
		if (m->head.operation == MESSAGE_PUBLISH)
			s->published++;
		else
			s->freed++;
		return MESSAGE_OK;
	}
	return MESSAGE_OK;
}

static void
drop(struct fake_daemon *f)
{
	close(f->client);
	f->client = -1;
}

static void
serve(struct fake_daemon *f)
{
	union message m, answer;
	int n = message_receive(f->client, &m, NULL), op, fd;
	enum message_status status;

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		drop(f);
		return;
	}
	op = m.head.operation;
	expect_eq((uint32_t)n, message_request_length((uint32_t)op));
	f->requests[op]++;
	if (f->mute || f->mute_at == op)
		return;
	if (f->hang_up_at == op && !f->do_it_first) {
		f->hang_up_at = 0;
		drop(f);
		return;
	}
	status = carry_out(f, &m, &answer);
	if (f->hang_up_at == op) {
		f->hang_up_at = 0;
		drop(f);
		return;
	}
	message_head(&answer.head, (enum message_op)op,
	    message_answer_length((uint32_t)op), m.head.number, status);
	fd = -1;
	if (op == MESSAGE_HELLO && status == MESSAGE_OK)
		fd = openat(f->dirfd, SEGMENT_FILE, O_RDWR | O_CLOEXEC);
	/* who frees and closes at once does not wait for the answer */
	if (message_send(f->client, &answer, f->pieces ? 8 : answer.head.length,
		fd) != 0 ||
	    (f->pieces && message_send(f->client, (uint8_t *)&answer + 8,
			      answer.head.length - 8, -1) != 0))
		expect(errno == EPIPE || errno == ECONNRESET);
	if (fd != -1)
		close(fd);
}

static void *
run(void *arg)
{
	struct fake_daemon *f = arg;
	struct pollfd p[3] = { { .fd = f->quit[0], .events = POLLIN },
		{ .fd = f->listener, .events = POLLIN }, { .events = POLLIN } };

	for (;;) {
		p[2].fd = f->deaf ? -1 : f->client;
		p[2].revents = 0;
		/* not for ever: it may be deaf no more */
		if (poll(p, 3, 10) <= 0)
			continue;
		if (p[0].revents != 0 && p[2].revents == 0)
			break;
		if (p[1].revents != 0) {
			if (f->client != -1)
				drop(f);
			f->client = accept4(f->listener, NULL, NULL,
			    SOCK_NONBLOCK | SOCK_CLOEXEC);
			f->connections++;
		} else if (p[2].revents != 0) {
			serve(f);
		}
	}
	return NULL;
}

static void
listen_in(struct fake_daemon *f)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	(void)unlinkat(f->dirfd, SOCKET_FILE, 0);
	(void)snprintf(
	    sun.sun_path, sizeof(sun.sun_path), "%s/%s", f->dir, SOCKET_FILE);
	f->listener =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	expect(f->listener != -1);
	expect_eq(bind(f->listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	expect_eq(listen(f->listener, 16), 0);
}

void
daemon_start(struct fake_daemon *f, const char *dir, uint64_t generation)
{
	int fd;

	/* tests count sections; with streams' own ones they set it again */
	figures_wanted = 0;
	memset(f, 0, sizeof(*f));
	f->client = -1;
	if (dir == NULL) {
		f->dirfd = unit_mkdir(f->dir);
	} else {
		(void)snprintf(f->dir, sizeof(f->dir), "%s", dir);
		f->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	expect(f->dirfd != -1);
	(void)unlinkat(f->dirfd, SEGMENT_FILE, 0);
	fd = openat(f->dirfd, SEGMENT_FILE,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	expect_eq(posix_fallocate(fd, 0, DAEMON_SIZE), 0);
	f->base =
	    mmap(NULL, DAEMON_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(f->base != MAP_FAILED);
	close(fd);
	expect_eq(segment_plan(&f->plan, DAEMON_SIZE, DAEMON_SECTIONS, 60), 0);
	f->plan.created = f->plan.generation = generation;
	segment_create(f->base, &f->plan);
	listen_in(f);
	expect_eq(pipe2(f->quit, O_CLOEXEC), 0);
	expect_eq(pthread_create(&f->thread, NULL, run, f), 0);
}

void
daemon_kill(struct fake_daemon *f)
{
	expect_eq(write(f->quit[1], "", 1), 1);
	pthread_join(f->thread, NULL);
	close(f->listener);
	close(f->quit[0]);
	close(f->quit[1]);
	if (f->client != -1)
		drop(f);
}

void
daemon_supersede(struct fake_daemon *f, uint64_t created)
{
	shared_store(&((struct segment_header *)f->base)->superseded, created);
}

void
daemon_free(struct fake_daemon *f, int all)
{
	munmap(f->base, DAEMON_SIZE);
	if (all)
		unit_rmdir(f->dir, f->dirfd);
	else
		close(f->dirfd);
}
