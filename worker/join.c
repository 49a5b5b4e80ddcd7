/*
 * join.c -- get sections from the daemon, and from the next one.
 *
 * A connection goes through these steps, each of which may have to wait for an
 * answer and is taken up again by whichever call comes next:
 *
 *	connect, HELLO			the segment's descriptor
 *	for each part that has no section in that segment:
 *	ALLOC				a section, which we map
 *	prepare()			the part fills it in
 *	PUBLISH				readers see it
 *	move()				the part leaves its old place for it
 *
 * When the connection breaks, a part that has a section goes on writing to it.
 * If the same daemon is there again (its segment is the same), a PUBLISH whose
 * answer was lost is sent again, which is harmless; if it is another one, all
 * parts want a section of it.
 *
 * Everything here runs with log->busy held, and so in one thread at a time;
 * it uses only what is async-signal-safe, for a put in a signal handler may be
 * what joins.
 */
#include "worker/internal.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/shared.h"

#define ON_THEIR_WAY_MAX 16 /* requests without an answer yet */

static void
unmap_place(struct place *place)
{
	if (place->map != NULL)
		munmap(place->map, place->length);
	memset(place, 0, sizeof(*place));
}

/* The timer is what makes shmlog_fd() readable while there is no daemon. */
static void
set_timer(struct shmlog *log, int on)
{
	struct itimerspec t = { { on, 0 }, { on, 0 } };

	if (log->ticks == on)
		return;
	if (timerfd_settime(log->timer, 0, &t, NULL) == 0)
		log->ticks = on;
}

/* Sends a request; 0, or -1 with EAGAIN, or with the connection closed. */
static int
ask(struct shmlog *log, enum message_op op, union message *m, uint32_t *awaited)
{
	uint32_t length = message_request_length(op);

	if (++log->number == 0)
		log->number = 1;
	message_head(&m->head, op, length, log->number, MESSAGE_OK);
	if (message_send(log->socket, m, length, -1) == 0) {
		if (awaited != NULL)
			*awaited = log->number;
		return 0;
	}
	if (errno != EAGAIN)
		join_hang_up(log);
	return -1;
}

static void
start(struct shmlog *log, int64_t now)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };
	union message m = { 0 };

	if (now - log->attempt < JOIN_EVERY_NS)
		return;
	log->attempt = now;
	log->waited = 0;
	log->unreachable = 0;
	for (int i = 0; i < log->directories && log->socket == -1; i++) {
		log->socket = fd_above(instance_dial(log->directory[i]));
		/* anything else may pass when a daemon comes */
		if (log->socket == -1 && (errno == EACCES || errno == EPERM))
			log->unreachable = errno;
	}
	if (log->socket == -1)
		return;
	log->unreachable = 0;
	(void)epoll_ctl(log->epoll, EPOLL_CTL_ADD, log->socket, &event);
	(void)ask(log, MESSAGE_HELLO, &m, &log->awaited);
}

void
join_hang_up(struct shmlog *log)
{
	if (log->socket == -1)
		return;
	/* a child of clone(2) may have it open still: tell epoll ourselves */
	(void)epoll_ctl(log->epoll, EPOLL_CTL_DEL, log->socket, NULL);
	close(log->socket);
	log->socket = -1;
	log->said_hello = 0;
	log->awaited = 0;
	for (struct part *p = log->parts; p != NULL; p = p->following) {
		p->awaited = 0;
		if (p->state == PART_ALLOCATES)
			p->state = PART_WANTS;
	}
}

static int
status_errno(uint32_t status)
{
	switch ((enum message_status)status) {
	case MESSAGE_OK:
		return 0;
	case MESSAGE_NO_SPACE:
	case MESSAGE_NO_SECTIONS:
		return ENOSPC;
	case MESSAGE_OVER_LIMIT:
		return EDQUOT;
	case MESSAGE_NOT_YOURS:
	case MESSAGE_DENIED:
		return EACCES;
	case MESSAGE_BAD_VERSION:
	case MESSAGE_BAD_REQUEST:
	case MESSAGE_BAD_OPERATION:
	case MESSAGE_BAD_ARGUMENT:
	case MESSAGE_BAD_SECTION:
		break;
	}
	return EPROTO;
}

