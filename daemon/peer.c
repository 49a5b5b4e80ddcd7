/*
 * peer.c -- know processes by their pidfd, and tell the store when they die.
 */
#include "daemon/peer.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/process.h"
#include "daemon/client.h"
#include "daemon/log.h"
#include "daemon/must.h"
#include "daemon/now.h"

#ifndef SO_PEERPIDFD /* Linux 6.5 */
#define SO_PEERPIDFD 77
#endif

#define PEER_MAGIC 0x70656572u

/* The peer is gone afterwards. */
static void
peer_free(struct peer *p)
{
	must(p->magic == PEER_MAGIC && TAILQ_EMPTY(&p->clients));
	LIST_REMOVE(p, all);
	p->peers->n--;
	if (p->death != NULL)
		event_free(p->death);
	if (p->pidfd != -1)
		close(p->pidfd);
	p->magic = 0;
	free(p);
}

/* The process is dead; the peer is gone afterwards. */
static void
peer_died(struct peer *p)
{
	struct peers *peers = p->peers;
	struct client *c, *next;
	pid_t pid = p->pid;
	uint64_t start = p->start;

	log_info("process %d (%s) has ended", (int)pid, p->name);
	p->dying = 1;
	TAILQ_FOREACH_SAFE(c, &p->clients, of_peer, next)
		peers->drop(c);
	peer_free(p);
	store_owner_died(peers->store, pid, start, now());
}

static void
on_death(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	peer_died(arg);
}

/* Whether a pidfd's process still runs. */
static int
is_alive(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static struct peer *
find(const struct peers *peers, pid_t pid, uint64_t start)
{
	struct peer *p;

	LIST_FOREACH(p, &peers->all, all)
		if (p->pid == pid && p->start == start)
			return p;
	return NULL;
}

/* Takes pidfd, also if it fails. */
static struct peer *
peer_new(struct peers *peers, pid_t pid, uint64_t start, int pidfd)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		if (pidfd != -1)
			close(pidfd);
		return NULL;
	}
	p->magic = PEER_MAGIC;
	p->peers = peers;
	p->pid = pid;
	p->start = start;
	p->pidfd = pidfd;
	TAILQ_INIT(&p->clients);
	process_name(pid, p->name, sizeof(p->name));
	LIST_INSERT_HEAD(&peers->all, p, all);
	peers->n++;
	if (pidfd == -1)
		return p;
	p->death = event_new(peers->base, pidfd, EV_READ, on_death, p);
	if (p->death == NULL || event_add(p->death, NULL) == -1) {
		peer_free(p);
		return NULL;
	}
	return p;
}

static int
pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int
pidfd_of_peer(int sock, pid_t pid)
{
	socklen_t length = sizeof(int);
	int fd = -1;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &length) == 0) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		return fd;
	}
	/* an old kernel: the pid may be another process' by now, in theory */
	return errno == ENOPROTOOPT ? pidfd_of(pid) : -1;
}

struct peer *
peer_of_socket(struct peers *peers, int sock, pid_t pid)
{
	struct peer *p;
	uint64_t start;
	char state;
	int fd;

	if (pid <= 0)
		return NULL;
	fd = pidfd_of_peer(sock, pid);
	if (fd == -1 && errno != EMFILE && errno != ENFILE && errno != ENOSYS)
		return NULL;
	/* first the start time, then whether it is alive: then the pid was its
	 * own when the time was read */
	if (process_start(pid, &start, &state) != 0 ||
	    (fd != -1 && !is_alive(fd))) {
		if (fd != -1)
			close(fd);
		return NULL;
	}
	p = find(peers, pid, start);
	if (p == NULL)
		return peer_new(peers, pid, start, fd);
	if (fd != -1)
		close(fd);
	return p;
}

void
peer_release(struct peer *p)
{
	must(p->magic == PEER_MAGIC);
	if (!p->dying && TAILQ_EMPTY(&p->clients) &&
	    store_owner_sections(p->peers->store, p->pid, p->start) == 0)
		peer_free(p);
}

/* A process that has a placeholder: a dead one is found by peers_tick(). */
static void
watch(void *arg, pid_t pid, uint64_t start)
{
	struct peers *peers = arg;
	int fd;

	if (find(peers, pid, start) != NULL)
		return;
	fd = pidfd_of(pid);
	if (fd != -1 && !process_runs(pid, start)) {
		close(fd);
		fd = -1;
	}
	(void)peer_new(peers, pid, start, fd);
}

void
peers_start(struct peers *peers)
{
	store_watch(peers->store, watch, peers);
	peers_tick(peers);
}

void
peers_tick(struct peers *peers)
{
	struct peer *p, *next;

	LIST_FOREACH_SAFE(p, &peers->all, all, next)
		if (p->pidfd == -1 && !process_runs(p->pid, p->start))
			peer_died(p);
		else
			peer_release(p); /* what it had was freed meanwhile */
}

void
peers_init(struct peers *peers, struct event_base *base, struct store *store,
    void (*drop)(struct client *))
{
	peers->base = base;
	peers->store = store;
	peers->drop = drop;
	peers->n = 0;
	LIST_INIT(&peers->all);
}

void
peers_fini(struct peers *peers)
{
	struct peer *p, *next;

	LIST_FOREACH_SAFE(p, &peers->all, all, next)
		peer_free(p);
}
