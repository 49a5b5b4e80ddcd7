/*
 * tell.h -- what attach.c and shmput say on stderr: path, reason, and what
 * would help.
 */
#ifndef SHMLOG_READERS_TELL_H
#define SHMLOG_READERS_TELL_H

#include <stdint.h>

#include "common/segment.h"
#include "readers/attach.h"

/* -n names what cannot be an instance. */
void tell_bad_name(const char *name);

/* That the instance is waited for, on a terminal alone: what is read later is
 * told by tell_failure(), if it was in vain. */
void tell_waiting(const struct attach *, uint64_t timeout);

/* Why a->path (and `file' in it, if not NULL) cannot be read. */
void tell_failure(const struct attach *, const char *file, enum segment_fault,
    int error, uint64_t waited);

/* Why shmlog_wait() said `error' to who would write to the instance, and what
 * becomes of his lines. */
void tell_not_joined(const char *name, int error);

/* The same for -r. */
void tell_file(const char *path, enum segment_fault, int error);

/* a->state has changed. */
void tell_state(const struct attach *);

/* a->segment is a new daemon's. */
void tell_restart(const struct attach *);

#endif