void
part_abandon(struct part *part)
{
	unmap_place(&part->next);
	part->state = PART_WANTS;
	part->awaited = 0;
	part->error = 0;
}

/* A part was refused: it asks again in a second. */
static void
refuse(struct part *part, int error)
{
	unmap_place(&part->next);
	part->state = PART_WANTS;
	part->error = error;
	part->retry = clock_mono() + JOIN_EVERY_NS;
}

/* The daemon answered HELLO: is it the one we know? */
static void
on_hello(struct shmlog *log, const struct message_hello *m, int fd)
{
	struct segment_plan plan;
	void *head;

	fd = fd_above(fd);
	if (m->head.status != MESSAGE_OK || fd == -1 ||
	    segment_check(fd, &plan) != SEGMENT_OK ||
	    plan.created != m->created) {
		if (fd != -1)
			close(fd);
		log->unreachable = m->head.status == MESSAGE_OK
				       ? EPROTO
				       : status_errno(m->head.status);
		join_hang_up(log);
		return;
	}
	head = mmap((void *)(uintptr_t)log->head, SEGMENT_PAGE, PROT_READ,
	    MAP_SHARED | MAP_FIXED, fd, 0);
	if (head == MAP_FAILED) {
		close(fd);
		join_hang_up(log);
		return;
	}
	if (log->segment != -1)
		close(log->segment);
	log->segment = fd;
	log->segment_size = plan.segment_size;
	log->desc_offset = plan.desc_offset;
	log->desc_stride = plan.desc_stride;
	log->desc_count = plan.desc_count;
	log->created = plan.created;
	log->heartbeat = shared_load(&log->head->heartbeat);
	log->said_hello = 1;
	for (struct part *p = log->parts; p != NULL; p = p->following) {
		p->error = 0;
		if (p->next.map != NULL && p->next.created != log->created)
			unmap_place(&p->next);
		if (p->place.created != log->created && p->next.map == NULL)
			p->state = PART_WANTS;
	}
}

/*
 * If the socket is full, for the daemon is stopped, we hang up instead: it then
 * looks at the sections that came through this connection, whether they say
 * that they are freed.
 */
static void
send_free(struct shmlog *log, uint64_t serial, uint32_t index)
{
	union message m = { .section = { .serial = serial, .index = index } };

	if (log->socket != -1 && log->said_hello &&
	    ask(log, MESSAGE_FREE, &m, NULL) != 0)
		join_hang_up(log);
}

/* A section was reserved: map it. */
static void
on_alloc(struct part *part, const struct message_section *m)
{
	struct shmlog *log = part->log;
	void *map;

	if (m->head.status != MESSAGE_OK) {
		refuse(part, status_errno(m->head.status));
		return;
	}
	if (m->length < part->length || m->offset % SEGMENT_PAGE != 0 ||
	    m->offset == 0 || m->offset > log->segment_size ||
	    m->index >= log->desc_count ||
	    m->length > log->segment_size - m->offset) {
		refuse(part, EPROTO);
		return;
	}
	map = mmap(NULL, part->length, PROT_READ | PROT_WRITE, MAP_SHARED,
	    log->segment, (off_t)m->offset);
	if (map == MAP_FAILED) {
		send_free(log, m->serial, m->index);
		refuse(part, ENOMEM);
		return;
	}
	part->next = (struct place){
		.created = log->created,
		.serial = m->serial,
		.offset = m->offset,
		.length = part->length,
		.index = m->index,
		.map = map,
	};
	part->state = PART_FILLS;
}

