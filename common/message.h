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
 *
 * ADMINISTRATION is for root and the daemon's own user: MASK gives or clears a
 * rule of what streams are not to log, MASKS and LIST tell the rules and the
 * clients, one a request, and RETIRE lets a section of anybody's cool.
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
	MESSAGE_MASK = 6,
	MESSAGE_MASKS = 7,
	MESSAGE_LIST = 8,
	MESSAGE_RETIRE = 9,
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

struct message_section { /* ALLOC's answer; what PUBLISH, FREE, RETIRE ask */
	struct message_header head;
	uint64_t serial; /* 16  */
	uint64_t offset; /* 24  in the segment; 0 in a request */
	uint64_t length; /* 32  whole pages; 0 in a request */
	uint32_t index;  /* 40  of the descriptor: reserved for this section */
	uint32_t pad_44; /* 44  */
};

#define MASK_RULES_MAX 256
#define MASK_GLOB_MAX 96 /* with its zero */

enum mask_what {
	MASK_LEVEL = 1, /* levels beyond `level' are masked */
	MASK_SHOW = 2,  /* the tag is not masked */
	MASK_HIDE = 3,  /* the tag is masked */
	MASK_CLEAR = 4, /* no rule: those of that glob are removed */
};

/* Of two that speak of the same thing of a stream, the later one decides. */
struct mask_rule {
	uint32_t what;            /*   0  enum mask_what */
	uint32_t level;           /*   4  of MASK_LEVEL, else 0 */
	char glob[MASK_GLOB_MAX]; /*   8  type.ident: fnmatch(3), no flags */
	char tag[TAG_NAME_MAX];   /* 104  of MASK_SHOW and MASK_HIDE */
};

struct message_mask { /* MASK's request; MASKS' answer, what 0: no more */
	struct message_header head;
	struct mask_rule rule; /*  16  */
};

struct message_masked { /* MASK's answer */
	struct message_header head;
	uint32_t rules;   /* 16  given, or cleared */
	uint32_t streams; /* 20  that it is about now; many: at least */
};

struct message_next { /* MASKS' and LIST's request */
	struct message_header head;
	uint64_t after; /* 16  MASKS: rules before it; LIST: a client's number,
			       0 at first */
};

struct message_client { /* LIST's answer: the next one */
	struct message_header head;
	uint64_t number;      /* 16  never used twice; 0: no more */
	uint64_t age;         /* 24  of the connection, ns */
	uint64_t requests;    /* 32  */
	uint64_t bytes;       /* 40  of its process' sections */
	uint32_t sections;    /* 48  */
	uint32_t pid;         /* 52  */
	uint32_t uid;         /* 56  */
	uint32_t pad_60;      /* 60  */
	char name[OWNER_MAX]; /* 64  */
};

union message {
	struct message_header head;
	struct message_hello hello;
	struct message_alloc alloc;
	struct message_section section;
	struct message_mask mask;
	struct message_masked masked;
	struct message_next next;
	struct message_client client;
};

_Static_assert(sizeof(struct message_header) == 16, "protocol");
_Static_assert(offsetof(struct message_hello, pid) == 40, "protocol");
_Static_assert(sizeof(struct message_hello) == 48, "protocol");
_Static_assert(offsetof(struct message_alloc, length) == 104, "protocol");
_Static_assert(sizeof(struct message_alloc) == 128, "protocol");
_Static_assert(offsetof(struct message_section, index) == 40, "protocol");
_Static_assert(sizeof(struct message_section) == 48, "protocol");
_Static_assert(offsetof(struct mask_rule, tag) == 104, "protocol");
_Static_assert(offsetof(struct message_mask, rule) == 16, "protocol");
_Static_assert(sizeof(struct message_mask) == 184, "protocol");
_Static_assert(sizeof(struct message_masked) == 24, "protocol");
_Static_assert(sizeof(struct message_next) == 24, "protocol");
_Static_assert(offsetof(struct message_client, pid) == 52, "protocol");
_Static_assert(sizeof(struct message_client) == 80, "protocol");

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
