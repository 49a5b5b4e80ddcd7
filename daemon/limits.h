/*
 * limits.h -- how much a client, a user and all of them together may have.
 *
 * What goes beyond is answered with MESSAGE_OVER_LIMIT, and nobody else
 * notices.  A user is an effective uid as SO_PEERCRED has it.
 */
#ifndef SHMLOG_DAEMON_LIMITS_H
#define SHMLOG_DAEMON_LIMITS_H

/* Root and the daemon's own user are trusted: shares of connections, sections
 * and bytes are for the others. */

/* Connections: in all, what -c says, and of them a uid.  This many beyond that
 * are kept open until they get their answer; the others are closed at once. */
#define LIMIT_UID_CLIENTS(all) ((all) - (all) / 4)
#define LIMIT_REFUSED 32

/* Sections that a process, and a uid, may have live: of all there are (-m). */
#define LIMIT_OWNER_SECTIONS(all) ((all) - (all) / 2)
#define LIMIT_UID_SECTIONS(all) ((all) - (all) / 4)

/* Bytes of live sections, of all data pages. */
#define LIMIT_OWNER_BYTES(all) ((all) - (all) / 4)
#define LIMIT_UID_BYTES(all) ((all) - (all) / 8)

/* Requests a second and uid, and how many at once after a pause.  FREE and PING
 * are counted, and not refused. */
#define LIMIT_UID_RATE 20000
#define LIMIT_UID_BURST 40000

/* What a request makes the daemon copy, decode or add up costs as much again:
 * a request for each so many bytes (see store_work()), and who asked for more
 * than there was is in debt, at most so many requests. */
#define LIMIT_WORK_BYTES 4096
#define LIMIT_UID_DEBT LIMIT_UID_BURST

/* Who has not said HELLO by then is dropped, seconds. */
#define LIMIT_HELLO_SECONDS 10

/* Answers that wait for their client to read; beyond, no more is read from it,
 * and after so many seconds of that it is dropped. */
#define LIMIT_ANSWERS 16
#define LIMIT_SEND_BUFFER 16384 /* bytes, in the kernel */
#define LIMIT_STUCK_SECONDS 10

/* Requests of one client that are served before the others have their turn, or
 * fewer if they made that much work, bytes. */
#define LIMIT_TURN 16
#define LIMIT_TURN_WORK 65536

/* Connections that are taken from the kernel's queue in one turn, how many may
 * wait there, and the pause when descriptors run out, milliseconds. */
#define LIMIT_ACCEPT_TURN 32
#define LIMIT_BACKLOG 512
#define LIMIT_ACCEPT_PAUSE 100

#endif
