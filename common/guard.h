/*
 * guard.h -- survive SIGBUS when somebody truncates a mapped segment.
 *
 * Whoever may write the file may truncate it (tmpfs cannot be sealed), and then
 * a load from beyond its end raises SIGBUS.  The handler maps a page of zeros
 * there, private, and notes it; the access goes on and sees zeros, and its
 * program asks guard_hit() when it is back in its loop.  For the daemon and the
 * readers; libshmlog installs no handlers and does not use this.
 */
#ifndef SHMLOG_COMMON_GUARD_H
#define SHMLOG_COMMON_GUARD_H

#include <stddef.h>

/* Installs the handler.  A SIGBUS outside of guarded memory kills, as ever.
 * 0, or -1 with errno.  One thread only, as are the others. */
int guard_init(void);

/* Guards [base, base + length).  0, or -1 with ENOSPC: 64 at most. */
int guard_add(const void *base, size_t length);

/* Before the memory is unmapped. */
void guard_remove(const void *base);

/* Whether a page at base had to be replaced; stays so until guard_remove(). */
int guard_hit(const void *base);

#endif
