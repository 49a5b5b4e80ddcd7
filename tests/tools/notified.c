/*
 * notified.c -- a service manager's socket.
 *
 *	notified PATH FILE
 *
 * Binds a datagram socket at PATH and prints what comes, a line each.  A
 * READY=1 that comes before FILE is there is printed as EARLY=1.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char buf[4096];
	ssize_t n;

	if (argc != 3 || fd == -1)
		return 2;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", argv[1]);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1)
		return 1;
	while ((n = recv(fd, buf, sizeof(buf) - 1, 0)) >= 0) {
		buf[n] = '\0';
		if (strncmp(buf, "READY=1", 7) == 0 &&
		    access(argv[2], F_OK) != 0)
			memcpy(buf, "EARLY=1", 7);
		(void)printf("%s\n", buf);
	}
	return 0;
}
