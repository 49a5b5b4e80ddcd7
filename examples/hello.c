/*
 * hello.c -- a first program that logs with shmlog.
 *
 *	cc hello.c -lshmlog -o hello		(or: make, build/hello)
 *	shmlogd & shmtail & ./hello world
 *
 * and shmtail prints a line like
 *
 *	12:00:00.000001 hello.world[4711] Greeting(info) -: hello, world
 *
 * Nothing below is checked for errors, and that is right: a handle that could
 * not be made may be passed on, and without a daemon a record is dropped and
 * counted.  A program does not fail because its log does.
 */
#include <stdio.h>

#include <shmlog.h>

int
main(int argc, char **argv)
{
	/* The instance: shmlogd's -n.  NULL is the default one. */
	struct shmlog *log = shmlog_open(argc > 2 ? argv[2] : NULL);

	/* What this program is, and which one of its kind. */
	struct shmlog_stream *s = shmlog_stream(log, "hello", "world", NULL);

	/* A program that runs for long needs no such call: it joins the daemon
	 * as soon as there is one.  This one ends in a moment, so it waits. */
	if (shmlog_wait(log, 1000) == -1)
		perror("hello: shmlog");

	char text[100];
	int n = snprintf(
	    text, sizeof(text), "hello, %.80s", argc > 1 ? argv[1] : "world");

	shmlog_put(
	    s, shmlog_tag(s, "Greeting"), SHMLOG_INFO, 0, text, (size_t)n);

	/* The record stays readable: try `shmtail -d' a minute later. */
	shmlog_close(log);
	return 0;
}