static void
on_answer(struct shmlog *log, const union message *m, int fd)
{
	uint32_t number = m->head.number;
	struct part *p;

	if (!log->said_hello && number == log->awaited &&
	    m->head.operation == MESSAGE_HELLO) {
		on_hello(log, &m->hello, fd);
		return;
	}
	if (fd != -1)
		close(fd);
	/* 0 is nobody's number: parts that await nothing have it */
	if (number == 0)
		return;
	for (p = log->parts; p != NULL && p->awaited != number;)
		p = p->following;
	if (p == NULL) {
		/* of a part that was freed meanwhile */
		if (m->head.operation == MESSAGE_ALLOC &&
		    m->head.status == MESSAGE_OK)
			send_free(log, m->section.serial, m->section.index);
		return;
	}
	p->awaited = 0;
	if (p->state == PART_ALLOCATES && m->head.operation == MESSAGE_ALLOC)
		on_alloc(p, &m->section);
	else if (p->state == PART_PUBLISHES && m->head.status == MESSAGE_OK)
		p->state = PART_MOVES;
	else if (p->state == PART_PUBLISHES) {
		/* it is reserved for us still: another one comes instead */
		send_free(log, p->next.serial, p->next.index);
		refuse(p, status_errno(m->head.status));
	}
}

/* Takes what answers there are; the connection may be gone afterwards. */
static void
listen_to(struct shmlog *log)
{
	union message m;
	int fd, n;

	while (log->socket != -1) {
		n = message_receive(log->socket, &m, &fd);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n < (int)sizeof(m.head) ||
		    m.head.version != MESSAGE_VERSION ||
		    (m.head.status == MESSAGE_OK &&
			(uint32_t)n !=
			    message_answer_length(m.head.operation))) {
			/* hung up, or nobody that we know how to talk to */
			if (fd != -1)
				close(fd);
			join_hang_up(log);
			return;
		}
		on_answer(log, &m, fd);
	}
}

static void
ask_alloc(struct part *part)
{
	union message m = { .alloc = { .length = part->length,
				.origin_created = part->place.created,
				.origin_serial = part->place.serial } };

	memcpy(m.alloc.class, part->class, sizeof(m.alloc.class));
	memcpy(m.alloc.type, part->type, sizeof(m.alloc.type));
	memcpy(m.alloc.ident, part->ident, sizeof(m.alloc.ident));
	if (ask(part->log, MESSAGE_ALLOC, &m, &part->awaited) == 0)
		part->state = PART_ALLOCATES;
}

static void
ask_publish(struct part *part)
{
	union message m = { .section = { .serial = part->next.serial,
				.index = part->next.index } };

	if (ask(part->log, MESSAGE_PUBLISH, &m, &part->awaited) == 0)
		part->state = PART_PUBLISHES;
}

/* Takes a part as far as it goes without an answer. */
static void
advance(struct part *part, int64_t now)
{
	if (part->state == PART_WANTS &&
	    (part->error == 0 || now >= part->retry))
		ask_alloc(part);
	if (part->state == PART_FILLS && part->ops->prepare(part) == 0)
		ask_publish(part);
	/* the answer was lost with the connection */
	if (part->state == PART_PUBLISHES && part->awaited == 0)
		ask_publish(part);
	if (part->state == PART_MOVES && part->ops->move(part) == 0) {
		part->place = part->next;
		memset(&part->next, 0, sizeof(part->next));
		part->state = PART_ATTACHED;
		part->error = 0;
	}
}

enum progress {
	JOINED,    /* all parts are where they belong */
	REFUSED,   /* some are not, and will not be for a while */
	WAITING,   /* for an answer */
	POSTPONED, /* for a lock that somebody holds */
	NO_DAEMON,
};

/* `began' is when this call did, and later by what it has waited since. */
static enum progress
advance_all(struct shmlog *log, int64_t began)
{
	enum progress progress = JOINED;
	int on_their_way = 0;
	int64_t now;

	log->refused = 0;
	for (struct part *p = log->parts; p != NULL; p = p->following) {
		if (on_their_way >= ON_THEIR_WAY_MAX)
			break;
		/* sets take time to move, 4 ms a MiB: others go on in a later
		 * call */
		if (p->state != PART_ATTACHED) {
			now = clock_mono();
			if (now - began > JOIN_WORK_NS)
				return POSTPONED;
			advance(p, now);
		}
		if (log->socket == -1)
			return NO_DAEMON;
		if (p->state == PART_ATTACHED)
			continue;
		if (p->awaited != 0) {
			on_their_way++;
			progress = WAITING;
		} else if (p->state == PART_WANTS && p->error != 0) {
			log->refused = p->error;
			if (progress == JOINED)
				progress = REFUSED;
		} else if (progress != WAITING) {
			progress = POSTPONED;
		}
	}
	return progress;
}

