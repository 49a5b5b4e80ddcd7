/*
 * detach.h -- a reader in the background, and its pid file.
 */
#ifndef SHMLOG_READERS_DETACH_H
#define SHMLOG_READERS_DETACH_H

/*
 * Takes the pid file, if path is not NULL.  0, or -1: that was told; another
 * process that runs has it, or it cannot be made.
 */
int pid_take(const char *path);

/* Goes to the background, if asked to: the caller's process ends with 0, and
 * what goes on is its child, in the same directory, without a terminal.  By
 * then the pid is in the file, asked or not.  Nothing may be in a buffer that
 * both would write. 0, or -1: that was told. */
int detach(int to_background);

/* Removes the pid file.  NULL was given: does nothing. */
void pid_drop(void);

#endif
