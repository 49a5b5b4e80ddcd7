/*
 * fake_daemon.h -- a daemon that does what a test tells it to, in a thread.
 *
 * It has a real segment file and a real socket; its sections lie one behind the
 * other and nothing is ever checked or reused.
 */
#ifndef SHMLOG_TESTS_FAKE_DAEMON_H
#define SHMLOG_TESTS_FAKE_DAEMON_H

#include <pthread.h>
#include <stdint.h>

#include "common/message.h"
#include "common/segment.h"

#define DAEMON_SECTIONS 512

struct fake_section {
	_Atomic uint64_t serial;
	_Atomic uint64_t offset;
	_Atomic uint64_t length;
	_Atomic int published;
	_Atomic int freed;
	char class[CLASS_MAX];
};

struct fake_daemon {
	char dir[64];
	int dirfd;
	pthread_t thread;
	int listener;
	int client;
	int quit[2]; /* a byte ends the thread */

	/* what it is told, by the test, before it starts or between requests */
	_Atomic int hang_up_at;    /* operation at which it does; once */
	_Atomic int do_it_first;   /* but after it was carried out */
	_Atomic int refuse;        /* status for ALLOC; 0: none */
	_Atomic int refuse_hello;  /* the same for HELLO */
	_Atomic int mute;          /* reads, and answers nothing */
	_Atomic int mute_at;       /* the same for one operation */
	_Atomic int deaf;          /* reads nothing: it is stopped */
	_Atomic int pieces;        /* answers in two messages */
	_Atomic int rubbish;       /* answers with a section out of bounds */
	_Atomic int rubbish_index; /* the same for its descriptor */

	/* what it has done */
	uint8_t *base;
	struct segment_plan plan;
	_Atomic uint32_t sections;
	struct fake_section section[DAEMON_SECTIONS];
	_Atomic int connections;
	_Atomic int requests[8];
};

/* Starts one in dir (NULL: makes one); generation tells segments apart. */
void daemon_start(struct fake_daemon *, const char *dir, uint64_t generation);

/* Ends it as a kill would; the file stays, and stays mapped. */
void daemon_kill(struct fake_daemon *);

/* After daemon_kill(): stores `superseded' in its header. */
void daemon_supersede(struct fake_daemon *, uint64_t created);

/* Unmaps; removes the directory if `all'. */
void daemon_free(struct fake_daemon *, int all);

#endif