static enum progress
step(struct shmlog *log, int64_t began)
{
	listen_to(log);
	if (log->socket == -1)
		return NO_DAEMON;
	return log->said_hello ? advance_all(log, began) : WAITING;
}

/* Waits for the socket, `wait' ns at most, in this attempt JOIN_WAIT_NS. */
static int
wait_for_answer(struct shmlog *log, int64_t *wait)
{
	struct pollfd pfd = { .fd = log->socket, .events = POLLIN };
	int64_t before = clock_mono(), left = JOIN_WAIT_NS - log->waited;
	struct timespec ts = { 0 };
	int n;

	if (left > *wait)
		left = *wait;
	if (left <= 0)
		return 0;
	ts.tv_nsec = left;
	n = ppoll(&pfd, 1, &ts, NULL);
	before = clock_mono() - before;
	log->waited += before;
	*wait -= before;
	return n > 0;
}

/* Sets when a put looks again, and returns what join_run() is to return. */
static int
outcome(struct shmlog *log, enum progress progress)
{
	int64_t now = clock_coarse();

	set_timer(log, progress != JOINED);
	number_set(&log->look_at,
	    progress == JOINED ? clock_real() + LOOK_EVERY_NS : 0);
	log->all_attached = progress == JOINED;
	switch (progress) {
	case JOINED:
		log->poke = now;
		return 0;
	case WAITING:
	case POSTPONED:
		log->poke = now + JOIN_POLL_NS;
		break;
	case REFUSED:
		log->poke = now + JOIN_EVERY_NS;
		errno = log->refused;
		return -1;
	case NO_DAEMON:
		log->poke = log->attempt + JOIN_EVERY_NS;
		if (log->unreachable == 0)
			break;
		errno = log->unreachable;
		return -1;
	}
	errno = EAGAIN;
	return -1;
}

int
join_run(struct shmlog *log, int64_t wait)
{
	enum progress progress = NO_DAEMON;
	int64_t began = clock_mono() + wait;

	if (log->socket == -1)
		start(log, clock_mono());
	while (log->socket != -1) {
		progress = step(log, began - wait);
		if (progress != WAITING || !wait_for_answer(log, &wait))
			break;
	}
	return outcome(log, progress);
}

int
join_look(struct shmlog *log, int always)
{
	uint64_t heartbeat = shared_load(&log->head->heartbeat);
	int beats = heartbeat != log->heartbeat;
	int superseded = shared_load(&log->head->superseded) != 0;

	for (struct part *p = log->parts; p != NULL; p = p->following)
		p->ops->tidy(p);
	log->heartbeat = heartbeat;
	if (!superseded && beats && log->all_attached && !always)
		return outcome(log, JOINED);
	/* but not on the next one, which has yet to answer HELLO */
	if (superseded && log->said_hello)
		join_hang_up(log);
	return join_run(log, JOIN_WAIT_NS);
}

void
join_poke(struct shmlog *log)
{
	int saved;

	if (!log_try(log))
		return;
	if (clock_coarse() >= log->poke) {
		saved = errno;
		(void)join_look(log, 0);
		errno = saved;
	}
	log_unlock(log);
}

void
join_remove(struct part *part)
{
	struct shmlog *log = part->log;
	struct part **at;
	int saved = errno;

	/* in the newest first: who finds it in an old one finds it there */
	part->ops->mark(part, part->next.map);
	if (part->place.created != 0 && part->place.created == log->created)
		send_free(log, part->place.serial, part->place.index);
	if (part->next.map != NULL && part->next.created == log->created)
		send_free(log, part->next.serial, part->next.index);
	unmap_place(&part->next);
	for (at = &log->parts; *at != NULL; at = &(*at)->following)
		if (*at == part) {
			*at = part->following;
			break;
		}
	/* the timer is what tells now when to look again */
	if (log->socket == -1)
		(void)outcome(log, NO_DAEMON);
	errno = saved;
}
