/*
 * message.h -- what is said on the socket between a worker and the daemon.
 *
 * AF_UNIX, SOCK_SEQPACKET: one message is one request or one answer.  Each is a
 * fixed header and a fixed body for its operation; a message of another length
 * than its operation has is refused.  A worker sends a request and waits for
 * its answer, which has the same operation and number; it may send the next one
 * before (answers come in order).  Both ends are on one machine: integers are
 * in its byte order.
 *
 * HELLO comes first; its answer brings the segment's descriptor (SCM_RIGHTS,
 * opened O_RDWR).  ALLOC reserves a section; the worker maps and fills it;
 * PUBLISH puts it into the directory; FREE lets it cool.  A hang-up frees
 * nothing: the owner's death does.
 */
#ifndef SHMLOG_COMMON_MESSAGE_H
#define SHMLOG_COMMON_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/layout.h"

#define MESSAGE_VERSION 1
#define MESSAGE_MAX 65536 /* longer ones are cut by the kernel, and refused */

enum message_op {
	MESSAGE_HELLO = 1,
	MESSAGE_ALLOC = 2,
	MESSAGE_PUBLISH = 3,
	MESSAGE_FREE = 4,
	MESSAGE_PING = 5,
};

/* In answers; 0 is success. */
enum message_status {
	MESSAGE_OK = 0,
	MESSAGE_BAD_VERSION = 1, /* we speak MESSAGE_VERSION */
	MESSAGE_BAD_REQUEST = 2, /* malformed; the client is dropped */
	MESSAGE_BAD_OPERATION = 3,
	MESSAGE_BAD_ARGUMENT = 4, /* a class, a type, an ident, a length */
	MESSAGE_NO_SPACE = 5,     /* no run of free pages is that long */
	MESSAGE_NO_SECTIONS = 6,  /* all descriptors are in use */
	MESSAGE_OVER_LIMIT = 7,   /* this client's or uid's share is used up */
	MESSAGE_NOT_YOURS = 8,    /* no such section of this process */
	MESSAGE_BAD_SECTION = 9,  /* PUBLISH: what it holds makes no sense */
	MESSAGE_DENIED = 10,      /* the peer cannot be watched or is not let */
};

const char *message_status_text(uint32_t status);

struct message_header {
	uint16_t version;   /*  0  MESSAGE_VERSION */
	uint16_t operation; /*  2  enum message_op */
	uint32_t length;    /*  4  of the message, this header included */
	uint32_t number;    /*  8  the request's, repeated in its answer */
	uint32_t status;    /* 12  0 in a request */
};

struct message_hello { /* the answer; the request is the bare header */
	struct message_header head;
	uint64_t created;      /* 16  the segment's, ns */
	uint64_t generation;   /* 24  */
	uint64_t segment_size; /* 32  bytes */
	uint32_t pid;          /* 40  yours, as the daemon sees it */
	uint32_t pad_44;       /* 44  */
};

struct message_alloc {
	struct message_header head;
	char class[CLASS_MAX];   /*  16  zero-padded, as the next two */
	char type[TYPE_MAX];     /*  24  ends with a zero, as ident */
	char ident[IDENT_MAX];   /*  40  */
	uint64_t length;         /* 104  bytes; rounded up to pages */
	uint64_t origin_created; /* 112  a set that goes on for another: its */
	uint64_t origin_serial;  /* 120  segment and serial, else 0 */
};

struct message_section { /* ALLOC's answer; PUBLISH's and FREE's request */
	struct message_header head;
	uint64_t serial; /* 16  */
	uint64_t offset; /* 24  in the segment; 0 in a request */
	uint64_t length; /* 32  whole pages; 0 in a request */
	uint32_t index;  /* 40  of the descriptor: reserved for this section */
	uint32_t pad_44; /* 44  */
};

union message {
	struct message_header head;
	struct message_hello hello;
	struct message_alloc alloc;
	struct message_section section;
};

_Static_assert(sizeof(struct message_header) == 16, "protocol");
_Static_assert(offsetof(struct message_hello, pid) == 40, "protocol");
_Static_assert(sizeof(struct message_hello) == 48, "protocol");
_Static_assert(offsetof(struct message_alloc, length) == 104, "protocol");
_Static_assert(sizeof(struct message_alloc) == 128, "protocol");
_Static_assert(offsetof(struct message_section, index) == 40, "protocol");
_Static_assert(sizeof(struct message_section) == 48, "protocol");

/* How long a request (an answer) of this operation is; 0: no such operation. */
uint32_t message_request_length(uint32_t operation);
uint32_t message_answer_length(uint32_t operation);

/* Fills in the header; the rest is the caller's. */
void message_head(struct message_header *, enum message_op, uint32_t length,
    uint32_t number, enum message_status);

/*
 * Sends one message, and a descriptor if fd is not -1 (MSG_NOSIGNAL and
 * MSG_DONTWAIT).  0, or -1 with errno.
 */
int message_send(int socket, const void *message, uint32_t length, int fd);

/*
 * Receives one message of at most sizeof(union message), not waiting, and at
 * most one descriptor (CLOEXEC), *fd or -1; descriptors nobody asked for are
 * closed (fd NULL: all of them).  Returns its length; 0: hung up; -1 with
 * errno: EMSGSIZE if it was longer, EAGAIN if there is none.
 */
int message_receive(int socket, union message *, int *fd);

#endif
