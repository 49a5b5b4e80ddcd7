/*
 * stat_listen_address.c -- where --listen listens.
 *
 *	PORT			on 127.0.0.1
 *	ADDRESS:PORT		of IPv4, in digits, or `localhost'
 *	[ADDRESS]:PORT		of IPv6
 *	unix:PATH		a socket in the file system
 *
 * No names are looked up: what is listened on is what is written.  A socket
 * that was left behind refuses connections, and is replaced; that nobody does
 * so at the same time is seen to by a lock on its directory.
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers/option.h"
#include "readers/stat_listen.h"

#define BACKLOG 128
#define UNIX_PREFIX "unix:"
#define UNIX_UMASK 0117 /* the group may ask, as it may read */
#define HOST_MAX 64
#define LOCK_TRIES 50
#define LOCK_EVERY (20 * MSEC)

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage room;
};

/* Fills in an IP address; NULL, or what is wrong. */
static const char *
parse_host(union address *a, const char *host, size_t n, uint16_t port)
{
	char text[HOST_MAX];
	int v6 = n >= 2 && host[0] == '[' && host[n - 1] == ']';

	if (n == 0)
		return "no address before the colon: 0.0.0.0 and [::] are all";
	if (v6) {
		host++;
		n -= 2;
	}
	if (!v6 && memchr(host, ':', n) != NULL)
		return "an address of IPv6 stands in brackets, [::1]:9477";
	if (n >= sizeof(text))
		return "not an address";
	memcpy(text, host, n);
	text[n] = '\0';
	if (strcmp(text, "localhost") == 0)
		(void)strlcpy(text, "127.0.0.1", sizeof(text));
	if (v6) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1)
			return NULL;
		return "not an address of IPv6 in brackets";
	}
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons(port);
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1)
		return NULL;
	return "not an address in digits, nor localhost";
}

static const char *
parse(union address *a, const char *text)
{
	const char *port = text, *colon = strrchr(text, ':'), *path;
	uint64_t n;

	memset(a, 0, sizeof(*a));
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		path = text + strlen(UNIX_PREFIX);
		a->un.sun_family = AF_UNIX;
		if (path[0] == '\0')
			return "no path behind unix:";
		if (strlcpy(a->un.sun_path, path, sizeof(a->un.sun_path)) >=
		    sizeof(a->un.sun_path))
			return "the path of a socket has 107 bytes at most";
		return NULL;
	}
	if (colon != NULL)
		port = colon + 1;
	if (parse_number(port, 0, UINT16_MAX, &n) != 0)
		return "not a port, an address and a port, nor unix: and a "
		       "path";
	if (colon == NULL)
		return parse_host(a, "127.0.0.1", 9, (uint16_t)n);
	return parse_host(a, text, (size_t)(colon - text), (uint16_t)n);
}

const char *
stat_listen_fault(const char *address)
{
	union address a;

	return parse(&a, address);
}

static socklen_t
length_of(const union address *a)
{
	switch (a->any.sa_family) {
	case AF_INET:
		return sizeof(a->in);
	case AF_INET6:
		return sizeof(a->in6);
	default:
		return sizeof(a->un);
	}
}

static int
new_socket(const union address *a)
{
	int on = 1, fd = socket(a->any.sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 || a->any.sa_family == AF_UNIX)
		return fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return fd;
}

/* Whether a socket in the file system is one that nobody listens on. */
static int
is_stale(const union address *a)
{
	struct stat st;
	int fd, refused;

	if (lstat(a->un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return 0;
	fd = new_socket(a);
	if (fd == -1)
		return 0;
	refused =
	    connect(fd, &a->any, length_of(a)) == -1 && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int
bind_and_listen(int fd, const union address *a)
{
	mode_t mask = umask(UNIX_UMASK);
	int r = bind(fd, &a->any, length_of(a));

	(void)umask(mask);
	return r == 0 ? listen(fd, BACKLOG) : -1;
}

/* Only one at a time looks whether a socket is stale, and replaces it.  Whoever
 * may read the directory can keep the lock: after a second it goes without. */
static int
lock_directory(const char *path)
{
	char copy[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;

	(void)strlcpy(copy, path, sizeof(copy));
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; fd != -1 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			break;
		stop_nap(LOCK_EVERY);
	}
	return fd;
}

static int
open_unix(struct listen_address *l, int fd, const union address *a)
{
	int lock = lock_directory(a->un.sun_path);
	struct stat st;
	int r;

	r = bind_and_listen(fd, a);
	if (r == -1 && errno == EADDRINUSE) {
		if (is_stale(a) && unlink(a->un.sun_path) == 0)
			r = bind_and_listen(fd, a);
		else
			errno = EADDRINUSE;
	}
	if (r == 0 && lstat(a->un.sun_path, &st) == 0) {
		l->path = l->text + strlen(UNIX_PREFIX);
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	if (lock != -1) {
		int saved = errno;

		close(lock);
		errno = saved;
	}
	return r;
}

int
listen_open(struct listen_address *l, const char *text)
{
	union address a;
	int r;

	must(parse(&a, text) == NULL);
	memset(l, 0, sizeof(*l));
	l->text = text;
	l->fd = new_socket(&a);
	if (l->fd == -1)
		r = -1;
	else if (a.any.sa_family == AF_UNIX)
		r = open_unix(l, l->fd, &a);
	else
		r = bind_and_listen(l->fd, &a);
	if (r == 0)
		return 0;
	warn("--listen %s", text);
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	return -1;
}

void
listen_tell(const struct listen_address *l)
{
	char host[INET6_ADDRSTRLEN];
	union address a;
	socklen_t length = sizeof(a);

	if (l->path != NULL) {
		warnx("listening on %s", l->text);
		return;
	}
	memset(&a, 0, sizeof(a));
	if (getsockname(l->fd, &a.any, &length) != 0)
		return;
	if (a.any.sa_family == AF_INET6)
		warnx("listening on http://[%s]:%u/",
		    inet_ntop(AF_INET6, &a.in6.sin6_addr, host, sizeof(host)),
		    ntohs(a.in6.sin6_port));
	else
		warnx("listening on http://%s:%u/",
		    inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host)),
		    ntohs(a.in.sin_port));
}

void
listen_close(struct listen_address *l)
{
	int lock = l->path != NULL ? lock_directory(l->path) : -1;
	struct stat st;

	if (l->path != NULL && lstat(l->path, &st) == 0 &&
	    st.st_dev == l->dev && st.st_ino == l->ino)
		(void)unlink(l->path);
	if (lock != -1)
		close(lock);
}
